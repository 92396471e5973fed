/* Bring alerts in again and again, letting one allocation more succeed each time, until none fails:
 * of them one in STRIDE, or in the number that is the first argument.
 * What was answered with ERR_OK is in the journal, whatever failed; and when it is sent again all of
 * it is there, each once. */
#include "allocation.h"
#include "daemon/intake.h"
#include "scratch.h"
#include "store/store.h"

#include <stdlib.h>

enum { BATCHES = 3, ALERTS = 4 };

static void check(bool holds, const char *what, long number)
{
    if (holds)
        return;
    fprintf(stderr, "allocation %ld: %s\n", number, what);
    exit(1);
}

/* Some of it twice, with a message and a cursor. */
static enum err bring(struct intake *intake, unsigned number)
{
    static const char *const texts[BATCHES][ALERTS] = {
        { "{\"n\":1}", "{\"n\":2}", "{\"n\":1}", "{\"n\":3}" },
        { "{\"n\":4}", "{\"n\":5}", "{\"n\":6}", "{\"n\":7}" },
        { "{\"n\":7}", "{\"n\":8}", "{\"n\":9}", "{\"n\":8}" },
    };
    static const char *const messages[BATCHES] = { "m-1", "", "m-2" };
    struct alert_record alerts[ALERTS];
    for (unsigned i = 0; i < ALERTS; i++)
        alerts[i] = (struct alert_record){
            .way = STR("webhook w"), .text = str_from(texts[number][i]), .received_ms = 1
        };
    struct intake_batch batch = { .alerts = alerts,
        .count = ALERTS,
        .way = STR("webhook w"),
        .message = str_from(messages[number]),
        .message_digest = STR("d"),
        .cursor = str_from(messages[number]) };
    return intake_put(intake, &batch);
}

/* How many different alerts the batches up to now have, for each set of those that were answered. */
static uint64_t alerts_of(unsigned batches)
{
    bool is_middle = (batches & 2) != 0;
    bool is_last = (batches & 4) != 0;
    return ((batches & 1) != 0 ? 3U : 0U) + (is_middle ? 4U : 0U)
           + (is_last ? (is_middle ? 2U : 3U) : 0U);
}

static uint64_t stored(struct store *store, long number)
{
    uint64_t counts[ALERT_STATE_COUNT] = { 0 };
    check(alerts_count(store, counts) == ERR_OK, "the alerts cannot be counted", number);
    return counts[ALERT_WAITING];
}

static struct store *open_journal(const char *directory, struct arena *arena, long number)
{
    struct store *store = NULL;
    const char *reason = NULL;
    check(store_open(directory, arena, &store, &reason) == ERR_OK, "no journal", number);
    return store;
}

/* One life with a failure, and one without. Returns whether the failure came. */
static bool survives(long number, bool is_lasting)
{
    CLEANUP(scratch_release)
    struct scratch scratch = scratch_new_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = open_journal(scratch.path, &arena, number);
    struct intake *intake = NULL;
    check(intake_start(&(struct intake_options){ .store = store }, &intake) == ERR_OK, "no intake",
        number);
    unsigned answered = 0;
    allocation_fail(number, is_lasting);
    for (unsigned i = 0; i < BATCHES; i++) {
        enum err err = bring(intake, i);
        check(err == ERR_OK || err == ERR_MEMORY || err == ERR_STORE, err_text(err), number);
        answered |= err == ERR_OK ? 1U << i : 0U;
    }
    bool has_failed = allocation_heal();
    intake_stop(intake);
    store_close(store);
    check(has_failed || answered == (1U << BATCHES) - 1, "an error without a failure", number);
    store = open_journal(scratch.path, &arena, number);
    check(stored(store, number) >= alerts_of(answered), "what was answered is gone", number);
    check(intake_start(&(struct intake_options){ .store = store }, &intake) == ERR_OK, "no intake",
        number);
    for (unsigned i = 0; i < BATCHES; i++)
        check(bring(intake, i) == ERR_OK, "it could not be sent again", number);
    check(stored(store, number) == alerts_of((1U << BATCHES) - 1), "not each of them once", number);
    intake_stop(intake);
    store_close(store);
    return has_failed;
}

/* A prime, so that it falls in step with nothing that repeats. */
enum { STRIDE = 7 };

int main(int argc, char **argv)
{
    long stride = argc > 1 ? strtol(argv[1], NULL, 10) : STRIDE;
    allocation_libraries();
    for (int is_lasting = 0; stride > 0 && is_lasting < 2; is_lasting++) {
        long number = is_lasting; /* each sweep has others */
        while (survives(number, is_lasting != 0))
            number += stride;
        printf("ok %d - alerts come in, %s: %ld allocations, one in %ld\n", is_lasting + 1,
            is_lasting != 0 ? "all fail from one on" : "one fails", number, stride);
        fflush(stdout);
    }
    printf("1..2\n");
    return 0;
}
