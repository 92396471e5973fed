/* bench_intake.c - how fast alerts become durable, against SQLite itself on the same disk.
 *
 *     bench_intake DIRECTORY
 *
 * Bulk: batches of many alerts, one sender. Single: batches of one, from 32 senders, which share
 * commits. Each is held against SQLite alone: one thread that writes the same texts in transactions
 * of the same size, WAL and synchronous=FULL, into a table that knows a text again (by a hash that is
 * there already), and into one without any index. They take turns; the medians of the ratios count,
 * of the first against a limit. Ends with 1 when it is passed.
 */
#include "daemon/intake.h"
#include "store/sqlite_private.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 5, BULK = 4000, BULK_BATCHES = 10, SENDERS = 32, SENT = 250, TEXT_BYTES = 1500 };

#define BULK_LIMIT 2.0
#define SINGLE_LIMIT 2.0

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_intake: %s failed\n", what);
    exit(2);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A text like an alert's, which no other is. */
static void text_make(char text[static TEXT_BYTES], unsigned number)
{
    int at = snprintf(text, TEXT_BYTES, "{\"id\":\"alert-%08u\",\"detail\":\"", number);
    for (; at < TEXT_BYTES - 2; at++)
        text[at] = (char)('a' + (at * 7 + (int)number) % 26);
    text[TEXT_BYTES - 2] = '"';
    text[TEXT_BYTES - 1] = '}';
}

struct bench {
    struct intake *intake;
    unsigned commits;
};

static int count_commit(void *self)
{
    ((struct bench *)self)->commits++;
    return 0;
}

static struct store *store_new(struct bench *bench, const char *directory, struct arena *arena)
{
    struct store *store = NULL;
    const char *reason = NULL;
    must(store_open(directory, arena, &store, &reason) == ERR_OK, "opening a journal");
    sqlite3_commit_hook(store->db, count_commit, bench);
    must(intake_start(&(struct intake_options){ .store = store }, &bench->intake) == ERR_OK,
        "starting the intake");
    return store;
}

static void put(struct bench *bench, struct alert_record *alerts, size_t count)
{
    struct intake_batch batch = { .alerts = alerts, .count = count, .way = STR("webhook bench") };
    must(intake_put(bench->intake, &batch) == ERR_OK, "storing alerts");
}

/* Seconds for BULK_BATCHES batches of BULK. */
static double bulk_intake(struct bench *bench, char (*texts)[TEXT_BYTES])
{
    struct alert_record *alerts = calloc(BULK, sizeof *alerts);
    must(alerts != NULL, "memory");
    double begin = seconds_now();
    for (unsigned batch = 0; batch < BULK_BATCHES; batch++) {
        for (unsigned i = 0; i < BULK; i++)
            alerts[i] = (struct alert_record){ .way = STR("webhook bench"),
                .text = { texts[batch * BULK + i], TEXT_BYTES },
                .received_ms = 1 };
        put(bench, alerts, BULK);
    }
    free(alerts);
    return seconds_now() - begin;
}

struct sender {
    struct bench *bench;
    char (*texts)[TEXT_BYTES];
};

static void *send_singly(void *self)
{
    const struct sender *sender = self;
    for (unsigned i = 0; i < SENT; i++) {
        struct alert_record alert = {
            .way = STR("webhook bench"), .text = { sender->texts[i], TEXT_BYTES }, .received_ms = 1
        };
        put(sender->bench, &alert, 1);
    }
    return NULL;
}

static double single_intake(struct bench *bench, char (*texts)[TEXT_BYTES])
{
    pthread_t threads[SENDERS];
    struct sender senders[SENDERS];
    double begin = seconds_now();
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ bench, texts + (size_t)i * SENT };
        must(pthread_create(&threads[i], NULL, send_singly, &senders[i]) == 0, "a thread");
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    return seconds_now() - begin;
}

/* A table of SQLite alone, and how a text gets into it. */
struct table {
    const char *create;
    const char *insert; /* ?1 the text, ?2 its hash */
};

static const struct table keyed = {
    "CREATE TABLE t (id INTEGER PRIMARY KEY, way TEXT, at INTEGER, hash BLOB UNIQUE, text BLOB)",
    "INSERT INTO t (way, at, text, hash) VALUES ('webhook bench', 1, ?1, ?2)"
    " ON CONFLICT DO NOTHING",
};
static const struct table bare = {
    "CREATE TABLE t (id INTEGER PRIMARY KEY, way TEXT, at INTEGER, text BLOB)",
    "INSERT INTO t (way, at, text) VALUES ('webhook bench', 1, ?1)",
};

/* What stands in for a hash: 32 bytes in no order. */
static void hash_make(uint64_t hash[static 4], unsigned number)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t mixed = ((uint64_t)number * 4 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        hash[i] = (mixed ^ (mixed >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    }
}

static void insert_one(sqlite3_stmt *insert, const char *text, unsigned number)
{
    uint64_t hash[4];
    hash_make(hash, number);
    sqlite3_bind_blob(insert, 1, text, TEXT_BYTES, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(insert) > 1)
        sqlite3_bind_blob(insert, 2, hash, sizeof hash, SQLITE_STATIC);
    must(sqlite3_step(insert) == SQLITE_DONE, "INSERT");
    sqlite3_reset(insert);
}

static void execute(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

/* Seconds for `count` texts in `transactions` of one size each, by SQLite alone. */
static double alone(const struct table *table, const char *directory, char (*texts)[TEXT_BYTES],
    unsigned count, unsigned transactions)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *insert;
    snprintf(path, sizeof path, "%s/plain.db", directory);
    must(sqlite3_open(path, &db) == SQLITE_OK, "opening a database");
    execute(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    execute(db, table->create);
    must(sqlite3_prepare_v2(db, table->insert, -1, &insert, NULL) == SQLITE_OK, "preparing");
    double begin = seconds_now();
    for (unsigned at = 0, turn = 1; turn <= transactions; turn++) {
        execute(db, "BEGIN IMMEDIATE");
        for (; at < (uint64_t)count * turn / transactions; at++)
            insert_one(insert, texts[at], at);
        execute(db, "COMMIT");
    }
    double taken = seconds_now() - begin;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return taken;
}

static void files_remove(const char *directory)
{
    static const char *const names[] = { "plain.db", "plain.db-wal", "plain.db-shm", "j/journal.db",
        "j/journal.db-wal", "j/journal.db-shm", "j/lock", "j/audit.head", "j/audit.key", "j" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)remove(path);
    }
}

typedef double measured(struct bench *bench, char (*texts)[TEXT_BYTES]);

static int number_compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double numbers[static TURNS])
{
    qsort(numbers, TURNS, sizeof *numbers, number_compare);
    return numbers[TURNS / 2];
}

/* Seconds that the intake takes, and in how many commits. */
static double intake_seconds(
    measured *intake, const char *directory, char (*texts)[TEXT_BYTES], unsigned *ret_commits)
{
    struct arena arena = { 0 };
    struct bench bench = { 0 };
    char journal[300];
    snprintf(journal, sizeof journal, "%s/j", directory);
    struct store *store = store_new(&bench, journal, &arena);
    bench.commits = 0;
    double seconds = intake(&bench, texts);
    *ret_commits = bench.commits;
    intake_stop(bench.intake);
    store_close(store);
    arena_release(&arena);
    return seconds;
}

static bool compare(const char *what, measured *intake, const char *directory, unsigned count,
    char (*texts)[TEXT_BYTES], double limit)
{
    double seconds[TURNS];
    double to_keyed[TURNS];
    double to_bare[TURNS];
    unsigned commits = 0;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        files_remove(directory);
        seconds[turn] = intake_seconds(intake, directory, texts, &commits);
        to_keyed[turn] = seconds[turn] / alone(&keyed, directory, texts, count, commits);
        files_remove(directory);
        to_bare[turn] = seconds[turn] / alone(&bare, directory, texts, count, commits);
        files_remove(directory);
    }
    double ratio = median(to_keyed);
    printf("intake, %s: %.0f alerts/s in %u commits; time against SQLite alone: ratio %.2f, "
           "limit %.1f (%s); without a key %.2f\n",
        what, count / median(seconds), commits, ratio, limit, ratio <= limit ? "ok" : "MISSED",
        median(to_bare));
    return ratio <= limit;
}

int main(int argc, char **argv)
{
    must(argc == 2, "a directory as the one argument");
    char(*texts)[TEXT_BYTES] = calloc((size_t)BULK * BULK_BATCHES, TEXT_BYTES);
    must(texts != NULL, "memory");
    for (unsigned i = 0; i < BULK * BULK_BATCHES; i++)
        text_make(texts[i], i);
    bool is_good = compare("bulk", bulk_intake, argv[1], BULK * BULK_BATCHES, texts, BULK_LIMIT);
    is_good &= compare("single", single_intake, argv[1], SENDERS * SENT, texts, SINGLE_LIMIT);
    free(texts);
    return is_good ? 0 : 1;
}
