/* rule_sets.c - see rule_sets.h.
 *
 * One lock, held for pointers alone: files are read, compiled and tested, and journals are read,
 * outside of it. One thread at a time looks for new rules (`look`).
 */
#include "serve/rule_sets.h"

#include "driver/open_runs.h"
#include "driver/program_texts.h"
#include "serve/rule_trial.h"
#include "store/audit.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    OLD_SETS_MAX = 4,
    FAULTS_TOLD = 20,
    FROM_BYTES_MAX = 64 * 1024,
    SETTLE_MS = 1000, /* who writes a file takes less than that from one write to the next */
};

struct rule_sets {
    struct rule_sets_options options;
    pthread_mutex_t lock; /* `current`, `old`, holders of all sets, `fault` */
    struct rule_set *current;
    struct rule_set *old;   /* the last used first */
    struct rule_set *first; /* what the daemon was started with: ways in are made of its blocks */
    char *fault;            /* or NULL */

    pthread_mutex_t look; /* what follows is the one's who looks */
    struct rule_files_watched watched;
    struct rule_files_mark mark;   /* of what was tried last; empty: look closer next time */
    char refused[SHA256_HEX_SIZE]; /* rule_trial.content of the last bad set, or empty */
};

/* ---- holders; all under the lock ---- */

static void let_go(struct rule_set *set)
{
    if (--set->holders == 0)
        rule_set_free(set);
}

/* Put it in front of the old ones; the list is one of its holders. */
static void keep(struct rule_sets *sets, struct rule_set *set)
{
    struct rule_set **at = &sets->old;
    set->next = sets->old;
    sets->old = set;
    for (int count = 0; *at != NULL; count++) {
        struct rule_set *one = *at;
        if (count < OLD_SETS_MAX) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        let_go(one);
    }
}

/* Held, and the last used now; NULL: it is not at hand. */
static struct rule_set *find(struct rule_sets *sets, str hash)
{
    if (sets->current != NULL && str_equal(sets->current->program->hash, hash)) {
        sets->current->holders++;
        return sets->current;
    }
    for (struct rule_set **at = &sets->old; *at != NULL; at = &(*at)->next) {
        struct rule_set *one = *at;
        if (!str_equal(one->program->hash, hash))
            continue;
        *at = one->next;
        one->next = sets->old;
        sets->old = one;
        one->holders++;
        return one;
    }
    return NULL;
}

struct rule_set *rule_sets_current(struct rule_sets *sets)
{
    pthread_mutex_lock(&sets->lock);
    struct rule_set *set = sets->current;
    set->holders++;
    pthread_mutex_unlock(&sets->lock);
    return set;
}

void rule_set_release(struct rule_sets *sets, struct rule_set *set)
{
    if (set == NULL)
        return;
    pthread_mutex_lock(&sets->lock);
    let_go(set);
    pthread_mutex_unlock(&sets->lock);
}

/* ---- sets of runs that began by other rules ---- */

static enum err compile_kept_set(
    struct rule_sets *sets, str hash, struct rule_set **ret_set, const char **reterr_why)
{
    struct rule_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return ERR_MEMORY;
    enum err err = open_runs_compile(sets->options.store, hash, &set->compilation, reterr_why);
    if (err != ERR_OK || *reterr_why != NULL) {
        rule_set_free(set);
        return err;
    }
    set->program = set->compilation.program;
    set->loaded_ms = sets->options.clock->now_ms(sets->options.clock);
    *ret_set = set;
    return ERR_OK;
}

enum err rule_sets_of(
    struct rule_sets *sets, str hash, struct rule_set **ret_set, const char **reterr_why)
{
    struct rule_set *made = NULL;
    *reterr_why = NULL;
    pthread_mutex_lock(&sets->lock);
    *ret_set = find(sets, hash);
    pthread_mutex_unlock(&sets->lock);
    if (*ret_set != NULL)
        return ERR_OK;
    TRY(compile_kept_set(sets, hash, &made, reterr_why));
    if (made == NULL)
        return ERR_OK;
    pthread_mutex_lock(&sets->lock);
    *ret_set = find(sets, hash); /* another thread may have been faster */
    if (*ret_set != NULL)
        rule_set_free(made);
    else {
        made->holders = 2;
        keep(sets, made);
        *ret_set = made;
    }
    pthread_mutex_unlock(&sets->lock);
    return ERR_OK;
}

/* ---- what is said ---- */

static enum err set_fault(struct rule_sets *sets, const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    if (text != NULL && copy == NULL)
        return ERR_MEMORY;
    pthread_mutex_lock(&sets->lock);
    free(sets->fault);
    sets->fault = copy;
    pthread_mutex_unlock(&sets->lock);
    metrics_set(sets->options.metrics, METRIC_RULES_STALE, STR(""), text == NULL ? 0 : 1);
    return ERR_OK;
}

enum err rule_sets_fault(struct rule_sets *sets, struct arena *arena, str *ret_fault)
{
    pthread_mutex_lock(&sets->lock);
    *ret_fault = sets->fault == NULL ? STR("") : arena_copy(arena, str_from(sets->fault));
    pthread_mutex_unlock(&sets->lock);
    return ret_fault->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static void log_faults(const struct log *log, const struct rule_trial *trial)
{
    str rest = buf_str(&trial->faults);
    uint32_t told = 0;
    for (; rest.len > 0 && told < FAULTS_TOLD; told++) {
        str line = str_first(rest, str_find(rest, '\n'));
        LOG(log, LOG_LEVEL_ERROR, "rules: a mistake", LOG_TEXT("finding", line));
        rest = str_skip(rest, line.len + 1);
    }
    if (trial->fault_count > told)
        LOG(log, LOG_LEVEL_ERROR, "rules: more mistakes, not shown",
            LOG_NUMBER("count", trial->fault_count - told));
}

/* "the first of them (and 3 more)" */
static enum err keep_fault(struct rule_sets *sets, const struct rule_trial *trial)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str all = buf_str(&trial->faults);
    str first = str_first(all, str_find(all, '\n'));
    const char *text = trial->fault_count < 2 ? arena_format(&arena, "%.*s", STR_ARG(first))
                                              : arena_format(&arena, "%.*s (and %u more)",
                                                  STR_ARG(first), trial->fault_count - 1);
    return text == NULL ? ERR_MEMORY : set_fault(sets, text);
}

static enum err refuse(struct rule_sets *sets, const struct rule_trial *trial)
{
    const struct log *log = sets->options.log;
    if (strcmp(sets->refused, trial->content) == 0)
        return ERR_OK; /* that was said */
    log_faults(log, trial);
    metrics_add(sets->options.metrics, METRIC_RULES_REFUSED, STR(""), 1);
    if (sets->current != NULL) {
        LOG(log, LOG_LEVEL_ERROR, "the new rules are bad, so those before stay in force",
            LOG_NUMBER("mistakes", trial->fault_count),
            LOG_TEXT("in_force", sets->current->program->hash));
        TRY(keep_fault(sets, trial));
    }
    memcpy(sets->refused, trial->content, sizeof sets->refused);
    return ERR_OK;
}

/* ---- coming into force ---- */

static bool settings_are_equal(const struct daemon_block *a, const struct daemon_block *b)
{
    bool are_equal = a->setting_count == b->setting_count;
    for (uint32_t at = 0; are_equal && at < a->setting_count; at++) {
        const struct connection_setting *one = &a->settings[at];
        const struct connection_setting *other = &b->settings[at];
        are_equal = str_equal(one->key, other->key) && one->way == other->way
                    && str_equal(one->text, other->text) && one->duration_ms == other->duration_ms;
    }
    return are_equal;
}

static const struct daemon_block *same_block(
    const struct program *program, const struct daemon_block *block)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *one = &program->daemon_blocks[at];
        if (str_equal(one->kind, block->kind) && str_equal(one->name, block->name))
            return one;
    }
    return NULL;
}

static void log_if_other(
    const struct log *log, const struct program *program, const struct daemon_block *block)
{
    const struct daemon_block *other = same_block(program, block);
    if (other == NULL || !settings_are_equal(block, other))
        LOG(log, LOG_LEVEL_WARNING,
            "a block of the daemon is another one now: what rules are read from, and how often, "
            "counts at once; all else takes effect at the next start",
            LOG_TEXT("block", block->kind), LOG_TEXT("name", block->name));
}

/* Ways in, addresses and directories are as they were when the daemon was started. */
static void log_settings(
    const struct log *log, const struct program *before, const struct program *now)
{
    for (uint32_t at = 0; at < now->daemon_block_count; at++)
        log_if_other(log, before, &now->daemon_blocks[at]);
    for (uint32_t at = 0; at < before->daemon_block_count; at++)
        if (same_block(now, &before->daemon_blocks[at]) == NULL)
            log_if_other(log, now, &before->daemon_blocks[at]);
}

/* In the journal before they decide anything. */
static enum err record(struct rule_sets *sets, const struct program *program, str from)
{
    struct store *store = sets->options.store;
    struct audit_entry entry = { .event = "rules_loaded",
        .who = STR("cdr"),
        .at_ms = sets->options.clock->now_ms(sets->options.clock),
        .step = -1,
        .program_hash = program->hash,
        .reason = from };
    int64_t seq;
    TRY(store_begin(store));
    enum err err = program_texts_put(store, program);
    if (err == ERR_OK)
        err = audit_append(store, &entry, &seq);
    return store_end(store, err);
}

static enum err put_in_force(struct rule_sets *sets, struct rule_trial *trial, str from)
{
    struct rule_set *set = trial->set;
    TRY(record(sets, set->program, from));
    set->loaded_ms = sets->options.clock->now_ms(sets->options.clock);
    set->holders = 1;
    trial->set = NULL;
    if (sets->current != NULL)
        log_settings(sets->options.log, sets->current->program, set->program);
    pthread_mutex_lock(&sets->lock);
    struct rule_set *before = sets->current;
    sets->current = set;
    if (before != NULL)
        keep(sets, before);
    pthread_mutex_unlock(&sets->lock);
    metrics_add(sets->options.metrics, METRIC_RULES_LOADED, STR(""), 1);
    LOG(sets->options.log, LOG_LEVEL_INFO, "rules are in force",
        LOG_NUMBER("rules", set->program->rule_count), LOG_TEXT("hash", set->program->hash),
        LOG_TEXT("from", from));
    return ERR_OK;
}

/* ---- looking ---- */

/* A folder that is being filled, or a mount that is gone, is no wish to have no rules. Whoever does
 * not write `rules` takes alerts in, and says so. */
static enum err refuse_none(
    const struct rule_sets *sets, const struct rule_files *files, struct rule_trial *trial)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    if (trial->set == NULL || trial->rules > 0)
        return ERR_OK;
    if (sets->current != NULL)
        return sets->current->program->rule_count == 0
                   ? ERR_OK
                   : rule_trial_refuse(trial, "there is no rule in these files any more; to have "
                                              "none in force, switch them off: cdr rules disable");
    if (files->said == NULL) {
        LOG(sets->options.log, LOG_LEVEL_WARNING,
            "no rule is in force: alerts are kept, and nothing is done; name files of rules with "
            "`rules` in `daemon`",
            LOG_TEXT("config", str_from(sets->options.config)));
        return ERR_OK;
    }
    const char *reason = arena_format(&arena,
        "%s: in `rules`: there is no rule in these files, so nothing would ever be done; name "
        "those "
        "that have rules, or leave `rules` out",
        files->said);
    return reason == NULL ? ERR_MEMORY : rule_trial_refuse(trial, reason);
}

/* A new set comes into force, a bad one is told, and the same again is nothing. */
static enum err judge(struct rule_sets *sets, const struct rule_files *files,
    struct rule_trial *trial, str from, bool *ret_is_new)
{
    TRY(refuse_none(sets, files, trial));
    if (trial->set == NULL)
        return refuse(sets, trial);
    bool is_same =
        sets->current != NULL && str_equal(sets->current->program->hash, trial->set->program->hash);
    if (!is_same)
        TRY(put_in_force(sets, trial, from));
    else if (sets->refused[0] != '\0')
        LOG(sets->options.log, LOG_LEVEL_INFO, "the rules are again those that are in force",
            LOG_TEXT("hash", sets->current->program->hash));
    *ret_is_new = !is_same;
    sets->refused[0] = '\0';
    return set_fault(sets, NULL);
}

/* A file that was written while it was read, or right before, may be half of what it will be. */
static bool is_unsettled(const struct rule_files_mark *mark, int64_t now_ms)
{
    return mark->newest_ms > now_ms - SETTLE_MS;
}

static enum err try_files(struct rule_sets *sets, struct rule_files *files, bool *ret_is_new)
{
    CLEANUP(rule_trial_release) struct rule_trial trial = { 0 };
    CLEANUP(buf_release) struct buf from = BUF_INIT(FROM_BYTES_MAX);
    struct rule_files_mark before;
    struct rule_files_mark after;
    int64_t began_ms = sets->options.clock->now_ms(sets->options.clock);
    sets->mark = (struct rule_files_mark){ 0 };
    TRY(rule_files_look(files, NULL, &before));
    TRY(rule_trial_run(files, &trial));
    TRY(rule_files_look(files, NULL, &after));
    if (strcmp(before.hex, after.hex) != 0 && sets->current != NULL)
        return ERR_OK; /* next time */
    buf_addf(&from, "%s", sets->options.config);
    rule_tree_tell(&files->tree, files->ref, &from);
    TRY(from.err);
    TRY(judge(sets, files, &trial, buf_str(&from), ret_is_new));
    rule_files_watched_release(&sets->watched);
    sets->watched = trial.watched;
    trial.watched = (struct rule_files_watched){ 0 };
    TRY(rule_files_look(files, &sets->watched, &after));
    if (!trial.misses_files && !is_unsettled(&after, began_ms))
        sets->mark = after;
    return ERR_OK;
}

static enum err look(struct rule_sets *sets, bool is_forced, bool *ret_is_new)
{
    CLEANUP(rule_files_release) struct rule_files files = { 0 };
    struct rule_files_mark mark;
    TRY(rule_files_find(sets->options.config, &files));
    TRY(rule_files_look(&files, &sets->watched, &mark));
    if (!is_forced) {
        int64_t now_ms = sets->options.clock->now_ms(sets->options.clock);
        if (strcmp(mark.hex, sets->mark.hex) == 0)
            return ERR_OK;
        if (is_unsettled(&mark, now_ms) && mark.newest_ms <= now_ms)
            return ERR_OK; /* whoever writes may not be done */
    }
    return try_files(sets, &files, ret_is_new);
}

enum err rule_sets_look(struct rule_sets *sets, bool is_forced, bool *ret_is_new)
{
    *ret_is_new = false;
    pthread_mutex_lock(&sets->look);
    enum err err = look(sets, is_forced, ret_is_new);
    pthread_mutex_unlock(&sets->look);
    return err;
}

/* ---- the beginning and the end ---- */

enum err rule_sets_open(const struct rule_sets_options *options, struct rule_sets **ret_sets)
{
    bool is_new;
    struct rule_sets *sets = calloc(1, sizeof *sets);
    if (sets == NULL)
        return ERR_MEMORY;
    sets->options = *options;
    pthread_mutex_init(&sets->lock, NULL);
    pthread_mutex_init(&sets->look, NULL);
    enum err err = rule_sets_look(sets, true, &is_new);
    if (err == ERR_OK && sets->current == NULL)
        err = ERR_INVALID;
    if (err == ERR_OK) {
        sets->first = rule_sets_current(sets);
        *ret_sets = sets;
    }
    if (err != ERR_OK)
        rule_sets_close(sets);
    return err;
}

void rule_sets_close(struct rule_sets *sets)
{
    if (sets == NULL)
        return;
    while (sets->old != NULL) {
        struct rule_set *next = sets->old->next;
        let_go(sets->old);
        sets->old = next;
    }
    if (sets->first != NULL)
        let_go(sets->first);
    if (sets->current != NULL)
        let_go(sets->current);
    rule_files_watched_release(&sets->watched);
    free(sets->fault);
    pthread_mutex_destroy(&sets->lock);
    pthread_mutex_destroy(&sets->look);
    free(sets);
}
