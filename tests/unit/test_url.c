/* Where a URL leads: what is private goes over TLS, or stays on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "host/url.h"

static void only_names_of_this_machine_are_this_machine(void **state)
{
    (void)state;
    static const char *const ours[] = { "http://127.0.0.1", "http://127.0.0.1:8080/x",
        "http://127.255.0.9/", "http://localhost", "http://localhost:1/?a=b", "http://[::1]:9/",
        "https://[::1]" };
    static const char *const others[] = { "http://127.0.0.1.example.com/", "http://127.evil/",
        "http://localhost.example.com", "http://127.0.0.1@example.com/",
        "http://example.com/127.0.0.1", "http://example.com#127.0.0.1", "http://[::2]/",
        "http://127.0.0.256", "http://127.1", "ftp://127.0.0.1", "http://::1/",
        "http://127.0.0.1\\@example.com", "http://127.0.0.1.", "" };
    for (size_t at = 0; at < COUNT_OF(ours); at++)
        if (!url_is_to_this_machine(str_from(ours[at])))
            fail_msg("%s is not this machine", ours[at]);
    for (size_t at = 0; at < COUNT_OF(others); at++)
        if (url_is_to_this_machine(str_from(others[at])))
            fail_msg("%s is this machine", others[at]);
}

static void what_is_safe_is_https_or_stays_here(void **state)
{
    (void)state;
    static const char *const bad[] = { "http://hooks.example.com/", "https://", "https:///x",
        "https://me:secret@hooks.example.com/", "https://hooks.example.com/a b",
        "https://hooks.example.com\r\nX: y", "https://hooks.example.com\\@evil", "file:///etc" };
    assert_true(url_is_safe(STR("https://hooks.example.com/cdr?x=1")));
    assert_true(url_is_safe(STR("http://127.0.0.1:9000/cdr")));
    for (size_t at = 0; at < COUNT_OF(bad); at++)
        if (url_is_safe(str_from(bad[at])))
            fail_msg("%s is safe", bad[at]);
    assert_true(str_is(url_host(STR("https://hooks.example.com:8443/x")), "hooks.example.com"));
    assert_true(str_is(url_host(STR("https://[2001:db8::1]:8443/x")), "2001:db8::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_of_this_machine_are_this_machine),
        cmocka_unit_test(what_is_safe_is_https_or_stays_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
