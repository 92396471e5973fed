/* Method, address and headers of each protocol, and targets that want to be elsewhere. */
#include "golden.h"

#include "aws/wire.h"

#define LAMBDA "arn:aws:lambda:eu-west-1:111122223333:function:isolate:3"

struct made {
    struct arena arena;
    struct wire wire;
    const char *reason;
    enum err err;
};

/* `request` for `region`; `url` in place of the service's address, or NULL. */
static struct made make(struct request request, const char *region, const char *url)
{
    struct made made = { .arena = ARENA_INIT(1 << 20) };
    enum aws_service service = aws_service_find(request.service);
    struct aws_endpoints endpoints = { .is_fips = false };
    struct aws_endpoint endpoint;
    assert_true(service < AWS_SERVICE_COUNT);
    endpoints.urls[service] = url;
    assert_int_equal(aws_endpoint_make(&endpoints, service, str_from(region), &made.arena,
                         &endpoint, &made.reason),
        ERR_OK);
    made.err = wire_make(&request, &endpoint, &made.arena, &made.wire, &made.reason);
    return made;
}

/* The text of header `name`, or NULL. */
static const char *header_of(struct made *made, const char *name)
{
    for (uint32_t at = 0; at < made->wire.headers_count; at++)
        if (made->wire.headers[at].name.len == strlen(name)
            && strncasecmp(made->wire.headers[at].name.ptr, name, strlen(name)) == 0)
            return arena_copy(&made->arena, made->wire.headers[at].value).ptr;
    return NULL;
}

static void assert_header(struct made *made, const char *name, const char *want)
{
    const char *got = header_of(made, name);
    if (want == NULL)
        assert_null(got);
    else
        assert_string_equal(got == NULL ? "(none)" : got, want);
}

static struct request rest(const char *service, const char *operation, const char *target)
{
    return (struct request){
        .service = service, .operation = operation, .target = str_from(target), .body = { "", 0 }
    };
}

static void assert_url(struct request request, const char *url, const char *want)
{
    struct made made = make(request, "eu-west-1", url);
    if (made.err != ERR_OK)
        fail_msg("%.*s: %s", STR_ARG(request.target), made.reason);
    assert_string_equal(made.wire.url, want);
    /* What is signed is what is sent. */
    const char *path = strchr(strstr(want, "//") + 2, '/');
    size_t end = strcspn(path, "?");
    assert_true(str_equal(made.wire.request.path, (str){ path, end }));
    arena_release(&made.arena);
}

static void assert_refused(struct request request, const char *words)
{
    struct made made = make(request, "eu-west-1", NULL);
    assert_int_equal(made.err, ERR_INVALID);
    if (strstr(made.reason, words) == NULL)
        fail_msg("'%s' is not in: %s", words, made.reason);
    arena_release(&made.arena);
}

/* --- as the vendor's client sends --- */

static const char *said(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

/* Form and JSON: all but the body, which the tests of requests compare. */
static void assert_same_post(const json_t *line)
{
    const json_t *headers = json_object_get(line, "headers");
    struct request request = { .service = said(line, "service"),
        .operation = said(line, "op"),
        .body = str_from(said(line, "body")) };
    struct made made = make(request, "us-east-1", NULL);
    assert_int_equal(made.err, ERR_OK);
    assert_string_equal(made.wire.url, said(line, "url"));
    assert_string_equal(made.wire.request.method.ptr, said(line, "method"));
    assert_header(&made, "Content-Type", said(headers, "Content-Type"));
    assert_header(&made, "X-Amz-Target", said(headers, "X-Amz-Target"));
    assert_true(str_equal(made.wire.request.body, request.body));
    arena_release(&made.arena);
}

static void posts_have_the_address_and_headers_of_the_vendors_client(void **state)
{
    const struct golden *golden = *state;
    unsigned compared = 0;
    for (size_t at = 0; at < golden->count; at++) {
        const json_t *line = golden->lines[at];
        enum aws_service service = aws_service_find(said(line, "service"));
        if (service == AWS_SERVICE_COUNT
            || aws_service_info(service)->protocol == AWS_PROTOCOL_REST)
            continue;
        assert_same_post(line);
        compared++;
    }
    assert_true(golden->count == 0 || compared > 60);
}

static void an_object_is_put_where_the_vendors_client_puts_it(void **state)
{
    const struct golden *golden = *state;
    for (size_t at = 0; at < golden->count; at++) {
        const json_t *line = golden->lines[at];
        if (strcmp(said(line, "op"), "PutObject") != 0)
            continue;
        const json_t *params = json_object_get(line, "params");
        char target[128], want[256];
        snprintf(target, sizeof(target), "%s/%s", said(params, "Bucket"), said(params, "Key"));
        /* Its host is the old one of us-east-1; ours says the region. */
        const char *path = strchr(said(line, "url") + 8, '/');
        snprintf(want, sizeof(want), "https://bkt.s3.eu-west-1.amazonaws.com%s", path);
        struct request request = rest("s3", "PutObject", target);
        request.body = STR("{}");
        assert_url(request, NULL, want);
        struct made made = make(request, "eu-west-1", NULL);
        assert_string_equal(made.wire.request.method.ptr, said(line, "method"));
        assert_header(&made, "If-None-Match", "*");
        assert_header(&made, "Content-Type", "application/json");
        assert_true(made.wire.is_s3);
        arena_release(&made.arena);
    }
}

/* --- objects --- */

static void a_bucket_is_in_the_host_unless_its_name_has_a_dot(void **state)
{
    (void)state;
    static const struct {
        const char *target, *url, *want;
    } put[] = {
        { "bkt/k", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/k" },
        { "my.bkt/k", NULL, "https://s3.eu-west-1.amazonaws.com/my.bkt/k" },
        { "Old_Bucket/k", NULL, "https://s3.eu-west-1.amazonaws.com/Old_Bucket/k" },
        { "bkt/k", "http://127.0.0.1:5000", "http://127.0.0.1:5000/bkt/k" },
        { "bkt/k", "https://vpce.example/base", "https://vpce.example/base/bkt/k" },
        { "bkt/a b/c+d", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd" },
        { "bkt/a?b=c&d#e", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/a%3Fb%3Dc%26d%23e" },
        { "bkt/a%2e", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/a%252e" },
        { "bkt/a//b\\c\r\nX: y", NULL,
            "https://bkt.s3.eu-west-1.amazonaws.com/a//b%5Cc%0D%0AX%3A%20y" },
        { "bkt/\xc3\xa9", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/%C3%A9" },
        { "b@evil.example/k", NULL, "https://s3.eu-west-1.amazonaws.com/b%40evil.example/k" },
        { "bkt/..a/b..", NULL, "https://bkt.s3.eu-west-1.amazonaws.com/..a/b.." },
    };
    for (size_t at = 0; at < COUNT_OF(put); at++)
        assert_url(rest("s3", "PutObject", put[at].target), put[at].url, put[at].want);
}

static void a_list_of_objects_has_its_query(void **state)
{
    (void)state;
    struct request request = rest("s3", "ListObjectsV2", "my.bkt");
    request.body = STR("list-type=2&prefix=a%2Fb");
    struct made made = make(request, "eu-west-1", NULL);
    assert_int_equal(made.err, ERR_OK);
    assert_string_equal(
        made.wire.url, "https://s3.eu-west-1.amazonaws.com/my.bkt?list-type=2&prefix=a%2Fb");
    assert_string_equal(made.wire.request.method.ptr, "GET");
    assert_true(str_is(made.wire.request.query, "list-type=2&prefix=a%2Fb"));
    assert_int_equal(made.wire.request.body.len, 0);
    arena_release(&made.arena);
    assert_url(rest("s3", "ListObjectsV2", "bkt"), NULL, "https://bkt.s3.eu-west-1.amazonaws.com/");
}

static void nothing_leads_to_another_bucket(void **state)
{
    (void)state;
    static const char *const targets[] = { "bkt/../x", "my.bkt/../other/x", "bkt/a/..", "bkt/./a",
        "../x", "bkt/a/../../b" };
    for (size_t at = 0; at < COUNT_OF(targets); at++)
        assert_refused(rest("s3", "PutObject", targets[at]), "is . or ..");
    assert_refused(rest("s3", "PutObject", ""), "is no bucket");
    assert_refused(rest("s3", "PutObject", ".hidden/x"), "is no bucket");
    assert_refused(rest("s3", "PutObject", "/x"), "is no bucket");
    assert_refused(rest("s3", "DeleteBucket", "bkt"), "no operation 'DeleteBucket'");
}

/* --- functions and gateways --- */

static void a_function_is_one_segment(void **state)
{
    (void)state;
    assert_url(rest("lambda", "Invoke", LAMBDA), NULL,
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/"
        "arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Aisolate%3A3/invocations");
    assert_url(rest("lambda", "Invoke", "a/b?c"), NULL,
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/a%2Fb%3Fc/invocations");
    assert_refused(rest("lambda", "Invoke", ".."), "is . or ..");
}

static void a_gateway_is_called_at_its_own_address_alone(void **state)
{
    (void)state;
    static const char *const elsewhere[] = { "https://evil.example/prod/x",
        "https://abc.execute-api.eu-west-1.amazonaws.com.evil.example/x",
        "https://abc.execute-api.us-east-1.amazonaws.com/x",
        "http://abc.execute-api.eu-west-1.amazonaws.com/x",
        "https://.execute-api.eu-west-1.amazonaws.com/x",
        "https://execute-api.eu-west-1.amazonaws.com/x",
        "https://u@abc.execute-api.eu-west-1.amazonaws.com/x",
        "https://abc.execute-api.eu-west-1.amazonaws.com:8443/x",
        "https://abc.execute-api.eu-west-1.amazonaws.com/x?a=b",
        "https://abc.execute-api.eu-west-1.amazonaws.com/x#a",
        "https://abc.execute-api.eu-west-1.amazonaws.com/a%2fb", "" };
    for (size_t at = 0; at < COUNT_OF(elsewhere); at++)
        assert_refused(rest("execute-api", "Invoke", elsewhere[at]), "is no address like");
    assert_url(
        rest("execute-api", "Invoke", "https://abc.execute-api.eu-west-1.amazonaws.com/prod/a b"),
        NULL, "https://abc.execute-api.eu-west-1.amazonaws.com/prod/a%20b");
    assert_url(rest("execute-api", "Invoke", "https://abc.execute-api.eu-west-1.amazonaws.com"),
        NULL, "https://abc.execute-api.eu-west-1.amazonaws.com/");
}

static void guardduty_has_the_paths_of_the_vendors_client(void **state)
{
    (void)state;
    struct request request = { .service = "guardduty",
        .operation = "ListDetectors",
        .target = STR(""),
        .body = STR("maxResults=50") };
    assert_url(request, NULL, "https://guardduty.eu-west-1.amazonaws.com/detector?maxResults=50");
    request = (struct request){
        .service = "guardduty", .operation = "ListFindings", .target = STR("d1"), .body = STR("{}")
    };
    assert_url(request, NULL, "https://guardduty.eu-west-1.amazonaws.com/detector/d1/findings");
    request.operation = "GetFindings";
    assert_url(request, NULL, "https://guardduty.eu-west-1.amazonaws.com/detector/d1/findings/get");
    request.target = STR("..");
    assert_refused(request, "..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_have_the_address_and_headers_of_the_vendors_client),
        cmocka_unit_test(an_object_is_put_where_the_vendors_client_puts_it),
        cmocka_unit_test(a_bucket_is_in_the_host_unless_its_name_has_a_dot),
        cmocka_unit_test(a_list_of_objects_has_its_query),
        cmocka_unit_test(nothing_leads_to_another_bucket),
        cmocka_unit_test(a_function_is_one_segment),
        cmocka_unit_test(a_gateway_is_called_at_its_own_address_alone),
        cmocka_unit_test(guardduty_has_the_paths_of_the_vendors_client),
    };
    return cmocka_run_group_tests_name("wire", tests, golden_read, golden_release);
}
