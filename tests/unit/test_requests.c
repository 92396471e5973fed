/* The requests of the steps are equal in meaning to those of AWS's own client.
 *
 * ../shared/data/aws/wire-requests.jsonl holds what botocore sends. A request of ours is
 * compared key by key; where it says something other than the golden one, each key that it
 * uses is one that botocore's requests of that service use. */
#include "aws/query.h"
#include "aws/requests.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define GOLDEN "../shared/data/aws/wire-requests.jsonl"
enum { GOLDEN_MAX = 100, LINE_BYTES_MAX = 8192 };

struct golden {
    struct arena arena;
    json_t *lines[GOLDEN_MAX];
    size_t count;
};

static int golden_read(void **state)
{
    struct golden *golden = calloc(1, sizeof(*golden));
    assert_non_null(golden);
    char line[LINE_BYTES_MAX];
    FILE *file = fopen(GOLDEN, "r");
    golden->arena = (struct arena)ARENA_INIT(0);
    *state = golden;
    while (file != NULL && golden->count < GOLDEN_MAX && fgets(line, sizeof(line), file) != NULL) {
        golden->lines[golden->count] = json_loads(line, 0, NULL);
        golden->count += golden->lines[golden->count] != NULL;
    }
    if (file == NULL)
        print_message("skipped: no ../shared/data\n");
    else
        fclose(file);
    return 0;
}

static int golden_release(void **state)
{
    struct golden *golden = *state;
    for (size_t at = 0; at < golden->count; at++)
        json_decref(golden->lines[at]);
    arena_release(&golden->arena);
    free(golden);
    return 0;
}

static struct golden *golden_of(void **state)
{
    struct golden *golden = *state;
    if (golden->count == 0)
        skip();
    return golden;
}

static struct step step_of(struct golden *golden)
{
    return (struct step){ .arena = &golden->arena, .key = STR("v") };
}

static str text_of(const json_t *line, const char *member)
{
    return str_from(json_string_value(json_object_get(line, member)));
}

/* The value of `key` in a form body; ptr NULL when it is not there. */
static str value_of(struct arena *arena, str body, str key)
{
    str name, text;
    do {
        assert_int_equal(query_next(arena, &body, &name, &text), ERR_OK);
        if (str_equal(name, key))
            return text;
    } while (name.len > 0);
    return (str){ NULL, 0 };
}

/* Whether `a` says nothing that `b` does not say. */
static bool says_no_more(struct arena *arena, str a, str b)
{
    str key, text;
    for (;;) {
        assert_int_equal(query_next(arena, &a, &key, &text), ERR_OK);
        if (key.len == 0)
            return true;
        str other = value_of(arena, b, key);
        if (other.ptr == NULL || !str_equal(text, other))
            return false;
    }
}

/* Some golden request of the operation says exactly the same, in any order. */
static void assert_golden(void **state, struct request request)
{
    struct golden *golden = golden_of(state);
    for (size_t at = 0; at < golden->count; at++) {
        str body = text_of(golden->lines[at], "body");
        if (str_is(text_of(golden->lines[at], "service"), request.service)
            && str_is(text_of(golden->lines[at], "op"), request.operation)
            && says_no_more(&golden->arena, body, request.body)
            && says_no_more(&golden->arena, request.body, body))
            return;
    }
    fail_msg("no golden %s is %.*s", request.operation, STR_ARG(request.body));
}

/* "Filter.1.Value.12" as "Filter.N.Value.N". */
static str shape_of(struct arena *arena, str key)
{
    char *shape = arena_alloc(arena, key.len + 1, 1);
    size_t length = 0;
    for (size_t at = 0; at < key.len; at++) {
        bool is_place = isdigit((unsigned char)key.ptr[at]) && at > 0 && key.ptr[at - 1] == '.';
        while (is_place && at + 1 < key.len && isdigit((unsigned char)key.ptr[at + 1]))
            at++;
        shape[length++] = is_place ? 'N' : key.ptr[at];
    }
    return (str){ shape, length };
}

/* Whether a golden request of the operation (empty: of any of the service) has a key of
 * that shape. */
static bool is_golden_key(struct golden *golden, str service, str operation, str shape)
{
    for (size_t at = 0; at < golden->count; at++) {
        str body = text_of(golden->lines[at], "body"), key, text;
        if (!str_equal(text_of(golden->lines[at], "service"), service)
            || (operation.len > 0 && !str_equal(text_of(golden->lines[at], "op"), operation)))
            continue;
        do {
            assert_int_equal(query_next(&golden->arena, &body, &key, &text), ERR_OK);
            if (str_equal(shape_of(&golden->arena, key), shape))
                return true;
        } while (key.len > 0);
    }
    return false;
}

/* Each key is one that botocore writes for the operation; those in `elsewhere` (words
 * between blanks) it writes for other operations of the service. */
static void assert_golden_keys(void **state, struct request request, const char *elsewhere)
{
    struct golden *golden = golden_of(state);
    str body = request.body, key, text, any = { "", 0 };
    for (;;) {
        assert_int_equal(query_next(&golden->arena, &body, &key, &text), ERR_OK);
        if (key.len == 0)
            return;
        str shape = arena_copy(&golden->arena, shape_of(&golden->arena, key));
        bool is_elsewhere = strstr(elsewhere, shape.ptr) != NULL;
        if (!is_golden_key(golden, str_from(request.service),
                is_elsewhere ? any : str_from(request.operation), shape))
            fail_msg("%s: %.*s", request.operation, STR_ARG(key));
    }
}

#define NO_REGION ((str){ "", 0 })
#define NO_PAGE ((str){ "", 0 })
#define I STR("i-0123456789abcdef0")

static void the_caller_is_asked_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, sts_get_caller_identity(&step));
}

static void iam_is_asked_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(state, iam_get_instance_profile(&step, STR("p")));
    assert_golden(state, iam_get_role_policy(&step, STR("r"), STR("DenyAll")));
    assert_golden(state, iam_delete_role_policy(&step, STR("r"), STR("DenyAll")));
    assert_golden(state,
        iam_put_role_policy(&step, STR("r"), STR("DenyAll"),
            STR("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
                "\"Resource\":\"*\"}]}")));
}

static void instances_are_asked_for_as_botocore_asks(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden_keys(state, ec2_describe_instance(&step, NO_REGION, I), "");
    assert_golden(
        state, ec2_describe_instance_attribute(&step, NO_REGION, I, STR("disableApiStop")));
    assert_golden_keys(state, ec2_stop_instance(&step, NO_REGION, I), "");
    assert_golden(state, ec2_start_instance(&step, NO_REGION, I));
}

static void interfaces_are_changed_as_botocore_changes_them(void **state)
{
    struct step step = step_of(golden_of(state));
    value groups[] = { value_text(STR("sg-1")), value_text(STR("sg-2")) };
    assert_golden(
        state, ec2_describe_interfaces(&step, NO_REGION, "attachment.instance-id", I, NO_PAGE));
    assert_golden_keys(state,
        ec2_describe_interfaces(&step, NO_REGION, "attachment.instance-id", I, STR("tok")),
        "NextToken");
    assert_golden(
        state, ec2_modify_interface_groups(&step, NO_REGION, STR("eni-1"), value_list(groups, 1)));
    assert_golden_keys(state,
        ec2_modify_interface_groups(&step, NO_REGION, STR("eni-1"), value_list(groups, 2)), "");
}

static void groups_are_made_and_deleted_as_botocore_does(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden(
        state, ec2_describe_group_named(&step, NO_REGION, STR("isolate-x"), STR("vpc-1"), NO_PAGE));
    assert_golden_keys(
        state, ec2_create_group(&step, NO_REGION, STR("isolate-x"), STR("d e"), STR("vpc-1")), "");
    assert_golden(state, ec2_delete_group(&step, NO_REGION, STR("sg-1")));
}

static void rules_are_revoked_as_botocore_revokes_them(void **state)
{
    static const char open[] =
        "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>"
        "<toPort>22</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>"
        "<ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges></item></ipPermissions>";
    static const char all[] =
        "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item>"
        "<cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>";
    static const char groups[] =
        "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges/><prefixListIds><item>"
        "<prefixListId>pl-1</prefixListId></item></prefixListIds><groups><item>"
        "<groupId>sg-2</groupId><userId>111122223333</userId></item></groups></item>"
        "</ipPermissionsEgress>";
    struct golden *golden = golden_of(state);
    struct step step = step_of(golden);
    const struct xml *root = NULL;
    assert_int_equal(xml_parse(&golden->arena, STR(open), &root), ERR_OK);
    assert_golden(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), false, root));
    assert_int_equal(xml_parse(&golden->arena, STR(all), &root), ERR_OK);
    assert_golden(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, root));
    assert_golden_keys(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, NULL),
        "IpPermissions.N.Ipv6Ranges.N.CidrIpv6");
    /* botocore's example of groups and prefix lists authorises; the members are the same. */
    assert_int_equal(xml_parse(&golden->arena, STR(groups), &root), ERR_OK);
    assert_golden_keys(state, ec2_revoke_rules(&step, NO_REGION, STR("sg-1"), true, root),
        "IpPermissions.N.PrefixListIds.N.PrefixListId IpPermissions.N.Groups.N.GroupId "
        "IpPermissions.N.Groups.N.UserId");
}

static void snapshots_are_made_as_botocore_makes_them(void **state)
{
    struct step step = step_of(golden_of(state));
    assert_golden_keys(state, ec2_create_snapshots(&step, NO_REGION, I), "");
    assert_golden_keys(state, ec2_describe_step_snapshots(&step, NO_REGION, STR("tok")),
        "NextToken Filter.N.Name Filter.N.Value.N");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_is_asked_as_botocore_asks),
        cmocka_unit_test(iam_is_asked_as_botocore_asks),
        cmocka_unit_test(instances_are_asked_for_as_botocore_asks),
        cmocka_unit_test(interfaces_are_changed_as_botocore_changes_them),
        cmocka_unit_test(groups_are_made_and_deleted_as_botocore_does),
        cmocka_unit_test(rules_are_revoked_as_botocore_revokes_them),
        cmocka_unit_test(snapshots_are_made_as_botocore_makes_them),
    };
    return cmocka_run_group_tests(tests, golden_read, golden_release);
}
