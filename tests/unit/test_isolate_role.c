/* isolate_role and its inverse, told by a scripted AWS. */
#include "script.h"

#define WEB "arn:aws:iam::" OURS ":role/app/web"
#define DENY_ALL                                                                                   \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CdrIsolation\",\"Effect\":\"Deny\","    \
    "\"Action\":\"*\",\"Resource\":\"*\"}]}"
#define DENY_ALL_ENCODED                                                                           \
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22CdrIsolation%22" \
    "%2C%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%"  \
    "7D"
#define POLICY_REPLY(document)                                                                     \
    "<GetRolePolicyResponse " IAM_XML "><GetRolePolicyResult><RoleName>web</RoleName>"             \
    "<PolicyName>cdr-isolation</PolicyName><PolicyDocument>" document                              \
    "</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"
#define NO_POLICY                                                                                  \
    IAM_ERROR("NoSuchEntity", "The role policy with name cdr-isolation cannot be found.")
#define PUT_REPLY "<PutRolePolicyResponse " IAM_XML "/>"
#define DELETE_REPLY "<DeleteRolePolicyResponse " IAM_XML "/>"
#define ROLE_REPLY(arn)                                                                            \
    "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><RoleName>web</RoleName><Arn>" arn          \
    "</Arn></Role></GetRoleResult></GetRoleResponse>"
#define PROFILE_REPLY(roles)                                                                       \
    "<GetInstanceProfileResponse " IAM_XML "><GetInstanceProfileResult><InstanceProfile>"          \
    "<InstanceProfileName>front</InstanceProfileName><Roles>" roles                                \
    "</Roles></InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>"
#define MEMBER "<member><RoleName>web</RoleName><Arn>" WEB "</Arn></member>"
#define PROFILE_OF_INSTANCE                                                                        \
    "<iamInstanceProfile><arn>arn:aws:iam::" OURS ":instance-profile/app/front</arn>"              \
    "<id>AIPAEXAMPLE</id></iamInstanceProfile>"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define KNOWN ASK("GetRole", "RoleName=web", ROLE_REPLY(WEB))
#define POLICY_PARAMS "RoleName=web\nPolicyName=cdr-isolation"
#define LOOK_NONE ASK_ERROR("GetRolePolicy", POLICY_PARAMS, 404, NO_POLICY)
#define LOOK_OURS ASK("GetRolePolicy", POLICY_PARAMS, POLICY_REPLY(DENY_ALL_ENCODED))
#define PUT_PARAMS POLICY_PARAMS "\nPolicyDocument=" DENY_ALL

static void isolate(struct script *script, const char *role, const char *instance)
{
    script_begin(script, VERB_RESPOND, "isolate_role");
    if (role != NULL)
        script_set(script, "role", role);
    if (instance != NULL)
        script_set(script, "instance", instance);
}

static const struct exchange happy[] = { WHO, KNOWN, LOOK_NONE,
    CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_OURS };

static void a_role_is_looked_at_denied_and_looked_at_again(void **state)
{
    (void)state;
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    assert_reason(&script, "is denied everything");
    assert_true(str_is(script.step.target, WEB));
    assert_true(str_is(script.step.found, "role " WEB));
    assert_int_equal(script.undos_count, 1);
    assert_string_equal(script.undos[0].builtin, "release_role");
    assert_true(str_is(value_str(script.undos[0].args[0]), WEB));
    assert_true(str_is(value_str(script.undos[0].args[1]), DENY_ALL));
    script_end(&script);
}

static void little_memory_stops_it_without_another_request(void **state)
{
    (void)state;
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, happy), STEP_DONE);
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void the_role_of_an_instance_is_found_by_its_profile(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        ASK("DescribeInstances", "InstanceId.1=i-0abc",
            INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE)),
        ASK("GetInstanceProfile", "InstanceProfileName=front", PROFILE_REPLY(MEMBER)), KNOWN,
        LOOK_NONE, CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_OURS };
    struct script script;
    isolate(&script, NULL, "i-0abc");
    script_set(&script, "region", "eu-west-1");
    script_set(&script, "account", OURS);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_true(str_is(script.step.found, "instance i-0abc -> profile front -> role " WEB));
    assert_true(str_startswith(script.sent[1], STR("ask ec2:DescribeInstances eu-west-1 i-0abc")));
    assert_true(
        str_startswith(script.sent[2], STR("ask iam:GetInstanceProfile eu-central-1 inst")));
    script_end(&script);
}

/* Ends before the role's policy is touched. */
static void assert_untouched(struct script *script, const struct exchange *exchanges, size_t count,
    enum step_turn end, const char *reason)
{
    assert_int_equal(script_play(script, exchanges, count), end);
    assert_reason(script, reason);
    assert_int_equal(script->changes, 0);
    script_end(script);
}

static void an_instance_without_a_role_is_unresolved(void **state)
{
    (void)state;
    static const struct exchange no_profile[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "running", "")) };
    static const struct exchange no_role[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE)),
        ASK("GetInstanceProfile", "", PROFILE_REPLY("")) };
    static const struct exchange no_instance[] = { WHO,
        ASK_ERROR("DescribeInstances", "", 400, NO_INSTANCE) };
    static const struct exchange empty[] = { WHO,
        ASK("DescribeInstances", "",
            "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>") };
    struct script script;
    isolate(&script, NULL, "i-0abc");
    assert_untouched(
        &script, no_profile, COUNT_OF(no_profile), STEP_UNRESOLVED, "has no instance profile");
    isolate(&script, NULL, "i-0abc");
    assert_untouched(&script, no_role, COUNT_OF(no_role), STEP_UNRESOLVED, "has no role in it");
    isolate(&script, NULL, "i-0abc");
    assert_untouched(&script, no_instance, COUNT_OF(no_instance), STEP_UNRESOLVED,
        "there is no instance i-0abc in account " OURS);
    isolate(&script, NULL, "i-0abc");
    assert_untouched(
        &script, empty, COUNT_OF(empty), STEP_UNRESOLVED, "there is no instance i-0abc");
}

static void nothing_is_done_in_another_account(void **state)
{
    (void)state;
    static const struct exchange who[] = { WHO };
    static const struct exchange foreign_instance[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY("444455556666", "i-0abc", "running", PROFILE_OF_INSTANCE)) };
    struct script script;
    isolate(&script, WEB, NULL);
    script_set(&script, "account", "444455556666");
    assert_untouched(&script, who, COUNT_OF(who), STEP_UNRESOLVED,
        "this is about account 444455556666, but the connection reaches account " OURS);
    isolate(&script, "arn:aws:iam::444455556666:role/web", NULL);
    assert_untouched(&script, who, COUNT_OF(who), STEP_UNRESOLVED, "is not in account " OURS);
    isolate(&script, NULL, "i-0abc");
    assert_untouched(&script, foreign_instance, COUNT_OF(foreign_instance), STEP_UNRESOLVED,
        "belongs to account 444455556666");
}

static void a_name_needs_a_second_fact(void **state)
{
    (void)state;
    static const struct exchange who[] = { WHO };
    static const struct exchange named[] = { WHO, KNOWN, LOOK_OURS };
    static const struct exchange unknown[] = { WHO,
        ASK_ERROR("GetRole", "RoleName=web", 404, IAM_ERROR("NoSuchEntity", "no such role")) };
    static const struct exchange other[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE)),
        ASK("GetInstanceProfile", "", PROFILE_REPLY(MEMBER)) };
    struct script script;
    isolate(&script, "web", NULL);
    assert_untouched(&script, who, COUNT_OF(who), STEP_UNRESOLVED, "give its ARN, or account=");
    isolate(&script, "web", NULL);
    script_set(&script, "account", OURS);
    assert_untouched(&script, named, COUNT_OF(named), STEP_DONE, "was isolated already");
    isolate(&script, "web", NULL);
    script_set(&script, "account", OURS);
    assert_untouched(&script, unknown, COUNT_OF(unknown), STEP_UNRESOLVED, "IAM knows no role web");
    isolate(&script, "db", "i-0abc");
    assert_untouched(&script, other, COUNT_OF(other), STEP_UNRESOLVED,
        "the alert names role db, but instance i-0abc has the role " WEB);
}

static void a_role_of_the_alert_must_be_the_one_that_the_instance_has(void **state)
{
    (void)state;
    static const struct exchange seen[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE)),
        ASK("GetInstanceProfile", "", PROFILE_REPLY(MEMBER)) };
    static const struct exchange agreed[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE)),
        ASK("GetInstanceProfile", "", PROFILE_REPLY(MEMBER)), KNOWN, LOOK_OURS };
    static const struct exchange no_profile[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "running", "")) };
    static const char *const same[] = { WEB, "arn:aws:sts::" OURS ":assumed-role/web/i-0abc",
        "web" };
    static const char *const other[] = { "arn:aws:iam::" OURS ":role/admin",
        "arn:aws:iam::" OURS ":role/web", "arn:aws:iam::444455556666:role/app/web",
        "arn:aws:sts::444455556666:assumed-role/web/i-0abc",
        "arn:aws:sts::" OURS ":assumed-role/db/s", "db" };
    struct script script;
    for (size_t at = 0; at < COUNT_OF(same); at++) {
        isolate(&script, same[at], "i-0abc");
        assert_untouched(&script, agreed, COUNT_OF(agreed), STEP_DONE, WEB " was isolated already");
    }
    for (size_t at = 0; at < COUNT_OF(other); at++) {
        isolate(&script, other[at], "i-0abc");
        assert_int_equal(PLAY(&script, seen), STEP_UNRESOLVED);
        assert_reason(&script, other[at]);
        assert_reason(&script, "but instance i-0abc has the role " WEB);
        script_starve(&script, seen, COUNT_OF(seen), STEP_UNRESOLVED);
        script_end(&script);
    }
    isolate(&script, WEB, "i-0abc");
    assert_untouched(&script, no_profile, COUNT_OF(no_profile), STEP_UNRESOLVED,
        "the alert names role " WEB ", but instance i-0abc has no instance profile");
}

static void an_arn_of_a_role_that_was_made_anew_elsewhere_is_unresolved(void **state)
{
    (void)state;
    static const struct exchange moved[] = { WHO,
        ASK("GetRole", "RoleName=web", ROLE_REPLY("arn:aws:iam::" OURS ":role/web")) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, moved, COUNT_OF(moved), STEP_UNRESOLVED,
        "the one of that name is arn:aws:iam::" OURS ":role/web");
}

static void a_session_of_a_role_names_the_role(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_OURS };
    struct script script;
    isolate(&script, "arn:aws:sts::" OURS ":assumed-role/web/i-0abc", NULL);
    assert_untouched(&script, exchanges, COUNT_OF(exchanges), STEP_DONE, WEB);
}

static void our_own_role_and_those_of_aws_are_never_a_target(void **state)
{
    (void)state;
    static const struct exchange own[] = { ASK("GetCallerIdentity", "", CALLER_ROLE("web", "cdr")),
        KNOWN };
    static const struct exchange linked[] = { WHO,
        ASK("GetRole", "RoleName=x",
            ROLE_REPLY("arn:aws:iam::" OURS ":role/aws-service-role/ecs.amazonaws.com/x")) };
    static const struct exchange own_instance[] = {
        ASK("GetCallerIdentity", "", CALLER_ROLE("responder", "i-0abc")),
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "running", PROFILE_OF_INSTANCE))
    };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, own, COUNT_OF(own), STEP_FAILED, "is the role that this program");
    isolate(&script, "x", NULL);
    script_set(&script, "account", OURS);
    assert_untouched(&script, linked, COUNT_OF(linked), STEP_FAILED, "service-linked");
    isolate(&script, NULL, "i-0abc");
    assert_untouched(&script, own_instance, COUNT_OF(own_instance), STEP_FAILED,
        "is the one this program runs on");
}

static void what_is_isolated_already_is_not_touched(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_OURS };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, exchanges, COUNT_OF(exchanges), STEP_DONE, "nothing was changed");
}

static void somebody_elses_policy_of_our_name_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN,
        ASK("GetRolePolicy", "", POLICY_REPLY("%7B%7D")) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, exchanges, COUNT_OF(exchanges), STEP_FAILED, "left alone");
    static const struct exchange later[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY),
        ASK("GetRolePolicy", "", POLICY_REPLY("%7B%7D")) };
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, later), STEP_UNKNOWN);
    assert_reason(&script, "with other words than ours");
    script_end(&script);
}

static void a_lost_change_that_was_applied_is_seen_and_not_repeated(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST), LOOK_OURS };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "is denied everything");
    assert_int_equal(script.changes, 1);
    script_end(&script);
}

static void a_lost_change_that_was_not_applied_is_sent_again(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST), LOOK_NONE, LOOK_NONE, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_OURS };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_int_equal(script.changes, 2);
    assert_true(script.waited_ms >= 2000);
    script_end(&script);
}

static void a_change_that_never_arrives_ends_as_failed(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutRolePolicy", "", 400, IAM_ERROR("Throttling", "Rate exceeded")), LOOK_NONE,
        LOOK_NONE, LOOK_NONE, CHANGE_ERROR("PutRolePolicy", "", 500, ""), LOOK_NONE, LOOK_NONE,
        LOOK_NONE, CHANGE_WITHOUT("PutRolePolicy", "", LOST), LOOK_NONE, LOOK_NONE, LOOK_NONE };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, exchanges), STEP_FAILED);
    assert_reason(&script, "is not isolated");
    script_end(&script);
}

static void iam_may_take_its_time_to_show_what_it_accepted(void **state)
{
    (void)state;
    static const struct exchange late[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_NONE, LOOK_NONE, LOOK_OURS };
    static const struct exchange never[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_NONE, LOOK_NONE, LOOK_NONE, LOOK_NONE,
        LOOK_NONE, LOOK_NONE, LOOK_NONE };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, late), STEP_DONE);
    assert_int_equal(script.changes, 1);
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, never), STEP_UNKNOWN);
    assert_reason(&script, "accepted the policy");
    assert_int_equal(script.changes, 1);
    script_end(&script);
}

static void what_cannot_be_read_after_a_change_is_unknown(void **state)
{
    (void)state;
    static const struct exchange lost[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST), ASK_WITHOUT("GetRolePolicy", "", LOST),
        ASK_WITHOUT("GetRolePolicy", "", LOST), ASK_WITHOUT("GetRolePolicy", "", LOST) };
    static const struct exchange refused[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY),
        REFUSED_BECAUSE("GetRolePolicy", false, "nothing listens at 127.0.0.1:1") };
    static const struct exchange page[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY),
        ASK_ERROR("GetRolePolicy", "", 503, WEB_PAGE), ASK_ERROR("GetRolePolicy", "", 503, ""),
        ASK_ERROR("GetRolePolicy", "", 503, WEB_PAGE) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, page), STEP_UNKNOWN);
    assert_reason(&script, "(HTTP 503) is not one of AWS: it is a web page; look at " WEB
                           " yourself, or take the run back: cdr undo looks");
    script_starve(&script, page, COUNT_OF(page), STEP_UNKNOWN);
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, lost), STEP_UNKNOWN);
    assert_reason(&script, "GetRolePolicy on role/web: no answer came");
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, refused), STEP_UNKNOWN);
    assert_reason(&script, "nothing listens");
    script_end(&script);
}

static void credentials_that_expire_after_a_change_leave_it_unknown(void **state)
{
    (void)state;
    static const struct exchange read[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST),
        ASK_ERROR("GetRolePolicy", "", 403, IAM_ERROR("ExpiredToken", "expired")) };
    static const struct exchange again[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST), LOOK_NONE, LOOK_NONE, LOOK_NONE,
        CHANGE_ERROR("PutRolePolicy", "", 403, IAM_ERROR("ExpiredToken", "expired")) };
    static const struct exchange gone[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, LOST), LOOK_NONE, LOOK_NONE, LOOK_NONE,
        REFUSED_BECAUSE("PutRolePolicy", true, "no credentials were found") };
    static const struct exchange at_once[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutRolePolicy", "", 403, IAM_ERROR("ExpiredToken", "expired")) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, read), STEP_UNKNOWN);
    assert_reason(&script, "credentials for GetRolePolicy on role/web");
    assert_reason(&script, "look at " WEB " yourself, or take the run back");
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, again), STEP_UNKNOWN);
    assert_reason(&script, "credentials for PutRolePolicy on role/web");
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, gone), STEP_UNKNOWN);
    assert_reason(&script, "no credentials were found; look at " WEB);
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, at_once), STEP_FAILED);
    script_end(&script);
}

static void a_read_without_an_answer_is_asked_three_times(void **state)
{
    (void)state;
    static const struct exchange back[] = { ASK_WITHOUT("GetCallerIdentity", "", LOST),
        ASK_ERROR("GetCallerIdentity", "", 200, WEB_PAGE), WHO, KNOWN, LOOK_OURS };
    static const struct exchange page[] = { ASK_ERROR("GetCallerIdentity", "", 200, WEB_PAGE),
        ASK_ERROR("GetCallerIdentity", "", 403, WEB_PAGE),
        ASK_ERROR("GetCallerIdentity", "", 502, "") };
    static const struct exchange refused[] = { REFUSED_BECAUSE(
        "GetCallerIdentity", false, "no credentials were found") };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, back, COUNT_OF(back), STEP_DONE, "already");
    isolate(&script, WEB, NULL);
    assert_untouched(&script, page, COUNT_OF(page), STEP_FAILED,
        "GetCallerIdentity: the answer (HTTP 502) is not one of AWS: it is empty");
    isolate(&script, WEB, NULL);
    assert_untouched(&script, refused, COUNT_OF(refused), STEP_FAILED, "no credentials were found");
}

static void what_is_denied_names_the_permission(void **state)
{
    (void)state;
    static const struct exchange read[] = { WHO, KNOWN,
        ASK_ERROR("GetRolePolicy", "", 403,
            IAM_ERROR("AccessDenied",
                "User: arn:aws:iam::" OURS ":user/responder is not authorized to perform: "
                "iam:GetRolePolicy on resource: role web")) };
    static const struct exchange change[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutRolePolicy", "", 403, IAM_ERROR("AccessDenied", "no")) };
    static const struct exchange expired[] = { ASK_ERROR(
        "GetCallerIdentity", "", 403, IAM_ERROR("ExpiredToken", "The security token is expired")) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_untouched(&script, read, COUNT_OF(read), STEP_FAILED,
        "AWS does not allow iam:GetRolePolicy on role/web");
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, change), STEP_FAILED);
    assert_reason(&script, "AWS does not allow iam:PutRolePolicy on role/web");
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_untouched(&script, expired, COUNT_OF(expired), STEP_FAILED,
        "AWS does not accept the connection's credentials");
}

static void what_iam_declines_fails_with_its_words(void **state)
{
    (void)state;
    static const struct exchange quota[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutRolePolicy", "", 409,
            IAM_ERROR("LimitExceeded", "Maximum policy size of 10240 bytes exceeded")) };
    static const struct exchange refused[] = { WHO, KNOWN, LOOK_NONE,
        REFUSED_BECAUSE("PutRolePolicy", true, "nothing listens at 127.0.0.1:1") };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, quota), STEP_FAILED);
    assert_reason(&script, "AWS's quota; Maximum policy size");
    script_end(&script);
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, refused), STEP_FAILED);
    assert_reason(&script, "nothing listens");
    script_end(&script);
}

static void a_plan_reads_and_supposes_the_change(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, ASSUMED) };
    struct script script;
    isolate(&script, WEB, NULL);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, WEB " would be denied everything");
    script_end(&script);
}

static void offline_the_change_is_planned_with_honest_names(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "InstanceId.1=i-0abc", ASSUMED),
        ASK_WITHOUT("GetInstanceProfile", "InstanceProfileName=(the profile of i-0abc)", ASSUMED),
        ASK_WITHOUT("GetRole", "RoleName=(the role of i-0abc)", ASSUMED),
        ASK_WITHOUT("GetRolePolicy", "RoleName=(the role of i-0abc)", ASSUMED),
        CHANGE_WITHOUT("PutRolePolicy", "RoleName=(the role of i-0abc)", ASSUMED) };
    static const struct exchange named[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("GetRole", "RoleName=web", ASSUMED),
        ASK_WITHOUT("GetRolePolicy", "RoleName=web", ASSUMED),
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, ASSUMED) };
    static const struct exchange both[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("DescribeInstances", "InstanceId.1=i-0abc", ASSUMED),
        ASK_WITHOUT("GetInstanceProfile", "", ASSUMED),
        ASK_WITHOUT("GetRole", "RoleName=web", ASSUMED),
        ASK_WITHOUT("GetRolePolicy", "RoleName=web", ASSUMED),
        CHANGE_WITHOUT("PutRolePolicy", PUT_PARAMS, ASSUMED) };
    struct script script;
    isolate(&script, NULL, "i-0abc");
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "(the role of i-0abc) would be");
    script_end(&script);
    isolate(&script, WEB, "i-0abc");
    assert_int_equal(PLAY(&script, both), STEP_DONE);
    assert_reason(&script, WEB " would be");
    script_end(&script);
    isolate(&script, "web", NULL);
    assert_int_equal(PLAY(&script, named), STEP_DONE);
    script_end(&script);
}

/* Isolate a role and make its undo ready. */
static void isolated(struct script *done, struct script *undo)
{
    isolate(done, WEB, NULL);
    assert_int_equal(PLAY(done, happy), STEP_DONE);
    script_begin_undo(undo, done, 0);
}

static void assert_undo(
    const struct exchange *exchanges, size_t count, enum step_turn end, const char *reason)
{
    struct script done, undo;
    isolated(&done, &undo);
    assert_int_equal(script_play(&undo, exchanges, count), end);
    assert_reason(&undo, reason);
    script_starve(&undo, exchanges, count, end);
    script_end(&undo);
    script_end(&done);
}

static void an_undo_deletes_what_is_still_as_it_was_put(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE("DeleteRolePolicy", POLICY_PARAMS, DELETE_REPLY), LOOK_NONE };
    static const struct exchange slow[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE_WITHOUT("DeleteRolePolicy", POLICY_PARAMS, LOST), LOOK_OURS, LOOK_OURS, LOOK_OURS,
        CHANGE("DeleteRolePolicy", POLICY_PARAMS, DELETE_REPLY), LOOK_OURS, LOOK_NONE };
    static const struct exchange raced[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE_ERROR("DeleteRolePolicy", POLICY_PARAMS, 404, NO_POLICY), LOOK_NONE };
    assert_undo(exchanges, COUNT_OF(exchanges), STEP_DONE, "is no longer denied everything");
    assert_undo(slow, COUNT_OF(slow), STEP_DONE, "is no longer denied everything");
    assert_undo(raced, COUNT_OF(raced), STEP_DONE, "is no longer denied everything");
}

static void an_undo_of_what_is_gone_changes_nothing(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, KNOWN, LOOK_NONE };
    assert_undo(exchanges, COUNT_OF(exchanges), STEP_DONE, "nothing to take back");
}

static void an_undo_leaves_alone_what_somebody_else_changed(void **state)
{
    (void)state;
    static const struct exchange changed[] = { WHO, KNOWN,
        ASK("GetRolePolicy", "", POLICY_REPLY("%7B%22Version%22%3A%222012-10-17%22%7D")) };
    static const struct exchange elsewhere[] = { ASK(
        "GetCallerIdentity", "", CALLER_REPLY("444455556666", "arn:aws:iam::4:user/x")) };
    assert_undo(changed, COUNT_OF(changed), STEP_FAILED, "changed since by somebody else");
    assert_undo(elsewhere, COUNT_OF(elsewhere), STEP_UNRESOLVED, "is not in account 444455556666");
}

static void an_undo_that_is_denied_or_unread_says_so(void **state)
{
    (void)state;
    static const struct exchange denied[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE_ERROR("DeleteRolePolicy", "", 403, IAM_ERROR("AccessDenied", "no")) };
    static const struct exchange unread[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE_WITHOUT("DeleteRolePolicy", "", LOST), ASK_WITHOUT("GetRolePolicy", "", REFUSED) };
    static const struct exchange kept[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE("DeleteRolePolicy", "", DELETE_REPLY), LOOK_OURS, LOOK_OURS, LOOK_OURS, LOOK_OURS,
        LOOK_OURS, LOOK_OURS, LOOK_OURS };
    assert_undo(denied, COUNT_OF(denied), STEP_FAILED, "does not allow iam:DeleteRolePolicy");
    assert_undo(unread, COUNT_OF(unread), STEP_UNKNOWN, "GetRolePolicy");
    assert_undo(kept, COUNT_OF(kept), STEP_UNKNOWN, "still has the policy");
}

static void an_undo_can_be_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE_WITHOUT("DeleteRolePolicy", POLICY_PARAMS, ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("GetRole", "RoleName=web", ASSUMED), ASK_WITHOUT("GetRolePolicy", "", ASSUMED),
        CHANGE_WITHOUT("DeleteRolePolicy", POLICY_PARAMS, ASSUMED) };
    assert_undo(plan, COUNT_OF(plan), STEP_DONE, "would no longer be denied");
    assert_undo(offline, COUNT_OF(offline), STEP_DONE, "would no longer be denied");
}

/* IAM has one name for all paths, and gives it to the next one that asks. */
static void an_undo_leaves_another_role_of_that_name_alone(void **state)
{
    (void)state;
    static const struct exchange path[] = { WHO,
        ASK("GetRole", "RoleName=web", ROLE_REPLY("arn:aws:iam::" OURS ":role/intern/web")) };
    static const struct exchange deleted[] = { WHO,
        ASK_ERROR("GetRole", "", 404, IAM_ERROR("NoSuchEntity", "no role web")) };
    static const struct exchange unread[] = { WHO,
        ASK_ERROR("GetRole", "", 403, IAM_ERROR("AccessDenied", "no")) };
    static const struct exchange with_id[] = { WHO,
        ASK("GetRole", "", ROLE_REPLY(WEB "</Arn><RoleId>AROAEXAMPLE1</RoleId><Arn>")), LOOK_NONE,
        CHANGE("PutRolePolicy", PUT_PARAMS, PUT_REPLY), LOOK_OURS };
    static const struct exchange renewed[] = { WHO,
        ASK("GetRole", "", ROLE_REPLY(WEB "</Arn><RoleId>AROAEXAMPLE2</RoleId><Arn>")) };
    struct script done, undo;
    assert_undo(path, COUNT_OF(path), STEP_FAILED, "the role of that name now is another");
    assert_undo(deleted, COUNT_OF(deleted), STEP_DONE, "nothing to take back");
    assert_undo(unread, COUNT_OF(unread), STEP_FAILED, "does not allow iam:GetRole");
    isolate(&done, WEB, NULL);
    assert_int_equal(PLAY(&done, with_id), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_int_equal(PLAY(&undo, renewed), STEP_FAILED);
    assert_reason(&undo, "AROAEXAMPLE2");
    script_end(&undo);
    script_end(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_is_looked_at_denied_and_looked_at_again),
        cmocka_unit_test(little_memory_stops_it_without_another_request),
        cmocka_unit_test(the_role_of_an_instance_is_found_by_its_profile),
        cmocka_unit_test(an_instance_without_a_role_is_unresolved),
        cmocka_unit_test(nothing_is_done_in_another_account),
        cmocka_unit_test(a_name_needs_a_second_fact),
        cmocka_unit_test(a_role_of_the_alert_must_be_the_one_that_the_instance_has),
        cmocka_unit_test(an_arn_of_a_role_that_was_made_anew_elsewhere_is_unresolved),
        cmocka_unit_test(a_session_of_a_role_names_the_role),
        cmocka_unit_test(our_own_role_and_those_of_aws_are_never_a_target),
        cmocka_unit_test(what_is_isolated_already_is_not_touched),
        cmocka_unit_test(somebody_elses_policy_of_our_name_is_left_alone),
        cmocka_unit_test(a_lost_change_that_was_applied_is_seen_and_not_repeated),
        cmocka_unit_test(a_lost_change_that_was_not_applied_is_sent_again),
        cmocka_unit_test(a_change_that_never_arrives_ends_as_failed),
        cmocka_unit_test(iam_may_take_its_time_to_show_what_it_accepted),
        cmocka_unit_test(what_cannot_be_read_after_a_change_is_unknown),
        cmocka_unit_test(credentials_that_expire_after_a_change_leave_it_unknown),
        cmocka_unit_test(a_read_without_an_answer_is_asked_three_times),
        cmocka_unit_test(what_is_denied_names_the_permission),
        cmocka_unit_test(what_iam_declines_fails_with_its_words),
        cmocka_unit_test(a_plan_reads_and_supposes_the_change),
        cmocka_unit_test(offline_the_change_is_planned_with_honest_names),
        cmocka_unit_test(an_undo_deletes_what_is_still_as_it_was_put),
        cmocka_unit_test(an_undo_of_what_is_gone_changes_nothing),
        cmocka_unit_test(an_undo_leaves_alone_what_somebody_else_changed),
        cmocka_unit_test(an_undo_leaves_another_role_of_that_name_alone),
        cmocka_unit_test(an_undo_that_is_denied_or_unread_says_so),
        cmocka_unit_test(an_undo_can_be_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
