/* Facts about IAM's actions: every permission that a row names has one, and they are what the table
 * says that AWS's reference was made into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/iam_actions.h"
#include "base/buf.h"
#include "registry.h"

#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TABLE "../shared/data/aws/iam/actions.json"

static bool is_of_aws(const struct builtin *row, const char *permission)
{
    (void)permission;
    return row->provider == NULL || strcmp(row->provider, "aws") == 0;
}

static void has_facts(const struct builtin *row, const char *const *permissions)
{
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && permissions[i] != NULL; i++) {
        if (!is_of_aws(row, permissions[i]) || iam_action_find(str_from(permissions[i])) != NULL)
            continue;
        print_error("%s needs %s: add it to iam_actions.def\n", row->name, permissions[i]);
        fail();
    }
}

static void every_permission_of_a_row_is_known(void **state)
{
    (void)state;
    const struct builtin *row;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++) {
        has_facts(row, row->permissions.apply);
        has_facts(row, row->permissions.undo);
    }
}

static bool names(const struct builtin *row, const char *permission)
{
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX; i++)
        if ((row->permissions.apply[i] != NULL
                && strcmp(row->permissions.apply[i], permission) == 0)
            || (row->permissions.undo[i] != NULL
                && strcmp(row->permissions.undo[i], permission) == 0))
            return true;
    return false;
}

static const struct builtin *step_named(const char *name)
{
    const struct builtin *row;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++)
        if (row->verb < VERB_UNDO && strcmp(row->name, name) == 0)
            return builtin_find_of(row->verb, str_from(name), "aws");
    return NULL;
}

/* A misspelled narrowing would narrow nothing, and nobody would see it. */
static void what_is_said_of_a_steps_action_is_of_an_action_that_it_has(void **state)
{
    (void)state;
    const struct iam_use *use;
    for (size_t at = 0; (use = iam_use_at(at)) != NULL; at++) {
        const struct builtin *step = step_named(use->step);
        const struct builtin *row = step != NULL ? step : builtin_find_inverse(str_from(use->step));
        const struct iam_action *action = iam_action_find(str_from(use->action));
        if (row == NULL || action == NULL || !names(row, use->action))
            print_error("%s does not need %s\n", use->step, use->action);
        assert_true(row != NULL && action != NULL && names(row, use->action));
        str words = str_from(use->resources);
        str type;
        while (iam_word_next(&words, &type))
            assert_true(iam_words_have(action->resources, type));
    }
}

static void what_a_parameter_decides_is_an_action_and_a_parameter_of_the_step(void **state)
{
    (void)state;
    const struct iam_when *when;
    for (size_t at = 0; (when = iam_when_at(at)) != NULL; at++) {
        const struct builtin *row = step_named(when->step);
        assert_non_null(row);
        uint32_t param = 0;
        while (
            param < builtin_param_count(row) && strcmp(row->params[param].name, when->param) != 0)
            param++;
        if (param == builtin_param_count(row))
            print_error("%s has no parameter %s\n", when->step, when->param);
        assert_true(param < builtin_param_count(row));
        str words = str_from(when->actions);
        str word;
        while (iam_word_next(&words, &word)) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", STR_ARG(word));
            if (!names(row, name))
                print_error("%s does not need %s\n", when->step, name);
            assert_true(names(row, name));
        }
    }
}

static void every_type_of_resource_has_an_arn(void **state)
{
    (void)state;
    const struct iam_action *action;
    for (size_t at = 0; (action = iam_action_at(at)) != NULL; at++) {
        str words = str_from(action->resources);
        str type;
        while (iam_word_next(&words, &type)) {
            const struct iam_resource *resource = iam_resource_find(str_from(action->name), type);
            if (resource == NULL)
                print_error("%s: no ARN of %.*s\n", action->name, STR_ARG(type));
            assert_non_null(resource);
            assert_true(strncmp(resource->arn, "arn:{P}:", 8) == 0);
        }
    }
}

/* ---- beside the table ---- */

static json_t *service_in(const json_t *table, const char *name)
{
    char service[64];
    snprintf(service, sizeof service, "%.*s", (int)strcspn(name, ":"), name);
    return json_object_get(table, service);
}

static void is_in_table(const struct iam_action *row, const json_t *table)
{
    const json_t *types = json_object_get(
        json_object_get(service_in(table, row->name), "actions"), strchr(row->name, ':') + 1);
    size_t ours = 0;
    str words = str_from(row->resources);
    str type;
    if (!json_is_array(types)) {
        if (row->source != IAM_REFERENCE)
            print_error("%s is not in the table\n", row->name);
        assert_int_equal(row->source, IAM_REFERENCE);
        return;
    }
    while (iam_word_next(&words, &type)) {
        bool is_there = false;
        for (size_t i = 0; i < json_array_size(types); i++)
            is_there |= str_is(type, json_string_value(json_array_get(types, i)));
        if (!is_there)
            print_error("%s: the table has no %.*s\n", row->name, STR_ARG(type));
        assert_true(is_there);
        ours++;
    }
    if (row->source == IAM_TABLE && ours != json_array_size(types))
        print_error("%s: the table has other types\n", row->name);
    assert_true(
        row->source == IAM_TABLE ? ours == json_array_size(types) : ours < json_array_size(types));
}

/* What stands for something, in theirs ("${Region}", ".*") and in ours ("{R}", "*"), as a star. */
static void starred(const char *arn, struct buf *out)
{
    for (const char *at = arn; *at != '\0'; at++) {
        bool is_named = *at == '{' || (*at == '$' && at[1] == '{');
        bool is_any = *at == '.' && at[1] == '*';
        buf_add_byte(out, is_named || is_any ? '*' : *at);
        if (is_named)
            at = strchr(at, '}');
        else if (is_any)
            at++;
    }
}

/* Ours may be of any account, or name one of theirs: a star stands for itself in it. */
static bool is_same_pattern(const char *ours, const char *theirs)
{
    CLEANUP(buf_release) struct buf mine = BUF_INIT(1024);
    CLEANUP(buf_release) struct buf table = BUF_INIT(1024);
    starred(ours, &mine);
    starred(theirs, &table);
    return fnmatch(table.ptr, mine.ptr, 0) == 0;
}

static void resource_is_in_table(const struct iam_resource *row, const json_t *table)
{
    const json_t *facts = json_object_get(
        json_object_get(json_object_get(table, row->service), "resources"), row->type);
    if (facts == NULL)
        return;
    const char *theirs = json_string_value(json_array_get(json_object_get(facts, "ARNFormats"), 0));
    if (!is_same_pattern(row->arn, theirs))
        print_error("%s %s: %s is not %s\n", row->service, row->type, row->arn, theirs);
    assert_true(is_same_pattern(row->arn, theirs));
    const json_t *keys = json_object_get(facts, "ConditionKeys");
    bool takes_tags = false;
    for (size_t i = 0; i < json_array_size(keys); i++)
        takes_tags |=
            strcmp(json_string_value(json_array_get(keys, i)), "aws:ResourceTag/${TagKey}") == 0;
    if (row->takes_tags != takes_tags)
        print_error("%s %s: tags\n", row->service, row->type);
    assert_int_equal(row->takes_tags, takes_tags);
}

static void facts_are_those_of_the_table(void **state)
{
    (void)state;
    json_error_t error;
    json_t *table = json_load_file(TABLE, 0, &error);
    if (table == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    const struct iam_action *action;
    for (size_t at = 0; (action = iam_action_at(at)) != NULL; at++)
        is_in_table(action, table);
    const struct iam_resource *resource;
    for (size_t at = 0; (resource = iam_resource_at(at)) != NULL; at++)
        resource_is_in_table(resource, table);
    json_decref(table);
}

static void operations_that_are_called_otherwise_are_permitted_by_a_known_action(void **state)
{
    (void)state;
    assert_string_equal(iam_action_of("s3", "ListObjectsV2"), "s3:ListBucket");
    assert_non_null(iam_action_find(str_from(iam_action_of("lambda", "Invoke"))));
    assert_null(iam_action_of("execute-api", "Invoke"));
    assert_null(iam_action_of("ec2", "Invoke"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_permission_of_a_row_is_known),
        cmocka_unit_test(what_is_said_of_a_steps_action_is_of_an_action_that_it_has),
        cmocka_unit_test(what_a_parameter_decides_is_an_action_and_a_parameter_of_the_step),
        cmocka_unit_test(every_type_of_resource_has_an_arn),
        cmocka_unit_test(operations_that_are_called_otherwise_are_permitted_by_a_known_action),
        cmocka_unit_test(facts_are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
