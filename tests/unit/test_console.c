/* Permissions of CrowdStrike and Microsoft as their consoles show them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/console.h"
#include "registry.h"

#include <string.h>

static size_t look_at(const struct builtin *row)
{
    struct console_name name;
    const char *const *const lists[] = { row->permissions.apply, row->permissions.undo };
    size_t count = 0;
    if (row->provider == NULL || !console_has(str_from(row->provider)))
        return 0;
    for (size_t list = 0; list < COUNT_OF(lists); list++)
        for (size_t at = 0; at < BUILTIN_PERMISSIONS_MAX && lists[list][at] != NULL; at++, count++)
            if (!console_find(str_from(row->provider), lists[list][at], &name))
                fail_msg("%s %s: %s", row->provider, row->name, lists[list][at]);
    return count;
}

static void every_permission_of_a_row_has_a_name_in_its_console(void **state)
{
    (void)state;
    const struct builtin *row;
    size_t count = 0;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++) {
        count += row->ways == NULL ? look_at(row) : 0;
        for (size_t way = 0; row->ways != NULL && row->ways[way] != NULL; way++)
            count += look_at(row->ways[way]);
    }
    assert_true(count > 40);
}

static void a_scope_is_a_line_and_what_is_ticked_beside_it(void **state)
{
    (void)state;
    struct console_name name;
    assert_true(console_find(STR("crowdstrike"), "real-time-response-admin:write", &name));
    assert_string_equal(name.group, "Real time response (admin)");
    assert_string_equal(name.access, "Write");
    assert_false(console_find(STR("crowdstrike"), "hosts:admin", &name));
    assert_false(console_find(STR("crowdstrike"), "hosts", &name));
    assert_false(console_find(STR("crowdstrike"), "Machine.Isolate", &name));
    assert_false(console_find(STR("aws"), "ec2:StopInstances", &name));
}

static void an_app_role_is_of_one_of_two_apis(void **state)
{
    (void)state;
    struct console_name name;
    assert_true(console_find(STR("defender"), "Alert.ReadWrite.All", &name));
    assert_string_equal(name.group, "WindowsDefenderATP");
    assert_true(console_find(STR("defender"), "SecurityAlert.ReadWrite.All", &name));
    assert_string_equal(name.group, "Microsoft Graph");
    assert_string_equal(name.access, "SecurityAlert.ReadWrite.All");
    assert_false(console_find(STR("defender"), "hosts:read", &name));
}

static void who_may_write_with_a_role_may_read(void **state)
{
    (void)state;
    str defender = STR("defender");
    assert_true(console_covers(defender, "Alert.ReadWrite.All", "Alert.Read.All"));
    assert_true(console_covers(defender, "Alert.Read.All", "Alert.Read.All"));
    assert_false(console_covers(defender, "Alert.Read.All", "Alert.ReadWrite.All"));
    assert_false(console_covers(defender, "SecurityAlert.ReadWrite.All", "Alert.Read.All"));
    assert_false(console_covers(STR("crowdstrike"), "hosts:write", "hosts:read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_permission_of_a_row_has_a_name_in_its_console),
        cmocka_unit_test(a_scope_is_a_line_and_what_is_ticked_beside_it),
        cmocka_unit_test(an_app_role_is_of_one_of_two_apis),
        cmocka_unit_test(who_may_write_with_a_role_may_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
