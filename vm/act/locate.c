/* locate.c - see locate.h. */
#include "act/locate.h"

#include "act/run.h"

#include "arn.h"

static const struct {
    enum type type;  /* what is looked for */
    enum field from; /* from what */
} ends[] = {
    { TYPE_INSTANCE, FIELD_HOST_ID },
    { TYPE_HOST, FIELD_INSTANCE_ID },
};

/* What no id leads to is looked for by name and address, which have to agree both. */
static const enum type by_name[] = { TYPE_INSTANCE, TYPE_HOST };

/* One text, which no attacker chose. */
static bool is_sure(const struct event *event, enum field field)
{
    value v = event->fields[field];
    return v.kind == VALUE_TEXT && v.count > 0 && !event->untrusted[field];
}

static bool has_name_and_ip(const struct event *event)
{
    value name = event->fields[FIELD_HOST_NAME], ip = event->fields[FIELD_HOST_IP];
    bool is_there = ip.kind != VALUE_ABSENT && ip.kind != VALUE_NULL
                    && !(ip.kind == VALUE_LIST && ip.count == 0);
    return name.kind == VALUE_TEXT && name.count > 0 && is_there
           && !event->untrusted[FIELD_HOST_IP];
}

static uint32_t target_of(const struct builtin *row, enum type type)
{
    uint32_t count = builtin_param_count(row);
    for (uint32_t at = 0; at < count; at++)
        if (row->params[at].need == PARAM_TARGET && row->params[at].type == type)
            return at;
    return UINT32_MAX;
}

/* A target that is named, however doubtful, is not replaced by one that was looked for. */
static bool names_target(const struct step_code *code, const struct event *event)
{
    uint32_t count = builtin_param_count(code->builtin);
    for (uint32_t at = 0; at < count; at++) {
        const struct param *param = &code->builtin->params[at];
        if (param->need == PARAM_TARGET
            && ((code->given & (1U << at)) != 0 || args_has_candidate(event, param->type)))
            return true;
    }
    return false;
}

bool locate_is_possible(const struct executor *executor, const struct step_code *code,
    const struct event *event, enum type *ret_type, const struct builtin **ret_row)
{
    if (executor->finder == NULL || names_target(code, event))
        return false;
    for (size_t at = 0; at < COUNT_OF(ends); at++) {
        if (target_of(code->builtin, ends[at].type) == UINT32_MAX || !is_sure(event, ends[at].from))
            continue;
        *ret_type = ends[at].type;
        *ret_row = executor->finder(ends[at].type);
        return *ret_row != NULL;
    }
    for (size_t at = 0; at < COUNT_OF(by_name) && has_name_and_ip(event); at++) {
        if (target_of(code->builtin, by_name[at]) == UINT32_MAX)
            continue;
        *ret_type = by_name[at];
        *ret_row = executor->finder(by_name[at]);
        return *ret_row != NULL;
    }
    return false;
}

bool locate_is_instead(const struct executor *executor, const struct step_code *code,
    const struct event *event, enum type type, const struct builtin **ret_row)
{
    enum field from = type == TYPE_INSTANCE ? FIELD_HOST_ID : FIELD_INSTANCE_ID;
    if (executor->finder == NULL || target_of(code->builtin, type) == UINT32_MAX
        || args_has_candidate(event, type) || !is_sure(event, from))
        return false;
    uint32_t count = builtin_param_count(code->builtin);
    for (uint32_t at = 0; at < count; at++)
        if (code->builtin->params[at].need == PARAM_TARGET && (code->given & (1U << at)) != 0)
            return false;
    *ret_row = executor->finder(type);
    return *ret_row != NULL;
}

static enum err texts_list(const str *texts, uint32_t count, struct arena *arena, value *ret_list)
{
    value *items = ARENA_ARRAY(arena, value, (size_t)count + 1);
    if (items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < count; at++)
        items[at] = value_text(texts[at]);
    *ret_list = value_list(items, count);
    return ERR_OK;
}

static enum err accounts_list(const struct program *program, struct arena *arena, value *ret_list)
{
    str *accounts = ARENA_ARRAY(arena, str, (size_t)program->account_count + 1);
    uint32_t count = program->account_count;
    if (accounts == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < count; at++)
        accounts[at] = program->accounts[at];
    if (program->has_organization)
        accounts[count++] = STR("organization");
    return texts_list(accounts, count, arena, ret_list);
}

enum err locate_args(
    const struct program *program, const struct event *event, struct arena *arena, value **ret_args)
{
    static const struct {
        uint32_t param;
        enum field field;
    } fields[] = {
        { FIND_HOST, FIELD_HOST_ID },
        { FIND_INSTANCE, FIELD_INSTANCE_ID },
        { FIND_NAME, FIELD_HOST_NAME },
        { FIND_IPS, FIELD_HOST_IP },
        { FIND_ACCOUNT, FIELD_CLOUD_ACCOUNT },
        { FIND_REGION, FIELD_CLOUD_REGION },
    };
    value *args = ARENA_ARRAY(arena, value, STEP_PARAMS_MAX);
    if (args == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < COUNT_OF(fields); at++)
        args[fields[at].param] = event->fields[fields[at].field];
    args[FIND_SOURCE] = value_text(event->source);
    TRY(accounts_list(program, arena, &args[FIND_ACCOUNTS]));
    TRY(texts_list(program->regions, program->region_count, arena, &args[FIND_REGIONS]));
    *ret_args = args;
    return ERR_OK;
}

enum err located_read(const struct step_outcome *outcome, enum type type, struct arena *arena,
    struct located *ret_located)
{
    struct arn arn;
    *ret_located = (struct located){ .type = type, .turn = outcome->turn, .id = STR("") };
    ret_located->found = outcome->reason == NULL ? "" : outcome->reason;
    if (outcome->turn != STEP_DONE)
        return ERR_OK;
    str id = outcome->target;
    size_t slash = str_find_last(id, '/');
    if (type == TYPE_INSTANCE && arn_read(outcome->target, &arn)) {
        ret_located->account = arena_copy(arena, arn.account);
        ret_located->region = arena_copy(arena, arn.region);
    }
    ret_located->id = arena_copy(arena, slash == id.len ? id : str_skip(id, slash + 1));
    ret_located->found = arena_format(arena, "%.*s", STR_ARG(outcome->found));
    return arena->is_full ? ERR_MEMORY : ERR_OK;
}

void located_bind(
    const struct located *located, enum type type, const struct step_code *code, value *args)
{
    uint32_t count = builtin_param_count(code->builtin);
    for (uint32_t at = 0; at < count; at++) {
        const struct param *param = &code->builtin->params[at];
        bool is_given = (code->given & (1U << at)) != 0;
        if (param->need == PARAM_TARGET && param->type == type)
            args[at] = value_text(located->id);
        else if (param->need == PARAM_TARGET && !is_given)
            args[at] = VALUE_NONE;
        else if (is_given || param->need != PARAM_SCOPE || type != TYPE_INSTANCE)
            continue;
        else if (param->type == TYPE_ACCOUNT && located->account.len > 0)
            args[at] = value_text(located->account);
        else if (param->type == TYPE_REGION && located->region.len > 0)
            args[at] = value_text(located->region);
    }
}
