/* Addresses that anybody may use for a while: presigned requests to S3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/sigv4.h"

#include <stdlib.h>

enum { AT = 1746100800, EXPIRES_S = 3600 }; /* 2025-05-01T12:00:00Z */

struct put {
    struct arena arena;
    struct secret secret;
    struct secret token;
    struct http_header headers[3];
    struct sigv4_request request;
};

static int put_setup(void **state)
{
    struct put *put = calloc(1, sizeof(*put));
    struct sigv4_signed made;
    assert_int_equal(secret_set(&put->secret, STR("not-a-real-secret")), ERR_OK);
    assert_int_equal(secret_set(&put->token, STR("a/token==")), ERR_OK);
    put->headers[0] =
        (struct http_header){ STR("Host"), STR("evidence.s3.eu-west-1.amazonaws.com") };
    put->headers[1] = (struct http_header){ STR("If-None-Match"), STR("*") };
    put->request = (struct sigv4_request){ STR("PUT"), STR("/triage/a%20b%2Bc.tar.gz"), STR(""),
        put->headers, 2, STR("") };
    struct sigv4_credentials credentials = { STR("ASIAEXAMPLE"), &put->secret, &put->token };
    struct sigv4_options options = { .region = STR("eu-west-1"),
        .service = STR("s3"),
        .at_unix_s = AT,
        .path_as_is = true,
        .body_unsigned = true };
    assert_int_equal(
        sigv4_presign(&put->arena, &put->request, &credentials, &options, EXPIRES_S, &made),
        ERR_OK);
    put->request.query = made.query;
    put->request.body = STR("whatever the collector packed");
    *state = put;
    return 0;
}

static int put_teardown(void **state)
{
    struct put *put = *state;
    secret_release(&put->secret);
    secret_release(&put->token);
    arena_release(&put->arena);
    free(put);
    return 0;
}

static bool is_claim(struct put *put)
{
    struct sigv4_claim claim;
    return sigv4_claim_read_query(&put->arena, &put->request, &claim);
}

static bool is_genuine(struct put *put)
{
    struct sigv4_claim claim;
    bool genuine = false;
    if (!sigv4_claim_read_query(&put->arena, &put->request, &claim))
        return false;
    assert_int_equal(
        sigv4_verify(&put->arena, &put->request, &claim, &put->secret, &genuine), ERR_OK);
    return genuine;
}

/* The query with the first `from` in it replaced. */
static str with(struct put *put, const char *from, const char *to)
{
    str query = put->request.query;
    const char *at = memmem(query.ptr, query.len, from, strlen(from));
    assert_non_null(at);
    return str_from(arena_format(&put->arena, "%.*s%s%.*s", (int)(at - query.ptr), query.ptr, to,
        STR_ARG(str_skip(query, (size_t)(at - query.ptr) + strlen(from)))));
}

/* What botocore 1.43.11's S3SigV4QueryAuth makes of the same request. */
static void the_signature_is_the_one_of_botocore(void **state)
{
    struct put *put = *state;
    struct sigv4_claim claim;
    assert_true(sigv4_claim_read_query(&put->arena, &put->request, &claim));
    assert_true(str_is(
        claim.signature, "442f03a43951d93fc7dd702a05d4828ca6653d04fd83a913eadac50a1d620e7a"));
    assert_true(str_is(claim.signed_headers, "host;if-none-match"));
    assert_true(str_is(claim.access_key_id, "ASIAEXAMPLE"));
    assert_true(str_is(claim.session_token, "a/token=="));
    assert_true(str_is(claim.region, "eu-west-1"));
    assert_int_equal(claim.at_unix_s, AT);
    assert_int_equal(claim.expires_s, EXPIRES_S);
}

static void any_body_may_be_put_there(void **state)
{
    struct put *put = *state;
    assert_true(is_genuine(put));
    put->request.body = STR("");
    assert_true(is_genuine(put));
    put->headers[2] = (struct http_header){ STR("User-Agent"), STR("curl") };
    put->request.headers_count = 3;
    assert_true(is_genuine(put));
}

static void nothing_else_may_be_done_with_it(void **state)
{
    struct put *put = *state;
    str query = put->request.query;
    put->request.method = STR("GET");
    assert_false(is_genuine(put));
    put->request.method = STR("PUT");
    put->request.path = STR("/triage/other.tar.gz");
    assert_false(is_genuine(put));
    put->request.path = STR("/triage/a%20b%2Bc.tar.gz");
    put->headers[0].value = STR("other.s3.eu-west-1.amazonaws.com");
    assert_false(is_genuine(put));
    put->headers[0].value = STR("evidence.s3.eu-west-1.amazonaws.com");
    put->headers[1].value = STR("x");
    assert_false(is_genuine(put));
    put->request.headers_count = 1;
    assert_false(is_genuine(put));
    put->request.headers_count = 2;
    put->headers[1].value = STR("*");
    static const char *const changes[][2] = {
        { "Expires=3600", "Expires=3601" },
        { "20250501T120000Z", "20250501T120001Z" },
        { "eu-west-1", "us-east-1" },
        { "ASIAEXAMPLE", "AKIAEXAMPLE" },
        { "token%3D%3D", "token%3D" },
        { "Signature=442f", "Signature=442e" },
        { "X-Amz-Algorithm", "acl=&X-Amz-Algorithm" },
    };
    for (size_t at = 0; at < COUNT_OF(changes); at++) {
        put->request.query = query;
        put->request.query = with(put, changes[at][0], changes[at][1]);
        assert_false(is_genuine(put));
    }
    put->request.query = query;
    assert_true(is_genuine(put));
}

static void malformed_addresses_are_no_claims(void **state)
{
    struct put *put = *state;
    str query = put->request.query;
    static const char *const changes[][2] = {
        { "Expires=3600", "Expires=0" },
        { "Expires=3600", "Expires=604801" },
        { "Expires=3600", "Expires=-1" },
        { "Expires=3600", "Expires=36x0" },
        { "Expires=3600", "Expires=" },
        { "Expires=3600", "Expires=3600&X-Amz-Expires=9" },
        { "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1" },
        { "aws4_request", "aws5_request" },
        { "20250501T120000Z", "yesterday" },
        { "20250501%2F", "20250502%2F" },
        { "host%3Bif-none-match", "if-none-match" },
        { "Signature=442f", "Signature=" },
    };
    for (size_t at = 0; at < COUNT_OF(changes); at++) {
        put->request.query = query;
        put->request.query = with(put, changes[at][0], changes[at][1]);
        assert_false(is_claim(put));
    }
    put->request.query = STR("");
    assert_false(is_claim(put));
    put->request.query = query;
    assert_true(is_claim(put));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_signature_is_the_one_of_botocore, put_setup, put_teardown),
        cmocka_unit_test_setup_teardown(any_body_may_be_put_there, put_setup, put_teardown),
        cmocka_unit_test_setup_teardown(nothing_else_may_be_done_with_it, put_setup, put_teardown),
        cmocka_unit_test_setup_teardown(malformed_addresses_are_no_claims, put_setup, put_teardown),
    };
    return cmocka_run_group_tests_name("sigv4_query", tests, NULL, NULL);
}
