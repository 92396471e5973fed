/* test_command_line.c - the table of commands: its promises, and completion from it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/complete.h"
#include "driver/help.h"

enum { WORDS_MAX = 32 };

static void every_command_says_what_it_is_for(void **state)
{
    (void)state;
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        const struct command *command = *at;
        assert_true(command->name[0] != '\0' && command->summary[0] != '\0');
        assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
        assert_true(command->group < GROUP_COUNT);
        assert_non_null(command->run);
        assert_ptr_equal(*at, command);
    }
}

static void no_two_commands_have_one_name(void **state)
{
    (void)state;
    for (const struct command *const *a = all_commands; *a != NULL; a++)
        for (const struct command *const *b = a + 1; *b != NULL; b++)
            assert_string_not_equal((*a)->name, (*b)->name);
}

/* Cut a line at its spaces; words end at a pipe, a redirection or a comment. */
static int cut(struct arena *arena, const char *line, char **ret_words)
{
    int count = 0;
    for (str rest = str_from(line); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        str word = arena_copy(arena, str_first(rest, end));
        if (str_is(word, "|") || str_is(word, ">"))
            break;
        assert_true(count < WORDS_MAX);
        ret_words[count] = arena_alloc(arena, word.len + 1, 1);
        memcpy(ret_words[count++], word.ptr, word.len + 1);
        rest = str_skip(rest, end + 1);
    }
    return count;
}

static void every_example_is_a_command_line_that_cdr_takes(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        assert_non_null((*at)->examples);
        assert_non_null((*at)->examples[0].line);
        for (const struct example *example = (*at)->examples; example->line != NULL; example++) {
            char *words[WORDS_MAX];
            int count = cut(&arena, example->line, words);
            assert_true(count >= 2);
            assert_string_equal(words[0], "cdr");
            assert_string_equal(words[1], (*at)->name);
            struct arguments arguments;
            const char *reason = NULL;
            enum err err = options_parse(*at, count - 2, words + 2, &arena, &arguments, &reason);
            if (err != ERR_OK)
                fail_msg("%s: %s", example->line, reason);
            assert_true(example->does[0] != '\0');
        }
    }
}

static void assert_placeholders_are_known(const char *form)
{
    str rest = str_from(form);
    size_t start = 0;
    for (size_t i = 0; i <= rest.len; i++) {
        bool is_letter = i < rest.len && rest.ptr[i] >= 'A' && rest.ptr[i] <= 'Z';
        if (is_letter)
            continue;
        str word = str_first(str_skip(rest, start), i - start);
        if (word.len > 0 && !complete_knows(word))
            fail_msg("completion does not know %.*s of %s: add a row to complete.c", STR_ARG(word),
                form);
        start = i + 1;
    }
}

static void every_flag_is_told_and_its_value_is_known_to_completion(void **state)
{
    (void)state;
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        assert_placeholders_are_known((*at)->operands);
        const struct option *row;
        for (size_t i = 0; (row = option_at(*at, i)) != NULL; i++) {
            assert_true(row->doc[0] != '\0');
            assert_int_equal(row->kind == OPTION_FLAG, row->value == NULL);
            assert_int_equal(row->kind == OPTION_CHOICE, row->choices != NULL);
            if (row->kind != OPTION_CHOICE && row->value != NULL)
                assert_placeholders_are_known(row->value);
        }
    }
}

/* What is offered for the words, without what they are. */
static const char *offered(struct buf *out, size_t count, const char *const *words)
{
    CLEANUP(buf_release) struct buf lines = BUF_INIT(1 << 20);
    enum complete_files files = complete(all_commands, words, count, &lines);
    buf_clear(out);
    for (str rest = buf_str(&lines); rest.len > 0;) {
        str line = str_first(rest, str_find(rest, '\n'));
        buf_addf(out, "%.*s ", STR_ARG(str_first(line, str_find(line, '\t'))));
        rest = str_skip(rest, line.len + 1);
    }
    buf_addf(out, ":%s", complete_files_name(files));
    return out->ptr;
}

#define OFFERED(out, ...)                                                                          \
    offered(out, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                         \
        (const char *[]){ __VA_ARGS__ })

static void completion_offers_commands_flags_and_their_values(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
    assert_string_equal(OFFERED(&out, "chec"), "check :none");
    assert_string_equal(OFFERED(&out, "--v"), "--version :none");
    assert_string_equal(OFFERED(&out, "check", "--fo"), "--format :none");
    assert_string_equal(OFFERED(&out, "run", "--mode", ""), "plan apply :none");
    assert_string_equal(OFFERED(&out, "run", "--mode=a"), "--mode=apply :none");
    assert_string_equal(OFFERED(&out, "run", "--mode", "=", "pl"), "plan :none");
    assert_string_equal(OFFERED(&out, "run", "--mode", "="), "plan apply :none");
    assert_string_equal(OFFERED(&out, "run", "--source", "guard"), "guardduty :none");
    assert_string_equal(OFFERED(&out, "explain", "CDR0001"), "CDR0001 :rules");
    assert_string_equal(OFFERED(&out, "builtins", "isolate_role"), "isolate_role :none");
    assert_string_equal(OFFERED(&out, "help", "undo"), "undo :none");
    assert_string_equal(OFFERED(&out, "completion", "z"), "zsh :none");
}

static void completion_asks_the_shell_for_files_of_the_right_kind(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
    assert_string_equal(OFFERED(&out, "check", "ru"), ":rules");
    assert_string_equal(OFFERED(&out, "run", "--rules=ru"), ":rules");
    assert_string_equal(OFFERED(&out, "run", "--alerts", ""), ":files");
    assert_string_equal(OFFERED(&out, "runs", "--data", "/v"), ":directories");
    assert_string_equal(OFFERED(&out, "check", "--", "--odd"), ":rules");
}

static void completion_offers_a_flag_once_unless_it_may_repeat(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
    assert_string_equal(OFFERED(&out, "run", "--mode", "plan", "--mo"), ":none");
    assert_string_equal(OFFERED(&out, "run", "--mode=plan", "--mo"), ":none");
    assert_string_equal(OFFERED(&out, "run", "--rules", "a", "--ru"), "--rules :none");
}

static void completion_offers_nothing_where_nothing_can_stand(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
    assert_string_equal(OFFERED(&out, "frobnicate", ""), ":none");
    assert_string_equal(OFFERED(&out, "version", ""), ":none");
    assert_string_equal(OFFERED(&out, "check", "--nosuch=x"), ":none");
    assert_string_equal(OFFERED(&out, "check", "--help=x"), ":none");
    assert_string_equal(OFFERED(&out, "run", "-x"), ":none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_says_what_it_is_for),
        cmocka_unit_test(no_two_commands_have_one_name),
        cmocka_unit_test(every_example_is_a_command_line_that_cdr_takes),
        cmocka_unit_test(every_flag_is_told_and_its_value_is_known_to_completion),
        cmocka_unit_test(completion_offers_commands_flags_and_their_values),
        cmocka_unit_test(completion_asks_the_shell_for_files_of_the_right_kind),
        cmocka_unit_test(completion_offers_a_flag_once_unless_it_may_repeat),
        cmocka_unit_test(completion_offers_nothing_where_nothing_can_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
