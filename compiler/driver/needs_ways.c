/* needs_ways.c - see needs_ways.h. */
#include "driver/needs_ways.h"

#include "act/way.h"
#include "base/fold.h"
#include "event.h"
#include "registry.h"

/* ---- sources ---- */

static bool is_source_of(const struct way_case *step, str source, str provider)
{
    return fold_equal(source, provider)
           || str_equal(event_provider_of(step->program, source), provider);
}

static bool any_of(const struct way_case *step, str provider)
{
    for (uint32_t at = 0; at < step->sources.count; at++)
        if (is_source_of(step, step->sources.values[at], provider))
            return true;
    return false;
}

static bool is_edr(str provider)
{
    const struct builtin *finder = builtin_finder(TYPE_HOST);
    for (uint32_t at = 0; finder != NULL && finder->ways[at] != NULL; at++)
        if (str_is(provider, finder->ways[at]->provider))
            return true;
    return false;
}

/* ---- ways ---- */

static bool gives_target(const struct step_code *code)
{
    uint32_t count = builtin_param_count(code->builtin);
    for (uint32_t at = 0; at < count; at++)
        if (code->builtin->params[at].need == PARAM_TARGET && (code->given & (1U << at)) != 0)
            return true;
    return false;
}

/* Whether every alert is of another provider that has a way of its own, which is then taken: what its
 * alerts name is known to it. */
static bool is_of_others(const struct way_case *step, const struct builtin *part)
{
    const struct builtin *front = step->code->builtin;
    for (uint32_t at = 0; at < step->sources.count; at++) {
        bool is_other = false;
        for (uint32_t way = 0; front->ways[way] != NULL; way++)
            is_other |= front->ways[way] != part
                        && is_source_of(
                            step, step->sources.values[at], str_from(front->ways[way]->provider));
        if (!is_other || is_source_of(step, step->sources.values[at], str_from(part->provider)))
            return false;
    }
    return step->sources.count > 0;
}

bool way_may_be(const struct way_case *step, const struct builtin *part)
{
    const struct step_code *code = step->code;
    if (code->builtin->ways == NULL || part->provider == NULL)
        return true;
    if (code->via.len > 0 && !str_is(code->via, part->provider))
        return false;
    if (!step->sources.is_known)
        return true;
    if (part->tells)
        return any_of(step, str_from(part->provider));
    if (code->via.len > 0)
        return true;
    /* AWS takes part in what others' alerts name: their hosts are instances. */
    return str_is(str_from(part->provider), "aws") || gives_target(code)
           || !is_of_others(step, part);
}

/* ---- what is looked for ---- */

static bool takes(const struct builtin *row, enum type type)
{
    uint32_t count = builtin_param_count(row);
    for (uint32_t at = 0; at < count; at++)
        if (row->params[at].need == PARAM_TARGET && row->params[at].type == type)
            return true;
    return false;
}

/* Whether an alert of `provider` may begin it: where the rule does not say whose it is about, those
 * that the rules are connected to count. */
static bool may_begin(const struct way_case *step, str provider)
{
    return step->sources.is_known ? any_of(step, provider)
                                  : way_connection(step->program, provider) != NULL;
}

/* An instance, by the device that an EDR's alert names. */
static bool finds_instance(const struct way_case *step, str edr)
{
    const struct step_code *code = step->code;
    bool is_meant = !takes(code->builtin, TYPE_HOST) || str_is(code->via, "aws");
    return takes(code->builtin, TYPE_INSTANCE) && is_meant && may_begin(step, edr);
}

/* A device, by the instance that an alert of AWS names. */
static bool finds_host(const struct way_case *step, str edr)
{
    const struct step_code *code = step->code;
    bool is_meant = takes(code->builtin, TYPE_INSTANCE)
                        ? str_equal(code->via, edr)
                        : code->via.len == 0 || str_equal(code->via, edr);
    bool is_aws = step->sources.is_known ? any_of(step, STR("aws"))
                                         : way_connection(step->program, edr) != NULL;
    return takes(code->builtin, TYPE_HOST) && is_meant && is_aws;
}

static bool finds_by(const struct way_case *step, str edr)
{
    return finds_instance(step, edr) || finds_host(step, edr);
}

bool way_may_find(const struct way_case *step, str provider)
{
    const struct builtin *finder = builtin_finder(TYPE_HOST);
    if (gives_target(step->code) || finder == NULL)
        return false;
    if (is_edr(provider))
        return finds_by(step, provider);
    if (!str_is(provider, "aws"))
        return false;
    for (uint32_t at = 0; finder->ways[at] != NULL; at++)
        if (finds_by(step, str_from(finder->ways[at]->provider)))
            return true;
    return false;
}

const char *way_find_permission(str provider)
{
    const struct builtin *finder = builtin_finder(TYPE_HOST);
    const struct builtin *instance = builtin_finder(TYPE_INSTANCE);
    if (instance != NULL && str_is(provider, instance->provider))
        return instance->permissions.apply[0];
    for (uint32_t at = 0; finder != NULL && finder->ways[at] != NULL; at++)
        if (str_is(provider, finder->ways[at]->provider))
            return finder->ways[at]->permissions.apply[0];
    return NULL;
}

const char *way_poll_permission(str provider, str api)
{
    static const struct {
        const char *provider;
        const char *api;
        const char *permission;
    } polls[] = {
        { "crowdstrike", "", "alerts:read" },
        { "defender", "graph", "SecurityAlert.Read.All" },
        { "defender", "endpoint", "Alert.Read.All" },
    };
    for (size_t at = 0; at < COUNT_OF(polls); at++)
        if (str_is(provider, polls[at].provider) && (api.len == 0 || str_is(api, polls[at].api)))
            return polls[at].permission;
    return NULL;
}
