/* later.c - see later.h. */
#include "later.h"

static const struct {
    const char *keyword;
    const char *help;
} items[] = {
    { "environment", "write the accounts out: `cloud.account in [\"111122223333\"]`" },
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
