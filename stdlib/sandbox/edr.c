#include "sandbox/edr.h"
#include "base/percent.h"
#include "base/time.h"
#include "sandbox/crowdstrike.h"
#include "sandbox/microsoft.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

static const struct edr_family *const families[] = {
    &crowdstrike_family,
    &microsoft_family,
};

static const struct edr_family *family_of(const struct sigv4_request *request)
{
    for (size_t at = 0; at < COUNT_OF(families); at++) {
        str prefix = str_from(families[at]->prefix);
        if (str_startswith(request->path, prefix)
            && (request->path.len == prefix.len || request->path.ptr[prefix.len] == '/'))
            return families[at];
    }
    return NULL;
}

bool edr_is_meant(const struct sigv4_request *request)
{
    return family_of(request) != NULL;
}

const char *edr_world_fault(json_t *root, struct arena *arena)
{
    for (size_t at = 0; at < COUNT_OF(families); at++) {
        json_t *tenant = json_object_get(root, families[at]->member);
        if (tenant == NULL)
            continue;
        if (!json_is_object(tenant))
            return arena_format(arena, "\"%s\" is not an object", families[at]->member);
        if (json_object_get(tenant, "tokens") == NULL)
            json_object_set_new(tenant, "tokens", json_array());
        const char *fault = json_is_array(json_object_get(tenant, "tokens"))
                                ? families[at]->fault(tenant, arena)
                                : "\"tokens\" is not a list";
        if (fault != NULL)
            return arena_format(arena, "in \"%s\", %s", families[at]->member, fault);
    }
    return NULL;
}

bool edr_refuse(struct edr_call *call, int status, const char *code, const char *format, ...)
{
    if (call->error_code != NULL)
        return false;
    va_list args;
    va_start(args, format);
    call->error_message = arena_vformat(call->arena, format, args);
    va_end(args);
    call->error_code = code;
    call->status = status;
    return false;
}

bool edr_refuse_as(struct edr_call *call, enum edr_refusal why, const char *sentence)
{
    const struct edr_words *words = &call->family->words[why];
    return edr_refuse(call, words->status, words->code, "%s",
        words->message != NULL ? words->message
        : sentence != NULL     ? sentence
                               : "out of memory");
}

void edr_header(struct edr_call *call, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0' && call->headers_count < ANSWER_HEADERS_MAX)
        call->headers[call->headers_count++] =
            (struct http_header){ str_from(name), str_from(value) };
}

str edr_header_of(const struct edr_call *call, const char *name)
{
    for (uint32_t at = 0; at < call->request->headers_count; at++) {
        const struct http_header *header = &call->request->headers[at];
        if (header->name.len == strlen(name)
            && strncasecmp(header->name.ptr, name, header->name.len) == 0)
            return header->value;
    }
    return STR("");
}

/* Match `path` with a row's; each {name} takes at least a byte up to what follows it. */
static bool path_matches(struct edr_call *call, const char *shape, str path)
{
    call->places_count = 0;
    while (*shape != '\0') {
        if (*shape != '{') {
            if (path.len == 0 || path.ptr[0] != *shape)
                return false;
            path = str_skip(path, 1);
            shape++;
            continue;
        }
        const char *end = strchr(shape, '}');
        size_t len = str_find(path, end[1] == '\0' ? '/' : end[1]);
        str taken = str_first(path, len);
        str value;
        if (len == 0 || memchr(taken.ptr, '/', len) != NULL || call->places_count == EDR_PLACES_MAX
            || percent_decode(call->arena, taken, false, &value) != ERR_OK
            || memchr(value.ptr, '\0', value.len) != NULL)
            return false;
        call->places[call->places_count++] = (struct edr_pair){
            arena_copy(call->arena, (str){ shape + 1, (size_t)(end - shape - 1) }).ptr, value.ptr
        };
        path = str_skip(path, len);
        shape = end + 1;
    }
    return path.len == 0;
}

bool edr_route(struct edr_call *call)
{
    str path = str_skip(call->request->path, strlen(call->family->prefix));
    bool is_path = false;
    for (size_t at = 0; at < call->family->operations_count; at++) {
        const struct edr_operation *row = &call->family->operations[at];
        if (!path_matches(call, row->path, path))
            continue;
        is_path = true;
        if (str_is(call->request->method, row->method)) {
            call->operation = row;
            return true;
        }
    }
    call->places_count = 0;
    return edr_refuse_as(call, is_path ? EDR_NO_METHOD : EDR_NO_PATH,
        is_path ? "The method is not allowed here." : "There is nothing at this path.");
}

/* Whether `list`, by commas or bars, holds one that the token has. */
static bool has_scope(const json_t *token, const char *list)
{
    for (str rest = str_from(list); rest.len > 0;) {
        str one = str_first(rest, str_find(rest, '|'));
        rest = str_skip(rest, one.len + 1);
        size_t index;
        json_t *scope;
        json_array_foreach(json_object_get(token, "scopes"), index,
            scope) if (str_is(one, json_string_value(scope))) return true;
    }
    return false;
}

static json_t *token_of(struct edr_call *call, str bearer)
{
    size_t index;
    json_t *token;
    json_array_foreach(json_object_get(call->tenant, "tokens"), index,
        token) if (str_is(bearer, world_text(token, "token"))
                   && strcmp(world_text(token, "service"), call->operation->service) == 0
                   && world_number(token, "expiresAtMs") > call->now_ms) return token;
    return NULL;
}

/* Whether a token that is good for the row came along. */
static bool admits(struct edr_call *call, bool is_expired)
{
    str header = edr_header_of(call, "Authorization");
    if (call->operation->scope[0] == '\0')
        return true;
    if (header.len <= 7 || strncasecmp(header.ptr, "bearer ", 7) != 0)
        return edr_refuse_as(call, EDR_NO_TOKEN, "There is no bearer token.");
    call->token = is_expired ? NULL : token_of(call, str_skip(header, 7));
    if (call->token == NULL)
        return edr_refuse_as(call, EDR_BAD_TOKEN, "The token is unknown or has expired.");
    call->caller = world_text(call->token, "clientId");
    if (!has_scope(call->token, call->operation->scope))
        return edr_refuse_as(call, EDR_NO_SCOPE,
            arena_format(
                call->arena, "The application lacks the scope %s.", call->operation->scope));
    return true;
}

/* What a fault does before the call is looked at. False: that was all. */
static bool fault_before(struct edr_call *call, const struct fault *fault)
{
    if (fault->kind == FAULT_THROTTLE)
        return edr_refuse_as(call, EDR_THROTTLED, "Too many requests.");
    if (fault->kind == FAULT_FAIL_BEFORE)
        return edr_refuse_as(call, EDR_BROKEN, "An internal error has occurred.");
    if (fault->kind == FAULT_DENY)
        return edr_refuse_as(call, EDR_NO_SCOPE, "Access is denied.");
    if (fault->kind == FAULT_EXPIRE && call->operation->scope[0] == '\0')
        return edr_refuse_as(call, EDR_BAD_TOKEN, "The credentials have expired.");
    return fault->kind != FAULT_HTML;
}

static void find_target(struct edr_call *call)
{
    const char *name = call->operation->target;
    if (name[0] == '\0' || call->target[0] != '\0')
        return;
    const char *found = edr_place(call, name);
    if (found == NULL)
        found = edr_query(call, name);
    json_t *member = edr_member(call, name);
    if (found == NULL)
        found = json_string_value(json_is_array(member) ? json_array_get(member, 0) : member);
    if (found != NULL)
        call->target = found;
}

/* The call itself, from token to effect. */
static void perform(struct sandbox_memory *memory, struct edr_call *call, const struct fault *fault)
{
    if (fault_before(call, fault) && admits(call, fault->kind == FAULT_EXPIRE) && edr_read(call)) {
        find_target(call);
        const char *service = call->operation->service;
        if (fault->kind == FAULT_STALE && call->operation->effect == EDR_CHANGES)
            sandbox_keep_past(memory, service, fault);
        else
            call->world = sandbox_look(memory, service, call->operation->effect == EDR_READS);
        call->tenant = json_object_get(call->world->root, call->family->member);
        call->operation->run(call);
    }
    if (fault->kind == FAULT_FAIL_AFTER) {
        call->error_code = NULL;
        edr_refuse_as(call, EDR_BROKEN, "An internal error has occurred.");
    }
}

/* What was sent, without secrets: forms are those of tokens, files are content. */
static json_t *parameters_of(const struct edr_call *call)
{
    json_t *parameters = json_object();
    for (size_t at = 0; at < call->query_count; at++) {
        json_t *former = json_object_get(parameters, call->query[at].name);
        json_t *value = json_string(call->query[at].value);
        if (json_is_array(former))
            json_array_append_new(former, value);
        else if (former != NULL)
            json_object_set_new(
                parameters, call->query[at].name, json_pack("[O,o]", former, value));
        else
            json_object_set_new(parameters, call->query[at].name, value);
    }
    for (size_t at = 0; at < call->places_count; at++)
        json_object_set_new(parameters, call->places[at].name, json_string(call->places[at].value));
    for (size_t at = 0; at < call->parts_count; at++)
        json_object_set_new(parameters, call->parts[at].name,
            json_pack("{s:s?,s:I}", "filename", call->parts[at].filename, "bytes",
                (json_int_t)call->parts[at].content.len));
    json_object_update_missing(parameters, call->input);
    return parameters;
}

static void log_call(
    struct sandbox_memory *memory, struct edr_call *call, const struct fault *fault, int status)
{
    char now[TIME_TEXT_MAX];
    json_auto_t *parameters = parameters_of(call);
    sandbox_log(
        memory, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:i,s:s?,s:O,s:s?,s:I}", "at",
                    time_format(call->now_ms / 1000 * 1000, now).ptr, "caller", call->caller,
                    "accessKeyId", "", "service",
                    call->operation == NULL ? call->family->member : call->operation->service,
                    "operation", call->operation == NULL ? "" : call->operation->name, "account",
                    world_text(call->tenant, "id"), "region", world_text(call->tenant, "region"),
                    "target", call->target, "applied", (int)call->applied, "status", status,
                    "error", call->error_code, "parameters", parameters, "fault",
                    fault->kind == FAULT_NONE ? NULL : fault_kind_name(fault->kind), "atMs",
                    (json_int_t)call->now_ms));
}

/* The answer as bytes. */
static void finish(struct edr_call *call, struct answer *answer)
{
    if (call->body.err != ERR_OK)
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
    call->family->finish(call);
    answer->status = call->status;
    answer->content_type = call->content_type;
    if (call->error_code == NULL && call->answer == NULL) {
        buf_add(&answer->body, buf_str(&call->body));
        return;
    }
    char *text = call->answer == NULL ? NULL : json_dumps(call->answer, JSON_COMPACT);
    buf_add(&answer->body, str_from(text));
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
}

static void answer_call(struct sandbox_memory *memory, struct edr_call *call,
    const struct fault *fault, struct answer *answer)
{
    if (fault->kind == FAULT_HTML) {
        sandbox_answer_html(answer, fault->status);
    } else {
        finish(call, answer);
        memcpy(answer->headers, call->headers, sizeof(call->headers));
        answer->headers_count = call->headers_count;
    }
    if (fault->kind == FAULT_SLOW)
        answer->delay_ms = fault->duration_ms;
    if (fault->kind == FAULT_LOSE_REPLY)
        answer->status = 0;
    log_call(memory, call, fault, answer->status);
}

void edr_serve(struct sandbox_memory *memory, const struct sigv4_request *request, int64_t now_ms,
    struct arena *arena, struct answer *answer)
{
    struct edr_call call = {
        .world = &memory->world,
        .hosts = memory->hosts,
        .arena = arena,
        .now_ms = now_ms,
        .number = ++memory->requests,
        .request = request,
        .family = family_of(request),
        .status = 200,
        .body = BUF_INIT(EDR_ANSWER_BYTES_MAX),
        .content_type = "application/json",
        .target = "",
        .caller = "",
    };
    struct fault fault = { .kind = FAULT_NONE };
    call.tenant = json_object_get(memory->world.root, call.family->member);
    if (call.tenant == NULL)
        edr_refuse_as(&call, EDR_NO_PATH, "This world has no such tenant.");
    else if (edr_route(&call)) {
        fault = faults_take(memory->faults, call.operation->name);
        perform(memory, &call, &fault);
    }
    answer_call(memory, &call, &fault, answer);
    buf_release(&call.body);
    json_decref(call.answer);
    json_decref(call.input);
}
