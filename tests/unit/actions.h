/* actions.h - steps of a provider with arguments that fit the world that ships, and what tests ask of the
 * simulated providers before and after them. Included after sandbox_client.h. */
#pragma once

#include "host/clock.h"
#include "registry.h"

/* The true time, for signatures; waiting costs none. */
static inline int64_t now_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

static inline void sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

static struct clock hasty_clock = { .now_ms = now_ms, .sleep_ms = sleep_ms };

enum { ACTION_ARGS_MAX = 4 };

struct action {
    enum verb verb;
    const char *name;
    struct {
        const char *param;
        const char *text;
    } args[ACTION_ARGS_MAX];
    bool leaves_nothing; /* its undos restore the whole world */
    bool makes_anew;     /* done again it makes another: evidence; what a later moment needs */
    bool sends_anew;     /* without a journal it does not look for what it sent before */
};

/* The arguments of `action`; what it does not say is account and region of the world that ships, of AWS. */
static inline void action_args(
    const struct action *action, const struct builtin *row, struct arena *arena, value *args)
{
    bool is_aws = strcmp(row->provider, "aws") == 0;
    for (uint32_t at = 0; at < builtin_param_count(row); at++) {
        const char *name = row->params[at].name;
        const char *text = !is_aws                        ? NULL
                           : strcmp(name, "region") == 0  ? "eu-west-1"
                           : strcmp(name, "account") == 0 ? "111122223333"
                                                          : NULL;
        for (size_t one = 0; one < ACTION_ARGS_MAX && action->args[one].param != NULL; one++)
            if (strcmp(name, action->args[one].param) == 0)
                text = action->args[one].text;
        args[at] = VALUE_NONE;
        if (text == NULL)
            continue;
        assert_int_equal(
            value_convert(arena, value_text(str_from(text)), row->params[at].type, &args[at]),
            ERR_OK);
        assert_int_not_equal(args[at].kind, VALUE_ABSENT);
    }
}

/* How a second run must end that finds done what it wants: what it destroyed it may find no
 * more. */
static inline enum step_turn end_of_another(const struct builtin *row, enum step_turn end)
{
    bool may_be_gone = row->effect == EFFECT_DESTROYS && end == STEP_UNRESOLVED;
    /* who is isolated is not opened again to cut what is open */
    bool may_be_uncut = strcmp(row->name, "isolate_security_group") == 0 && end == STEP_PARTIAL;
    /* evidence that lies there already is not known to be its own */
    bool may_be_there = strcmp(row->name, "triage") == 0 && end == STEP_PARTIAL;
    return may_be_gone || may_be_uncut || may_be_there ? end : STEP_DONE;
}

/* No change of the log was applied twice to the same thing. */
static inline void assert_once(struct client *client)
{
    json_t *calls = control_get(client, "calls");
    for (size_t a = 0; a < json_array_size(calls); a++) {
        json_t *first = json_array_get(calls, a);
        for (size_t b = 0; b < a && json_is_true(json_object_get(first, "applied")); b++) {
            json_t *second = json_array_get(calls, b);
            if (json_is_true(json_object_get(second, "applied"))
                && json_equal(
                    json_object_get(first, "operation"), json_object_get(second, "operation"))
                && json_equal(
                    json_object_get(first, "parameters"), json_object_get(second, "parameters")))
                fail_msg(
                    "%s was applied twice", json_string_value(json_object_get(first, "operation")));
        }
    }
    json_decref(calls);
}

static inline size_t applied_count(struct client *client)
{
    json_t *calls = control_get(client, "calls");
    size_t count = 0;
    for (size_t at = 0; at < json_array_size(calls); at++)
        count += json_is_true(json_object_get(json_array_get(calls, at), "applied"));
    json_decref(calls);
    return count;
}

static inline void assert_restored(struct client *client, const json_t *before)
{
    json_t *after = control_get(client, "state");
    if (!json_equal(before, after)) {
        json_dump_file(before, "build/before.json", JSON_INDENT(1));
        json_dump_file(after, "build/after.json", JSON_INDENT(1));
        fail_msg("the world is not as it was: compare build/before.json and build/after.json");
    }
    json_decref(after);
}
