/* What operations of edr.h do to their tenant: things, ids, tokens. */
#include "base/time.h"
#include "sandbox/edr.h"

#include <inttypes.h>

enum { TOKENS_MAX = 1000 };

void edr_set(struct edr_call *call, json_t *thing, const char *key, json_t *value)
{
    if (json_object_set_new(thing, key, value) == 0)
        call->applied = true;
    else
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
}

void edr_add(struct edr_call *call, const char *collection, json_t *thing)
{
    if (json_array_append_new(json_object_get(call->tenant, collection), thing) == 0)
        call->applied = true;
    else
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
}

void edr_remove(struct edr_call *call, const char *collection, const json_t *thing)
{
    json_t *array = json_object_get(call->tenant, collection);
    for (size_t at = 0; at < json_array_size(array); at++) {
        if (json_array_get(array, at) != thing)
            continue;
        call->applied = json_array_remove(array, at) == 0 || call->applied;
        return;
    }
}

uint64_t edr_mint(struct edr_call *call)
{
    json_int_t number = world_number(call->tenant, "minted") + 1;
    json_object_set_new(call->tenant, "minted", json_integer(number));
    return (uint64_t)number;
}

const char *edr_mint_hex(struct edr_call *call)
{
    const char *text = arena_format(call->arena, "0c0de00000000000%016" PRIx64, edr_mint(call));
    return text == NULL ? "" : text;
}

const char *edr_mint_guid(struct edr_call *call)
{
    const char *text = arena_format(
        call->arena, "0c0de000-0000-4000-8000-%012" PRIx64, edr_mint(call) & 0xffffffffffff);
    return text == NULL ? "" : text;
}

const char *edr_now(struct edr_call *call)
{
    char text[TIME_TEXT_MAX];
    const char *copy = arena_copy(call->arena, time_format(call->now_ms, text)).ptr;
    return copy == NULL ? "" : copy;
}

const char *edr_mint_token(
    struct edr_call *call, const json_t *client, const char *service, long long lifetime_s)
{
    json_t *tokens = json_object_get(call->tenant, "tokens");
    const char *text =
        arena_format(call->arena, "sandbox-token-%s-%" PRIu64, service, edr_mint(call));
    for (size_t at = json_array_size(tokens); at-- > 0;)
        if (world_number(json_array_get(tokens, at), "expiresAtMs") <= call->now_ms)
            json_array_remove(tokens, at);
    if (json_array_size(tokens) >= TOKENS_MAX)
        json_array_remove(tokens, 0);
    json_t *scopes = json_object_get(client, "scopes");
    if (text == NULL)
        return "";
    edr_add(call, "tokens",
        json_pack("{s:s,s:s,s:s,s:O,s:I}", "token", text, "service", service, "clientId",
            world_text(client, "clientId"), "scopes", scopes, "expiresAtMs",
            (json_int_t)(call->now_ms + lifetime_s * 1000)));
    return text;
}

char *edr_hex(struct edr_call *call, str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = arena_alloc(call->arena, bytes.len * 2 + 1, 1);
    for (size_t at = 0; hex != NULL && at < bytes.len; at++) {
        hex[2 * at] = digits[(unsigned char)bytes.ptr[at] >> 4];
        hex[2 * at + 1] = digits[(unsigned char)bytes.ptr[at] & 15];
    }
    return hex;
}

bool edr_unhex(struct edr_call *call, const char *digits, str *ret_bytes)
{
    size_t len = strlen(digits);
    char *bytes = arena_alloc(call->arena, len / 2 + 1, 1);
    if (bytes == NULL || len % 2 != 0 || strspn(digits, "0123456789abcdef") != len)
        return false;
    for (size_t at = 0; at < len; at++) {
        int digit = digits[at] <= '9' ? digits[at] - '0' : digits[at] - 'a' + 10;
        bytes[at / 2] = (char)(bytes[at / 2] << 4 | digit);
    }
    *ret_bytes = (str){ bytes, len / 2 };
    return true;
}
