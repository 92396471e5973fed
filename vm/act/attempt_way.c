/* attempt_way.c - the connection of a step, and as whom and where it acts; see attempt.h. */
#include "act/attempt.h"

#include "arn.h"

/* Other accounts are those that something is shared with. */
static bool is_place(const struct param *param)
{
    return param->type == TYPE_ACCOUNT && param->need == PARAM_SCOPE;
}

str order_account(const struct step_order *order)
{
    struct arn arn;
    str account = order->account.len > 0 ? order->account : STR("");
    uint32_t count = builtin_param_count(order->row);
    for (uint32_t at = 0; at < count && account.len == 0; at++)
        if (is_place(&order->row->params[at]) && order->args[at].kind == VALUE_TEXT)
            account = value_str(order->args[at]);
    for (uint32_t at = 0; at < count && account.len == 0; at++)
        if (order->args[at].kind == VALUE_TEXT && arn_read(value_str(order->args[at]), &arn))
            account = arn.account;
    return account;
}

enum err way_find(struct attempt *a)
{
    if (a->way != NULL)
        return ERR_OK;
    const char *reason = NULL;
    a->way = a->executor->connect(
        a->executor, a->order->row->provider, order_account(a->order), &reason);
    if (a->way != NULL)
        return ERR_OK;
    TRY(keep_chars(a, reason == NULL ? "no connection" : reason, &reason));
    if (a->has_changed || a->is_awaited) {
        a->executor->reason = reason;
        return ERR_CREDENTIALS;
    }
    over(a, STEP_UNRESOLVED, reason);
    return ERR_OK;
}

/* Ask the connection who we are there. Its silence leaves the step as it is: *ret_silence,
 * and *reterr_reason in the caller's arena. */
static enum err where_ask(struct attempt *a, str *ret_identity, str *ret_region,
    enum err *ret_silence, const char **reterr_reason)
{
    *ret_identity = *ret_region = STR("");
    *ret_silence = ERR_OK;
    if (a->way->where == NULL)
        return ERR_OK;
    TRY(wait_ms(a, 0));
    const char *reason = NULL;
    enum err err = a->way->where(a->way, a->arena, ret_identity, ret_region, &reason);
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS)
        return err;
    *ret_silence = err;
    return keep_chars(a, reason == NULL ? err_text(err) : reason, reterr_reason);
}

/* Go on only as who began: in another account the same names are other things. */
static enum err where_refuse(struct attempt *a, const char *what, str began_as, str identity)
{
    a->executor->reason = arena_format(a->arena,
        "%s was begun as %.*s; the connection is %.*s: resume with the credentials it began with",
        what, STR_ARG(began_as), STR_ARG(identity));
    return a->executor->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* What the run's earlier steps in this account of the provider were bound to, for all of it is
 * one. */
static enum err where_inherit(struct attempt *a, str identity, str *ret_region)
{
    struct step_record first;
    enum err err = !is_applied(a) ? ERR_NOT_FOUND
                                  : store_step_bound(a->executor->store, a->order->run,
                                      str_from(a->order->row->provider), order_account(a->order),
                                      a->arena, &first);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    *ret_region = first.region;
    if (first.identity.len == 0 || str_equal(first.identity, identity))
        return ERR_OK;
    const char *run = arena_format(a->arena, "run %lld", (long long)a->order->run);
    return run == NULL ? ERR_MEMORY : where_refuse(a, run, first.identity, identity);
}

enum err where_begin(struct attempt *a)
{
    if (a->executor->mode == MODE_OFFLINE)
        return ERR_OK;
    const char *reason = NULL;
    a->way = a->executor->connect(
        a->executor, a->order->row->provider, order_account(a->order), &reason);
    if (a->way == NULL)
        return ERR_OK;
    enum err silence;
    str identity, region;
    TRY(where_ask(a, &identity, &region, &silence, &reason));
    if (silence != ERR_OK && a->is_awaited) {
        a->executor->reason = reason;
        return silence;
    }
    if (silence != ERR_OK) {
        over(a, STEP_FAILED, reason);
        return ERR_OK;
    }
    TRY(where_inherit(a, identity, &region));
    a->is_same = true;
    a->identity = identity;
    a->step.region = a->order->region.len > 0 ? a->order->region : region;
    if (!is_applied(a) || (identity.len == 0 && a->step.region.len == 0))
        return ERR_OK;
    struct step_record record = { .run = a->order->run,
        .index = a->order->index,
        .provider = str_from(a->order->row->provider),
        .account = order_account(a->order),
        .identity = identity,
        .region = a->step.region };
    return store_step_bind(a->executor->store, &record);
}

enum err where_compare(struct attempt *a)
{
    if (a->is_same || a->identity.len == 0)
        return ERR_OK;
    enum err silence;
    str identity, region;
    TRY(where_ask(a, &identity, &region, &silence, &a->executor->reason));
    TRY(silence);
    a->is_same = str_equal(identity, a->identity);
    if (a->is_same)
        return ERR_OK;
    const char *step = arena_format(
        a->arena, "step %u of run %lld", (unsigned)a->order->index + 1, (long long)a->order->run);
    return step == NULL ? ERR_MEMORY : where_refuse(a, step, a->identity, identity);
}
