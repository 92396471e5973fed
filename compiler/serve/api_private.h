/* api_private.h - what the files of the API share, and nobody else. */
#pragma once

#include "serve/api.h"

#include "base/secret.h"
#include "store/store.h"

#include <jansson.h>
#include <stdatomic.h>

enum {
    API_LIMIT = 100, /* items of a page, where nobody says how many */
    API_LIMIT_MAX = 1000,
    API_READERS_MAX = 8, /* requests that read the journal at a time */
};

struct api {
    struct handler handler; /* first */
    struct daemon *daemon;
    struct secret token;
    atomic_uint readers;
};

/* A request that has its route: `id` is what stands for the `*` of the path, or empty. */
typedef void api_answer(struct api *api, struct exchange *exchange, str id);

api_answer api_alerts, api_alert, api_runs, api_run, api_steps, api_approvals, api_audit;
api_answer api_undo;

/* Open the journal as it is now, for one request. False: it was answered, 503; else api_reader_close. */
MUST_CHECK bool api_reader_open(
    struct api *api, struct exchange *exchange, struct store **ret_store);
void api_reader_close(struct api *api, struct store *store);

/* Answer with `json`, which is taken; NULL is a lack of memory. */
void api_answer_json(struct exchange *exchange, int status, json_t *json);
/* Refuse with a status of 4xx or 5xx; `answer` has what goes into the head, or is NULL. */
void api_refuse(struct exchange *exchange, const struct answer *answer, int status,
    const char *title, const char *detail);
/* What goes wrong with the journal: 404, or 503 and a line of the log. */
void api_fail(struct api *api, struct exchange *exchange, enum err err, const char *doing);

/* A number of decimal digits from 1 to `most`; false: it is none. */
MUST_CHECK bool api_number(str text, int64_t most, int64_t *ret_number);
