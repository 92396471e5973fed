/* sqlite_anchor.c - when the head of the audit log is signed and written down, and where.
 *
 * Each anchor costs a few syncs, so not every entry gets one: the first that a process commits, then
 * one every ANCHOR_ENTRIES entries or ANCHOR_MS, and the last before the journal is closed. The
 * journal counts the anchors too: so the last lines of audit.head cannot go away unseen, as the
 * last entries cannot.
 */
#include "host/anchor.h"
#include "store/audit.h"
#include "store/sqlite_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANCHOR_MS = 10 * 1000, REASON_BYTES_MAX = 64 * 1024 };

enum err anchoring_begin(struct store *store, const char *directory)
{
    struct anchoring *anchoring = &store->anchoring;
    if (asprintf(&anchoring->head, "%s/audit.head", directory) < 0) {
        anchoring->head = NULL;
        return ERR_MEMORY;
    }
    if (asprintf(&anchoring->key, "%s/audit.key", directory) < 0) {
        anchoring->key = NULL;
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void anchoring_release(struct store *store)
{
    free(store->anchoring.head);
    free(store->anchoring.key);
    free(store->anchoring.beside);
    signing_key_release(&store->anchoring.signing);
}

static enum err path_set(char **path, const char *to)
{
    char *copy = to == NULL ? *path : strdup(to);
    if (copy == NULL && to != NULL)
        return ERR_MEMORY;
    if (copy != *path)
        free(*path);
    *path = copy;
    return ERR_OK;
}

enum err audit_anchor_at(struct store *store, const char *key_file, const char *beside)
{
    if (store->anchoring.head == NULL)
        return ERR_OK;
    store->anchoring.is_key_given = key_file != NULL;
    TRY(path_set(&store->anchoring.key, key_file));
    return path_set(&store->anchoring.beside, beside);
}

enum err audit_anchors_counted(struct store *store, int64_t *ret_count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_AUDIT_ANCHORS, &statement));
    bool is_row = false;
    TRY(statement_next(store, statement, &is_row));
    *ret_count = is_row ? sqlite3_column_int64(statement, 0) : 0;
    return ERR_OK;
}

static enum err anchors_count(struct store *store, int64_t count)
{
    CLEANUP(statement_release) sqlite3_stmt *statement = NULL;
    TRY(statement_take(store, STATEMENT_AUDIT_ANCHORED, &statement));
    int code = sqlite3_bind_int64(statement, 1, count);
    return code == SQLITE_OK ? statement_run(store, statement) : store_fail(store, code);
}

static enum err say_file(struct store *store, const char *path, const char *what)
{
    char sentence[STORE_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s: %s", path, what);
    return store_say(store, sentence);
}

/* Whether the log still has what was anchored last. */
static enum err head_check(
    struct store *store, const struct anchor *head, const struct audit_row *last)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(4 * ALERT_BYTES_MAX);
    struct audit_row row = *last;
    if (strcmp(head->store, store->id) != 0)
        return say_file(store, store->anchoring.head, "its last anchor is of another journal");
    if (head->seq > 0 && head->seq < last->seq) {
        enum err err = audit_get(store, head->seq, &arena, &row);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
    }
    if (row.seq == head->seq && memcmp(row.hash, head->hash, SHA256_BYTES) == 0)
        return ERR_OK;
    return store_say(store, "the audit log is not the one that was anchored: entries were "
                            "changed or cut off; look with cdr audit verify");
}

static enum err key_open(struct store *store)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(REASON_BYTES_MAX);
    struct anchoring *anchoring = &store->anchoring;
    const char *reason = NULL;
    if (anchoring->signing.key != NULL)
        return ERR_OK;
    enum err err = signing_key_open(
        &anchoring->signing, anchoring->key, !anchoring->is_key_given, &arena, &reason);
    if (err == ERR_OK)
        return ERR_OK;
    signing_key_release(&anchoring->signing);
    return err == ERR_MEMORY ? err : store_say(store, reason);
}

/* With the lock on audit.head. */
static enum err anchor_add(struct store *store, int file, struct anchor *anchor)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(ANCHOR_BYTES_MAX);
    struct anchoring *anchoring = &store->anchoring;
    TRY(key_open(store));
    snprintf(anchor->store, sizeof anchor->store, "%s", store->id);
    TRY(anchor_write(anchor, &anchoring->signing, &line));
    if (anchor_file_add(file, buf_str(&line)) != ERR_OK)
        return say_file(store, anchoring->head, strerror(errno));
    TRY(anchors_count(store, anchor->number));
    if (anchoring->beside != NULL && anchor_add_beside(anchoring->beside, buf_str(&line)) != ERR_OK)
        return say_file(store, anchoring->beside, strerror(errno));
    return ERR_OK;
}

static enum err anchor_newest(struct store *store, int file)
{
    struct anchor head;
    struct anchor next = { .at_ms = store->anchoring.last_ms };
    struct audit_row last;
    int64_t counted;
    enum err err = anchor_file_last(file, &head, next.previous);
    if (err == ERR_JSON)
        return say_file(store, store->anchoring.head, "the last line is no anchor");
    if (err != ERR_OK)
        return err == ERR_IO ? say_file(store, store->anchoring.head, strerror(errno)) : err;
    TRY(audit_last(store, &last));
    TRY(audit_anchors_counted(store, &counted));
    if (head.number > 0)
        TRY(head_check(store, &head, &last));
    if (head.seq == last.seq)
        return ERR_OK;
    /* By the journal's count too: a line that went away leaves its number free for ever. */
    next.number = (head.number > counted ? head.number : counted) + 1;
    next.seq = last.seq;
    memcpy(next.hash, last.hash, SHA256_BYTES);
    return anchor_add(store, file, &next);
}

enum err audit_anchor(struct store *store)
{
    struct anchoring *anchoring = &store->anchoring;
    if (anchoring->head == NULL || anchoring->last_seq <= anchoring->seq
        || sqlite3_get_autocommit(store->db) == 0)
        return ERR_OK;
    /* An anchor of what a power cut takes back would be a log that was cut off. */
    TRY(sync_wait(store, __atomic_load_n(&store->syncing.written, __ATOMIC_SEQ_CST)));
    int file = anchor_file_open(anchoring->head, true);
    if (file < 0)
        return say_file(store, anchoring->head, strerror(errno));
    enum err err = anchor_newest(store, file);
    close(file);
    if (err == ERR_OK)
        anchoring->seq = anchoring->last_seq;
    return err;
}

void audit_committed(struct store *store)
{
    struct anchoring *anchoring = &store->anchoring;
    int64_t entries = anchoring->last_seq - anchoring->seen_seq;
    int64_t elapsed_ms = anchoring->last_ms - anchoring->seen_ms;
    if (entries == 0 || (entries < ANCHOR_ENTRIES && elapsed_ms >= 0 && elapsed_ms < ANCHOR_MS))
        return;
    /* What cannot be written now is tried again at the next turn, and told at the end of the
     * command: the entries themselves are safe. */
    if (audit_anchor(store) != ERR_OK)
        anchoring->failures++;
    anchoring->seen_seq = anchoring->last_seq;
    anchoring->seen_ms = anchoring->last_ms;
}
