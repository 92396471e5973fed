/* aws_actions.h - the steps of AWS, each with arguments that fit the world that ships, and the connection
 * to it. Included after sandbox_client.h. */
#pragma once

#include "actions.h"
#include "aws/connection.h"
#include "table_environment.h"

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
