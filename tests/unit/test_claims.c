/* Claims of tokens: what is one is read, and anything else is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"
#include "crowdstrike/scopes.h"
#include "rest/claims.h"

#include <stdio.h>

/* {"alg":"none"} and {"roles":["Machine.Isolate"],"tid":"?>~"}, whose last three signs make a - or a _. */
#define HEAD "eyJhbGciOiJub25lIn0"
#define CLAIMS "eyJyb2xlcyI6WyJNYWNoaW5lLklzb2xhdGUiXSwidGlkIjoiPz5-In0"

static void roles_are_read(void **state)
{
    (void)state;
    json_t *claims = jwt_claims(STR(HEAD "." CLAIMS ".c2ln"));
    assert_non_null(claims);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(claims, "roles"), 0)), "Machine.Isolate");
    assert_string_equal(json_string_value(json_object_get(claims, "tid")), "?>~");
    json_decref(claims);
}

static void what_is_no_token_has_no_claims(void **state)
{
    (void)state;
    static const char *const texts[] = { "", ".", "..", "opaque", HEAD, HEAD "." CLAIMS,
        HEAD ".." CLAIMS, HEAD ".W10.c2ln" /* [] */, HEAD ".!!!!.c2ln", HEAD ".e30=.c2ln",
        HEAD ".e.c2ln", HEAD ".eyJh.c2ln" /* cut off */ };
    for (size_t at = 0; at < COUNT_OF(texts); at++) {
        json_t *claims = jwt_claims(str_from(texts[at]));
        if (claims != NULL)
            fail_msg("%s", texts[at]);
    }
}

static void every_cut_of_a_token_is_survived(void **state)
{
    (void)state;
    str whole = STR(HEAD "." CLAIMS ".c2ln");
    for (size_t len = 0; len < whole.len; len++)
        json_decref(jwt_claims(str_first(whole, len)));
}

static void a_scope_is_tried_by_a_read_and_no_other(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(65536);
    struct step step = { .arena = &arena, .key = STR("k"), .target = STR(""), .found = STR("") };
    static const char *const scopes[] = { "hosts:read", "alerts:read", "response-policies:read",
        "real-time-response:read", "real-time-response:write", "real-time-response-admin:write" };
    for (size_t at = 0; at < COUNT_OF(scopes); at++)
        assert_non_null(falcon_try_scope(&step, scopes[at]).body.ptr);
    assert_null(falcon_try_scope(&step, "hosts:write").body.ptr);
    assert_null(falcon_try_scope(&step, "alerts:write").body.ptr);
    str body = falcon_try_scope(&step, "real-time-response:write").body;
    assert_true(str_startswith(body,
        STR("GET /real-time-response/entities/active-responder-command/v1?cloud_request_id=")));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_are_read),
        cmocka_unit_test(what_is_no_token_has_no_claims),
        cmocka_unit_test(every_cut_of_a_token_is_survived),
        cmocka_unit_test(a_scope_is_tried_by_a_read_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
