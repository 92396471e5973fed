/* test_setting_text.c - what connections are told by name is looked up, and missed in words. */
#include "driver/setting_text.h"

#include "table_environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
    struct arena arena;
    struct arena reasons;
    char directory[64];
};

static int bench_begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    strcpy(bench->directory, "/tmp/setting_text.XXXXXX");
    assert_non_null(mkdtemp(bench->directory));
    *state = bench;
    return 0;
}

static const char *path_of(struct bench *bench, const char *name)
{
    const char *path = arena_format(&bench->reasons, "%s/%s", bench->directory, name);
    assert_non_null(path);
    return path;
}

static int bench_end(void **state)
{
    struct bench *bench = *state;
    (void)unlink(path_of(bench, "token"));
    (void)rmdir(bench->directory);
    arena_release(&bench->arena);
    arena_release(&bench->reasons);
    free(bench);
    return 0;
}

static void write_token(struct bench *bench, const char *text, size_t len)
{
    FILE *file = fopen(path_of(bench, "token"), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

/* The text, or the reason after an error. */
static const char *look_up(struct bench *bench, const struct table_environment *table,
    enum setting_way way, const char *name, enum err *ret_err)
{
    struct connection_setting setting = { STR("token"), way, str_from(name), 0 };
    const char *reason = NULL;
    str text = STR("");
    *ret_err =
        setting_text(&setting, &table->environment, &bench->arena, &bench->reasons, &text, &reason);
    return *ret_err == ERR_OK ? text.ptr : reason;
}

static void what_is_written_is_the_text(void **state)
{
    struct table_environment table = TABLE({ "TOKEN", "no" });
    enum err err;
    assert_string_equal(look_up(*state, &table, WAY_WRITTEN, "TOKEN", &err), "TOKEN");
    assert_int_equal(err, ERR_OK);
    look_up(*state, &table, WAY_WRITTEN, "", &err);
    assert_int_equal(err, ERR_CREDENTIALS);
}

static void a_variable_that_is_not_set_is_named(void **state)
{
    struct table_environment table = TABLE({ "TOKEN", "secret" }, { "EMPTY", "" });
    enum err err;
    assert_string_equal(look_up(*state, &table, WAY_ENV, "TOKEN", &err), "secret");
    assert_int_equal(err, ERR_OK);
    assert_string_equal(look_up(*state, &table, WAY_ENV, "OTHER", &err),
        "`token`: OTHER is not set in the environment; export it");
    assert_int_equal(err, ERR_CREDENTIALS);
    look_up(*state, &table, WAY_ENV, "EMPTY", &err);
    assert_int_equal(err, ERR_CREDENTIALS);
}

static void a_file_is_read_without_the_newline_at_its_end(void **state)
{
    struct bench *bench = *state;
    struct table_environment table = TABLE({ NULL, NULL });
    enum err err;
    write_token(bench, "secret\n", 7);
    assert_string_equal(look_up(bench, &table, WAY_FILE, path_of(bench, "token"), &err), "secret");
    assert_int_equal(err, ERR_OK);
    write_token(bench, "two\nlines\r\n", 11);
    assert_string_equal(
        look_up(bench, &table, WAY_FILE, path_of(bench, "token"), &err), "two\nlines");
    write_token(bench, "\n", 1);
    assert_string_equal(
        look_up(bench, &table, WAY_FILE, path_of(bench, "token"), &err), "`token` is empty");
    assert_int_equal(err, ERR_CREDENTIALS);
}

static void a_file_that_cannot_be_read_is_named_and_standard_input_is_no_file(void **state)
{
    struct bench *bench = *state;
    struct table_environment table = TABLE({ NULL, NULL });
    enum err err;
    const char *reason = look_up(bench, &table, WAY_FILE, path_of(bench, "none"), &err);
    assert_int_equal(err, ERR_CREDENTIALS);
    assert_non_null(strstr(reason, "/none: No such file"));
    look_up(bench, &table, WAY_FILE, "-", &err);
    assert_int_equal(err, ERR_CREDENTIALS);
    static char large[SETTING_TEXT_BYTES_MAX + 10];
    memset(large, 'x', sizeof large);
    write_token(bench, large, sizeof large);
    reason = look_up(bench, &table, WAY_FILE, path_of(bench, "token"), &err);
    assert_int_equal(err, ERR_CREDENTIALS);
    assert_null(strstr(reason, "xxxx"));
}

static void a_credential_is_one_of_the_service_manager(void **state)
{
    struct bench *bench = *state;
    struct table_environment none = TABLE({ NULL, NULL });
    struct table_environment table = TABLE({ "CREDENTIALS_DIRECTORY", bench->directory });
    enum err err;
    write_token(bench, "secret", 6);
    assert_string_equal(look_up(bench, &table, WAY_CREDENTIAL, "token", &err), "secret");
    assert_int_equal(err, ERR_OK);
    assert_non_null(strstr(
        look_up(bench, &none, WAY_CREDENTIAL, "token", &err), "CREDENTIALS_DIRECTORY is not set"));
    assert_int_equal(err, ERR_CREDENTIALS);
    look_up(bench, &table, WAY_CREDENTIAL, "../token", &err);
    assert_int_equal(err, ERR_CREDENTIALS);
}

#define with_bench(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bench(what_is_written_is_the_text),
        with_bench(a_variable_that_is_not_set_is_named),
        with_bench(a_file_is_read_without_the_newline_at_its_end),
        with_bench(a_file_that_cannot_be_read_is_named_and_standard_input_is_no_file),
        with_bench(a_credential_is_one_of_the_service_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
