/* pausing.c - see pausing.h. */
#include "driver/pausing.h"

#include "base/time.h"
#include "driver/audit_places.h"
#include "host/person.h"
#include "shell.h"
#include "store/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A reason is for people: what is longer is no reason. */
enum { REASON_BYTES_MAX = 4 * 1024 };

/* Who does what, to which directory. */
struct pausing {
    struct driver *driver;
    const char *directory;
    const char *word; /* the directory, for a command to copy */
    const char *path;
    const char *who;
    const char *reason;
};

static enum exit_code usage(struct pausing *pausing, const char *what, const char *why)
{
    driver_message(pausing->driver, "%s %s: %s", pausing->directory, what, why);
    return EXIT_USAGE;
}

static enum exit_code pausing_init(
    struct pausing *pausing, struct driver *driver, const char *directory, const char *reason)
{
    struct arena *arena = &driver->arena;
    *pausing = (struct pausing){
        .driver = driver,
        .directory = directory,
        .word = shell_word(arena, str_from(directory)).ptr,
        .path = pause_path(directory, arena),
        .who = person_name(arena),
        .reason = reason == NULL ? "" : reason,
    };
    if (pausing->path == NULL || pausing->who == NULL)
        return driver_failure(driver, "pausing", ERR_MEMORY);
    struct stat status;
    if (stat(directory, &status) != 0)
        return usage(pausing, "cannot be looked at", strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return usage(pausing, "cannot be used", "not a directory");
    if (strlen(pausing->reason) > REASON_BYTES_MAX)
        return usage(pausing, "stays as it is", "the reason is too long");
    return EXIT_CLEAN;
}

const char *pause_words(const char *directory, struct arena *arena)
{
    char since[TIME_TEXT_MAX];
    struct pause pause;
    const char *path = directory == NULL ? NULL : pause_path(directory, arena);
    if (directory == NULL || (path != NULL && !pause_is_on(path)))
        return NULL;
    if (path == NULL || pause_read(path, arena, &pause) != ERR_OK)
        return "paused";
    const char *words =
        arena_format(arena, "paused%s%s%s%.*s%s%.*s", pause.since_ms == 0 ? "" : " since ",
            pause.since_ms == 0 ? "" : time_format(pause.since_ms, since).ptr,
            pause.who.len == 0 ? "" : " by ", STR_ARG(pause.who), pause.reason.len == 0 ? "" : ": ",
            STR_ARG(pause.reason));
    return words == NULL ? "paused" : words;
}

bool pause_tell(struct driver *driver, const char *directory, const char *means)
{
    const char *words = pause_words(directory, &driver->arena);
    if (words == NULL)
        return false;
    driver_message(driver,
        "%s is %s\n%s; to go on: cdr resume --lift-pause --reason TEXT --data %s", directory, words,
        means, shell_word(&driver->arena, str_from(directory)).ptr);
    return true;
}

static bool has_journal(const struct pausing *pausing)
{
    const char *file = arena_format(&pausing->driver->arena, "%s/journal.db", pausing->directory);
    return file == NULL || access(file, F_OK) == 0 || errno != ENOENT;
}

static enum err tell_audit(
    const struct pausing *pausing, struct store *store, const char *event, int64_t *ret_seq)
{
    struct clock *clock = pausing->driver->clock;
    struct audit_entry entry = {
        .event = event,
        .who = str_from(pausing->who),
        .at_ms = clock->now_ms(clock),
        .step = -1,
        .reason = str_from(pausing->reason),
    };
    return audit_append(store, &entry, ret_seq);
}

/* Say that it is paused, in the audit log: *ret_seq is 0 and *ret_why says why not, else. */
static void record_begin(const struct pausing *pausing, int64_t *ret_seq, const char **ret_why)
{
    struct arena *arena = &pausing->driver->arena;
    struct store *store = NULL;
    *ret_seq = 0;
    *ret_why = "there is no journal yet";
    if (!has_journal(pausing))
        return;
    enum err err = store_open_beside(pausing->directory, arena, &store, ret_why);
    if (err != ERR_OK)
        return;
    err = audit_places_use(store);
    if (err == ERR_OK)
        err = tell_audit(pausing, store, "paused", ret_seq);
    if (err != ERR_OK) {
        *ret_seq = 0;
        const char *why = err == ERR_STORE || err == ERR_BUSY ? store_error(store) : err_text(err);
        why = arena_format(arena, "%s", why);
        *ret_why = why == NULL ? err_text(ERR_MEMORY) : why;
    }
    store_close(store);
}

static void tell_begin(const struct pausing *pausing)
{
    struct output *out = &pausing->driver->out;
    int64_t seq;
    const char *why;
    output_addf(out,
        "Paused: nothing is changed any more by what works in %s.\n"
        "Steps stop before their next change; alerts are evaluated and their runs "
        "recorded meanwhile.\n",
        pausing->word);
    /* What comes next may wait for the journal: who paused must not wait to know. */
    output_flush(out);
    record_begin(pausing, &seq, &why);
    if (seq > 0)
        output_addf(out, "It is entry %" PRId64 " of the audit log.\n", seq);
    else
        driver_message(pausing->driver, "the audit log does not have it: %s", why);
    output_addf(out, "To go on: cdr resume --lift-pause --reason TEXT --data %s\n", pausing->word);
}

static enum exit_code tell_paused_before(const struct pausing *pausing)
{
    struct output *out = &pausing->driver->out;
    const char *words = pause_words(pausing->directory, &pausing->driver->arena);
    output_text(out, str_from(pausing->directory));
    output_add(out, STR(" is "));
    output_text(out, str_from(words == NULL ? "paused" : words));
    output_addf(out,
        "\nNothing was changed. To go on: cdr resume --lift-pause --reason TEXT "
        "--data %s\n",
        pausing->word);
    return EXIT_CLEAN;
}

enum exit_code pause_begin(struct driver *driver, const char *directory, const char *reason)
{
    struct pausing pausing;
    enum exit_code code = pausing_init(&pausing, driver, directory, reason);
    if (code != EXIT_CLEAN)
        return code;
    struct pause pause = {
        .is_paused = true,
        .who = str_from(pausing.who),
        .reason = str_from(pausing.reason),
        .since_ms = driver->clock->now_ms(driver->clock),
    };
    enum err err = pause_set(pausing.path, &pause);
    if (err == ERR_INVALID)
        return tell_paused_before(&pausing);
    if (err != ERR_OK && !pause_is_on(pausing.path))
        return usage(&pausing, "is not paused", err == ERR_IO ? strerror(errno) : err_text(err));
    if (err != ERR_OK)
        driver_message(driver, "%s is paused, but a power cut may undo it: %s", pausing.path,
            err == ERR_IO ? strerror(errno) : err_text(err));
    tell_begin(&pausing);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_USAGE;
}

/* Lift it in the transaction of its entry: neither is there without the other. */
static enum err lift_recorded(struct pausing *pausing, struct store *store, int64_t *ret_seq)
{
    TRY(store_begin(store));
    enum err err = tell_audit(pausing, store, "resumed", ret_seq);
    if (err == ERR_OK)
        err = pause_lift(pausing->path);
    if (err == ERR_OK)
        return store_commit(store);
    store_rollback(store);
    return err;
}

static const char *why_not(enum err err, struct store *store)
{
    if (err == ERR_IO)
        return strerror(errno);
    return store != NULL && (err == ERR_STORE || err == ERR_BUSY) ? store_error(store)
                                                                  : err_text(err);
}

static enum exit_code lift(struct pausing *pausing, int64_t *ret_seq)
{
    struct store *store = NULL;
    const char *why = NULL;
    enum err err;
    *ret_seq = 0;
    if (has_journal(pausing)) {
        err = store_open_beside(pausing->directory, &pausing->driver->arena, &store, &why);
        if (err == ERR_OK)
            err = audit_places_use(store);
        if (err == ERR_OK)
            err = lift_recorded(pausing, store, ret_seq);
    } else {
        err = pause_lift(pausing->path);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        driver_message(pausing->driver, "%s %s: %s\nWithout a record it is lifted by: rm %s/paused",
            pausing->directory,
            pause_is_on(pausing->path) ? "stays paused" : "is not paused any more",
            why != NULL ? why : why_not(err, store), pausing->word);
    store_close(store);
    return err == ERR_OK || err == ERR_NOT_FOUND ? EXIT_CLEAN : EXIT_USAGE;
}

enum exit_code pause_end(struct driver *driver, const char *directory, const char *reason)
{
    struct pausing pausing;
    int64_t seq;
    enum exit_code code = pausing_init(&pausing, driver, directory, reason);
    if (code != EXIT_CLEAN)
        return code;
    const char *words = pause_words(directory, &driver->arena);
    if (words == NULL) {
        driver_message(driver, "%s is not paused", pausing.word);
        return EXIT_CLEAN;
    }
    code = lift(&pausing, &seq);
    if (code != EXIT_CLEAN)
        return code;
    /* Not on standard output: that is for what goes on then, one JSON object a line maybe. */
    driver_message(driver, "the pause of %s is lifted; it was %s", pausing.word, words);
    if (seq > 0)
        driver_message(driver, "it is entry %" PRId64 " of the audit log", seq);
    else
        driver_message(driver, "there is no journal yet to tell it to");
    return EXIT_CLEAN;
}
