/* revoke_sessions and its inverse, told by a scripted AWS. */
#include "script.h"

#include "aws/inline_policy.h"

#define WEB "arn:aws:iam::" OURS ":role/app/web"
#define BOT "arn:aws:iam::" OURS ":user/bot"
/* The key of script.h, which a Sid takes without hyphens. */
#define SID "CdrSessions0badcaferun1step0"
#define DOCUMENT(sid, time)                                                                        \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"" sid "\",\"Effect\":\"Deny\","         \
    "\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":"                         \
    "{\"aws:TokenIssueTime\":\"" time "\"}}}]}"
#define SENT DOCUMENT(SID, "cdr-late-now")
#define AT_NINE DOCUMENT(SID, "2026-11-22T09:00:00Z")
#define FORMER DOCUMENT("CdrSessions0badcaferun0step3", "2026-11-01T07:00:00Z")

#define ROLE_REPLY                                                                                 \
    "<GetRoleResponse " IAM_XML "><GetRoleResult><Role><RoleName>web</RoleName><Arn>" WEB          \
    "</Arn></Role></GetRoleResult></GetRoleResponse>"
#define USER_REPLY                                                                                 \
    "<GetUserResponse " IAM_XML "><GetUserResult><User><UserName>bot</UserName><Arn>" BOT          \
    "</Arn></User></GetUserResult></GetUserResponse>"
/* The document as XML may hold it; IAM's percent-encoding is optional to who decodes it. */
#define POLICY_REPLY(document)                                                                     \
    "<GetRolePolicyResponse " IAM_XML "><GetRolePolicyResult><PolicyDocument>" document            \
    "</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"
#define USER_POLICY_REPLY(document)                                                                \
    "<GetUserPolicyResponse " IAM_XML "><GetUserPolicyResult><PolicyDocument>" document            \
    "</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
#define NONE IAM_ERROR("NoSuchEntity", "it cannot be found")
#define DID(operation) "<" operation "Response " IAM_XML "/>"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define ROLE ASK("GetRole", "RoleName=web", ROLE_REPLY)
#define PARAMS "RoleName=web\nPolicyName=cdr-revoked-sessions"
#define LOOK_NONE ASK_ERROR("GetRolePolicy", PARAMS, 404, NONE)
#define LOOK(document) ASK("GetRolePolicy", PARAMS, POLICY_REPLY(document))
#define PUT(document)                                                                              \
    CHANGE("PutRolePolicy", PARAMS "\nPolicyDocument=" document, DID("PutRolePolicy"))

static void revoke(struct script *script, const char *param, const char *target)
{
    script_begin(script, VERB_RESPOND, "revoke_sessions");
    script_set(script, param, target);
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

static const struct exchange happy[] = { WHO, ROLE, LOOK_NONE, PUT(SENT), LOOK(AT_NINE) };
static const struct exchange renewed[] = { WHO, ROLE, LOOK(FORMER), PUT(SENT), LOOK(FORMER),
    LOOK(AT_NINE) };

static void sessions_of_a_role_are_revoked_up_to_the_time_of_sending(void **state)
{
    (void)state;
    struct script script;
    revoke(&script, "role", WEB);
    assert_end(&script, happy, COUNT_OF(happy), STEP_DONE, 1,
        "the sessions that " WEB " had are denied everything; new ones are not");
    assert_string_equal(script.undos[0].builtin, "allow_sessions");
    assert_true(str_is(value_str(script.undos[0].args[0]), WEB));
    assert_true(str_is(value_str(script.undos[0].args[1]), SENT));
    assert_int_equal(value_str(script.undos[0].args[2]).len, 0);
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void those_of_a_user_too(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, ASK("GetUser", "UserName=bot", USER_REPLY),
        ASK_ERROR("GetUserPolicy", "UserName=bot\nPolicyName=cdr-revoked-sessions", 404, NONE),
        CHANGE("PutUserPolicy", "UserName=bot\nPolicyDocument=" SENT, DID("PutUserPolicy")),
        ASK("GetUserPolicy", "UserName=bot", USER_POLICY_REPLY(AT_NINE)) };
    struct script script;
    revoke(&script, "user", BOT);
    ENDS(&script, exchanges, STEP_DONE, 1, "the sessions that " BOT " had");
}

static void which_one_is_meant_must_be_clear(void **state)
{
    (void)state;
    static const struct exchange who[] = { WHO };
    struct script script;
    revoke(&script, "role", WEB);
    script_set(&script, "user", BOT);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "could be meant: say which");
    revoke(&script, "user", "bot");
    ENDS(&script, who, STEP_UNRESOLVED, 0, "give the ARN, or account=");
}

static void an_earlier_revocation_is_moved_up_and_kept_for_the_undo(void **state)
{
    (void)state;
    struct script script;
    revoke(&script, "role", WEB);
    assert_end(&script, renewed, COUNT_OF(renewed), STEP_DONE, 1, "are denied everything");
    assert_true(str_is(value_str(script.undos[0].args[2]), FORMER));
    script_starve(&script, renewed, COUNT_OF(renewed), STEP_DONE);
    script_end(&script);
}

static void what_somebody_else_wrote_is_left_alone(void **state)
{
    (void)state;
    static const struct exchange other[] = { WHO, ROLE, LOOK("{}") };
    static const struct exchange similar[] = { WHO, ROLE,
        LOOK(DOCUMENT("CdrSessionsx\\\",\\\"a", "2026-11-22T09:00:00Z")) };
    static const struct exchange timeless[] = { WHO, ROLE, LOOK(DOCUMENT(SID, "never")) };
    static const struct exchange after[] = { WHO, ROLE, LOOK_NONE, PUT(SENT), LOOK("{}") };
    struct script script;
    revoke(&script, "role", WEB);
    ENDS(&script, other, STEP_FAILED, 0, "other words than ours: it was left alone");
    revoke(&script, "role", WEB);
    ENDS(&script, similar, STEP_FAILED, 0, "other words than ours");
    revoke(&script, "role", WEB);
    ENDS(&script, timeless, STEP_FAILED, 0, "other words than ours");
    revoke(&script, "role", WEB);
    ENDS(&script, after, STEP_UNKNOWN, 1, "other words than ours");
}

static void a_lost_change_is_told_by_its_own_name(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, ROLE, LOOK(FORMER),
        CHANGE_WITHOUT("PutRolePolicy", PARAMS, LOST), LOOK(AT_NINE) };
    static const struct exchange not_applied[] = { WHO, ROLE, LOOK(FORMER),
        CHANGE_WITHOUT("PutRolePolicy", PARAMS, LOST), LOOK(FORMER), LOOK(FORMER), LOOK(FORMER),
        PUT(SENT), LOOK(AT_NINE) };
    static const struct exchange already[] = { WHO, ROLE, LOOK(AT_NINE) };
    struct script script;
    revoke(&script, "role", WEB);
    ENDS(&script, applied, STEP_DONE, 1, "are denied everything");
    revoke(&script, "role", WEB);
    ENDS(&script, not_applied, STEP_DONE, 2, "are denied everything");
    revoke(&script, "role", WEB);
    ENDS(&script, already, STEP_DONE, 0, "by this step already: nothing was changed");
}

static void plans_have_the_mark_and_no_time(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, ROLE, LOOK_NONE,
        CHANGE_WITHOUT("PutRolePolicy", PARAMS "\nPolicyDocument=" SENT, ASSUMED) };
    struct script script;
    revoke(&script, "role", WEB);
    ENDS(&script, exchanges, STEP_DONE, 1, "would be denied everything");
}

static void an_undo_takes_back_what_its_own_step_put(void **state)
{
    (void)state;
    static const struct exchange deleted[] = { WHO, ROLE, LOOK(AT_NINE),
        CHANGE("DeleteRolePolicy", PARAMS, DID("DeleteRolePolicy")), LOOK_NONE };
    static const struct exchange later[] = { WHO, ROLE, LOOK(FORMER) };
    static const struct exchange gone[] = { WHO, ROLE, LOOK_NONE };
    static const struct exchange restored[] = { WHO, ROLE, LOOK(AT_NINE), PUT(FORMER),
        LOOK(AT_NINE), LOOK(FORMER) };
    static const struct exchange is_former[] = { WHO, ROLE, LOOK(FORMER) };
    struct script done, undo;
    revoke(&done, "role", WEB);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, deleted, STEP_DONE, 1, WEB " takes the sessions again that were revoked");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, later, STEP_FAILED, 0, "was changed since by somebody else");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, gone, STEP_DONE, 0, "nothing to take back");
    script_end(&done);

    revoke(&done, "role", WEB);
    assert_int_equal(PLAY(&done, renewed), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, restored, STEP_DONE, 1, "is as it was before");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, is_former, STEP_DONE, 0, "is as it was before");
    script_end(&done);
}

static void documents_are_compared_apart_from_their_time(void **state)
{
    (void)state;
    static const char *const same[] = { AT_NINE, DOCUMENT(SID, "2000-01-01T00:00:00Z") };
    static const char *const other[] = { "", "{}", SENT, FORMER, AT_NINE " ",
        DOCUMENT(SID, "2026-11-22T09:00:00Z\\\",\\\"x\\\":\\\"2026-11-22T09:00:00Z"),
        DOCUMENT(SID, "") };
    for (size_t at = 0; at < COUNT_OF(same); at++)
        assert_true(document_is(str_from(same[at]), STR(SENT)));
    for (size_t at = 0; at < COUNT_OF(other); at++)
        assert_false(document_is(str_from(other[at]), STR(SENT)));
    assert_true(document_is(STR("{}"), STR("{}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_of_a_role_are_revoked_up_to_the_time_of_sending),
        cmocka_unit_test(those_of_a_user_too),
        cmocka_unit_test(which_one_is_meant_must_be_clear),
        cmocka_unit_test(an_earlier_revocation_is_moved_up_and_kept_for_the_undo),
        cmocka_unit_test(what_somebody_else_wrote_is_left_alone),
        cmocka_unit_test(a_lost_change_is_told_by_its_own_name),
        cmocka_unit_test(plans_have_the_mark_and_no_time),
        cmocka_unit_test(an_undo_takes_back_what_its_own_step_put),
        cmocka_unit_test(documents_are_compared_apart_from_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
