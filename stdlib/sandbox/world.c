#include "sandbox/world.h"
#include "sandbox/world_check.h"
#include "base/buf.h"
#include "sandbox/edr.h"
#include "sandbox/sandbox.h"

#include <inttypes.h>
#include <stdlib.h>

/* Ids that are handed out: sg-0c0de000000000001. */
#define MINT_PREFIX "0c0de"
enum { MINT_DIGITS = 12 };

/* Sessions that are kept; the oldest goes first. */
enum { SESSIONS_MAX = 10 * 1000 };

/* The user of an account that the sandbox knows, as the world writes it. */
static json_t *user_of(const struct sandbox_account *known, struct arena *arena)
{
    const char *arn = arena_format(arena, "arn:aws:iam::%s:user/cdr", known->account);
    const char *id = arena_format(arena, "AIDASANDBOX%s", known->account);
    if (arn == NULL || id == NULL)
        return NULL;
    return json_pack("{s:s,s:s,s:s,s:s}", "accessKeyId", known->access_key_id, "secretAccessKey",
        known->secret_access_key, "arn", arn, "userId", id);
}

/* Put the user that the sandbox knows for `account` among its credentials, in front. */
static enum err add_user(json_t *account, struct arena *arena)
{
    struct sandbox_account known;
    uint32_t at = 0;
    while (sandbox_account_at(at, &known)
           && strcmp(known.account, world_text(account, "account")) != 0)
        at++;
    if (!sandbox_account_at(at, &known)
        || world_find(account, "credentials", "accessKeyId", known.access_key_id) != NULL)
        return ERR_OK;
    json_t *list = json_object_get(account, "credentials");
    return json_array_insert_new(list, 0, user_of(&known, arena)) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err shipped_text(struct buf *text)
{
    for (size_t at = 0; at < shipped_world_lines_count; at++)
        buf_add(text, str_from(shipped_world_lines[at]));
    return text->err;
}

/* A world may be several objects, one after the other, each with members of its own: so the one
 * that ships is a file for each provider. */
static json_t *parse_all(str text, json_error_t *error)
{
    json_t *root = NULL;
    while (root == NULL || str_trim(text, " \t\r\n").len > 0) {
        size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
        json_auto_t *one = json_loadb(text.ptr, text.len, flags, error);
        if (one == NULL || (root != NULL && json_object_update(root, one) != 0)) {
            json_decref(root);
            return NULL;
        }
        text = str_skip(text, (size_t)error->position);
        root = root == NULL ? json_incref(one) : root;
    }
    return root;
}

static enum err parse(str text, struct arena *arena, json_t **ret_root, const char **reterr_reason)
{
    json_error_t error;
    *ret_root = parse_all(text, &error);
    if (*ret_root != NULL)
        return ERR_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return ERR_MEMORY;
    *reterr_reason = arena_format(arena, "the world is not JSON: line %d, column %d: %s",
        error.line, error.column, error.text);
    return ERR_JSON;
}

static enum err check(json_t *root, struct arena *arena, const char **reterr_reason)
{
    json_t *accounts = json_object_get(root, "accounts");
    const char *fault = NULL;
    if (!json_is_array(accounts) || json_array_size(accounts) == 0)
        fault = "there is no list \"accounts\"";
    size_t index;
    json_t *account;
    json_array_foreach(accounts, index, account)
    {
        if (fault == NULL)
            fault = world_account_fault(account, arena);
        if (fault == NULL)
            TRY(add_user(account, arena));
    }
    if (fault == NULL)
        fault = edr_world_fault(root, arena);
    if (fault == NULL)
        return ERR_OK;
    *reterr_reason = arena_format(arena, "the world cannot be used: %s", fault);
    return ERR_JSON;
}

/* The greatest number in an id that a sandbox has handed out and that `text` holds, so
 * that a saved world does not meet its own ids again. */
static uint64_t minted_in(str text)
{
    static const char mark[] = "-" MINT_PREFIX;
    uint64_t most = 0;
    const char *end = text.ptr + text.len;
    const char *at = text.ptr;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
        char digits[MINT_DIGITS + 1] = "";
        at += sizeof(mark) - 1;
        size_t left = (size_t)(end - at);
        memcpy(digits, at, left < MINT_DIGITS ? left : MINT_DIGITS);
        uint64_t number = strtoull(digits, NULL, 16);
        most = number > most ? number : most;
    }
    return most;
}

enum err world_load(
    str text, struct arena *arena, struct world *ret_world, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf shipped = BUF_INIT(SANDBOX_WORLD_BYTES_MAX);
    if (text.len == 0) {
        TRY(shipped_text(&shipped));
        text = buf_str(&shipped);
    }
    if (text.len > SANDBOX_WORLD_BYTES_MAX) {
        *reterr_reason = "the world cannot be used: it is longer than 16 MB";
        return ERR_JSON;
    }
    json_auto_t *root = NULL;
    TRY(parse(text, arena, &root, reterr_reason));
    TRY(check(root, arena, reterr_reason));
    *ret_world = (struct world){ .root = json_incref(root), .minted = minted_in(text) };
    return ERR_OK;
}

void world_release(struct world *world)
{
    json_decref(world->root);
    json_decref(world->sessions);
    world->root = world->sessions = NULL;
}

json_t *world_account(const struct world *world, const char *account)
{
    return world_find(world->root, "accounts", "account", account);
}

json_t *world_region(const json_t *account, const char *region)
{
    return world_find(account, "regions", "region", region);
}

bool world_region_is_on(const json_t *region)
{
    return strcmp(world_text(region, "optInStatus"), "not-opted-in") != 0;
}

json_t *world_find(const json_t *place, const char *collection, const char *key, const char *value)
{
    size_t index;
    json_t *thing;
    json_array_foreach(json_object_get(place, collection), index,
        thing) if (strcmp(world_text(thing, key), value) == 0) return thing;
    return NULL;
}

json_t *world_credential(const struct world *world, const char *access_key_id, json_t **ret_account)
{
    size_t index;
    json_t *account;
    json_array_foreach(json_object_get(world->root, "accounts"), index, account)
    {
        json_t *found = world_find(account, "credentials", "accessKeyId", access_key_id);
        if (found != NULL) {
            *ret_account = account;
            return found;
        }
    }
    size_t session;
    json_t *found;
    json_array_foreach(world->sessions, session, found)
    {
        if (strcmp(world_text(found, "accessKeyId"), access_key_id) != 0)
            continue;
        *ret_account = world_account(world, world_text(found, "account"));
        return *ret_account == NULL ? NULL : found;
    }
    return NULL;
}

bool world_add_session(struct world *world, json_t *session)
{
    if (world->sessions == NULL)
        world->sessions = json_array();
    while (json_array_size(world->sessions) >= SESSIONS_MAX)
        if (json_array_remove(world->sessions, 0) != 0)
            break;
    world->session_count++;
    return json_array_append_new(world->sessions, session) == 0;
}

const char *world_text(const json_t *thing, const char *key)
{
    const char *text = json_string_value(json_object_get(thing, key));
    return text == NULL ? "" : text;
}

long long world_number(const json_t *thing, const char *key)
{
    return json_integer_value(json_object_get(thing, key));
}

bool world_flag(const json_t *thing, const char *key)
{
    return json_is_true(json_object_get(thing, key));
}

bool world_holds(const json_t *thing, const char *key, const char *value)
{
    size_t index;
    json_t *element;
    json_array_foreach(json_object_get(thing, key), index,
        element) if (json_is_string(element)
                     && strcmp(json_string_value(element), value) == 0) return true;
    return false;
}

const char *world_mint(struct world *world, struct arena *arena, const char *prefix)
{
    static_assert(MINT_DIGITS == 12, "the format below");
    return arena_format(arena, "%s-" MINT_PREFIX "%012" PRIx64, prefix, ++world->minted);
}
