/* golden.h - the requests of AWS's own client, to compare ours with.
 *
 * ../shared/data/aws/wire-requests.jsonl holds what botocore sends. A request of ours is
 * compared key by key, one in JSON by what it means; where it says something other than the
 * golden one, each key that it uses is one that botocore's requests of that service use.
 *
 *     return cmocka_run_group_tests(tests, golden_read, golden_release);
 */
#pragma once

#include "act/step.h"
#include "aws/query.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define GOLDEN_FILE "../shared/data/aws/wire-requests.jsonl"
enum { GOLDEN_MAX = 100, GOLDEN_LINE_BYTES_MAX = 8192, GOLDEN_PATH_MAX = 256 };

struct golden {
    struct arena arena;
    json_t *lines[GOLDEN_MAX];
    size_t count;
};

static inline int golden_read(void **state)
{
    struct golden *golden = calloc(1, sizeof(*golden));
    assert_non_null(golden);
    char line[GOLDEN_LINE_BYTES_MAX];
    FILE *file = fopen(GOLDEN_FILE, "r");
    golden->arena = (struct arena)ARENA_INIT(0);
    *state = golden;
    while (file != NULL && golden->count < GOLDEN_MAX && fgets(line, sizeof(line), file) != NULL) {
        golden->lines[golden->count] = json_loads(line, 0, NULL);
        golden->count += golden->lines[golden->count] != NULL;
    }
    if (file == NULL)
        print_message("skipped: no ../shared/data\n");
    else
        fclose(file);
    return 0;
}

static inline int golden_release(void **state)
{
    struct golden *golden = *state;
    for (size_t at = 0; at < golden->count; at++)
        json_decref(golden->lines[at]);
    arena_release(&golden->arena);
    free(golden);
    return 0;
}

static inline struct golden *golden_of(void **state)
{
    struct golden *golden = *state;
    if (golden->count == 0)
        skip();
    return golden;
}

static inline struct step step_of(struct golden *golden)
{
    return (struct step){ .arena = &golden->arena, .key = STR("v") };
}

static inline str text_of(const json_t *line, const char *member)
{
    return str_from(json_string_value(json_object_get(line, member)));
}

/* A JSON body as a form: "Filters.1.Key" is the member Key of the first element of Filters, and
 * its value as JSON writes it, so that 1 is not "1". */
static inline void golden_flatten(struct buf *form, const char *path, const json_t *node)
{
    char inner[GOLDEN_PATH_MAX];
    const char *name;
    json_t *child;
    size_t index;
    const char *dot = path[0] == '\0' ? "" : ".";
    if (json_is_object(node) && json_object_size(node) > 0)
        json_object_foreach((json_t *)(uintptr_t)node, name, child)
        {
            snprintf(inner, sizeof(inner), "%s%s%s", path, dot, name);
            golden_flatten(form, inner, child);
        }
    else if (json_is_array(node) && json_array_size(node) > 0)
        json_array_foreach(node, index, child)
        {
            snprintf(inner, sizeof(inner), "%s%s%zu", path, dot, index + 1);
            golden_flatten(form, inner, child);
        }
    else {
        char *text = json_dumps(node, JSON_ENCODE_ANY | JSON_SORT_KEYS);
        assert_non_null(text);
        query_add(form, path, str_from(text));
        free(text);
    }
}

/* The body as a form; one in JSON by what it means. */
static inline str form_of(struct arena *arena, str body)
{
    struct buf form = BUF_INIT(GOLDEN_LINE_BYTES_MAX);
    json_t *root = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        return body;
    golden_flatten(&form, "", root);
    json_decref(root);
    str copy = arena_copy(arena, buf_str(&form));
    assert_non_null(copy.ptr);
    buf_release(&form);
    return copy;
}

/* The value of `key` in a form body; ptr NULL when it is not there. */
static inline str value_of(struct arena *arena, str body, str key)
{
    str name, text;
    do {
        assert_int_equal(query_next(arena, &body, &name, &text), ERR_OK);
        if (str_equal(name, key))
            return text;
    } while (name.len > 0);
    return (str){ NULL, 0 };
}

/* Whether `a` says nothing that `b` does not say. */
static inline bool says_no_more(struct arena *arena, str a, str b)
{
    str key, text;
    for (;;) {
        assert_int_equal(query_next(arena, &a, &key, &text), ERR_OK);
        if (key.len == 0)
            return true;
        str other = value_of(arena, b, key);
        if (other.ptr == NULL || !str_equal(text, other))
            return false;
    }
}

/* Some golden request of the operation says exactly the same, in any order. */
static inline void assert_golden(void **state, struct request request)
{
    struct golden *golden = golden_of(state);
    str ours = form_of(&golden->arena, request.body);
    for (size_t at = 0; at < golden->count; at++) {
        str body = form_of(&golden->arena, text_of(golden->lines[at], "body"));
        if (str_is(text_of(golden->lines[at], "service"), request.service)
            && str_is(text_of(golden->lines[at], "op"), request.operation)
            && says_no_more(&golden->arena, body, ours) && says_no_more(&golden->arena, ours, body))
            return;
    }
    fail_msg("no golden %s is %.*s", request.operation, STR_ARG(request.body));
}

/* "Filter.1.Value.12" as "Filter.N.Value.N". */
static inline str shape_of(struct arena *arena, str key)
{
    char *shape = arena_alloc(arena, key.len + 1, 1);
    size_t length = 0;
    for (size_t at = 0; at < key.len; at++) {
        bool is_place = isdigit((unsigned char)key.ptr[at]) && at > 0 && key.ptr[at - 1] == '.';
        while (is_place && at + 1 < key.len && isdigit((unsigned char)key.ptr[at + 1]))
            at++;
        shape[length++] = is_place ? 'N' : key.ptr[at];
    }
    return (str){ shape, length };
}

/* Whether a golden request of the operation (empty: of any of the service) has a key of
 * that shape. */
static inline bool is_golden_key(struct golden *golden, str service, str operation, str shape)
{
    for (size_t at = 0; at < golden->count; at++) {
        str body = form_of(&golden->arena, text_of(golden->lines[at], "body")), key, text;
        if (!str_equal(text_of(golden->lines[at], "service"), service)
            || (operation.len > 0 && !str_equal(text_of(golden->lines[at], "op"), operation)))
            continue;
        do {
            assert_int_equal(query_next(&golden->arena, &body, &key, &text), ERR_OK);
            if (str_equal(shape_of(&golden->arena, key), shape))
                return true;
        } while (key.len > 0);
    }
    return false;
}

/* Each key is one that botocore writes for the operation; those in `elsewhere` (words
 * between blanks) it writes for other operations of the service. */
static inline void assert_golden_keys(void **state, struct request request, const char *elsewhere)
{
    struct golden *golden = golden_of(state);
    str body = form_of(&golden->arena, request.body), key, text, any = { "", 0 };
    for (;;) {
        assert_int_equal(query_next(&golden->arena, &body, &key, &text), ERR_OK);
        if (key.len == 0)
            return;
        str shape = arena_copy(&golden->arena, shape_of(&golden->arena, key));
        bool is_elsewhere = strstr(elsewhere, shape.ptr) != NULL;
        if (!is_golden_key(golden, str_from(request.service),
                is_elsewhere ? any : str_from(request.operation), shape))
            fail_msg("%s: %.*s", request.operation, STR_ARG(key));
    }
}
