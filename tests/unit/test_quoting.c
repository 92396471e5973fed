/* test_quoting.c - hostile strings (tests/golden/hostile.hex) through every way in which text of an alert
 * or a host becomes part of a script, a filter or an address, read back by readers of this file.
 *
 *   test_quoting sh|powershell|segment|query|fql|odata    prints what became of each string, for other
 *                                                         readers (tests/cli/quoting.sh)
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "collector/collector.h"
#include "rest/rest.h"

#include <stdio.h>
#include <stdlib.h>

enum { STRINGS_MAX = 4000, LINE_BYTES_MAX = 1024 * 1024, STRINGS_WANTED = 500 };

struct strings {
    struct arena arena;
    str items[STRINGS_MAX];
    size_t count;
};

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static void add_line(struct strings *strings, const char *line, size_t len)
{
    char *bytes = arena_alloc(&strings->arena, len / 2 + 1, 1);
    assert_non_null(bytes);
    assert_true(strings->count < STRINGS_MAX && len % 2 == 0);
    for (size_t at = 0; at < len / 2; at++)
        bytes[at] = (char)(digit(line[2 * at]) * 16 + digit(line[2 * at + 1]));
    strings->items[strings->count++] = (str){ bytes, len / 2 };
}

static int read_strings(void **state)
{
    struct strings *strings = calloc(1, sizeof(*strings));
    char *line = malloc(LINE_BYTES_MAX);
    FILE *file = fopen("tests/golden/hostile.hex", "r");
    if (file == NULL || strings == NULL || line == NULL)
        return 1;
    while (fgets(line, LINE_BYTES_MAX, file) != NULL)
        add_line(strings, line, strcspn(line, "\n"));
    fclose(file);
    free(line);
    *state = strings;
    return 0;
}

static int free_strings(void **state)
{
    struct strings *strings = *state;
    arena_release(&strings->arena);
    free(strings);
    return 0;
}

static bool has_nul(str text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL;
}

/* ---- readers ---- */

/* One word of sh that consists of quoted runs and \' alone (POSIX 2.2). False: it is another thing. */
static bool read_posix(str word, struct buf *out)
{
    while (word.len > 0) {
        if (str_startswith(word, STR("\\'"))) {
            buf_add_byte(out, '\'');
            word = str_skip(word, 2);
            continue;
        }
        size_t end = word.ptr[0] == '\'' ? str_find(str_skip(word, 1), '\'') : word.len;
        if (end + 1 >= word.len)
            return false;
        buf_add(out, str_first(str_skip(word, 1), end));
        word = str_skip(word, end + 2);
    }
    return true;
}

static bool is_powershell_quote(uint32_t point)
{
    return point == 0x27 || point == 0x2018 || point == 0x2019 || point == 0x201A
           || point == 0x201B;
}

/* One single-quoted literal of PowerShell, to its last byte. */
static bool read_powershell(str word, struct buf *out)
{
    uint32_t point;
    size_t bytes = utf8_decode(word, &point, NULL);
    if (bytes == 0 || !is_powershell_quote(point))
        return false;
    for (word = str_skip(word, bytes); word.len > 0; word = str_skip(word, bytes)) {
        bytes = utf8_decode(word, &point, NULL);
        if (is_powershell_quote(point)) {
            word = str_skip(word, bytes);
            bytes = utf8_decode(word, &point, NULL);
            if (bytes == 0)
                return true; /* that was the end */
            if (!is_powershell_quote(point))
                return false; /* something stands behind it */
        }
        buf_add(out, str_first(word, bytes));
    }
    return false;
}

/* ---- what becomes of each ---- */

static void check_quoted(
    struct strings *strings, enum platform platform, bool (*read)(str, struct buf *))
{
    size_t refused = 0;
    assert_true(strings->count >= STRINGS_WANTED);
    for (size_t at = 0; at < strings->count; at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
        str quoted = collector_quote(&arena, platform, strings->items[at]);
        if (has_nul(strings->items[at])) {
            assert_null(quoted.ptr);
            refused++;
            continue;
        }
        assert_non_null(quoted.ptr);
        if (!read(quoted, &text) || !str_equal(buf_str(&text), strings->items[at]))
            fail_msg("string %zu becomes %s", at + 1, quoted.ptr);
    }
    assert_true(refused > 0);
}

static void each_string_is_one_word_of_sh(void **state)
{
    check_quoted(*state, PLATFORM_LINUX, read_posix);
}

static void each_string_is_one_literal_of_powershell(void **state)
{
    check_quoted(*state, PLATFORM_WINDOWS, read_powershell);
}

static void nothing_in_a_word_means_something_to_who_hands_it_on(void **state)
{
    struct strings *strings = *state;
    size_t marked = 0;
    for (size_t at = 0; at < strings->count; at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        str quoted = collector_quote(&arena, PLATFORM_LINUX, strings->items[at]);
        if (quoted.ptr == NULL)
            continue;
        marked += strstr(strings->items[at].ptr, "{{") != NULL;
        assert_null(strstr(quoted.ptr, "{{"));
        assert_null(strstr(quoted.ptr, "}}"));
        assert_null(strstr(quoted.ptr, "cdr-late-"));
    }
    assert_true(marked > 0);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    assert_null(collector_quote(&arena, PLATFORM_LINUX, STR("a")).ptr);
    assert_null(collector_quote(&arena, PLATFORM_WINDOWS, STR("a")).ptr);
}

/* ---- requests ---- */

/* The request with `text` in one place; its body has ptr NULL when it was refused. */
static str request_of(struct arena *arena, const char *where, str text)
{
    struct step step = { .arena = arena, .key = STR("k") };
    bool is_segment = strcmp(where, "segment") == 0;
    struct rest_draft draft = rest_begin(&step, "crowdstrike", "X", STR("x"), "GET", "/a");
    str content = strcmp(where, "fql") == 0     ? rest_fql_is(arena, "hostname", text)
                  : strcmp(where, "odata") == 0 ? rest_odata_is(arena, "hostname", text)
                                                : text;
    if (is_segment)
        rest_segment(&draft, text);
    else if (content.ptr != NULL)
        rest_query(&draft, "f", content);
    struct request request = rest_end(&draft);
    return content.ptr == NULL ? (str){ NULL, 0 } : request.body;
}

static void no_string_leaves_its_place_in_an_address(void **state)
{
    static const char *const places[] = { "segment", "query", "fql", "odata" };
    struct strings *strings = *state;
    size_t made = 0;
    for (size_t at = 0; at < strings->count * COUNT_OF(places); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        struct rest_request request;
        str body = request_of(
            &arena, places[at % COUNT_OF(places)], strings->items[at / COUNT_OF(places)]);
        if (body.ptr == NULL)
            continue;
        made++;
        assert_true(rest_read(body, &request));
        bool is_segment = at % COUNT_OF(places) == 0;
        assert_true(str_startswith(request.path, is_segment ? STR("/a/") : STR("/a")));
        assert_int_equal(str_find(str_skip(request.path, 3), '/'), str_skip(request.path, 3).len);
        assert_true(is_segment ? request.query.len == 0 : str_startswith(request.query, STR("f=")));
        assert_int_equal(str_find(request.query, '&'), request.query.len);
        assert_int_equal(request.headers_count, 0);
        assert_int_equal(request.content.len, 0);
    }
    assert_true(made > 3 * STRINGS_WANTED);
}

/* ---- for other readers ---- */

static void print_hex(str text)
{
    for (size_t at = 0; at < text.len; at++)
        printf("%02x", (unsigned char)text.ptr[at]);
}

/* A script that writes each string to a file of its number; for others a line each: the string and what
 * became of it, or `-`. */
static int print_all(const char *how)
{
    void *state = NULL;
    if (read_strings(&state) != 0)
        return 1;
    struct strings *strings = state;
    for (size_t at = 0; at < strings->count; at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        bool is_sh = strcmp(how, "sh") == 0;
        bool is_powershell = strcmp(how, "powershell") == 0;
        str made = is_sh || is_powershell ? collector_quote(
                       &arena, is_sh ? PLATFORM_LINUX : PLATFORM_WINDOWS, strings->items[at])
                                          : request_of(&arena, how, strings->items[at]);
        if (is_sh && made.ptr != NULL) {
            printf("printf %%s %s >%zu\n", made.ptr, at + 1);
            continue;
        }
        if (is_sh)
            continue;
        print_hex(strings->items[at]);
        printf(" ");
        if (made.ptr == NULL)
            printf("-");
        else
            print_hex(made);
        printf("\n");
    }
    return free_strings(&state);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_string_is_one_word_of_sh),
        cmocka_unit_test(each_string_is_one_literal_of_powershell),
        cmocka_unit_test(nothing_in_a_word_means_something_to_who_hands_it_on),
        cmocka_unit_test(a_full_arena_is_told),
        cmocka_unit_test(no_string_leaves_its_place_in_an_address),
    };
    if (count > 1)
        return print_all(words[1]);
    return cmocka_run_group_tests(tests, read_strings, free_strings);
}
