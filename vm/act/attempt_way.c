/* attempt_way.c - the connection of a step, and as whom and where it acts; see attempt.h. */
#include "act/attempt.h"

#include "arn.h"

/* Other accounts are those that something is shared with. */
static bool is_account(const struct param *param)
{
    return param->type == TYPE_ACCOUNT && (param->need == PARAM_SCOPE || param->locates);
}

/* What the step acts on, and no text that only happens to be an ARN: that may be anybody's. What an
 * undo was given cdr wrote itself. */
static bool is_thing(const struct builtin *row, const struct param *param)
{
    bool is_of_undo = row->verb == VERB_UNDO && param->need == PARAM_REQUIRED;
    return param->need == PARAM_TARGET || param->locates || is_of_undo;
}

/* The account of an ARN; empty when it has none: "aws" owns policies, and is none. */
static str account_in(value arg)
{
    struct arn arn;
    bool has = arg.kind == VALUE_TEXT && arn_read(value_str(arg), &arn) && arn.account.len == 12
               && str_all_of(arn.account, "0123456789");
    return has ? arn.account : STR("");
}

str order_account(const struct step_order *order)
{
    str account = order->account.len > 0 ? order->account : STR("");
    uint32_t count = builtin_param_count(order->row);
    for (uint32_t at = 0; at < count && account.len == 0; at++)
        if (is_account(&order->row->params[at]) && order->args[at].kind == VALUE_TEXT)
            account = value_str(order->args[at]);
    for (uint32_t at = 0; at < count && account.len == 0; at++)
        if (is_thing(order->row, &order->row->params[at]))
            account = account_in(order->args[at]);
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
    if (a->has_changed || a->is_awaited || a->is_patient) {
        a->executor->reason = reason;
        return ERR_CREDENTIALS;
    }
    over(a, STEP_UNRESOLVED, reason);
    return ERR_OK;
}

/* As whom, and where. */
struct place {
    str base; /* whom the connection itself is taken for */
    str identity;
    str region;
};

/* Ask a connection who we are there. Its silence leaves the step as it is: *ret_silence,
 * and *reterr_reason in the caller's arena. */
static enum err where_ask(struct attempt *a, struct transport *way, str *ret_identity,
    str *ret_region, enum err *ret_silence, const char **reterr_reason)
{
    *ret_identity = *ret_region = STR("");
    *ret_silence = ERR_OK;
    if (way->where == NULL)
        return ERR_OK;
    TRY(wait_ms(a, 0));
    const char *reason = NULL;
    enum err err = way->where(way, a->arena, ret_identity, ret_region, &reason);
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS)
        return err;
    *ret_silence = err;
    return keep_chars(a, reason == NULL ? err_text(err) : reason, reterr_reason);
}

/* Ask the connection itself, then that of the step's account. */
static enum err place_ask(
    struct attempt *a, struct place *ret_place, enum err *ret_silence, const char **reterr_reason)
{
    const char *provider = a->order->row->provider;
    *ret_place = (struct place){ .base = STR("") };
    *ret_silence = ERR_CREDENTIALS;
    a->way = NULL;
    struct transport *base = a->executor->connect(a->executor, provider, STR(""), reterr_reason);
    if (base == NULL)
        return ERR_OK;
    TRY(where_ask(a, base, &ret_place->base, &ret_place->region, ret_silence, reterr_reason));
    if (*ret_silence != ERR_OK) {
        a->way = base;
        return ERR_OK;
    }
    *ret_silence = ERR_CREDENTIALS;
    a->way = a->executor->connect(a->executor, provider, order_account(a->order), reterr_reason);
    ret_place->identity = ret_place->base;
    if (a->way == base)
        *ret_silence = ERR_OK;
    if (a->way == NULL || a->way == base)
        return ERR_OK;
    return where_ask(
        a, a->way, &ret_place->identity, &ret_place->region, ret_silence, reterr_reason);
}

/* The account that is really reached: a step that names none acts in one all the same. */
static str place_account(const struct attempt *a, const struct place *place)
{
    struct arn arn;
    bool says = arn_read(place->identity, &arn) && arn.account.len > 0;
    return says ? arn.account : order_account(a->order);
}

/* Go on only as who began: in another account the same names are other things. */
static enum err where_refuse(struct attempt *a, const char *what, str began_as, str identity)
{
    a->executor->reason = arena_format(a->arena,
        "%s was begun as %.*s; the connection is %.*s: resume with the credentials it began with",
        what, STR_ARG(began_as), STR_ARG(identity));
    return a->executor->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* Compare with what a step was bound to; what is not known is not compared. */
static enum err place_compare(
    struct attempt *a, const char *what, const struct step_record *began, const struct place *place)
{
    if (what == NULL)
        return ERR_MEMORY;
    if (began->base.len > 0 && !str_equal(began->base, place->base))
        return where_refuse(a, what, began->base, place->base);
    if (began->identity.len > 0 && !str_equal(began->identity, place->identity))
        return where_refuse(a, what, began->identity, place->identity);
    return ERR_OK;
}

/* What the run's earlier steps at the provider were bound to, for all of it is one: by one base
 * wherever they went, and in one account as one identity and in one region. */
static enum err where_inherit(struct attempt *a, struct place *place)
{
    struct step_record first;
    struct store *store = a->executor->store;
    str provider = str_from(a->order->row->provider);
    const char *run = arena_format(a->arena, "run %lld", (long long)a->order->run);
    if (!is_applied(a))
        return ERR_OK;
    enum err err = store_step_bound(store, a->order->run, provider, STR(""), a->arena, &first);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    struct step_record base = { .base = first.base, .identity = STR("") };
    TRY(place_compare(a, run, &base, place));
    err =
        store_step_bound(store, a->order->run, provider, place_account(a, place), a->arena, &first);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    place->region = first.region;
    return place_compare(a, run, &first, place);
}

static enum err where_bind(struct attempt *a, const struct place *place)
{
    bool is_known = place->identity.len > 0 || place->base.len > 0 || a->step.region.len > 0;
    if (!is_applied(a) || !is_known)
        return ERR_OK;
    struct step_record record = { .run = a->order->run,
        .index = a->order->index,
        .provider = str_from(a->order->row->provider),
        .account = place_account(a, place),
        .base = place->base,
        .identity = place->identity,
        .region = a->step.region };
    return store_step_bind(a->executor->store, &record);
}

/* Where an identity is: of "PROVIDER:TENANT/CLIENT" what stands before the client, which may have been
 * replaced since; any other is compared as a whole. */
static str tenant_of(str identity)
{
    size_t colon = str_find(identity, ':');
    str after = str_skip(identity, colon + 1);
    size_t slash = str_find(after, '/');
    bool is_told = colon > 0 && colon < identity.len && slash > 0 && slash < after.len;
    return is_told ? str_first(identity, colon + 1 + slash + 1) : identity;
}

/* Elsewhere the same names are other things: a client of another tenant finds other hosts. */
static enum err where_undo(struct attempt *a, const struct place *place)
{
    str made_as = a->order->began_as;
    if (made_as.len == 0 || str_equal(tenant_of(made_as), tenant_of(place->identity)))
        return ERR_OK;
    const char *reason = arena_format(a->arena,
        "the change was made as %.*s; the connection is %.*s: take it back as who made it",
        STR_ARG(made_as), STR_ARG(place->identity));
    if (reason == NULL)
        return ERR_MEMORY;
    over(a, STEP_UNRESOLVED, reason);
    return ERR_OK;
}

enum err where_begin(struct attempt *a)
{
    if (a->executor->mode == MODE_OFFLINE || builtin_is_alone(a->order->row))
        return ERR_OK;
    const char *reason = NULL;
    enum err silence;
    struct place place;
    TRY(place_ask(a, &place, &silence, &reason));
    if (a->way == NULL)
        return ERR_OK;
    if (silence != ERR_OK && (a->is_awaited || a->is_patient)) {
        a->executor->reason = reason;
        return silence;
    }
    if (silence != ERR_OK) {
        over(a, STEP_FAILED, reason);
        return ERR_OK;
    }
    TRY(where_undo(a, &place));
    if (a->is_over)
        return ERR_OK;
    TRY(where_inherit(a, &place));
    a->is_same = true;
    a->identity = place.identity;
    a->base = place.base;
    a->step.region = a->order->region.len > 0 ? a->order->region : place.region;
    return where_bind(a, &place);
}

enum err self_spare(struct attempt *a)
{
    const char *name = NULL;
    const char *reason = NULL;
    if (a->is_other || a->has_changed || a->order->row->verb == VERB_UNDO)
        return ERR_OK;
    TRY(way_find(a));
    if (a->is_over || a->way->find_self == NULL)
        return ERR_OK;
    enum err err = a->way->find_self(a->way, a->step.facts, &a->own, &name, &reason);
    bool is_silent = err == ERR_TRANSPORT || err == ERR_REFUSED || err == ERR_CREDENTIALS;
    a->is_other = err == ERR_OK && name == NULL;
    if (a->is_other || (err != ERR_OK && !is_silent))
        return err;
    if (is_silent)
        reason = arena_format(&a->own,
            "as whom this program acts cannot be known (%s), so nothing was changed",
            reason == NULL ? err_text(err) : reason);
    else
        reason = arena_format(&a->own,
            "its target is %s, which this program itself uses and which is never a target", name);
    if (reason == NULL)
        return ERR_MEMORY;
    over(a, STEP_FAILED, reason);
    return ERR_OK;
}

enum err where_compare(struct attempt *a)
{
    if (a->is_same || (a->identity.len == 0 && a->base.len == 0))
        return ERR_OK;
    enum err silence;
    struct place place;
    TRY(place_ask(a, &place, &silence, &a->executor->reason));
    TRY(silence);
    struct step_record began = { .base = a->base, .identity = a->identity };
    TRY(place_compare(a,
        arena_format(a->arena, "step %u of run %lld", (unsigned)a->order->index + 1,
            (long long)a->order->run),
        &began, &place));
    a->is_same = true;
    return ERR_OK;
}
