/* test_bind.c - no value that is missing, doubtful or an attacker's selects a target. */
#include "act/run.h"
#include "ip.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define ROLE_WEB "arn:aws:iam::111122223333:role/app/web"
#define INSTANCE_1 "i-0123456789abcdef0"

enum { ROLE, INSTANCE, ACCOUNT, REGION, MODE, GROUPS };

static const struct builtin isolate_role = {
    .name = "isolate_role",
    .params = { { .name = "role", .type = TYPE_ROLE, .need = PARAM_TARGET },
        { .name = "instance", .type = TYPE_INSTANCE, .need = PARAM_TARGET },
        { .name = "account", .type = TYPE_ACCOUNT, .need = PARAM_SCOPE },
        { .name = "region", .type = TYPE_REGION, .need = PARAM_SCOPE },
        { .name = "mode",
            .type = TYPE_TEXT,
            .need = PARAM_OPTIONAL,
            .choices = "untrack nacl none" },
        { .name = "groups",
            .type = TYPE_SECURITY_GROUP,
            .need = PARAM_OPTIONAL,
            .is_list = true } },
};

static const struct builtin ban_ip = {
    .name = "ban_ip",
    .params = { { .name = "ip", .type = TYPE_IP, .need = PARAM_TARGET } },
};

static const struct builtin disable_user = {
    .name = "disable_user",
    .params = { { .name = "user", .type = TYPE_USER, .need = PARAM_TARGET } },
};

static const struct builtin disable_iam_user = {
    .name = "disable_user",
    .provider = "aws",
    .params = { { .name = "user", .type = TYPE_USER, .need = PARAM_TARGET } },
};

static const struct builtin notify = {
    .name = "slack",
    .params = { { .name = "channel", .type = TYPE_TEXT, .need = PARAM_REQUIRED } },
};

struct fixture {
    struct arena arena;
    struct event event;
    value args[STEP_PARAMS_MAX];
    str found;
    const char *reason;
};

static void fixture_release(struct fixture *f)
{
    arena_release(&f->arena);
}

static void set(struct fixture *f, enum field field, const char *text)
{
    f->event.fields[field] = value_text(str_from(text));
}

static void set_list(struct fixture *f, enum field field, const char *first, const char *second)
{
    value *items = ARENA_ARRAY(&f->arena, value, 2);
    items[0] = value_text(str_from(first));
    items[1] = value_text(str_from(second));
    f->event.fields[field] = value_list(items, 2);
}

static enum err bind(struct fixture *f, const struct builtin *row, uint32_t given)
{
    for (int i = 0; i < STEP_PARAMS_MAX; i++)
        if ((given >> i & 1) == 0)
            f->args[i] = VALUE_NONE;
    f->reason = NULL;
    return args_bind(row, given, &f->event, f->args, &f->arena, &f->found, &f->reason);
}

static void unresolved(
    struct fixture *f, const struct builtin *row, uint32_t given, const char *reason)
{
    assert_int_equal(bind(f, row, given), ERR_NOT_FOUND);
    assert_non_null(f->reason);
    assert_string_equal(f->reason, reason);
}

static void is_text(value v, const char *text)
{
    assert_int_equal(v.kind, VALUE_TEXT);
    assert_int_equal(v.count, strlen(text));
    assert_memory_equal(v.text, text, v.count);
}

static void targets_and_scope_come_from_the_alert_by_type(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_INSTANCE_ID, INSTANCE_1);
    set(&f, FIELD_ROLE_NAME, "web");
    set(&f, FIELD_CLOUD_ACCOUNT, "111122223333");
    set(&f, FIELD_CLOUD_REGION, "eu-west-1");
    assert_int_equal(bind(&f, &isolate_role, 0), ERR_OK);
    is_text(f.args[ROLE], "web");
    is_text(f.args[INSTANCE], INSTANCE_1);
    is_text(f.args[ACCOUNT], "111122223333");
    is_text(f.args[REGION], "eu-west-1");
    assert_int_equal(f.args[MODE].kind, VALUE_ABSENT);
    assert_string_equal(f.found.ptr, "role web from role.name, instance " INSTANCE_1
                                     " from instance.id, account 111122223333 from cloud.account, "
                                     "region eu-west-1 from cloud.region");
}

static void a_scope_that_cannot_be_read_leaves_the_step_unresolved(void **state)
{
    (void)state;
    static const struct {
        enum field field;
        unsigned param;
        const char *reason;
    } cases[] = {
        { FIELD_CLOUD_ACCOUNT, ACCOUNT,
            "what the alert says in cloud.account is no account; write account=" },
        { FIELD_CLOUD_REGION, REGION,
            "what the alert says in cloud.region is no region; write region=" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_release) struct fixture f = { 0 };
        set(&f, FIELD_ROLE_ARN, ROLE_WEB);
        f.event.unread[cases[i].field] = true;
        unresolved(&f, &isolate_role, 0, cases[i].reason);
        /* what the rule wrote counts alone */
        f.args[ACCOUNT] = value_text(STR("111122223333"));
        f.args[REGION] = value_text(STR("eu-west-1"));
        assert_int_equal(bind(&f, &isolate_role, 1U << cases[i].param), ERR_OK);
    }
}

static void an_alert_that_names_nothing_leaves_the_step_unresolved(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_HOST_NAME, "web-1");
    set(&f, FIELD_CLOUD_ACCOUNT, "111122223333");
    unresolved(&f, &isolate_role, 0,
        "the alert names no role and no instance to act on; write role= or instance=");
    set(&f, FIELD_INSTANCE_ID, "web-1"); /* no instance's id */
    unresolved(&f, &isolate_role, 0,
        "the alert names no role and no instance to act on; write role= or instance=");
    f.event.fields[FIELD_ROLE_ARN].kind = VALUE_NULL;
    unresolved(&f, &isolate_role, 0,
        "the alert names no role and no instance to act on; write role= or instance=");
    set(&f, FIELD_USER_NAME, "alice");
    unresolved(&f, &disable_user, 0, "the alert names no user to act on; write user=");
}

static void what_the_rule_wrote_is_the_only_target(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_ROLE_ARN, ROLE_WEB);
    set(&f, FIELD_CLOUD_ACCOUNT, "111122223333");
    f.args[INSTANCE] = value_text(STR(INSTANCE_1));
    assert_int_equal(bind(&f, &isolate_role, 1U << INSTANCE), ERR_OK);
    assert_int_equal(f.args[ROLE].kind, VALUE_ABSENT);
    is_text(f.args[INSTANCE], INSTANCE_1);
    is_text(f.args[ACCOUNT], "111122223333");
    assert_string_equal(f.found.ptr, "account 111122223333 from cloud.account");
}

static void a_written_value_that_the_alert_lacks_is_never_replaced(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_ROLE_ARN, ROLE_WEB);
    set(&f, FIELD_INSTANCE_ID, INSTANCE_1);
    unresolved(&f, &isolate_role, 1U << ROLE, "the alert lacks what the rule wrote for role=");
    f.args[ROLE].kind = VALUE_NULL;
    unresolved(&f, &isolate_role, 1U << ROLE, "the alert lacks what the rule wrote for role=");
    f.args[ROLE] = value_text(STR("no role; a sentence"));
    unresolved(&f, &isolate_role, 1U << ROLE, "what the rule wrote for role= is no role");
    f.args[ROLE] = VALUE_NONE;
    unresolved(
        &f, &isolate_role, 1U << ACCOUNT, "the alert lacks what the rule wrote for account=");
    assert_int_equal(bind(&f, &isolate_role, 0), ERR_OK);
}

static void a_message_is_told_whatever_the_alert_lacks(void **state)
{
    (void)state;
    static const struct builtin log = { .name = "log",
        .params = {
            { .name = "text", .type = TYPE_TEXT, .need = PARAM_OPTIONAL, .is_told = true } } };
    CLEANUP(fixture_release) struct fixture f = { 0 };
    assert_int_equal(bind(&f, &log, 1U << 0), ERR_OK);
    is_text(f.args[0], "-");
    f.args[0] = VALUE_NONE;
    assert_int_equal(bind(&f, &log, 0), ERR_OK);
    assert_int_equal(f.args[0].kind, VALUE_ABSENT);
    set(&f, FIELD_ALERT_TITLE, "A miner");
    assert_int_equal(bind(&f, &log, 0), ERR_OK);
    is_text(f.args[0], "A miner");
    f.args[0] = value_text(STR("seen"));
    assert_int_equal(bind(&f, &log, 1U << 0), ERR_OK);
    is_text(f.args[0], "seen");
}

static void several_values_never_select(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set_list(&f, FIELD_INSTANCE_ID, INSTANCE_1, "i-0123456789abcdef1");
    unresolved(
        &f, &isolate_role, 0, "the alert names 2 different values in instance.id; write instance=");
    set(&f, FIELD_ROLE_ARN, ROLE_WEB); /* but then there is another target */
    assert_int_equal(bind(&f, &isolate_role, 0), ERR_OK);
    assert_int_equal(f.args[INSTANCE].kind, VALUE_ABSENT);
    is_text(f.args[ROLE], ROLE_WEB);
    set_list(&f, FIELD_CLOUD_REGION, "eu-west-1", "us-east-1");
    unresolved(
        &f, &isolate_role, 0, "the alert names 2 different values in cloud.region; write region=");

    CLEANUP(fixture_release) struct fixture same = { 0 };
    set_list(&same, FIELD_INSTANCE_ID, INSTANCE_1, INSTANCE_1);
    assert_int_equal(bind(&same, &isolate_role, 0), ERR_OK);
    is_text(same.args[INSTANCE], INSTANCE_1);

    same.args[INSTANCE] = VALUE_NONE;
    set_list(&same, FIELD_HOST_NAME, INSTANCE_1, "i-0123456789abcdef1");
    same.args[INSTANCE] = same.event.fields[FIELD_HOST_NAME];
    unresolved(&same, &isolate_role, 1U << INSTANCE,
        "instance= has 2 different values where one is wanted; write which");
}

static void an_arn_and_a_name_must_agree(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_ROLE_ARN, ROLE_WEB);
    set(&f, FIELD_ROLE_NAME, "web");
    assert_int_equal(bind(&f, &isolate_role, 0), ERR_OK);
    is_text(f.args[ROLE], ROLE_WEB);
    set(&f, FIELD_ROLE_NAME, "db");
    unresolved(
        &f, &isolate_role, 0, "role.arn and role.name name two different things; write role=");
}

static void what_an_attacker_wrote_selects_only_by_its_form(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_ROLE_NAME, "web");
    f.event.untrusted[FIELD_ROLE_NAME] = true;
    unresolved(&f, &isolate_role, 0,
        "role.name may have been written by an attacker and is only a name; write role=");
    set(&f, FIELD_USER_ID, "alice");
    f.event.untrusted[FIELD_USER_ID] = true;
    unresolved(&f, &disable_user, 0,
        "user.id may have been written by an attacker and is only a name; write user=");
    set(&f, FIELD_ROLE_ARN, ROLE_WEB);
    f.event.untrusted[FIELD_ROLE_ARN] = true;
    f.event.fields[FIELD_ROLE_NAME] = VALUE_NONE;
    assert_int_equal(bind(&f, &isolate_role, 0), ERR_OK);
    is_text(f.args[ROLE], ROLE_WEB);
}

static void a_name_of_another_directory_is_no_target_in_iam(void **state)
{
    (void)state;
    static const char *const iam[] = { "arn:aws:iam::111122223333:user/deploy",
        "AIDAEXAMPLE000000001" };
    static const char *const names[] = { "deploy", "AIDA", "AIDAexample000000001",
        "S-1-5-21-1-2-3-1001" };
    CLEANUP(fixture_release) struct fixture f = { 0 };
    for (size_t at = 0; at < COUNT_OF(names); at++) {
        set(&f, FIELD_USER_ID, names[at]);
        f.event.provider = STR("");
        unresolved(&f, &disable_iam_user, 0,
            "user.id is only a name, and the alert is not of AWS, so it may be of another "
            "directory than IAM; write user=");
        assert_int_equal(bind(&f, &disable_user, 0), ERR_OK); /* of that other directory */
        f.event.provider = STR("aws");
        assert_int_equal(bind(&f, &disable_iam_user, 0), ERR_OK);
        is_text(f.args[0], names[at]);
    }
    f.event.provider = STR("");
    for (size_t at = 0; at < COUNT_OF(iam); at++) {
        set(&f, FIELD_USER_ID, iam[at]);
        assert_int_equal(bind(&f, &disable_iam_user, 0), ERR_OK);
        is_text(f.args[0], iam[at]);
    }
}

static void an_address_to_ban_is_never_guessed(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    struct ip one, two;
    assert_true(ip_parse(STR("198.51.100.7"), &one));
    assert_true(ip_parse(STR("203.0.113.9"), &two));
    f.event.fields[FIELD_DST_IP] = (value){ .kind = VALUE_IP, .ip = &two };
    f.event.fields[FIELD_HOST_IP] = (value){ .kind = VALUE_IP, .ip = &two };
    unresolved(&f, &ban_ip, 0, "the alert names no ip to act on; write ip=");
    f.event.fields[FIELD_SRC_IP] = (value){ .kind = VALUE_IP, .ip = &one };
    f.event.untrusted[FIELD_SRC_IP] = true;
    assert_int_equal(bind(&f, &ban_ip, 0), ERR_OK);
    assert_true(value_same(f.args[0], f.event.fields[FIELD_SRC_IP]));
    f.event.fields[FIELD_CLIENT_IP] = (value){ .kind = VALUE_IP, .ip = &two };
    unresolved(&f, &ban_ip, 0, "src.ip and client.ip name two different things; write ip=");
}

static void choices_lists_and_what_is_required_are_kept(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = { 0 };
    set(&f, FIELD_ROLE_ARN, ROLE_WEB);
    f.args[MODE] = value_text(STR("nacl"));
    f.args[GROUPS] = value_text(STR("sg-0123456789abcdef0"));
    assert_int_equal(bind(&f, &isolate_role, 1U << MODE | 1U << GROUPS), ERR_OK);
    is_text(f.args[MODE], "nacl");
    assert_int_equal(f.args[GROUPS].kind, VALUE_LIST);
    assert_int_equal(f.args[GROUPS].count, 1);
    f.args[MODE] = value_text(STR("acl"));
    unresolved(&f, &isolate_role, 1U << MODE, "mode=acl is none of: untrack nacl none");
    f.args[MODE] = value_text(STR(""));
    unresolved(&f, &isolate_role, 1U << MODE, "mode= is none of: untrack nacl none");
    f.args[MODE] = VALUE_NONE;
    set_list(&f, FIELD_SG_ID, "sg-0123456789abcdef0", "no group");
    f.args[GROUPS] = f.event.fields[FIELD_SG_ID];
    unresolved(
        &f, &isolate_role, 1U << GROUPS, "what the rule wrote for groups= is no security_group");
    unresolved(&f, &notify, 0, "channel= was not given");
}

static void a_full_arena_is_an_error_and_not_a_guess(void **state)
{
    (void)state;
    bool was_full = false;
    for (size_t limit = 1; limit < 1200; limit += 7) {
        CLEANUP(fixture_release) struct fixture f = { .arena = ARENA_INIT(limit) };
        set(&f, FIELD_INSTANCE_ID, INSTANCE_1);
        set(&f, FIELD_ROLE_NAME, "web");
        set(&f, FIELD_CLOUD_REGION, "eu-west-1");
        enum err err = bind(&f, &isolate_role, 0);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        was_full |= err == ERR_MEMORY;
    }
    assert_true(was_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_and_scope_come_from_the_alert_by_type),
        cmocka_unit_test(a_scope_that_cannot_be_read_leaves_the_step_unresolved),
        cmocka_unit_test(an_alert_that_names_nothing_leaves_the_step_unresolved),
        cmocka_unit_test(what_the_rule_wrote_is_the_only_target),
        cmocka_unit_test(a_written_value_that_the_alert_lacks_is_never_replaced),
        cmocka_unit_test(a_message_is_told_whatever_the_alert_lacks),
        cmocka_unit_test(several_values_never_select),
        cmocka_unit_test(an_arn_and_a_name_must_agree),
        cmocka_unit_test(what_an_attacker_wrote_selects_only_by_its_form),
        cmocka_unit_test(a_name_of_another_directory_is_no_target_in_iam),
        cmocka_unit_test(an_address_to_ban_is_never_guessed),
        cmocka_unit_test(choices_lists_and_what_is_required_are_kept),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
