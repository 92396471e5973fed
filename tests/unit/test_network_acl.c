/* What the entries of an ACL say, where another one goes, and how it is asked for. */
#include "golden.h"

#include "aws/network_acl.h"
#include "aws/requests_acl.h"

#define NO_REGION ((str){ "", 0 })
#define ENTRY(number, action, egress, protocol, cidr)                                              \
    "<item><ruleNumber>" #number "</ruleNumber><protocol>" protocol                                \
    "</protocol><ruleAction>" action "</ruleAction><egress>" egress "</egress><cidrBlock>" cidr    \
    "</cidrBlock></item>"
#define ENTRY_V6(number, action, egress, cidr)                                                     \
    "<item><ruleNumber>" #number "</ruleNumber><protocol>-1</protocol><ruleAction>" action         \
    "</ruleAction><egress>" egress "</egress><ipv6CidrBlock>" cidr "</ipv6CidrBlock></item>"
/* clang-format off: string literals side by side, one a line */
#define DEFAULTS                                                                                   \
    ENTRY(100, "allow", "false", "-1", "0.0.0.0/0")                                                \
    ENTRY(100, "allow", "true", "-1", "0.0.0.0/0")                                                 \
    ENTRY_V6(101, "allow", "false", "::/0")                                                        \
    ENTRY_V6(101, "allow", "true", "::/0")                                                         \
    ENTRY(32767, "deny", "false", "-1", "0.0.0.0/0")                                               \
    ENTRY(32767, "deny", "true", "-1", "0.0.0.0/0")                                                \
    ENTRY_V6(32768, "deny", "false", "::/0")
/* clang-format on */

static const struct xml *acl_of(struct golden *golden, const char *entries)
{
    const struct xml *root = NULL;
    const char *text = arena_format(&golden->arena, "<acl><entrySet>%s</entrySet></acl>", entries);
    assert_int_equal(xml_parse(&golden->arena, str_from(text), &root), ERR_OK);
    return root;
}

static struct ip network_of(const char *text)
{
    struct ip ip;
    assert_true(cidr_parse(str_from(text), &ip));
    return ip;
}

static void an_address_is_written_with_its_length(void **state)
{
    struct golden *golden = *state;
    static const char *const pairs[][2] = { { "198.51.100.7", "198.51.100.7/32" },
        { "2001:DB8::1", "2001:db8::1/128" }, { "198.51.100.0/24", "198.51.100.0/24" },
        { "0.0.0.0/0", "0.0.0.0/0" } };
    for (size_t at = 0; at < COUNT_OF(pairs); at++) {
        struct ip ip = network_of(pairs[at][0]);
        assert_string_equal(acl_cidr(&golden->arena, &ip).ptr, pairs[at][1]);
    }
}

static void a_new_entry_goes_right_before_the_allows(void **state)
{
    struct golden *golden = *state;
    struct ip ip = network_of("198.51.100.7"), v6 = network_of("2001:db8::1");
    const struct xml *acl = acl_of(golden, DEFAULTS);
    assert_int_equal(acl_number_free(acl, false, &ip, 0), 99);
    assert_int_equal(acl_number_free(acl, true, &ip, 0), 99);
    assert_int_equal(acl_number_free(acl, false, &ip, 99), 98);
    /* 100 is taken by an entry that does not concern it */
    assert_int_equal(acl_number_free(acl, false, &v6, 0), 99);
    acl = acl_of(golden, DEFAULTS ENTRY(99, "deny", "false", "-1", "203.0.113.9/32"));
    assert_int_equal(acl_number_free(acl, false, &ip, 0), 98);
    assert_int_equal(acl_number_free(acl, true, &ip, 0), 99);
    assert_int_equal(acl_number_free(acl_of(golden, ""), false, &ip, 0), ACL_NUMBER_MAX);
}

static void only_allows_that_concern_the_address_stand_in_front(void **state)
{
    struct golden *golden = *state;
    struct ip ip = network_of("198.51.100.7"), wide = network_of("198.51.0.0/16");
    const struct xml *acl = acl_of(golden, DEFAULTS ENTRY(1, "allow", "false", "6", "10.0.0.0/8"));
    assert_int_equal(acl_number_free(acl, false, &ip, 0), 99);
    acl = acl_of(golden, DEFAULTS ENTRY(10, "allow", "false", "6", "198.51.100.0/24"));
    assert_int_equal(acl_number_free(acl, false, &ip, 0), 9);
    assert_int_equal(acl_number_free(acl, false, &wide, 0), 9);
    acl = acl_of(golden, ENTRY(1, "allow", "false", "6", "198.51.100.0/24"));
    assert_int_equal(acl_number_free(acl, false, &ip, 0), 0);
}

static void an_entry_that_cannot_be_read_leaves_no_room(void **state)
{
    struct golden *golden = *state;
    struct ip ip = network_of("198.51.100.7");
    static const char *const strange[] = {
        ENTRY(50, "allow", "false", "-1", "somewhere"),
        ENTRY(50, "maybe", "false", "-1", "0.0.0.0/0"),
        ENTRY(50, "allow", "perhaps", "-1", "0.0.0.0/0"),
        ENTRY(x, "allow", "false", "-1", "0.0.0.0/0"),
        ENTRY(70000, "allow", "false", "-1", "0.0.0.0/0"),
    };
    for (size_t at = 0; at < COUNT_OF(strange); at++) {
        const char *entries = arena_format(&golden->arena, DEFAULTS "%s", strange[at]);
        const struct xml *acl = acl_of(golden, entries);
        assert_int_equal(acl_number_free(acl, false, &ip, 0), 0);
        assert_int_equal(acl_deny_find(acl, false, &ip), 0);
    }
}

static void what_is_denied_already_is_found(void **state)
{
    struct golden *golden = *state;
    struct ip ip = network_of("198.51.100.7"), wide = network_of("198.51.0.0/16");
    const struct xml *acl =
        acl_of(golden, DEFAULTS ENTRY(7, "deny", "false", "-1", "198.51.100.0/24"));
    assert_int_equal(acl_deny_find(acl, false, &ip), 7);
    assert_int_equal(acl_deny_find(acl, true, &ip), 0);
    assert_int_equal(acl_deny_find(acl, false, &wide), 0);
    acl = acl_of(golden, DEFAULTS ENTRY(7, "deny", "false", "6", "198.51.100.7/32"));
    assert_int_equal(acl_deny_find(acl, false, &ip), 0); /* TCP alone */
    acl = acl_of(golden, DEFAULTS ENTRY(107, "deny", "false", "-1", "198.51.100.7/32"));
    assert_int_equal(acl_deny_find(acl, false, &ip), 0); /* after what allows it */
    assert_int_equal(acl_deny_find(acl_of(golden, DEFAULTS), false, &ip), 0);
}

static void ours_is_known_by_number_and_meaning(void **state)
{
    struct golden *golden = *state;
    struct ip ip = network_of("198.51.100.7"), other = network_of("198.51.100.8");
    struct ip wide = network_of("198.51.100.0/24");
    struct acl_entry entry;
    const struct xml *acl =
        acl_of(golden, DEFAULTS ENTRY(99, "deny", "false", "-1", "198.51.100.7/32")
                           ENTRY(98, "deny", "false", "17", "198.51.100.7/32"));
    assert_true(acl_entry_at(acl, 99, false, &entry));
    assert_true(acl_entry_denies(&entry, &ip));
    assert_false(acl_entry_denies(&entry, &other));
    assert_false(acl_entry_denies(&entry, &wide));
    assert_true(acl_entry_at(acl, 98, false, &entry));
    assert_false(acl_entry_denies(&entry, &ip));
    assert_true(acl_entry_at(acl, 100, false, &entry));
    assert_false(acl_entry_denies(&entry, &ip));
    assert_false(acl_entry_at(acl, 99, true, &entry));
}

static void acls_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    str none = { "", 0 };
    assert_golden(
        state, ec2_describe_acls(&step, NO_REGION, "association.subnet-id", STR("subnet-1"), none));
    assert_golden_keys(state,
        ec2_describe_acls(&step, NO_REGION, "network-acl-id", STR("acl-1"), STR("tok")),
        "NextToken");
    assert_golden(state,
        ec2_create_acl_deny(&step, NO_REGION, STR("acl-1"), 50, false, STR("198.51.100.7/32")));
    struct request v6 =
        ec2_create_acl_deny(&step, NO_REGION, STR("acl-1"), 7, true, STR("2001:db8::1/128"));
    assert_non_null(memmem(v6.body.ptr, v6.body.len, "&Ipv6CidrBlock=2001%3Adb8%3A%3A1%2F128", 38));
    assert_golden(state, ec2_delete_acl_entry(&step, NO_REGION, STR("acl-1"), 50, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_with_its_length),
        cmocka_unit_test(a_new_entry_goes_right_before_the_allows),
        cmocka_unit_test(only_allows_that_concern_the_address_stand_in_front),
        cmocka_unit_test(an_entry_that_cannot_be_read_leaves_no_room),
        cmocka_unit_test(what_is_denied_already_is_found),
        cmocka_unit_test(ours_is_known_by_number_and_meaning),
        cmocka_unit_test(acls_are_asked_for_as_botocore_asks),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
