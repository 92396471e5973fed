/* Files that name other files: what is read, once, and what is seen where. */
#include "base/limits.h"
#include "compiled.h"
#include "scratch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static void put(const struct scratch *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Compile files of the directory; `second` may be NULL. */
static void compile_in(struct compilation *compilation, const struct scratch *dir,
    const char *first, const char *second)
{
    char path[256];
    assert_int_equal(compile_begin(compilation), ERR_OK);
    for (int at = 0; at < (second == NULL ? 1 : 2); at++) {
        snprintf(path, sizeof path, "%s/%s", dir->path, at == 0 ? first : second);
        assert_int_equal(compile_file(compilation, str_from(path)), ERR_OK);
    }
    assert_int_equal(compile_program(compilation), ERR_OK);
}

static uint32_t count_of(const struct compilation *compilation, enum diag_id id)
{
    uint32_t count = 0;
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next)
        count += diag->id == id;
    return count;
}

static uint32_t own_files(const struct compilation *compilation)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < compilation->sources.count; at++)
        count += !compilation->sources.items[at].is_shipped;
    return count;
}

static void a_file_is_there_once_whatever_it_is_called(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    char folder[256];
    char from[256];
    char to[256];
    snprintf(folder, sizeof folder, "%s/sub", dir.path);
    assert_int_equal(mkdir(folder, 0700), 0);
    put(&dir, "sub/lists.cdr",
        "list vips : text = [\"a\"]\nrule once { when host.name in vips then open case }");
    put(&dir, "a.cdr",
        "use \"sub/lists.cdr\"\nuse \"sub/../link.cdr\"\nuse \"hard.cdr\"\nrule a { when host.name "
        "in vips then open case }");
    put(&dir, "b.cdr", "use \"sub/lists.cdr\"\nrule b { when host.name in vips then open case }");
    snprintf(from, sizeof from, "%s/link.cdr", dir.path);
    snprintf(to, sizeof to, "%s/hard.cdr", dir.path);
    assert_int_equal(symlink("sub/lists.cdr", from), 0);
    assert_int_equal(linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW), 0);
    compile_in(&compilation, &dir, "a.cdr", "b.cdr");
    assert_int_equal(compilation.diags.error_count, 0);
    assert_int_equal(own_files(&compilation), 3);
    assert_int_equal(compilation.program->rule_count, 3);
    assert_int_equal(count_of(&compilation, DIAG_USED_TWICE), 2);
}

static void what_is_given_may_be_used_too(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    put(&dir, "lists.cdr", "list vips : text = [\"a\"]");
    put(&dir, "a.cdr", "use \"./lists.cdr\"\nrule a { when host.name in vips then open case }");
    compile_in(&compilation, &dir, "a.cdr", "lists.cdr");
    assert_non_null(compilation.program);
    assert_int_equal(own_files(&compilation), 2);
}

static void a_file_sees_what_it_uses_through_others_and_not_what_uses_it(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    put(&dir, "a.cdr", "use \"b.cdr\"\nlet top = true\nrule a { when bottom then open case }");
    put(&dir, "b.cdr", "use \"c.cdr\"");
    put(&dir, "c.cdr", "let bottom = hour(time) = 1\nrule c { when top then open case }");
    compile_in(&compilation, &dir, "a.cdr", NULL);
    const struct diag *diag = compilation.diags.first;
    assert_int_equal(compilation.diags.error_count, 1);
    while (diag->id != DIAG_UNKNOWN_NAME)
        diag = diag->next;
    assert_true(str_is(diag->message, "nothing is called `top`"));
    assert_true(str_is(diag->help, "begin this file with `use \"a.cdr\"`"));
    /* the files behind the shipped ones, in the order they were reached */
    uint32_t a = compilation.sources.count - 3;
    assert_true(visible_sees(&compilation.visible, a, a + 2));
    assert_false(visible_sees(&compilation.visible, a + 2, a));
}

static void files_that_do_not_see_each_other_may_use_one_name(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    put(&dir, "a.cdr", "use \"c.cdr\"\nlet mine = both\nrule a { when mine then open case }");
    put(&dir, "b.cdr", "use \"c.cdr\"\nlet mine = not both\nrule b { when mine then open case }");
    put(&dir, "c.cdr", "let both = hour(time) = 1");
    compile_in(&compilation, &dir, "a.cdr", "b.cdr");
    assert_int_equal(compilation.diags.error_count, 0);
    /* and are told when a third one comes to see both */
    CLEANUP(compile_release) struct compilation third = { 0 };
    put(&dir, "d.cdr", "use \"a.cdr\"\nuse \"b.cdr\"");
    compile_in(&third, &dir, "d.cdr", NULL);
    assert_int_equal(third.diags.error_count, 1);
    assert_int_equal(count_of(&third, DIAG_DUPLICATE_NAME), 1);
}

static void a_circle_is_told_once_with_its_way(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    put(&dir, "a.cdr", "use \"b.cdr\"\nlet night = true");
    put(&dir, "b.cdr", "use \"c.cdr\"\nrule b { when night then open case }");
    put(&dir, "c.cdr", "use \"a.cdr\"");
    compile_in(&compilation, &dir, "a.cdr", NULL);
    assert_int_equal(compilation.diags.error_count, 1);
    const struct diag *diag = compilation.diags.first;
    while (diag->id != DIAG_USE_CYCLE)
        diag = diag->next;
    const char *at = strstr(diag->message.ptr, "/a.cdr -> ");
    assert_non_null(at);
    at = strstr(at, "/b.cdr -> ");
    assert_non_null(at);
    at = strstr(at, "/c.cdr -> ");
    assert_non_null(at);
    assert_non_null(strstr(at, "/a.cdr"));
}

static void a_chain_has_a_ceiling_and_says_so(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    char name[32];
    char text[64];
    for (int at = 0; at <= USE_DEPTH_MAX + 1; at++) {
        snprintf(name, sizeof name, "f%d.cdr", at);
        snprintf(text, sizeof text, "use \"f%d.cdr\"\n", at + 1);
        put(&dir, name, at == USE_DEPTH_MAX + 1 ? "let end = true" : text);
    }
    CLEANUP(compile_release) struct compilation deepest = { 0 };
    compile_in(&deepest, &dir, "f1.cdr", NULL);
    assert_int_equal(deepest.diags.error_count, 0);
    CLEANUP(compile_release) struct compilation deeper = { 0 };
    compile_in(&deeper, &dir, "f0.cdr", NULL);
    assert_int_equal(deeper.diags.error_count, 1);
    assert_int_equal(count_of(&deeper, DIAG_FILE_LIMIT), 1);
}

static void what_is_no_ordinary_file_is_refused_at_once(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch dir = scratch_new();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    char pipe[256];
    snprintf(pipe, sizeof pipe, "%s/pipe.cdr", dir.path);
    assert_int_equal(mkfifo(pipe, 0600), 0); /* opening it would wait for ever */
    put(&dir, "latin.cdr", "# caf\xE9\n");
    put(&dir, "a.cdr",
        "use \"pipe.cdr\"\nuse \"/dev/zero\"\nuse \"..\"\nuse \"none.cdr\"\nuse \"\\u0000\"\n"
        "use \"latin.cdr\"\nlist l : text from \"pipe.cdr\"\n");
    compile_in(&compilation, &dir, "a.cdr", NULL);
    assert_int_equal(count_of(&compilation, DIAG_FILE_UNREADABLE), 6);
    assert_int_equal(count_of(&compilation, DIAG_NOT_UTF8), 1);
}

/* A file of proc is as long as it is, and says that it has no bytes: so does one that grows
 * or shrinks while it is read. */
static void a_file_that_is_not_as_long_as_it_says_is_refused(void **state)
{
    (void)state;
    struct stat found;
    if (stat("/proc/self/status", &found) != 0 || found.st_size != 0)
        skip();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_rules(
        &compilation, "use \"/proc/self/status\"\nlist l : text from \"/proc/self/status\"");
    assert_int_equal(count_of(&compilation, DIAG_FILE_UNREADABLE), 2);
    assert_int_equal(compilation.diags.error_count, 2);
    assert_non_null(strstr(compilation.diags.first->message.ptr, "changed while it was read"));
}

static void a_closed_compilation_opens_no_file(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    assert_int_equal(compile_begin(&compilation), ERR_OK);
    compilation.is_closed = true;
    assert_int_equal(
        compile_text(&compilation, STR("a/a.cdr"),
            STR("use \"b.cdr\"\nuse \"/etc/hostname\"\nuse \"tests/lang/ok/smallest.cdr\"\n"
                "rule a { when night then open case }")),
        ERR_OK);
    assert_int_equal(
        compile_text(&compilation, STR("a/b.cdr"), STR("let night = hour(time) = 1")), ERR_OK);
    assert_int_equal(compile_program(&compilation), ERR_OK);
    assert_int_equal(count_of(&compilation, DIAG_FILE_UNREADABLE), 2);
    assert_int_equal(compilation.diags.error_count, 2);
}

/* What a journal keeps compiles to the same program when the files are gone or others. */
static void a_program_is_made_again_from_its_texts(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation first = { 0 };
    CLEANUP(compile_release) struct compilation again = { 0 };
    CLEANUP(compile_release) struct compilation other = { 0 };
    {
        CLEANUP(scratch_release) struct scratch dir = scratch_new();
        char from[256];
        put(&dir, "a.cdr",
            "use \"link.cdr\"\nlist ips : ip from \"ips.txt\"\n"
            "rule a { when src.ip in ips and night then open case }");
        put(&dir, "real.cdr", "let night = hour(time) = 1");
        put(&dir, "ips.txt", "198.51.100.7\n");
        snprintf(from, sizeof from, "%s/link.cdr", dir.path);
        assert_int_equal(symlink("real.cdr", from), 0);
        compile_in(&first, &dir, "real.cdr", "a.cdr");
        assert_non_null(first.program);
        put(&dir, "ips.txt", "198.51.100.8\n");
        compile_in(&other, &dir, "real.cdr", "a.cdr");
        assert_non_null(other.program);
        assert_false(str_equal(other.program->hash, first.program->hash));
    }
    assert_int_equal(compile_begin(&again), ERR_OK);
    assert_int_equal(compile_kept(&again, first.program->texts, first.program->text_count), ERR_OK);
    assert_int_equal(compile_program(&again), ERR_OK);
    assert_non_null(again.program);
    assert_true(str_equal(again.program->hash, first.program->hash));
    assert_true(str_equal(again.program->rules[0].id, first.program->rules[0].id));
}

static void the_way_to_a_file_is_relative_to_the_one_that_says_it(void **state)
{
    (void)state;
    static const char *const ways[][3] = {
        { "a.cdr", "b.cdr", "b.cdr" },
        { "./a.cdr", "./lists/b.cdr", "lists/b.cdr" },
        { "rules/x/a.cdr", "rules/y/b.cdr", "../y/b.cdr" },
        { "rules/x/a.cdr", "b.cdr", "../../b.cdr" },
        { "/r/a.cdr", "/r/b.cdr", "b.cdr" },
        { "../a.cdr", "b.cdr", "" },
        { "-", "b.cdr", "" },
        { "a.cdr", "/r/b.cdr", "" },
    };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    for (size_t at = 0; at < COUNT_OF(ways); at++)
        assert_true(
            str_is(uses_way(&arena, str_from(ways[at][0]), str_from(ways[at][1])), ways[at][2]));
}

/* One file that all use, one name that each has: neither may be looked for one by one. */
static void ten_thousand_files_are_no_trouble(void **state)
{
    (void)state;
    enum { FILES = 10000 };
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    assert_int_equal(compile_begin(&compilation), ERR_OK);
    compilation.is_closed = true;
    for (int at = 0; at < FILES; at++) {
        const char *name = arena_format(&compilation.arena, "f%d.cdr", at);
        const char *text = arena_format(&compilation.arena,
            "use \"common.cdr\"\nlet mine = both\nrule r%d { when mine then open case }", at);
        assert_int_equal(compile_text(&compilation, str_from(name), str_from(text)), ERR_OK);
    }
    assert_int_equal(
        compile_text(&compilation, STR("common.cdr"), STR("let both = hour(time) = 1")), ERR_OK);
    clock_t before = clock();
    assert_int_equal(compile_program(&compilation), ERR_OK);
    assert_int_equal(compilation.diags.error_count, 0);
    assert_int_equal(compilation.program->rule_count, FILES);
    /* some 0.1 s; a walk over all files for each one takes a hundred times as long */
    assert_true(clock() - before < 20 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_once_whatever_it_is_called),
        cmocka_unit_test(what_is_given_may_be_used_too),
        cmocka_unit_test(a_file_sees_what_it_uses_through_others_and_not_what_uses_it),
        cmocka_unit_test(files_that_do_not_see_each_other_may_use_one_name),
        cmocka_unit_test(a_circle_is_told_once_with_its_way),
        cmocka_unit_test(a_chain_has_a_ceiling_and_says_so),
        cmocka_unit_test(what_is_no_ordinary_file_is_refused_at_once),
        cmocka_unit_test(a_file_that_is_not_as_long_as_it_says_is_refused),
        cmocka_unit_test(a_closed_compilation_opens_no_file),
        cmocka_unit_test(a_program_is_made_again_from_its_texts),
        cmocka_unit_test(the_way_to_a_file_is_relative_to_the_one_that_says_it),
        cmocka_unit_test(ten_thousand_files_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
