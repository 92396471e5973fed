/* world.h - the accounts that the sandbox simulates, as JSON in memory.
 *
 * The same form is read from `--world FILE` and shown at /_sandbox/state:
 *
 *   {"accounts": [{"account", "credentials": [..], "roles": [..], "users": [..],
 *     "managedPolicies": [..], "instanceProfiles": [..], "buckets": [..],
 *     "regions": [{"region", "vpcs", "subnets", "securityGroups", "instances",
 *       "networkInterfaces", "networkAcls", "ipSets", "functions", "apis", "volumes", "snapshots": [..]}]}]}
 *
 * stdlib/sandbox/world.json is the example with every member. The user of
 * sandbox_account_at is always among an account's credentials. What is loaded has been
 * checked: the members that the operations rely on are there and of the right type.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

struct world {
    json_t *root;     /* owned */
    uint64_t minted;  /* ids handed out; an id is never handed out twice */
    json_t *sessions; /* owned; those that AssumeRole made, NULL: none yet. They are no part of
                             * the state: a world that was restored is equal to what it was */
    uint64_t session_count; /* so many were made */
};

enum { SANDBOX_WORLD_BYTES_MAX = 16 * 1024 * 1024 };

/* Read and check `text`; empty means the world that ships. ERR_JSON with a sentence in
 * *reterr_reason, ERR_MEMORY. */
MUST_CHECK enum err world_load(
    str text, struct arena *arena, struct world *ret_world, const char **reterr_reason);
/* Free. Safe on a zeroed world. */
void world_release(struct world *world);

/* Borrowed parts of the world, or NULL. */
json_t *world_account(const struct world *world, const char *account);
json_t *world_region(const json_t *account, const char *region);
/* Whether the account has opted in to the region, where it must. */
bool world_region_is_on(const json_t *region);
/* The element of the array `collection` of `place` whose text `key` is `value`. */
json_t *world_find(const json_t *place, const char *collection, const char *key, const char *value);
/* Keep `session` (stolen): a credential with "account" and "expiresAt". False: no memory. */
bool world_add_session(struct world *world, json_t *session);
/* The credential with that access key id, of a user or of a session; its account in *ret_account. */
json_t *world_credential(
    const struct world *world, const char *access_key_id, json_t **ret_account);

/* Members of one thing; "", 0 and false when absent. */
const char *world_text(const json_t *thing, const char *key);
long long world_number(const json_t *thing, const char *key);
bool world_flag(const json_t *thing, const char *key);
/* Whether the array `key` of `thing` holds the text `value`. */
bool world_holds(const json_t *thing, const char *key, const char *value);

/* A new id such as "sg-0c0de000000000001", in `arena`, or NULL. */
const char *world_mint(struct world *world, struct arena *arena, const char *prefix);

/* The world that ships, line by line (world.json, embedded by the build). */
extern const char *const shipped_world_lines[];
extern const size_t shipped_world_lines_count;
