#include "base/buf.h"
#include "match/project.h"
#include "match/scan.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The value under one path of an alert, or a fault. */
struct read {
    struct arena arena;
    struct slots slots;
    struct json_fault fault;
    enum err err;
};

static void read_release(struct read *read)
{
    arena_release(&read->arena);
}

static struct read read_paths(str json, const char *const *paths, uint32_t count)
{
    struct read read = { .arena = ARENA_INIT(EVENT_BYTES_MAX) };
    const struct projection *projection;
    str *wanted = ARENA_ARRAY(&read.arena, str, count);
    assert_non_null(wanted);
    for (uint32_t i = 0; i < count; i++)
        wanted[i] = str_from(paths[i]);
    assert_int_equal(projection_new(&read.arena, wanted, count, &projection), ERR_OK);
    read.err = projection_read(projection, json, &read.arena, &read.slots, &read.fault);
    return read;
}

/* What is under `path`, printed; lists in brackets. */
static void assert_under(const char *json, const char *path, const char *expected)
{
    CLEANUP(read_release) struct read read = read_paths(str_from(json), &path, 1);
    if (read.err != ERR_OK)
        fail_msg("%s: %s at %zu", json, read.fault.reason, read.fault.at);
    value v = read.slots.values[0];
    str printed = value_print(&read.arena, v);
    if (v.kind == VALUE_LIST)
        printed = str_from(arena_format(&read.arena, "[%.*s]", STR_ARG(printed)));
    if (!str_is(printed, expected))
        fail_msg("%s under %s: '%.*s', wanted '%s'", json, path, STR_ARG(printed), expected);
}

static void paths_lead_to_values(void **state)
{
    (void)state;
    assert_under("{\"a\":1}", "a", "1");
    assert_under("{\"a\":{\"b\":{\"c\":\"x\"}}}", "a.b.c", "x");
    assert_under("{\"a\":{\"b\":2}}", "a.c", "-");
    assert_under("{\"a\":{\"b\":2}}", "a.b.c", "-");
    assert_under("{\"a\":null}", "a", "null");
    assert_under("{\"a\":true,\"b\":false}", "b", "false");
    assert_under("{\"a\":{\"b\":2}}", "a", "{..}");
    assert_under("{\"\":{\"\":3}}", ".", "3");
    assert_under("{\"a\":{\"\":3}}", "a.", "3");
}

static void the_whole_path_as_one_key_wins(void **state)
{
    (void)state;
    assert_under("{\"a.b\":1}", "a.b", "1");
    assert_under("{\"a\":{\"b\":2},\"a.b\":1}", "a.b", "1");
    assert_under("{\"a.b\":null,\"a\":{\"b\":2}}", "a.b", "null");
    assert_under("{\"x\":{\"a.b\":1}}", "x.a.b", "-");
}

static void keys_fold_case_and_the_first_counts(void **state)
{
    (void)state;
    assert_under("{\"Detail\":{\"TYPE\":1}}", "detail.type", "1");
    assert_under("{\"A\":1,\"a\":2}", "a", "1");
    assert_under("{\"a\":1,\"a\":2}", "a", "1");
    assert_under("{\"a\":{\"b\":1},\"a\":{\"b\":2,\"c\":3}}", "a.b", "1");
    assert_under("{\"a\":{\"b\":1},\"a\":{\"b\":2,\"c\":3}}", "a.c", "-");
    assert_under("{\"a\":{\"b\":1,\"B\":2}}", "a.b", "1");
    assert_under("{\"\\u0061\":1}", "a", "1");
    /* Each object has its own first. */
    assert_under("{\"a\":[{\"b\":1,\"b\":2},{\"b\":3}]}", "a.b", "[1, 3]");
}

static void arrays_stand_for_their_elements(void **state)
{
    (void)state;
    assert_under("{\"a\":[{\"b\":1},{\"c\":0},{\"b\":2}]}", "a.b", "[1, 2]");
    assert_under("{\"a\":[1,[2,[3]],{}]}", "a", "[1, 2, 3, {..}]");
    assert_under("{\"a\":[]}", "a", "[]");
    assert_under("{\"a\":[]}", "a.b", "-");
    assert_under("{\"a\":[{\"c\":0}]}", "a.b", "-");
    assert_under("{\"a\":[{\"b\":5}]}", "a.b", "[5]");
    assert_under("{\"a\":{\"b\":[{\"c\":[1,2]},{\"c\":3}]}}", "a.b.c", "[1, 2, 3]");
    assert_under("{\"a\":[null]}", "a", "[null]");
}

static void many_paths_share_their_beginnings(void **state)
{
    (void)state;
    const char *const paths[] = { "a", "a.b", "A.B", "a.b.c", "z" };
    CLEANUP(read_release)
    struct read read = read_paths(STR("{\"a\":{\"b\":{\"c\":7}}}"), paths, 5);
    assert_int_equal(read.err, ERR_OK);
    assert_int_equal(read.slots.values[0].kind, VALUE_OBJECT);
    assert_int_equal(read.slots.values[1].kind, VALUE_OBJECT);
    assert_int_equal(read.slots.values[2].kind, VALUE_OBJECT);
    assert_int_equal(read.slots.values[3].integer, 7);
    assert_int_equal(read.slots.values[4].kind, VALUE_ABSENT);
}

static void hostile_text_is_mended_and_counted(void **state)
{
    (void)state;
    const char *path = "a";
    static const struct {
        const char *json;
        const char *text;
        uint32_t repairs;
    } cases[] = {
        { "{\"a\":\"\\ud800x\"}", "\xEF\xBF\xBDx", 1 },
        { "{\"a\":\"\\udc00\\ud83d\\ude00\"}", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 1 },
        { "{\"a\":\"\\ud800\\ud83d\\ude00\"}", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 1 },
        { "{\"a\":\"\xFFz\"}", "\xEF\xBF\xBDz", 1 },
        { "{\"a\":\"\xFF\\n\xFE\"}", "\xEF\xBF\xBD\n\xEF\xBF\xBD", 2 },
        { "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\"}", "\"\\/\b\f\n\r\t\xE2\x82\xAC", 0 },
        { "{\"a\":\"x\ty\nz\x01\"}", "x\ty\nz\x01", 3 },
        { "{\"a\":\"\x01\\n\xFF\"}", "\x01\n\xEF\xBF\xBD", 2 },
        { "{\"a\":1e400}", "1e400", 1 },
        { "{\"a\":\"x\",\"a\":\"y\"}", "x", 1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(read_release) struct read read = read_paths(str_from(cases[i].json), &path, 1);
        assert_int_equal(read.err, ERR_OK);
        assert_int_equal(read.slots.values[0].kind, VALUE_TEXT);
        if (!str_is(value_str(read.slots.values[0]), cases[i].text))
            fail_msg("case %zu: '%.*s'", i, STR_ARG(value_str(read.slots.values[0])));
        assert_int_equal(read.slots.repairs, cases[i].repairs);
    }
}

static void nul_in_text_is_text(void **state)
{
    (void)state;
    const char *path = "a";
    CLEANUP(read_release) struct read read = read_paths(STR("{\"a\":\"x\\u0000y\"}"), &path, 1);
    assert_int_equal(read.err, ERR_OK);
    assert_true(str_equal(value_str(read.slots.values[0]), STR("x\0y")));
}

static void numbers_keep_what_they_say(void **state)
{
    (void)state;
    assert_under("{\"a\":9223372036854775807}", "a", "9223372036854775807");
    assert_under("{\"a\":9223372036854775808}", "a", "9223372036854775808");
    assert_under("{\"a\":-99999999999999999999}", "a", "-99999999999999999999");
    assert_under("{\"a\":9223372036854775808.0}", "a", "9.223372036854776e+18");
    assert_under("{\"a\":1e400}", "a", "1e400");
    assert_under("{\"a\":-0}", "a", "0");
    assert_under("{\"a\":1.50}", "a", "1.5");
    assert_under("{\"a\":1E2}", "a", "100");
    assert_under("{\"a\":0.1}", "a", "0.1");
}

static void what_is_no_json_is_refused_with_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t at;
    } cases[] = {
        { "", 0 },
        { "  ", 2 },
        { "[]", 0 },
        { "1", 0 },
        { "\"a\"", 0 },
        { "{", 1 },
        { "{\"a\"", 4 },
        { "{\"a\":", 5 },
        { "{\"a\":1", 6 },
        { "{\"a\":1,}", 7 },
        { "{,}", 1 },
        { "{a:1}", 1 },
        { "{'a':1}", 1 },
        { "{\"a\" 1}", 5 },
        { "{\"a\"::1}", 5 },
        { "{\"a\":1 \"b\":2}", 7 },
        { "{\"a\":[1,]}", 8 },
        { "{\"a\":[1 2]}", 8 },
        { "{\"a\":[}", 6 },
        { "{\"a\":{]", 6 },
        { "{\"a\":1]", 6 },
        { "{\"a\":01}", 6 },
        { "{\"a\":+1}", 5 },
        { "{\"a\":.5}", 5 },
        { "{\"a\":1.}", 5 },
        { "{\"a\":1e}", 5 },
        { "{\"a\":-}", 5 },
        { "{\"a\":NaN}", 5 },
        { "{\"a\":tru}", 5 },
        { "{\"a\":True}", 5 },
        { "{\"a\":truee}", 9 },
        { "{\"a\":nul}", 5 },
        { "{\"a\":\"x}", 5 },
        { "{\"a\":\"\\x\"}", 6 },
        { "{\"a\":\"\\u12g4\"}", 6 },
        { "{\"a\":\"\\u12\"}", 6 },
        { "{\"a\":\"\\\"}", 5 },
        { "{} {}", 3 },
        { "{}x", 2 },
        { "{}]", 2 },
        { "{\"a\":1}}", 7 },
        { "{\"a\":/**/1}", 5 },
        { "{\"a\":\xC2\xA0 1}", 5 },
        { "\xEF\xBB\xBF{}", 0 },
    };
    const char *path = "a";
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(read_release) struct read read = read_paths(str_from(cases[i].json), &path, 1);
        if (read.err != ERR_JSON || read.fault.at != cases[i].at)
            fail_msg("%s: error %d, %s at %zu, wanted %zu", cases[i].json, read.err,
                read.err == ERR_JSON ? read.fault.reason : "", read.fault.at, cases[i].at);
    }
}

static void what_json_allows_is_read(void **state)
{
    (void)state;
    const char *const cases[] = { "{}", " {} ", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":[[],[[]]]}",
        "\t{\r\n\"a\" : 1 , \"b\" : [ 1 , 2 ] }\n", "{\"\":0}", "{\"a\":-0.0e-0}",
        "{\"a\":\"\x7F\"}", "{\"a\":\"\\u0000\"}", "{\"a\":1e-400}", "{\"a\":\"\xEF\xBF\xBF\"}" };
    const char *path = "a";
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(read_release) struct read read = read_paths(str_from(cases[i]), &path, 1);
        if (read.err != ERR_OK)
            fail_msg("%s: %s at %zu", cases[i], read.fault.reason, read.fault.at);
    }
}

static char *nested(int depth)
{
    char *json = calloc(1, (size_t)depth * 6 + 16);
    assert_non_null(json);
    char *at = json;
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, "{\"a\":");
    *at++ = '1';
    memset(at, '}', (size_t)depth);
    return json;
}

/* "a.a.a" of so many words, and "benign". */
static void paths_of(int depth, char *path, const char **ret_paths)
{
    char *at = path;
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, i == 0 ? "a" : ".a");
    ret_paths[0] = path;
    ret_paths[1] = "benign";
}

static void what_opens_past_the_deepest_place_is_one_text(void **state)
{
    (void)state;
    char path[2 * ALERT_DEPTH_MAX + 1] = "";
    const char *paths[2];
    char *fits = nested(ALERT_DEPTH_MAX);
    char *too_deep = nested(ALERT_DEPTH_MAX + 1);
    char *far_too_deep = nested(100000);
    paths_of(ALERT_DEPTH_MAX, path, paths);
    CLEANUP(read_release) struct read first = read_paths(str_from(fits), paths, 1);
    CLEANUP(read_release) struct read second = read_paths(str_from(too_deep), paths, 1);
    CLEANUP(read_release) struct read third = read_paths(str_from(far_too_deep), paths, 1);
    assert_int_equal(first.err, ERR_OK);
    assert_int_equal(first.slots.values[0].kind, VALUE_INTEGER);
    assert_int_equal(first.slots.repairs, 0);
    assert_int_equal(second.err, ERR_OK);
    assert_true(str_is(value_str(second.slots.values[0]), "{\"a\":1}"));
    assert_int_equal(second.slots.repairs, 1);
    assert_int_equal(third.err, ERR_OK);
    assert_int_equal(third.slots.values[0].count, (100000 - ALERT_DEPTH_MAX) * 6 + 1);
    free(fits);
    free(too_deep);
    free(far_too_deep);
}

/* 64 arrays around `inner`, and a field behind them. */
static void assert_deep(const char *inner, bool is_read)
{
    char json[512] = "{\"a\":";
    const char *paths[] = { "a", "benign" };
    for (int i = 1; i < ALERT_DEPTH_MAX; i++)
        strcat(json, "[");
    strcat(json, inner);
    for (int i = 1; i < ALERT_DEPTH_MAX; i++)
        strcat(json, "]");
    strcat(json, ",\"benign\":\"b\"}");
    CLEANUP(read_release) struct read read = read_paths(str_from(json), paths, 2);
    if ((read.err == ERR_OK) != is_read)
        fail_msg("%s", json);
    if (is_read)
        assert_true(str_is(value_str(read.slots.values[1]), "b"));
}

static void the_end_of_a_deep_part_is_found(void **state)
{
    (void)state;
    assert_deep("[]", true);
    assert_deep("{}", true);
    assert_deep("{\"x\":\"]}\"}", true);
    assert_deep("[\"\\\"]\",[[{}]]]", true);
    assert_deep("[[[", false);
    assert_deep("[\"", false);
    assert_deep("[\"\\", false);
}

/* `text` around `count` copies of `part`. */
static str repeated(const char *before, const char *part, size_t count, const char *after)
{
    size_t length = strlen(part);
    char *json = malloc(strlen(before) + count * length + strlen(after) + 1);
    assert_non_null(json);
    char *at = stpcpy(json, before);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, part);
    stpcpy(at, after);
    return str_from(json);
}

static void a_long_array_is_read_whole_or_as_one_text(void **state)
{
    (void)state;
    const char *paths[] = { "a", "benign", "a.b" };
    str fits = repeated("{\"a\":[0", ",1", SLOT_VALUES_MAX - 1, "],\"benign\":7}");
    str too_long = repeated("{\"a\":[0", ",1", SLOT_VALUES_MAX, "],\"benign\":7}");
    str below = repeated("{\"a\":[{\"b\":[5]}", ",{\"b\":[1]}", SLOT_VALUES_MAX, "],\"benign\":7}");
    CLEANUP(read_release) struct read first = read_paths(fits, paths, 2);
    CLEANUP(read_release) struct read second = read_paths(too_long, paths, 2);
    CLEANUP(read_release) struct read third = read_paths(below, paths, 3);
    assert_int_equal(first.err, ERR_OK);
    assert_int_equal(first.slots.values[0].count, SLOT_VALUES_MAX);
    assert_int_equal(second.err, ERR_OK);
    str text = value_str(second.slots.values[0]);
    assert_int_equal(text.len, 3 + 2 * SLOT_VALUES_MAX);
    assert_true(str_startswith(text, STR("[0,1")) && str_endswith(text, STR(",1]")));
    assert_int_equal(second.slots.values[1].integer, 7);
    assert_int_equal(second.slots.repairs, 1);
    /* Each path by itself: the objects are too many, and so are what they hold. */
    assert_int_equal(third.err, ERR_OK);
    text = value_str(third.slots.values[2]);
    assert_true(str_startswith(text, STR("[{\"b\":[5]}")) && str_endswith(text, STR("[1]}]")));
    assert_int_equal(third.slots.values[1].integer, 7);
    assert_int_equal(third.slots.repairs, 2);
    free((void *)(uintptr_t)fits.ptr);
    free((void *)(uintptr_t)too_long.ptr);
    free((void *)(uintptr_t)below.ptr);
}

static void two_megabytes_of_text_are_read_and_more_is_refused(void **state)
{
    (void)state;
    const char *path = "a";
    str fits = repeated("{\"a\":\"", "x", ALERT_BYTES_MAX - 8, "\"}");
    str escaped = repeated("{\"a\":\"", "\\ud800", 170000, "\"}");
    str broken = repeated("{\"a\":\"", "\xFF", ALERT_BYTES_MAX - 8, "\"}");
    str too_long = repeated("{\"a\":\"", "x", ALERT_BYTES_MAX - 7, "\"}");
    CLEANUP(read_release) struct read first = read_paths(fits, &path, 1);
    CLEANUP(read_release) struct read second = read_paths(escaped, &path, 1);
    CLEANUP(read_release) struct read third = read_paths(broken, &path, 1);
    CLEANUP(read_release) struct read fourth = read_paths(too_long, &path, 1);
    assert_int_equal(first.err, ERR_OK);
    assert_int_equal(first.slots.values[0].count, ALERT_BYTES_MAX - 8);
    assert_int_equal(second.err, ERR_OK);
    assert_int_equal(second.slots.values[0].count, 170000 * 3);
    assert_int_equal(third.err, ERR_OK);
    assert_int_equal(third.slots.repairs, ALERT_BYTES_MAX - 8);
    assert_int_equal(fourth.err, ERR_JSON);
    free((void *)(uintptr_t)fits.ptr);
    free((void *)(uintptr_t)escaped.ptr);
    free((void *)(uintptr_t)broken.ptr);
    free((void *)(uintptr_t)too_long.ptr);
}

static void plain_text_is_not_copied(void **state)
{
    (void)state;
    const char *path = "a";
    str json = STR("{\"a\":\"plain\"}");
    CLEANUP(read_release) struct read read = read_paths(json, &path, 1);
    assert_ptr_equal(read.slots.values[0].text, json.ptr + 6);
}

enum { LONG_PATHS = 41, LONG_VALUES = 16500 };

static void an_alert_of_very_many_values_fits(void **state)
{
    (void)state;
    char names[LONG_PATHS][8];
    const char *paths[LONG_PATHS];
    CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
    buf_add(&json, STR("{"));
    for (int at = 0; at < LONG_PATHS; at++) {
        snprintf(names[at], sizeof names[at], "p%d", at);
        paths[at] = names[at];
        buf_addf(&json, "%s\"p%d\":[", at == 0 ? "" : ",", at);
        for (int i = 0; i < LONG_VALUES; i++)
            buf_add(&json, i == 0 ? STR("1") : STR(",1"));
        buf_add(&json, STR("]"));
    }
    buf_add(&json, STR("}"));
    CLEANUP(read_release) struct read read = read_paths(buf_str(&json), paths, LONG_PATHS);
    assert_int_equal(read.err, ERR_OK);
    for (int at = 0; at < LONG_PATHS; at++) {
        assert_int_equal(read.slots.values[at].count, LONG_VALUES);
        for (int i = 0; i < LONG_VALUES; i++)
            assert_int_equal(read.slots.values[at].items[i].integer, 1);
    }
    assert_true(read.arena.held < 3 * sizeof(value) * LONG_PATHS * LONG_VALUES);
}

static void slots_that_grow_beside_each_other_keep_their_values(void **state)
{
    (void)state;
    const char *const paths[] = { "a.x", "a.y", "a.z" };
    CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
    buf_add(&json, STR("{\"a\":["));
    for (int at = 0; at < 5000; at++)
        buf_addf(&json, "%s{\"x\":%d,\"y\":%d%s", at == 0 ? "" : ",", at, -at,
            at % 3 == 0 ? ",\"z\":7}" : "}");
    buf_add(&json, STR("]}"));
    CLEANUP(read_release) struct read read = read_paths(buf_str(&json), paths, 3);
    assert_int_equal(read.err, ERR_OK);
    for (int at = 0; at < 5000; at++) {
        assert_int_equal(read.slots.values[0].items[at].integer, at);
        assert_int_equal(read.slots.values[1].items[at].integer, -at);
        assert_int_equal(read.slots.values[2].items[at / 3].integer, 7);
    }
    assert_int_equal(read.slots.values[2].count, 1667);
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    str path = STR("a.b");
    CLEANUP(arena_release) struct arena build = ARENA_INIT(0);
    const struct projection *projection;
    assert_int_equal(projection_new(&build, &path, 1, &projection), ERR_OK);
    for (size_t limit = 1; limit < 3000; limit += 7) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        const struct projection *other;
        struct slots slots;
        struct json_fault fault;
        enum err err = projection_read(projection,
            STR("{\"a\":[{\"b\":\"\\n\"},{\"b\":2},{\"b\":3}]}"), &arena, &slots, &fault);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        arena_release(&arena);
        err = projection_new(&arena, &path, 1, &other);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
}

struct joined {
    char text[200];
    const char *wanted;
};

static bool join_leaf(void *self, str leaf)
{
    struct joined *joined = self;
    size_t used = strlen(joined->text);
    snprintf(joined->text + used, sizeof joined->text - used, "%.*s|", STR_ARG(leaf));
    return joined->wanted != NULL && str_is(leaf, joined->wanted);
}

static void leaves_are_values_and_not_keys(void **state)
{
    (void)state;
    str json = STR("{\"k\":\"v\",\"n\":[1.50,true,null,{\"x\":\"\\u0041\"}],\"e\":\"\"}");
    struct joined all = { .text = "" };
    struct joined first = { .text = "", .wanted = "true" };
    bool found = true;
    assert_int_equal(json_leaves(json, join_leaf, &all, &found), ERR_OK);
    assert_false(found);
    assert_string_equal(all.text, "v|1.50|true|A||");
    assert_int_equal(json_leaves(json, join_leaf, &first, &found), ERR_OK);
    assert_true(found);
    assert_string_equal(first.text, "v|1.50|true|");
}

static void keys_made_to_be_slow_are_not(void **state)
{
    (void)state;
    /* 1 MB of objects whose keys all begin like a wanted path. */
    const char *const paths[] = { "a.b.c.d", "a.a.a.a", "aa" };
    str json = repeated("{\"x\":[{}", ",{\"a\":{\"a\":{\"a\":{\"a\":1}}}}", 40000, "]}");
    clock_t start = clock();
    CLEANUP(read_release) struct read read = read_paths(json, paths, 3);
    assert_int_equal(read.err, ERR_OK);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2.0);
    free((void *)(uintptr_t)json.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_values),
        cmocka_unit_test(the_whole_path_as_one_key_wins),
        cmocka_unit_test(keys_fold_case_and_the_first_counts),
        cmocka_unit_test(arrays_stand_for_their_elements),
        cmocka_unit_test(many_paths_share_their_beginnings),
        cmocka_unit_test(hostile_text_is_mended_and_counted),
        cmocka_unit_test(nul_in_text_is_text),
        cmocka_unit_test(numbers_keep_what_they_say),
        cmocka_unit_test(what_is_no_json_is_refused_with_a_place),
        cmocka_unit_test(what_json_allows_is_read),
        cmocka_unit_test(what_opens_past_the_deepest_place_is_one_text),
        cmocka_unit_test(the_end_of_a_deep_part_is_found),
        cmocka_unit_test(a_long_array_is_read_whole_or_as_one_text),
        cmocka_unit_test(two_megabytes_of_text_are_read_and_more_is_refused),
        cmocka_unit_test(plain_text_is_not_copied),
        cmocka_unit_test(an_alert_of_very_many_values_fits),
        cmocka_unit_test(slots_that_grow_beside_each_other_keep_their_values),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
        cmocka_unit_test(leaves_are_values_and_not_keys),
        cmocka_unit_test(keys_made_to_be_slow_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
