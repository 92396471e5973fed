/* later.c - see later.h. */
#include "later.h"

static const struct {
    const char *keyword;
    const char *help;
} items[] = {
    { "environment", "write the accounts out: `cloud.account in [\"111122223333\"]`" },
    { "defaults", "write the clauses into each rule" },
    { "exception", "write the condition into `when`, with `and not (..)`" },
    { "disable", "take the rule out of the files that are loaded" },
    { "never", "write the condition into each rule's `when`" },
    { "always", "take it out: nothing checks it yet" },
};

static size_t find_item(str keyword)
{
    size_t at = 0;
    while (at < COUNT_OF(items) && !str_is(keyword, items[at].keyword))
        at++;
    return at;
}

bool later_item(str keyword)
{
    return find_item(keyword) < COUNT_OF(items);
}

struct diag *later_report_item(struct diag_list *diags, span at, str keyword)
{
    size_t item = find_item(keyword);
    struct diag *diag =
        diag_add(diags, DIAG_NO_SUCH_ITEM_YET, at, "`%.*s` is not in this build", STR_ARG(keyword));
    diag_help(diags, diag, "%s", item < COUNT_OF(items) ? items[item].help : "take the block out");
    return diag;
}

struct diag *later_report_clause(struct diag_list *diags, span at, const char *keyword)
{
    struct diag *diag =
        diag_add(diags, DIAG_NO_SUCH_CLAUSE_YET, at, "`%s` is not in this build", keyword);
    diag_help(diags, diag, "write `and not (..)` into `when`");
    return diag;
}
