/* sqlite_transactions.c - one writer after the other: threads by a lock, processes by SQLite's.
 *
 * Threads of one process share a store. Its lock is the recursive mutex that SQLite has for the
 * connection (SQLITE_OPEN_FULLMUTEX), so what SQLite does by itself and what we do around it are
 * under one lock. A statement holds it from statement_take to statement_release, a transaction
 * from store_begin to the end. Other processes wait at BEGIN IMMEDIATE, or at the first write
 * outside a transaction, for at most BUSY_TIMEOUT_MS of all threads together.
 */
#include "store/sqlite_private.h"

#include <stdio.h>
#include <stdlib.h>

/* NULL, which nobody waits for, until there is a connection. */
static sqlite3_mutex *lock_of(const struct store *store)
{
    return store->db == NULL ? NULL : sqlite3_db_mutex(store->db);
}

struct store *store_lock(struct store *store)
{
    sqlite3_mutex_enter(lock_of(store));
    return store;
}

void store_unlock(struct store **store)
{
    sqlite3_mutex_leave(lock_of(*store));
}

/* Where the last error of this thread is kept, or NULL. Under the lock. */
static struct store_words *words_find(const struct store *store)
{
    struct store_words *words = store->words;
    while (words != NULL && pthread_equal(words->thread, pthread_self()) == 0)
        words = words->next;
    return words;
}

static void words_set(struct store *store, const char *text)
{
    LOCKED(store);
    struct store_words *words = words_find(store);
    if (words == NULL) {
        words = calloc(1, sizeof *words);
        if (words == NULL)
            return;
        words->next = store->words;
        words->thread = pthread_self();
        store->words = words;
    }
    snprintf(words->text, sizeof words->text, "%s", text);
}

void store_words_release(struct store *store)
{
    while (store->words != NULL) {
        struct store_words *next = store->words->next;
        free(store->words);
        store->words = next;
    }
}

const char *store_error(const struct store *store)
{
    sqlite3_mutex *lock = lock_of(store);
    sqlite3_mutex_enter(lock);
    const struct store_words *words = words_find(store);
    sqlite3_mutex_leave(lock);
    return words == NULL ? err_text(ERR_STORE) : words->text;
}

enum err store_fail(struct store *store, int code)
{
    int kind = code & 0xff;
    if (kind == SQLITE_BUSY) {
        words_set(store, "something else has kept the journal busy for 10 seconds; try again");
        return ERR_BUSY;
    }
    words_set(store, store->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(store->db));
    return kind == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM ? ERR_MEMORY : ERR_STORE;
}

enum err store_say(struct store *store, const char *sentence)
{
    words_set(store, sentence);
    return ERR_STORE;
}

enum err store_exec(struct store *store, const char *sql)
{
    LOCKED(store);
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : store_fail(store, code);
}

enum err store_may_write(struct store *store)
{
    return store->access == STORE_READS ? store_say(store, "this journal was opened to be read")
                                        : ERR_OK;
}

enum err store_may_execute(struct store *store)
{
    return store->access == STORE_TELLS
               ? store_say(store, "this journal was opened beside whoever carries out its steps")
               : store_may_write(store);
}

enum err store_is_whole(struct store *store)
{
    /* After some errors (a full disk) SQLite rolls back by itself. What is written then would be
     * committed at once, without what came before it. */
    return store->depth > 0 && sqlite3_get_autocommit(store->db) != 0
               ? store_say(store, "the transaction was rolled back before its end")
               : ERR_OK;
}

enum err store_begin(struct store *store)
{
    TRY(store_may_write(store));
    LOCKED(store);
    TRY(store_is_whole(store));
    if (store->depth == 0)
        TRY(store_exec(store, "BEGIN IMMEDIATE"));
    store->busy_ms = 0;
    store->depth++;
    (void)store_lock(store); /* for as long as the transaction lasts */
    return ERR_OK;
}

/* *ret_turn: the number of the commit that is to be synced; 0: there is none. */
static enum err commit_locked(struct store *store, uint64_t *ret_turn)
{
    LOCKED(store);
    *ret_turn = 0;
    if (store->depth == 0)
        return store_say(store, "no transaction was begun, or it was rolled back before");
    enum err err = store_is_whole(store);
    if (err == ERR_OK && store->depth == 1)
        err = store_exec(store, "COMMIT");
    if (err != ERR_OK) {
        store_rollback(store);
        return err;
    }
    store_unlock(&(struct store *){ store });
    if (--store->depth > 0)
        return ERR_OK;
    uint64_t turn = sync_count(store);
    *ret_turn = store->is_relaxed ? 0 : turn;
    store->is_relaxed = false;
    audit_committed(store);
    return ERR_OK;
}

enum err store_commit(struct store *store)
{
    uint64_t turn;
    TRY(commit_locked(store, &turn));
    return turn == 0 ? ERR_OK : sync_wait(store, turn);
}

enum err store_begin_relaxed(struct store *store)
{
    TRY(store_begin(store));
    store->is_relaxed = store->depth == 1;
    return ERR_OK;
}

void store_rollback(struct store *store)
{
    LOCKED(store);
    if (store->depth == 0)
        return;
    store->is_gathering = false;
    store->is_relaxed = false;
    /* It fails only where SQLite has rolled back by itself. */
    (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    for (; store->depth > 0; store->depth--)
        store_unlock(&(struct store *){ store });
}

enum err store_gather(struct store *store)
{
    LOCKED(store);
    if (store->depth > 0)
        return ERR_OK;
    TRY(store_begin(store));
    store->is_gathering = true;
    return ERR_OK;
}

enum err store_settle(struct store *store)
{
    LOCKED(store);
    if (!store->is_gathering)
        return ERR_OK;
    if (store->depth > 1)
        return store_say(store, "a transaction is open inside what was gathered");
    store->is_gathering = false;
    return store_commit(store);
}

enum err store_end(struct store *store, enum err err)
{
    if (err == ERR_OK)
        return store_commit(store);
    store_rollback(store);
    return err;
}

enum err store_end_answered(struct store *store, enum err err)
{
    if (err != ERR_INVALID)
        return store_end(store, err);
    TRY(store_commit(store));
    return ERR_INVALID;
}
