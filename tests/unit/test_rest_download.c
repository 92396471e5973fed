/* Addresses that a provider hands out: they are asked where it keeps results, and nowhere else. */
#include "rest/download.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#define STORE "https://store1.blob.core.windows.net/results/a?sv=1&sig=x%2By"
#define SANDBOX STR("http://127.0.0.1:8470/_microsoft")

/* Where `url` would be fetched from; "": it is not. */
static const char *goes(struct arena *arena, const char *url, str base)
{
    struct step step = { .arena = arena, .key = STR("k") };
    struct request request = rest_download(&step, REST_DOWNLOAD_MDE, STR("host/a"), str_from(url));
    struct rest_request read;
    if (request.body.ptr == NULL)
        return "";
    assert_true(rest_read(request.body, &read));
    assert_true(str_is(read.method, "GET"));
    str where = rest_download_url(arena, request.service, &read, base);
    return where.ptr == NULL ? "" : where.ptr;
}

static void a_result_is_fetched_from_where_it_is_kept(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1024 * 1024);
    assert_string_equal(goes(&arena, STORE, STR("")), STORE);
    assert_string_equal(goes(&arena, "http://127.0.0.1:8470/_microsoft/storage/1/0", SANDBOX),
        "http://127.0.0.1:8470/_microsoft/storage/1/0");
    assert_string_equal(goes(&arena, "http://store1.blob.core.windows.net/a", STR("")),
        "https://store1.blob.core.windows.net/a");
}

static void nothing_is_fetched_from_anywhere_else(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://evil.example/a",
        "https://blob.core.windows.net.evil.example/a",
        "https://evil.example/.blob.core.windows.net",
        "https://evil.example?x=.blob.core.windows.net/",
        "https://user@store1.blob.core.windows.net/a",
        "https://evil.example#.blob.core.windows.net/a",
        "https://evil.example\\.blob.core.windows.net/a",
        "https://store1.blob.core.windows.net/a b",
        "https://store1.blob.core.windows.net/a\nHost: evil.example",
        "https://.blob.core.windows.net.",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:8471/_microsoft/storage",
        "file:///etc/shadow",
        "//store1.blob.core.windows.net/a",
        "",
    };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1024 * 1024);
    for (size_t at = 0; at < COUNT_OF(urls); at++) {
        assert_string_equal(goes(&arena, urls[at], STR("")), "");
        assert_string_equal(goes(&arena, urls[at], SANDBOX), "");
    }
    struct step step = { .arena = &arena, .key = STR("k") };
    struct request request = rest_download(&step, "graph", STR("x"), STR(STORE));
    struct rest_request read;
    assert_true(rest_read(request.body, &read));
    assert_null(rest_download_url(&arena, "graph", &read, STR("")).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_fetched_from_where_it_is_kept),
        cmocka_unit_test(nothing_is_fetched_from_anywhere_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
