/* find host: which device of an EDR an instance is, told by a scripted AWS, Falcon and Defender. */
#include "act/locate.h"
#include "script.h"

#define AGENT "15dbb9d8f06b45fe9f61eb46e829d986"
#define OTHER "15dbb9d8f06b45fe9f61eb46e829d987"
#define MACHINE "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"
#define CARD(ip, mac)                                                                              \
    "<networkInterfaceSet><item><macAddress>" mac "</macAddress><privateIpAddressesSet><item>"     \
    "<privateIpAddress>" ip "</privateIpAddress></item></privateIpAddressesSet></item>"            \
    "</networkInterfaceSet>"
#define INSTANCE                                                                                   \
    ASK("DescribeInstances", "InstanceId.1=i-0abc",                                                \
        INSTANCE_REPLY(OURS, "i-0abc", "running", CARD("10.0.1.15", "06:00:aa:bb:cc:dd")))
#define FALCON(devices) "{\"meta\":{},\"errors\":[],\"resources\":[" devices "]}"
#define DEVICE(id, ip, mac, more)                                                                  \
    "{\"device_id\":\"" id "\",\"hostname\":\"web-1\",\"local_ip\":\"" ip                          \
    "\",\"mac_address\":\"" mac "\"" more "}"
#define CLOUD                                                                                      \
    ",\"service_provider\":\"AWS_EC2_V2\",\"service_provider_account_id\":\"" OURS                 \
    "\",\"instance_id\":\"i-0abc\""

static void find(struct script *script, const char *provider)
{
    script_begin_row(script, builtin_find_of(VERB_FIND, STR("host"), provider));
    script->is_elsewhere = true;
    script_set(script, "instance", "i-0abc");
}

static void falcon_is_asked_by_the_id(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        INSTANCE,
        ASK("CombinedDevicesByFilter", "instance_id",
            FALCON(DEVICE(AGENT, "10.0.1.15", "06-00-aa-bb-cc-dd", CLOUD))),
    };
    struct script script;
    find(&script, "crowdstrike");
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "host/" AGENT));
    assert_reason(&script, "id, MAC, address agree");
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_DONE);
    script_end(&script);
}

static void then_by_its_address_and_one_fact_is_not_enough(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { INSTANCE,
        ASK("CombinedDevicesByFilter", "instance_id", FALCON("")),
        ASK("CombinedDevicesByFilter", "local_ip",
            FALCON(DEVICE(OTHER, "10.0.1.15", "06-00-aa-bb-cc-00", "") "," DEVICE(
                AGENT, "10.0.1.15", "06-00-aa-bb-cc-dd", ""))) };
    static const struct exchange nobody[] = { INSTANCE,
        ASK("CombinedDevicesByFilter", "instance_id", FALCON("")),
        ASK("CombinedDevicesByFilter", "local_ip",
            FALCON(DEVICE(OTHER, "10.0.1.15", "06-00-aa-bb-cc-00", ""))) };
    struct script script;
    find(&script, "crowdstrike");
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "host/" AGENT));
    script_end(&script);
    find(&script, "crowdstrike");
    assert_int_equal(PLAY(&script, nobody), STEP_UNRESOLVED);
    assert_reason(&script, "though some do in one");
    script_end(&script);
}

static void two_devices_of_one_instance_are_none(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        INSTANCE,
        ASK("CombinedDevicesByFilter", "instance_id",
            FALCON(DEVICE(OTHER, "10.0.1.15", "06-00-aa-bb-cc-dd", CLOUD) "," DEVICE(
                AGENT, "10.0.1.15", "06-00-aa-bb-cc-dd", CLOUD))),
    };
    struct script script;
    find(&script, "crowdstrike");
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "2 devices could be instance i-0abc");
    script_end(&script);
}

static void defender_is_asked_by_the_address_and_404_is_nobody(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { INSTANCE,
        ASK("ListMachines", "lastIpAddress",
            "{\"value\":[{\"id\":\"" MACHINE "\",\"computerDnsName\":\"web-1\",\"ipAddresses\":[{"
            "\"ipAddress\":\"10.0.1.15\",\"macAddress\":\"0600AABBCCDD\"}]}]}") };
    static const struct exchange nobody[] = { INSTANCE,
        ASK_ERROR("ListMachines", "lastIpAddress", 404,
            "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"No machines\"}}") };
    struct script script;
    find(&script, "defender");
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.target, "host/" MACHINE));
    script_end(&script);
    find(&script, "defender");
    assert_int_equal(PLAY(&script, nobody), STEP_UNRESOLVED);
    script_end(&script);
}

static void an_instance_that_is_gone_is_no_device(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK_ERROR(
        "DescribeInstances", "InstanceId.1=i-0abc", 400, NO_INSTANCE) };
    struct script script;
    find(&script, "defender");
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "EC2 knows no instance i-0abc");
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(falcon_is_asked_by_the_id),
        cmocka_unit_test(then_by_its_address_and_one_fact_is_not_enough),
        cmocka_unit_test(two_devices_of_one_instance_are_none),
        cmocka_unit_test(defender_is_asked_by_the_address_and_404_is_nobody),
        cmocka_unit_test(an_instance_that_is_gone_is_no_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
