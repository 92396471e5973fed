/* Functions that take identifiers out of what vendors wrote around them: lists in one text,
 * keys before values, ARNs. Sources are made of them. */
#include "core/core.h"

#include "base/fold.h"

#include <jansson.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t digits_at(str text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_digit(text.ptr[end]))
        end++;
    return end - at;
}

/* Where `part` begins in `text`, or text.len. */
static size_t find_text(str text, str part)
{
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (memcmp(text.ptr + at, part.ptr, part.len) == 0)
            return at;
    return text.len;
}

/* ---- one text to one text ---- */

static enum err strip_prefix(struct arena *arena, const value *args, value *ret_value)
{
    str text = value_str(args[0]);
    str prefix = value_str(args[1]);
    (void)arena;
    *ret_value = VALUE_NONE;
    if (str_startswith(text, prefix))
        *ret_value = value_text(str_skip(text, prefix.len));
    return ERR_OK;
}

static enum err after(struct arena *arena, const value *args, value *ret_value)
{
    str text = value_str(args[0]);
    str mark = value_str(args[1]);
    (void)arena;
    *ret_value = VALUE_NONE;
    if (mark.len == 0)
        return ERR_OK;
    size_t at = find_text(text, mark);
    if (at < text.len)
        *ret_value = value_text(str_skip(text, at + mark.len));
    return ERR_OK;
}

static enum err hex(struct arena *arena, const value *args, value *ret_value)
{
    str text = value_str(args[0]);
    size_t digits = 0;
    (void)arena;
    while (digits < text.len && is_hex(text.ptr[digits]))
        digits++;
    bool fits = digits == text.len && args[1].integer > 0 && (uint64_t)args[1].integer == digits;
    *ret_value = fits ? args[0] : VALUE_NONE;
    return ERR_OK;
}

static enum err role_arn(struct arena *arena, const value *args, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (!str_startswith(value_str(args[0]), STR("arn:")))
        return ERR_OK;
    return value_convert(arena, args[0], TYPE_ROLE, ret_value);
}

/* ---- to lists ---- */

/* A value is left out when it is one of the first values of the list: what vendors repeat are
 * a few identifiers, and looking at all would take the square of a hostile list. */
enum { COMPARED_MAX = 64 };

/* A list that is being made. */
struct made {
    struct arena *arena;
    value *items;
    uint32_t count;
    uint32_t room;
};

static enum err made_add(struct made *made, value v)
{
    for (uint32_t at = 0; at < made->count && at < COMPARED_MAX; at++)
        if (value_same(made->items[at], v))
            return ERR_OK;
    if (made->count == made->room) {
        uint32_t room = made->room == 0 ? 8 : made->room * 2;
        value *grown = ARENA_ARRAY(made->arena, value, room);
        if (grown == NULL)
            return ERR_MEMORY;
        if (made->count > 0)
            memcpy(grown, made->items, made->count * sizeof *grown);
        made->items = grown;
        made->room = room;
    }
    made->items[made->count++] = v;
    return ERR_OK;
}

/* Absent, the one value, or the list. */
static value made_value(const struct made *made)
{
    if (made->count == 0)
        return VALUE_NONE;
    return made->count == 1 ? made->items[0] : value_list(made->items, made->count);
}

/* Call `each` with every text of `v`, which is one or a list. */
static enum err each_text(
    struct made *made, value v, str mark, enum err (*each)(struct made *made, str text, str mark))
{
    const value *items = value_items(v);
    uint32_t count = items == NULL ? 1 : v.count;
    for (uint32_t at = 0; at < count; at++) {
        value one = items == NULL ? v : items[at];
        if (one.kind == VALUE_TEXT)
            TRY(each(made, value_str(one), mark));
    }
    return ERR_OK;
}

static enum err split_text(struct made *made, str text, str mark)
{
    if (mark.len == 0)
        return ERR_OK;
    for (;;) {
        size_t end = find_text(text, mark);
        str part = str_trim(str_first(text, end), " ");
        if (part.len > 0)
            TRY(made_add(made, value_text(part)));
        if (end == text.len)
            return ERR_OK;
        text = str_skip(text, end + mark.len);
    }
}

static enum err split(struct arena *arena, const value *args, value *ret_value)
{
    struct made made = { .arena = arena };
    TRY(each_text(&made, args[0], value_str(args[1]), split_text));
    *ret_value = made_value(&made);
    return ERR_OK;
}

/* The identifier in capitals. ATT&CK ids are found in a text of any case. */
static enum err add_identifier(struct made *made, str text)
{
    char *copy = arena_alloc(made->arena, text.len, 1);
    if (copy == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < text.len; at++)
        copy[at] = (char)(text.ptr[at] >= 'a' && text.ptr[at] <= 'z' ? text.ptr[at] - 'a' + 'A'
                                                                     : text.ptr[at]);
    return made_add(made, value_text((str){ copy, text.len }));
}

/* Each `prefix` with four digits that is a word by itself; a sub-technique's dot and three
 * digits belong to it. */
static enum err find_identifiers(struct made *made, str text, str prefix)
{
    for (size_t at = 0; at + prefix.len < text.len; at++) {
        size_t end = at + prefix.len + 4;
        bool begins = (at == 0 || !is_word(text.ptr[at - 1]))
                      && fold_equal((str){ text.ptr + at, prefix.len }, prefix)
                      && digits_at(text, at + prefix.len) == 4;
        if (!begins)
            continue;
        if (prefix.len == 1 && end < text.len && text.ptr[end] == '.'
            && digits_at(text, end + 1) == 3)
            end += 4;
        if (end < text.len && is_word(text.ptr[end]))
            continue;
        TRY(add_identifier(made, (str){ text.ptr + at, end - at }));
        at = end - 1;
    }
    return ERR_OK;
}

static enum err techniques(struct arena *arena, const value *args, value *ret_value)
{
    struct made made = { .arena = arena };
    TRY(each_text(&made, args[0], STR("T"), find_identifiers));
    *ret_value = made_value(&made);
    return ERR_OK;
}

static enum err tactics(struct arena *arena, const value *args, value *ret_value)
{
    struct made made = { .arena = arena };
    TRY(each_text(&made, args[0], STR("TA"), find_identifiers));
    *ret_value = made_value(&made);
    return ERR_OK;
}

static enum err together(struct arena *arena, const value *args, value *ret_value)
{
    struct made made = { .arena = arena };
    for (uint32_t arg = 0; arg < FUNCTION_PARAMS_MAX; arg++) {
        const value *items = value_items(args[arg]);
        uint32_t count = items == NULL ? 1 : args[arg].count;
        for (uint32_t at = 0; at < count; at++) {
            value v = items == NULL ? args[arg] : items[at];
            bool is_empty = v.kind == VALUE_TEXT && v.count == 0;
            if (v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && !is_empty)
                TRY(made_add(&made, v));
        }
    }
    *ret_value = made_value(&made);
    return ERR_OK;
}

/* Whether a text of JSON, or one of a list of them, is `word` in any case. */
static bool is_among(const json_t *texts, str word)
{
    size_t count = json_is_array(texts) ? json_array_size(texts) : 1;
    for (size_t at = 0; at < count; at++) {
        const json_t *text = json_is_array(texts) ? json_array_get(texts, at) : texts;
        str found = { json_string_value(text), json_string_length(text) };
        if (json_is_string(text) && fold_equal(found, word))
            return true;
    }
    return false;
}

static enum err add_texts(struct made *made, const json_t *texts)
{
    size_t count = json_is_array(texts) ? json_array_size(texts) : 1;
    for (size_t at = 0; at < count; at++) {
        const json_t *text = json_is_array(texts) ? json_array_get(texts, at) : texts;
        str found = { json_string_value(text), json_string_length(text) };
        if (!json_is_string(text) || found.len == 0)
            continue;
        str copy = arena_copy(made->arena, found);
        if (copy.ptr == NULL)
            return ERR_MEMORY;
        TRY(made_add(made, value_text(copy)));
    }
    return ERR_OK;
}

static const json_t *member_of(const json_t *object, value name)
{
    return json_object_getn(object, value_str(name).ptr, value_str(name).len);
}

/* A VALUE_OBJECT has the alert's text from its brace on, which was found to be JSON. */
static enum err of_those(struct arena *arena, const value *args, value *ret_value)
{
    struct made made = { .arena = arena };
    const value *items = value_items(args[0]);
    uint32_t count = items == NULL ? 1 : args[0].count;
    for (uint32_t at = 0; at < count; at++) {
        value object = items == NULL ? args[0] : items[at];
        if (object.kind != VALUE_OBJECT || object.text == NULL)
            continue;
        json_auto_t *json =
            json_loadb(object.text, object.count, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
        if (is_among(member_of(json, args[2]), value_str(args[3])))
            TRY(add_texts(&made, member_of(json, args[1])));
    }
    *ret_value = made_value(&made);
    return ERR_OK;
}

/* ---- the objects of a list that an alert is about ---- */

/* What a path of words with dots leads to, or NULL: null is nothing. */
static const json_t *at_path(const json_t *object, str path)
{
    while (object != NULL && path.len > 0) {
        str word = str_first(path, str_find(path, '.'));
        object = json_object_getn(object, word.ptr, word.len);
        path = str_skip(path, word.len + 1);
    }
    return json_is_null(object) ? NULL : object;
}

/* The next of some words with spaces between them; empty at the end. */
static str next_word(str *words)
{
    str word = str_first(*words, str_find(*words, ' '));
    *words = str_skip(*words, word.len + 1);
    return word;
}

/* Whether a value says something: a text or a list that is not empty, an object with a value in it. */
static bool says_something(const json_t *there)
{
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)there, name, member)
    {
        if (!json_is_null(member))
            return true;
    }
    return json_array_size(there) > 0 || json_string_length(there) > 0;
}

static bool has_one_of(const json_t *object, str paths)
{
    for (str path = next_word(&paths); path.len > 0; path = next_word(&paths))
        if (says_something(at_path(object, path)))
            return true;
    return false;
}

/* `role`: "member=text". */
static bool has_role(const json_t *object, str role)
{
    str member = str_first(role, str_find(role, '='));
    const json_t *there = at_path(object, member);
    return there != NULL && is_among(there, str_skip(role, member.len + 1));
}

/* The first of `roles` that an object of the kind has; empty: none. */
static str role_in_use(const json_t *objects, str kind, str roles)
{
    for (str role = next_word(&roles); role.len > 0; role = next_word(&roles)) {
        for (size_t at = 0; at < json_array_size(objects); at++) {
            const json_t *object = json_array_get(objects, at);
            if (has_one_of(object, kind) && has_role(object, role))
                return role;
        }
    }
    return STR("");
}

/* Whether `objects` tell elsewhere, by the same text at `same`, what `object` leaves out. Of a hostile
 * list the first are looked at: the rest counts as not told. */
static bool is_told_elsewhere(const json_t *objects, const json_t *object, str path, str same)
{
    const json_t *mark = same.len == 0 ? NULL : at_path(object, same);
    if (json_string_length(mark) == 0)
        return false;
    for (size_t at = 0; at < json_array_size(objects) && at < COMPARED_MAX; at++) {
        const json_t *other = json_array_get(objects, at);
        const json_t *found = at_path(other, same);
        if (says_something(at_path(other, path)) && json_is_string(found)
            && json_equal(found, mark))
            return true;
    }
    return false;
}

/* The objects of a value, in *ret_objects; false: there is one that cannot be read. */
static bool load_objects(value list, json_t *ret_objects)
{
    const value *items = value_items(list);
    uint32_t count = items == NULL ? 1 : list.count;
    for (uint32_t at = 0; at < count; at++) {
        value object = items == NULL ? list : items[at];
        if (object.kind != VALUE_OBJECT || object.text == NULL)
            continue;
        json_t *json =
            json_loadb(object.text, object.count, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
        if (json_array_append_new(ret_objects, json) != 0)
            return false;
    }
    return true;
}

/* All or nothing: with one chosen object that does not say it, what the others say may be about
 * somebody else. */
static enum err of_subject(struct arena *arena, const value *args, value *ret_value)
{
    str path = value_str(args[1]), kind = value_str(args[2]);
    str same = args[4].kind == VALUE_TEXT ? value_str(args[4]) : STR("");
    struct made made = { .arena = arena };
    json_auto_t *objects = json_array();
    *ret_value = VALUE_NONE;
    if (objects == NULL)
        return ERR_MEMORY;
    if (!load_objects(args[0], objects))
        return ERR_OK;
    str role = role_in_use(objects, kind, value_str(args[3]));
    for (size_t at = 0; at < json_array_size(objects); at++) {
        const json_t *object = json_array_get(objects, at);
        bool is_kind = has_one_of(object, kind);
        if (role.len > 0 && !(is_kind && has_role(object, role)))
            continue;
        if (says_something(at_path(object, path)))
            TRY(add_texts(&made, at_path(object, path)));
        else if (is_kind && !is_told_elsewhere(objects, object, path, same))
            return ERR_OK;
    }
    *ret_value = made_value(&made);
    return ERR_OK;
}

static enum err only_without(struct arena *arena, const value *args, value *ret_value)
{
    bool is_there = args[1].kind != VALUE_ABSENT && args[1].kind != VALUE_NULL
                    && !(args[1].kind == VALUE_TEXT && args[1].count == 0);
    (void)arena;
    *ret_value = is_there ? VALUE_NONE : args[0];
    return ERR_OK;
}

static const struct function rows[] = {
    {
        .name = "after",
        .doc = "What follows the first time that a text holds another one; absent when it does "
               "not.",
        .params = { TYPE_TEXT, TYPE_TEXT },
        .params_count = 2,
        .returns = TYPE_TEXT,
        .is_partial = true,
        .call = after,
    },
    {
        .name = "hex",
        .doc = "The text when it is exactly so many hexadecimal digits (64: a SHA-256), else "
               "absent.",
        .params = { TYPE_TEXT, TYPE_INTEGER },
        .params_count = 2,
        .returns = TYPE_TEXT,
        .is_partial = true,
        .call = hex,
    },
    {
        .name = "of_subject",
        .doc =
            "A member (2nd) of those objects of a list that the alert is about: of the ones with "
            "one of some members (3rd, by spaces) those in the first role that one has (4th: "
            "`member=text`, by spaces), else all. Absent when one of them does not say it, nor "
            "another one with the same text in a further member (5th).",
        .params = { TYPE_RAW, TYPE_TEXT, TYPE_TEXT, TYPE_TEXT, TYPE_TEXT },
        .params_count = 5,
        .optional_count = 1,
        .returns = TYPE_RAW,
        .takes_list = true,
        .is_partial = true,
        .call = of_subject,
    },
    {
        .name = "of_those",
        .doc = "A member (2nd) of those objects of a list whose other member (3rd) is the text "
               "(4th), or has it: in any case, each once.",
        .params = { TYPE_RAW, TYPE_TEXT, TYPE_TEXT, TYPE_TEXT },
        .params_count = 4,
        .returns = TYPE_RAW,
        .takes_list = true,
        .is_partial = true,
        .call = of_those,
    },
    {
        .name = "only_without",
        .doc = "A value, where another one is absent, null or empty; else absent.",
        .params = { TYPE_RAW, TYPE_RAW },
        .params_count = 2,
        .returns = TYPE_RAW,
        .takes_list = true,
        .is_partial = true,
        .takes_absent = true,
        .call = only_without,
    },
    {
        .name = "role_arn",
        .doc = "The text when it is the ARN of an IAM role, else absent.",
        .params = { TYPE_TEXT },
        .params_count = 1,
        .returns = TYPE_ROLE,
        .is_partial = true,
        .call = role_arn,
    },
    {
        .name = "split",
        .doc = "The parts of a text between the times that it holds another one, as a list; "
               "spaces around a part, and empty parts, are left out.",
        .params = { TYPE_RAW, TYPE_TEXT },
        .params_count = 2,
        .returns = TYPE_TEXT,
        .takes_list = true,
        .is_partial = true,
        .call = split,
    },
    {
        .name = "strip_prefix",
        .doc = "What follows a text at the front of another one; absent when it does not begin so.",
        .params = { TYPE_TEXT, TYPE_TEXT },
        .params_count = 2,
        .returns = TYPE_TEXT,
        .is_partial = true,
        .call = strip_prefix,
    },
    {
        .name = "tactics",
        .doc = "The ids of ATT&CK tactics (TA0001) that a text, or each text of a list, holds.",
        .params = { TYPE_RAW },
        .params_count = 1,
        .returns = TYPE_TEXT,
        .takes_list = true,
        .is_partial = true,
        .call = tactics,
    },
    {
        .name = "techniques",
        .doc = "The ids of ATT&CK techniques (T1486, T1059.001) that a text, or each text of a "
               "list, holds.",
        .params = { TYPE_RAW },
        .params_count = 1,
        .returns = TYPE_TEXT,
        .takes_list = true,
        .is_partial = true,
        .call = techniques,
    },
    {
        .name = "together",
        .doc = "All values that are there, each once, as one list: those of lists too, no nulls "
               "and no empty texts.",
        .params = { TYPE_RAW, TYPE_RAW, TYPE_RAW, TYPE_RAW, TYPE_RAW, TYPE_RAW, TYPE_RAW,
            TYPE_RAW },
        .params_count = 8,
        .optional_count = 7,
        .returns = TYPE_RAW,
        .takes_list = true,
        .is_partial = true,
        .takes_absent = true,
        .call = together,
    },
};

const struct function_module core_extract_module = { rows, COUNT_OF(rows) };
