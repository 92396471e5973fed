/* lint_dates.c - excuses that last too long. Those that are over are the checker's. */
#include "lint/lint_pass.h"

#include "base/time.h"

#define DAY_MS INT64_C(86400000)
enum { LONG_DAYS = 366 };

static void look_at_until(struct lint *lint, const struct clause *clause)
{
    int64_t until_ms;
    if (clause->until.len == 0 || lint->settings->now_ms == 0
        || !time_parse(clause->until, &until_ms))
        return;
    int64_t end_ms = until_ms + DAY_MS; /* the date is included */
    if (end_ms - lint->settings->now_ms <= LONG_DAYS * DAY_MS)
        return;
    struct diag *diag =
        LINT(lint, DIAG_LONG_EXCUSE, clause->until_at, "this excuses for more than a year");
    LINT_HELP(lint, diag, "an excuse that holds for ever belongs into `when`");
}

void lint_dates(struct lint *lint, const struct item *item)
{
    if (item->kind == ITEM_EXCEPTION)
        look_at_until(lint, item->exception.unless);
    const struct clause *clause = item->kind == ITEM_RULE ? item->rule.clauses : NULL;
    for (; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_UNLESS)
            look_at_until(lint, clause);
}
