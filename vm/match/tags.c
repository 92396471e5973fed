/* tags.c - see tags.h. A VALUE_OBJECT has the alert's text from its brace on, which was found
 * to be JSON when the alert was read. */
#include "match/tags.h"

#include "base/fold.h"
#include "match/scan.h"

/* The members of one object, read one after the other. */
struct members {
    struct scan scan;
    struct arena *arena;
    bool is_over;
    str key;
    value v;
};

static enum err read_value(struct members *members, const struct json_token *token)
{
    uint32_t repairs = 0;
    str text = token->text;
    members->v = VALUE_NONE;
    if (token->kind == JSON_NULL)
        members->v = (value){ .kind = VALUE_NULL };
    if (token->kind == JSON_TRUE || token->kind == JSON_FALSE)
        text = token->kind == JSON_TRUE ? STR("true") : STR("false");
    else if (token->kind == JSON_TEXT)
        TRY(scan_text(token, members->arena, &text, &repairs));
    else if (token->kind != JSON_NUMBER)
        return ERR_OK;
    members->v = value_text(text);
    return ERR_OK;
}

/* Pass over what is in an object or array that has just begun. */
static enum err skip(struct members *members)
{
    struct json_token token;
    struct json_fault fault;
    uint32_t depth = 1;
    while (depth > 0) {
        TRY(scan_next(&members->scan, &token, &fault));
        depth += token.kind == JSON_OBJECT || token.kind == JSON_ARRAY;
        depth -= token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END;
    }
    return ERR_OK;
}

/* The next member, or is_over. */
static enum err next_member(struct members *members)
{
    struct json_token token;
    struct json_fault fault;
    uint32_t repairs = 0;
    TRY(scan_next(&members->scan, &token, &fault));
    members->is_over = token.kind != JSON_KEY;
    if (members->is_over)
        return ERR_OK;
    TRY(scan_text(&token, members->arena, &members->key, &repairs));
    TRY(scan_next(&members->scan, &token, &fault));
    TRY(read_value(members, &token));
    return token.kind == JSON_OBJECT || token.kind == JSON_ARRAY ? skip(members) : ERR_OK;
}

static enum err begin(struct members *members, struct arena *arena, value object)
{
    struct json_token token;
    struct json_fault fault;
    *members = (struct members){ .scan.json = { object.text, object.count }, .arena = arena };
    return scan_next(&members->scan, &token, &fault);
}

/* {"env": "prod"}: the member called `key`. */
static enum err find_member(struct members *members, str key, value *ret_value, bool *ret_is_found)
{
    *ret_is_found = false;
    for (;;) {
        TRY(next_member(members));
        if (members->is_over)
            return ERR_OK;
        if (!fold_equal(members->key, key))
            continue;
        *ret_value = members->v;
        *ret_is_found = true;
        return ERR_OK;
    }
}

/* {"key": "env", "value": "prod"}: the value, when that is the key. */
static enum err find_pair(struct members *members, str key, value *ret_value, bool *ret_is_found)
{
    value name = VALUE_NONE;
    value v = VALUE_NONE;
    for (;;) {
        TRY(next_member(members));
        if (members->is_over)
            break;
        if (name.kind == VALUE_ABSENT && fold_equal(members->key, STR("key")))
            name = members->v;
        else if (v.kind == VALUE_ABSENT && fold_equal(members->key, STR("value")))
            v = members->v;
    }
    *ret_is_found = name.kind == VALUE_TEXT && fold_equal(value_str(name), key);
    if (*ret_is_found)
        *ret_value = v;
    return ERR_OK;
}

enum err tags_find(struct arena *arena, value tags, str key, value *ret_value, size_t *ret_bytes)
{
    const value *items = value_items(tags);
    uint32_t count = items == NULL ? 1 : tags.count;
    bool is_found = false;
    *ret_value = VALUE_NONE;
    *ret_bytes = 0;
    for (uint32_t at = 0; at < count && !is_found; at++) {
        struct members members;
        value object = items == NULL ? tags : items[at];
        if (object.kind != VALUE_OBJECT || object.text == NULL)
            continue;
        enum err err = begin(&members, arena, object);
        if (err == ERR_OK)
            err = items == NULL ? find_member(&members, key, ret_value, &is_found)
                                : find_pair(&members, key, ret_value, &is_found);
        *ret_bytes += members.scan.at;
        if (err == ERR_JSON) /* deeper than alerts are read: nothing is known of it */
            *ret_value = VALUE_NONE;
        else if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
