/* ban_ip and its inverses, told by a scripted AWS. What happens when calls go wrong is tried on the
 * simulated one (test_actions_in_journal). */
#include "script.h"

#include "aws/ban_ip.h"
#include "event.h"

#define IP "203.0.113.9"
#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define OWN(items)                                                                                 \
    ASK("DescribeNetworkInterfaces", "Filter.1.Name=association.public-ip\nFilter.1.Value.1=" IP,  \
        "<DescribeNetworkInterfacesResponse " EC2_XML "><networkInterfaceSet>" items               \
        "</networkInterfaceSet></DescribeNetworkInterfacesResponse>")
#define NOT_OURS OWN("")
#define LISTED                                                                                     \
    ASK("ListIPSets", "\"Scope\":\"REGIONAL\"",                                                    \
        "{\"NextMarker\":\"m\",\"IPSets\":[{\"Name\":\"other\",\"Id\":\"i-0\"}]}"),                \
        ASK("ListIPSets", "\"NextMarker\":\"m\"",                                                  \
            "{\"IPSets\":[{\"Name\":\"block\",\"Id\":\"i-1\",\"ARN\":\"arn:aws:wafv2:x\"}]}")
#define SET(addresses, token)                                                                      \
    "{\"IPSet\":{\"Name\":\"block\",\"Id\":\"i-1\",\"Description\":\"kept\","                      \
    "\"IPAddressVersion\":\"IPV4\",\"Addresses\":[" addresses "]},\"LockToken\":\"" token "\"}"
#define LOOK(addresses, token) ASK("GetIPSet", "\"Id\":\"i-1\"", SET(addresses, token))
#define OTHER "\"192.0.2.1/32\""
#define OURS_TOO OTHER ",\"" IP "/32\""
#define WAF_ERROR(code) "{\"__type\":\"com.amazonaws.wafv2#" code "\",\"message\":\"no\"}"
#define UPDATE(addresses, token)                                                                   \
    CHANGE("UpdateIPSet",                                                                          \
        "\"Addresses\":[" addresses "]\n\"LockToken\":\"" token "\"\n\"Description\":\"kept\"",    \
        "{\"NextLockToken\":\"t\"}")
#define CONFLICT CHANGE_ERROR("UpdateIPSet", "", 400, WAF_ERROR("WAFOptimisticLockException"))

static void ban(struct script *script, const char *ip, const char *via)
{
    script_begin(script, VERB_RESPOND, "ban_ip");
    assert_int_equal(
        value_convert(&script->arena, value_text(str_from(ip)), TYPE_IP, &script->args[BAN_IP]),
        ERR_OK);
    if (via != NULL)
        script_set(script, "via", via);
}

static void ban_by_waf(struct script *script)
{
    ban(script, IP, NULL);
    script_set(script, "ip_set", "block");
}

static void addresses_of_no_single_public_machine_are_never_banned(void **state)
{
    (void)state;
    static const char *const never[] = { "10.1.2.3", "172.16.0.1", "192.168.0.1", "127.0.0.1",
        "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1",
        "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "192.0.0.1", "192.0.0.255",
        "198.18.0.1", "198.19.255.255", "64:ff9b::10.0.0.1", "64:ff9b::198.51.100.7",
        "64:ff9b:1::a00:1", "2002:a00:1::", "2002:c633:6407::1" };
    static const char *const near[] = { "192.0.1.1", "198.17.255.255", "198.20.0.1", "64:ff9c::1",
        "2001:db8::1", "2003::1" };
    for (size_t at = 0; at < COUNT_OF(never); at++) {
        struct script script;
        ban(&script, never[at], "iam");
        if (script_play(&script, NULL, 0) != STEP_FAILED)
            fail_msg("%s: %s", never[at], script.step.reason);
        assert_reason(&script, "so it is never banned");
        script_end(&script);
    }
    for (size_t at = 0; at < COUNT_OF(near); at++) {
        struct ip ip;
        assert_true(ip_parse(str_from(near[at]), &ip));
        assert_null(ban_ip_fault(&ip));
    }
}

static void an_address_of_our_own_is_never_banned(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        OWN("<item><networkInterfaceId>eni-1</networkInterfaceId></item>") };
    struct script script;
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_reason(&script, "is an address of our own, of eni-1");
    script_end(&script);
}

static void it_has_to_be_said_how(void **state)
{
    (void)state;
    struct script script;
    ban(&script, IP, NULL);
    script_set(&script, "instance", "i-0abc"); /* an alert has one anyway: that says nothing */
    assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
    assert_reason(&script, "it is not said how to ban " IP);
    script_end(&script);
}

static const struct exchange banned[] = { WHO, NOT_OURS, LISTED, LOOK(OTHER, "t-1"),
    UPDATE(OURS_TOO, "t-1"), LOOK(OURS_TOO, "t-2") };

static void an_address_joins_what_the_set_holds(void **state)
{
    (void)state;
    struct script script;
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, banned), STEP_DONE);
    assert_reason(&script, IP " is in the IP set block");
    assert_int_equal(script.undos_count, 1);
    assert_string_equal(script.undos[0].builtin, "unban_ip");
    assert_true(str_is(value_str(script.undos[0].args[UNBAN_IP]), IP "/32"));
    bool is_said = false;
    for (const struct fact *fact = script.step.facts; fact != NULL; fact = fact->next)
        is_said |= fact->field == FIELD_SRC_IP && str_is(fact->text, IP);
    assert_true(is_said);
    script_starve(&script, banned, COUNT_OF(banned), STEP_DONE);
    script_end(&script);
}

static void what_is_in_the_set_is_not_added_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS, LISTED,
        LOOK("\"203.0.113.0/24\"", "t-1") };
    struct script script;
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "already: nothing was changed");
    assert_int_equal(script.changes, 0);
    script_end(&script);
}

static void a_set_that_changed_in_between_is_read_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS, LISTED, LOOK(OTHER, "t-1"),
        CONFLICT, LOOK(OTHER ",\"192.0.2.2/32\"", "t-2"),
        UPDATE(OTHER ",\"192.0.2.2/32\",\"" IP "/32\"", "t-2"), LOOK(OURS_TOO, "t-3") };
    static const struct exchange forever[] = { WHO, NOT_OURS, LISTED, LOOK(OTHER, "t"), CONFLICT,
        LOOK(OTHER, "t"), CONFLICT, LOOK(OTHER, "t"), CONFLICT, LOOK(OTHER, "t"), CONFLICT,
        LOOK(OTHER, "t"), CONFLICT, LOOK(OTHER, "t"), CONFLICT };
    struct script script;
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    script_end(&script);
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, forever), STEP_FAILED);
    assert_reason(&script, "WAFOptimisticLockException");
    assert_true(script.waited_ms >= 10000);
    script_end(&script);
}

static void a_set_of_the_other_family_or_of_another_name_is_no_place(void **state)
{
    (void)state;
    static const struct exchange nowhere[] = { WHO, NOT_OURS,
        ASK("ListIPSets", "",
            "{\"IPSets\":[{\"Name\":\"blocks\",\"Id\":\"i-0\"},"
            "{\"Name\":\"\\u001b[2J\",\"Id\":\"i-2\"},"
            "{\"Name\":\"office\",\"Id\":\"i-3\"}]}") };
    static const struct exchange v4[] = { WHO,
        ASK("DescribeNetworkInterfaces", "Filter.1.Name=ipv6-addresses.ipv6-address",
            "<DescribeNetworkInterfacesResponse " EC2_XML "/>"),
        LISTED, LOOK(OTHER, "t-1") };
    struct script script;
    ban_by_waf(&script);
    assert_int_equal(PLAY(&script, nowhere), STEP_UNRESOLVED);
    assert_reason(&script, "there is no IP set block (REGIONAL)");
    assert_reason(&script, "; there is blocks, office");
    script_end(&script);
    ban(&script, "2001:db8::9", "waf");
    script_set(&script, "ip_set", "block");
    assert_int_equal(PLAY(&script, v4), STEP_UNRESOLVED);
    assert_reason(&script, "holds addresses of IPv4");
    script_end(&script);
}

static void a_set_of_cloudfront_is_kept_in_the_first_region(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS,
        ASK("ListIPSets", "\"Scope\":\"CLOUDFRONT\"", "{\"IPSets\":[]}") };
    struct script script;
    ban_by_waf(&script);
    script_set(&script, "scope", "cloudfront");
    script.is_elsewhere = true;
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_non_null(strstr(script.sent[2].ptr, "wafv2:ListIPSets us-east-1 "));
    script_end(&script);
}

static void an_unban_takes_out_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    static const struct exchange since[] = { WHO, LOOK(OURS_TOO ",\"192.0.2.7/32\"", "t-5"),
        UPDATE(OTHER ",\"192.0.2.7/32\"", "t-5"), LOOK(OTHER ",\"192.0.2.7/32\"", "t-6") };
    static const struct exchange gone[] = { WHO, LOOK(OTHER, "t-5") };
    static const struct exchange no_set[] = { WHO,
        ASK_ERROR("GetIPSet", "", 400, WAF_ERROR("WAFNonexistentItemException")) };
    static const struct {
        const struct exchange *exchanges;
        size_t count;
        const char *says;
    } cases[] = { { since, COUNT_OF(since), "is no longer in the IP set block" },
        { gone, COUNT_OF(gone), "nothing to take back" },
        { no_set, COUNT_OF(no_set), "is no longer there: nothing to take back" } };
    struct script done;
    ban_by_waf(&done);
    assert_int_equal(PLAY(&done, banned), STEP_DONE);
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct script script;
        script_begin_undo(&script, &done, 0);
        assert_int_equal(script_play(&script, cases[at].exchanges, cases[at].count), STEP_DONE);
        assert_reason(&script, cases[at].says);
        script_end(&script);
    }
    script_end(&done);
}

/* ---- network ACLs ---- */

#define ENTRY(number, action, egress, cidr)                                                        \
    "<item><ruleNumber>" number "</ruleNumber><protocol>-1</protocol><ruleAction>" action          \
    "</ruleAction><egress>" egress "</egress><cidrBlock>" cidr "</cidrBlock></item>"
#define ACL_XML(entries)                                                                           \
    "<DescribeNetworkAclsResponse " EC2_XML "><networkAclSet><item><networkAclId>acl-1"            \
    "</networkAclId><entrySet>" ENTRY("100", "allow", "false", "0.0.0.0/0")                        \
        ENTRY("100", "allow", "true", "0.0.0.0/0") entries                                         \
        "</entrySet><associationSet><item><subnetId>subnet-1</subnetId></item><item><subnetId>"    \
        "subnet-2</subnetId></item></associationSet></item></networkAclSet>"                       \
        "</DescribeNetworkAclsResponse>"
#define ACL(entries) ASK("DescribeNetworkAcls", "Filter.1.Value.1=acl-1", ACL_XML(entries))
#define IN ENTRY("99", "deny", "false", IP "/32")
#define OUT ENTRY("99", "deny", "true", IP "/32")
#define CREATE(egress, number)                                                                     \
    CHANGE("CreateNetworkAclEntry",                                                                \
        "NetworkAclId=acl-1\nRuleAction=deny\nCidrBlock=" IP "/32\nEgress=" egress                 \
        "\nRuleNumber=" number,                                                                    \
        "<CreateNetworkAclEntryResponse " EC2_XML "><return>true</return>"                         \
        "</CreateNetworkAclEntryResponse>")
#define CREATE_ERROR(code) CHANGE_ERROR("CreateNetworkAclEntry", "", 400, EC2_ERROR(code, "no"))

#define CREATE_LOST CHANGE_WITHOUT("CreateNetworkAclEntry", "", LOST)

static const struct exchange closed[] = { WHO, NOT_OURS, ACL(""), CREATE("false", "99"), ACL(IN),
    ACL(IN), CREATE("true", "99"), ACL(IN OUT) };

static void ban_by_acl(struct script *script)
{
    ban(script, IP, NULL);
    script_set(script, "acl", "acl-1");
}

static void both_directions_are_closed_before_what_allows(void **state)
{
    (void)state;
    struct script script;
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, closed), STEP_DONE);
    assert_reason(&script, "no traffic with " IP " passes acl-1, for all in 2 subnets");
    assert_int_equal(script.undos_count, 2);
    assert_string_equal(script.undos[1].builtin, "delete_acl_entry");
    assert_int_equal(script.undos[1].args[DELETE_ENTRY_NUMBER].integer, 99);
    script_starve(&script, closed, COUNT_OF(closed), STEP_DONE);
    script_end(&script);
}

static void a_number_that_was_taken_meanwhile_is_passed_over(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS, ACL(""),
        CREATE_ERROR("NetworkAclEntryAlreadyExists"),
        ACL(ENTRY("99", "deny", "false", "192.0.2.1/32")), CREATE("false", "98"),
        ACL(ENTRY("98", "deny", "false", IP "/32") OUT),
        ACL(ENTRY("98", "deny", "false", IP "/32") OUT) };
    struct script script;
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_int_equal(script.changes, 2);
    script_end(&script);
}

static void an_entry_of_ours_that_arrived_late_is_no_other_ones(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS, ACL(""), CREATE_LOST, ACL(""),
        ACL(""), ACL(""), CREATE_ERROR("NetworkAclEntryAlreadyExists"), ACL(IN), ACL(IN),
        CREATE_LOST, ACL(IN), ACL(IN), ACL(IN), CREATE_ERROR("NetworkAclEntryAlreadyExists"),
        ACL(IN OUT) };
    static const struct exchange of_another[] = { WHO, NOT_OURS, ACL(OUT),
        CREATE_ERROR("NetworkAclEntryAlreadyExists"), ACL(IN OUT), ACL(IN OUT) };
    struct script script;
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "no traffic with " IP " passes acl-1");
    script_end(&script);
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, of_another), STEP_DONE);
    assert_reason(&script, "was kept out already: nothing was changed");
    script_end(&script);
}

static void what_may_have_been_made_is_not_said_to_have_failed(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, NOT_OURS, ACL(""), CREATE_LOST, ACL(""),
        ACL(""), ACL(""), CREATE_ERROR("UnauthorizedOperation"), ACL(""),
        CREATE_ERROR("UnauthorizedOperation") };
    static const struct exchange denied[] = { WHO, NOT_OURS, ACL(""),
        CREATE_ERROR("UnauthorizedOperation"), ACL(""), CREATE_ERROR("UnauthorizedOperation") };
    struct script script;
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, exchanges), STEP_UNKNOWN);
    assert_reason(&script, "0 of 2 entries keep " IP " out");
    script_end(&script);
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, denied), STEP_FAILED);
    script_end(&script);
}

static void a_direction_without_room_is_told(void **state)
{
    (void)state;
    static const struct exchange half[] = { WHO, NOT_OURS, ACL(""), CREATE("false", "99"), ACL(IN),
        ACL(IN), CREATE_ERROR("NetworkAclEntryLimitExceeded") };
    static const struct exchange none[] = { WHO, NOT_OURS,
        ACL(ENTRY("1", "allow", "false", "203.0.113.0/24")
                ENTRY("1", "allow", "true", "203.0.113.0/24")),
        ACL(ENTRY("1", "allow", "false", "203.0.113.0/24")
                ENTRY("1", "allow", "true", "203.0.113.0/24")) };
    struct script script;
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, half), STEP_PARTIAL);
    assert_reason(&script, "1 of 2 entries keep " IP " out: acl-1 is full (egress");
    script_end(&script);
    ban_by_acl(&script);
    assert_int_equal(PLAY(&script, none), STEP_FAILED);
    assert_reason(&script, "no free number before what allows it (ingress)");
    script_end(&script);
}

static void an_entry_is_deleted_only_as_it_was_made(void **state)
{
    (void)state;
    static const struct exchange as_made[] = { WHO, ACL(IN OUT),
        CHANGE("DeleteNetworkAclEntry", "NetworkAclId=acl-1\nRuleNumber=99\nEgress=true",
            "<DeleteNetworkAclEntryResponse " EC2_XML "/>"),
        ACL(IN) };
    static const struct exchange changed[] = { WHO,
        ACL(ENTRY("99", "deny", "true", "203.0.113.0/24")) };
    static const struct exchange gone[] = { WHO, ACL(IN) };
    struct script done, script;
    ban_by_acl(&done);
    assert_int_equal(PLAY(&done, closed), STEP_DONE);
    script_begin_undo(&script, &done, 1);
    assert_int_equal(PLAY(&script, as_made), STEP_DONE);
    assert_reason(&script, "is deleted");
    script_end(&script);
    script_begin_undo(&script, &done, 1);
    assert_int_equal(PLAY(&script, changed), STEP_FAILED);
    assert_reason(&script, "was changed since by somebody else: it was left alone");
    script_end(&script);
    script_begin_undo(&script, &done, 1);
    assert_int_equal(PLAY(&script, gone), STEP_DONE);
    assert_reason(&script, "nothing to take back");
    script_end(&script);
    script_end(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_no_single_public_machine_are_never_banned),
        cmocka_unit_test(an_address_of_our_own_is_never_banned),
        cmocka_unit_test(it_has_to_be_said_how),
        cmocka_unit_test(an_address_joins_what_the_set_holds),
        cmocka_unit_test(what_is_in_the_set_is_not_added_again),
        cmocka_unit_test(a_set_that_changed_in_between_is_read_again),
        cmocka_unit_test(a_set_of_the_other_family_or_of_another_name_is_no_place),
        cmocka_unit_test(a_set_of_cloudfront_is_kept_in_the_first_region),
        cmocka_unit_test(an_unban_takes_out_what_was_added_and_nothing_else),
        cmocka_unit_test(both_directions_are_closed_before_what_allows),
        cmocka_unit_test(a_number_that_was_taken_meanwhile_is_passed_over),
        cmocka_unit_test(an_entry_of_ours_that_arrived_late_is_no_other_ones),
        cmocka_unit_test(what_may_have_been_made_is_not_said_to_have_failed),
        cmocka_unit_test(a_direction_without_room_is_told),
        cmocka_unit_test(an_entry_is_deleted_only_as_it_was_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
