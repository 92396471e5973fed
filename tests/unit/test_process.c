/* A credential_process, run for real. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "not/a+real/secret=="
#define KEYS                                                                                       \
    "{\"Version\":1,\"AccessKeyId\":\"AKIAX\",\"SecretAccessKey\":\"" SECRET                       \
    "\",\"SessionToken\":\"t\""

enum { LONG_MS = 20000 };

struct setting {
    struct arena arena;
    struct aws_keys keys;
    const char *reason;
    char script[64];
};

static int setting_setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    strcpy(s->script, "/tmp/cdr-process-XXXXXX");
    int fd = mkstemp(s->script);
    assert_true(fd >= 0);
    close(fd);
    *state = s;
    return 0;
}

static int setting_teardown(void **state)
{
    struct setting *s = *state;
    unlink(s->script);
    aws_keys_release(&s->keys);
    arena_release(&s->arena);
    free(s);
    return 0;
}

/* A shell script that is run as the program, with `arguments`. */
static enum err run_script(
    struct setting *s, const char *text, const char *arguments, uint32_t timeout_ms)
{
    char command[256];
    FILE *file = fopen(s->script, "wb");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    chmod(s->script, 0700);
    snprintf(command, sizeof(command), "%s %s", s->script, arguments);
    s->reason = NULL;
    aws_keys_release(&s->keys);
    return aws_process_fetch(
        command, clock_system(), timeout_ms, NULL, &s->arena, &s->keys, &s->reason);
}

static void assert_refused(struct setting *s, const char *text, const char *words)
{
    assert_int_equal(run_script(s, text, "", LONG_MS), ERR_CREDENTIALS);
    if (strstr(s->reason, words) == NULL)
        fail_msg("'%s' is not in: %s", words, s->reason);
    assert_null(strstr(s->reason, SECRET));
    assert_non_null(strstr(s->reason, s->script));
    assert_string_equal(s->keys.access_key_id, "");
}

static void lines_are_split_as_a_shell_would_and_nothing_is_expanded(void **state)
{
    struct setting *s = *state;
    static const struct {
        const char *line;
        const char *words[5];
    } good[] = {
        { "/bin/x", { "/bin/x" } },
        { "  a\tb  c ", { "a", "b", "c" } },
        { "a 'b c' \"d e\"f", { "a", "b c", "d ef" } },
        { "a \"b\\\"c\\\\d\\e\"", { "a", "b\"c\\d\\e" } },
        { "a b\\ c 'd\\e'", { "a", "b c", "d\\e" } },
        { "a '' \"\"", { "a", "", "" } },
        { "a $HOME `x` ; | > ~", { "a", "$HOME", "`x`", ";", "|" } },
    };
    for (size_t at = 0; at < COUNT_OF(good); at++) {
        char **words;
        assert_int_equal(aws_process_words(&s->arena, str_from(good[at].line), &words), ERR_OK);
        for (size_t word = 0; word < 5 && good[at].words[word] != NULL; word++)
            assert_string_equal(words[word], good[at].words[word]);
        if (at + 1 < COUNT_OF(good)) {
            size_t count = 0;
            while (good[at].words[count] != NULL)
                count++;
            assert_null(words[count]);
        }
    }
    static const char *const bad[] = { "", "  ", "a 'b", "a \"b", "a b\\", "''" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        char **words;
        assert_int_equal(aws_process_words(&s->arena, str_from(bad[at]), &words), ERR_INVALID);
    }
}

static void what_it_prints_is_taken(void **state)
{
    struct setting *s = *state;
    assert_int_equal(
        run_script(
            s, "printf '%s' '" KEYS ",\"Expiration\":\"2027-01-15T08:00:00Z\"}'", "", LONG_MS),
        ERR_OK);
    assert_string_equal(s->keys.access_key_id, "AKIAX");
    assert_true(str_is(secret_bytes(&s->keys.secret_access_key), SECRET));
    assert_true(str_is(secret_bytes(&s->keys.session_token), "t"));
    assert_int_equal(s->keys.expires_at_s, 1800000000);
    assert_int_equal(run_script(s, "echo '" KEYS "}'", "", LONG_MS), ERR_OK);
    assert_int_equal(s->keys.expires_at_s, 0);
}

static void it_gets_its_words_and_no_open_file(void **state)
{
    struct setting *s = *state;
    int held = open("/dev/null", O_RDONLY); /* would be inherited */
    assert_true(held > 2);
    static const char text[] =
        "[ \"$#\" = 2 ] && [ \"$1\" = 'a b' ] && [ \"$2\" = '$HOME' ] || exit 3\n"
        "[ -z \"$(cat)\" ] || exit 4\n"
        "for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || [ \"$(readlink "
        "/proc/$$/fd/$fd)\" = \"$0\" ] || exit 5; done\n"
        "echo '" KEYS "}'";
    enum err err = run_script(s, text, "'a b' $HOME", LONG_MS);
    if (err != ERR_OK)
        fail_msg("%s", s->reason);
    close(held);
}

static void what_is_of_no_use_is_told_without_its_text(void **state)
{
    struct setting *s = *state;
    assert_refused(s, "echo " SECRET, "no JSON object");
    assert_refused(s, "echo '[\"" SECRET "\"]'", "no JSON object");
    assert_refused(s, "echo '{\"Version\":2,\"AccessKeyId\":\"A\"}'", "Version is not 1");
    assert_refused(s, "echo '{\"AccessKeyId\":\"A\"}'", "Version is not 1");
    assert_refused(s, "echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "secret access key is empty");
    assert_refused(
        s, "echo '{\"Version\":1,\"SecretAccessKey\":\"" SECRET "\"}'", "no AccessKeyId");
    assert_refused(s, "echo '" KEYS ",\"Expiration\":\"soon\"}'", "is no time");
    assert_refused(s, "echo '" KEYS "}'; exit 1", "did not end well");
    assert_refused(s, "echo '" KEYS "}'; kill -9 $$", "did not end well");
    assert_refused(s, "exec head -c 70000 /dev/zero", "more than 64 KiB");
    assert_int_equal(aws_process_fetch("/proc/nowhere/at/all x", clock_system(), LONG_MS, NULL,
                         &s->arena, &s->keys, &s->reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "could not be started: No such file"));
    assert_int_equal(
        aws_process_fetch("x 'y", clock_system(), LONG_MS, NULL, &s->arena, &s->keys, &s->reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "a quote that does not end"));
}

static void one_that_does_not_end_is_ended_with_its_children(void **state)
{
    struct setting *s = *state;
    char file[96], text[256];
    snprintf(file, sizeof(file), "%s.pid", s->script);
    snprintf(text, sizeof(text), "sleep 100 & echo $! >%s; wait", file);
    assert_int_equal(run_script(s, text, "", 600), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "took too long"));
    FILE *stream = fopen(file, "rb");
    int pid = 0;
    assert_non_null(stream);
    assert_int_equal(fscanf(stream, "%d", &pid), 1);
    fclose(stream);
    unlink(file);
    snprintf(file, sizeof(file), "/proc/%d/cmdline", pid);
    bool is_there = true; /* a loaded machine may take a while to carry a kill out */
    for (int look = 0; look < 100 && is_there; look++) {
        char line[16] = "";
        stream = fopen(file, "rb");
        is_there = stream != NULL && fread(line, 1, sizeof(line), stream) > 0; /* not a zombie */
        if (stream != NULL)
            fclose(stream);
        usleep(is_there ? 50000 : 0);
    }
    assert_false(is_there);
    /* It closed its output, and goes on. */
    assert_int_equal(run_script(s, "exec >&-; sleep 100", "", 300), ERR_CREDENTIALS);
    assert_non_null(strstr(s->reason, "took too long"));
    volatile int stop = 1;
    assert_int_equal(aws_process_fetch("sleep 100", clock_system(), LONG_MS, &stop, &s->arena,
                         &s->keys, &s->reason),
        ERR_STOPPED);
}

#define SETTING_TEST(test) cmocka_unit_test_setup_teardown(test, setting_setup, setting_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTING_TEST(lines_are_split_as_a_shell_would_and_nothing_is_expanded),
        SETTING_TEST(what_it_prints_is_taken),
        SETTING_TEST(it_gets_its_words_and_no_open_file),
        SETTING_TEST(what_is_of_no_use_is_told_without_its_text),
        SETTING_TEST(one_that_does_not_end_is_ended_with_its_children),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
