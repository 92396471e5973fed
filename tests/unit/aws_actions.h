/* aws_actions.h - the steps of AWS, each with arguments that fit the world that ships, and what tests
 * ask of the simulated AWS before and after them. Included after sandbox_client.h. */
#pragma once

#include "aws/connection.h"
#include "registry.h"
#include "table_environment.h"

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

static const struct action actions[] = {
    { VERB_RESPOND, "isolate_role", { { "instance", "i-01111e1c0ffee0002" } }, true, false, false },
    { VERB_RESPOND, "isolate_role", { { "role", "arn:aws:iam::111122223333:role/batch-stage" } },
        true, false, false },
    { VERB_RESPOND, "stop_instance", { { "instance", "i-01111e1c0ffee0001" } }, true, false,
        false },
    { VERB_RESPOND, "stop_instance",
        { { "instance", "i-01111e1c0ffee0007" }, { "override", "protection" } }, true, false,
        false },
    { VERB_RESPOND, "terminate_instance", { { "instance", "i-01111e1c0ffee0003" } }, false, false,
        false },
    { VERB_RESPOND, "terminate_instance",
        { { "instance", "i-01111e1c0ffee0005" }, { "override", "protection" } }, false, false,
        false },
    { VERB_RESPOND, "disable_metadata", { { "instance", "i-01111e1c0ffee0001" } }, true, false,
        false },
    { VERB_RESPOND, "close_security_group", { { "group", "sg-01111e1c0ffee0002" } }, false, false,
        false },
    { VERB_RESPOND, "close_security_group",
        { { "group", "sg-01111e1c0ffee0008" }, { "direction", "both" } }, false, false, false },
    { VERB_RESPOND, "delete_security_group", { { "group", "sg-01111e1c0ffee0006" } }, false, false,
        false },
    { VERB_RESPOND, "isolate_security_group", { { "instance", "i-01111e1c0ffee0003" } }, true,
        false, false },
    { VERB_RESPOND, "ban_ip", { { "ip", "203.0.113.77" }, { "ip_set", "blocklist" } }, true, false,
        false },
    { VERB_RESPOND, "ban_ip",
        { { "ip", "203.0.113.77" }, { "via", "nacl" }, { "instance", "i-01111e1c0ffee0003" } },
        true, false, false },
    { VERB_RESPOND, "ban_ip",
        { { "ip", "2001:db8::77" }, { "via", "iam" },
            { "role", "arn:aws:iam::111122223333:role/batch-stage" } },
        true, false, false },
    { VERB_RESPOND, "disable_access_key", { { "access_key", "AKIASANDBOX1111DEPLOY" } }, true,
        false, false },
    { VERB_RESPOND, "disable_user", { { "user", "arn:aws:iam::111122223333:user/deploy" } }, true,
        false, false },
    { VERB_RESPOND, "disable_user", { { "user", "AIDASANDBOX111100002" } }, true, false, false },
    { VERB_RESPOND, "disable_user", { { "user", "auditor" } }, true, false, false },
    { VERB_RESPOND, "restrict_role", { { "role", "arn:aws:iam::111122223333:role/ci-runner" } },
        true, false, false },
    { VERB_RESPOND, "restrict_role",
        { { "role", "web-prod" }, { "boundary", "arn:aws:iam::111122223333:policy/bounded" } },
        true, false, false },
    { VERB_RESPOND, "revoke_sessions", { { "instance", "i-01111e1c0ffee0002" } }, true, true,
        false },
    { VERB_RESPOND, "revoke_sessions", { { "user", "arn:aws:iam::111122223333:user/deploy" } },
        true, true, false },
    { VERB_RESPOND, "isolate_security_group",
        { { "instance", "i-01111e1c0ffee0003" }, { "cut", "untrack" } }, true, false, false },
    { VERB_RESPOND, "isolate_security_group",
        { { "instance", "i-01111a1c0ffee0005" }, { "region", "us-east-1" }, { "cut", "nacl" } },
        true, false, false },
    { VERB_COLLECT, "snapshot", { { "instance", "i-01111e1c0ffee0002" } }, false, true, false },
    { VERB_COLLECT, "snapshot",
        { { "instance", "i-01111e1c0ffee0001" }, { "share", "444455556666" }, { "retain", "30d" } },
        false, true, false },
    { VERB_COLLECT, "triage",
        { { "instance", "i-01111e1c0ffee0001" }, { "to", "s3://cdr-evidence-111122223333/t" } },
        false, true, true },
    { VERB_COLLECT, "logs",
        { { "instance", "i-01111e1c0ffee0001" }, { "to", "s3://cdr-evidence-111122223333/l" } },
        false, true, true },
    { VERB_CALL, "lambda", { { "function", "on-alert" } }, false, true, true },
    { VERB_CALL, "webhook",
        { { "url", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/alerts" } }, false,
        true, true },
};

/* The arguments of `action`; what it does not say is account and region of that world. */
static inline void action_args(
    const struct action *action, const struct builtin *row, struct arena *arena, value *args)
{
    for (uint32_t at = 0; at < builtin_param_count(row); at++) {
        const char *name = row->params[at].name;
        const char *text = strcmp(name, "region") == 0    ? "eu-west-1"
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
    return may_be_gone || may_be_uncut ? end : STEP_DONE;
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

static inline struct aws_connection *connection_of(struct client *client, struct arena *arena)
{
    const char *reason = NULL;
    struct aws_connection *connection = NULL;
    const char *url = arena_format(arena, "http://127.0.0.1:%u", sandbox_port(client->sandbox));
    struct table_environment *table = ARENA_NEW(arena, struct table_environment);
    assert_true(url != NULL && table != NULL);
    *table = (struct table_environment)TABLE({ "AWS_ACCESS_KEY_ID", "AKIASANDBOX111122" },
        { "AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333" },
        { "AWS_REGION", "us-east-1" }, { "AWS_ENDPOINT_URL", url },
        { "AWS_SHARED_CREDENTIALS_FILE", "/dev/null" }, { "AWS_CONFIG_FILE", "/dev/null" });
    enum err err =
        aws_connection_open(&table->environment, NULL, &hasty_clock, arena, &connection, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
    return connection;
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
