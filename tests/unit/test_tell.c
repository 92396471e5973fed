#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* How `notify log` ends with this text; value_absent without one. */
static enum step_turn told(struct arena *arena, value text, const char **ret_reason)
{
    const struct builtin *row = builtin_find(VERB_NOTIFY, STR("log"));
    assert_non_null(row);
    struct step step = { .args = &text, .arena = arena };
    enum step_turn turn = row->next(&step, NULL);
    *ret_reason = step.reason;
    return turn;
}

static void it_is_done_at_once_and_says_the_message(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const char *reason;
    assert_int_equal(told(&arena, value_text(STR("db-1 again")), &reason), STEP_DONE);
    assert_string_equal(reason, "db-1 again");
    assert_int_equal(told(&arena, VALUE_NONE, &reason), STEP_DONE);
    assert_string_equal(reason, "the rule matched; the alert has no title");
}

static void a_full_arena_leaves_no_reason(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    const char *reason;
    (void)told(&arena, value_text(STR("db-1 again")), &reason);
    assert_null(reason);
    assert_true(arena.is_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_done_at_once_and_says_the_message),
        cmocka_unit_test(a_full_arena_leaves_no_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
