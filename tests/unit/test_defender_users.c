/* Users of Entra ID: disabled, enabled again, their sessions revoked. */
#include "bytecode.h"
#include "defender.h"
#include "fronts.h"

#define GUID "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
#define UPN "ada@corp.example"
#define USER_OF(enabled, more)                                                                     \
    "{\"@odata.context\":\"x\",\"id\":\"" GUID "\",\"accountEnabled\":" enabled                    \
    ",\"userPrincipalName\":\"" UPN "\",\"displayName\":\"Ada\"" more "}"
#define BY(user)                                                                                   \
    "GET /v1.0/users/" user                                                                        \
    "?$select=id%2CaccountEnabled%2CuserPrincipalName%2ConPremisesSyncEnabled%2CdisplayName"
#define LOOK(enabled) ASK("GetUser", BY(GUID), USER_OF(enabled, ",\"onPremisesSyncEnabled\":null"))
#define SYNCED(enabled)                                                                            \
    ASK("GetUser", BY(GUID), USER_OF(enabled, ",\"onPremisesSyncEnabled\":true"))
#define PATCHED(enabled) "PATCH /v1.0/users/" GUID "\n{\"accountEnabled\":" enabled "}"
#define SET(enabled)                                                                               \
    {                                                                                              \
        "UpdateUser", true, PATCHED(enabled), REPLY_RECEIVED, 204, ""                              \
    }
#define LOST_SET(enabled) CHANGE_WITHOUT("UpdateUser", PATCHED(enabled), LOST)

static const struct exchange happy[] = { LOOK("true"), SET("false"), LOOK("true"), LOOK("false") };

static void disable(struct script *script, const char *user)
{
    script_begin_row(script, &defender_disable_user);
    script_set(script, "user", user);
}

static void a_user_is_disabled_when_graph_shows_it(void **state)
{
    (void)state;
    struct script script;
    disable(&script, GUID);
    ends_with(
        &script, happy, COUNT_OF(happy), STEP_DONE, 1, "is disabled: nobody can sign in as it");
    assert_true(str_is(script.step.target, "user/" GUID));
    assert_string_equal(script.undos[0].builtin, "enable_entra_user");
    assert_true(str_is(value_str(script.undos[0].args[0]), GUID));
    assert_true(has_fact(&script, FIELD_USER_ID, GUID));
    assert_true(has_fact(&script, FIELD_USER_NAME, UPN));
    assert_true(has_fact(&script, FIELD_USER_EMAIL, UPN));
    assert_true(has_fact(&script, FIELD_USER_NAME, "Ada"));
    script_starve(&script, happy, COUNT_OF(happy), STEP_DONE);
    script_end(&script);
}

static void a_principal_name_is_one_user_and_its_id_is_what_is_changed(void **state)
{
    (void)state;
    static const struct exchange named[] = {
        ASK("GetUser", BY("ada%40corp.example"), USER_OF("true", "")), SET("false"), LOOK("false")
    };
    static const struct exchange louder[] = { ASK(
        "GetUser", BY("ADA%40corp.example"), USER_OF("false", "")) };
    static const struct exchange another[] = { ASK("GetUser", "", USER_OF("true", "")) };
    struct script script;
    disable(&script, UPN);
    ENDS(&script, named, STEP_DONE, 1, "is disabled");
    disable(&script, "ADA@corp.example");
    ENDS(&script, louder, STEP_DONE, 0, "was disabled already");
    disable(&script, "eve@corp.example");
    ENDS(&script, another, STEP_UNRESOLVED, 0, "Entra ID has no user eve@corp.example");
    disable(&script, "00000000-44d7-43e1-9a83-5f2406dee5bd");
    ENDS(&script, another, STEP_UNRESOLVED, 0, "Entra ID has no user 00000000");
}

static void what_is_no_user_of_entra_is_never_asked_for(void **state)
{
    (void)state;
    static const char *const none[] = { "bot", "arn:aws:iam::111122223333:user/bot", "a@b@c",
        "@corp.example", "ada@", "a da@corp.example", "S-1-5-18",
        "87d349ed-44d7-43e1-9a83-5f2406dee5bdx", "../me@x",
        ("ada@\xE2\x84\xAA"
         "orp.example") };
    static const struct exchange unknown[] = { ASK_ERROR("GetUser", BY(GUID), 404,
        MS_ERROR("Request_ResourceNotFound", "Resource does not exist")) };
    struct script script;
    for (size_t at = 0; at < COUNT_OF(none); at++) {
        disable(&script, none[at]);
        assert_false(defender_disable_user.fits(script.args));
        ends_with(&script, NULL, 0, STEP_UNRESOLVED, 0, "is no user of Entra ID");
        script_end(&script);
    }
    disable(&script, GUID);
    assert_true(defender_disable_user.fits(script.args));
    ENDS(&script, unknown, STEP_UNRESOLVED, 0, "Entra ID has no user " GUID);
}

static void a_user_of_a_directory_of_ones_own_is_partly_disabled(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { SYNCED("true"), SET("false"), SYNCED("false") };
    static const struct exchange already[] = { SYNCED("false") };
    struct script script;
    disable(&script, GUID);
    ENDS(&script, exchanges, STEP_PARTIAL, 1, "disable it there too");
    disable(&script, GUID);
    ENDS(&script, already, STEP_DONE, 0, "was disabled already: nothing was changed");
}

static void a_lost_change_is_looked_for(void **state)
{
    (void)state;
    static const struct exchange arrived[] = { LOOK("true"), LOST_SET("false"), LOOK("false") };
    static const struct exchange gone[] = { LOOK("true"), LOST_SET("false"), LOOK("true"),
        LOOK("true"), LOOK("true"), SET("false"), LOOK("false") };
    static const struct exchange page[] = { LOOK("true"),
        CHANGE("UpdateUser", PATCHED("false"), WEB_PAGE), LOOK("false") };
    static const struct exchange throttled[] = { LOOK("true"),
        CHANGE_ERROR("UpdateUser", PATCHED("false"), 429, MS_ERROR("TooManyRequests", "later")),
        LOOK("true"), LOOK("true"), LOOK("true"), SET("false"), LOOK("false") };
    static const struct exchange never[] = { LOOK("true"), LOST_SET("false"), LOOK("true"),
        LOOK("true"), LOOK("true"), LOST_SET("false"), LOOK("true"), LOOK("true"), LOOK("true"),
        LOST_SET("false"), LOOK("true"), LOOK("true"), LOOK("true") };
    static const struct exchange unseen[] = { LOOK("true"), SET("false"), LOOK("true"),
        LOOK("true"), LOOK("true"), LOOK("true"), LOOK("true"), LOOK("true"), LOOK("true") };
    struct script script;
    disable(&script, GUID);
    ENDS(&script, arrived, STEP_DONE, 1, "is disabled");
    disable(&script, GUID);
    ENDS(&script, gone, STEP_DONE, 2, "is disabled");
    disable(&script, GUID);
    ENDS(&script, page, STEP_DONE, 1, "is disabled");
    disable(&script, GUID);
    ENDS(&script, throttled, STEP_DONE, 2, "is disabled");
    disable(&script, GUID);
    ENDS(&script, never, STEP_FAILED, 3, "answered none of 3 requests");
    disable(&script, GUID);
    ENDS(&script, unseen, STEP_UNKNOWN, 1, "does not show user/" GUID " disabled");
}

static void what_graph_does_not_allow_is_told_with_what_to_do(void **state)
{
    (void)state;
    static const struct exchange admin[] = { LOOK("true"),
        CHANGE_ERROR("UpdateUser", PATCHED("false"), 403,
            MS_ERROR("Authorization_RequestDenied", "Insufficient privileges")) };
    static const struct exchange hidden[] = { ASK("GetUser", BY(GUID), USER_OF("null", "")) };
    static const struct exchange blind[] = { ASK_ERROR("GetUser", "", 403, MS_DENIED) };
    static const struct exchange expired[] = { ASK_ERROR(
        "GetUser", "", 401, MS_ERROR("InvalidAuthenticationToken", "expired")) };
    static const struct exchange later_blind[] = { LOOK("true"), SET("false"),
        ASK_ERROR("GetUser", "", 403, MS_DENIED) };
    struct script script;
    disable(&script, GUID);
    ENDS(&script, admin, STEP_FAILED, 1, "Privileged Authentication Administrator");
    disable(&script, GUID);
    ENDS(&script, hidden, STEP_FAILED, 0, "the app needs User.Read.All");
    disable(&script, GUID);
    ENDS(&script, blind, STEP_FAILED, 0, "Microsoft does not allow GetUser");
    disable(&script, GUID);
    ENDS(&script, expired, STEP_FAILED, 0, "does not accept the connection's credentials");
    disable(&script, GUID);
    ENDS(&script, later_blind, STEP_UNKNOWN, 1, "cdr undo looks what is there first");
}

static void plans_suppose_the_change(void **state)
{
    (void)state;
    static const struct exchange plan[] = { LOOK("true"),
        CHANGE_WITHOUT("UpdateUser", PATCHED("false"), ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetUser", "", ASSUMED),
        CHANGE_WITHOUT("UpdateUser", "PATCH /v1.0/users/ada%40corp.example", ASSUMED) };
    struct script script;
    disable(&script, GUID);
    ENDS(&script, plan, STEP_DONE, 1, "user/" GUID " would be disabled");
    disable(&script, UPN);
    ENDS(&script, offline, STEP_DONE, 1, "user/" UPN " would be disabled");
}

static void a_user_that_is_still_disabled_is_enabled_again(void **state)
{
    (void)state;
    static const struct exchange back[] = { LOOK("false"), SET("true"), LOOK("true") };
    static const struct exchange lost[] = { LOOK("false"), LOST_SET("true"), LOOK("true") };
    static const struct exchange enabled[] = { LOOK("true") };
    static const struct exchange gone[] = { ASK_ERROR(
        "GetUser", "", 404, MS_ERROR("Request_ResourceNotFound", "no")) };
    struct script done, undo;
    disable(&done, GUID);
    assert_int_equal(PLAY(&done, happy), STEP_DONE);
    script_begin_undo(&undo, &done, 0);
    ends_with(&undo, back, COUNT_OF(back), STEP_DONE, 1, "is enabled again");
    script_starve(&undo, back, COUNT_OF(back), STEP_DONE);
    script_end(&undo);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, lost, STEP_DONE, 1, "is enabled again");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, enabled, STEP_DONE, 0, "nothing to take back");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, gone, STEP_UNRESOLVED, 0, "Entra ID has no user");
    script_end(&done);
}

/* ---- sessions ---- */

#define SESSIONS(since)                                                                            \
    ASK("GetUser",                                                                                 \
        "GET /v1.0/users/" GUID                                                                    \
        "?$select=id%2CuserPrincipalName%2CdisplayName%2CsignInSessionsValidFromDateTime",         \
        "{\"id\":\"" GUID "\",\"userPrincipalName\":\"" UPN                                        \
        "\",\"signInSessionsValidFromDateTime\":\"" since "\"}")
#define BEFORE SESSIONS("2025-01-01T00:00:00Z")
#define AFTER SESSIONS("2026-01-01T00:00:02Z")
#define REVOKE_BODY "POST /v1.0/users/" GUID "/revokeSignInSessions"
#define REVOKED CHANGE("RevokeSignInSessions", REVOKE_BODY, "{\"value\":true}")

static void sessions_are_revoked_when_graph_shows_since_when(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { BEFORE, REVOKED, BEFORE, AFTER };
    static const struct exchange lost[] = { BEFORE,
        CHANGE_WITHOUT("RevokeSignInSessions", REVOKE_BODY, LOST), AFTER };
    static const struct exchange denied[] = { BEFORE,
        CHANGE_ERROR("RevokeSignInSessions", REVOKE_BODY, 403, MS_DENIED) };
    static const struct exchange unseen[] = { BEFORE, REVOKED, BEFORE, BEFORE, BEFORE, BEFORE,
        BEFORE, BEFORE, BEFORE };
    static const struct exchange plan[] = { BEFORE,
        CHANGE_WITHOUT("RevokeSignInSessions", REVOKE_BODY, ASSUMED) };
    struct script script;
    script_begin(&script, VERB_RESPOND, "revoke_entra_sessions");
    script_set(&script, "user", GUID);
    ends_with(&script, exchanges, COUNT_OF(exchanges), STEP_DONE, 1, "must sign in again");
    assert_null(script.undos[0].builtin);
    assert_int_equal(script.row->effect, EFFECT_DESTROYS);
    script_starve(&script, exchanges, COUNT_OF(exchanges), STEP_DONE);
    script_end(&script);
    static const struct {
        const struct exchange *exchanges;
        size_t count;
        enum step_turn end;
        const char *words;
    } cases[] = {
        { lost, COUNT_OF(lost), STEP_DONE, "must sign in again" },
        { denied, COUNT_OF(denied), STEP_FAILED, "needs a directory role" },
        { unseen, COUNT_OF(unseen), STEP_UNKNOWN, "does not show that sessions" },
        { plan, COUNT_OF(plan), STEP_DONE, "would be revoked" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        script_begin(&script, VERB_RESPOND, "revoke_entra_sessions");
        script_set(&script, "user", GUID);
        ends_with(&script, cases[at].exchanges, cases[at].count, cases[at].end, 1, cases[at].words);
        script_end(&script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_disabled_when_graph_shows_it),
        cmocka_unit_test(a_principal_name_is_one_user_and_its_id_is_what_is_changed),
        cmocka_unit_test(what_is_no_user_of_entra_is_never_asked_for),
        cmocka_unit_test(a_user_of_a_directory_of_ones_own_is_partly_disabled),
        cmocka_unit_test(a_lost_change_is_looked_for),
        cmocka_unit_test(what_graph_does_not_allow_is_told_with_what_to_do),
        cmocka_unit_test(plans_suppose_the_change),
        cmocka_unit_test(a_user_that_is_still_disabled_is_enabled_again),
        cmocka_unit_test(sessions_are_revoked_when_graph_shows_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
