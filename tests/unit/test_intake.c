/* test_intake.c - what the intake answers with ERR_OK is on disk, whatever happens in between. */
#include "store_fixture.h"

#include "daemon/intake.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { SENDERS = 8, SENT = 200, BATCHES = 40 };

/* An intake over the store of a fixture, and what it told. */
struct world {
    struct fixture f;
    struct intake *intake;
    atomic_uint arrivals;
    atomic_uint commits;
    atomic_uint answers;
    atomic_uint acknowledged;
};

static void arrived(void *self)
{
    atomic_fetch_add(&((struct world *)self)->arrivals, 1);
}

static int count_commit(void *self)
{
    atomic_fetch_add(&((struct world *)self)->commits, 1);
    return 0;
}

static void world_begin_with(struct world *world, uint64_t queue_bytes_max)
{
    world->f = fixture_new();
    sqlite3_commit_hook(world->f.store->db, count_commit, world);
    const struct intake_options options = { world->f.store, arrived, world, queue_bytes_max, NULL };
    assert_int_equal(intake_start(&options, &world->intake), ERR_OK);
}

static void world_begin(struct world *world)
{
    world_begin_with(world, 0);
}

static void world_release(struct world *world)
{
    intake_stop(world->intake);
    fixture_release(&world->f);
}

/* A batch of one alert, with the memory that it needs. */
struct letter {
    struct intake_batch batch;
    struct alert_record alert;
    char text[32];
    struct world *world;
    enum err err;
    atomic_bool is_answered;
};

static void letter_done(struct intake_batch *batch, enum err err)
{
    struct letter *letter = batch->self;
    letter->err = err;
    atomic_fetch_add(&letter->world->answers, 1);
    atomic_fetch_add(&letter->world->acknowledged, err == ERR_OK ? 1 : 0);
    atomic_store(&letter->is_answered, true);
}

static void letter_write(struct letter *letter, struct world *world, unsigned number)
{
    *letter = (struct letter){ .world = world };
    snprintf(letter->text, sizeof letter->text, "{\"n\":%u}", number);
    letter->alert = (struct alert_record){
        .way = STR("webhook w"), .text = str_from(letter->text), .received_ms = 1000 + number
    };
    letter->batch = (struct intake_batch){ .alerts = &letter->alert,
        .count = 1,
        .way = STR("webhook w"),
        .done = letter_done,
        .self = letter };
}

static void letter_await(struct letter *letter)
{
    for (int i = 0; i < 20000 && !atomic_load(&letter->is_answered); i++)
        usleep(1000);
    assert_true(atomic_load(&letter->is_answered));
}

static enum err letter_put(struct letter *letter, struct world *world, unsigned number)
{
    letter_write(letter, world, number);
    return intake_put(world->intake, &letter->batch);
}

static int64_t alerts_of(struct world *world)
{
    uint64_t counts[ALERT_STATE_COUNT];
    assert_int_equal(alerts_count(world->f.store, counts), ERR_OK);
    return (int64_t)counts[ALERT_WAITING];
}

struct sender {
    struct world *world;
    unsigned number;
    atomic_uint failures;
};

/* Each alert is sent by two of the senders. */
static void *send_many(void *self)
{
    struct sender *sender = self;
    for (unsigned i = 0; i < SENT; i++) {
        struct letter letter;
        unsigned number = sender->number / 2 * SENT + i;
        enum err err = letter_put(&letter, sender->world, number);
        if (err != ERR_OK || letter.alert.id == 0)
            atomic_fetch_add(&sender->failures, 1);
    }
    return NULL;
}

static void many_senders_bring_each_alert_once(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct sender senders[SENDERS] = { 0 };
    pthread_t threads[SENDERS];
    world_begin(&world);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .world = &world, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &senders[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failures, 0);
    }
    assert_int_equal(alerts_of(&world), SENDERS / 2 * SENT);
    struct alert_record *alerts;
    size_t count;
    assert_int_equal(
        alerts_list(world.f.store, &(struct alert_filter){ 0 }, &world.f.arena, &alerts, &count),
        ERR_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(alerts[i].copies, 1);
    assert_true(world.arrivals > 0);
    assert_true(world.commits <= SENDERS * SENT);
}

static void what_waits_is_one_commit_and_a_bad_batch_fails_alone(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letters[BATCHES];
    struct letter opener;
    str cursor;
    world_begin(&world);
    assert_int_equal(store_begin(world.f.store), ERR_OK); /* nobody else writes now */
    letter_write(&opener, &world, 999);
    assert_int_equal(intake_submit(world.intake, &opener.batch), ERR_OK);
    usleep(20000); /* the first may be taken alone */
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_write(&letters[i], &world, i);
        letters[i].batch.message = STR("m-1");
        letters[i].batch.message_digest = i % 4 == 3 ? STR("other") : STR("body");
        if (i % 4 == 1)
            letters[i].batch.message = STR("");
        letters[i].batch.cursor = i == 8 ? STR("page 8") : STR("");
        assert_int_equal(intake_submit(world.intake, &letters[i].batch), ERR_OK);
    }
    assert_int_equal(store_commit(world.f.store), ERR_OK);
    for (unsigned i = 0; i < BATCHES; i++)
        letter_await(&letters[i]);
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_int_equal(letters[i].err, i % 4 == 3 ? ERR_INVALID : ERR_OK);
        assert_int_equal(letters[i].batch.is_known, i % 4 != 3 && i % 4 != 1 && i > 0);
        assert_int_equal(letters[i].alert.id != 0, i == 0 || i % 4 == 1);
    }
    assert_int_equal(alerts_of(&world), 1 + 1 + BATCHES / 4);
    assert_in_range(world.commits, 2, 3);
    assert_int_equal(cursors_get(world.f.store, STR("webhook w"), &world.f.arena, &cursor), ERR_OK);
    assert_true(str_equal(cursor, STR("page 8")));
}

static enum err message_put(struct letter *letter, struct world *world, unsigned number)
{
    letter_write(letter, world, number);
    letter->batch.message = STR("m-1");
    letter->batch.message_digest = STR("body");
    assert_int_equal(intake_submit(world->intake, &letter->batch), ERR_OK);
    letter_await(letter);
    return letter->err;
}

static void a_message_that_comes_again_is_answered_with_the_first_numbers(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter first;
    struct letter again;
    uint64_t forgotten = 0;
    world_begin(&world);
    assert_int_equal(message_put(&first, &world, 1), ERR_OK);
    assert_int_equal(message_put(&again, &world, 1), ERR_OK);
    assert_true(again.batch.is_known);
    assert_int_equal(again.alert.id, first.alert.id);
    assert_int_equal(again.alert.copies, 1);
    assert_int_equal(message_put(&again, &world, 1), ERR_OK);
    assert_int_equal(again.alert.copies, 2);
    assert_int_equal(world.arrivals, 1);
    /* The message is kept longer than its alert, and does not bring it back. */
    struct alert_record done = { .id = first.alert.id,
        .source = STR("s"),
        .name = STR("n"),
        .program_hash = STR("p"),
        .evaluated_ms = 1 };
    assert_int_equal(alerts_try(world.f.store, done.id), ERR_OK);
    assert_int_equal(alerts_evaluated(world.f.store, &done), ERR_OK);
    assert_int_equal(alerts_forget(world.f.store, INT64_MAX, 10, &forgotten), ERR_OK);
    assert_int_equal(forgotten, 1);
    assert_int_equal(message_put(&again, &world, 1), ERR_OK);
    assert_true(again.batch.is_known);
    assert_int_equal(again.alert.id, 0);
    assert_int_equal(alerts_of(&world), 0);
}

static void a_known_alert_is_answered_with_its_first_number_and_arrives_once(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter first;
    struct letter again;
    world_begin(&world);
    assert_int_equal(letter_put(&first, &world, 1), ERR_OK);
    assert_int_equal(letter_put(&again, &world, 1), ERR_OK);
    assert_int_equal(again.alert.id, first.alert.id);
    assert_int_equal(again.alert.copies, 1);
    assert_int_equal(first.alert.copies, 0);
    assert_int_equal(world.arrivals, 1);
}

static void what_waits_has_a_ceiling_and_is_never_dropped(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letters[BATCHES];
    unsigned taken = 0;
    world_begin_with(&world, (uint64_t)8 * 1024);
    assert_int_equal(store_begin(world.f.store), ERR_OK);
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_write(&letters[i], &world, i);
        enum err err = intake_submit(world.intake, &letters[i].batch);
        assert_true(err == ERR_OK || err == ERR_LIMIT);
        if (err == ERR_OK)
            taken++;
        else
            atomic_store(&letters[i].is_answered, true);
    }
    assert_in_range(taken, 1, 8);
    store_rollback(world.f.store);
    for (unsigned i = 0; i < BATCHES; i++)
        letter_await(&letters[i]);
    assert_int_equal(world.acknowledged, taken);
    assert_int_equal(alerts_of(&world), taken);
    assert_int_equal(letter_put(&letters[0], &world, 500), ERR_OK); /* there is room again */

    char *text = calloc(1, 100 * 1024); /* larger than all that may wait, and alone */
    assert_non_null(text);
    letter_write(&letters[0], &world, 501);
    letters[0].alert.text = (str){ text, (size_t)100 * 1024 };
    assert_int_equal(intake_put(world.intake, &letters[0].batch), ERR_OK);
    free(text);
}

static void on_a_full_disk_nothing_is_acknowledged_and_it_goes_on_when_there_is_room(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct rlimit before;
    struct letter letter;
    unsigned acknowledged = 0;
    unsigned refused = 0;
    world_begin(&world);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = { (rlim_t)200 * 1024, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (unsigned i = 0; i < 200; i++) {
        enum err err = letter_put(&letter, &world, i);
        assert_true(err == ERR_OK || err == ERR_STORE);
        acknowledged += err == ERR_OK ? 1 : 0;
        refused += err == ERR_OK ? 0 : 1;
        if (err != ERR_OK)
            assert_int_equal(letter.alert.id, 0);
    }
    assert_true(refused > 0);
    assert_int_equal(intake_state(world.intake), ERR_STORE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    for (int i = 0; i < 500 && intake_state(world.intake) != ERR_OK; i++)
        usleep(10000);
    assert_int_equal(intake_state(world.intake), ERR_OK); /* nothing came in meanwhile */
    assert_int_equal(alerts_of(&world), acknowledged);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(letter_put(&letter, &world, i), ERR_OK);
    assert_int_equal(alerts_of(&world), 200);
    intake_stop(world.intake);
    world.intake = NULL;
    reopen(&world.f);
    integrity(&world.f);
    assert_int_equal(alerts_of(&world), 200);
}

static void a_store_that_another_process_keeps_busy_is_told_to_all_at_once(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letters[BATCHES];
    char path[120];
    sqlite3 *other;
    world_begin(&world);
    snprintf(path, sizeof path, "%s/journal.db", world.f.directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_busy_timeout(world.f.store->db, 200);
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_write(&letters[i], &world, i);
        assert_int_equal(intake_submit(world.intake, &letters[i].batch), ERR_OK);
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_await(&letters[i]);
        assert_int_equal(letters[i].err, ERR_BUSY);
    }
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(letter_put(&letters[0], &world, 0), ERR_OK);
    assert_int_equal(alerts_of(&world), 1);
}

static void a_batch_that_cannot_be_written_does_not_fail_the_others(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letters[BATCHES];
    world_begin(&world);
    assert_int_equal(store_begin(world.f.store), ERR_OK);
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_write(&letters[i], &world, i);
        if (i == 7)
            letters[i].alert.way = STR(""); /* the table refuses it */
        assert_int_equal(intake_submit(world.intake, &letters[i].batch), ERR_OK);
    }
    assert_int_equal(store_commit(world.f.store), ERR_OK);
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_await(&letters[i]);
        assert_int_equal(letters[i].err, i == 7 ? ERR_STORE : ERR_OK);
    }
    assert_int_equal(alerts_of(&world), BATCHES - 1);
    assert_int_equal(intake_state(world.intake), ERR_OK);
}

static void *stop(void *self)
{
    intake_stop(((struct world *)self)->intake);
    return NULL;
}

static void stopping_writes_and_answers_what_was_taken_and_takes_no_more(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letters[BATCHES];
    struct letter late;
    pthread_t stopper;
    enum err err = ERR_OK;
    world_begin(&world);
    assert_int_equal(store_begin(world.f.store), ERR_OK);
    for (unsigned i = 0; i < BATCHES; i++) {
        letter_write(&letters[i], &world, i);
        assert_int_equal(intake_submit(world.intake, &letters[i].batch), ERR_OK);
    }
    assert_int_equal(pthread_create(&stopper, NULL, stop, &world), 0);
    unsigned extra = 0;
    static struct letter extras[5000];
    for (; err == ERR_OK && extra < COUNT_OF(extras); extra++) {
        letter_write(&extras[extra], &world, 1000 + extra);
        err = intake_submit(world.intake, &extras[extra].batch);
        usleep(1000);
    }
    assert_int_equal(err, ERR_STOPPED);
    letter_write(&late, &world, 1);
    assert_int_equal(intake_put(world.intake, &late.batch), ERR_STOPPED);
    assert_int_equal(store_commit(world.f.store), ERR_OK);
    pthread_join(stopper, NULL);
    world.intake = NULL;
    assert_int_equal(world.acknowledged, BATCHES + extra - 1);
    assert_int_equal(alerts_of(&world), BATCHES + extra - 1);
}

static void die(struct intake_batch *batch, enum err err)
{
    (void)batch;
    _exit(err == ERR_OK ? 7 : 8);
}

static void who_is_killed_before_it_answers_has_it_on_disk_and_is_sent_it_again(void **state)
{
    (void)state;
    CLEANUP(world_release) struct world world = { 0 };
    struct letter letter;
    int status = 0;
    world.f = fixture_new();
    store_close(world.f.store);
    world.f.store = NULL;
    pid_t child = fork();
    if (child == 0) {
        const struct intake_options options = { .store = NULL };
        struct intake_options given = options;
        reopen(&world.f);
        given.store = world.f.store;
        if (intake_start(&given, &world.intake) != ERR_OK)
            _exit(9);
        letter_write(&letter, &world, 1);
        letter.batch.done = die;
        if (intake_submit(world.intake, &letter.batch) == ERR_OK)
            pause();
        _exit(9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    reopen(&world.f);
    const struct intake_options options = { .store = world.f.store };
    assert_int_equal(intake_start(&options, &world.intake), ERR_OK);
    assert_int_equal(alerts_of(&world), 1);
    assert_int_equal(letter_put(&letter, &world, 1), ERR_OK);
    assert_int_equal(letter.alert.id, 1);
    assert_int_equal(letter.alert.copies, 1);
    assert_int_equal(alerts_of(&world), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_senders_bring_each_alert_once),
        cmocka_unit_test(what_waits_is_one_commit_and_a_bad_batch_fails_alone),
        cmocka_unit_test(a_message_that_comes_again_is_answered_with_the_first_numbers),
        cmocka_unit_test(a_known_alert_is_answered_with_its_first_number_and_arrives_once),
        cmocka_unit_test(what_waits_has_a_ceiling_and_is_never_dropped),
        cmocka_unit_test(on_a_full_disk_nothing_is_acknowledged_and_it_goes_on_when_there_is_room),
        cmocka_unit_test(a_store_that_another_process_keeps_busy_is_told_to_all_at_once),
        cmocka_unit_test(a_batch_that_cannot_be_written_does_not_fail_the_others),
        cmocka_unit_test(stopping_writes_and_answers_what_was_taken_and_takes_no_more),
        cmocka_unit_test(who_is_killed_before_it_answers_has_it_on_disk_and_is_sent_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
