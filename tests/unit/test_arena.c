#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    char *before = NULL;
    size_t before_size = 0;
    for (size_t size = 0; size < 3000; size += 7) {
        size_t align = (size_t)1 << size % 5;
        char *memory = arena_alloc(&arena, size, align);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % align, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 'x', size);
        assert_true(before == NULL || memory >= before + before_size || memory < before);
        before = memory;
        before_size = size;
    }
}

static void the_limit_is_kept_and_small_things_still_fit_under_it(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1000);
    assert_null(arena_alloc(&arena, 1001, 1));
    assert_non_null(arena_alloc(&arena, 100, 1)); /* a whole block would not fit */
    size_t taken = 0;
    while (arena_alloc(&arena, 10, 1) != NULL)
        taken++;
    assert_true(taken > 0);
    assert_true(arena.held <= 1000);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    assert_null(arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8, 16));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 4, 1));
    assert_null(arena_copy(&arena, (str){ "x", SIZE_MAX }).ptr);
    assert_non_null(arena_alloc(&arena, 0, 1));
}

static void text_is_copied_with_an_end(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str copy = arena_copy(&arena, STR("a\0b"));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b", 4);
    assert_string_equal(arena_format(&arena, "%s-%d", "x", 7), "x-7");
    assert_string_equal(arena_copy(&arena, STR("")).ptr, "");
}

static void a_released_arena_can_be_used_again(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(100000);
    arena_release(&arena);
    for (int round = 0; round < 3; round++) {
        assert_non_null(arena_alloc(&arena, 50000, 8));
        arena_release(&arena);
        assert_int_equal(arena.held, 0);
    }
}

struct guest {
    char *notes;
    char name;
};

static void note(void *self)
{
    struct guest *guest = self;
    guest->notes[strnlen(guest->notes, 3)] = guest->name;
}

static void guests_are_ended_before_memory_goes_the_last_one_first(void **state)
{
    (void)state;
    char notes[4] = "";
    struct arena arena = ARENA_INIT(0);
    for (char name = 'a'; name <= 'c'; name++) {
        struct guest *guest = ARENA_NEW(&arena, struct guest);
        assert_non_null(guest);
        *guest = (struct guest){ notes, name };
        assert_true(arena_add_guest(&arena, note, guest));
    }
    assert_string_equal(notes, "");
    arena_release(&arena);
    assert_memory_equal(notes, "cba", 3);
    arena_release(&arena);
    assert_int_equal(notes[3], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_limit_is_kept_and_small_things_still_fit_under_it),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(text_is_copied_with_an_end),
        cmocka_unit_test(a_released_arena_can_be_used_again),
        cmocka_unit_test(guests_are_ended_before_memory_goes_the_last_one_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
