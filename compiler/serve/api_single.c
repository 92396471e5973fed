/* api_single.c - GET /v1/alerts/ID with its text, /v1/runs/ID with its steps and their requests. */
#include "serve/api_private.h"

#include "base/limits.h"
#include "driver/json_out.h"
#include "driver/story.h"
#include "serve/api_items.h"

typedef enum err single_read(
    struct store *store, int64_t id, struct arena *arena, json_t **ret_json);

static void single_answer(
    struct api *api, struct exchange *exchange, str id, single_read *read, const char *doing)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct store *store = NULL;
    json_t *json = NULL;
    int64_t number;
    if (!api_number(id, INT64_MAX, &number)) {
        api_fail(api, exchange, ERR_NOT_FOUND, doing);
        return;
    }
    if (!api_reader_open(api, exchange, &store))
        return;
    enum err err = read(store, number, &arena, &json);
    api_reader_close(api, store);
    if (err == ERR_OK)
        api_answer_json(exchange, 200, json);
    else
        api_fail(api, exchange, err, doing);
}

static enum err alert_read(struct store *store, int64_t id, struct arena *arena, json_t **ret_json)
{
    struct alert_record alert;
    TRY(alerts_get(store, id, arena, &alert));
    json_t *json = api_alert_json(&alert);
    json_put(&json, "text", json_or_null(alert.text));
    *ret_json = json;
    return ERR_OK;
}

static enum err run_read(struct store *store, int64_t id, struct arena *arena, json_t **ret_json)
{
    struct run run;
    struct story story;
    TRY(store_run_get(store, id, arena, &run));
    TRY(story_read(store, &run, arena, &story));
    *ret_json = api_run_json(story_json(&story), &run);
    return ERR_OK;
}

void api_alert(struct api *api, struct exchange *exchange, str id)
{
    single_answer(api, exchange, id, alert_read, "reading an alert");
}

void api_run(struct api *api, struct exchange *exchange, str id)
{
    single_answer(api, exchange, id, run_read, "reading a run");
}
