/* Every promise of the registry is shown by a row that breaks it. */
#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <jansson.h>

#define ACTIONS "../shared/data/aws/iam/actions.json"

static enum step_turn do_nothing(struct step *step, const struct reply *reply)
{
    (void)reply;
    return step_end(step, STEP_DONE, "nothing");
}

/* Rows without fault, to be broken one at a time. */
static const struct builtin good_row = {
    .name = "freeze",
    .verb = VERB_RESPOND,
    .provider = "aws",
    .doc = "Freeze it.",
    .params = { { .name = "role", .type = TYPE_ROLE, .need = PARAM_TARGET, .doc = "which" },
        { .name = "mode",
            .type = TYPE_TEXT,
            .need = PARAM_OPTIONAL,
            .doc = "how",
            .choices = "hard soft" },
        { .name = "account", .type = TYPE_ACCOUNT, .need = PARAM_SCOPE, .doc = "where" } },
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "iam:PutRolePolicy" },
        .undo = { "iam:DeleteRolePolicy", "iam:GetRolePolicy" } },
    .inverse = "thaw",
    .source = "https://example.com/",
    .state_bytes = 8,
    .next = do_nothing,
};
static const struct builtin good_inverse = {
    .name = "thaw",
    .verb = VERB_UNDO,
    .provider = "aws",
    .doc = "Thaw it.",
    .params = { { .name = "role", .type = TYPE_ROLE, .need = PARAM_REQUIRED, .doc = "which" } },
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "iam:DeleteRolePolicy" } },
    .source = "https://example.com/",
    .state_bytes = 8,
    .next = do_nothing,
};

static const char *fault_of(
    const struct builtin *first, const struct builtin *second, const struct builtin **reterr_row)
{
    struct builtin rows[] = { *first, *second };
    struct builtin_module module = { "test", rows, 2 };
    const struct builtin_module *const modules[] = { &module };
    const struct builtin *row = NULL;
    const char *fault = registry_fault_in(modules, 1, &row);
    *reterr_row = row == NULL ? NULL : row == &rows[0] ? first : second;
    return fault;
}

static void assert_row_fault(struct builtin row, const char *fault)
{
    const struct builtin *at = NULL;
    const char *told = fault_of(&row, &good_inverse, &at);
    assert_non_null(told);
    assert_string_equal(told, fault);
    assert_ptr_equal(at, &row);
}

static void assert_inverse_fault(struct builtin inverse, const char *fault)
{
    const struct builtin *at = NULL;
    const char *told = fault_of(&good_row, &inverse, &at);
    assert_non_null(told);
    assert_string_equal(told, fault);
}

static void the_registry_keeps_its_promises(void **state)
{
    (void)state;
    const char *fault = registry_fault();
    assert_string_equal(fault == NULL ? "" : fault, "");
}

static void rows_without_fault_have_none(void **state)
{
    (void)state;
    const struct builtin *at = NULL;
    assert_null(fault_of(&good_row, &good_inverse, &at));
}

static void a_row_needs_words(void **state)
{
    (void)state;
    struct builtin row = good_row;
    row.name = "";
    assert_row_fault(row, "a row needs a name and a doc");
    row = good_row;
    row.doc = NULL;
    assert_row_fault(row, "a row needs a name and a doc");
    row = good_row;
    row.source = NULL;
    assert_row_fault(row, "what reaches a provider names the page that describes it");
    row = good_row;
    row.source = "IAM API reference";
    assert_row_fault(row, "a source is the address of a page");
    row = good_row;
    row.doc = "Freeze it";
    assert_row_fault(row, "a doc is a sentence");
}

static void parameters_are_sane(void **state)
{
    (void)state;
    struct builtin row = good_row;
    row.params[0].doc = NULL;
    assert_row_fault(row, "a parameter needs a name and a doc");
    row = good_row;
    row.params[1].name = "role";
    assert_row_fault(row, "a parameter must not appear twice");
    row = good_row;
    row.params[0].type = TYPE_TEXT;
    assert_row_fault(row, "a target is one identifier");
    row = good_row;
    row.params[0].is_list = true;
    assert_row_fault(row, "a target is one identifier");
    row = good_row;
    row.params[2].type = TYPE_ROLE;
    assert_row_fault(row, "a scope is an account or a region");
    row = good_row;
    row.params[0].directs = true;
    assert_row_fault(row, "only text of any content says where a step goes");
    row = good_row;
    row.params[1].choices = NULL;
    row.params[1].need = PARAM_REQUIRED;
    assert_row_fault(row, "text that a rule must give says where the step goes");
    row = good_row;
    row.params[1].choices = "hard  soft";
    assert_row_fault(row, "choices are words, and for text only");
    row = good_row;
    row.params[0].choices = "web";
    assert_row_fault(row, "choices are words, and for text only");
    row = good_row;
    row.params[5] = row.params[2];
    assert_row_fault(row, "parameters end at the first without a name");
    row = good_row;
    row.params[0].need = PARAM_REQUIRED;
    assert_row_fault(row, "what collects or responds needs a target, or acts on the alert");
}

static void a_row_does_something_or_says_what_is_missing(void **state)
{
    (void)state;
    struct builtin row = good_row;
    row.missing = "freezing needs a freezer";
    assert_row_fault(row, "a row does something, has ways, or says what is missing");
    row = good_row;
    row.next = NULL;
    assert_row_fault(row, "a row does something, has ways, or says what is missing");
    row = good_row;
    row.provider = NULL;
    assert_row_fault(row, "what reaches nobody changes nothing");
    row = good_row;
    row.provider = "";
    assert_row_fault(row, "a row that reaches a provider names it");
    row = good_row;
    row.state_bytes = STEP_STATE_BYTES_MAX + 1;
    assert_row_fault(row, "a state must fit into STEP_STATE_BYTES_MAX");
    row = good_row;
    row.destroys = 8;
    assert_row_fault(row, "no such evidence to destroy");
    row = good_row;
    row.effect = EFFECT_READS;
    row.inverse = NULL;
    row.destroys = DESTROYS_MEMORY;
    assert_row_fault(row, "what destroys evidence changes something");
}

static enum step_turn done_at_once(struct step *step, const struct reply *reply)
{
    (void)reply;
    return step_end(step, STEP_DONE, "done");
}

static void a_row_that_reaches_nobody_asks_for_nothing(void **state)
{
    (void)state;
    const struct builtin *at = NULL;
    struct builtin row = { .name = "a",
        .verb = VERB_NOTIFY,
        .doc = "Tell.",
        .effect = EFFECT_COLLECTS,
        .next = done_at_once };
    assert_true(builtin_is_alone(&row));
    assert_null(fault_of(&row, &good_inverse, &at));
    row.permissions.apply[0] = "iam:GetRole";
    assert_row_fault(row, "what talks to a provider needs its permissions, and nothing else does");
}

/* Who counts alerts in passing relies on it. */
static void a_row_that_reaches_nobody_is_done_whatever_it_is_given(void **state)
{
    (void)state;
    const value given[] = { VALUE_NONE, value_text(STR("")), value_text(STR("db-1")),
        value_bool(true), value_list(NULL, 0) };
    uint32_t asked = 0;
    for (size_t i = 0; builtin_at(i) != NULL; i++) {
        if (!builtin_is_alone(builtin_at(i)))
            continue;
        for (size_t k = 0; k < COUNT_OF(given); k++, asked++) {
            CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
            char room[STEP_STATE_BYTES_MAX] = { 0 };
            value args[STEP_PARAMS_MAX];
            for (size_t j = 0; j < STEP_PARAMS_MAX; j++)
                args[j] = given[k];
            struct step step = { .args = args, .arena = &arena, .state = room };
            assert_int_equal(builtin_at(i)->next(&step, NULL), STEP_DONE);
        }
    }
    assert_true(asked > 0);
}

static void permissions_are_spelled_and_complete(void **state)
{
    (void)state;
    struct builtin row = good_row;
    row.permissions.apply[0] = NULL;
    assert_row_fault(row, "what talks to a provider needs its permissions, and nothing else does");
    row = good_row;
    row.permissions.apply[0] = "iam.PutRolePolicy";
    assert_row_fault(
        row, "a permission is spelled as its provider does: service:Action, scope:write, Role.All");
    row = good_row;
    row.permissions.apply[1] = "iam:*";
    assert_row_fault(
        row, "a permission is spelled as its provider does: service:Action, scope:write, Role.All");
    row = good_row;
    row.permissions.undo[1] = row.permissions.undo[0];
    assert_row_fault(row, "a permission must not appear twice");
    row = good_row;
    row.permissions.undo[0] = "iam:GetRole";
    assert_row_fault(row, "permissions to undo include those of the inverse");
}

static void ways_keep_the_promises_of_their_front(void **state)
{
    (void)state;
    struct builtin way = good_row;
    struct builtin front = good_row;
    const struct builtin *const ways[] = { &way, NULL };
    front.ways = ways;
    front.next = NULL;
    front.provider = front.inverse = front.source = NULL;
    front.permissions.apply[0] = front.permissions.undo[0] = NULL;
    const struct builtin *at = NULL;
    assert_null(fault_of(&front, &good_inverse, &at));
    way.name = "thaw";
    assert_row_fault(front, "a way has the name of its front");
    way = good_row;
    way.effect = EFFECT_DESTROYS;
    assert_row_fault(front, "a way takes, does and destroys what its front says");
    way = good_row;
    way.params[0].name = "other";
    assert_row_fault(front, "a way has the parameters of its front, in that order");
    way = good_row;
    way.provider = "crowdstrike";
    assert_row_fault(front,
        "a permission is spelled as its provider does: service:Action, scope:write, Role.All");
    way.permissions.apply[0] = "hosts:write";
    way.permissions.undo[0] = "hosts:write";
    way.permissions.undo[1] = NULL;
    way.inverse = NULL;
    assert_row_fault(front, "what changes and does not destroy needs an inverse");
}

static void what_changes_can_be_taken_back(void **state)
{
    (void)state;
    struct builtin row = good_row;
    row.inverse = NULL;
    assert_row_fault(row, "what changes and does not destroy needs an inverse");
    row = good_row;
    row.inverse = "freeze"; /* there, but no rule may be undone by a respond step */
    assert_row_fault(row, "an inverse is a row with VERB_UNDO");
    row = good_row;
    row.effect = EFFECT_DESTROYS;
    assert_row_fault(row, "only what changes can have an inverse");

    struct builtin inverse = good_inverse;
    inverse.next = NULL;
    inverse.missing = "thawing needs a heater";
    assert_inverse_fault(inverse, "what can be done can be taken back in the same build");
    inverse = good_inverse;
    inverse.inverse = "freeze";
    assert_inverse_fault(inverse, "an undo is not undone");
    inverse = good_inverse;
    inverse.params[0].need = PARAM_TARGET;
    assert_inverse_fault(inverse, "the arguments of an undo are recorded, not found");
}

static void rows_are_sorted_and_unique(void **state)
{
    (void)state;
    const struct builtin *at = NULL;
    const char *fault = "rows are sorted by verb and name, each once";
    assert_string_equal(fault_of(&good_inverse, &good_row, &at), fault);
    struct builtin row = good_inverse;
    row.name = "heat";
    row.verb = VERB_UNDO;
    assert_string_equal(fault_of(&good_inverse, &row, &at), fault);
    assert_string_equal(fault_of(&good_inverse, &good_inverse, &at), fault);
}

static void a_row_is_found_by_verb_and_name(void **state)
{
    (void)state;
    const struct builtin *row = builtin_find(VERB_RESPOND, STR("isolate_role"));
    assert_non_null(row);
    assert_string_equal(row->name, "isolate_role");
    assert_null(builtin_find(VERB_COLLECT, STR("isolate_role")));
    assert_null(builtin_find(VERB_RESPOND, STR("release_role")));
    assert_null(builtin_find(VERB_RESPOND, STR("isolate_rol")));
    assert_string_equal(builtin_find_inverse(str_from(row->inverse))->name, "release_role");
    assert_null(builtin_find(VERB_COLLECT, STR("memory"))->missing);
    assert_null(builtin_find_of(VERB_COLLECT, STR("memory"), "aws"));
    assert_string_equal(
        builtin_find_of(VERB_COLLECT, STR("memory"), "crowdstrike")->provider, "crowdstrike");
}

static void every_row_is_reached_by_its_index_once(void **state)
{
    (void)state;
    const struct builtin *row;
    size_t count = 0;
    for (; (row = builtin_at(count)) != NULL; count++)
        assert_ptr_equal(row, row->verb == VERB_UNDO
                                  ? builtin_find_inverse(str_from(row->name))
                                  : builtin_find(row->verb, str_from(row->name)));
    assert_true(count > 30);
    assert_null(builtin_at(count + 1));
}

static void every_verb_effect_and_turn_has_its_own_word(void **state)
{
    (void)state;
    for (int a = 0; a < VERB_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(verb_name((enum verb)a), verb_name((enum verb)b));
    for (int a = 0; a < EFFECT_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(effect_name((enum effect)a), effect_name((enum effect)b));
    for (int turn = 0; turn < STEP_TURN_COUNT; turn++) {
        enum step_turn back = step_turn_find(str_from(step_turn_name((enum step_turn)turn)));
        bool is_end = step_turn_is_end((enum step_turn)turn);
        assert_int_equal(back, is_end ? turn : STEP_TURN_COUNT);
    }
    assert_int_equal(step_turn_find(STR("partially")), STEP_TURN_COUNT);
}

/* "iam:PutRolePolicy" as the Service Authorization Reference spells it. Those of `more` are not in
 * the extract of it that we have. */
static bool is_known_action(const json_t *table, const char *permission)
{
    static const char *const more[] = { "cloudtrail:LookupEvents", "ec2:CreateTags",
        "ec2:TerminateInstances", "execute-api:Invoke", "iam:DeleteRolePermissionsBoundary",
        "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListAttachedRolePolicies", "iam:ListUsers",
        "iam:PutRolePermissionsBoundary", "kms:DescribeKey", "lambda:InvokeFunction",
        "s3:ListBucket", "ssm:ListCommands" };
    for (size_t at = 0; at < COUNT_OF(more); at++)
        if (strcmp(permission, more[at]) == 0)
            return true;
    char service[32];
    size_t length = strcspn(permission, ":");
    assert_true(length < sizeof(service));
    memcpy(service, permission, length);
    service[length] = '\0';
    const json_t *actions = json_object_get(json_object_get(table, service), "actions");
    return json_object_get(actions, permission + length + 1) != NULL;
}

static void permissions_are_actions_that_aws_knows(void **state)
{
    (void)state;
    json_t *table = json_load_file(ACTIONS, 0, NULL);
    if (table == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    const struct builtin *row;
    const struct builtin *front;
    for (size_t index = 0, part = 0; (front = builtin_at(index)) != NULL;) {
        row = builtin_part(front, (uint32_t)part++);
        if (row == NULL) {
            index++;
            part = 0;
            continue;
        }
        bool is_aws = row->provider != NULL && strcmp(row->provider, "aws") == 0;
        for (size_t at = 0; is_aws && at < BUILTIN_PERMISSIONS_MAX; at++) {
            const char *apply = row->permissions.apply[at], *undo = row->permissions.undo[at];
            if (apply != NULL && !is_known_action(table, apply))
                fail_msg("%s: %s", row->name, apply);
            if (undo != NULL && !is_known_action(table, undo))
                fail_msg("%s: %s", row->name, undo);
        }
    }
    json_decref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_keeps_its_promises),
        cmocka_unit_test(rows_without_fault_have_none),
        cmocka_unit_test(a_row_needs_words),
        cmocka_unit_test(parameters_are_sane),
        cmocka_unit_test(a_row_does_something_or_says_what_is_missing),
        cmocka_unit_test(a_row_that_reaches_nobody_asks_for_nothing),
        cmocka_unit_test(a_row_that_reaches_nobody_is_done_whatever_it_is_given),
        cmocka_unit_test(permissions_are_spelled_and_complete),
        cmocka_unit_test(ways_keep_the_promises_of_their_front),
        cmocka_unit_test(what_changes_can_be_taken_back),
        cmocka_unit_test(rows_are_sorted_and_unique),
        cmocka_unit_test(a_row_is_found_by_verb_and_name),
        cmocka_unit_test(every_row_is_reached_by_its_index_once),
        cmocka_unit_test(every_verb_effect_and_turn_has_its_own_word),
        cmocka_unit_test(permissions_are_actions_that_aws_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
