/* What rules need: narrowed by what all of them say, and by nothing else. */
#include "compiled.h"

#include "driver/needs.h"
#include "driver/policy.h"
#include "driver/policy_forms.h"

#define AWS                                                                                        \
    "environment production { aws accounts [\"111122223333\", \"444455556666\"] "                  \
    "regions [\"eu-west-1\"] tags { env = [\"prod\", \"live\"] } }\n"

static const struct policy_words words = { .partition = "aws" };

struct looked {
    struct compilation compilation;
    struct needs needs;
};

static void look(struct looked *looked, const char *text)
{
    *looked = (struct looked){ 0 };
    compile_good(&looked->compilation, text);
    assert_int_equal(needs_of(&looked->compilation, STR("aws"), &looked->needs), ERR_OK);
}

static const struct need *find(
    const struct looked *looked, const char *permission, const char *type)
{
    for (const struct need *at = looked->needs.first; at != NULL; at = at->next)
        if (strcmp(at->permission, permission) == 0
            && (type == NULL ? at->type == NULL
                             : at->type != NULL && strcmp(at->type->type, type) == 0))
            return at;
    return NULL;
}

/* Resources and conditions of a need as one text. */
static bool says(const struct need *need, const char *resources, const char *conditions)
{
    json_t *arns = policy_resources(need, &words);
    json_t *where = policy_conditions(need);
    char *first = json_dumps(arns, JSON_COMPACT);
    char *second = json_dumps(where, JSON_COMPACT | JSON_SORT_KEYS);
    bool is_so = strcmp(first, resources) == 0 && strcmp(second, conditions) == 0;
    if (!is_so)
        print_error("%s\n%s\n", first, second);
    free(first);
    free(second);
    json_decref(arns);
    json_decref(where);
    return is_so;
}

#define ANY_INSTANCE "[\"arn:aws:ec2:*:*:instance/*\"]"

static void stop_is(const char *text, const char *resources, const char *conditions)
{
    struct looked looked;
    look(&looked, text);
    const struct need *need = find(&looked, "ec2:StopInstances", "instance");
    assert_non_null(need);
    if (!says(need, resources, conditions))
        print_error("%s\n", text);
    assert_true(says(need, resources, conditions));
    compile_release(&looked.compilation);
}

static void an_environment_narrows_to_its_accounts_regions_and_tags(void **state)
{
    (void)state;
    stop_is(AWS
        "rule r { when exists instance.id and resource in production then respond stop_instance }",
        "[\"arn:aws:ec2:*:111122223333:instance/*\",\"arn:aws:ec2:*:444455556666:instance/*\"]",
        "{\"StringEquals\":{\"aws:RequestedRegion\":[\"eu-west-1\"]},"
        "\"StringEqualsIgnoreCase\":{\"aws:ResourceTag/env\":[\"prod\",\"live\"]}}");
}

static void a_rule_that_says_nothing_of_it_is_not_narrowed(void **state)
{
    (void)state;
    static const char *const conditions[] = {
        "exists instance.id",
        "cloud.region != \"eu-west-1\"",
        "exists cloud.region and not cloud.region != \"eu-west-1\"",
        "exists cloud.region and not cloud.region = \"eu-west-1\"",
        "cloud.region = \"eu-west-1\" or severity >= high",

        "resource not in production",
        "all resource.tags[\"env\"] = \"prod\"",
        "resource.tags[\"env\"] startswith \"prod\"",
        "resource.tags[\"env\"] = \"${aws:username}\"",
        "cloud.account != \"111122223333\" or resource in production",
    };
    for (size_t at = 0; at < COUNT_OF(conditions); at++) {
        char text[1024];
        snprintf(text, sizeof text,
            AWS "rule r { when exists instance.id and (%s) then respond stop_instance }",
            conditions[at]);
        stop_is(text, ANY_INSTANCE, "{}");
    }
}

static void an_or_allows_what_either_of_it_allows(void **state)
{
    (void)state;
    stop_is("rule r { when cloud.region = \"eu-west-1\" or (cloud.region in [\"us-east-1\", "
            "\"us-west-2\"] and severity >= high) then respond stop_instance }",
        ANY_INSTANCE,
        "{\"StringEquals\":{\"aws:RequestedRegion\":[\"us-east-1\",\"us-west-2\",\"eu-west-1\"]}}");
}

static void an_and_allows_what_both_allow(void **state)
{
    (void)state;
    stop_is("let here = cloud.region in [\"eu-west-1\", \"us-east-1\"]\n"
            "rule r { when here and cloud.region in [\"us-east-1\", \"us-east-2\"] then respond "
            "stop_instance }",
        ANY_INSTANCE, "{\"StringEquals\":{\"aws:RequestedRegion\":[\"us-east-1\"]}}");
}

static void two_rules_get_what_one_or_the_other_needs(void **state)
{
    (void)state;
    stop_is(AWS
        "rule a { when exists instance.id and resource in production then respond stop_instance }\n"
        "rule b { when cloud.account = \"777788889999\" and resource.tags[\"env\"] = \"test\" then "
        "respond stop_instance }",
        "[\"arn:aws:ec2:*:111122223333:instance/*\",\"arn:aws:ec2:*:444455556666:instance/*\","
        "\"arn:aws:ec2:*:777788889999:instance/*\"]",
        "{\"StringEqualsIgnoreCase\":{\"aws:ResourceTag/env\":[\"prod\",\"live\",\"test\"]}}");
    stop_is(AWS
        "rule a { when exists instance.id and resource in production then respond stop_instance }\n"
        "rule b { when severity >= high then respond stop_instance }",
        ANY_INSTANCE, "{}");
}

/* The tags of an alert are those of the instance that it names, and of no other. */
static void what_a_step_names_itself_is_not_narrowed_by_the_alert(void **state)
{
    (void)state;
    stop_is(AWS "rule r { when resource in production then respond stop_instance "
                "instance=\"i-0123456789abcdef0\" region=\"us-east-2\" account=\"222233334444\" }",
        "[\"arn:aws:ec2:*:222233334444:instance/*\"]",
        "{\"StringEquals\":{\"aws:RequestedRegion\":[\"us-east-2\"]}}");
}

static void taking_back_does_not_depend_on_tags_that_people_change(void **state)
{
    (void)state;
    struct looked looked;
    look(&looked, AWS "rule r { when exists instance.id and resource in production then respond "
                      "stop_instance }");
    const struct need *need = find(&looked, "ec2:StartInstances", "instance");
    assert_non_null(need);
    assert_true(need->is_undo);
    assert_int_equal(need->tag_count, 0);
    compile_release(&looked.compilation);
}

static void what_cdr_made_is_told_by_its_tag(void **state)
{
    (void)state;
    struct looked looked;
    look(&looked, "rule r { when exists instance.id then respond isolate_security_group }");
    assert_true(says(find(&looked, "ec2:CreateSecurityGroup", "security-group"),
        "[\"arn:aws:ec2:*:*:security-group/*\"]",
        "{\"StringEquals\":{\"aws:RequestTag/managed-by\":\"cdr\"}}"));
    assert_true(
        says(find(&looked, "ec2:CreateSecurityGroup", "vpc"), "[\"arn:aws:ec2:*:*:vpc/*\"]", "{}"));
    assert_true(says(find(&looked, "ec2:DeleteSecurityGroup", "security-group"),
        "[\"arn:aws:ec2:*:*:security-group/*\"]",
        "{\"StringEquals\":{\"aws:ResourceTag/managed-by\":\"cdr\"}}"));
    assert_true(says(find(&looked, "ec2:CreateTags", "security-group"),
        "[\"arn:aws:ec2:*:*:security-group/*\"]",
        "{\"StringEquals\":{\"aws:RequestTag/managed-by\":\"cdr\","
        "\"ec2:CreateAction\":[\"CreateSecurityGroup\"]}}"));
    compile_release(&looked.compilation);
}

static bool needs(const char *text, const char *permission)
{
    struct looked looked;
    bool is_needed = false;
    look(&looked, text);
    for (const struct need *at = looked.needs.first; at != NULL; at = at->next)
        is_needed |= strcmp(at->permission, permission) == 0;
    compile_release(&looked.compilation);
    return is_needed;
}

#define WHEN_INSTANCE "rule r { when exists instance.id and exists src.ip then "

static void what_only_a_parameter_needs_is_needed_with_it(void **state)
{
    (void)state;
    static const char protection[] = "ec2:ModifyInstanceAttribute";
    static const char sharing[] = "ec2:ModifySnapshotAttribute";
    assert_false(needs(WHEN_INSTANCE "respond stop_instance }", protection));
    assert_true(needs(WHEN_INSTANCE "respond stop_instance override=protection }", protection));
    assert_false(needs(WHEN_INSTANCE "collect snapshot }", sharing));
    assert_true(needs(WHEN_INSTANCE "collect snapshot share=\"111122223333\" }", sharing));
    assert_true(needs(
        "connection aws { provider = aws forensic_account = \"111122223333\" }\n" WHEN_INSTANCE
        "collect snapshot }",
        sharing));
    assert_false(needs(WHEN_INSTANCE "respond ban_ip via=nacl }", "wafv2:UpdateIPSet"));
    assert_false(needs(WHEN_INSTANCE "respond ban_ip via=waf ip_set=\"x\" }", "iam:PutRolePolicy"));
    assert_true(needs(WHEN_INSTANCE "respond ban_ip via=waf ip_set=\"x\" }", "wafv2:UpdateIPSet"));
    assert_true(needs(WHEN_INSTANCE "respond ban_ip via=iam }", "iam:PutRolePolicy"));
    /* Targets come from the alert only where the rule names none. */
    assert_true(needs(WHEN_INSTANCE "respond isolate_role }", "iam:GetInstanceProfile"));
    assert_false(
        needs(WHEN_INSTANCE "respond isolate_role role=role.arn }", "iam:GetInstanceProfile"));
    assert_true(needs(WHEN_INSTANCE "respond revoke_sessions }", "iam:PutUserPolicy"));
    assert_false(
        needs(WHEN_INSTANCE "respond revoke_sessions instance=instance.id }", "iam:PutUserPolicy"));
    assert_true(
        needs(WHEN_INSTANCE "respond revoke_sessions instance=instance.id }", "iam:PutRolePolicy"));
}

static void put_is(const char *text, const char *resources)
{
    struct looked looked;
    look(&looked, text);
    const struct need *need = find(&looked, "s3:PutObject", "object");
    assert_non_null(need);
    assert_true(says(need, resources, "{}"));
    compile_release(&looked.compilation);
}

static void evidence_goes_where_the_rule_or_the_connection_says(void **state)
{
    (void)state;
    put_is(
        WHEN_INSTANCE "collect logs to=\"s3://evidence/ir\" }", "[\"arn:aws:s3:::evidence/ir/*\"]");
    put_is("connection aws { provider = aws evidence = \"s3://kept\" }\n" WHEN_INSTANCE
           "collect logs }",
        "[\"arn:aws:s3:::kept/*\"]");
    put_is("connection aws { provider = aws evidence = \"s3://kept\" }\n" WHEN_INSTANCE
           "collect logs }\nrule s { when exists role.arn then collect logs to=\"s3://kept/IR\" }"
           "\nrule t { when exists role.arn then collect logs to=\"s3://kept/ir\" }",
        "[\"arn:aws:s3:::kept/*\",\"arn:aws:s3:::kept/IR/*\",\"arn:aws:s3:::kept/ir/*\"]");
    put_is(WHEN_INSTANCE "collect logs }", "[\"arn:aws:s3:::*/*\"]");
}

static void a_disabled_rule_needs_nothing(void **state)
{
    (void)state;
    struct looked looked;
    look(
        &looked, "rule r { when exists instance.id then respond stop_instance }\ndisable rule r\n");
    assert_null(looked.needs.first);
    assert_int_equal(looked.needs.disabled, 1);
    compile_release(&looked.compilation);
}

/* ---- policies that somebody wrote ---- */

static const char stop_in_production[] =
    AWS "rule r { when exists instance.id and resource in production then respond stop_instance }";

static enum permitted judge(const char *text, const char *policy)
{
    struct looked looked;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    json_t *read = NULL;
    bool is_template;
    const char *reason = NULL;
    enum permitted permitted = PERMITTED;
    look(&looked, text);
    enum err err = policy_read(str_from(policy), &arena, &read, &is_template, &reason);
    if (err != ERR_OK)
        print_error("%s\n", reason);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(policy_permits(read, find(&looked, "ec2:StopInstances", "instance"), &words,
                         &arena, &permitted, &reason),
        ERR_OK);
    assert_true((permitted == PERMITTED) == (reason == NULL));
    json_decref(read);
    compile_release(&looked.compilation);
    return permitted;
}

#define ALLOW(rest) "{\"Statement\":[{\"Effect\":\"Allow\"," rest "}]}"
#define STOP "\"Action\":\"ec2:StopInstances\""
#define EVERYWHERE "\"Resource\":\"*\""

static void wildcards_permit_what_they_match(void **state)
{
    (void)state;
    static const char *const good[] = {
        ALLOW(STOP "," EVERYWHERE),
        ALLOW("\"Action\":[\"EC2:stop*\"]," EVERYWHERE),
        ALLOW("\"Action\":\"*\"," EVERYWHERE),
        ALLOW("\"NotAction\":\"iam:*\"," EVERYWHERE),
        ALLOW(STOP ",\"Resource\":\"arn:aws:ec2:*:*:instance/*\""),
        ALLOW(STOP ",\"Resource\":\"arn:*:ec2:*:instance/*\""),
        ALLOW(STOP ",\"NotResource\":\"arn:aws:iam::*:role/*\""),
        ALLOW(STOP "," EVERYWHERE ",\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":["
                   "\"eu-west-1\",\"us-east-1\"]}}"),
        ALLOW(STOP "," EVERYWHERE
                   ",\"Condition\":{\"StringLike\":{\"aws:RequestedRegion\":\"eu-*\"}}"),
        ALLOW(STOP "," EVERYWHERE ",\"Condition\":{\"StringEqualsIgnoreCase\":{\"aws:resourcetag/"
                   "env\":[\"Prod\",\"live\",\"x\"]}}"),
    };
    for (size_t at = 0; at < COUNT_OF(good); at++) {
        if (judge(stop_in_production, good[at]) != PERMITTED)
            print_error("%s\n", good[at]);
        assert_int_equal(judge(stop_in_production, good[at]), PERMITTED);
    }
}

static void what_is_not_allowed_is_missing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        ALLOW("\"Action\":\"ec2:StartInstances\"," EVERYWHERE),
        ALLOW("\"Action\":\"iam:*\"," EVERYWHERE),
        ALLOW("\"NotAction\":\"ec2:*\"," EVERYWHERE),
        ALLOW(STOP ",\"Resource\":\"arn:aws:iam::*:role/*\""),
        "{\"Statement\":[]}",
        ("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
         "{\"Effect\":\"Deny\",\"Action\":\"ec2:Stop*\",\"Resource\":\"*\"}]}"),
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        if (judge(stop_in_production, bad[at]) != PERMITTED_NOT)
            print_error("%s\n", bad[at]);
        assert_int_equal(judge(stop_in_production, bad[at]), PERMITTED_NOT);
    }
}

#define DENIED(arn)                                                                                \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"                  \
    "{\"Effect\":\"Deny\",\"Action\":[\"ec2:*\",\"ssm:*\",\"iam:*\"],\"Resource\":\"" arn "\"}]}"

/* What is permitted of a need when `self` is the role that cdr has. */
static enum permitted judge_as(const char *rules, const char *permission, const char *type,
    const char *self, const char *policy)
{
    struct looked looked;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    const struct policy_words own = { .partition = "aws", .self = self };
    json_t *read = NULL;
    bool is_template;
    const char *reason = NULL;
    enum permitted permitted = PERMITTED;
    look(&looked, rules);
    assert_int_equal(policy_read(str_from(policy), &arena, &read, &is_template, &reason), ERR_OK);
    assert_non_null(find(&looked, permission, type));
    assert_int_equal(
        policy_permits(read, find(&looked, permission, type), &own, &arena, &permitted, &reason),
        ERR_OK);
    json_decref(read);
    compile_release(&looked.compilation);
    return permitted;
}

static void only_a_deny_of_cdr_itself_is_let_pass(void **state)
{
    (void)state;
    static const char rules[] = "rule r { when exists role.arn then respond isolate_role }";
    static const char self[] = "arn:aws:iam::111122223333:role/cdr";
    static const struct {
        const char *self, *policy;
        enum permitted permitted;
    } rows[] = {
        { self, DENIED("arn:aws:iam::111122223333:role/cdr"), PERMITTED },
        { self, DENIED("arn:aws:iam::*:role/cdr"), PERMITTED },
        { NULL, DENIED("arn:aws:iam::111122223333:role/cdr"), PERMITTED_UNCLEAR },
        { self, DENIED("arn:aws:iam::111122223333:role/web"), PERMITTED_UNCLEAR },
        { self, DENIED("arn:aws:iam::111122223333:role/*"), PERMITTED_UNCLEAR },
        { self, DENIED("arn:aws:iam::111122223333:*"), PERMITTED_UNCLEAR },
        { self, DENIED("arn:aws:iam::*:role/*"), PERMITTED_NOT },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++)
        assert_int_equal(
            judge_as(rules, "iam:PutRolePolicy", "role", rows[at].self, rows[at].policy),
            rows[at].permitted);
}

static void a_deny_of_the_only_document_is_missing(void **state)
{
    (void)state;
    static const char rules[] = "connection aws { provider = aws evidence = \"s3://a-bucket/b\" }\n"
                                "rule r { when exists instance.id then collect triage }";
    assert_int_equal(judge_as(rules, "ssm:SendCommand", "document", NULL,
                         DENIED("arn:aws:ssm:*:*:document/AWS-RunShellScript")),
        PERMITTED_NOT);
    assert_int_equal(judge_as(rules, "ssm:SendCommand", "document", NULL,
                         DENIED("arn:aws:ssm:eu-west-1::document/AWS-RunShellScript")),
        PERMITTED_UNCLEAR);
}

static void what_cannot_be_compared_is_neither(void **state)
{
    (void)state;
    static const char *const unclear[] = {
        ALLOW(STOP ",\"Resource\":\"arn:aws:ec2:*:111122223333:instance/*\""),
        ALLOW(STOP ",\"Resource\":\"arn:aws:ec2:eu-west-1:*:instance/*\""),
        ALLOW(STOP ",\"Resource\":\"arn:aws:ec2:*:*:instance/${aws:username}\""),
        ALLOW(STOP "," EVERYWHERE ",\"Condition\":{\"Bool\":{\"aws:MultiFactorAuthPresent\":\"true"
                   "\"}}"),
        ALLOW(STOP "," EVERYWHERE
                   ",\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":\"us-east-1\"}}"),
        /* Rules take `PROD` for prod, and this does not. */
        ALLOW(
            STOP "," EVERYWHERE
                 ",\"Condition\":{\"StringEquals\":{\"aws:ResourceTag/env\":[\"prod\",\"live\"]}}"),
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
        "{\"Effect\":\"Deny\",\"NotAction\":\"iam:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":"
        "{\"aws:SecureTransport\":\"false\"}}}]}",
        DENIED("arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc"),
        DENIED("arn:aws:ec2:*:*:instance/i-0abc"),
    };
    for (size_t at = 0; at < COUNT_OF(unclear); at++) {
        if (judge(stop_in_production, unclear[at]) != PERMITTED_UNCLEAR)
            print_error("%s\n", unclear[at]);
        assert_int_equal(judge(stop_in_production, unclear[at]), PERMITTED_UNCLEAR);
    }
}

static void a_policy_that_iam_would_not_take_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } bad[] = {
        { "{\n\"Statement\": [}", "line 2, column" },
        { "[]", "no JSON object" },
        { "{\"Statement\":[],\"Statement\":[]}", "duplicate" },
        { "{\"PolicyDocument\":{}}", "Statement is neither" },
        { "{\"Policy\":{}}", "no member Policy" },
        { "{\"Resources\":{}}", "has no policy" },
        { "{\"Version\":\"2012\",\"Statement\":[]}", "Version" },
        { "{\"Statement\":3}", "Statement is neither" },
        { ALLOW(STOP), "Statement[0] has neither Resource and NotResource" },
        { ALLOW(STOP "," EVERYWHERE ",\"Principal\":\"*\""), "policy of a resource" },
        { ALLOW(STOP "," EVERYWHERE ",\"Effects\":\"*\""), "no member Effects" },
        { ALLOW("\"Action\":[]," EVERYWHERE), "neither a text nor a list" },
        { ALLOW("\"Action\":\"StopInstances\"," EVERYWHERE), "\"StopInstances\" is no action" },
        { "{\"Statement\":{\"Effect\":\"allow\"," STOP "," EVERYWHERE "}}", "Effect" },
        { ALLOW(STOP "," EVERYWHERE ",\"Condition\":{\"Bool\":3}"), "Condition.Bool is no object" },
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
        json_t *read = NULL;
        bool is_template;
        const char *reason = "";
        assert_int_equal(
            policy_read(str_from(bad[at].text), &arena, &read, &is_template, &reason), ERR_INVALID);
        if (strstr(reason, bad[at].reason) == NULL)
            print_error("%s\n%s\n", bad[at].text, reason);
        assert_non_null(strstr(reason, bad[at].reason));
    }
}

/* The policy that is printed permits all that it was printed for. */
static void what_is_printed_is_enough(void **state)
{
    (void)state;
    struct looked looked;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 22);
    look(&looked, AWS "rule a { when exists instance.id and resource in production then collect "
                      "snapshot; respond "
                      "isolate_role; respond isolate_security_group; respond stop_instance }\n"
                      "rule b { when cloud.region = \"eu-west-1\" and exists role.arn then respond "
                      "isolate_role }");
    struct policy_words self = words;
    self.self = "arn:aws:iam::111122223333:role/cdr";
    json_t *policy = policy_json(&looked.needs, &self);
    char *text = json_dumps(policy, 0);
    json_t *read = NULL;
    bool is_template;
    const char *reason = NULL;
    assert_int_equal(policy_read(str_from(text), &arena, &read, &is_template, &reason), ERR_OK);
    for (const struct need *need = looked.needs.first; need != NULL; need = need->next) {
        enum permitted permitted = PERMITTED_NOT;
        assert_int_equal(policy_permits(read, need, &self, &arena, &permitted, &reason), ERR_OK);
        if (permitted != PERMITTED)
            print_error("%s: %s\n", need->permission, reason);
        assert_int_equal(permitted, PERMITTED);
    }
    free(text);
    json_decref(read);
    json_decref(policy);
    compile_release(&looked.compilation);
}

static void the_fields_of_an_arn_may_be_words_of_a_template(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 16);
    static const char of_a_stack[] = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdr";
    assert_string_equal(policy_arn_field(of_a_stack, 5), "role/cdr");
    assert_string_equal(policy_arn_field("arn:aws:ec2:*:*:instance/*", 5), "instance/*");
    assert_string_equal(policy_arn_field("arn:${", 5), "");
    static const struct {
        const char *arns, *account;
    } rows[] = {
        { "[\"arn:${P}:ec2:*:${A::B}:x/*\",\"arn:${P}:iam::*:y/*\",\"*\"]", "${A::B}" },
        { "[\"arn:${P}:ec2:*:444455556666:x/*\",\"arn:${P}:s3:::y\"]", "444455556666" },
        { "[\"arn:${P}:ec2:*:444455556666:x\",\"arn:${P}:ec2:*:111122223333:x\"]", NULL },
        { "\"arn:${P}:iam::*:role/*\"", NULL },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        const char *partition, *account;
        json_t *policy = json_pack("{s:[{s:o}]}", "Statement", "Resource",
            json_loads(rows[at].arns, JSON_DECODE_ANY, NULL));
        policy_places(policy, &arena, &partition, &account);
        assert_string_equal(partition, "${P}");
        assert_true((account == NULL) == (rows[at].account == NULL));
        if (account != NULL)
            assert_string_equal(account, rows[at].account);
        json_decref(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_environment_narrows_to_its_accounts_regions_and_tags),
        cmocka_unit_test(a_rule_that_says_nothing_of_it_is_not_narrowed),
        cmocka_unit_test(an_or_allows_what_either_of_it_allows),
        cmocka_unit_test(an_and_allows_what_both_allow),
        cmocka_unit_test(two_rules_get_what_one_or_the_other_needs),
        cmocka_unit_test(what_a_step_names_itself_is_not_narrowed_by_the_alert),
        cmocka_unit_test(taking_back_does_not_depend_on_tags_that_people_change),
        cmocka_unit_test(what_cdr_made_is_told_by_its_tag),
        cmocka_unit_test(what_only_a_parameter_needs_is_needed_with_it),
        cmocka_unit_test(evidence_goes_where_the_rule_or_the_connection_says),
        cmocka_unit_test(a_disabled_rule_needs_nothing),
        cmocka_unit_test(wildcards_permit_what_they_match),
        cmocka_unit_test(what_is_not_allowed_is_missing),
        cmocka_unit_test(what_cannot_be_compared_is_neither),
        cmocka_unit_test(only_a_deny_of_cdr_itself_is_let_pass),
        cmocka_unit_test(a_deny_of_the_only_document_is_missing),
        cmocka_unit_test(a_policy_that_iam_would_not_take_is_refused_with_its_place),
        cmocka_unit_test(what_is_printed_is_enough),
        cmocka_unit_test(the_fields_of_an_arn_may_be_words_of_a_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
