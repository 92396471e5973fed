/* serve.h - what stands behind the sandbox's door: one request in, one answer out.
 *
 * No socket here. One thread at a time.
 */
#pragma once

#include "auth/sigv4.h"
#include "base/buf.h"
#include "sandbox/faults.h"
#include "sandbox/world.h"

enum { SANDBOX_CALLS_MAX = 100000, SANDBOX_STATE_BYTES_MAX = 64 * 1024 * 1024 };

/* Everything that a sandbox remembers. */
struct sandbox_memory {
    struct world world;
    struct world beginning; /* for /_sandbox/reset */
    json_t *calls;          /* the log; the oldest go past SANDBOX_CALLS_MAX */
    json_t *faults;
    uint64_t requests; /* served so far; request ids count them */
    struct world past; /* before a change that a service does not show yet (FAULT_STALE) */
    uint32_t past_looks;
    char past_service[32];
    struct host_runs *hosts; /* host_run.h; borrowed; NULL: commands on hosts are simulated */
};

/* The world as it begins; `world` as in struct sandbox_options. ERR_JSON and ERR_MEMORY set
 * *reterr_reason, a sentence in `arena`. */
MUST_CHECK enum err sandbox_memory_init(
    str world, struct arena *arena, struct sandbox_memory *memory, const char **reterr_reason);
/* Safe on a zeroed one. */
void sandbox_memory_release(struct sandbox_memory *memory);

enum { ANSWER_HEADERS_MAX = 8 };

struct answer {
    int status; /* 0: close the connection without a word */
    const char *content_type;
    const char *request_id;                         /* "" for none; lives in the arena */
    const char *error_type;                         /* x-amzn-errortype; NULL for none */
    struct http_header headers[ANSWER_HEADERS_MAX]; /* more; values live in the arena */
    uint32_t headers_count;
    uint32_t delay_ms; /* wait so long before it is sent */
    struct buf body;   /* released by the caller */
};

/* Put `line` (stolen) into the log. A log that cannot grow loses the line, not the call. */
void sandbox_log(struct sandbox_memory *memory, json_t *line);
/* Let the next looks at `service` see the world as it is now (FAULT_STALE). */
void sandbox_keep_past(
    struct sandbox_memory *memory, const char *service, const struct fault *fault);
/* The world that a look at `service` sees now: the present one, or for some looks the past. */
struct world *sandbox_look(struct sandbox_memory *memory, const char *service, bool is_look);
/* What a proxy in between would say. */
void sandbox_answer_html(struct answer *answer, int status);

/* Answer a request to AWS, to a family of edr.h or, under /_sandbox/, to the sandbox itself. `now_ms` is what
 * signatures and snapshots are dated by. */
void sandbox_serve(struct sandbox_memory *memory, const struct sigv4_request *request,
    int64_t now_ms, struct arena *arena, struct answer *ret_answer);

/* The second half: /_sandbox/... */
void sandbox_control(struct sandbox_memory *memory, const struct sigv4_request *request,
    struct arena *arena, struct answer *answer);
