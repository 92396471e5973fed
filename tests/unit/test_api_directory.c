/* test_api_directory.c - what the daemon keeps in its directory for those who ask it: the token, and
 * where it is. */
#include "api_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "serve/admin_token.h"
#include "serve/mark.h"

/* ---- the token ---- */

static void the_token_is_made_once_and_is_nobody_elses(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(secret_release) struct secret first = { 0 };
    CLEANUP(secret_release) struct secret again = { 0 };
    const char *reason = NULL;
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/admin.token", scratch.path);
    assert_int_equal(admin_token_read(scratch.path, &arena, &first, &reason), ERR_NOT_FOUND);
    assert_int_equal(admin_token_open(scratch.path, &arena, &first, &reason), ERR_OK);
    assert_int_equal(admin_token_open(scratch.path, &arena, &again, &reason), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(first.len, 4 + 43);
    assert_true(str_startswith(secret_bytes(&first), STR("cdr_")));
    assert_true(str_equal(secret_bytes(&first), secret_bytes(&again)));
    snprintf(path, sizeof path, "Bearer %.*s", STR_ARG(secret_bytes(&first)));
    assert_true(admin_token_is(&first, str_from(path)));
    path[strlen(path) - 1] ^= 1;
    assert_false(admin_token_is(&first, str_from(path)));
    assert_false(admin_token_is(&first, STR("Bearer ")));
    assert_false(admin_token_is(&first, STR("")));
    assert_false(admin_token_is(&(struct secret){ 0 }, STR("Bearer ")));
}

static void a_token_that_is_none_is_refused_with_a_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        const char *why;
    } rows[] = {
        { "cdr_0123456789012345678901234567890123456789012\n", 0640, "others may read it" },
        { "cdr_0123456789012345678901234567890123456789012\n", 0604, "others may read it" },
        { "cdr_short\n", 0600, "it is no token" },
        { "", 0600, "it is no token" },
        { "cdr_0123456789012345678901234567890123\nsecond line\n", 0600, "it is no token" },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(secret_release) struct secret token = { 0 };
        const char *reason = NULL;
        char path[128];
        snprintf(path, sizeof path, "%s/admin.token", scratch.path);
        FILE *file = fopen(path, "w");
        fputs(rows[at].text, file);
        fclose(file);
        assert_int_equal(chmod(path, rows[at].mode), 0);
        assert_int_equal(admin_token_open(scratch.path, &arena, &token, &reason), ERR_IO);
        assert_non_null(strstr(reason, rows[at].why));
        assert_non_null(strstr(reason, "remove it"));
        assert_int_equal(token.len, 0);
    }
}

/* ---- DIR/daemon.json ---- */

/* A daemon that was killed, and whose parent has not asked yet how it ended; another process with the
 * number that a daemon had. */
static void a_mark_of_one_that_has_ended(const char *directory)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct daemon_mark mark;
    siginfo_t ended;
    char path[128];
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
    snprintf(path, sizeof path, "%s/daemon.json", directory);
    for (int is_other = 0; is_other < 2; is_other++) {
        FILE *file = fopen(path, "w");
        fprintf(file,
            "{\"url\":\"http://127.0.0.1:1\",\"pid\":%d,\"start_ticks\":%d,"
            "\"started\":\"2026-01-02T03:04:05Z\"}",
            is_other ? (int)getpid() : (int)child, is_other);
        fclose(file);
        assert_int_equal(daemon_mark_read(directory, &arena, &mark), ERR_NOT_FOUND);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_mark_names_a_daemon_that_lives(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    struct daemon_mark mark;
    const char *reason = NULL;
    assert_int_equal(daemon_mark_read(scratch.path, &arena, &mark), ERR_NOT_FOUND);
    assert_int_equal(
        daemon_mark_write(scratch.path, "http://127.0.0.1:8080", 1767322994005, &arena, &reason),
        ERR_OK);
    assert_int_equal(daemon_mark_read(scratch.path, &arena, &mark), ERR_OK);
    assert_string_equal(mark.url, "http://127.0.0.1:8080");
    assert_int_equal(mark.pid, getpid());
    assert_true(mark.started_ms == 1767322994005);
    a_mark_of_one_that_has_ended(scratch.path);
    daemon_mark_remove(scratch.path);
    assert_int_equal(daemon_mark_read(scratch.path, &arena, &mark), ERR_NOT_FOUND);
    static const char *const others[] = { "", "{", "[]",
        "{\"url\":\"http://127.0.0.1:1\",\"pid\":0,\"started\":\"2026-01-02T03:04:05Z\"}",
        "{\"url\":\"http://127.0.0.1:1\",\"pid\":2147483646,\"started\":\"2026-01-02T03:04:05Z\"}",
        "{\"url\":\"file:///etc\",\"pid\":1,\"started\":\"2026-01-02T03:04:05Z\"}" };
    for (size_t at = 0; at < COUNT_OF(others); at++) {
        char path[128];
        snprintf(path, sizeof path, "%s/daemon.json", scratch.path);
        FILE *file = fopen(path, "w");
        fputs(others[at], file);
        fclose(file);
        assert_int_equal(daemon_mark_read(scratch.path, &arena, &mark), ERR_NOT_FOUND);
    }
    assert_int_equal(
        daemon_mark_write("/proc/nowhere", "http://127.0.0.1:1", 1, &arena, &reason), ERR_IO);
    assert_non_null(strstr(reason, "/proc/nowhere/daemon.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_is_made_once_and_is_nobody_elses),
        cmocka_unit_test(a_token_that_is_none_is_refused_with_a_way_out),
        cmocka_unit_test(a_mark_names_a_daemon_that_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
