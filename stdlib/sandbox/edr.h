/* edr.h - one call of a REST API of CrowdStrike or Microsoft on its way through the sandbox.
 *
 * What lies below /_crowdstrike and /_microsoft is no AWS: JSON, bearer tokens, a table of
 * operations a family (crowdstrike.def, microsoft.def). The frame finds the row by method and
 * path, checks the token and its scope, then query, content type and members against the shapes of
 * the row; an operation does the rest, changes the family's part of the world (`tenant`) or refuses,
 * and leaves an answer. The first refusal counts; how it is worded is the family's. All memory
 * lives in `arena`, but for the world.
 *
 * Shapes are names by blanks: "ids!+ limit:integer action_name!=contain|lift_containment". "!": it
 * must be there; "+": it may be there several times (of a query, a form or parts); ":" a type,
 * text without one; "=" the values there are. Types: integer, boolean; of JSON members too texts
 * (a list of them), list, object, any; of parts: file. "*" alone: whatever there is.
 */
#pragma once

#include "sandbox/serve.h"

enum {
    EDR_BODY_BYTES_MAX = 1024 * 1024,      /* of JSON and forms */
    EDR_PARTS_BYTES_MAX = 8 * 1024 * 1024, /* of multipart: what the door lets in */
    EDR_ANSWER_BYTES_MAX = 40 * 1024 * 1024,
    EDR_PLACES_MAX = 8, /* {name} of one path */
    EDR_PAIRS_MAX = 1100,
    EDR_PARTS_MAX = 16,
};

enum edr_effect { EDR_READS, EDR_CHANGES };
enum edr_content { EDR_NONE, EDR_JSON, EDR_FORM, EDR_PARTS };

struct edr_call;

struct edr_operation {
    const char *service; /* of the log: "crowdstrike", "defender", "graph" */
    const char *method;
    const char *path; /* after the prefix: "/machines/{id}/isolate", "/users('{id}')" */
    const char *name; /* the vendor's own */
    enum edr_effect effect;
    const char *scope; /* any of "Machine.Read.All|Machine.ReadWrite.All"; "": no token is needed */
    const char *target; /* the place of the path, query or member that it is about; "" for none */
    const char *query;
    enum edr_content content;
    const char *members; /* of the JSON object, the form or the parts */
    void (*run)(struct edr_call *call);
};

/* Why a call is refused before an operation has a say. */
enum edr_refusal {
    EDR_NO_PATH,
    EDR_NO_METHOD,
    EDR_BAD_QUERY,
    EDR_BAD_BODY,
    EDR_BAD_TYPE, /* of the content */
    EDR_TOO_LONG,
    EDR_NO_TOKEN,
    EDR_BAD_TOKEN, /* unknown or expired */
    EDR_NO_SCOPE,
    EDR_THROTTLED,
    EDR_BROKEN,
    EDR_REFUSAL_COUNT
};

struct edr_words {
    int status;
    const char *code;
    const char *message; /* NULL: the frame's own sentence */
};

struct edr_family {
    const char *prefix; /* "/_crowdstrike" */
    const char *member; /* of the world */
    const struct edr_operation *operations;
    size_t operations_count;
    struct edr_words words[EDR_REFUSAL_COUNT];
    /* Headers, and what a refusal looks like: call->answer from error_code and error_message. */
    void (*finish)(struct edr_call *call);
    /* NULL, or a sentence in `arena` about the member of a world from outside; what operations rely
     * on and may be absent is put there. */
    const char *(*fault)(json_t *tenant, struct arena *arena);
};

struct edr_pair {
    const char *name;
    const char *value;
};

struct edr_part {
    const char *name;
    const char *filename; /* NULL: a plain field */
    str content;          /* borrowed from the request */
};

struct edr_call {
    struct world *world;
    json_t *tenant;          /* the family's member of the world */
    struct host_runs *hosts; /* host_run.h */
    struct arena *arena;
    int64_t now_ms;
    uint64_t number; /* of the request: traces are made of it */
    const struct sigv4_request *request;
    const struct edr_family *family;
    const struct edr_operation *operation; /* NULL while unknown */
    json_t *token;                         /* borrowed from the tenant; NULL without one */
    struct edr_pair places[EDR_PLACES_MAX];
    size_t places_count;
    struct edr_pair *query;
    size_t query_count;
    struct edr_pair *form;
    size_t form_count;
    struct edr_part parts[EDR_PARTS_MAX];
    size_t parts_count;
    json_t *input; /* the JSON object; owned by the frame */
    /* what came of it */
    int status;     /* 200 unless an operation says otherwise */
    json_t *answer; /* owned by the frame; NULL: `body`, or nothing at all */
    struct buf body;
    const char *content_type;
    struct http_header headers[ANSWER_HEADERS_MAX];
    uint32_t headers_count;
    const char *target;
    const char *caller;     /* the client id */
    const char *error_code; /* NULL: not refused */
    const char *error_message;
    bool applied; /* it changed the world */
};

/* Whether the request is for one of the families. */
bool edr_is_meant(const struct sigv4_request *request);
/* Answer it; `ret_answer` is fresh. */
void edr_serve(struct sandbox_memory *memory, const struct sigv4_request *request, int64_t now_ms,
    struct arena *arena, struct answer *ret_answer);
/* NULL, or a sentence in `arena` about a family's member of a world from outside. */
const char *edr_world_fault(json_t *root, struct arena *arena);

/* Refuse. The first refusal stays. False, for `return edr_refuse(...)`. */
bool edr_refuse(struct edr_call *call, int status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The same in the family's words; `sentence` is used where it has none. */
bool edr_refuse_as(struct edr_call *call, enum edr_refusal why, const char *sentence);
void edr_header(struct edr_call *call, const char *name, const char *value);

/* What the request has, or NULL. edr_query_at: the n-th of that name, from 0. */
const char *edr_place(const struct edr_call *call, const char *name);
const char *edr_query(const struct edr_call *call, const char *name);
const char *edr_query_at(const struct edr_call *call, const char *name, size_t n);
const char *edr_form(const struct edr_call *call, const char *name);
const struct edr_part *edr_part(const struct edr_call *call, const char *name);
json_t *edr_member(const struct edr_call *call, const char *name);
const char *edr_text(const struct edr_call *call, const char *name);
/* A number of the query or the JSON; `fallback` without one. False: out of range, refused. */
MUST_CHECK bool edr_number(struct edr_call *call, const char *name, long long least, long long most,
    long long fallback, long long *ret_number);

/* thing[key] = value (stolen); notes that the world changed. */
void edr_set(struct edr_call *call, json_t *thing, const char *key, json_t *value);
/* Put `thing` (stolen) at the end of the array; take it out. */
void edr_add(struct edr_call *call, const char *collection, json_t *thing);
void edr_remove(struct edr_call *call, const char *collection, const json_t *thing);
/* A number that the tenant has not handed out before. */
uint64_t edr_mint(struct edr_call *call);
/* The same as 32 hexadecimal digits, or as a GUID. In the arena; "" when it is full. */
const char *edr_mint_hex(struct edr_call *call);
const char *edr_mint_guid(struct edr_call *call);
/* "2025-04-01T02:00:00.000Z" of now; in the arena. */
const char *edr_now(struct edr_call *call);

/* Bytes as hexadecimal digits in the arena, and back: JSON holds texts alone. NULL and false: the
 * arena is full, or they are none. */
char *edr_hex(struct edr_call *call, str bytes);
MUST_CHECK bool edr_unhex(struct edr_call *call, const char *digits, str *ret_bytes);

/* Whoever uploads for a host that is simulated (fake_host.h); in the arena, NULL when it is full. */
struct fake_uploader *edr_uploader(struct edr_call *call);

/* A new bearer token of `client` (one of tenant["clients"]) for `service`, good for `lifetime_s`.
 * Tokens are in tenant["tokens"], so tests can look at and load them. "" when there is no memory. */
const char *edr_mint_token(
    struct edr_call *call, const json_t *client, const char *service, long long lifetime_s);

/* Read query, content type and content by the row. edr_read.c. False: refused. */
MUST_CHECK bool edr_read(struct edr_call *call);
/* Find row and places. False: refused. */
MUST_CHECK bool edr_route(struct edr_call *call);
/* The header of that name, or empty. */
str edr_header_of(const struct edr_call *call, const char *name);
