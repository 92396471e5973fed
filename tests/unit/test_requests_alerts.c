/* The requests that alerts are fetched with are equal in meaning to those of AWS's own client
 * (golden.h). */
#include "golden.h"

#include "aws/requests_alerts.h"

#define NO_REGION ((str){ "", 0 })
#define QUEUE STR("https://sqs.us-east-1.amazonaws.com/111122223333/q")

static void findings_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    const str ids[] = { STR("f1"), STR("f2") };
    assert_golden(state, guardduty_get_findings(&step, NO_REGION, STR("d1"), ids, 2));
    /* Another time, conditions that the recorded request does not use, and a page. */
    assert_golden_keys(
        state, guardduty_list_findings(&step, NO_REGION, STR("d1"), 1700000000000, 0, STR("")), "");
    struct request request =
        guardduty_list_findings(&step, NO_REGION, STR("d1"), 5, 9, STR("more"));
    assert_string_equal(request.target.ptr, "d1");
    assert_string_equal(request.body.ptr,
        "{\"findingCriteria\":{\"criterion\":{\"updatedAt\":{\"greaterThanOrEqual\":5,"
        "\"lessThan\":9},\"service.archived\":{\"equals\":[\"false\"]}}},\"sortCriteria\":"
        "{\"attributeName\":\"updatedAt\",\"orderBy\":\"ASC\"},\"maxResults\":50,\"nextToken\":"
        "\"more\"}");
    assert_string_equal(
        guardduty_list_detectors(&step, NO_REGION, STR("")).body.ptr, "maxResults=50");
    assert_string_equal(guardduty_list_detectors(&step, NO_REGION, STR("a+b")).body.ptr,
        "maxResults=50&nextToken=a%2Bb");
}

static void queues_are_asked_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    const str receipts[] = { STR("a"), STR("b") };
    struct request request = sqs_receive(&step, NO_REGION, QUEUE, 10, 20);
    assert_golden_keys(state, request, "");
    assert_true(request.answer_ms > 20 * 1000); /* longer than the queue may wait */
    assert_golden_keys(state, sqs_delete(&step, NO_REGION, QUEUE, receipts, 2), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_asked_for_as_botocore_asks),
        cmocka_unit_test(queues_are_asked_as_botocore_asks),
    };
    return cmocka_run_group_tests_name("requests_alerts", tests, golden_read, golden_release);
}
