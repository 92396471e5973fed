/* bench_http.c - sends alerts over HTTP as fast as they are taken, or gives the same to SQLite alone.
 *
 *     bench_http send PORT TOKEN SENDERS REQUESTS ALERTS FIRST
 *     bench_http alone DIRECTORY keyed|bare TRANSACTIONS ALERTS FIRST
 *
 * `send`: each sender posts REQUESTS requests of ALERTS alerts to /v1/alerts/guardduty on loopback, a
 * connection each, and waits for each 202, again after a 503. `alone`: one thread writes the same texts in TRANSACTIONS
 * of ALERTS each, WAL and synchronous=FULL, into a table that knows a text again by a hash that is
 * there already, or into one without any index. The alerts are numbered from FIRST on, and fire no
 * rule. Prints the seconds that it took; ends with 1 when something was not taken.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 1500,
    HEAD_BYTES = 512,
    ANSWER_BYTES = 64 * 1024,
    SENDERS_MAX = 64,
    AGAIN_MS = 50,
    TRIES_MAX = 200,
};

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_http: %s failed\n", what);
    exit(1);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A finding as EventBridge hands it on, with a newline at its end; no other is like it. */
static void text_make(char text[static TEXT_BYTES], unsigned number)
{
    int at = snprintf(text, TEXT_BYTES,
        "{\"version\":\"0\",\"id\":\"bench-%08u\",\"detail-type\":\"GuardDuty Finding\","
        "\"source\":\"aws.guardduty\",\"account\":\"111122223333\",\"time\":\"2026-01-05T10:05:"
        "12Z\","
        "\"region\":\"eu-west-1\",\"resources\":[],\"detail\":{\"schemaVersion\":\"2.0\","
        "\"accountId\":\"111122223333\",\"region\":\"eu-west-1\",\"partition\":\"aws\","
        "\"id\":\"bench%027u\",\"type\":\"Recon:EC2/Portscan\",\"severity\":2,"
        "\"createdAt\":\"2026-01-05T10:00:02.118Z\",\"updatedAt\":\"2026-01-05T10:05:00.402Z\","
        "\"title\":\"A finding of a measurement.\",\"description\":\"",
        number, number);
    for (; at < TEXT_BYTES - 4; at++)
        text[at] = (char)('a' + (at * 7 + (int)number) % 26);
    memcpy(text + TEXT_BYTES - 4, "\"}}\n", 4);
}

static char *texts_make(size_t count, unsigned first)
{
    char *texts = malloc(count * TEXT_BYTES);
    must(texts != NULL, "memory");
    for (size_t i = 0; i < count; i++)
        text_make(texts + i * TEXT_BYTES, first + (unsigned)i);
    return texts;
}

/* ---- over HTTP ---- */

struct sender {
    pthread_t thread;
    uint16_t port;
    const char *token;
    const char *texts;
    size_t requests;
    size_t alerts; /* of each */
    size_t refused;
};

static bool write_all(int to, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(to, bytes, count);
        if (written <= 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

/* The status of the answer, or 0: there was none. */
static int post(const struct sender *sender, const char *body, size_t size)
{
    char head[HEAD_BYTES];
    char answer[ANSWER_BYTES] = { 0 };
    const struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons(sender->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int len = snprintf(head, sizeof head,
        "POST /v1/alerts/guardduty HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        (unsigned)sender->port, sender->token,
        sender->alerts == 1 ? "application/json" : "application/x-ndjson", size);
    int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_answered = link >= 0 && len < (int)sizeof head
                       && connect(link, (const struct sockaddr *)&to, sizeof to) == 0
                       && write_all(link, head, (size_t)len) && write_all(link, body, size)
                       && read(link, answer, sizeof answer - 1) > 0;
    int status = 0;
    if (!is_answered || sscanf(answer, "HTTP/1.1 %d", &status) != 1)
        status = 0;
    while (is_answered && read(link, answer, sizeof answer) > 0)
        continue;
    if (link >= 0)
        close(link);
    return status;
}

/* Again while there is no room: whether it was acknowledged in the end. */
static bool post_until_taken(const struct sender *sender, const char *body, size_t size)
{
    const struct timespec pause = { .tv_nsec = AGAIN_MS * 1000000L };
    int status = post(sender, body, size);
    for (int tries = 1; status == 503 && tries < TRIES_MAX; tries++) {
        nanosleep(&pause, NULL);
        status = post(sender, body, size);
    }
    return status == 202;
}

static void *send_all(void *self)
{
    struct sender *sender = self;
    size_t size = sender->alerts * TEXT_BYTES;
    for (size_t i = 0; i < sender->requests; i++)
        sender->refused += !post_until_taken(sender, sender->texts + i * size, size);
    return NULL;
}

static void send_over_http(char **arguments)
{
    struct sender senders[SENDERS_MAX] = { 0 };
    size_t count = strtoul(arguments[2], NULL, 10);
    struct sender like = { .port = (uint16_t)strtoul(arguments[0], NULL, 10),
        .token = arguments[1],
        .requests = strtoul(arguments[3], NULL, 10),
        .alerts = strtoul(arguments[4], NULL, 10) };
    size_t each = like.requests * like.alerts;
    must(count > 0 && count <= SENDERS_MAX, "so many senders");
    char *texts = texts_make(count * each, (unsigned)strtoul(arguments[5], NULL, 10));
    size_t refused = 0;
    double begin = seconds_now();
    for (size_t i = 0; i < count; i++) {
        senders[i] = like;
        senders[i].texts = texts + i * each * TEXT_BYTES;
        must(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]) == 0, "a thread");
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(senders[i].thread, NULL);
        refused += senders[i].refused;
    }
    printf("%.6f\n", seconds_now() - begin);
    free(texts);
    must(refused == 0, "taking all of them");
}

/* ---- SQLite alone ---- */

static void execute(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

/* What stands in for a hash: 32 bytes in no order. */
static void hash_make(uint64_t hash[static 4], unsigned number)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t mixed = ((uint64_t)number * 4 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        hash[i] = (mixed ^ (mixed >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    }
}

static sqlite3_stmt *table_make(sqlite3 *db, bool is_keyed)
{
    sqlite3_stmt *insert;
    execute(db, is_keyed ? "CREATE TABLE IF NOT EXISTS keyed (id INTEGER PRIMARY KEY, way TEXT,"
                           " at INTEGER, hash BLOB UNIQUE, text BLOB)"
                         : "CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, way TEXT,"
                           " at INTEGER, text BLOB)");
    const char *sql = is_keyed ? "INSERT INTO keyed (way, at, text, hash)"
                                 " VALUES ('guardduty', 1, ?1, ?2) ON CONFLICT DO NOTHING"
                               : "INSERT INTO bare (way, at, text) VALUES ('guardduty', 1, ?1)";
    must(sqlite3_prepare_v2(db, sql, -1, &insert, NULL) == SQLITE_OK, "preparing");
    return insert;
}

static void insert_one(sqlite3_stmt *insert, const char *text, unsigned number)
{
    uint64_t hash[4];
    hash_make(hash, number);
    sqlite3_bind_blob(insert, 1, text, TEXT_BYTES - 1, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(insert) > 1)
        sqlite3_bind_blob(insert, 2, hash, sizeof hash, SQLITE_STATIC);
    must(sqlite3_step(insert) == SQLITE_DONE, "INSERT");
    sqlite3_reset(insert);
}

static void write_alone(char **arguments)
{
    char path[4096];
    sqlite3 *db;
    size_t transactions = strtoul(arguments[2], NULL, 10);
    size_t alerts = strtoul(arguments[3], NULL, 10);
    unsigned first = (unsigned)strtoul(arguments[4], NULL, 10);
    char *texts = texts_make(transactions * alerts, first);
    snprintf(path, sizeof path, "%s/alone.db", arguments[0]);
    must(sqlite3_open(path, &db) == SQLITE_OK, "opening a database");
    execute(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    sqlite3_stmt *insert = table_make(db, strcmp(arguments[1], "keyed") == 0);
    double begin = seconds_now();
    for (size_t at = 0, turn = 1; turn <= transactions; turn++) {
        execute(db, "BEGIN IMMEDIATE");
        for (; at < alerts * turn; at++)
            insert_one(insert, texts + at * TEXT_BYTES, first + (unsigned)at);
        execute(db, "COMMIT");
    }
    printf("%.6f\n", seconds_now() - begin);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(texts);
}

int main(int count, char **arguments)
{
    if (count == 8 && strcmp(arguments[1], "send") == 0)
        send_over_http(arguments + 2);
    else if (count == 7 && strcmp(arguments[1], "alone") == 0)
        write_alone(arguments + 2);
    else
        must(false, "reading the arguments");
    return 0;
}
