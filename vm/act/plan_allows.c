/* plan_allows.c - whether what is about to be sent is in the plan that people let through. */
#include "act/plan.h"

#include "store/store.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

static void tree_release(json_t **tree)
{
    json_decref(*tree);
}

static void text_release(char **text)
{
    free(*text);
}

/* What is not known yet, as it stands in text, and in a form body. */
static const struct {
    str begin;
    char end[4];
} later[] = {
    { { PLAN_LATER, sizeof PLAN_LATER - 1 }, ")" },
    { { "%28known+after+", 15 }, "%29" },
};

/* Bytes of the placeholder at the front of `text`, or 0. */
static size_t later_bytes(str text)
{
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        str rest = str_skip(text, later[i].begin.len);
        if (!str_startswith(text, later[i].begin))
            continue;
        size_t end = 0;
        while (end < rest.len && !str_startswith(str_skip(rest, end), str_from(later[i].end)))
            end++;
        return end == rest.len ? 0 : later[i].begin.len + end + strlen(later[i].end);
    }
    return 0;
}

/* Letters, digits, - and _ at the front: what a provider calls what it makes. */
static size_t word_bytes(str text)
{
    size_t bytes = 0;
    while (bytes < text.len
           && (isalnum((unsigned char)text.ptr[bytes]) || text.ptr[bytes] == '-'
               || text.ptr[bytes] == '_'))
        bytes++;
    return bytes;
}

/* Whether `text` is what the plan says. */
static bool is_as_planned(str planned, str text)
{
    while (planned.len > 0) {
        size_t skipped = later_bytes(planned);
        size_t word = skipped > 0 ? word_bytes(text) : 1;
        if (skipped == 0 && (text.len == 0 || text.ptr[0] != planned.ptr[0]))
            return false;
        if (word == 0)
            return false;
        planned = str_skip(planned, skipped > 0 ? skipped : 1);
        text = str_skip(text, word);
    }
    return text.len == 0;
}

static bool is_member_as_planned(const json_t *change, const char *key, str text)
{
    const json_t *member = json_object_get(change, key);
    return json_is_string(member)
           && is_as_planned((str){ json_string_value(member), json_string_length(member) }, text);
}

/* The same JSON, spelled the same; NULL for none. */
static enum err undo_spell(const json_t *undo, char **ret_text)
{
    *ret_text = NULL;
    if (undo == NULL)
        return ERR_OK;
    *ret_text = json_dumps(undo, JSON_COMPACT | JSON_SORT_KEYS);
    return *ret_text == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err is_undo_as_planned(const json_t *change, str undo, bool *ret_is)
{
    CLEANUP(tree_release) json_t *tree = NULL;
    CLEANUP(text_release) char *planned = NULL;
    CLEANUP(text_release) char *now = NULL;
    if (undo.len > 0) {
        tree = json_loadb(undo.ptr, undo.len, JSON_ALLOW_NUL, NULL);
        if (tree == NULL)
            return ERR_JSON;
    }
    TRY(undo_spell(json_object_get(change, "undo"), &planned));
    TRY(undo_spell(tree, &now));
    *ret_is = (planned == NULL) == (now == NULL)
              && (planned == NULL || is_as_planned(str_from(planned), str_from(now)));
    return ERR_OK;
}

/* Whether the call is the change of the plan. */
static enum err is_change_as_planned(
    const json_t *change, const struct call_record *call, bool *ret_is)
{
    *ret_is = is_member_as_planned(change, "service", call->service)
              && is_member_as_planned(change, "operation", call->operation)
              && is_member_as_planned(change, "region", call->region)
              && is_member_as_planned(change, "target", call->target)
              && is_member_as_planned(change, "body", call->body);
    return *ret_is ? is_undo_as_planned(change, call->undo, ret_is) : ERR_OK;
}

/* How many changes of the plan the call is. */
static enum err count_planned(
    const json_t *changes, const struct call_record *call, size_t *ret_count)
{
    size_t at;
    const json_t *change;
    *ret_count = 0;
    json_array_foreach(changes, at, change)
    {
        bool is;
        TRY(is_change_as_planned(change, call, &is));
        *ret_count += is;
    }
    return ERR_OK;
}

static bool is_same(const struct call_record *a, const struct call_record *b)
{
    return str_equal(a->service, b->service) && str_equal(a->operation, b->operation)
           && str_equal(a->region, b->region) && str_equal(a->target, b->target)
           && str_equal(a->body, b->body);
}

/* How often the same was carried out for certain. One whose answer was lost was looked after by the
 * builtin: it sends it again only where it did not arrive. */
static size_t count_made(
    const struct call_record *call, const struct call_record *made, size_t made_count)
{
    size_t count = 0;
    for (size_t i = 0; i < made_count; i++)
        count += made[i].is_change && made[i].has_reply && made[i].reply_kind == REPLY_RECEIVED
                 && made[i].reply_status < 400 && !call_is_refused(&made[i])
                 && is_same(&made[i], call);
    return count;
}

enum err plan_allows(str json, const struct call_record *call, const struct call_record *made,
    size_t made_count, bool *ret_allows)
{
    CLEANUP(tree_release)
    json_t *tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL, NULL);
    const json_t *changes = json_object_get(tree, "changes");
    size_t planned;
    if (!json_is_array(changes))
        return ERR_JSON;
    TRY(count_planned(changes, call, &planned));
    *ret_allows = planned > count_made(call, made, made_count);
    return ERR_OK;
}
