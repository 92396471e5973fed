/* restrict_role and its inverse, told by a scripted AWS; and which policies are too powerful. */
#include "script.h"

#include "aws/policy_power.h"

#define WEB "arn:aws:iam::" OURS ":role/app/web"
#define ADMIN "arn:aws:iam::aws:policy/AdministratorAccess"
#define READER "arn:aws:iam::aws:policy/ReadOnlyAccess"
#define OPS "arn:aws:iam::" OURS ":policy/ops"
#define BOUND "arn:aws:iam::" OURS ":policy/bounded"
#define ALLOW(action, resource)                                                                    \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":" action          \
    ",\"Resource\":" resource "}]}"

#define ROLE_REPLY(more)                                                                           \
    "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><RoleName>web</RoleName><Arn>" WEB          \
    "</Arn>" more "</Role></GetRoleResult></GetRoleResponse>"
#define BOUNDARY(arn)                                                                              \
    "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>"               \
    "<PermissionsBoundaryArn>" arn "</PermissionsBoundaryArn></PermissionsBoundary>"
#define MEMBER(arn) "<member><PolicyName>x</PolicyName><PolicyArn>" arn "</PolicyArn></member>"
#define ATTACHED_REPLY(members, more)                                                              \
    "<ListAttachedRolePoliciesResponse " IAM_XML "><ListAttachedRolePoliciesResult>"               \
    "<AttachedPolicies>" members "</AttachedPolicies>" more                                        \
    "</ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>"
#define NAMES_REPLY(members)                                                                       \
    "<ListRolePoliciesResponse " IAM_XML "><ListRolePoliciesResult><PolicyNames>" members          \
    "</PolicyNames></ListRolePoliciesResult></ListRolePoliciesResponse>"
#define VERSION_REPLY(document)                                                                    \
    "<GetPolicyVersionResponse " IAM_XML                                                           \
    "><GetPolicyVersionResult><PolicyVersion><Document>" document                                  \
    "</Document></PolicyVersion></GetPolicyVersionResult></GetPolicyVersionResponse>"
#define INLINE_REPLY(document)                                                                     \
    "<GetRolePolicyResponse " IAM_XML "><GetRolePolicyResult><PolicyDocument>" document            \
    "</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"
#define DENIED(what)                                                                               \
    IAM_ERROR("AccessDenied", "User: x is not authorized to perform: iam:" what " on resource: y")
#define DID(operation) "<" operation "Response " IAM_XML "/>"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define ROLE(more) ASK("GetRole", "RoleName=web", ROLE_REPLY(more))
#define ATTACHED(members)                                                                          \
    ASK("ListAttachedRolePolicies", "RoleName=web", ATTACHED_REPLY(members, ""))
#define POLICY(arn)                                                                                \
    ASK("GetPolicy", "PolicyArn=" arn,                                                             \
        "<GetPolicyResponse " IAM_XML "><GetPolicyResult><Policy><DefaultVersionId>v3"             \
        "</DefaultVersionId></Policy></GetPolicyResult></GetPolicyResponse>")
#define VERSION(arn, document)                                                                     \
    ASK("GetPolicyVersion", "PolicyArn=" arn "\nVersionId=v3", VERSION_REPLY(document))
#define NAMES(members) ASK("ListRolePolicies", "RoleName=web", NAMES_REPLY(members))
#define DETACH(arn)                                                                                \
    CHANGE("DetachRolePolicy", "RoleName=web\nPolicyArn=" arn, DID("DetachRolePolicy"))

#define EVERYTHING ALLOW("\"*\"", "\"*\"")
#define SOMETHING ALLOW("[\"s3:GetObject\"]", "\"*\"")

static void restrict_it(struct script *script, const char *boundary)
{
    script_begin(script, VERB_RESPOND, "restrict_role");
    script_set(script, "role", WEB);
    if (boundary != NULL)
        script_set(script, "boundary", boundary);
}

static void assert_end(struct script *script, const struct exchange *exchanges, size_t count,
    enum step_turn end, uint32_t changes, const char *reason)
{
    enum step_turn turn = script_play(script, exchanges, count);
    assert_reason(script, reason);
    assert_int_equal(turn, end);
    assert_int_equal(script->changes, changes);
}

#define ENDS(script, exchanges, end, changes, reason)                                              \
    do {                                                                                           \
        assert_end(script, exchanges, COUNT_OF(exchanges), end, changes, reason);                  \
        script_end(script);                                                                        \
    } while (0)

static const struct exchange happy[] = { WHO, ROLE(""),
    ASK("ListAttachedRolePolicies", "RoleName=web",
        ATTACHED_REPLY(MEMBER(ADMIN) MEMBER(READER), "<Marker>m</Marker>")),
    ASK("ListAttachedRolePolicies", "RoleName=web\nMarker=m", ATTACHED_REPLY(MEMBER(OPS), "")),
    POLICY(READER), VERSION(READER, SOMETHING), POLICY(OPS), VERSION(OPS, EVERYTHING),
    NAMES("<member>small</member>"),
    ASK("GetRolePolicy", "PolicyName=small", INLINE_REPLY(SOMETHING)), DETACH(ADMIN), DETACH(OPS),
    ATTACHED(MEMBER(READER)) };

static void what_lets_a_role_do_everything_is_detached(void **state)
{
    (void)state;
    struct script script;
    restrict_it(&script, NULL);
    assert_end(&script, happy, COUNT_OF(happy), STEP_DONE, 2, WEB " no longer has " ADMIN ", " OPS);
    for (uint32_t at = 0; at < 2; at++) {
        assert_string_equal(script.undos[at].builtin, "unrestrict_role");
        assert_true(str_is(value_str(script.undos[at].args[0]), WEB));
        assert_true(str_is(value_str(script.undos[at].args[1]), at == 0 ? ADMIN : OPS));
    }
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void what_is_left_is_told(void **state)
{
    (void)state;
    static const struct exchange nothing[] = { WHO, ROLE(""), ATTACHED(""), NAMES("") };
    static const struct exchange inline_too[] = { WHO, ROLE(""), ATTACHED(MEMBER(ADMIN)),
        NAMES("<member>root</member>"),
        ASK("GetRolePolicy", "PolicyName=root", INLINE_REPLY(EVERYTHING)), DETACH(ADMIN),
        ATTACHED("") };
    static const struct exchange only_inline[] = { WHO, ROLE(""), ATTACHED(""),
        NAMES("<member>root</member>"),
        ASK("GetRolePolicy", "PolicyName=root", INLINE_REPLY(EVERYTHING)) };
    static const struct exchange denied[] = { WHO, ROLE(""), ATTACHED(MEMBER(ADMIN) MEMBER(OPS)),
        POLICY(OPS), VERSION(OPS, EVERYTHING), NAMES(""),
        CHANGE_ERROR("DetachRolePolicy", "PolicyArn=" ADMIN, 403, DENIED("DetachRolePolicy")),
        DETACH(OPS), ATTACHED(MEMBER(ADMIN)) };
    static const struct exchange unread[] = { WHO, ROLE(""), ATTACHED(MEMBER(ADMIN) MEMBER(OPS)),
        ASK_ERROR("GetPolicy", "PolicyArn=" OPS, 403, DENIED("GetPolicy")) };
    static const struct exchange garbled[] = { WHO, ROLE(""), ATTACHED(MEMBER(OPS)), POLICY(OPS),
        VERSION(OPS, "no JSON") };
    struct script script;
    restrict_it(&script, NULL);
    ENDS(&script, nothing, STEP_DONE, 0, "lets it do everything: nothing was changed");
    restrict_it(&script, NULL);
    ENDS(&script, inline_too, STEP_PARTIAL, 1, "are its inline policies: root (boundary=");
    restrict_it(&script, NULL);
    ENDS(&script, only_inline, STEP_FAILED, 0, "was not restricted; left alone");
    restrict_it(&script, NULL);
    ENDS(&script, denied, STEP_PARTIAL, 2,
        "no longer has " OPS "; " ADMIN " is still attached: AWS does not allow "
        "iam:DetachRolePolicy");
    restrict_it(&script, NULL);
    ENDS(&script, unread, STEP_FAILED, 0, "AWS does not allow iam:GetPolicy");
    restrict_it(&script, NULL);
    ENDS(&script, garbled, STEP_FAILED, 0, "the document of policy " OPS);
}

static void lost_detachments_are_looked_for(void **state)
{
    (void)state;
#define LOSE(arn) CHANGE_WITHOUT("DetachRolePolicy", "PolicyArn=" arn, LOST)
    static const struct exchange applied[] = { WHO, ROLE(""), ATTACHED(MEMBER(ADMIN)), NAMES(""),
        LOSE(ADMIN), ATTACHED("") };
    static const struct exchange not_applied[] = { WHO, ROLE(""), ATTACHED(MEMBER(ADMIN)),
        NAMES(""), LOSE(ADMIN), ATTACHED(MEMBER(ADMIN)), ATTACHED(MEMBER(ADMIN)),
        ATTACHED(MEMBER(ADMIN)), DETACH(ADMIN), ATTACHED("") };
    struct script script;
    restrict_it(&script, NULL);
    ENDS(&script, applied, STEP_DONE, 1, "no longer has " ADMIN);
    restrict_it(&script, NULL);
    ENDS(&script, not_applied, STEP_DONE, 2, "no longer has " ADMIN);
}

static void roles_of_aws_and_our_own_are_never_a_target(void **state)
{
    (void)state;
#define LINKED "arn:aws:iam::" OURS ":role/aws-service-role/x.amazonaws.com/web"
    static const struct exchange linked[] = { WHO,
        ASK("GetRole", "RoleName=web",
            "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><RoleName>web</RoleName><Arn>" LINKED
            "</Arn></Role></GetRoleResult></GetRoleResponse>") };
    static const struct exchange ours[] = { ASK("GetCallerIdentity", "", CALLER_ROLE("web", "s")),
        ROLE("") };
    struct script script;
    script_begin(&script, VERB_RESPOND, "restrict_role");
    script_set(&script, "role", LINKED);
    ENDS(&script, linked, STEP_FAILED, 0, "is a service-linked role");
    restrict_it(&script, NULL);
    ENDS(&script, ours, STEP_FAILED, 0, "is the role that this program itself uses");
}

/* ---- boundaries ---- */

#define PUT(arn)                                                                                   \
    CHANGE("PutRolePermissionsBoundary", "RoleName=web\nPermissionsBoundary=" arn,                 \
        DID("PutRolePermissionsBoundary"))

static const struct exchange bounded[] = { WHO, ROLE(""), ROLE(BOUNDARY(OPS)), PUT(BOUND),
    ROLE(BOUNDARY(OPS)), ROLE(BOUNDARY(BOUND)) };
static const struct exchange bounded_first[] = { WHO, ROLE(""), ROLE(""), PUT(BOUND),
    ROLE(BOUNDARY(BOUND)) };

static void a_boundary_is_put_and_the_former_one_kept(void **state)
{
    (void)state;
    static const struct exchange already[] = { WHO, ROLE(""), ROLE(BOUNDARY(BOUND)) };
    static const struct exchange unknown[] = { WHO, ROLE(""), ROLE(""),
        CHANGE_ERROR(
            "PutRolePermissionsBoundary", "", 404, IAM_ERROR("NoSuchEntity", "no such policy")) };
    static const struct exchange who[] = { WHO, ROLE("") };
    static const struct exchange plan[] = { WHO, ROLE(""), ROLE(""),
        CHANGE_WITHOUT("PutRolePermissionsBoundary", "", ASSUMED) };
    struct script script;
    restrict_it(&script, BOUND);
    assert_end(&script, bounded, COUNT_OF(bounded), STEP_DONE, 1, "may do no more than " BOUND);
    assert_true(str_is(value_str(script.undos[0].args[2]), BOUND));
    assert_true(str_is(value_str(script.undos[0].args[3]), OPS));
    script_starve(&script, bounded, COUNT_OF(bounded), STEP_DONE);
    script_end(&script);
    restrict_it(&script, BOUND);
    ENDS(&script, already, STEP_DONE, 0, "already: nothing was changed");
    restrict_it(&script, BOUND);
    ENDS(&script, unknown, STEP_FAILED, 1, "IAM knows no policy " BOUND);
    restrict_it(&script, "bounded");
    ENDS(&script, who, STEP_FAILED, 0, "boundary= is the ARN of a managed policy");
    restrict_it(&script, BOUND);
    ENDS(&script, plan, STEP_DONE, 1, "would be bounded by " BOUND);
}

/* ---- undo ---- */

static void a_detached_policy_is_attached_again(void **state)
{
    (void)state;
#define ATTACH CHANGE("AttachRolePolicy", "RoleName=web\nPolicyArn=" ADMIN, DID("AttachRolePolicy"))
    static const struct exchange back[] = { WHO, ROLE(""), ATTACHED(MEMBER(READER)), ATTACH,
        ATTACHED(MEMBER(READER)), ATTACHED(MEMBER(READER) MEMBER(ADMIN)) };
    static const struct exchange there[] = { WHO, ROLE(""),
        ASK("ListAttachedRolePolicies", "", ATTACHED_REPLY(MEMBER(READER), "<Marker>m</Marker>")),
        ASK("ListAttachedRolePolicies", "Marker=m", ATTACHED_REPLY(MEMBER(ADMIN), "")) };
    static const struct exchange denied[] = { WHO, ROLE(""), ATTACHED(""),
        CHANGE_ERROR("AttachRolePolicy", "", 403, DENIED("AttachRolePolicy")) };
    static const struct exchange other[] = { WHO,
        ASK("GetRole", "RoleName=web",
            "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><Arn>arn:aws:iam::" OURS
            ":role/intern/web</Arn></Role></GetRoleResult></GetRoleResponse>") };
    struct script done, undo;
    restrict_it(&done, NULL);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    assert_end(&undo, back, COUNT_OF(back), STEP_DONE, 1, WEB " has " ADMIN " again");
    script_starve(&undo, back, COUNT_OF(back), STEP_DONE);
    script_end(&undo);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, there, STEP_DONE, 0, "nothing to take back");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, denied, STEP_FAILED, 1, "AWS does not allow iam:AttachRolePolicy");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, other, STEP_FAILED, 0, "the role of that name now is another");
    script_end(&done);
}

static void a_boundary_goes_back_to_what_it_was(void **state)
{
    (void)state;
    static const struct exchange former[] = { WHO, ROLE(BOUNDARY(BOUND)), PUT(OPS),
        ROLE(BOUNDARY(OPS)) };
    static const struct exchange none[] = { WHO, ROLE(BOUNDARY(BOUND)),
        CHANGE(
            "DeleteRolePermissionsBoundary", "RoleName=web", DID("DeleteRolePermissionsBoundary")),
        ROLE("") };
    static const struct exchange foreign[] = { WHO, ROLE(BOUNDARY(READER)) };
    static const struct exchange is_back[] = { WHO, ROLE("") };
    struct script done, undo;
    restrict_it(&done, BOUND);
    assert_int_equal(PLAY(&done, bounded), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, former, STEP_DONE, 1, "has the boundary again that it had");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, foreign, STEP_FAILED, 0, "was changed since by somebody else");
    script_end(&done);
    restrict_it(&done, BOUND);
    assert_int_equal(PLAY(&done, bounded_first), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, none, STEP_DONE, 1, "that it had, none");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, is_back, STEP_DONE, 0, "nothing to take back");
    script_end(&done);
}

/* ---- policies ---- */

static void policies_are_judged_by_what_they_allow(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        bool is_power;
    } judged[] = {
        { EVERYTHING, true },
        { ALLOW("\"iam:*\"", "\"*\""), true },
        { ALLOW("[\"s3:Get*\",\"IAM:*\"]", "[\"arn:aws:s3:::x\",\"*\"]"), true },
        { "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}", true },
        { "{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}]}",
            true },
        { "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"NotResource\":\"x\"}]}", true },
        { "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\","
          "\"Condition\":{}}]}",
            true },
        { ALLOW("\"*\"", "\"arn:aws:*\""), true },
        { ALLOW("\"*\"", "\"**\""), true },
        { ALLOW("\"*\"", "\"arn:*:*:*:*:*\""), true },
        { ALLOW("\"**\"", "\"*\""), true },
        { ALLOW("\"iam:?*\"", "\"*\""), true },
        { ALLOW("\"Iam:Put*\"", "\"*\""), true },
        { ALLOW("\"i*:putr?lepolic?\"", "\"*\""), true },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::*:*\""), true },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::" OURS ":role/*/web\""), true },
        { ALLOW("\"iam:*\"", "\"" WEB "\""), true },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::${aws:PrincipalAccount}:role/*\""), true },
        { ALLOW("\"iam:Get*\"", "\"*\""), false },
        { ALLOW("\"iam:PutRolePolicy\"", "\"*\""), false },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::" OURS ":role/other/*\""), false },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::444455556666:*\""), false },
        { ALLOW("\"iam:*\"", "\"arn:aws:iam::" OURS ":role/app/we\""), false },
        { ALLOW("\"iam:*\"", "\"" WEB "?\""), false },
        { ALLOW("\"*\"", "\"\""), false },
        { SOMETHING, false },
        { ALLOW("\"*\"", "\"arn:aws:s3:::x/*\""), false },
        { ALLOW("\"s3:*\"", "\"*\""), false },
        { "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}", false },
        { "{\"Statement\":[]}", false },
        { "{\"Statement\":[1,\"x\",[]]}", false },
    };
    static const char *const bad[] = { "", "no JSON", "{}", "[]", "{\"Statement\":\"x\"}" };
    bool is_power;
    for (size_t at = 0; at < COUNT_OF(judged); at++) {
        assert_int_equal(policy_judge(str_from(judged[at].document), STR(WEB), &is_power), ERR_OK);
        if (is_power != judged[at].is_power)
            fail_msg("%s", judged[at].document);
    }
    for (size_t at = 0; at < COUNT_OF(bad); at++)
        assert_int_equal(policy_judge(str_from(bad[at]), STR(WEB), &is_power), ERR_JSON);
    assert_true(policy_is_known_power(STR("arn:aws-cn:iam::aws:policy/IAMFullAccess")));
    assert_false(policy_is_known_power(STR("arn:aws:iam::" OURS ":policy/AdministratorAccess")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lets_a_role_do_everything_is_detached),
        cmocka_unit_test(what_is_left_is_told),
        cmocka_unit_test(lost_detachments_are_looked_for),
        cmocka_unit_test(roles_of_aws_and_our_own_are_never_a_target),
        cmocka_unit_test(a_boundary_is_put_and_the_former_one_kept),
        cmocka_unit_test(a_detached_policy_is_attached_again),
        cmocka_unit_test(a_boundary_goes_back_to_what_it_was),
        cmocka_unit_test(policies_are_judged_by_what_they_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
