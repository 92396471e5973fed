/* A mark becomes an address that S3 takes, in one request alone, and nothing else does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/late_put.h"
#include "auth/sigv4.h"

#include <stdio.h>
#include <stdlib.h>

#define MARK "cdr-late-put:evidence/cases/a b.tar.gz:eu-west-1:900"

struct setting {
    struct arena arena;
    struct aws_endpoints endpoints;
    struct aws_keys keys;
    struct late_signer signer;
    struct request request;
    const char *reason;
};

static int setting_make(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    snprintf(s->keys.access_key_id, sizeof(s->keys.access_key_id), "ASIAEXAMPLE");
    assert_int_equal(secret_set(&s->keys.secret_access_key, STR("not-a-real-secret")), ERR_OK);
    assert_int_equal(secret_set(&s->keys.session_token, STR("a/token==")), ERR_OK);
    s->signer = (struct late_signer){ &s->endpoints, &s->keys, 1746100800 };
    s->request =
        (struct request){ .service = "ssm", .operation = "SendCommand", .late = STR(MARK) };
    *state = s;
    return 0;
}

static int setting_release(void **state)
{
    struct setting *s = *state;
    aws_keys_release(&s->keys);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static enum err fill(struct setting *s, const char *body, str *ret_body)
{
    s->reason = NULL;
    return late_put_fill(str_from(body), &s->request, &s->signer, &s->arena, ret_body, &s->reason);
}

static void the_mark_becomes_an_address_that_is_signed(void **state)
{
    struct setting *s = *state;
    struct sigv4_claim claim;
    bool genuine = false;
    str body;
    assert_int_equal(fill(s, "{\"commands\":[\"read\",\"" MARK "\",\"x\"]}", &body), ERR_OK);
    static const char start[] =
        "{\"commands\":[\"read\",\"https://evidence.s3.eu-west-1.amazonaws.com/cases/a%20b.tar.gz?";
    assert_true(str_startswith(body, STR(start)));
    assert_true(str_endswith(body, STR("\",\"x\"]}")));
    str query = str_skip(body, sizeof(start) - 1);
    query = str_first(query, str_find(query, '"'));
    struct http_header headers[] = { { STR("host"), STR("evidence.s3.eu-west-1.amazonaws.com") },
        { STR("if-none-match"), STR("*") } };
    struct sigv4_request put = { STR("PUT"), STR("/cases/a%20b.tar.gz"), query, headers, 2,
        STR("an archive") };
    assert_true(sigv4_claim_read_query(&s->arena, &put, &claim));
    assert_int_equal(claim.expires_s, 900);
    assert_true(str_is(claim.signed_headers, "host;if-none-match"));
    assert_int_equal(
        sigv4_verify(&s->arena, &put, &claim, &s->keys.secret_access_key, &genuine), ERR_OK);
    assert_true(genuine);
    put.path = STR("/cases/other.tar.gz");
    assert_int_equal(
        sigv4_verify(&s->arena, &put, &claim, &s->keys.secret_access_key, &genuine), ERR_OK);
    assert_false(genuine);
}

static void another_request_keeps_it(void **state)
{
    struct setting *s = *state;
    static const char body[] = "{\"Comment\":\"" MARK "\"}";
    str same;
    s->request.operation = "CancelCommand";
    assert_int_equal(fill(s, body, &same), ERR_OK);
    assert_true(str_is(same, body));
    s->request.operation = "SendCommand";
    s->request.service = "wafv2";
    assert_int_equal(fill(s, body, &same), ERR_OK);
    assert_true(str_is(same, body));
}

/* What an alert or a host says is never a mark. */
static void a_text_that_the_step_did_not_mean_stays_what_it_is(void **state)
{
    struct setting *s = *state;
    static const char hostile[] = "\"cdr-late-put:victim/evil.html:eu-west-1:14400\"";
    str body;
    assert_int_equal(fill(s, arena_format(&s->arena, "[%s,\"" MARK "\"]", hostile), &body), ERR_OK);
    assert_non_null(memmem(body.ptr, body.len, hostile, sizeof(hostile) - 1));
    assert_null(memmem(body.ptr, body.len, MARK, sizeof(MARK) - 1));
    assert_int_equal(fill(s, "[\"x" MARK "\"]", &body), ERR_INVALID);
    assert_int_equal(fill(s, "[\"" MARK "\",\"" MARK "\"]", &body), ERR_INVALID);
    s->request.late = STR("");
    assert_int_equal(fill(s, hostile, &body), ERR_OK);
    assert_true(str_is(body, hostile));
    assert_int_equal(fill(s, "[\"" MARK "\"]", &body), ERR_OK);
    assert_true(str_is(body, "[\"" MARK "\"]"));
}

static void a_mark_that_says_no_place_is_refused(void **state)
{
    struct setting *s = *state;
    static const char *const marks[] = { "", "evidence", "evidence/:eu-west-1:900",
        "evidence/k:eu-west-1:0", "evidence/k:eu-west-1:14401", "evidence/k:eu-west-1:x",
        "evidence/k::900", "evidence/k:eu-west-1:", "evidence/k:nowhere:900",
        "../k:eu-west-1:900" };
    for (size_t at = 0; at < COUNT_OF(marks); at++) {
        str body;
        const char *text = arena_format(&s->arena, "{\"c\":[\"cdr-late-put:%s\"]}", marks[at]);
        s->request.late = str_from(arena_format(&s->arena, LATE_PUT "%s", marks[at]));
        if (fill(s, text, &body) != ERR_INVALID || s->reason == NULL)
            fail_msg("%s is a place", marks[at]);
    }
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    struct setting *s = *state;
    unsigned full = 0;
    for (size_t limit = 1; limit < 16000; limit += 97) {
        struct arena arena = ARENA_INIT(limit);
        str body;
        enum err err = late_put_fill(
            STR("[\"" MARK "\"]"), &s->request, &s->signer, &arena, &body, &s->reason);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
        arena_release(&arena);
    }
    assert_true(full > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_mark_becomes_an_address_that_is_signed, setting_make, setting_release),
        cmocka_unit_test_setup_teardown(another_request_keeps_it, setting_make, setting_release),
        cmocka_unit_test_setup_teardown(
            a_text_that_the_step_did_not_mean_stays_what_it_is, setting_make, setting_release),
        cmocka_unit_test_setup_teardown(
            a_mark_that_says_no_place_is_refused, setting_make, setting_release),
        cmocka_unit_test_setup_teardown(
            a_full_arena_is_an_error_and_not_a_crash, setting_make, setting_release),
    };
    return cmocka_run_group_tests_name("late_put", tests, NULL, NULL);
}
