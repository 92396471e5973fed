/* Roles taken from an STS that judges trust, external id and signature. */
#include "sandbox_client.h"

#include "aws/connection.h"
#include "host/transport.h"
#include "table_environment.h"

#include <stdlib.h>

#define RESPONDER "arn:aws:iam::444455556666:role/cdr-responder"

static void sleep_never(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

static int64_t now_really_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

/* Whom AWS takes a connection with `settings` for. */
static enum err who(struct client *client, const struct aws_settings *settings, str *ret_identity,
    const char **reterr_reason)
{
    struct clock hasty = { .now_ms = now_really_ms, .sleep_ms = sleep_never };
    char url[64];
    str region;
    struct aws_connection *connection = NULL;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", sandbox_port(client->sandbox));
    struct table_environment table =
        TABLE({ "AWS_ENDPOINT_URL", url }, { "AWS_ACCESS_KEY_ID", "AKIASANDBOX111122" },
            { "AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333" },
            { "AWS_REGION", "eu-west-1" });
    TRY(aws_connection_open(
        &table.environment, settings, &hasty, &client->arena, &connection, reterr_reason));
    struct transport *transport = aws_connection_transport(connection);
    enum err err =
        transport->where(transport, &client->arena, ret_identity, &region, reterr_reason);
    /* What STS said is what it says when it is asked. */
    struct request asking = { .service = "sts",
        .operation = "GetCallerIdentity",
        .body = STR("Action=GetCallerIdentity&Version=2011-06-15") };
    struct reply reply;
    if (err == ERR_OK) {
        assert_int_equal(
            transport->send(transport, &asking, false, &client->arena, &reply, reterr_reason),
            ERR_OK);
        assert_int_equal(reply.status, 200);
        assert_non_null(
            memmem(reply.body.ptr, reply.body.len, ret_identity->ptr, ret_identity->len));
    }
    aws_connection_close(connection);
    return err;
}

static void a_role_of_another_account_is_taken_with_its_external_id(void **state)
{
    struct client *client = *state;
    struct aws_settings settings = { .role = STR(RESPONDER), .external_id = STR("cdr-sandbox") };
    str identity;
    const char *reason = "";
    enum err err = who(client, &settings, &identity, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
    assert_true(str_is(identity, "arn:aws:sts::444455556666:assumed-role/cdr-responder"));
    settings.external_id = STR("another");
    assert_int_equal(who(client, &settings, &identity, &reason), ERR_CREDENTIALS);
    assert_non_null(strstr(reason, RESPONDER " cannot be assumed: AWS says AccessDenied"));
    settings = (struct aws_settings){ .role = STR("arn:aws:iam::444455556666:role/ghost") };
    assert_int_equal(who(client, &settings, &identity, &reason), ERR_CREDENTIALS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_role_of_another_account_is_taken_with_its_external_id),
    };
    return cmocka_run_group_tests_name("roles_on_sandbox", tests, NULL, NULL);
}
