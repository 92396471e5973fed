/* sqlite_sync.c - commits of many threads go to disk together.
 *
 * SQLite writes a commit to its log and leaves it there (synchronous=NORMAL: the log is synced before
 * anything is moved from it into the database). Before a function that has committed returns, the log
 * is synced here, once for all who wait: what synchronous=FULL does, but not one after the other. A
 * commit that another thread sees before is covered by the sync that comes before anything leaves
 * because of it, since all of the log before is synced with it.
 */
#include "store/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum err syncing_begin(struct store *store, const char *log)
{
    /* SQLite has no locks on this file, so closing it later drops none. */
    store->syncing.log = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return store->syncing.log >= 0 ? ERR_OK : store_say(store, strerror(errno));
}

void syncing_end(struct store *store)
{
    if (store->syncing.log >= 0)
        close(store->syncing.log);
    store->syncing.log = -1;
    pthread_cond_destroy(&store->syncing.done);
    pthread_mutex_destroy(&store->syncing.lock);
}

uint64_t sync_count(struct store *store)
{
    return __atomic_add_fetch(&store->syncing.written, 1, __ATOMIC_SEQ_CST);
}

/* Sync what is written by now. With syncing->lock, which it lets go meanwhile. */
static void sync_once(struct syncing *syncing)
{
    syncing->is_under_way = true;
    pthread_mutex_unlock(&syncing->lock);
    uint64_t written = __atomic_load_n(&syncing->written, __ATOMIC_SEQ_CST);
    int code;
    do
        code = fdatasync(syncing->log);
    while (code != 0 && errno == EINTR);
    bool is_synced = code == 0;
    pthread_mutex_lock(&syncing->lock);
    syncing->is_under_way = false;
    /* After a failure the kernel may forget what it could not write, and call the next sync good. */
    syncing->has_failed |= !is_synced;
    if (!syncing->has_failed && written > syncing->synced)
        syncing->synced = written;
    pthread_cond_broadcast(&syncing->done);
}

enum err sync_wait(struct store *store, uint64_t turn)
{
    struct syncing *syncing = &store->syncing;
    if (syncing->log < 0)
        return ERR_OK;
    pthread_mutex_lock(&syncing->lock);
    while (syncing->synced < turn && !syncing->has_failed)
        if (syncing->is_under_way)
            pthread_cond_wait(&syncing->done, &syncing->lock);
        else
            sync_once(syncing);
    bool has_failed = syncing->synced < turn;
    pthread_mutex_unlock(&syncing->lock);
    return has_failed ? store_say(store, "the disk did not take what was written: nothing more is "
                                         "done with this journal until cdr is started again")
                      : ERR_OK;
}

bool store_is_lost(struct store *store)
{
    struct syncing *syncing = &store->syncing;
    pthread_mutex_lock(&syncing->lock);
    bool is_lost = syncing->has_failed;
    pthread_mutex_unlock(&syncing->lock);
    return is_lost;
}
