/* api_undo.c - POST /v1/runs/ID/undo: what `cdr undo` does, by the daemon that has the journal. */
#include "serve/api_private.h"

#include "base/limits.h"
#include "driver/json_out.h"
#include "serve/crew.h"

enum {
    REASON_BYTES_MAX = 4 * 1024, /* whole in the audit log */
    BUSY_S = 5,
};

/* What the body asks for. */
struct wish {
    str reason;
    int64_t step; /* -1: all of the run */
};

static bool is_blank(str text)
{
    return str_all_of(text, " \t\r\n");
}

/* In `arena`; NULL, or why the body is no wish. */
static const char *wish_read(str body, struct arena *arena, struct wish *ret_wish)
{
    json_error_t fault;
    json_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &fault);
    const char *reason = json_string_value(json_object_get(json, "reason"));
    const json_t *step = json_object_get(json, "step");
    size_t known = (reason != NULL) + (step != NULL);
    *ret_wish = (struct wish){ STR(""), -1 };
    if (reason != NULL)
        ret_wish->reason = arena_copy(arena, str_from(reason));
    if (step != NULL)
        ret_wish->step = json_integer_value(step);
    const char *why = NULL;
    if (!json_is_object(json))
        why = "the body is a JSON object: {\"reason\":TEXT}, with \"step\":N for one step";
    else if (reason == NULL || ret_wish->reason.ptr == NULL || is_blank(ret_wish->reason)
             || ret_wish->reason.len > REASON_BYTES_MAX)
        why = "reason takes a text of 1 to 4096 bytes: it goes into the audit log";
    else if (step != NULL
             && (!json_is_integer(step) || ret_wish->step < 0 || ret_wish->step > UINT32_MAX))
        why = "step takes the number of a step of the run, from 0";
    else if (json_object_size(json) != known)
        why = "the body takes reason and step, and nothing else";
    json_decref(json);
    return why;
}

/* Who asks, as the audit log has it: the name that our own command gives, and by what it may. In
 * `arena`; NULL: the name is none. */
static const char *person_of(const struct exchange *exchange)
{
    str name = exchange_header(exchange, "x-cdr-person");
    for (size_t at = 0; at < name.len; at++)
        if ((unsigned char)name.ptr[at] < ' ' || name.ptr[at] == 0x7f)
            return NULL;
    bool is_twice = name.len == 0 && exchange_has_header(exchange, "x-cdr-person");
    if (name.len > NAME_BYTES_MAX || is_twice)
        return NULL;
    return name.len == 0 ? "admin token"
                         : arena_format(exchange->arena, "%.*s (admin token)", STR_ARG(name));
}

static void step_refused(struct exchange *exchange, int64_t id, size_t steps)
{
    const char *detail = arena_format(
        exchange->arena, "run %lld has %zu: they are counted from 0", (long long)id, steps);
    api_refuse(exchange, NULL, 400, "The run has no such step.", detail);
}

/* Whether the run is there, has the step, and is no undo itself; else it was answered. */
static bool run_is_there(struct api *api, struct exchange *exchange, int64_t id, int64_t step)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct store *store = NULL;
    struct step_record *steps = NULL;
    size_t count = 0;
    struct run run = { 0 };
    if (!api_reader_open(api, exchange, &store))
        return false;
    enum err err = store_run_get(store, id, &arena, &run);
    if (err == ERR_OK)
        err = store_steps(store, id, &arena, &steps, &count);
    api_reader_close(api, store);
    if (err == ERR_OK && step >= 0 && (uint64_t)step >= count) {
        step_refused(exchange, id, count);
        return false;
    }
    if (err != ERR_OK)
        api_fail(api, exchange, err, "reading a run");
    else if (run.undoes != 0)
        api_refuse(exchange, NULL, 409, "This run is itself an undo.",
            "to do again what it took back, send the alert again");
    return err == ERR_OK && run.undoes == 0;
}

static void undone(void *self, enum exit_code code, str story)
{
    json_t *json = json_object();
    json_put(&json, "code", json_integer(code));
    json_put(&json, "story", json_from_str(story));
    api_answer_json(self, 200, json);
}

static void order_refused(struct api *api, struct exchange *exchange, enum err err)
{
    LOG(&api->daemon->log, LOG_LEVEL_WARNING, "an undo was not taken on",
        LOG_TEXT("reason", str_from(err_text(err))));
    api_refuse(exchange, &(struct answer){ .retry_after_s = BUSY_S }, 503,
        "The undo was not begun.",
        err == ERR_LIMIT     ? "too much waits; try again"
        : err == ERR_STOPPED ? "the daemon is ending"
                             : err_text(err));
}

void api_undo(struct api *api, struct exchange *exchange, str id)
{
    struct wish wish;
    int64_t run;
    if (!api_number(id, INT64_MAX, &run)) {
        api_fail(api, exchange, ERR_NOT_FOUND, "reading a run");
        return;
    }
    const char *why = wish_read(exchange->body, exchange->arena, &wish);
    if (why != NULL) {
        api_refuse(exchange, NULL, 400, "That is no order to undo.", why);
        return;
    }
    const char *person = person_of(exchange);
    if (person == NULL) {
        api_refuse(exchange, NULL, 400, "X-Cdr-Person is no name.", NULL);
        return;
    }
    if (!run_is_there(api, exchange, run, wish.step))
        return;
    struct undo_order order = { .run = run,
        .is_of_one_step = wish.step >= 0,
        .step = wish.step >= 0 ? (uint32_t)wish.step : 0,
        .person = str_from(person),
        .reason = wish.reason };
    enum err err = crew_undo(api->daemon->crew, &order, undone, exchange);
    if (err != ERR_OK)
        order_refused(api, exchange, err);
}
