/* Buckets of the sandbox: what is put there once, by whom, and with which address. */
#include "sandbox_client.h"

#include "auth/sigv4.h"
#include "host/clock.h"

#define EVIDENCE "/cdr-evidence-111122223333"
#define TEXT "text/plain"

static void put(struct client *client, const char *path, const char *body, long expected)
{
    client_send(client, "PUT", path, "s3", TEXT, str_from(body));
    if (client->status != expected)
        fail_msg("%ld: %s", client->status, client->body.ptr);
}

static void get(struct client *client, const char *path, long expected)
{
    client_send(client, "GET", path, "s3", TEXT, STR(""));
    if (client->status != expected)
        fail_msg("%ld: %s", client->status, client->body.ptr);
}

static void what_was_put_is_there(void **state)
{
    struct client *client = *state;
    put(client, EVIDENCE "/a/b.json", "{\"is\":\"evidence\"}", 200);
    get(client, EVIDENCE "/a/b.json", 200);
    assert_string_equal(client->body.ptr, "{\"is\":\"evidence\"}");
    put(client, EVIDENCE "/a/b.json", "", 200);
    get(client, EVIDENCE "/a/b.json", 200);
    assert_int_equal(client->body.len, 0);
    get(client, EVIDENCE "/a/c.json", 404);
    assert_refused(404, "NoSuchKey");
    json_t *line = last_call(client);
    assert_string_equal(json_string_value(json_object_get(line, "operation")), "GetObject");
    assert_string_equal(json_string_value(json_object_get(line, "target")), "a/c.json");
    json_decref(line);
}

static void evidence_is_written_once(void **state)
{
    struct client *client = *state;
    client->header = "If-None-Match: *";
    put(client, EVIDENCE "/once", "first", 200);
    put(client, EVIDENCE "/once", "second", 412);
    assert_refused(412, "PreconditionFailed");
    client->header = NULL;
    get(client, EVIDENCE "/once", 200);
    assert_string_equal(client->body.ptr, "first");
}

static void lists_are_paged_in_the_order_of_keys(void **state)
{
    struct client *client = *state;
    static const char *const keys[] = { "/t/c", "/t/a%20b", "/t/a%2Bb", "/u", "/t/b" };
    for (size_t at = 0; at < COUNT_OF(keys); at++)
        put(client, arena_format(&client->arena, EVIDENCE "%s", keys[at]), keys[at], 200);
    get(client, EVIDENCE "?list-type=2&max-keys=2&prefix=t%2F", 200);
    assert_says("<Key>t/a b</Key>");
    assert_says("<Key>t/a+b</Key>");
    assert_says("<IsTruncated>true</IsTruncated>");
    assert_int_equal(count_of(client, "<Contents>"), 2);
    assert_string_equal(text_of(client, "NextContinuationToken"), "t/a+b");
    get(client, EVIDENCE "?continuation-token=t%2Fa%2Bb&list-type=2&max-keys=2&prefix=t%2F", 200);
    assert_says("<Key>t/b</Key>");
    assert_says("<Size>4</Size>");
    assert_says("<IsTruncated>false</IsTruncated>");
    get(client, EVIDENCE "?list-type=2&prefix=nothing", 200);
    assert_says("<KeyCount>0</KeyCount>");
    get(client, EVIDENCE "?list-type=1", 501);
    get(client, EVIDENCE "?delimiter=%2F&list-type=2", 400);
}

static void a_bucket_is_its_owners_and_in_one_region(void **state)
{
    struct client *client = *state;
    put(client, "/nobody-has-this/k", "x", 404);
    assert_refused(404, "NoSuchBucket");
    put(client, "/cdr-evidence-444455556666/k", "x", 403);
    assert_refused(403, "AccessDenied");
    client->region = "us-east-1";
    put(client, EVIDENCE "/k", "x", 400);
    assert_refused(400, "AuthorizationHeaderMalformed");
    assert_says("expecting 'eu-west-1'");
    client->key = KEY_444455;
    put(client, "/cdr-evidence-444455556666/k", "x", 200);
}

static void a_wrong_key_is_refused_in_the_words_of_s3(void **state)
{
    struct client *client = *state;
    client->key = "AKIASANDBOX111122:not-the-secret";
    put(client, EVIDENCE "/k", "x", 403);
    assert_refused(403, "SignatureDoesNotMatch");
    client->key = "AKIANOBODY0000000000:x";
    put(client, EVIDENCE "/k", "x", 403);
    assert_refused(403, "InvalidAccessKeyId");
}

static void a_role_that_is_denied_lists_nothing(void **state)
{
    struct client *client = *state;
    IAM("PutRolePolicy", "RoleName=web-prod&PolicyName=no&PolicyDocument=" DENY_ALL);
    client->key = KEY_WEB;
    client->header = TOKEN_WEB;
    get(client, EVIDENCE "?list-type=2", 403);
    assert_says("s3:ListBucket");
}

static void what_is_too_large_is_refused(void **state)
{
    struct client *client = *state;
    size_t size = 8 * 1024 * 1024;
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    memset(bytes, 'x', size + 1);
    client_send(client, "PUT", EVIDENCE "/big", "s3", TEXT, (str){ bytes, size });
    assert_int_equal(client->status, 200);
    get(client, EVIDENCE "/big", 200);
    assert_int_equal(client->body.len, size);
    client_send(client, "PUT", EVIDENCE "/bigger", "s3", TEXT, (str){ bytes, size + 1 });
    assert_refused(400, "EntityTooLarge");
    free(bytes);
}

/* ---- presigned ---- */

/* "/bucket/key?query" signed for `at_unix_s`. */
static const char *presigned(
    struct client *client, const char *path, int64_t at_unix_s, uint32_t expires_s, bool is_once)
{
    struct secret secret = { 0 };
    struct sigv4_signed made;
    const char *host = arena_format(&client->arena, "127.0.0.1:%u", sandbox_port(client->sandbox));
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-111122223333")), ERR_OK);
    struct http_header headers[] = { { STR("host"), str_from(host) },
        { STR("if-none-match"), STR("*") } };
    struct sigv4_request request = { STR("PUT"), str_from(path), STR(""), headers, is_once ? 2 : 1,
        STR("") };
    struct sigv4_credentials credentials = { STR("AKIASANDBOX111122"), &secret, NULL };
    struct sigv4_options options = { .region = STR("eu-west-1"),
        .service = STR("s3"),
        .at_unix_s = at_unix_s,
        .path_as_is = true,
        .body_unsigned = true };
    assert_int_equal(
        sigv4_presign(&client->arena, &request, &credentials, &options, expires_s, &made), ERR_OK);
    secret_release(&secret);
    return arena_format(&client->arena, "%s?%.*s", path, STR_ARG(made.query));
}

static int64_t now_s(void)
{
    return clock_system()->now_ms(clock_system()) / 1000;
}

static long upload(struct client *client, const char *method, const char *address)
{
    client_send(client, method, address, NULL, TEXT, STR("packed"));
    return client->status;
}

static void whoever_has_the_address_may_put_once(void **state)
{
    struct client *client = *state;
    const char *address = presigned(client, EVIDENCE "/t/x", now_s(), 60, true);
    assert_int_equal(upload(client, "PUT", address), 403); /* without the header that is signed */
    client->header = "If-None-Match: *";
    assert_int_equal(upload(client, "PUT", address), 200);
    assert_int_equal(upload(client, "PUT", address), 412);
    assert_int_equal(upload(client, "GET", address), 403);
    client->header = NULL;
    get(client, EVIDENCE "/t/x", 200);
    assert_string_equal(client->body.ptr, "packed");
}

static void an_address_ends_and_does_not_begin_early(void **state)
{
    struct client *client = *state;
    const char *path = EVIDENCE "/t/y";
    assert_int_equal(upload(client, "PUT", presigned(client, path, now_s() - 70, 60, false)), 403);
    assert_says("Request has expired");
    assert_int_equal(upload(client, "PUT", presigned(client, path, now_s() + 900, 60, false)), 403);
    assert_int_equal(
        upload(client, "PUT", presigned(client, path, now_s() - 7000, 7200, false)), 200);
}

static void a_tampered_address_is_refused(void **state)
{
    struct client *client = *state;
    const char *address = presigned(client, EVIDENCE "/t/z", now_s(), 60, false);
    static const char *const changes[][2] = { { "/t/z", "/t/zz" }, { "Expires=60", "Expires=61" },
        { "eu-west-1", "us-east-1" }, { "&X-Amz-Expires", "&acl=public&X-Amz-Expires" },
        { "AKIASANDBOX111122", "AKIASANDBOX444455" } };
    for (size_t at = 0; at < COUNT_OF(changes); at++) {
        const char *found = strstr(address, changes[at][0]);
        assert_non_null(found);
        assert_int_equal(upload(client, "PUT",
                             arena_format(&client->arena, "%.*s%s%s", (int)(found - address),
                                 address, changes[at][1], found + strlen(changes[at][0]))),
            403);
    }
    client->header = "x-amz-acl: public-read";
    assert_int_equal(upload(client, "PUT", address), 403);
    client->header = NULL;
    assert_int_equal(upload(client, "PUT", EVIDENCE "/t/z?X-Amz-Signature=00"), 400);
    get(client, EVIDENCE "?list-type=2&prefix=t%2Fz", 200);
    assert_says("<KeyCount>0</KeyCount>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(what_was_put_is_there),
        sandbox_test(evidence_is_written_once),
        sandbox_test(lists_are_paged_in_the_order_of_keys),
        sandbox_test(a_bucket_is_its_owners_and_in_one_region),
        sandbox_test(a_wrong_key_is_refused_in_the_words_of_s3),
        sandbox_test(a_role_that_is_denied_lists_nothing),
        sandbox_test(what_is_too_large_is_refused),
        sandbox_test(whoever_has_the_address_may_put_once),
        sandbox_test(an_address_ends_and_does_not_begin_early),
        sandbox_test(a_tampered_address_is_refused),
    };
    return cmocka_run_group_tests_name("sandbox_s3", tests, NULL, NULL);
}
