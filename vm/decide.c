/* decide.c - see decide.h. */
#include "decide.h"

#include "interp.h"

enum { EXCUSE_BYTES_SHOWN = 160 };

static enum err holds(const struct program *program, uint32_t fragment, const struct event *event,
    struct arena *arena, bool *ret_holds)
{
    const struct rule_code condition = { .condition = fragment };
    return rule_passes(program, &condition, event, arena, ret_holds);
}

enum err rule_excuse(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, struct rule_decision *ret_decision)
{
    struct rule_decision decision = { .outcome = RULE_FIRES };
    for (uint32_t i = 0; i < rule->excuse_count; i++) {
        const struct excuse_code *excuse = &rule->excuses[i];
        bool is_certain;
        bool is_possible = false;
        if (event->received_ms >= excuse->until_ms)
            continue;
        TRY(holds(program, excuse->certain, event, arena, &is_certain));
        if (is_certain) {
            *ret_decision = (struct rule_decision){ RULE_EXCUSED, excuse };
            return ERR_OK;
        }
        if (excuse->possible != NO_INDEX && decision.outcome == RULE_FIRES)
            TRY(holds(program, excuse->possible, event, arena, &is_possible));
        if (is_possible)
            decision = (struct rule_decision){ RULE_FIRES_IN_DOUBT, excuse };
    }
    *ret_decision = decision;
    return ERR_OK;
}

enum err rule_decide(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, struct rule_decision *ret_decision)
{
    bool is_met;
    TRY(rule_passes(program, rule, event, arena, &is_met));
    if (is_met)
        return rule_excuse(program, rule, event, arena, ret_decision);
    *ret_decision = (struct rule_decision){ .outcome = RULE_SILENT };
    return ERR_OK;
}

const char *excuse_name(const struct excuse_code *excuse, struct arena *arena)
{
    if (excuse->name.len > 0)
        return arena_format(arena, "exception %.*s", STR_ARG(excuse->name));
    bool is_long = excuse->text.len > EXCUSE_BYTES_SHOWN;
    return arena_format(arena, "unless %.*s%s",
        STR_ARG(str_first(excuse->text, EXCUSE_BYTES_SHOWN)), is_long ? ".." : "");
}

/* What the excuse asks for and the event does not have. */
struct lack {
    const struct excuse_read *read; /* the first, or NULL */
    enum value_kind kind;           /* of the value, which does not fit when it is there */
};

static enum err find_lack(const struct program *program, const struct excuse_code *excuse,
    const struct event *event, struct arena *arena, struct lack *ret_lack)
{
    *ret_lack = (struct lack){ NULL, VALUE_ABSENT };
    for (uint32_t i = 0; i < excuse->read_count && ret_lack->read == NULL; i++) {
        const struct excuse_read *read = &excuse->reads[i];
        value v;
        bool is_unknown;
        TRY(holds(program, read->unknown, event, arena, &is_unknown));
        TRY(interp_value(program, read->start, event, arena, &v));
        if (is_unknown)
            *ret_lack = (struct lack){ read, v.kind };
    }
    return ERR_OK;
}

static const char *lack_words(struct lack lack, struct arena *arena)
{
    if (lack.read == NULL)
        return "the alert lacks what it asks for";
    str name = lack.read->name;
    if (lack.kind == VALUE_ABSENT)
        return arena_format(arena, "the alert has no %.*s", STR_ARG(name));
    if (lack.kind == VALUE_NULL)
        return arena_format(arena, "the alert's %.*s is null", STR_ARG(name));
    return arena_format(arena, "the alert's %.*s does not fit, not all of it", STR_ARG(name));
}

/* What to write so that such an alert is decided. */
static const char *way_out(struct lack lack, struct arena *arena)
{
    str name = lack.read == NULL ? STR("f") : lack.read->asked;
    if (lack.kind == VALUE_NULL)
        return arena_format(arena, "`not (%.*s is null) and ..`, or `%.*s is null or ..`",
            STR_ARG(name), STR_ARG(name));
    if (lack.kind != VALUE_ABSENT)
        return arena_format(
            arena, "a test that such an alert passes too, beside `%.*s`", STR_ARG(name));
    return arena_format(
        arena, "`exists %.*s and ..`, or `missing %.*s or ..`", STR_ARG(name), STR_ARG(name));
}

enum err excuse_doubt(const struct program *program, const struct excuse_code *excuse,
    const struct event *event, struct arena *arena, const char **ret_reason)
{
    struct lack lack;
    TRY(find_lack(program, excuse, event, arena, &lack));
    const char *name = excuse_name(excuse, arena);
    const char *words = lack_words(lack, arena);
    const char *out = way_out(lack, arena);
    if (name == NULL || words == NULL || out == NULL)
        return ERR_MEMORY;
    *ret_reason = arena_format(arena,
        "%s, so `%s` (%.*s:%u) cannot be decided and a person must look; to have it decided, say "
        "in "
        "the clause what shall be then: %s",
        words, name, STR_ARG(excuse->file), excuse->line, out);
    return *ret_reason == NULL ? ERR_MEMORY : ERR_OK;
}
