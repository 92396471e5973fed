/* find instance: which instance the device of an EDR is, told by a scripted Defender, Falcon and AWS. */
#include "act/locate.h"
#include "find/instance.h"
#include "script.h"

#define MACHINE "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"
#define AGENT "15dbb9d8f06b45fe9f61eb46e829d986"
#define THEIRS "444455556666"

#define MACHINE_REPLY(more)                                                                        \
    "{\"id\":\"" MACHINE "\",\"computerDnsName\":\"web-1.corp.example\","                          \
    "\"lastSeen\":\"2026-01-01T00:00:00.1234567Z\",\"onboardingStatus\":\"Onboarded\"," more "}"
#define ADDRESS "\"ipAddresses\":[{\"ipAddress\":\"10.0.1.15\",\"macAddress\":\"0600AABBCCDD\"}]"
#define ADDRESS_ALONE "\"ipAddresses\":[{\"ipAddress\":\"10.0.1.15\",\"macAddress\":null}]"
#define CARD(ip, mac)                                                                              \
    "<networkInterfaceSet><item><macAddress>" mac "</macAddress><privateIpAddressesSet><item>"     \
    "<privateIpAddress>" ip "</privateIpAddress></item></privateIpAddressesSet></item>"            \
    "</networkInterfaceSet>"
#define NAMED(name) "<tagSet><item><key>Name</key><value>" name "</value></item></tagSet>"
#define LAUNCHED(time) "<launchTime>" time "</launchTime>"
#define NONE "<DescribeInstancesResponse " EC2_XML "><reservationSet/></DescribeInstancesResponse>"
#define BY_ADDRESS "Filter.2.Name=private-ip-address\nFilter.2.Value.1=10.0.1.15"
#define BY_ID "Filter.2.Name=instance-id\nFilter.2.Value.1=i-0abc"
#define SAME                                                                                       \
    INSTANCE_REPLY(OURS, "i-0abc", "running",                                                      \
        LAUNCHED("2025-06-01T00:00:00.000Z") CARD("10.0.1.15", "06:00:aa:bb:cc:dd"))

static void find(struct script *script, const char *source, const char *host)
{
    script_begin(script, VERB_FIND, "instance");
    script->is_elsewhere = true;
    script_set(script, "source", source);
    script_set(script, "host", host);
    script->args[FIND_ACCOUNTS] = value_list(NULL, 0);
    script->args[FIND_REGIONS] = value_list(NULL, 0);
}

static void address_and_mac_are_two_facts(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK("GetMachineById", MACHINE,
                                                     MACHINE_REPLY(ADDRESS)),
        ASK("DescribeInstances", BY_ADDRESS, SAME) };
    struct script script;
    find(&script, "defender", MACHINE);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "arn:aws:ec2:eu-central-1:" OURS ":instance/i-0abc"));
    assert_reason(&script, "MAC, address agree");
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_DONE);
    script_end(&script);
}

static void one_fact_is_not_enough(void **state)
{
    (void)state;
    static const struct {
        const char *device;
        const char *instance;
    } cases[] = {
        /* an address alone, with another name */
        { MACHINE_REPLY(ADDRESS_ALONE),
            INSTANCE_REPLY(OURS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd")) },
        /* address and name, and another MAC */
        { MACHINE_REPLY(ADDRESS), INSTANCE_REPLY(OURS, "i-0abc", "running",
                                      CARD("10.0.1.15", "06:00:aa:bb:cc:00") NAMED("web-1")) },
        /* launched after the EDR saw the device last: another one has the address now */
        { MACHINE_REPLY(ADDRESS),
            INSTANCE_REPLY(OURS, "i-0abc", "running",
                LAUNCHED("2026-01-02T00:00:00.000Z") CARD("10.0.1.15", "06:00:aa:bb:cc:dd")) },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct exchange exchanges[] = { ASK("GetMachineById", MACHINE, cases[at].device),
            ASK("DescribeInstances", BY_ADDRESS, cases[at].instance) };
        struct script script;
        find(&script, "defender", MACHINE);
        assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
        assert_reason(&script, "though some do in one");
        script_end(&script);
    }
}

static void an_id_of_the_agent_is_held_against_what_ec2_shows(void **state)
{
    (void)state;
#define FALCON(account)                                                                            \
    "{\"meta\":{},\"errors\":[],\"resources\":[{\"device_id\":\"" AGENT                            \
    "\",\"hostname\":\"web-1\",\"local_ip\":\"10.0.1.15\",\"service_provider\":\"AWS_EC2_V2\","    \
    "\"service_provider_account_id\":\"" account "\",\"instance_id\":\"i-0abc\"}]}"
    static const struct exchange exchanges[] = { ASK("PostDeviceDetailsV2", AGENT, FALCON(THEIRS)),
        ASK("DescribeInstances", BY_ID,
            INSTANCE_REPLY(THEIRS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd"))),
        ASK("DescribeInstances", BY_ID,
            INSTANCE_REPLY(THEIRS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd"))) };
    static const struct exchange lies[] = { ASK("PostDeviceDetailsV2", AGENT, FALCON(OURS)),
        ASK("DescribeInstances", BY_ID,
            INSTANCE_REPLY(OURS, "i-0abc", "running", CARD("10.0.1.99", "06:00:aa:bb:cc:dd"))),
        ASK("DescribeInstances", BY_ID, NONE) };
    struct script script;
    find(&script, "crowdstrike", AGENT);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "arn:aws:ec2:eu-central-1:" THEIRS ":instance/i-0abc"));
    assert_reason(&script, "id, address agree");
    script_end(&script);
    find(&script, "crowdstrike", AGENT);
    assert_int_equal(PLAY(&script, lies), STEP_UNRESOLVED);
    script_end(&script);
}

static void two_that_agree_are_none(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK("GetMachineById", MACHINE,
                                                     MACHINE_REPLY(ADDRESS_ALONE)),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(
                OURS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd") NAMED("web-1"))),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(THEIRS, "i-0def", "running",
                CARD("10.0.1.15", "06:00:aa:bb:cc:ee") NAMED("WEB-1"))) };
    value regions[] = { value_text(STR("eu-central-1")), value_text(STR("us-east-1")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script.args[FIND_REGIONS] = value_list(regions, 2);
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "2 instances could be the device");
    script_end(&script);
}

static void address_and_name_need_all_places_to_be_seen(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK("GetMachineById", MACHINE,
                                                     MACHINE_REPLY(ADDRESS_ALONE)),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(
                OURS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd") NAMED("web-1"))),
        ASK_ERROR("DescribeInstances", BY_ADDRESS, 403,
            EC2_ERROR("UnauthorizedOperation", "You are not authorized")) };
    value regions[] = { value_text(STR("eu-central-1")), value_text(STR("us-east-1")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script.args[FIND_REGIONS] = value_list(regions, 2);
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "could not be read");
    script_end(&script);
}

static void all_accounts_of_the_organization_are_looked_in(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK("GetMachineById", MACHINE,
                                                     MACHINE_REPLY(ADDRESS)),
        ASK("ListAccounts", "",
            "{\"Accounts\":[{\"Id\":\"" THEIRS "\",\"Status\":\"ACTIVE\"},{\"Id\":\"777788889999\","
            "\"Status\":\"SUSPENDED\"}],\"NextToken\":\"more\"}"),
        ASK("ListAccounts", "more", "{\"Accounts\":[]}"),
        ASK("DescribeInstances", BY_ADDRESS, NONE),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(THEIRS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd"))) };
    value accounts[] = { value_text(STR("organization")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script.args[FIND_ACCOUNTS] = value_list(accounts, 1);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "arn:aws:ec2:eu-central-1:" THEIRS ":instance/i-0abc"));
    script_end(&script);
}

static void what_the_alert_says_is_no_second_fact_of_the_record(void **state)
{
    (void)state;
    /* the record is of another machine than the alert speaks of */
    static const struct exchange exchanges[] = { ASK(
        "GetMachineById", MACHINE, MACHINE_REPLY(ADDRESS_ALONE)) };
    value ips[] = { value_text(STR("10.0.1.66")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script.args[FIND_IPS] = value_list(ips, 1);
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "different names or addresses");
    script_end(&script);
    find(&script, "defender", MACHINE);
    script_set(&script, "name", "rogue");
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    script_end(&script);
}

static void a_name_made_of_the_address_is_no_second_fact(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { REFUSED_BECAUSE("GetMachineById", false,
                                                     "no connection to defender"),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(OURS, "i-0abc", "running",
                "<privateDnsName>ip-10-0-1-15.ec2.internal</privateDnsName>" CARD(
                    "10.0.1.15", "06:00:aa:bb:cc:dd"))) };
    value ips[] = { value_text(STR("10.0.1.15")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script_set(&script, "name", "ip-10-0-1-15");
    script.args[FIND_IPS] = value_list(ips, 1);
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    script_end(&script);
}

static void without_its_edr_the_alert_alone_counts(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { REFUSED_BECAUSE("GetMachineById", false,
                                                     "no connection to defender"),
        ASK("DescribeInstances", BY_ADDRESS,
            INSTANCE_REPLY(OURS, "i-0abc", "running",
                CARD("10.0.1.15", "06:00:aa:bb:cc:dd") NAMED("web-1"))) };
    static const struct exchange nothing[] = { REFUSED_BECAUSE(
        "GetMachineById", false, "no connection to defender") };
    value ips[] = { value_text(STR("10.0.1.15")) };
    struct script script;
    find(&script, "defender", MACHINE);
    script.args[FIND_NAME] = value_text(STR("web-1.corp.example"));
    script.args[FIND_IPS] = value_list(ips, 1);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "address, name agree");
    script_end(&script);
    find(&script, "defender", MACHINE);
    assert_int_equal(PLAY(&script, nothing), STEP_UNRESOLVED);
    assert_reason(&script, "no connection to defender");
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_and_mac_are_two_facts),
        cmocka_unit_test(one_fact_is_not_enough),
        cmocka_unit_test(an_id_of_the_agent_is_held_against_what_ec2_shows),
        cmocka_unit_test(two_that_agree_are_none),
        cmocka_unit_test(address_and_name_need_all_places_to_be_seen),
        cmocka_unit_test(all_accounts_of_the_organization_are_looked_in),
        cmocka_unit_test(what_the_alert_says_is_no_second_fact_of_the_record),
        cmocka_unit_test(a_name_made_of_the_address_is_no_second_fact),
        cmocka_unit_test(without_its_edr_the_alert_alone_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
