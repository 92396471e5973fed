/* The requests of the steps on IAM are equal in meaning to those of AWS's own client. */
#include "golden.h"

#include "aws/requests_iam.h"

/* What botocore writes for other operations of IAM than the one that is looked at. */
#define ELSEWHERE "Action Version UserName RoleName PolicyName PolicyArn AccessKeyId"

static void users_and_keys_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, iam_list_access_keys(&step, STR("u"), STR("")));
    assert_golden(
        state, iam_update_access_key(&step, STR("u"), STR("AKIAIOSFODNN7EXAMPLE"), "Inactive"));
    assert_golden_keys(state, iam_get_user(&step, STR("u")), ELSEWHERE);
    assert_golden_keys(
        state, iam_get_access_key_last_used(&step, STR("AKIAIOSFODNN7EXAMPLE")), ELSEWHERE);
}

static void inline_policies_are_put_as_botocore_puts_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, iam_put_inline_policy(&step, true, STR("u"), "DenyAll", STR("{}")));
    assert_golden(state, iam_delete_inline_policy(&step, true, STR("u"), "DenyAll"));
    assert_golden_keys(state, iam_get_inline_policy(&step, true, STR("u"), "DenyAll"), ELSEWHERE);
    assert_golden(state, iam_get_inline_policy(&step, false, STR("r"), "DenyAll"));
    assert_golden(state, iam_delete_inline_policy(&step, false, STR("r"), "DenyAll"));
    assert_golden(state, iam_list_role_policies(&step, STR("r"), STR("")));
}

/* botocore's example attaches to a user; a role takes the same member. */
static void policies_are_attached_as_botocore_attaches_them(void **state)
{
    struct step step = step_of(golden_of(state));
    str arn = STR("arn:aws:iam::aws:policy/AWSDenyAll");
    assert_golden_keys(state, iam_attach_role_policy(&step, STR("r"), arn), ELSEWHERE);
    assert_golden_keys(state, iam_detach_role_policy(&step, STR("r"), arn), ELSEWHERE);
    assert_golden_keys(state, iam_get_policy(&step, arn), ELSEWHERE);
    assert_golden_keys(state, iam_list_attached_role_policies(&step, STR("r"), STR("")), ELSEWHERE);
    assert_golden_keys(state, iam_delete_role_boundary(&step, STR("r")), ELSEWHERE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_and_keys_are_asked_for_as_botocore_asks),
        cmocka_unit_test(inline_policies_are_put_as_botocore_puts_them),
        cmocka_unit_test(policies_are_attached_as_botocore_attaches_them),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
