/* The examples of tests/lang: those in ok/ compile without a word, those in errors/ give
 * exactly what they say. A line that gives a diagnostic carries, or has on the line before
 * it, a comment of its own:
 *
 *     # expect: CDR0102 "part of the message"
 *
 * Files that an example uses are in a folder below; they, and the files of its lists, carry
 * theirs. The part may be one of the help too. Which steps a build can take is no property of a
 * rule, so only the example that is about it must say that one is not connected; so it is with
 * clauses that it does not enforce.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "compile.h"
#include "lint/lint.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXPECTATIONS_MAX = 64 };
/* When the examples are checked: 2026-01-01. */
#define NOW_MS 1767225600000

/* 2026-06-01: what has expired in the examples had done so then. */
static const struct lint_settings lint_today = { .now_ms = 1780272000000 };

struct expectation {
    uint32_t file;
    uint32_t line;
    str code;
    str part;
    bool is_met;
};

struct example {
    const char *path;
    struct compilation compilation;
    struct expectation expectations[EXPECTATIONS_MAX];
    size_t count;
    int failures;
};

/* The text between quotes, `\"` read as a quote. It lives in the compilation. */
static str unquote(struct example *example, str quoted)
{
    char *text = ARENA_ARRAY(&example->compilation.arena, char, quoted.len + 1);
    assert_non_null(text);
    size_t len = 0;
    for (size_t at = 0; at < quoted.len; at++)
        if (quoted.ptr[at] != '\\' || at + 1 == quoted.len || quoted.ptr[at + 1] != '"')
            text[len++] = quoted.ptr[at];
    return (str){ text, len };
}

/* What a line says after "# expect: ": a code and a quoted part of the message. */
static void read_expectation(struct example *example, uint32_t file, uint32_t line, str text)
{
    static const char mark[] = "# expect: ";
    const char *at = memmem(text.ptr, text.len, mark, sizeof mark - 1);
    if (at == NULL)
        return;
    str rest = str_skip(text, (size_t)(at - text.ptr) + sizeof mark - 1);
    assert_true(example->count < EXPECTATIONS_MAX);
    size_t open = str_find(rest, '"');
    assert_true(open == 8 && rest.len > 9);
    str part = str_skip(rest, open + 1);
    str before = str_first(text, (size_t)(at - text.ptr));
    while (before.len > 0 && before.ptr[0] == ' ')
        before = str_skip(before, 1);
    example->expectations[example->count++] = (struct expectation){
        .file = file,
        .line = before.len == 0 ? line + 1 : line, /* alone on its line: about the next */
        .code = str_first(rest, 7),
        .part = unquote(example, str_first(part, str_find_last(part, '"'))),
    };
}

static void compile_example(struct example *example)
{
    struct compilation *compilation = &example->compilation;
    assert_int_equal(compile_begin(compilation), ERR_OK);
    compilation->opens_fixtures = true;
    assert_int_equal(compile_file(compilation, str_from(example->path)), ERR_OK);
    compilation->now_ms = NOW_MS;
    assert_int_equal(compile_program(compilation), ERR_OK);
    diag_sort(&compilation->diags);
    if (strstr(example->path, "/lint/") != NULL)
        assert_int_equal(lint_program(compilation, &lint_today), ERR_OK);
    for (uint32_t file = 0; file < compilation->sources.count; file++) {
        const struct source *source = &compilation->sources.items[file];
        for (uint32_t line = 1; line <= source->line_count && !source->is_shipped; line++)
            read_expectation(example, file, line, source_line(source, line));
    }
}

static bool has_part(str text, str part)
{
    return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

static bool meets(struct example *example, const struct diag *diag)
{
    const struct source *source = &example->compilation.sources.items[diag->at.file];
    uint32_t line = source_place(source, diag->at.start).line;
    for (size_t i = 0; i < example->count; i++) {
        struct expectation *expected = &example->expectations[i];
        bool is_same =
            diag->at.file == expected->file && expected->line == line
            && str_is(expected->code, diag_code(diag->id))
            && (has_part(diag->message, expected->part) || has_part(diag->help, expected->part));
        if (is_same && !expected->is_met) {
            expected->is_met = true;
            return true;
        }
    }
    return false;
}

static void judge(struct example *example)
{
    const struct sources *sources = &example->compilation.sources;
    const struct diag *diag = example->compilation.diags.first;
    for (; diag != NULL; diag = diag->next) {
        if (meets(example, diag) || diag->id == DIAG_NOT_CONNECTED || diag->id == DIAG_NOT_ENFORCED)
            continue;
        print_error("%s: not expected in %.*s:%u: %s %.*s\n", example->path,
            STR_ARG(sources->items[diag->at.file].file),
            source_place(&sources->items[diag->at.file], diag->at.start).line, diag_code(diag->id),
            STR_ARG(diag->message));
        example->failures++;
    }
    for (size_t i = 0; i < example->count; i++) {
        const struct expectation *expected = &example->expectations[i];
        if (expected->is_met)
            continue;
        print_error("%s: never came in %.*s:%u: %.*s \"%.*s\"\n", example->path,
            STR_ARG(sources->items[expected->file].file), expected->line, STR_ARG(expected->code),
            STR_ARG(expected->part));
        example->failures++;
    }
}

/* Whether one of the file's diagnostics has the code that its name begins with. */
static bool shows_its_code(const struct example *example, const char *name)
{
    const struct diag *diag = example->compilation.diags.first;
    for (; diag != NULL; diag = diag->next)
        if (strncmp(diag_code(diag->id), name, 7) == 0)
            return true;
    return false;
}

/* Each file of the folder; the number of failures. `seen` counts files by diagnostic. */
static int judge_folder(const char *folder, int *seen, int *ret_files)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int failures = 0;
    *ret_files = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!str_endswith(str_from(entry->d_name), STR(".cdr")))
            continue;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct example *example = calloc(1, sizeof *example);
        assert_non_null(example);
        example->path = path;
        compile_example(example);
        judge(example);
        if (seen != NULL) {
            seen[diag_find(str_first(str_from(entry->d_name), 7))]++;
            if (!shows_its_code(example, entry->d_name)) {
                print_error("%s does not show its diagnostic\n", path);
                example->failures++;
            }
        }
        failures += example->failures;
        (*ret_files)++;
        compile_release(&example->compilation);
        free(example);
    }
    closedir(dir);
    return failures;
}

static void good_examples_compile_without_a_word(void **state)
{
    (void)state;
    int files;
    assert_int_equal(judge_folder("tests/lang/ok", NULL, &files), 0);
    assert_true(files > 0);
}

/* Ceilings: an example would be many files, or a large one. Other tests reach them. */
static bool is_shown_elsewhere(enum diag_id id)
{
    return id == DIAG_FILE_LIMIT || id == DIAG_LIST_LIMIT; /* test_uses.c, test_list_file.c */
}

static void bad_examples_give_what_they_say(void **state)
{
    (void)state;
    int files;
    int seen[DIAG_COUNT + 1] = { 0 };
    int failures = judge_folder("tests/lang/errors", seen, &files)
                   + judge_folder("tests/lang/lint", seen, &files);
    assert_int_equal(seen[DIAG_COUNT], 0); /* a file named for no code */
    for (int id = 0; id < DIAG_COUNT; id++)
        if (seen[id] == 0 && !is_shown_elsewhere((enum diag_id)id)) {
            print_error("%s has no example\n", diag_code((enum diag_id)id));
            failures++;
        }
    assert_int_equal(failures, 0);
}

/* The lines of an explanation that are set in, or nothing. */
static void find_example(struct buf *example, const char *explanation)
{
    for (str rest = str_from(explanation); rest.len > 0;) {
        str line = str_first(rest, str_find(rest, '\n'));
        rest = str_skip(rest, line.len + 1);
        if (!str_startswith(line, STR("    ")))
            continue;
        buf_add(example, line);
        buf_add(example, STR("\n"));
    }
}

static void each_page_has_an_example_that_gives_its_diagnostic(void **state)
{
    (void)state;
    int examples = 0;
    int failures = 0;
    for (int id = 0; id < DIAG_COUNT; id++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
        bool is_shown = false;
        find_example(&text, diag_explanation((enum diag_id)id));
        if (text.len == 0)
            continue;
        compilation.opens_fixtures = true;
        assert_int_equal(compile_begin(&compilation), ERR_OK);
        assert_int_equal(compile_text(&compilation, STR("page.cdr"), buf_str(&text)), ERR_OK);
        compilation.now_ms = NOW_MS;
        assert_int_equal(compile_program(&compilation), ERR_OK);
        if (lint_has((enum diag_id)id))
            assert_int_equal(lint_program(&compilation, &lint_today), ERR_OK);
        for (const struct diag *diag = compilation.diags.first; diag != NULL; diag = diag->next)
            is_shown = is_shown || diag->id == (enum diag_id)id;
        if (!is_shown)
            print_error("%s: its example does not give it\n", diag_code((enum diag_id)id));
        failures += !is_shown;
        examples++;
    }
    assert_int_equal(failures, 0);
    assert_true(examples > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_examples_compile_without_a_word),
        cmocka_unit_test(bad_examples_give_what_they_say),
        cmocka_unit_test(each_page_has_an_example_that_gives_its_diagnostic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
