/* disable_user, disable_access_key and their inverses, told by a scripted AWS. */
#include "script.h"

#include "bytecode.h"

#define BOT "arn:aws:iam::" OURS ":user/app/bot"
#define KEY1 "AKIAEXAMPLE000000001"
#define KEY2 "AKIAEXAMPLE000000002"
#define DENY_ALL                                                                                   \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CdrIsolation\",\"Effect\":\"Deny\","    \
    "\"Action\":\"*\",\"Resource\":\"*\"}]}"
#define DENY_ALL_ENCODED                                                                           \
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22CdrIsolation%22" \
    "%2C%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%"  \
    "7D"
#define USER_REPLY(arn)                                                                            \
    "<GetUserResponse " IAM_XML "><GetUserResult><User><UserName>bot</UserName><Arn>" arn          \
    "</Arn><UserId>AIDAEXAMPLE000000001</UserId><Tags><member><Key>team</Key><Value>ops</Value>"   \
    "</member></Tags></User></GetUserResult></GetUserResponse>"
#define POLICY_REPLY(document)                                                                     \
    "<GetUserPolicyResponse " IAM_XML "><GetUserPolicyResult><PolicyDocument>" document            \
    "</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
#define KEY(id, status)                                                                            \
    "<member><UserName>bot</UserName><AccessKeyId>" id "</AccessKeyId><Status>" status             \
    "</Status></member>"
#define KEYS_REPLY(members, more)                                                                  \
    "<ListAccessKeysResponse " IAM_XML "><ListAccessKeysResult><AccessKeyMetadata>" members        \
    "</AccessKeyMetadata>" more "</ListAccessKeysResult></ListAccessKeysResponse>"
#define OWNER_REPLY(user)                                                                          \
    "<GetAccessKeyLastUsedResponse " IAM_XML "><GetAccessKeyLastUsedResult>" user                  \
    "<AccessKeyLastUsed><Region>N/A</Region></AccessKeyLastUsed></GetAccessKeyLastUsedResult>"     \
    "</GetAccessKeyLastUsedResponse>"
#define NONE IAM_ERROR("NoSuchEntity", "it cannot be found")
#define DENIED(what)                                                                               \
    IAM_ERROR("AccessDenied",                                                                      \
        "User: x is not authorized to perform: iam:" what " on resource: user bot")
#define DID(operation) "<" operation "Response " IAM_XML "/>"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define KNOWN ASK("GetUser", "UserName=bot", USER_REPLY(BOT))
#define POLICY_PARAMS "UserName=bot\nPolicyName=cdr-isolation"
#define LOOK_NONE ASK_ERROR("GetUserPolicy", POLICY_PARAMS, 404, NONE)
#define LOOK_OURS ASK("GetUserPolicy", POLICY_PARAMS, POLICY_REPLY(DENY_ALL_ENCODED))
#define PUT                                                                                        \
    CHANGE("PutUserPolicy", POLICY_PARAMS "\nPolicyDocument=" DENY_ALL, DID("PutUserPolicy"))
#define KEYS(members) ASK("ListAccessKeys", "UserName=bot", KEYS_REPLY(members, ""))
#define UPDATE_PARAMS(id, status) "UserName=bot\nAccessKeyId=" id "\nStatus=" status
#define UPDATE(id, status)                                                                         \
    CHANGE("UpdateAccessKey", UPDATE_PARAMS(id, status), DID("UpdateAccessKey"))
#define OWNER                                                                                      \
    ASK("GetAccessKeyLastUsed", "AccessKeyId=" KEY1, OWNER_REPLY("<UserName>bot</UserName>"))

static void disable(struct script *script, const char *user, const char *account)
{
    script_begin(script, VERB_RESPOND, "disable_user");
    script_set(script, "user", user);
    if (account != NULL)
        script_set(script, "account", account);
}

static void disable_key(struct script *script, const char *key)
{
    script_begin(script, VERB_RESPOND, "disable_access_key");
    script_set(script, "access_key", key);
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

/* ---- users ---- */

static const struct exchange happy[] = { WHO, KNOWN, LOOK_NONE, PUT, LOOK_OURS,
    ASK("ListAccessKeys", "UserName=bot",
        KEYS_REPLY(KEY(KEY1, "Active"), "<IsTruncated>true</IsTruncated><Marker>m</Marker>")),
    ASK("ListAccessKeys", "UserName=bot\nMarker=m", KEYS_REPLY(KEY(KEY2, "Inactive"), "")),
    UPDATE(KEY1, "Inactive"), KEYS(KEY(KEY1, "Inactive") KEY(KEY2, "Inactive")) };

static bool has_fact(const struct script *script, uint32_t field, const char *text)
{
    for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
        if (fact->field == field && str_is(fact->text, text))
            return true;
    return false;
}

static void a_user_is_denied_everything_and_its_active_keys_become_inactive(void **state)
{
    (void)state;
    struct script script;
    disable(&script, BOT, NULL);
    assert_end(&script, happy, COUNT_OF(happy), STEP_DONE, 2,
        BOT " is denied everything, in the console and in sessions too; access key " KEY1
            " is inactive");
    assert_int_equal(script.undos_count, 2);
    assert_string_equal(script.undos[0].builtin, "enable_user");
    assert_true(str_is(value_str(script.undos[0].args[0]), BOT));
    assert_string_equal(script.undos[1].builtin, "enable_access_key");
    assert_true(str_is(value_str(script.undos[1].args[0]), KEY1));
    assert_true(str_is(value_str(script.undos[1].args[1]), "bot"));
    assert_true(str_is(value_str(script.undos[1].args[2]), OURS));
    assert_true(has_fact(&script, FIELD_USER_NAME, "bot"));
    assert_true(has_fact(&script, FIELD_USER_ID, "AIDAEXAMPLE000000001"));
    assert_true(has_fact(&script, FIELD_RESOURCE_ID, BOT));
    assert_true(has_fact(&script, FIELD_RESOURCE_TAGS, "ops"));
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void a_name_of_another_directory_is_no_iam_user(void **state)
{
    (void)state;
    static const struct exchange who[] = { WHO };
    static const struct exchange other[] = { WHO,
        ASK("GetUser", "UserName=bot", USER_REPLY("arn:aws:iam::" OURS ":user/bot")) };
    static const struct exchange unknown[] = { WHO,
        ASK_ERROR("GetUser", "UserName=bot", 404, NONE) };
    static const struct exchange named[] = { WHO, KNOWN, LOOK_OURS, KEYS("") };
    struct script script;
    disable(&script, "bot@example.com", NULL);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "does not say that a user of IAM is meant");
    disable(&script, "bot", NULL);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "give the ARN, or account=");
    disable(&script, "bot", "444455556666");
    ENDS(&script, who, STEP_UNRESOLVED, 0, "this is about account 444455556666");
    disable(&script, "arn:aws:iam::444455556666:user/bot", NULL);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "is not in account " OURS);
    disable(&script, "arn:aws:sts::" OURS ":assumed-role/web/i-0abc", NULL);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "is no IAM user");
    disable(&script, "arn:aws:iam::" OURS ":root", NULL);
    ENDS(&script, who, STEP_UNRESOLVED, 0, "is the root user");
    disable(&script, BOT, NULL);
    ENDS(&script, other, STEP_UNRESOLVED, 0, "there is no user " BOT);
    disable(&script, BOT, NULL);
    ENDS(&script, unknown, STEP_UNRESOLVED, 0, "IAM knows no user " BOT);
    disable(&script, "bot", OURS);
    ENDS(&script, named, STEP_DONE, 0, "was disabled already: nothing was changed");
}

static void an_id_of_an_alert_is_looked_for_among_the_users(void **state)
{
    (void)state;
#define USERS(name, id, more)                                                                      \
    "<ListUsersResponse " IAM_XML "><ListUsersResult><Users><member><UserName>" name               \
    "</UserName><UserId>" id "</UserId></member></Users>" more                                     \
    "</ListUsersResult></ListUsersResponse>"
    static const struct exchange found[] = { WHO,
        ASK("ListUsers", "", USERS("other", "AIDAEXAMPLE000000009", "<Marker>m</Marker>")),
        ASK("ListUsers", "Marker=m", USERS("bot", "AIDAEXAMPLE000000001", "")), KNOWN, LOOK_OURS,
        KEYS("") };
    static const struct exchange none[] = { WHO,
        ASK("ListUsers", "", USERS("other", "AIDAEXAMPLE000000009", "")) };
    struct script script;
    disable(&script, "AIDAEXAMPLE000000001", OURS);
    ENDS(&script, found, STEP_DONE, 0, BOT " was disabled already");
    disable(&script, "AIDAEXAMPLE000000001", OURS);
    ENDS(&script, none, STEP_UNRESOLVED, 0, "no user of account " OURS " has the id");
}

static void our_own_user_is_never_a_target(void **state)
{
    (void)state;
    static const struct exchange user[] = { ASK("GetCallerIdentity", "", CALLER_REPLY(OURS, BOT)),
        KNOWN };
    static const struct exchange key[] = { ASK("GetCallerIdentity", "", CALLER_REPLY(OURS, BOT)),
        OWNER };
    struct script script;
    disable(&script, BOT, NULL);
    ENDS(&script, user, STEP_FAILED, 0, "is the user that this program itself is");
    disable_key(&script, KEY1);
    ENDS(&script, key, STEP_FAILED, 0, "which this program itself is and which is never a target");
}

static void what_one_part_refuses_does_not_stop_the_other(void **state)
{
    (void)state;
    static const struct exchange no_policy[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutUserPolicy", POLICY_PARAMS, 409,
            IAM_ERROR("LimitExceeded", "Maximum policy size of 2048 bytes exceeded")),
        KEYS(KEY(KEY1, "Active")), UPDATE(KEY1, "Inactive"), KEYS(KEY(KEY1, "Inactive")) };
    static const struct exchange no_key[] = { WHO, KNOWN, LOOK_NONE, PUT, LOOK_OURS,
        KEYS(KEY(KEY1, "Active") KEY(KEY2, "Active")),
        CHANGE_ERROR(
            "UpdateAccessKey", UPDATE_PARAMS(KEY1, "Inactive"), 403, DENIED("UpdateAccessKey")),
        UPDATE(KEY2, "Inactive"), KEYS(KEY(KEY1, "Active") KEY(KEY2, "Inactive")) };
    static const struct exchange no_list[] = { WHO, KNOWN, LOOK_NONE, PUT, LOOK_OURS,
        ASK_ERROR("ListAccessKeys", "UserName=bot", 403, DENIED("ListAccessKeys")) };
    static const struct exchange nothing[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutUserPolicy", POLICY_PARAMS, 403, DENIED("PutUserPolicy")), KEYS("") };
    static const struct exchange foreign[] = { WHO, KNOWN,
        ASK("GetUserPolicy", POLICY_PARAMS, POLICY_REPLY("%7B%7D")), KEYS(KEY(KEY1, "Active")),
        UPDATE(KEY1, "Inactive"), KEYS(KEY(KEY1, "Inactive")) };
    struct script script;
    disable(&script, BOT, NULL);
    ENDS(&script, no_policy, STEP_PARTIAL, 2, "no room for another inline policy");
    disable(&script, BOT, NULL);
    assert_end(
        &script, no_key, COUNT_OF(no_key), STEP_PARTIAL, 3, "access key " KEY2 " is inactive");
    assert_reason(&script, "AWS does not allow iam:UpdateAccessKey");
    script_end(&script);
    disable(&script, BOT, NULL);
    ENDS(&script, no_list, STEP_PARTIAL, 1, "AWS does not allow iam:ListAccessKeys");
    disable(&script, BOT, NULL);
    ENDS(&script, nothing, STEP_FAILED, 1, "AWS does not allow iam:PutUserPolicy");
    disable(&script, BOT, NULL);
    ENDS(&script, foreign, STEP_PARTIAL, 1, "other words than ours, which was left alone");
}

static void a_key_that_may_have_been_changed_is_no_failure(void **state)
{
    (void)state;
    static const struct exchange lost[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_ERROR("PutUserPolicy", POLICY_PARAMS, 403, DENIED("PutUserPolicy")),
        KEYS(KEY(KEY1, "Active")), CHANGE_WITHOUT("UpdateAccessKey", "", LOST),
        ASK_ERROR("ListAccessKeys", "UserName=bot", 403, DENIED("ListAccessKeys")) };
    struct script script;
    disable(&script, BOT, NULL);
    ENDS(&script, lost, STEP_UNKNOWN, 2, "AWS does not allow iam:ListAccessKeys");
}

static void a_lost_change_of_a_key_is_seen_and_not_repeated(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, OWNER, KNOWN, KEYS(KEY(KEY1, "Active")),
        CHANGE_WITHOUT("UpdateAccessKey", UPDATE_PARAMS(KEY1, "Inactive"), LOST),
        KEYS(KEY(KEY1, "Inactive")) };
    static const struct exchange not_applied[] = { WHO, OWNER, KNOWN, KEYS(KEY(KEY1, "Active")),
        CHANGE_WITHOUT("UpdateAccessKey", UPDATE_PARAMS(KEY1, "Inactive"), LOST),
        KEYS(KEY(KEY1, "Active")), KEYS(KEY(KEY1, "Active")), KEYS(KEY(KEY1, "Active")),
        UPDATE(KEY1, "Inactive"), KEYS(KEY(KEY1, "Inactive")) };
    struct script script;
    disable_key(&script, KEY1);
    assert_end(&script, applied, COUNT_OF(applied), STEP_DONE, 1, "what it signs is refused");
    script_starve(&script, applied, COUNT_OF(applied), STEP_DONE);
    script_end(&script);
    disable_key(&script, KEY1);
    ENDS(&script, not_applied, STEP_DONE, 2, "is inactive: what it signs is refused");
}

/* ---- keys ---- */

static void only_a_key_that_has_a_status_is_changed(void **state)
{
    (void)state;
    static const struct exchange who[] = { WHO };
    static const struct exchange root[] = { WHO, ASK("GetAccessKeyLastUsed", "", OWNER_REPLY("")) };
    static const struct exchange unknown[] = { WHO,
        ASK_ERROR("GetAccessKeyLastUsed", "", 404, NONE) };
    static const struct exchange gone[] = { WHO, OWNER, KNOWN, KEYS(KEY(KEY2, "Active")) };
    static const struct exchange already[] = { WHO, OWNER, KNOWN,
        KEYS(KEY(KEY2, "Active") KEY(KEY1, "Inactive")) };
    static const struct exchange refused[] = { WHO, OWNER, KNOWN,
        ASK_ERROR("ListAccessKeys", "", 403, DENIED("ListAccessKeys")) };
    struct script script;
    disable_key(&script, "ASIAEXAMPLE000000001");
    ENDS(&script, who, STEP_UNRESOLVED, 0, "revoke_sessions makes the sessions");
    disable_key(&script, KEY1);
    ENDS(&script, root, STEP_UNRESOLVED, 0, "it may be the root user's");
    disable_key(&script, KEY1);
    ENDS(&script, unknown, STEP_UNRESOLVED, 0, "IAM knows no access key " KEY1);
    disable_key(&script, KEY1);
    ENDS(&script, gone, STEP_UNRESOLVED, 0, "user bot has no access key " KEY1);
    disable_key(&script, KEY1);
    ENDS(&script, already, STEP_DONE, 0, "was inactive already: nothing was changed");
    disable_key(&script, KEY1);
    ENDS(&script, refused, STEP_FAILED, 0, "AWS does not allow iam:ListAccessKeys");
}

static void what_the_user_of_a_key_is_may_stay_unknown(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, OWNER,
        ASK_ERROR("GetUser", "UserName=bot", 403, DENIED("GetUser")), KEYS(KEY(KEY1, "Active")),
        UPDATE(KEY1, "Inactive"), KEYS(KEY(KEY1, "Inactive")) };
    struct script script;
    static const uint32_t unread[] = { FIELD_USER_ID, FIELD_RESOURCE_ID, FIELD_RESOURCE_TAGS };
    disable_key(&script, KEY1);
    assert_end(&script, exchanges, COUNT_OF(exchanges), STEP_DONE, 1, "is inactive");
    /* a path that is only supposed would be no match of `never target` */
    for (size_t at = 0; at < COUNT_OF(unread); at++) {
        uint32_t gaps = 0;
        for (const struct fact *fact = script.step.facts; fact != NULL; fact = fact->next) {
            assert_true(fact->field != unread[at] || fact->is_gap);
            gaps += fact->field == unread[at];
        }
        assert_int_equal(gaps, 1);
    }
    assert_true(has_fact(&script, FIELD_ACCESS_KEY_ID, KEY1));
    assert_true(has_fact(&script, FIELD_USER_NAME, "bot"));
    script_end(&script);
}

/* ---- plans ---- */

static void plans_suppose_the_changes(void **state)
{
    (void)state;
    static const struct exchange user[] = { WHO, KNOWN, LOOK_NONE,
        CHANGE_WITHOUT("PutUserPolicy", POLICY_PARAMS, ASSUMED),
        KEYS(KEY(KEY1, "Active") KEY(KEY2, "Inactive")),
        CHANGE_WITHOUT("UpdateAccessKey", UPDATE_PARAMS(KEY1, "Inactive"), ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("GetUser", "UserName=bot", ASSUMED),
        ASK_WITHOUT("GetUserPolicy", POLICY_PARAMS, ASSUMED),
        CHANGE_WITHOUT("PutUserPolicy", POLICY_PARAMS, ASSUMED),
        ASK_WITHOUT("ListAccessKeys", "UserName=bot", ASSUMED),
        CHANGE_WITHOUT("UpdateAccessKey", "AccessKeyId=(each active key of bot)", ASSUMED) };
    static const struct exchange key[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("GetAccessKeyLastUsed", "AccessKeyId=" KEY1, ASSUMED),
        ASK_WITHOUT("GetUser", "UserName=(the user of " KEY1 ")", ASSUMED),
        ASK_WITHOUT("ListAccessKeys", "", ASSUMED),
        CHANGE_WITHOUT("UpdateAccessKey", "AccessKeyId=" KEY1 "\nStatus=Inactive", ASSUMED) };
    struct script script;
    disable(&script, BOT, NULL);
    ENDS(&script, user, STEP_DONE, 2, "would be denied everything");
    disable(&script, "bot", NULL);
    assert_end(&script, offline, COUNT_OF(offline), STEP_DONE, 2,
        "(each active key of bot) would become inactive");
    script_starve(&script, offline, COUNT_OF(offline), STEP_DONE);
    script_end(&script);
    disable_key(&script, KEY1);
    assert_end(&script, key, COUNT_OF(key), STEP_DONE, 1, "would become inactive");
    script_starve(&script, key, COUNT_OF(key), STEP_DONE);
    script_end(&script);
}

/* ---- undo ---- */

static void each_change_has_its_own_way_back(void **state)
{
    (void)state;
    static const struct exchange policy[] = { WHO, KNOWN, LOOK_OURS,
        CHANGE("DeleteUserPolicy", POLICY_PARAMS, DID("DeleteUserPolicy")), LOOK_NONE };
    static const struct exchange gone[] = { WHO, KNOWN, LOOK_NONE };
    static const struct exchange foreign[] = { WHO, KNOWN,
        ASK("GetUserPolicy", POLICY_PARAMS, POLICY_REPLY("%7B%7D")) };
    static const struct exchange other[] = { WHO,
        ASK("GetUser", "", USER_REPLY("arn:aws:iam::" OURS ":user/intern/bot")) };
    static const struct exchange key[] = { WHO, KEYS(KEY(KEY1, "Inactive")), UPDATE(KEY1, "Active"),
        KEYS(KEY(KEY1, "Active")) };
    static const struct exchange active[] = { WHO, KEYS(KEY(KEY1, "Active")) };
    static const struct exchange deleted[] = { WHO, KEYS(KEY(KEY2, "Active")) };
    static const struct exchange denied[] = { WHO, KEYS(KEY(KEY1, "Inactive")),
        CHANGE_ERROR("UpdateAccessKey", "", 403, DENIED("UpdateAccessKey")) };
    struct script done, undo;
    disable(&done, BOT, NULL);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, policy, STEP_DONE, 1, BOT " is no longer denied everything");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, gone, STEP_DONE, 0, "nothing to take back");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, foreign, STEP_FAILED, 0, "was changed since by somebody else");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, other, STEP_FAILED, 0, "the user of that name now is another");
    script_begin_undo(&undo, &done, 1);
    ENDS(&undo, key, STEP_DONE, 1, "is active again");
    script_begin_undo(&undo, &done, 1);
    ENDS(&undo, active, STEP_DONE, 0, "nothing to take back");
    script_begin_undo(&undo, &done, 1);
    ENDS(&undo, deleted, STEP_FAILED, 0, "somebody deleted it");
    script_begin_undo(&undo, &done, 1);
    ENDS(&undo, denied, STEP_FAILED, 1, "AWS does not allow iam:UpdateAccessKey");
    script_end(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_denied_everything_and_its_active_keys_become_inactive),
        cmocka_unit_test(a_name_of_another_directory_is_no_iam_user),
        cmocka_unit_test(an_id_of_an_alert_is_looked_for_among_the_users),
        cmocka_unit_test(our_own_user_is_never_a_target),
        cmocka_unit_test(what_one_part_refuses_does_not_stop_the_other),
        cmocka_unit_test(a_key_that_may_have_been_changed_is_no_failure),
        cmocka_unit_test(a_lost_change_of_a_key_is_seen_and_not_repeated),
        cmocka_unit_test(only_a_key_that_has_a_status_is_changed),
        cmocka_unit_test(what_the_user_of_a_key_is_may_stay_unknown),
        cmocka_unit_test(plans_suppose_the_changes),
        cmocka_unit_test(each_change_has_its_own_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
