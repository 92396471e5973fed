/* script.h - a provider that follows a script, for tests of step functions.
 *
 * A script is a list of exchanges: which request is expected, and what is answered. Each
 * play checks, whatever the test is about:
 *   - the requests are those of the script, in order, reads as reads, changes as changes;
 *   - each operation is among the permissions of the row, or needs one of them (script_roles);
 *   - each of AWS names the region that the step was given, else the one it began in, except where it
 *     has to be asked elsewhere (is_elsewhere); no other names one;
 *   - fed the same replies again, a fresh state asks byte for byte the same requests, as
 *     a resume after a crash needs it. */
#pragma once

#include "aws/query.h"
#include "aws/service.h"
#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#define SCRIPT_BEGAN_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

enum { SCRIPT_UNDOS_MAX = 16, SCRIPT_EXCHANGES_MAX = 600 };

struct exchange {
    const char *operation;
    bool is_change;
    const char *params; /* lines of "key=value", decoded, that the body must have */
    enum reply_kind kind;
    int status;
    const char *body;
};

/* What a play left behind. */
struct script {
    const struct builtin *row;
    struct arena arena;
    value args[STEP_PARAMS_MAX];
    str alert;  /* what the step is about; empty: one without fields */
    str region; /* where the step begins; empty in a play whose first reply is assumed: offline */
    bool is_elsewhere; /* requests may go to other regions */
    struct step step;
    struct undo undos[SCRIPT_UNDOS_MAX]; /* of the changes, in order; also those without builtin */
    uint32_t undos_count;
    uint32_t changes; /* that were asked for */
    uint64_t waited_ms;
    str sent[SCRIPT_EXCHANGES_MAX];
};

#define ASK(operation, params, body)                                                               \
    {                                                                                              \
        operation, false, params, REPLY_RECEIVED, 200, body                                        \
    }
#define ASK_ERROR(operation, params, status, body)                                                 \
    {                                                                                              \
        operation, false, params, REPLY_RECEIVED, status, body                                     \
    }
#define ASK_WITHOUT(operation, params, kind)                                                       \
    {                                                                                              \
        operation, false, params, REPLY_##kind, 0, ""                                              \
    }
#define CHANGE(operation, params, body)                                                            \
    {                                                                                              \
        operation, true, params, REPLY_RECEIVED, 200, body                                         \
    }
#define CHANGE_ERROR(operation, params, status, body)                                              \
    {                                                                                              \
        operation, true, params, REPLY_RECEIVED, status, body                                      \
    }
#define CHANGE_WITHOUT(operation, params, kind)                                                    \
    {                                                                                              \
        operation, true, params, REPLY_##kind, 0, ""                                               \
    }
#define REFUSED_BECAUSE(operation, is_change, sentence)                                            \
    {                                                                                              \
        operation, is_change, "", REPLY_REFUSED, 0, sentence                                       \
    }

/* Replies. */
#define OURS "111122223333"
#define EC2_XML "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\""
#define IAM_XML "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\""
#define CALLER_REPLY(account, arn)                                                                 \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"              \
    "<GetCallerIdentityResult><Arn>" arn "</Arn><UserId>AIDAEXAMPLE</UserId><Account>" account     \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define CALLER_USER CALLER_REPLY(OURS, "arn:aws:iam::" OURS ":user/responder")
#define CALLER_ROLE(role, session)                                                                 \
    CALLER_REPLY(OURS, "arn:aws:sts::" OURS ":assumed-role/" role "/" session)
#define EC2_ERROR(code, message)                                                                   \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>" code             \
    "</Code><Message>" message "</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
#define IAM_ERROR(code, message)                                                                   \
    "<ErrorResponse " IAM_XML "><Error><Type>Sender</Type><Code>" code "</Code><Message>" message  \
    "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
#define INSTANCE_REPLY(owner, id, state, more)                                                     \
    "<DescribeInstancesResponse " EC2_XML "><requestId>r-1</requestId><reservationSet><item>"      \
    "<reservationId>r-0abc</reservationId><ownerId>" owner "</ownerId><instancesSet><item>"        \
    "<instanceId>" id "</instanceId><instanceState><code>16</code><name>" state                    \
    "</name></instanceState>" more "</item></instancesSet></item></reservationSet>"                \
    "</DescribeInstancesResponse>"
#define NO_INSTANCE                                                                                \
    EC2_ERROR("InvalidInstanceID.NotFound", "The instance ID 'i-0abc' does not exist")
#define WEB_PAGE                                                                                   \
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"

/* A way of a front is found by no name; AWS's is where it has one. */
static void script_begin_row(struct script *script, const struct builtin *row)
{
    memset(script, 0, sizeof(*script));
    script->arena = (struct arena)ARENA_INIT(STEP_BYTES_MAX);
    script->region = STR("eu-central-1");
    script->row = row;
    assert_non_null(script->row);
}

static inline void script_begin(struct script *script, enum verb verb, const char *name)
{
    const struct builtin *row = builtin_find(verb, str_from(name));
    bool is_front = row != NULL && row->ways != NULL;
    script_begin_row(script, is_front ? builtin_find_of(verb, str_from(name), "aws") : row);
}

static uint32_t script_param(const struct script *script, const char *param)
{
    uint32_t at = 0, count = builtin_param_count(script->row);
    while (at < count && strcmp(script->row->params[at].name, param) != 0)
        at++;
    return at;
}

/* Where the requests of the step must go. */
static str script_region(const struct script *script)
{
    uint32_t at = script_param(script, "region");
    bool is_given = at < builtin_param_count(script->row) && value_str(script->args[at]).len > 0;
    return is_given ? value_str(script->args[at]) : script->region;
}

static void script_set(struct script *script, const char *param, const char *text)
{
    uint32_t at = script_param(script, param);
    assert_true(at < builtin_param_count(script->row));
    script->args[at] = value_text(str_from(text));
}

static void script_end(struct script *script)
{
    arena_release(&script->arena);
}

/* Whether the body of a request has the pair `line` ("key=value"), or one in JSON, or of another
 * service, that text. */
static bool script_has(struct arena *arena, const struct request *request, str line)
{
    str body = request->body;
    enum aws_service service = aws_service_find(request->service);
    bool is_form =
        service < AWS_SERVICE_COUNT && aws_service_info(service)->protocol == AWS_PROTOCOL_QUERY;
    if (!is_form)
        return body.len > 0 && memmem(body.ptr, body.len, line.ptr, line.len) != NULL;
    str key, text;
    size_t at = str_find(line, '=');
    do {
        assert_int_equal(query_next(arena, &body, &key, &text), ERR_OK);
        if (str_equal(key, str_first(line, at)) && str_equal(text, str_skip(line, at + 1)))
            return true;
    } while (key.len > 0);
    return false;
}

static void script_expect(struct script *script, const struct exchange *exchange,
    const struct request *request, bool is_change, size_t number)
{
    /* Every mark is one that the step means. */
    bool has_mark = memmem(request->body.ptr, request->body.len, "cdr-late-", 9) != NULL;
    if (has_mark != (request->late.len > 0))
        fail_msg("request %zu, %s: late is \"%.*s\"", number, request->operation,
            STR_ARG(request->late));
    if (strcmp(exchange->operation, request->operation) != 0)
        fail_msg("request %zu is %s, expected %s", number, request->operation, exchange->operation);
    assert_int_equal(is_change, exchange->is_change);
    str lines = str_from(exchange->params);
    while (lines.len > 0) {
        str line = str_first(lines, str_find(lines, '\n'));
        lines = str_skip(lines, line.len + 1);
        if (!script_has(&script->arena, request, line))
            fail_msg("request %zu, %s, has no %.*s: %.*s", number, request->operation,
                STR_ARG(line), STR_ARG(request->body));
    }
}

static bool script_has_permission(const struct script *script, const char *permission)
{
    for (size_t at = 0; at < BUILTIN_PERMISSIONS_MAX; at++)
        if (script->row->permissions.apply[at] != NULL
            && strcmp(script->row->permissions.apply[at], permission) == 0)
            return true;
    return false;
}

/* What an operation of a REST API needs: the least scope or app role, as its page says. */
static inline bool script_has_role(const struct script *script, const char *operation)
{
    static const char *const script_roles[][2] = {
        { "CancelMachineAction", "Machine.Isolate" },
        { "CombinedDevicesByFilter", "hosts:read" },
        { "CollectInvestigationPackage", "Machine.CollectForensics" },
        { "CreateComment", "SecurityAlert.ReadWrite.All" },
        { "Download", NULL }, /* by the address alone */
        { "GetAlert", "SecurityAlert.ReadWrite.All" },
        { "GetFileInformation", "File.Read.All" },
        { "GetMachineAction", "Machine.Read.All" },
        { "GetMachineById", "Machine.Read.All" },
        { "GetOnlineState_V1", "hosts:read" },
        { "GetPackageUri", "Machine.CollectForensics" },
        { "GetUser", "User.Read.All" },
        { "IsolateMachine", "Machine.Isolate" },
        { "ListMachineActions", "Machine.Read.All" },
        { "PatchEntitiesAlertsV3", "alerts:write" },
        { "PerformActionV2", "hosts:write" },
        { "PostDeviceDetailsV2", "hosts:read" },
        { "PostEntitiesAlertsV2", "alerts:read" },
        { "ListMachines", "Machine.Read.All" },
        { "RestrictCodeExecution", "Machine.RestrictExecution" },
        { "RevokeSignInSessions", "User.RevokeSessions.All" },
        { "RunAntivirusScan", "Machine.Scan" },
        { "StopAndQuarantineFile", "Machine.StopAndQuarantine" },
        { "UnisolateMachine", "Machine.Isolate" },
        { "UnrestrictCodeExecution", "Machine.RestrictExecution" },
        { "UpdateAlert", "SecurityAlert.ReadWrite.All" },
        { "UpdateUser", "User.EnableDisableAccount.All" },
    };
    for (size_t at = 0; at < COUNT_OF(script_roles); at++)
        if (strcmp(script_roles[at][0], operation) == 0)
            return script_roles[at][1] == NULL
                   || script_has_permission(script, script_roles[at][1]);
    return false;
}

static void script_allowed(const struct script *script, const struct request *request)
{
    char permission[128];
    bool is_other = request->provider != NULL && script->row->provider != NULL
                    && strcmp(request->provider, script->row->provider) != 0;
    if (is_other) /* of another provider: its permissions are not IAM's */
        return;
    if (aws_service_find(request->service) == AWS_SERVICE_COUNT) {
        if (!script_has_role(script, request->operation))
            fail_msg("the row has no permission for %s", request->operation);
        return;
    }
    const char *operation =
        strcmp(request->operation, "ListObjectsV2") == 0 ? "ListBucket" : request->operation;
    if (strcmp(request->service, "lambda") == 0)
        operation = "InvokeFunction";
    snprintf(permission, sizeof(permission), "%s:%s", request->service, operation);
    /* Asked by the connection itself, as when it takes roles (aws/hosts.h). */
    if (script_has_permission(script, permission)
        || strcmp(permission, "organizations:ListAccounts") == 0)
        return;
    /* AWS lets everybody ask who he is. */
    assert_string_equal(permission, "sts:GetCallerIdentity");
}

/* All of a request that the journal compares. */
static str script_written(struct arena *arena, const struct request *request, enum step_turn turn)
{
    const char *who = request->provider == NULL ? "" : request->provider;
    const char *text = arena_format(arena, "%s %s%s%.*s%s%s:%s %.*s %.*s %u %.*s",
        step_turn_name(turn), who, who[0] == '\0' ? "" : "/", STR_ARG(request->account),
        who[0] == '\0' ? "" : " ", request->service, request->operation, STR_ARG(request->region),
        STR_ARG(request->target), request->delay_ms, STR_ARG(request->body));
    assert_non_null(text);
    return str_from(text);
}

static struct step script_step(const struct script *script, struct arena *arena, void *state)
{
    assert_true(script->row->state_bytes <= STEP_STATE_BYTES_MAX);
    return (struct step){ .args = script->args,
        .arena = arena,
        .key = STR("0badcafe-run-1-step-0"),
        .alert = script->alert.len > 0 ? script->alert : STR("{\"alert\":{}}"),
        .region = script->region,
        .began_ms = SCRIPT_BEGAN_MS,
        .state = state,
        .target = { "", 0 },
        .found = { "", 0 } };
}

static void script_note(
    struct script *script, const struct exchange *exchange, enum step_turn turn, size_t number)
{
    const struct request *request = &script->step.request;
    assert_non_null(request->body.ptr);
    bool is_global = strcmp(request->service, "iam") == 0 || strcmp(request->service, "sts") == 0;
    str region = is_global ? script->region : script_region(script);
    if (aws_service_find(request->service) == AWS_SERVICE_COUNT)
        region = STR("");
    if (!script->is_elsewhere && !str_equal(request->region, region))
        fail_msg("request %zu, %s, goes to region '%.*s'", number, request->operation,
            STR_ARG(request->region));
    script_expect(script, exchange, request, turn == STEP_CHANGE, number);
    script_allowed(script, request);
    script->sent[number] = script_written(&script->arena, request, turn);
    script->waited_ms += request->delay_ms;
    if (turn == STEP_CHANGE && script->undos_count < SCRIPT_UNDOS_MAX)
        script->undos[script->undos_count++] = script->step.undo;
    script->changes += turn == STEP_CHANGE;
}

static struct reply script_reply(const struct exchange *exchange)
{
    return (struct reply){ exchange->kind, exchange->status, str_from(exchange->body) };
}

/* Once more from a fresh state with the recorded replies. With a small arena it may stop
 * for lack of memory, but never ask for something else. */
static void script_replay(const struct script *script, const struct exchange *exchanges,
    size_t count, enum step_turn end, size_t arena_limit)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(arena_limit);
    CLEANUP(arena_release) struct arena notes = ARENA_INIT(0);
    void *state = calloc(1, script->row->state_bytes);
    struct step step = script_step(script, &arena, state);
    enum step_turn turn = script->row->next(&step, NULL);
    size_t number = 0;
    for (; number < count && !step_turn_is_end(turn) && step.request.body.ptr != NULL; number++) {
        str again = script_written(&notes, &step.request, turn);
        assert_true(str_equal(again, script->sent[number]));
        struct reply reply = script_reply(&exchanges[number]);
        turn = script->row->next(&step, &reply);
    }
    bool is_starved = step_turn_is_end(turn) ? step.reason == NULL : step.request.body.ptr == NULL;
    if (is_starved)
        assert_true(arena_limit > 0);
    else
        assert_true(number == count && turn == end);
    free(state);
}

/* Play the script with the script's arguments; it must be as long as the step. */
static enum step_turn script_play(
    struct script *script, const struct exchange *exchanges, size_t count)
{
    assert_true(count <= SCRIPT_EXCHANGES_MAX);
    void *state = calloc(1, script->row->state_bytes);
    if (count > 0 && exchanges[0].kind == REPLY_ASSUMED)
        script->region = (str){ "", 0 };
    script->step = script_step(script, &script->arena, state);
    enum step_turn turn = script->row->next(&script->step, NULL);
    for (size_t number = 0; number < count; number++) {
        if (step_turn_is_end(turn))
            fail_msg("%s before request %zu, %s: %s", step_turn_name(turn), number,
                exchanges[number].operation, script->step.reason);
        script_note(script, &exchanges[number], turn, number);
        struct reply reply = script_reply(&exchanges[number]);
        turn = script->row->next(&script->step, &reply);
    }
    if (!step_turn_is_end(turn))
        fail_msg("goes on with %s: %.*s", script->step.request.operation,
            STR_ARG(script->step.request.body));
    assert_non_null(script->step.reason);
    script_replay(script, exchanges, count, turn, 0);
    free(state);
    return turn;
}

#define PLAY(script, exchanges) script_play((script), (exchanges), COUNT_OF(exchanges))

/* The same script with too little memory, in many sizes. */
static inline void script_starve(
    const struct script *script, const struct exchange *exchanges, size_t count, enum step_turn end)
{
    for (size_t limit = 64; limit < 32 * 1024; limit += 131)
        script_replay(script, exchanges, count, end, limit);
}

/* The inverse that change `index` of `done` recorded, ready to be played over a connection to
 * another region. */
static inline void script_begin_undo(
    struct script *script, const struct script *done, uint32_t index)
{
    memset(script, 0, sizeof(*script));
    script->arena = (struct arena)ARENA_INIT(STEP_BYTES_MAX);
    assert_true(index < done->undos_count);
    const struct undo *undo = &done->undos[index];
    assert_non_null(undo->builtin);
    script->row = builtin_find_inverse(str_from(undo->builtin));
    assert_non_null(script->row);
    assert_int_equal(undo->args_count, builtin_param_count(script->row));
    memcpy(script->args, undo->args, sizeof(undo->args));
    script->region = STR("us-east-1");
    if (script_param(script, "region") < undo->args_count)
        assert_true(str_equal(script_region(script), script_region(done)));
    for (uint32_t at = 0; at < undo->args_count; at++)
        if (script->row->params[at].need == PARAM_REQUIRED)
            assert_int_not_equal(script->args[at].kind, VALUE_ABSENT);
}

static inline void assert_reason(const struct script *script, const char *part)
{
    if (strstr(script->step.reason, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", script->step.reason, part);
}
