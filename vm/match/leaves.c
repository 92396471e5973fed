#include "match/scan.h"

/* The text of one token, made in `scratch` only where it is not in the JSON as it is. */
static enum err leaf_text(
    const struct json_token *token, struct arena *scratch, bool *ret_is_leaf, str *ret_text)
{
    uint32_t repairs = 0;
    *ret_is_leaf = true;
    *ret_text = token->text;
    switch (token->kind) {
    case JSON_TEXT:
        return scan_text(token, scratch, ret_text, &repairs);
    case JSON_NUMBER:
        return ERR_OK;
    case JSON_TRUE:
        *ret_text = STR("true");
        return ERR_OK;
    case JSON_FALSE:
        *ret_text = STR("false");
        return ERR_OK;
    case JSON_OBJECT:
    case JSON_OBJECT_END:
    case JSON_ARRAY:
    case JSON_ARRAY_END:
    case JSON_KEY:
    case JSON_NULL:
    case JSON_END:
        *ret_is_leaf = false;
        return ERR_OK;
    }
    return ERR_OK;
}

enum err json_leaves(str json, bool (*visit)(void *self, str leaf), void *self, bool *ret_found)
{
    struct scan scan = { .json = json };
    struct json_token token;
    struct json_fault fault;
    *ret_found = false;
    do {
        /* What one leaf needs is given back before the next, so that many tests on one
         * alert cost no memory of it. */
        CLEANUP(arena_release) struct arena scratch = ARENA_INIT(0);
        str text;
        bool is_leaf;
        TRY(scan_next(&scan, &token, &fault));
        TRY(leaf_text(&token, &scratch, &is_leaf, &text));
        if (is_leaf && visit(self, text)) {
            *ret_found = true;
            return ERR_OK;
        }
    } while (token.kind != JSON_END);
    return ERR_OK;
}
