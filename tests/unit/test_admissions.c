/* test_admissions.c - the counts of limits: exact, fast, and one place for one of two. */
#include "store_fixture.h"

#include "store/admissions.h"
#include "store/sqlite_private.h"

#include <sys/wait.h>

enum { HOUR_MS = 60 * 60 * 1000, MANY = 1000000, RACERS = 2, PLACES = 20, TARGETS = 50 };

static const struct limit_code in_an_hour = {
    .scope = LIMIT_ACTION, .targets = PLACES, .window_ms = HOUR_MS
};

static struct admission admission_of(struct arena *arena, int number, int64_t at_ms)
{
    const char *target = arena_format(arena, "role/%d", number);
    assert_non_null(target);
    return (struct admission){ .at_ms = at_ms,
        .rule = STR("ransomware"),
        .rule_id = STR("5c1d"),
        .builtin = STR("isolate_role"),
        .provider = STR("aws"),
        .account = STR("111122223333"),
        .target = str_from(target) };
}

static uint64_t count_of(
    struct store *store, const struct limit_code *limit, const struct admission *admission)
{
    uint64_t targets;
    assert_int_equal(admissions_count(store, limit, admission, &targets), ERR_OK);
    return targets;
}

static void the_account_of_an_identity_is_that_of_its_arn_or_all_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *identity;
        const char *account;
    } cases[] = {
        { "arn:aws:sts::111122223333:assumed-role/ir/cdr", "111122223333" },
        { "arn:aws-cn:iam::444455556666:root", "444455556666" },
        { "arn:aws:s3:::bucket", "arn:aws:s3:::bucket" },
        { "arn:aws:iam", "arn:aws:iam" },
        { "arn:", "arn:" },
        { "11112222-3333-4444-5555-666677778888", "11112222-3333-4444-5555-666677778888" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(str_is(admission_account(str_from(cases[i].identity)), cases[i].account));
}

static void a_count_stops_at_its_limit_and_leaves_the_asker_out(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    bool has;
    for (int i = 0; i < PLACES + 5; i++) {
        struct admission admission = admission_of(&f.arena, i, 1000);
        assert_int_equal(
            count_of(f.store, &in_an_hour, &admission), i < PLACES ? (uint64_t)i : PLACES);
        assert_int_equal(admissions_has(f.store, &in_an_hour, &admission, &has), ERR_OK);
        assert_false(has);
        assert_int_equal(admissions_add(f.store, &admission), ERR_OK);
        assert_int_equal(admissions_add(f.store, &admission), ERR_OK);
        assert_int_equal(admissions_has(f.store, &in_an_hour, &admission, &has), ERR_OK);
        assert_true(has);
    }
    struct admission first = admission_of(&f.arena, 0, 1000 + HOUR_MS - 1);
    struct limit_code wide = in_an_hour;
    wide.targets = UINT64_MAX;
    assert_int_equal(count_of(f.store, &wide, &first), PLACES + 4);
    first.at_ms++;
    assert_int_equal(count_of(f.store, &wide, &first), 0);
    assert_int_equal(admissions_has(f.store, &wide, &first, &has), ERR_OK);
    assert_false(has);
}

/* Take a place when there is one, as the governor does. */
static bool take_place(struct store *store, const struct admission *admission)
{
    if (store_begin(store) != ERR_OK)
        _exit(100);
    uint64_t targets = UINT64_MAX;
    bool has = false;
    enum err err = admissions_has(store, &in_an_hour, admission, &has);
    if (err == ERR_OK && !has)
        err = admissions_count(store, &in_an_hour, admission, &targets);
    bool is_room = has || targets < in_an_hour.targets;
    if (err == ERR_OK && is_room)
        err = admissions_add(store, admission);
    if (err != ERR_OK || store_commit(store) != ERR_OK)
        _exit(101);
    return is_room;
}

/* A process that wants TARGETS of its own; it ends with the number of those it got. */
static pid_t racer_new(struct fixture *f, int number)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    const char *reason;
    struct arena arena = { 0 };
    struct store *store;
    int got = 0;
    if (store_open_beside(f->directory, &arena, &store, &reason) != ERR_OK)
        _exit(102);
    for (int i = 0; i < TARGETS; i++) {
        struct admission admission = admission_of(&arena, number * TARGETS + i, 1000);
        got += take_place(store, &admission);
    }
    store_close(store);
    arena_release(&arena);
    _exit(got);
}

static void processes_that_race_take_exactly_the_places_there_are(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    pid_t racers[RACERS];
    int got = 0;
    for (int i = 0; i < RACERS; i++)
        racers[i] = racer_new(&f, i);
    for (int i = 0; i < RACERS; i++) {
        int status;
        assert_int_equal(waitpid(racers[i], &status, 0), racers[i]);
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) <= PLACES);
        got += WEXITSTATUS(status);
    }
    assert_int_equal(got, PLACES);
    struct limit_code wide = in_an_hour;
    wide.targets = UINT64_MAX;
    struct admission nobody = admission_of(&f.arena, -1, 1000);
    assert_int_equal(count_of(f.store, &wide, &nobody), PLACES);
}

/* Places are taken, windows move on and back, targets come again: what is known without counting
 * says what the count says. */
static void room_that_is_known_is_the_room_that_a_count_finds(void **state)
{
    (void)state;
    enum { STEPS = 4000, WINDOW_MS = 60 * 1000, KINDS = 3 };
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    static const enum limit_scope scopes[KINDS] = { LIMIT_RULE, LIMIT_ACTION, LIMIT_PROVIDER };
    unsigned chance = 7;
    int64_t now_ms = 1000000;
    unsigned had = 0;
    assert_int_equal(store_begin(f.store), ERR_OK);
    for (int i = 0; i < STEPS; i++) {
        chance = chance * 1103515245 + 12345;
        struct limit_code limit = { .scope = scopes[(chance >> 8) % KINDS],
            .targets = 1 + (chance >> 12) % (2 * PLACES),
            .window_ms = (chance >> 20) % 2 == 0 ? WINDOW_MS : WINDOW_MS / 2 };
        now_ms += (chance >> 16) % 4000;
        if (i % 500 == 499) /* a clock that was set back */
            now_ms -= WINDOW_MS;
        struct admission admission = admission_of(&f.arena, (int)((chance >> 10) % 100), now_ms);
        bool has_room;
        assert_int_equal(admissions_room(f.store, &limit, &admission, &has_room), ERR_OK);
        assert_int_equal(has_room, count_of(f.store, &limit, &admission) < limit.targets);
        if (has_room && i % 3 > 0)
            assert_int_equal(admissions_add(f.store, &admission), ERR_OK);
        had += has_room;
    }
    assert_int_equal(store_commit(f.store), ERR_OK);
    assert_in_range(had, STEPS / 10, STEPS - STEPS / 10); /* both were asked for */
}

/* What SQLite did: instructions of its machine, in thousands. */
static int count_thousand(void *told)
{
    ++*(uint32_t *)told;
    return 0;
}

static void watch(struct store *store, uint32_t *told)
{
    *told = 0;
    sqlite3_progress_handler(store->db, 1000, count_thousand, told);
}

/* What was admitted before the window is behind the end of the index: a scan of the table takes
 * thousands of thousands of instructions. */
static void a_million_old_admissions_cost_a_count_nothing(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct store *store;
    const char *reason;
    uint32_t thousands = 0;
    enum { COUNTS = 200, MOST = COUNTS * 5 };
    assert_int_equal(store_open_memory(&arena, &store, &reason), ERR_OK);
    watch(store, &thousands);
    assert_int_equal(
        store_exec(store,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
            " INSERT INTO admission (scope, key, target, account, provider, at_ms)"
            " SELECT 'action', 'isolate_role', 'old/' || i, '111122223333', 'aws', i FROM n"),
        ERR_OK);
    assert_true(thousands > MOST); /* it does count */
    for (int i = 0; i < PLACES / 2; i++) {
        struct admission admission = admission_of(&arena, i, MANY + HOUR_MS);
        assert_int_equal(admissions_add(store, &admission), ERR_OK);
    }
    struct admission asker = admission_of(&arena, -1, MANY + HOUR_MS);
    watch(store, &thousands);
    for (int i = 0; i < COUNTS; i++)
        assert_int_equal(count_of(store, &in_an_hour, &asker), PLACES / 2);
    assert_true(thousands < MOST);
    /* A window far below its limit is counted once, and not for each that is added. */
    struct limit_code wide = {
        .scope = LIMIT_ACTION, .targets = UINT32_MAX, .window_ms = INT32_MAX
    };
    watch(store, &thousands);
    for (int i = 0; i < COUNTS; i++) {
        bool has_room;
        assert_int_equal(admissions_room(store, &wide, &asker, &has_room), ERR_OK);
        assert_true(has_room);
        assert_int_equal(admissions_add(store, &asker), ERR_OK);
    }
    assert_true(thousands < 40 * MOST); /* a count of all is 16 of them */
    /* A full window ends at the limit, however many are in it. */
    asker.at_ms = HOUR_MS;
    watch(store, &thousands);
    for (int i = 0; i < COUNTS; i++)
        assert_int_equal(count_of(store, &in_an_hour, &asker), PLACES);
    assert_true(thousands < MOST);
    store_close(store);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_account_of_an_identity_is_that_of_its_arn_or_all_of_it),
        cmocka_unit_test(a_count_stops_at_its_limit_and_leaves_the_asker_out),
        cmocka_unit_test(processes_that_race_take_exactly_the_places_there_are),
        cmocka_unit_test(room_that_is_known_is_the_room_that_a_count_finds),
        cmocka_unit_test(a_million_old_admissions_cost_a_count_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
