/* call.h - one call of the AWS query API on its way through the sandbox.
 *
 * An operation reads `form`, changes the world or refuses, and writes what stands
 * inside its reply to `body`; the wrapper, the request id and errors are written by
 * call_finish. The first refusal counts. All memory lives in `arena`, but for the world.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "sandbox/form.h"
#include "sandbox/world.h"

struct operation;

enum protocol { PROTOCOL_QUERY, PROTOCOL_JSON, PROTOCOL_REST }; /* protocol.h */

struct call {
    struct world *world;
    const json_t *log; /* of the calls before this one (sandbox.h), borrowed */
    struct arena *arena;
    int64_t now_ms;
    const char *request_id;
    const char *service;               /* of the credential scope: "ec2"; "" while unknown */
    const char *region_name;           /* of the scope */
    const char *operation_name;        /* as the caller wrote it; "" without Action */
    const struct operation *operation; /* NULL when there is none of that name */
    json_t *credential;                /* borrowed from the world, as the next two */
    json_t *account;
    json_t *region; /* of region_name; NULL when the account has none there */
    enum protocol protocol;
    struct form form;
    json_t *input; /* of JSON calls: the body; owned by the server */
    str raw;       /* of REST calls: the body */
    bool dry_run;
    /* what came of it */
    struct buf body;
    json_t *json; /* of JSON calls: the answer, an object to be filled; owned by the server */
    const char *content_type; /* of the answer */
    const char *target;       /* what it is about, for the log */
    int status;             /* of REST calls that were not refused: 200 unless they say otherwise */
    const char *error_code; /* NULL: not refused */
    const char *error_message;
    bool applied; /* it changed the world */
    enum err err; /* a failure of the host, answered as 500 */
};

enum { CALL_BODY_BYTES_MAX = 9 * 1024 * 1024, CALL_ARENA_BYTES_MAX = 48 * 1024 * 1024 };

/* Refuse. The first refusal stays. False, for `return call_refuse(...)`. */
bool call_refuse(struct call *call, int status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The last gate, when all is checked and before anything is changed or told: false when the call was refused or is a dry run, which
 * is then answered as EC2 does. */
bool call_may_proceed(struct call *call);

/* thing[key] = value (stolen); notes that the world changed. */
void call_set(struct call *call, json_t *thing, const char *key, json_t *value);
/* Remove thing[key], if it is there. */
void call_unset(struct call *call, json_t *thing, const char *key);
/* Put `thing` (stolen) at the end of the array `collection` of `place`. */
void call_add(struct call *call, json_t *place, const char *collection, json_t *thing);
/* Take `thing` out of the array `collection` of `place`. */
void call_remove(struct call *call, json_t *place, const char *collection, const json_t *thing);

/* A parameter as it stands, or NULL. */
const char *call_text(const struct call *call, const char *name);
/* Read a boolean or a number; *ret_value stays when the parameter is absent. False:
 * refused. */
MUST_CHECK bool call_flag(struct call *call, const char *name, bool *ret_flag);
MUST_CHECK bool call_number(
    struct call *call, const char *name, long long least, long long most, long long *ret_number);

/* The account's number. */
const char *call_account_id(const struct call *call);
/* "2025-04-01T02:00:00Z" of now, in the arena. */
const char *call_now(struct call *call);

/* Write the whole reply: wrapper or error, request id, status. */
void call_finish(struct call *call);
