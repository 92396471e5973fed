/* Which connection to CrowdStrike and Microsoft steps go by, and why there is none. */
#include "driver/connect.h"

#include "host/clock.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define WRITTEN(key, text)                                                                         \
    {                                                                                              \
        { key, sizeof(key) - 1 }, WAY_WRITTEN, { text, sizeof(text) - 1 }, 0                       \
    }

static const struct connection_setting falcon_settings[] = {
    WRITTEN("cloud", "eu1"),
    WRITTEN("client_id", "0123abcd"),
    WRITTEN("client_secret", "hush"),
    WRITTEN("evidence", "s3://bucket/prefix"),
    { { "timeout", 7 }, WAY_WRITTEN, { "", 0 }, 5000 },
};
static const struct connection_setting other_settings[] = {
    WRITTEN("cloud", "us1"),
    WRITTEN("client_id", "0123abcd"),
    WRITTEN("client_secret", "hush"),
};
static const struct connection_setting unset_settings[] = {
    WRITTEN("cloud", "us1"),
    WRITTEN("client_id", "0123abcd"),
    { { "client_secret", 13 }, WAY_ENV, { "CDR_TEST_NOT_SET", 16 }, 0 },
};
static const struct connection_setting defender_settings[] = {
    WRITTEN("tenant", "contoso.example"),
    WRITTEN("client_id", "app"),
    WRITTEN("client_secret", "hush"),
    WRITTEN("cloud", "gcc_high"),
    WRITTEN("evidence", "/var/lib/cdr/evidence"),
};
static const struct connection_setting odd_settings[] = { WRITTEN("tenant", "a/b"),
    WRITTEN("client_id", "app"), WRITTEN("client_secret", "hush") };

static const struct connection_code falcon = { .provider = { "crowdstrike", 11 },
    .settings = falcon_settings,
    .setting_count = COUNT_OF(falcon_settings) };
static const struct connection_code other = { .provider = { "crowdstrike", 11 },
    .settings = other_settings,
    .setting_count = COUNT_OF(other_settings) };
static const struct connection_code unset = { .provider = { "crowdstrike", 11 },
    .settings = unset_settings,
    .setting_count = COUNT_OF(unset_settings) };
static const struct connection_code defender = { .provider = { "defender", 8 },
    .settings = defender_settings,
    .setting_count = COUNT_OF(defender_settings) };
static const struct connection_code odd = {
    .provider = { "defender", 8 }, .settings = odd_settings, .setting_count = COUNT_OF(odd_settings)
};

/* The way to `edr` by the rules that have these connections. */
static struct transport *reach(struct connector *connector, const struct connection_code *codes,
    uint32_t count, enum edr edr, const char **ret_reason)
{
    struct program program = { .connections = codes, .connection_count = count };
    *ret_reason = NULL;
    assert_int_equal(connector_use(connector, &program), ERR_OK);
    return edr_reach(connector, edr, ret_reason);
}

static const char *identity_of(struct transport *transport, struct arena *arena)
{
    str identity, region;
    const char *reason;
    assert_non_null(transport);
    assert_int_equal(transport->where(transport, arena, &identity, &region, &reason), ERR_OK);
    return identity.ptr;
}

static void rules_that_say_the_same_share_a_connection(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct connector connector = { .clock = clock_system() };
    const struct connection_code both[] = { falcon, defender }, turned[] = { defender, falcon };
    const char *reason;
    struct transport *first = reach(&connector, both, 2, EDR_CROWDSTRIKE, &reason);
    assert_string_equal(identity_of(first, &arena), "crowdstrike:0123abcd");
    struct transport *second = reach(&connector, &other, 1, EDR_CROWDSTRIKE, &reason);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(reach(&connector, turned, 2, EDR_CROWDSTRIKE, &reason), first);
    assert_string_equal(identity_of(reach(&connector, both, 2, EDR_DEFENDER, &reason), &arena),
        "microsoft:contoso.example/app");
    connector_release(&connector);
}

static void why_there_is_no_connection_is_told(void **state)
{
    (void)state;
    struct connector connector = { .clock = clock_system() };
    const char *reason;
    assert_null(reach(&connector, &defender, 1, EDR_CROWDSTRIKE, &reason));
    assert_string_equal(reason, "the rules have no connection to crowdstrike: add `connection NAME "
                                "{ provider = crowdstrike .. }`");
    assert_false(connector_lacks_setting(&connector));
    assert_null(reach(&connector, &unset, 1, EDR_CROWDSTRIKE, &reason));
    assert_non_null(strstr(reason, "CDR_TEST_NOT_SET"));
    assert_true(connector_lacks_setting(&connector));
    assert_null(reach(&connector, &odd, 1, EDR_DEFENDER, &reason));
    assert_string_equal(reason, "tenant of the connection to Defender is no directory id");
    assert_null(strstr(reason, "hush"));
    connector_release(&connector);
}

static void on_the_sandbox_nothing_else_is_reached(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct connector connector = { .clock = clock_system() };
    const char *reason;
    assert_int_equal(setenv("CDR_SANDBOX_URL", "http://127.0.0.1:1", 1), 0);
    struct transport *transport = reach(&connector, &unset, 1, EDR_CROWDSTRIKE, &reason);
    assert_string_equal(
        identity_of(transport, &arena), "crowdstrike:c0ffee00111122223333444455556666");
    struct request request = {
        .service = "crowdstrike", .operation = "X", .body = STR("GET /a\n"), .answer_ms = 100
    };
    struct reply reply;
    assert_int_equal(
        transport->send(transport, &request, true, &arena, &reply, &reason), ERR_REFUSED);
    assert_non_null(strstr(reason, "127.0.0.1:1"));
    assert_int_equal(unsetenv("CDR_SANDBOX_URL"), 0);
    connector_release(&connector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_say_the_same_share_a_connection),
        cmocka_unit_test(why_there_is_no_connection_is_told),
        cmocka_unit_test(on_the_sandbox_nothing_else_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
