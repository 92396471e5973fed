/* What the sandbox says of itself and lets itself be told: /_sandbox/... */
#include "sandbox/serve.h"

static void answer_json(struct answer *answer, int status, const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY);
    answer->status = text == NULL ? 500 : status;
    answer->content_type = "application/json";
    buf_add(&answer->body, str_from(text));
    buf_add_byte(&answer->body, '\n');
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
}

static void answer_error(struct answer *answer, int status, const char *sentence)
{
    json_auto_t *value = json_pack("{s:s}", "error", sentence == NULL ? "out of memory" : sentence);
    answer_json(answer, status, value);
}

static void set_faults(
    struct sandbox_memory *memory, str body, struct arena *arena, struct answer *answer)
{
    const char *reason = NULL;
    json_t *faults = faults_read(body, arena, &reason);
    if (faults == NULL) {
        answer_error(answer, 400, reason);
        return;
    }
    json_decref(memory->faults);
    memory->faults = faults;
    answer_json(answer, 200, faults);
}

static void reset(struct sandbox_memory *memory, struct answer *answer)
{
    json_t *root = json_deep_copy(memory->beginning.root);
    if (root == NULL) {
        answer_error(answer, 500, NULL);
        return;
    }
    world_release(&memory->world);
    memory->world = (struct world){ .root = root, .minted = memory->beginning.minted };
    memory->past_looks = 0;
    json_array_clear(memory->calls);
    json_array_clear(memory->faults);
    answer_json(answer, 200, memory->calls);
}

static void control_faults(struct sandbox_memory *memory, const struct sigv4_request *request,
    struct arena *arena, struct answer *answer)
{
    if (str_is(request->method, "GET")) {
        answer_json(answer, 200, memory->faults);
    } else if (str_is(request->method, "POST")) {
        set_faults(memory, request->body, arena, answer);
    } else if (str_is(request->method, "DELETE")) {
        json_array_clear(memory->faults);
        answer_json(answer, 200, memory->faults);
    } else {
        answer_error(answer, 405, "faults are read by GET, set by POST, cleared by DELETE");
    }
}

void sandbox_control(struct sandbox_memory *memory, const struct sigv4_request *request,
    struct arena *arena, struct answer *answer)
{
    str name = str_skip(request->path, sizeof("/_sandbox/") - 1);
    bool is_get = str_is(request->method, "GET");
    if (str_is(name, "faults"))
        control_faults(memory, request, arena, answer);
    else if (str_is(name, "calls") && is_get)
        answer_json(answer, 200, memory->calls);
    else if (str_is(name, "state") && is_get)
        answer_json(answer, 200, memory->world.root);
    else if (str_is(name, "reset") && str_is(request->method, "POST"))
        reset(memory, answer);
    else if (str_is(name, "calls") || str_is(name, "state") || str_is(name, "reset"))
        answer_error(answer, 405, "calls and state are read by GET, reset is done by POST");
    else
        answer_error(answer, 404, "there is calls, state, faults and reset");
}
