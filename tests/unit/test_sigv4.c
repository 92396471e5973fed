/* Signatures, against the vendor's test suite and against themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/sigv4.h"
#include "base/buf.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SUITE "../shared/data/aws/sigv4/aws-c-auth/tests/aws-signing-test-suite/v4"

enum { FILE_BYTES_MAX = 65536, HEADERS_MAX = 16, LINES_MAX = 32 };

static void assert_str_equal(str got, str want, const char *what)
{
    if (!str_equal(got, want))
        fail_msg("%s:\n%.*s\nis not\n%.*s", what, STR_ARG(got), STR_ARG(want));
}

static str read_file(struct arena *arena, const char *folder, const char *name)
{
    FILE *file = fopen(arena_format(arena, SUITE "/%s/%s", folder, name), "rb");
    assert_non_null(file);
    char *bytes = arena_alloc(arena, FILE_BYTES_MAX, 1);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return (str){ bytes, len };
}

static str trim_end(str text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return text;
}

/* A case of the suite: its request and what context.json says. */
struct vector {
    const char *name;
    struct sigv4_request request;
    struct http_header headers[HEADERS_MAX];
    str target; /* as written in the request line */
    str lines;  /* the header lines as they stand in the file */
    struct secret secret;
    struct secret token;
    struct sigv4_credentials credentials;
    struct sigv4_options options;
    uint32_t expires_s;
};

/* Headers of `rest` up to the empty line; a line that begins with a space goes on. */
static str read_headers(struct vector *vector, str rest)
{
    const char *begin = rest.ptr;
    uint32_t count = 0;
    while (rest.len > 0 && rest.ptr[0] != '\n') {
        str line = str_first(rest, str_find(rest, '\n'));
        rest = str_skip(rest, line.len + 1);
        if (line.ptr[0] == ' ') {
            str *value = &vector->headers[count - 1].value;
            value->len = (size_t)(line.ptr + line.len - value->ptr);
            continue;
        }
        assert_true(count < HEADERS_MAX);
        str name = str_first(line, str_find(line, ':'));
        vector->headers[count++] = (struct http_header){ name, str_skip(line, name.len + 1) };
    }
    vector->request.headers = vector->headers;
    vector->request.headers_count = count;
    const char *end = vector->headers[count - 1].value.ptr + vector->headers[count - 1].value.len;
    vector->lines = (str){ begin, (size_t)(end - begin) };
    return str_skip(rest, 1);
}

static void read_request(struct arena *arena, struct vector *vector)
{
    str text = read_file(arena, vector->name, "request.txt");
    str line = str_first(text, str_find(text, '\n'));
    str rest = str_skip(text, line.len + 1);
    struct sigv4_request *request = &vector->request;
    request->method = str_first(line, str_find(line, ' '));
    line = str_skip(line, request->method.len + 1);
    vector->target = str_first(line, str_find_last(line, ' '));
    request->path = str_first(vector->target, str_find(vector->target, '?'));
    request->query = str_skip(vector->target, request->path.len + 1);
    request->body = read_headers(vector, rest);
}

static str context_text(struct arena *arena, const json_t *object, const char *name)
{
    return arena_copy(arena, str_from(json_string_value(json_object_get(object, name))));
}

static int64_t timestamp_read(const char *text)
{
    struct tm tm = { 0 };
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm));
    return (int64_t)timegm(&tm);
}

static void read_context(struct arena *arena, struct vector *vector)
{
    str text = read_file(arena, vector->name, "context.json");
    json_t *context = json_loadb(text.ptr, text.len, 0, NULL);
    assert_non_null(context);
    json_t *credentials = json_object_get(context, "credentials");
    str secret = context_text(arena, credentials, "secret_access_key");
    assert_int_equal(secret_set(&vector->secret, secret), ERR_OK);
    assert_int_equal(secret_set(&vector->token, context_text(arena, credentials, "token")), ERR_OK);
    vector->credentials = (struct sigv4_credentials){
        .access_key_id = context_text(arena, credentials, "access_key_id"),
        .secret_access_key = &vector->secret,
        .session_token = &vector->token,
    };
    vector->options = (struct sigv4_options){
        .region = context_text(arena, context, "region"),
        .service = context_text(arena, context, "service"),
        .at_unix_s = timestamp_read(json_string_value(json_object_get(context, "timestamp"))),
        .path_as_is = !json_boolean_value(json_object_get(context, "normalize")),
        .body_header = json_boolean_value(json_object_get(context, "sign_body")),
        .token_unsigned = json_boolean_value(json_object_get(context, "omit_session_token")),
    };
    vector->expires_s =
        (uint32_t)json_integer_value(json_object_get(context, "expiration_in_seconds"));
    json_decref(context);
}

static int line_compare(const void *left, const void *right)
{
    const str *a = left, *b = right;
    size_t common = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->ptr, b->ptr, common);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static size_t sorted_lines(str text, str *lines)
{
    size_t count = 0;
    for (str rest = text; rest.len > 0; count++) {
        assert_true(count < LINES_MAX);
        lines[count] = str_first(rest, str_find(rest, '\n'));
        rest = str_skip(rest, lines[count].len + 1);
    }
    qsort(lines, count, sizeof(*lines), line_compare);
    return count;
}

/* The order of headers means nothing, so the lines are compared sorted. */
static void assert_same_lines(str got, str want, const char *what)
{
    str got_lines[LINES_MAX], want_lines[LINES_MAX];
    size_t count = sorted_lines(got, got_lines);
    assert_int_equal(count, sorted_lines(want, want_lines));
    for (size_t at = 0; at < count; at++)
        assert_str_equal(got_lines[at], want_lines[at], what);
}

static void assert_signed(struct arena *arena, const struct vector *vector, const char *form,
    const struct sigv4_signed *got, str request_text)
{
    const char *what = arena_format(arena, "%s %s", vector->name, form);
    str want[4];
    const char *files[] = { "canonical-request", "string-to-sign", "signature", "signed-request" };
    for (size_t at = 0; at < COUNT_OF(files); at++)
        want[at] = trim_end(
            read_file(arena, vector->name, arena_format(arena, "%s-%s.txt", form, files[at])));
    assert_str_equal(got->canonical_request, want[0], what);
    assert_str_equal(got->string_to_sign, want[1], what);
    assert_str_equal(got->signature, want[2], what);
    assert_same_lines(trim_end(request_text), want[3], what);
}

static void check_header_form(struct arena *arena, const struct vector *vector)
{
    struct sigv4_signed got;
    assert_int_equal(
        sigv4_sign(arena, &vector->request, &vector->credentials, &vector->options, &got), ERR_OK);
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    buf_addf(&text, "%.*s %.*s HTTP/1.1\n%.*s\n", STR_ARG(vector->request.method),
        STR_ARG(vector->target), STR_ARG(vector->lines));
    for (uint32_t at = 0; at < got.headers_count; at++)
        buf_addf(
            &text, "%.*s:%.*s\n", STR_ARG(got.headers[at].name), STR_ARG(got.headers[at].value));
    buf_addf(&text, "\n%.*s", STR_ARG(vector->request.body));
    assert_signed(arena, vector, "header", &got, buf_str(&text));
    buf_release(&text);
}

static void check_query_form(struct arena *arena, const struct vector *vector)
{
    struct sigv4_signed got;
    assert_int_equal(sigv4_presign(arena, &vector->request, &vector->credentials, &vector->options,
                         vector->expires_s, &got),
        ERR_OK);
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    buf_addf(&text, "%.*s %.*s?%.*s HTTP/1.1\n%.*s\n\n%.*s", STR_ARG(vector->request.method),
        STR_ARG(vector->request.path), STR_ARG(got.query), STR_ARG(vector->lines),
        STR_ARG(vector->request.body));
    assert_signed(arena, vector, "query", &got, buf_str(&text));
    buf_release(&text);
}

static void the_vendors_vectors_are_met(void **state)
{
    (void)state;
    DIR *suite = opendir(SUITE);
    if (suite == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    unsigned met = 0;
    for (struct dirent *entry; (entry = readdir(suite)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        struct arena arena = ARENA_INIT(0);
        struct vector vector = { .name = entry->d_name };
        read_request(&arena, &vector);
        read_context(&arena, &vector);
        check_header_form(&arena, &vector);
        check_query_form(&arena, &vector);
        met += 2;
        secret_release(&vector.secret);
        secret_release(&vector.token);
        arena_release(&arena);
    }
    closedir(suite);
    print_message("%u of 76 vectors\n", met);
    assert_int_equal(met, 76);
}

/* --- both sides --- */

struct exchange {
    struct arena arena;
    struct secret secret;
    struct secret token;
    struct sigv4_request request;
    struct http_header headers[8];
};

static int exchange_setup(void **state)
{
    struct exchange *x = calloc(1, sizeof(*x));
    struct sigv4_signed got;
    assert_int_equal(secret_set(&x->secret, STR("not-a-real-secret")), ERR_OK);
    assert_int_equal(secret_set(&x->token, STR("a/token==")), ERR_OK);
    x->headers[0] = (struct http_header){ STR("Host"), STR("iam.amazonaws.com") };
    x->headers[1] = (struct http_header){ STR("Content-Type"), STR("text/plain") };
    x->request = (struct sigv4_request){ STR("POST"), STR("/a/b"), STR("k=v"), x->headers, 2,
        STR("Action=GetRole") };
    struct sigv4_credentials credentials = { STR("AKIAEXAMPLE"), &x->secret, &x->token };
    struct sigv4_options options = {
        .region = STR("us-east-1"), .service = STR("iam"), .at_unix_s = 1440938160
    };
    assert_int_equal(sigv4_sign(&x->arena, &x->request, &credentials, &options, &got), ERR_OK);
    assert_int_equal(got.headers_count, 3);
    memcpy(x->headers + 2, got.headers, sizeof(got.headers[0]) * got.headers_count);
    x->request.headers_count += got.headers_count;
    *state = x;
    return 0;
}

static int exchange_teardown(void **state)
{
    struct exchange *x = *state;
    secret_release(&x->secret);
    secret_release(&x->token);
    arena_release(&x->arena);
    free(x);
    return 0;
}

static bool is_genuine(struct exchange *x, const struct secret *secret)
{
    struct sigv4_claim claim;
    bool genuine = false;
    if (!sigv4_claim_read(&x->request, &claim))
        return false;
    assert_int_equal(sigv4_verify(&x->arena, &x->request, &claim, secret, &genuine), ERR_OK);
    return genuine;
}

static void what_was_signed_is_genuine(void **state)
{
    struct exchange *x = *state;
    struct sigv4_claim claim;
    assert_true(sigv4_claim_read(&x->request, &claim));
    assert_str_equal(claim.access_key_id, STR("AKIAEXAMPLE"), "key");
    assert_str_equal(claim.region, STR("us-east-1"), "region");
    assert_str_equal(claim.service, STR("iam"), "service");
    assert_str_equal(claim.session_token, STR("a/token=="), "token");
    assert_int_equal(claim.at_unix_s, 1440938160);
    assert_true(is_genuine(x, &x->secret));
    /* A header that a proxy adds is not signed and does no harm. */
    x->headers[x->request.headers_count++] = (struct http_header){ STR("Via"), STR("proxy") };
    assert_true(is_genuine(x, &x->secret));
}

static void any_other_request_is_not_genuine(void **state)
{
    struct exchange *x = *state;
    const struct exchange good = *x;
    const str changed = STR("changed");
    str *parts[] = { &x->request.method, &x->request.path, &x->request.query, &x->request.body,
        &x->headers[0].value, &x->headers[1].value, &x->headers[2].value };
    for (size_t at = 0; at < COUNT_OF(parts); at++) {
        str was = *parts[at];
        *parts[at] = changed;
        assert_false(is_genuine(x, &x->secret));
        *parts[at] = was;
    }
    x->headers[3].value = STR("20150830T123601Z");
    assert_false(is_genuine(x, &x->secret));
    x->headers[3].value = STR("20150831T123600Z");
    assert_false(is_genuine(x, &x->secret));
    x->headers[3].value = good.headers[3].value;
    struct secret other = { NULL, 0 };
    assert_int_equal(secret_set(&other, STR("another-secret")), ERR_OK);
    assert_false(is_genuine(x, &other));
    secret_release(&other);
    assert_true(is_genuine(x, &x->secret));
}

static void a_signed_header_that_is_missing_is_noticed(void **state)
{
    struct exchange *x = *state;
    x->headers[1] = x->headers[4];
    x->request.headers_count = 4;
    assert_false(is_genuine(x, &x->secret));
}

static void malformed_claims_are_no_claims(void **state)
{
    struct exchange *x = *state;
    static const char *const claims[] = {
        "",
        "Bearer x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iam/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=0000000000000000000000000000000000000000000000000000000000000000",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=x-amz-date, "
        "Signature=0000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t at = 0; at < COUNT_OF(claims); at++) {
        struct sigv4_claim claim;
        x->headers[4].value = str_from(claims[at]);
        assert_false(sigv4_claim_read(&x->request, &claim));
    }
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    struct exchange *x = *state;
    struct sigv4_credentials credentials = { STR("AKIAEXAMPLE"), &x->secret, &x->token };
    struct sigv4_options options = { .region = STR("us-east-1"), .service = STR("iam") };
    x->request.headers_count = 2;
    unsigned full = 0;
    for (size_t limit = 1; limit < 4000; limit += 7) {
        struct arena arena = ARENA_INIT(limit);
        struct sigv4_signed got;
        enum err sign = sigv4_sign(&arena, &x->request, &credentials, &options, &got);
        enum err presign = sigv4_presign(&arena, &x->request, &credentials, &options, 60, &got);
        assert_true(sign == ERR_OK || sign == ERR_MEMORY);
        assert_true(presign == ERR_OK || presign == ERR_MEMORY);
        full += sign == ERR_MEMORY;
        arena_release(&arena);
    }
    assert_true(full > 0);
}

static void what_cannot_be_signed_is_refused(void **state)
{
    struct exchange *x = *state;
    struct sigv4_credentials credentials = { STR("AKIAEXAMPLE"), &x->secret, NULL };
    struct sigv4_options options = { .region = STR("r"), .service = STR("s") };
    struct sigv4_signed got;
    char bytes[300];
    memset(bytes, 'x', sizeof(bytes));
    options.at_unix_s = INT64_C(253402300800); /* year 10000 */
    assert_int_equal(sigv4_sign(&x->arena, &x->request, &credentials, &options, &got), ERR_INVALID);
    options.at_unix_s = 0;
    assert_int_equal(secret_set(&x->secret, (str){ bytes, sizeof(bytes) }), ERR_OK);
    assert_int_equal(sigv4_sign(&x->arena, &x->request, &credentials, &options, &got), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vendors_vectors_are_met),
        cmocka_unit_test_setup_teardown(
            what_was_signed_is_genuine, exchange_setup, exchange_teardown),
        cmocka_unit_test_setup_teardown(
            any_other_request_is_not_genuine, exchange_setup, exchange_teardown),
        cmocka_unit_test_setup_teardown(
            a_signed_header_that_is_missing_is_noticed, exchange_setup, exchange_teardown),
        cmocka_unit_test_setup_teardown(
            malformed_claims_are_no_claims, exchange_setup, exchange_teardown),
        cmocka_unit_test_setup_teardown(
            a_full_arena_is_an_error_and_not_a_crash, exchange_setup, exchange_teardown),
        cmocka_unit_test_setup_teardown(
            what_cannot_be_signed_is_refused, exchange_setup, exchange_teardown),
    };
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
