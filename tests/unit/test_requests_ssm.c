/* The requests to Systems Manager are equal in meaning to those of AWS's own client (golden.h). */
#include "golden.h"

#include "aws/requests_ssm.h"

#define NO_REGION ((str){ "", 0 })
#define I STR("i-0123456789abcdef0")
#define COMMAND STR("12345678-1234-1234-1234-123456789012")

static void commands_are_asked_about_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, ssm_describe_agent(&step, NO_REGION, I));
    assert_golden(state, ssm_get_invocation(&step, NO_REGION, COMMAND, I));
    assert_golden(state, ssm_cancel_command(&step, NO_REGION, COMMAND, I));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_asked_about_as_botocore_asks),
    };
    return cmocka_run_group_tests_name("requests_ssm", tests, golden_read, golden_release);
}
