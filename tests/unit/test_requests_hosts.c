/* What lists instances asks as AWS's own client does (golden.h). */
#include "golden.h"

#include "aws/requests_hosts.h"
#include "aws/role.h"

static void instances_are_listed_as_botocore_lists_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden_keys(state, ec2_describe_hosts(&step, STR("us-east-1"), STR("tok")),
        "Filter.N.Name Filter.N.Value.N MaxResults NextToken");
    assert_golden(state, ec2_describe_regions(&step));
}

/* No golden request is of Organizations. Source: its API reference, ListAccounts. */
static void accounts_are_listed_page_by_page(void **state)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct step step = { .arena = &arena };
    (void)state;
    struct request first = organizations_list_accounts(&step, STR("us-east-1"), STR(""));
    assert_true(str_is(first.body, "{}"));
    assert_true(str_is(first.region, "us-east-1"));
    struct request next = organizations_list_accounts(&step, STR("us-east-1"), STR("a\"b"));
    assert_true(str_is(next.body, "{\"NextToken\":\"a\\\"b\"}"));
    arena_release(&arena);
}

static void a_role_is_taken_as_botocore_takes_it(void **state)
{
    struct golden *golden = golden_of(state);
    struct aws_role role = { STR("arn:aws:iam::111122223333:role/Resp"), STR("x:y"), STR("s1"),
        900 };
    struct request request = { .service = "sts", .operation = "AssumeRole" };
    assert_int_equal(aws_role_form(&role, &golden->arena, &request.body), ERR_OK);
    assert_golden_keys(state, request, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_are_listed_as_botocore_lists_them),
        cmocka_unit_test(accounts_are_listed_page_by_page),
        cmocka_unit_test(a_role_is_taken_as_botocore_takes_it),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
