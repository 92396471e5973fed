/* The requests to AWS WAF mean what botocore's mean (golden.h). */
#include "golden.h"

#include "aws/requests_waf.h"

static void ip_sets_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    struct ip_set set = { STR("n"), STR("12345678-1234-1234-1234-123456789012"), STR("REGIONAL"),
        STR("us-east-1") };
    value address = value_text(STR("198.51.100.7/32"));
    assert_golden(state, waf_list_ip_sets(&step, &set, STR("")));
    assert_golden(state, waf_get_ip_set(&step, &set));
    assert_golden(state, waf_update_ip_set(&step, &set, value_list(&address, 1), STR(""), set.id));
}

static void what_botocore_was_not_asked_for_is_in_its_words(void **state)
{
    struct step step = step_of(golden_of(state));
    struct ip_set set = { STR("n"), STR("i"), STR("CLOUDFRONT"), STR("us-east-1") };
    struct request next = waf_list_ip_sets(&step, &set, STR("m"));
    assert_true(str_is(next.body, "{\"Scope\":\"CLOUDFRONT\",\"Limit\":100,\"NextMarker\":\"m\"}"));
    struct request update =
        waf_update_ip_set(&step, &set, value_list(NULL, 0), STR("d \"e\""), STR("t"));
    assert_true(str_is(update.body, "{\"Name\":\"n\",\"Scope\":\"CLOUDFRONT\",\"Id\":\"i\","
                                    "\"Addresses\":[],\"LockToken\":\"t\","
                                    "\"Description\":\"d \\\"e\\\"\"}"));
    assert_true(str_is(update.region, "us-east-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_sets_are_asked_for_as_botocore_asks),
        cmocka_unit_test(what_botocore_was_not_asked_for_is_in_its_words),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
