/* test_plan_allows.c - what may be sent under an approved plan. */
#include "act/plan.h"
#include "store/store.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const char plan[] =
    "{\"changes\":["
    "{\"service\":\"ec2\",\"operation\":\"CreateGroup\",\"region\":\"r1\",\"target\":\"vpc-1\","
    "\"body\":\"Name=cdr\"},"
    "{\"service\":\"ec2\",\"operation\":\"SetGroup\",\"region\":\"r1\",\"target\":\"eni-1\","
    "\"body\":\"Group=%28known+after+CreateGroup%29&Eni=eni-1\","
    "\"undo\":{\"builtin\":\"restore\",\"args\":[\"eni-1\",[\"sg-1\"],\"(known after "
    "CreateGroup)\"]}}]}";

static struct call_record create(void)
{
    return (struct call_record){ .is_change = true,
        .service = STR("ec2"),
        .operation = STR("CreateGroup"),
        .region = STR("r1"),
        .target = STR("vpc-1"),
        .body = STR("Name=cdr"),
        .undo = STR("") };
}

static struct call_record set_group(const char *body, const char *undo)
{
    return (struct call_record){ .is_change = true,
        .service = STR("ec2"),
        .operation = STR("SetGroup"),
        .region = STR("r1"),
        .target = STR("eni-1"),
        .body = str_from(body),
        .undo = str_from(undo) };
}

static const char body_now[] = "Group=sg-9&Eni=eni-1";
static const char undo_now[] = "{\"args\":[\"eni-1\",[\"sg-1\"],\"sg-9\"],\"builtin\":\"restore\"}";

static bool allows(struct call_record call, const struct call_record *made, size_t count)
{
    bool is_allowed = false;
    assert_int_equal(plan_allows(STR(plan), &call, made, count, &is_allowed), ERR_OK);
    return is_allowed;
}

static void what_is_in_the_plan_may_be_sent(void **state)
{
    (void)state;
    assert_true(allows(create(), NULL, 0));
    assert_true(allows(set_group(body_now, undo_now), NULL, 0));
}

static void whatever_differs_may_not(void **state)
{
    (void)state;
    struct call_record call = create();
    call.target = STR("vpc-2");
    assert_false(allows(call, NULL, 0));
    call = create();
    call.region = STR("r2");
    assert_false(allows(call, NULL, 0));
    call = create();
    call.operation = STR("DeleteGroup");
    assert_false(allows(call, NULL, 0));
    call = create();
    call.service = STR("iam");
    assert_false(allows(call, NULL, 0));
    call = create();
    call.body = STR("Name=cdr&Force=true");
    assert_false(allows(call, NULL, 0));
    call.body = STR("Name=cd");
    assert_false(allows(call, NULL, 0));
    call = create();
    call.undo = STR("{\"builtin\":\"restore\",\"args\":[]}");
    assert_false(allows(call, NULL, 0));
}

static void another_state_before_is_another_plan(void **state)
{
    (void)state;
    assert_false(allows(
        set_group(body_now, "{\"args\":[\"eni-1\",[\"sg-2\"],\"sg-9\"],\"builtin\":\"restore\"}"),
        NULL, 0));
    assert_false(allows(set_group(body_now, ""), NULL, 0));
}

static void what_was_not_known_is_one_word_and_no_more(void **state)
{
    (void)state;
    assert_false(allows(set_group("Group=&Eni=eni-1", undo_now), NULL, 0));
    assert_false(allows(set_group("Group=sg-9&Force=true&Eni=eni-1", undo_now), NULL, 0));
    assert_false(allows(set_group("Group=sg-9", undo_now), NULL, 0));
    assert_false(allows(set_group("Group=(known&Eni=eni-1", undo_now), NULL, 0));
}

static void a_change_is_made_as_often_as_the_plan_has_it(void **state)
{
    (void)state;
    struct call_record made = create();
    made.has_reply = true;
    made.reply_kind = REPLY_RECEIVED;
    made.reply_status = 200;
    assert_false(allows(create(), &made, 1));
    assert_true(allows(set_group(body_now, undo_now), &made, 1));
    made.reply_status = 403; /* it was refused: nothing was done */
    assert_true(allows(create(), &made, 1));
    made.reply_kind = REPLY_LOST; /* the builtin has looked since */
    assert_true(allows(create(), &made, 1));
}

static void what_is_no_plan_lets_nothing_through(void **state)
{
    (void)state;
    struct call_record call = create();
    bool is_allowed = true;
    assert_int_equal(plan_allows(STR("{}"), &call, NULL, 0, &is_allowed), ERR_JSON);
    assert_int_equal(plan_allows(STR(""), &call, NULL, 0, &is_allowed), ERR_JSON);
    call.undo = STR("{");
    assert_int_equal(plan_allows(STR(plan), &call, NULL, 0, &is_allowed), ERR_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_the_plan_may_be_sent),
        cmocka_unit_test(whatever_differs_may_not),
        cmocka_unit_test(another_state_before_is_another_plan),
        cmocka_unit_test(what_was_not_known_is_one_word_and_no_more),
        cmocka_unit_test(a_change_is_made_as_often_as_the_plan_has_it),
        cmocka_unit_test(what_is_no_plan_lets_nothing_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
