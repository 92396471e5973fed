#include "base/buf.h"
#include "base/limits.h"
#include "diag_print.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>

#define NOWHERE ((span){ 0, 0, UINT32_MAX })

struct fixture {
    struct arena arena;
    struct sources sources;
    struct diag_list diags;
    struct buf out;
};

static void fixture_release(struct fixture *fixture)
{
    buf_release(&fixture->out);
    arena_release(&fixture->arena);
}

static void fixture_init(struct fixture *fixture, str text)
{
    *fixture = (struct fixture){ .arena = ARENA_INIT(1 << 24), .out = BUF_INIT(1 << 20) };
    fixture->sources.arena = &fixture->arena;
    fixture->diags.arena = &fixture->arena;
    uint32_t file;
    assert_int_equal(sources_add(&fixture->sources, STR("a.cdr"), text, false, &file), ERR_OK);
}

static const char *print(struct fixture *fixture, enum diag_format format, bool color)
{
    buf_clear(&fixture->out);
    diags_print(&fixture->diags, &fixture->sources, format, color, &fixture->out);
    assert_int_equal(fixture->out.err, ERR_OK);
    return buf_str(&fixture->out).ptr;
}

static void every_row_has_a_code_of_its_own_and_a_page(void **state)
{
    (void)state;
    for (int id = 0; id < DIAG_COUNT; id++) {
        str code = str_from(diag_code((enum diag_id)id));
        assert_int_equal(code.len, 7);
        assert_true(str_startswith(code, STR("CDR")));
        assert_int_equal(diag_find(code), id);
        assert_true(strlen(diag_summary((enum diag_id)id)) > 10);
        assert_true(strlen(diag_explanation((enum diag_id)id)) > 20);
        assert_null(strchr(diag_summary((enum diag_id)id), '\n'));
    }
    assert_int_equal(diag_find(STR("cdr0001")), DIAG_SYNTAX);
    assert_int_equal(diag_find(STR("CDR000")), DIAG_COUNT);
    assert_int_equal(diag_find(STR("CDR00011")), DIAG_COUNT);
    assert_int_equal(diag_find(STR("")), DIAG_COUNT);
}

static void sorting_is_by_file_and_place_and_keeps_the_rest(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR(""));
    for (uint32_t i = 0; i < 500; i++)
        diag_add(&fixture.diags, DIAG_SYNTAX, (span){ (i * 37) % 100, 0, i % 3 }, "%u", i);
    diag_sort(&fixture.diags);

    uint32_t count = 1;
    const struct diag *diag = fixture.diags.first;
    for (; diag->next != NULL; diag = diag->next, count++) {
        span a = diag->at;
        span b = diag->next->at;
        assert_true(a.file < b.file || (a.file == b.file && a.start <= b.start));
        if (a.file == b.file && a.start == b.start) /* as they came */
            assert_true(atoi(diag->message.ptr) < atoi(diag->next->message.ptr));
    }
    assert_int_equal(count, 500);
    assert_ptr_equal(fixture.diags.last, diag);
}

static void what_is_not_kept_is_still_counted(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("x"));
    for (int i = 0; i < DIAGNOSTICS_MAX + 7; i++) {
        struct diag *diag = diag_add(&fixture.diags, DIAG_SYNTAX, NOWHERE, "a mistake");
        diag_note(&fixture.diags, diag, NOWHERE, "a note");
        diag_help(&fixture.diags, diag, "a way out");
        diag_set_fix(&fixture.diags, diag, NOWHERE, STR("x"));
    }
    assert_int_equal(fixture.diags.count, DIAGNOSTICS_MAX);
    assert_int_equal(fixture.diags.error_count, DIAGNOSTICS_MAX + 7);
    assert_null(fixture.diags.scratch.notes);
    assert_non_null(strstr(print(&fixture, DIAG_FORMAT_CONCISE, false), "... and 7 more\n"));
}

static void a_full_arena_loses_messages_and_never_the_count(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 4000; limit += 61) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        struct diag_list diags = { .arena = &arena };
        for (int i = 0; i < 20; i++) {
            struct diag *diag = diag_add(&diags, DIAG_SYNTAX, NOWHERE, "mistake %d", i);
            diag_note(&diags, diag, NOWHERE, "note %d", i);
            diag_help(&diags, diag, "help %d", i);
            diag_set_fix(&diags, diag, NOWHERE, STR("fix"));
        }
        assert_int_equal(diags.error_count, 20);
        diag_sort(&diags);
    }
}

static void text_shows_the_line_the_range_notes_and_help(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("list a : text = []\n\twhen x = 1 then y\n"));
    struct diag *diag =
        diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 20, 24, 0 }, "no %s here", "when");
    diag_help(&fixture.diags, diag, "leave it out");
    diag_note(&fixture.diags, diag, (span){ 5, 6, 0 }, "declared here");
    diag_note(&fixture.diags, diag, NOWHERE, "this is so everywhere");
    assert_string_equal(print(&fixture, DIAG_FORMAT_TEXT, false),
        "error[CDR0001]: no when here\n"
        " --> a.cdr:2:2\n"
        "  |\n"
        "2 |     when x = 1 then y\n"
        "  |     ^^^^\n"
        "  = note: this is so everywhere\n"
        "  = help: leave it out\n"
        "note: declared here\n"
        " --> a.cdr:1:6\n"
        "  |\n"
        "1 | list a : text = []\n"
        "  |      ^\n"
        "\n");
    assert_string_equal(
        print(&fixture, DIAG_FORMAT_CONCISE, false), "a.cdr:2:2: error[CDR0001]: no when here\n");
}

static void colours_come_only_when_asked(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("when"));
    diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 0, 4, 0 }, "m");
    assert_null(strchr(print(&fixture, DIAG_FORMAT_TEXT, false), '\033'));
    assert_non_null(strstr(print(&fixture, DIAG_FORMAT_TEXT, true), "\033[1;31merror[CDR0001]"));
}

static void text_of_rules_cannot_steer_the_terminal(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("a\033[2J\xE2\x80\xAE\xFF!\xE2\x80\x8B b"));
    diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 9, 10, 0 }, "found \033]0;x\007 and \xC2\x85");
    const char *text = print(&fixture, DIAG_FORMAT_TEXT, false);
    assert_non_null(strstr(text, "found \\u001b]0;x\\u0007 and \\u0085\n"));
    assert_non_null(strstr(text, "1 | a\\u001b[2J\\u202e\\xff!\\u200b b\n"));
    assert_non_null(strstr(text, "\n  |                     ^\n")); /* under the `!` */
    assert_null(strchr(text, '\033'));
    assert_null(strstr(print(&fixture, DIAG_FORMAT_CONCISE, false), "\007"));
}

static void marks_stand_under_wide_and_combining_characters(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("\xE8\xA1\xA8 e\xCC\x81 x"));
    diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 8, 9, 0 }, "m");
    const char *text = print(&fixture, DIAG_FORMAT_TEXT, false);
    assert_non_null(strstr(text, " --> a.cdr:1:6\n")); /* code points */
    assert_non_null(strstr(text, "\n  |      ^\n"));   /* columns of a terminal */
}

static void a_long_line_is_cut_around_the_range(void **state)
{
    (void)state;
    static char line[100000];
    memset(line, 'a', sizeof line);
    line[50000] = 'X';
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, (str){ line, sizeof line });
    diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 50000, 50001, 0 }, "m");
    const char *text = print(&fixture, DIAG_FORMAT_TEXT, false);
    assert_true(strlen(text) < 500);
    const char *shown = strstr(text, "1 | ...aaa");
    const char *marks = strstr(text, "^");
    assert_non_null(shown);
    assert_non_null(marks);
    /* The mark is as far into its line as the X into the line above. */
    const char *marks_line = marks;
    while (marks_line[-1] != '\n')
        marks_line--;
    assert_int_equal(strchr(shown, 'X') - shown, marks - marks_line);
}

static void a_place_at_the_end_of_the_file_can_be_shown(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("ab"));
    diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 2, 2, 0 }, "m");
    diag_add(&fixture.diags, DIAG_SYNTAX, NOWHERE, "without a place");
    const char *text = print(&fixture, DIAG_FORMAT_TEXT, false);
    assert_non_null(strstr(text, "1 | ab\n  |   ^\n"));
    assert_non_null(strstr(text, "error[CDR0001]: without a place\n\n"));
}

static void json_has_the_shape_of_the_contract(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture fixture;
    fixture_init(&fixture, STR("when a == b\nthen x\n"));
    struct diag *diag =
        diag_add(&fixture.diags, DIAG_SYNTAX, (span){ 7, 9, 0 }, "a \"quote\" \xFF");
    diag_help(&fixture.diags, diag, "write `=`");
    diag_note(&fixture.diags, diag, (span){ 0, 4, 0 }, "a note");
    diag_set_fix(&fixture.diags, diag, (span){ 7, 9, 0 }, STR("="));
    diag_add(&fixture.diags, DIAG_SYNTAX, NOWHERE, "m");

    json_t *root = json_loads(print(&fixture, DIAG_FORMAT_JSON, false), 0, NULL);
    assert_non_null(root);
    json_t *list = json_object_get(root, "diagnostics");
    assert_int_equal(json_array_size(list), 2);
    const char *code, *severity, *message, *file, *note, *text;
    int line, column, end_line, end_column;
    assert_int_equal(
        json_unpack(json_array_get(list, 0), "{s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:[{s:s}],s:{s:s}}",
            "code", &code, "severity", &severity, "message", &message, "file", &file, "line", &line,
            "column", &column, "endLine", &end_line, "endColumn", &end_column, "notes", "message",
            &note, "fix", "text", &text),
        0);
    assert_string_equal(code, "CDR0001");
    assert_string_equal(severity, "error");
    assert_string_equal(message, "a \"quote\" \xEF\xBF\xBD");
    assert_string_equal(file, "a.cdr");
    assert_int_equal(line * 1000 + column, 1008);
    assert_int_equal(end_line * 1000 + end_column, 1010);
    assert_string_equal(note, "a note");
    assert_string_equal(text, "=");
    assert_null(json_object_get(json_array_get(list, 1), "file"));
    assert_null(json_object_get(json_array_get(list, 1), "fix"));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_code_of_its_own_and_a_page),
        cmocka_unit_test(sorting_is_by_file_and_place_and_keeps_the_rest),
        cmocka_unit_test(what_is_not_kept_is_still_counted),
        cmocka_unit_test(a_full_arena_loses_messages_and_never_the_count),
        cmocka_unit_test(text_shows_the_line_the_range_notes_and_help),
        cmocka_unit_test(colours_come_only_when_asked),
        cmocka_unit_test(text_of_rules_cannot_steer_the_terminal),
        cmocka_unit_test(marks_stand_under_wide_and_combining_characters),
        cmocka_unit_test(a_long_line_is_cut_around_the_range),
        cmocka_unit_test(a_place_at_the_end_of_the_file_can_be_shown),
        cmocka_unit_test(json_has_the_shape_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
