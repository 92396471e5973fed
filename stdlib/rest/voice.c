#include "rest/voice.h"

#include "talk/json_tree.h"

/* What a body says went wrong; empty where it does not. */
struct complaint {
    str code;
    str message;
};

static bool is_web_page(str body)
{
    body = str_trim(body, " \t\r\n\xEF\xBB\xBF");
    return str_startswith(body, STR("<"));
}

/* A status, or the status that a code begins with: 40401 is a 404, 50007 a 500; 0: it is none. */
static int status_of_code(str code)
{
    int status = 0;
    for (size_t at = 0; at < code.len; at++) {
        if (code.ptr[at] < '0' || code.ptr[at] > '9')
            return 0;
        if (at < 3)
            status = status * 10 + (code.ptr[at] - '0');
    }
    return code.len >= 3 ? status : 0;
}

static bool is_open_status(int status)
{
    return status == 408 || status == 429 || status >= 500 || (status > 0 && status < 400);
}

/* What was declined with `status`. A status that leaves open what became of the request keeps code
 * and root, for those who look closer. */
static struct answer declined(struct arena *turn, const char *name, int status,
    struct complaint complaint, const struct xml *root)
{
    str code =
        complaint.code.len > 0 ? complaint.code : str_from(arena_format(turn, "HTTP%d", status));
    str message =
        complaint.message.len > 0 ? answer_clipped(complaint.message) : STR("it did not say why");
    struct answer answer = { .heard = HEARD_ERROR, .code = code, .message = message };
    if (is_open_status(status)) {
        answer = answer_nothing(arena_format(
            turn, "%s answered %d %.*s: %.*s", name, status, STR_ARG(code), STR_ARG(message)));
        answer.code = code;
    }
    answer.root = root;
    answer.is_forbidden = answer.heard == HEARD_ERROR && status == 403;
    answer.is_bad_credential = answer.heard == HEARD_ERROR && status == 401;
    return answer;
}

/* The body as a tree. ERR_INVALID: it is none; ERR_MEMORY. A 204 has none and is an empty one. */
static MUST_CHECK enum err root_read(
    struct arena *turn, const struct reply *reply, const struct xml **ret_root)
{
    str body = reply->status == 204 && reply->body.len == 0 ? STR("{}") : reply->body;
    enum err err = json_tree_parse(turn, body, ret_root);
    return err == ERR_MEMORY || err == ERR_OK ? err : ERR_INVALID;
}

static struct answer unreadable(struct arena *turn, const char *name, const struct reply *reply)
{
    return answer_nothing(
        arena_format(turn, "the answer (HTTP %d) is not one of %s: %s", reply->status, name,
            is_web_page(reply->body) ? "it is a web page" : answer_unreadable(reply->body)));
}

/* The first of `errors` that says something. */
static struct complaint crowdstrike_complaint(const struct xml *root)
{
    const struct xml *error = xml_find(root, "errors");
    return (struct complaint){ xml_text(error, "code"), xml_text(error, "message") };
}

static bool has_errors(const struct xml *root)
{
    return xml_find(root, "errors") != NULL;
}

/* Something was done all the same: there are resources, or some were written. */
static bool has_effect(const struct xml *root)
{
    str written = xml_text(root, "meta/writes/resources_affected");
    const struct xml *resources = xml_find(root, "resources");
    bool is_empty = resources == NULL || (resources->child == NULL && resources->text.len == 0);
    return !is_empty || xml_find(root, "batch_id") != NULL
           || (written.len > 0 && !str_is(written, "0"));
}

static enum err crowdstrike_read(struct arena *turn, const struct reply *reply,
    const struct request *request, struct answer *ret_answer)
{
    (void)request;
    const struct xml *root = NULL;
    bool is_success = reply->status >= 200 && reply->status < 300;
    enum err err = root_read(turn, reply, &root);
    if (err == ERR_MEMORY)
        return err;
    if (is_web_page(reply->body) || (is_success && err != ERR_OK))
        *ret_answer = unreadable(turn, "CrowdStrike", reply);
    else if (!is_success)
        *ret_answer =
            declined(turn, "CrowdStrike", reply->status, crowdstrike_complaint(root), root);
    else if (has_errors(root) && !has_effect(root)) {
        struct complaint complaint = crowdstrike_complaint(root);
        int status = status_of_code(complaint.code);
        *ret_answer = declined(turn, "CrowdStrike", status < 400 ? 400 : status, complaint, root);
    } else
        *ret_answer = (struct answer){ .heard = HEARD_ANSWER, .root = root };
    return ERR_OK;
}

static struct complaint microsoft_complaint(const struct xml *root)
{
    struct complaint complaint = { xml_text(root, "error/code"), xml_text(root, "error/message") };
    if (complaint.code.len == 0 && complaint.message.len == 0) {
        complaint.code = xml_text(root, "error"); /* of a gateway: {"error":"..."} */
        complaint.message = xml_text(root, "error_description");
    }
    if (complaint.message.len == 0)
        complaint.message = xml_text(root, "message");
    return complaint;
}

static enum err microsoft_read(struct arena *turn, const struct reply *reply,
    const struct request *request, struct answer *ret_answer)
{
    (void)request;
    const struct xml *root = NULL;
    bool is_success = reply->status >= 200 && reply->status < 300;
    enum err err = root_read(turn, reply, &root);
    if (err == ERR_MEMORY)
        return err;
    if (is_web_page(reply->body) || (is_success && err != ERR_OK))
        *ret_answer = unreadable(turn, "Microsoft", reply);
    else if (!is_success)
        *ret_answer = declined(turn, "Microsoft", reply->status, microsoft_complaint(root), root);
    else if (xml_find(root, "error/code") != NULL)
        *ret_answer = answer_nothing(arena_format(turn, "Microsoft answered %d with an error: %.*s",
            reply->status, STR_ARG(answer_clipped(microsoft_complaint(root).message))));
    else
        *ret_answer = (struct answer){ .heard = HEARD_ANSWER, .root = root };
    return ERR_OK;
}

static const char *why(struct step *step, const struct request *request,
    const struct answer *answer, const char *name, const char *grant)
{
    const char *target = talk_on_target(request, step->arena);
    if (target == NULL)
        return NULL;
    if (answer->heard == HEARD_ERROR && answer->is_forbidden)
        return arena_format(step->arena, "%s does not allow %s%s: %s (%.*s: %.*s)", name,
            request->operation, target, grant, STR_ARG(answer->code), STR_ARG(answer->message));
    if (answer_is_denied(answer))
        return arena_format(step->arena,
            "%s does not accept the connection's credentials for %s%s (%.*s: %.*s)", name,
            request->operation, target, STR_ARG(answer->code), STR_ARG(answer->message));
    if (answer->heard == HEARD_ERROR)
        return arena_format(step->arena, "%s declined %s%s (%.*s: %.*s)", name, request->operation,
            target, STR_ARG(answer->code), STR_ARG(answer->message));
    return arena_format(
        step->arena, "%s%s: %.*s", request->operation, target, STR_ARG(answer->message));
}

static const char *crowdstrike_why(
    struct step *step, const struct request *request, const struct answer *answer)
{
    return why(step, request, answer, "CrowdStrike",
        "give the API client the scope that `cdr permissions --provider crowdstrike` names");
}

static const char *microsoft_why(
    struct step *step, const struct request *request, const struct answer *answer)
{
    return why(step, request, answer, "Microsoft",
        "give the app registration the app role that `cdr permissions --provider defender` names, "
        "and an administrator's consent");
}

const struct speaker crowdstrike_speaker = { crowdstrike_read, crowdstrike_why };
const struct speaker microsoft_speaker = { microsoft_read, microsoft_why };
