/* test_breaker.c - what does not answer is left alone, and found out about later. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/breaker.h"

#include <pthread.h>
#include <unistd.h>

struct bench {
    struct clock clock;
    struct transport inner;
    int64_t now_ms;
    enum err err; /* what the provider comes to */
    volatile int sent;
    volatile bool hangs;
    struct breakers *breakers;
};

static struct bench *bench_of_clock(struct clock *clock)
{
    return (struct bench *)(void *)clock;
}

static int64_t bench_now(struct clock *clock)
{
    return bench_of_clock(clock)->now_ms;
}

static enum err inner_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct bench *bench =
        (struct bench *)(void *)((char *)transport - offsetof(struct bench, inner));
    (void)request;
    (void)is_change;
    (void)arena;
    (void)ret_reply;
    __atomic_add_fetch(&bench->sent, 1, __ATOMIC_SEQ_CST);
    while (bench->hangs)
        usleep(1000);
    *reterr_reason = "silence";
    return bench->err;
}

static void bench_begin(struct bench *bench)
{
    *bench = (struct bench){ .clock = { .now_ms = bench_now }, .inner = { .send = inner_send } };
    assert_int_equal(breakers_new(&bench->clock, NULL, NULL, &bench->breakers), ERR_OK);
}

static enum err ask_by(struct bench *bench, const char *name)
{
    struct breaker_transport way;
    struct arena arena = ARENA_INIT(1 << 20);
    struct request request = { .service = "ec2" };
    struct reply reply;
    const char *reason = NULL;
    breaker_wrap(bench->breakers, str_from(name), &bench->inner, &way);
    enum err err = way.transport.send(&way.transport, &request, false, &arena, &reply, &reason);
    arena_release(&arena);
    return err;
}

static void after_so_many_silences_nothing_is_sent_for_a_while(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench);
    bench.err = ERR_TRANSPORT;
    for (int at = 0; at < BREAKER_FAILURES_MAX; at++)
        assert_int_equal(ask_by(&bench, "aws"), ERR_TRANSPORT);
    assert_int_equal(ask_by(&bench, "aws"), ERR_REFUSED);
    assert_int_equal(bench.sent, BREAKER_FAILURES_MAX);
    bench.now_ms += BREAKER_FIRST_MS;
    bench.err = ERR_OK;
    assert_int_equal(ask_by(&bench, "aws"), ERR_OK);
    assert_int_equal(ask_by(&bench, "aws"), ERR_OK);
    breakers_free(bench.breakers);
}

static void each_time_that_it_is_still_silent_the_while_grows(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench);
    bench.err = ERR_TRANSPORT;
    for (int at = 0; at < BREAKER_FAILURES_MAX; at++)
        assert_int_equal(ask_by(&bench, "aws"), ERR_TRANSPORT);
    bench.now_ms += BREAKER_FIRST_MS;
    assert_int_equal(ask_by(&bench, "aws"), ERR_TRANSPORT);
    bench.now_ms += BREAKER_FIRST_MS;
    assert_int_equal(ask_by(&bench, "aws"), ERR_REFUSED);
    bench.now_ms += BREAKER_FIRST_MS;
    assert_int_equal(ask_by(&bench, "aws"), ERR_TRANSPORT);
    breakers_free(bench.breakers);
}

static void another_connection_is_not_concerned(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench);
    bench.err = ERR_TRANSPORT;
    for (int at = 0; at <= BREAKER_FAILURES_MAX; at++)
        (void)ask_by(&bench, "aws 111122223333");
    bench.err = ERR_OK;
    assert_int_equal(ask_by(&bench, "aws 111122223333"), ERR_REFUSED);
    assert_int_equal(ask_by(&bench, "aws 444455556666"), ERR_OK);
    breakers_free(bench.breakers);
}

static void no_credentials_say_nothing_of_the_provider(void **state)
{
    (void)state;
    struct bench bench;
    bench_begin(&bench);
    bench.err = ERR_CREDENTIALS;
    for (int at = 0; at < 3 * BREAKER_FAILURES_MAX; at++)
        assert_int_equal(ask_by(&bench, "aws"), ERR_CREDENTIALS);
    breakers_free(bench.breakers);
}

static void *ask_in_thread(void *self)
{
    (void)ask_by(self, "aws");
    return NULL;
}

/* Those that hang are so many at most; once one was silent, others are refused at once. */
static void a_provider_that_hangs_never_has_all_threads(void **state)
{
    (void)state;
    struct bench bench;
    pthread_t threads[BREAKER_IN_FLIGHT_MAX];
    bench_begin(&bench);
    bench.err = ERR_TRANSPORT;
    assert_int_equal(ask_by(&bench, "aws"), ERR_TRANSPORT);
    bench.hangs = true;
    for (int at = 0; at < BREAKER_IN_FLIGHT_MAX; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, ask_in_thread, &bench), 0);
    while (bench.sent < 1 + BREAKER_IN_FLIGHT_MAX)
        usleep(1000);
    assert_int_equal(ask_by(&bench, "aws"), ERR_REFUSED);
    assert_int_equal(bench.sent, 1 + BREAKER_IN_FLIGHT_MAX);
    bench.hangs = false;
    for (int at = 0; at < BREAKER_IN_FLIGHT_MAX; at++)
        pthread_join(threads[at], NULL);
    breakers_free(bench.breakers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_so_many_silences_nothing_is_sent_for_a_while),
        cmocka_unit_test(each_time_that_it_is_still_silent_the_while_grows),
        cmocka_unit_test(another_connection_is_not_concerned),
        cmocka_unit_test(no_credentials_say_nothing_of_the_provider),
        cmocka_unit_test(a_provider_that_hangs_never_has_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
