/* test_id_queue.c - numbers in order, each once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/id_queue.h"

#include <stdlib.h>
#include <string.h>

static void numbers_come_out_in_order_and_once(void **state)
{
    (void)state;
    struct id_queue queue;
    assert_int_equal(id_queue_new(&queue, 5), ERR_OK);
    assert_true(id_queue_put(&queue, 7));
    assert_true(id_queue_put(&queue, 3));
    assert_true(id_queue_put(&queue, 7));
    assert_int_equal(id_queue_take(&queue), 7);
    assert_int_equal(id_queue_take(&queue), 3);
    assert_int_equal(id_queue_take(&queue), 0);
    assert_true(id_queue_put(&queue, 7));
    assert_int_equal(id_queue_take(&queue), 7);
    id_queue_release(&queue);
}

static void a_full_queue_refuses_but_knows_those_that_wait(void **state)
{
    (void)state;
    struct id_queue queue;
    assert_int_equal(id_queue_new(&queue, 4), ERR_OK);
    for (int64_t id = 1; id <= 4; id++)
        assert_true(id_queue_put(&queue, id));
    assert_false(id_queue_put(&queue, 5));
    assert_true(id_queue_put(&queue, 3));
    assert_int_equal(id_queue_take(&queue), 1);
    assert_true(id_queue_put(&queue, 5));
    id_queue_release(&queue);
}

enum { IDS = 200, TURNS = 20000, ROOM = 64 };

/* Against the plainest thing that could be right. */
static void any_sequence_is_as_a_list_would_have_it(void **state)
{
    (void)state;
    struct id_queue queue;
    int64_t list[ROOM];
    size_t count = 0;
    unsigned seed = 20260101;
    assert_int_equal(id_queue_new(&queue, ROOM), ERR_OK);
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t id = 1 + rand_r(&seed) % IDS;
        size_t at = 0;
        if (rand_r(&seed) % 5 < 2) {
            assert_int_equal(id_queue_take(&queue), count == 0 ? 0 : list[0]);
            if (count > 0)
                memmove(list, list + 1, --count * sizeof *list);
            continue;
        }
        while (at < count && list[at] != id)
            at++;
        assert_int_equal(id_queue_put(&queue, id), at < count || count < ROOM);
        if (at == count && count < ROOM)
            list[count++] = id;
        assert_int_equal(queue.count, count);
    }
    id_queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_out_in_order_and_once),
        cmocka_unit_test(a_full_queue_refuses_but_knows_those_that_wait),
        cmocka_unit_test(any_sequence_is_as_a_list_would_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
