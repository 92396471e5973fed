/* What is done to an alert of Defender itself: its status, a comment. */
#include "bytecode.h"
#include "defender.h"
#include "fronts.h"

#define ALERT_ID "da637551227677560813_-961444813"
#define TOLD(more)                                                                                 \
    "{\"key\":\"k\",\"rule\":\"r\",\"alert\":{\"source\":\"defender\",\"alert.id\":\"" ALERT_ID    \
    "\"" more "}}"
#define OF_GRAPH TOLD(",\"alert.url\":\"https://security.microsoft.com/alerts/x\"")
#define OF_ENDPOINT TOLD("")
#define SHOWN(status, more) "{\"id\":\"" ALERT_ID "\",\"status\":\"" status "\"" more "}"
#define GRAPH_LOOK(status)                                                                         \
    ASK("GetAlert", "GET /v1.0/security/alerts_v2/" ALERT_ID, SHOWN(status, ""))
#define MDE_LOOK(status) ASK("GetAlert", "GET /api/alerts/" ALERT_ID, SHOWN(status, ""))
#define GRAPH_SET(status)                                                                          \
    CHANGE("UpdateAlert",                                                                          \
        "PATCH /v1.0/security/alerts_v2/" ALERT_ID "\n{\"status\":\"" status "\"}",                \
        SHOWN(status, ""))
#define MDE_SET(status)                                                                            \
    CHANGE("UpdateAlert", "PATCH /api/alerts/" ALERT_ID "\n{\"status\":\"" status "\"}",           \
        SHOWN(status, ""))
#define NOT_THERE MS_ERROR("ResourceNotFound", "Alert not found")

static void begin(struct script *script, const struct builtin *row, const char *alert)
{
    script_begin_row(script, row);
    script->alert = str_from(alert);
}

#define STATUS_ENDS(told, word, exchanges, end, changes, words)                                    \
    do {                                                                                           \
        struct script of;                                                                          \
        begin(&of, &defender_alert_status, told);                                                  \
        script_set(&of, "status", word);                                                           \
        ENDS(&of, exchanges, end, changes, words);                                                 \
    } while (0)

static void the_status_is_set_where_the_alert_came_from(void **state)
{
    (void)state;
    static const struct exchange graph[] = { GRAPH_LOOK("new"), GRAPH_SET("resolved"),
        GRAPH_LOOK("resolved") };
    static const struct exchange endpoint[] = { MDE_LOOK("New"), MDE_SET("InProgress"),
        MDE_LOOK("InProgress") };
    static const struct exchange reopened[] = { GRAPH_LOOK("resolved"), GRAPH_SET("new"),
        GRAPH_LOOK("new") };
    static const struct exchange already[] = { MDE_LOOK("Resolved") };
    STATUS_ENDS(OF_GRAPH, "closed", graph, STEP_DONE, 1, "alert/" ALERT_ID " is resolved");
    STATUS_ENDS(OF_ENDPOINT, "in_progress", endpoint, STEP_DONE, 1, "is inProgress");
    STATUS_ENDS(OF_GRAPH, "reopened", reopened, STEP_DONE, 1, "is new");
    STATUS_ENDS(OF_ENDPOINT, "closed", already, STEP_DONE, 0, "was resolved already");
}

static void an_alert_that_one_api_does_not_know_is_asked_of_the_other(void **state)
{
    (void)state;
    static const struct exchange graph[] = { ASK_ERROR("GetAlert", "GET /api/alerts/" ALERT_ID, 404,
                                                 NOT_THERE),
        GRAPH_LOOK("new"), GRAPH_SET("resolved"), GRAPH_LOOK("resolved") };
    static const struct exchange nowhere[] = {
        ASK_ERROR("GetAlert", "GET /v1.0/security/alerts_v2/" ALERT_ID, 404, NOT_THERE),
        ASK_ERROR("GetAlert", "GET /api/alerts/" ALERT_ID, 404, NOT_THERE)
    };
    STATUS_ENDS(OF_ENDPOINT, "closed", graph, STEP_DONE, 1, "is resolved");
    STATUS_ENDS(OF_GRAPH, "closed", nowhere, STEP_UNRESOLVED, 0, "Microsoft shows no alert");
}

static void what_is_no_alert_of_defender_is_left_alone(void **state)
{
    (void)state;
    static const char *const none[] = { "", "{}", "no json",
        "{\"alert\":{\"source\":\"crowdstrike\",\"alert.id\":\"da1_2\"}}",
        "{\"alert\":{\"source\":\"defender\"}}",
        "{\"alert\":{\"source\":\"defender\",\"alert.id\":\"../users\"}}",
        "{\"alert\":{\"source\":\"defender\",\"alert.id\":\"..\"}}" };
    for (size_t at = 0; at < COUNT_OF(none); at++) {
        struct script of;
        begin(&of, &defender_alert_status, none[at]);
        ends_with(&of, NULL, 0, STEP_UNRESOLVED, 0, "this is no alert of Defender's");
        script_end(&of);
    }
}

static void a_lost_change_of_an_alert_is_looked_for(void **state)
{
    (void)state;
#define LOST_SET CHANGE_WITHOUT("UpdateAlert", "{\"status\":\"resolved\"}", LOST)
    static const struct exchange arrived[] = { GRAPH_LOOK("new"), LOST_SET,
        GRAPH_LOOK("resolved") };
    static const struct exchange gone[] = { GRAPH_LOOK("new"), LOST_SET, GRAPH_LOOK("new"),
        GRAPH_LOOK("new"), GRAPH_LOOK("new"), GRAPH_SET("resolved"), GRAPH_LOOK("resolved") };
    static const struct exchange page[] = { GRAPH_LOOK("new"), CHANGE("UpdateAlert", "", WEB_PAGE),
        GRAPH_LOOK("resolved") };
    static const struct exchange denied[] = { GRAPH_LOOK("new"),
        CHANGE_ERROR("UpdateAlert", "", 403, MS_DENIED) };
    static const struct exchange throttled[] = { GRAPH_LOOK("new"),
        CHANGE_ERROR("UpdateAlert", "", 429, MS_ERROR("TooManyRequests", "later")),
        GRAPH_LOOK("new"), GRAPH_LOOK("new"), GRAPH_LOOK("new"), GRAPH_SET("resolved"),
        GRAPH_LOOK("resolved") };
    static const struct exchange plan[] = { GRAPH_LOOK("new"),
        CHANGE_WITHOUT("UpdateAlert", "", ASSUMED) };
    STATUS_ENDS(OF_GRAPH, "closed", arrived, STEP_DONE, 1, "is resolved");
    STATUS_ENDS(OF_GRAPH, "closed", gone, STEP_DONE, 2, "is resolved");
    STATUS_ENDS(OF_GRAPH, "closed", page, STEP_DONE, 1, "is resolved");
    STATUS_ENDS(OF_GRAPH, "closed", denied, STEP_FAILED, 1, "does not allow UpdateAlert");
    STATUS_ENDS(OF_GRAPH, "closed", throttled, STEP_DONE, 2, "is resolved");
    STATUS_ENDS(OF_GRAPH, "closed", plan, STEP_DONE, 1, "would get another status");
}

static void a_status_goes_back_to_what_was_read_before(void **state)
{
    (void)state;
    static const struct exchange change[] = { MDE_LOOK("InProgress"), MDE_SET("Resolved"),
        MDE_LOOK("Resolved") };
    static const struct exchange back[] = { MDE_LOOK("Resolved"), MDE_SET("InProgress"),
        MDE_LOOK("InProgress") };
    static const struct exchange same[] = { MDE_LOOK("InProgress") };
    static const struct exchange other[] = { MDE_LOOK("New") };
    struct script done;
    begin(&done, &defender_alert_status, OF_ENDPOINT);
    script_set(&done, "status", "closed");
    assert_int_equal(PLAY(&done, change), STEP_DONE);
    struct script undo;
    script_begin_undo(&undo, &done, 0);
    ends_with(&undo, back, COUNT_OF(back), STEP_DONE, 1, "is InProgress again");
    script_starve(&undo, back, COUNT_OF(back), STEP_DONE);
    script_end(&undo);
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, same, STEP_DONE, 0, "nothing to take back");
    script_begin_undo(&undo, &done, 0);
    ENDS(&undo, other, STEP_FAILED, 0, "set to New by somebody else since, and was left alone");
    script_end(&done);
}

/* ---- comments ---- */

#define TEXT "a \\\"b\\\" [cdr " STEP_KEY "]"
#define COMMENTS(text) ",\"comments\":[{\"comment\":\"first\"},{\"comment\":\"" text "\"}]"
#define GRAPH_COMMENT                                                                              \
    "POST /v1.0/security/alerts_v2/" ALERT_ID                                                      \
    "/comments\n{\"@odata.type\":\"microsoft.graph.security.alertComment\",\"comment\":\"" TEXT    \
    "\"}"

#define COMMENT_ENDS(told, exchanges, end, changes, words)                                         \
    do {                                                                                           \
        struct script of;                                                                          \
        begin(&of, &defender_alert_comment, told);                                                 \
        script_set(&of, "text", "a \"b\"");                                                        \
        ENDS(&of, exchanges, end, changes, words);                                                 \
    } while (0)

static void a_comment_is_written_once_and_known_by_its_mark(void **state)
{
    (void)state;
    static const struct exchange graph[] = { GRAPH_LOOK("new"),
        CHANGE("CreateComment", GRAPH_COMMENT, "{\"value\":[]}"),
        ASK("GetAlert", "GET /v1.0/security", SHOWN("new", COMMENTS(TEXT))) };
    static const struct exchange endpoint[] = { MDE_LOOK("New"),
        CHANGE("UpdateAlert", "PATCH /api/alerts/" ALERT_ID "\n{\"comment\":\"" TEXT "\"}", "{}"),
        ASK("GetAlert", "GET /api/alerts/" ALERT_ID, SHOWN("New", COMMENTS(TEXT))) };
    static const struct exchange there[] = { ASK(
        "GetAlert", "GET /v1.0/security", SHOWN("new", COMMENTS(TEXT))) };
    static const struct exchange lost[] = { GRAPH_LOOK("new"),
        CHANGE_WITHOUT("CreateComment", GRAPH_COMMENT, LOST),
        ASK("GetAlert", "", SHOWN("new", COMMENTS(TEXT))) };
    static const struct exchange unseen[] = { GRAPH_LOOK("new"),
        CHANGE("CreateComment", GRAPH_COMMENT, "{\"value\":[]}"), GRAPH_LOOK("new"),
        GRAPH_LOOK("new"), GRAPH_LOOK("new"), GRAPH_LOOK("new"), GRAPH_LOOK("new"),
        GRAPH_LOOK("new"), ASK("GetAlert", "", SHOWN("new", COMMENTS("of another"))) };
    static const struct exchange plan[] = { GRAPH_LOOK("new"),
        CHANGE_WITHOUT("CreateComment", GRAPH_COMMENT, ASSUMED) };
    COMMENT_ENDS(OF_GRAPH, graph, STEP_DONE, 1, "has the comment");
    COMMENT_ENDS(OF_ENDPOINT, endpoint, STEP_DONE, 1, "has the comment");
    COMMENT_ENDS(OF_GRAPH, there, STEP_DONE, 0, "has the comment");
    COMMENT_ENDS(OF_GRAPH, lost, STEP_DONE, 1, "has the comment");
    COMMENT_ENDS(OF_GRAPH, unseen, STEP_UNKNOWN, 1, "took the comment");
    COMMENT_ENDS(OF_GRAPH, plan, STEP_DONE, 1, "would get a comment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_set_where_the_alert_came_from),
        cmocka_unit_test(an_alert_that_one_api_does_not_know_is_asked_of_the_other),
        cmocka_unit_test(what_is_no_alert_of_defender_is_left_alone),
        cmocka_unit_test(a_lost_change_of_an_alert_is_looked_for),
        cmocka_unit_test(a_status_goes_back_to_what_was_read_before),
        cmocka_unit_test(a_comment_is_written_once_and_known_by_its_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
