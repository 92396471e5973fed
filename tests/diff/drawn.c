/* drawn.c - see drawn.h. */
#include "drawn.h"

#include "event.h"
#include "match/scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LEAVES_MAX = 400, PATH_MAX_BYTES = 200, TEXT_MAX_BYTES = 160, KEYS_DEEP = 12 };

#define RECEIVED_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct leaf {
    char subject[PATH_MAX_BYTES + 16]; /* as a rule writes it */
    str text;
    bool is_number;
    bool is_truth;
};

struct leaves {
    struct arena arena;
    struct leaf items[LEAVES_MAX];
    uint32_t count;
};

/* ---- what an event has ---- */

/* The keys that are open; an array adds none. */
struct path {
    str keys[ALERT_DEPTH_MAX];
    bool is_object[ALERT_DEPTH_MAX];
    uint32_t depth;
};

static bool is_plain(str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (!isprint((unsigned char)key.ptr[i]) || strchr("\"\\.", key.ptr[i]) != NULL)
            return false;
    return key.len > 0;
}

static bool write_path(const struct path *path, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "raw[\"");
    bool is_first = true;
    for (uint32_t i = 0; i < path->depth; i++) {
        if (!path->is_object[i])
            continue;
        if (!is_plain(path->keys[i]) || len + path->keys[i].len + 4 > size || i >= KEYS_DEEP)
            return false;
        len += (size_t)snprintf(
            out + len, size - len, "%s%.*s", is_first ? "" : ".", STR_ARG(path->keys[i]));
        is_first = false;
    }
    snprintf(out + len, size - len, "\"]");
    return !is_first;
}

static void take_leaf(
    struct leaves *leaves, const struct path *path, const struct json_token *token)
{
    struct leaf *leaf = &leaves->items[leaves->count];
    uint32_t repairs = 0;
    *leaf = (struct leaf){ .text = token->text,
        .is_number = token->kind == JSON_NUMBER,
        .is_truth = token->kind == JSON_TRUE || token->kind == JSON_FALSE };
    if (token->kind == JSON_TEXT
        && scan_text(token, &leaves->arena, &leaf->text, &repairs) != ERR_OK)
        abort();
    if (leaf->is_truth)
        leaf->text = token->kind == JSON_TRUE ? STR("true") : STR("false");
    if (token->kind != JSON_NULL && write_path(path, leaf->subject, sizeof leaf->subject))
        leaves->count++;
}

static void take_token(struct leaves *leaves, struct path *path, const struct json_token *token)
{
    switch (token->kind) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        path->is_object[path->depth] = token->kind == JSON_OBJECT;
        path->keys[path->depth++] = STR("");
        break;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        path->depth--;
        break;
    case JSON_KEY:
        path->keys[path->depth - 1] = token->is_escaped ? STR("") : token->text;
        break;
    case JSON_TEXT:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        take_leaf(leaves, path, token);
        break;
    case JSON_END:
        break;
    }
}

static void take_raw(struct leaves *leaves, str json)
{
    struct scan scan = { .json = json };
    struct path path = { 0 };
    struct json_token token = { 0 };
    struct json_fault fault;
    while (leaves->count < LEAVES_MAX && scan_next(&scan, &token, &fault) == ERR_OK
           && token.kind != JSON_END)
        take_token(leaves, &path, &token);
}

/* The texts among its canonical fields, where a source takes it. */
static void take_fields(struct leaves *leaves, const struct program *program,
    const struct projection *projection, str json)
{
    struct event event;
    struct json_fault fault;
    if (event_read(program, projection, json, STR(""), RECEIVED_MS, &leaves->arena, &event, &fault)
        != ERR_OK)
        return;
    for (int field = 0; field < FIELD_COUNT && leaves->count < LEAVES_MAX; field++) {
        if (field_info((enum field)field)->type != TYPE_TEXT
            || event.fields[field].kind != VALUE_TEXT)
            continue;
        struct leaf *leaf = &leaves->items[leaves->count++];
        *leaf = (struct leaf){ .text = value_str(event.fields[field]) };
        snprintf(leaf->subject, sizeof leaf->subject, "%s", field_info((enum field)field)->name);
    }
}

/* ---- what a rule asks ---- */

static void put_text(str text, FILE *out)
{
    putc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte == 0x7F)
            fprintf(out, "\\u%04x", byte);
        else
            fprintf(out, byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
    }
    putc('"', out);
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0U) == 0x80;
}

/* Some of it, whole characters. */
static str slice(struct random *random, str text)
{
    if (text.len < 2)
        return text;
    size_t from = draw(random, (uint32_t)text.len);
    size_t to = from + 1 + draw(random, 14);
    to = to > text.len ? text.len : to;
    while (from > 0 && is_continuation(text.ptr[from]))
        from--;
    while (to < text.len && is_continuation(text.ptr[to]))
        to++;
    return (str){ text.ptr + from, to - from };
}

static bool is_printable(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isprint((unsigned char)text.ptr[i]))
            return false;
    return true;
}

static void put_escaped(str text, const char *marks, FILE *out)
{
    for (size_t i = 0; i < text.len; i++)
        fprintf(out, strchr(marks, text.ptr[i]) != NULL ? "\\%c" : "%c", text.ptr[i]);
}

static void put_regex(struct random *random, const struct leaf *leaf, FILE *out)
{
    static const char marks[] = "\\^$.|?*+()[]{}/-";
    str first = slice(random, leaf->text);
    str second = slice(random, leaf->text);
    fprintf(out, "%s matches /", leaf->subject);
    if (!is_printable(first) || !is_printable(second) || draw(random, 6) == 0) {
        fputs("[0-9a-f]{4}-[0-9a-f]{4}/", out);
        return;
    }
    put_escaped(first, marks, out);
    if (draw(random, 3) == 0) {
        fputs(".*", out);
        put_escaped(second, marks, out);
    }
    fputs(draw(random, 2) ? "/i" : "/", out);
}

static void put_glob(struct random *random, const struct leaf *leaf, FILE *out)
{
    str part = slice(random, leaf->text);
    fprintf(out, "%s like \"%s", leaf->subject, draw(random, 3) ? "*" : "");
    if (is_printable(part))
        put_escaped(part, "*?\\\"", out);
    fprintf(out, "%s\"", draw(random, 3) ? "*" : "?");
}

static void put_text_test(struct random *random, const struct leaf *leaf, FILE *out)
{
    str text = str_first(leaf->text, TEXT_MAX_BYTES);
    while (text.len > 0 && text.len < leaf->text.len && is_continuation(leaf->text.ptr[text.len]))
        text.len--;
    str part = slice(random, text);
    const char *cased = draw(random, 5) == 0 ? " cased" : "";
    switch (draw(random, 9)) {
    case 0:
    case 1:
        fprintf(out, "%s = ", leaf->subject);
        put_text(text, out);
        break;
    case 2:
        fprintf(out, "%s != ", leaf->subject);
        put_text(text, out);
        break;
    case 3:
        fprintf(out, "%s startswith ", leaf->subject);
        put_text(str_first(text, part.len), out);
        break;
    case 4:
        fprintf(out, "%s endswith ", leaf->subject);
        put_text((str){ part.ptr, (size_t)(text.ptr + text.len - part.ptr) }, out);
        break;
    case 5:
        fprintf(out, "%s in [\"x\", ", leaf->subject);
        put_text(text, out);
        fputs(", ", out);
        put_text(part, out);
        putc(']', out);
        break;
    default:
        fprintf(out, "%s contains ", leaf->subject);
        put_text(part, out);
        break;
    }
    fputs(cased, out);
}

static void put_number_test(struct random *random, const struct leaf *leaf, FILE *out)
{
    static const char *const operators[] = { "=", "!=", "<", "<=", ">", ">=", "=" };
    long number = strtol(leaf->text.ptr, NULL, 10);
    if (draw(random, 4) == 0 && number >= 0 && number < 1000000000)
        fprintf(out, "%s in %ld..%ld", leaf->subject, number > 2 ? number - 2 : 0, number + 1);
    else
        fprintf(out, "%s %s %.*s", leaf->subject, operators[draw(random, 7)], STR_ARG(leaf->text));
}

static void put_test(struct random *random, const struct leaf *leaf, FILE *out)
{
    uint32_t chosen = draw(random, 14);
    if (chosen == 0)
        fprintf(out, "%s %s", draw(random, 3) ? "exists" : "missing", leaf->subject);
    else if (leaf->is_truth)
        fprintf(out, "%s = %.*s", leaf->subject, STR_ARG(leaf->text));
    else if (leaf->is_number)
        put_number_test(random, leaf, out);
    else if (chosen == 1 && leaf->text.len > 0)
        put_regex(random, leaf, out);
    else if (chosen == 2 && leaf->text.len > 0)
        put_glob(random, leaf, out);
    else
        put_text_test(random, leaf, out);
}

static const struct leaf *any_leaf(struct random *random, const struct leaves *leaves)
{
    return &leaves->items[draw(random, leaves->count)];
}

static void put_tests(struct random *random, const struct leaves *leaves, const char *joint,
    uint32_t count, FILE *out)
{
    putc('(', out);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i > 0 ? joint : "", out);
        put_test(random, any_leaf(random, leaves), out);
    }
    putc(')', out);
}

void drawn_rule(struct random *random, const struct events *events, const struct program *program,
    const struct projection *projection, const char *name, FILE *out)
{
    struct leaves *leaves = calloc(1, sizeof *leaves);
    if (leaves == NULL)
        abort();
    while (leaves->count == 0) {
        str json = events->items[draw(random, events->count)];
        if (draw(random, 3) == 0)
            take_fields(leaves, program, projection, json);
        if (leaves->count == 0)
            take_raw(leaves, json);
    }
    fprintf(out, "rule %s { when ", name);
    put_tests(random, leaves, " and ", 1 + draw(random, 3), out);
    if (draw(random, 3) == 0) {
        fputs(draw(random, 2) ? " and not " : " and ", out);
        put_tests(random, leaves, " or ", 1 + draw(random, 4), out);
    } else if (draw(random, 4) == 0) {
        fputs(" or ", out);
        put_tests(random, leaves, " and ", 2, out);
    }
    fputs(" then open case }\n", out);
    arena_release(&leaves->arena);
    free(leaves);
}
