/* test_pause.c - the switch is on whenever it might be. */
#include "host/pause.h"

#include "base/str.h"
#include "scratch.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#define assert_str(actual, expected) assert_true(str_equal(actual, str_from(expected)))

struct fixture {
    struct scratch scratch;
    struct arena arena;
    const char *path;
};

static struct fixture fixture_new(void)
{
    struct fixture f = { .scratch = scratch_new() };
    f.path = pause_path(f.scratch.path, &f.arena);
    assert_non_null(f.path);
    return f;
}

static void fixture_release(struct fixture *f)
{
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct pause read_back(struct fixture *f)
{
    struct pause pause;
    assert_int_equal(pause_read(f->path, &f->arena, &pause), ERR_OK);
    return pause;
}

static void a_pause_is_set_once_told_and_lifted(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_false(pause_is_on(f.path));
    assert_false(read_back(&f).is_paused);
    struct pause pause = { true, STR("alice"), STR("it \"acts\" on the\nwrong account"),
        1767261600500 };
    mode_t mask = umask(0);
    assert_int_equal(pause_set(f.path, &pause), ERR_OK);
    umask(mask);
    struct stat status;
    assert_int_equal(stat(f.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(pause_is_on(f.path));
    struct pause other = { true, STR("bob"), STR("too"), 1767261700000 };
    assert_int_equal(pause_set(f.path, &other), ERR_INVALID);
    struct pause told = read_back(&f);
    assert_true(told.is_paused);
    assert_str(told.who, "alice");
    assert_str(told.reason, "it \"acts\" on the\nwrong account");
    assert_int_equal(told.since_ms, 1767261600500);
    assert_int_equal(pause_lift(f.path), ERR_OK);
    assert_false(pause_is_on(f.path));
    assert_int_equal(pause_lift(f.path), ERR_NOT_FOUND);
}

static void whatever_stands_there_is_a_pause(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "wait!", "{", "[1]", "{\"who\":7,\"since\":\"soon\"}",
        "{\"who\":\"a\",\"who\":\"b\"}", "null", "\xff\xfe" };
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        file_write(f.path, texts[i]);
        struct pause pause = read_back(&f);
        assert_true(pause.is_paused);
        assert_int_equal(pause.who.len + pause.reason.len, 0);
        assert_int_equal(pause.since_ms, 0);
    }
    assert_int_equal(pause_lift(f.path), ERR_OK); /* `rm` is as good */
}

static void what_is_no_file_is_a_pause_and_keeps_nobody_waiting(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(mkfifo(f.path, 0600), 0);
    assert_true(read_back(&f).is_paused);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(symlink("/proc/nowhere/at/all", f.path), 0);
    assert_true(read_back(&f).is_paused);
    struct pause pause = { .is_paused = true, .who = STR("alice") };
    assert_int_equal(pause_set(f.path, &pause), ERR_INVALID);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(mkdir(f.path, 0700), 0);
    assert_true(read_back(&f).is_paused);
    assert_int_equal(pause_lift(f.path), ERR_IO);
    assert_int_equal(rmdir(f.path), 0);
    assert_false(read_back(&f).is_paused);
}

static void what_cannot_be_told_is_paused(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    file_write(f.path, "");
    const char *below = arena_format(&f.arena, "%s/paused", f.path); /* ENOTDIR */
    assert_true(pause_is_on(below));
    const char *long_path = arena_format(&f.arena, "/%0*d", 6000, 0); /* ENAMETOOLONG */
    assert_true(pause_is_on(long_path));
    struct pause pause = { .is_paused = true, .who = STR("alice") };
    assert_int_equal(pause_set(below, &pause), ERR_IO);
}

static void a_file_that_is_too_long_says_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *name = arena_format(&f.arena, "{\"who\":\"%0*d\"}", PAUSE_BYTES_MAX, 0);
    assert_non_null(name);
    file_write(f.path, name);
    assert_int_equal(read_back(&f).who.len, 0);
    assert_int_equal(pause_lift(f.path), ERR_OK);
    struct pause pause = { .is_paused = true, .who = str_from(name) };
    assert_int_not_equal(pause_set(f.path, &pause), ERR_OK);
    assert_true(pause_is_on(f.path)); /* in force, without words */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_is_set_once_told_and_lifted),
        cmocka_unit_test(whatever_stands_there_is_a_pause),
        cmocka_unit_test(what_is_no_file_is_a_pause_and_keeps_nobody_waiting),
        cmocka_unit_test(what_cannot_be_told_is_paused),
        cmocka_unit_test(a_file_that_is_too_long_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
