/* rule_trial.c - see rule_trial.h. */
#include "serve/rule_trial.h"

#include "base/limits.h"
#include "diag_print.h"
#include "testcase.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

void rule_set_free(struct rule_set *set)
{
    if (set == NULL)
        return;
    compile_release(&set->compilation);
    free(set);
}

void rule_trial_release(struct rule_trial *trial)
{
    rule_set_free(trial->set);
    buf_release(&trial->faults);
    rule_files_watched_release(&trial->watched);
    *trial = (struct rule_trial){ 0 };
}

/* ---- what is wrong ---- */

static enum err fault(struct rule_trial *trial, const char *format, ...) PRINTF_LIKE(2, 3);
static enum err fault(struct rule_trial *trial, const char *format, ...)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(&arena, format, args);
    va_end(args);
    if (text == NULL)
        return ERR_MEMORY;
    trial->fault_count++;
    if (trial->faults.len + strlen(text) + 1 > TRIAL_FAULT_BYTES_MAX)
        return ERR_OK; /* counted, and not shown */
    buf_addf(&trial->faults, "%s\n", text);
    return trial->faults.err;
}

/* What is no error says nothing about why rules are refused. */
static void drop_others(struct diag_list *diags)
{
    struct diag *kept = NULL;
    for (struct diag *diag = diags->first, *next = NULL; diag != NULL; diag = next) {
        next = diag->next;
        if (diag->severity != DIAG_ERROR)
            diag_drop(diags, kept, diag);
        else
            kept = diag;
    }
}

/* A line a diagnostic: theirs have no line breaks. */
static enum err fault_diags(struct rule_trial *trial, struct compilation *compilation)
{
    struct diag_list *diags = &compilation->diags;
    CLEANUP(buf_release) struct buf text = BUF_INIT(COMPILE_BYTES_MAX);
    drop_others(diags);
    diag_sort(diags);
    for (const struct diag *diag = diags->first; diag != NULL; diag = diag->next)
        trial->misses_files = trial->misses_files || diag->id == DIAG_FILE_UNREADABLE;
    diags_print(diags, &compilation->sources, DIAG_FORMAT_CONCISE, false, &text);
    TRY(text.err);
    uint32_t untold = diags->error_count;
    for (str rest = buf_str(&text); rest.len > 0;) {
        str line = str_first(rest, str_find(rest, '\n'));
        rest = str_skip(rest, line.len + 1);
        TRY(fault(trial, "%.*s", STR_ARG(line)));
        untold -= untold > 0;
    }
    trial->fault_count += untold;
    return ERR_OK;
}

static enum err fault_at(struct rule_trial *trial, span at, str words)
{
    const struct source *source = &trial->set->compilation.sources.items[at.file];
    struct place place = source_place(source, at.start);
    return fault(trial, "%.*s:%" PRIu32 ":%" PRIu32 ": %.*s", STR_ARG(source->file), place.line,
        place.column, STR_ARG(words));
}

/* ---- its own tests ---- */

static enum err try_test(struct rule_trial *trial, struct tester *tester, const struct item *test)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TEST_BYTES_MAX);
    struct testcase_outcome outcome = { .at = test->name_at };
    enum err err = testcase_run(tester, test, &arena, &outcome);
    bool is_full = err == ERR_MEMORY && arena.is_full;
    if (!is_full) {
        TRY(err);
        if (outcome.state != TESTCASE_FAILED)
            return ERR_OK;
    }
    CLEANUP(arena_release) struct arena words = ARENA_INIT(0);
    const char *text = arena_format(&words, "the test \"%.*s\" fails: %.*s", STR_ARG(test->name),
        STR_ARG(is_full ? STR("it needs more memory than a test may have") : outcome.reason));
    return text == NULL ? ERR_MEMORY
                        : fault_at(trial, is_full ? test->name_at : outcome.at, str_from(text));
}

/* Those of the files that were named, as `cdr test` has it, not of files that these use. */
static enum err try_tests(struct rule_trial *trial)
{
    const struct compilation *compilation = &trial->set->compilation;
    struct tester tester = { 0 };
    enum err err = tester_begin(&tester, compilation);
    for (uint32_t file = 0; file < compilation->tree_count && err == ERR_OK; file++) {
        const struct item *item = compilation->trees[file]->items;
        if (compilation->sources.items[file].depth > 0)
            continue;
        for (; item != NULL && err == ERR_OK; item = item->next)
            if (item->kind == ITEM_TEST)
                err = try_test(trial, &tester, item);
    }
    tester_release(&tester);
    return err;
}

/* ---- whether it may act ---- */

static enum err check_enforced(struct rule_trial *trial)
{
    const struct program *program = trial->set->program;
    for (uint32_t at = 0; at < program->unenforced_count; at++) {
        const struct unenforced *clause = &program->unenforced[at];
        TRY(fault(trial, "%.*s:%" PRIu32 ": `%s`%s%.*s is not enforced by this build",
            STR_ARG(clause->file), clause->line, clause->clause,
            clause->rule.len > 0 ? " of rule " : "", STR_ARG(clause->rule)));
    }
    return ERR_OK;
}

/* Which sources are the config, or used by it: the operator's own. */
static bool *config_files(struct compilation *compilation, const char *config)
{
    const struct sources *sources = &compilation->sources;
    bool *ours = ARENA_ARRAY(&compilation->arena, bool, sources->count + 1);
    bool is_more = ours != NULL;
    for (uint32_t at = 0; ours != NULL && at < sources->count; at++)
        ours[at] = sources->items[at].is_shipped || str_is(sources->items[at].file, config);
    while (is_more) {
        is_more = false;
        for (uint32_t at = 0; at < sources->count; at++)
            for (const struct source_link *link = sources->items[at].links;
                 ours[at] && link != NULL; link = link->next) {
                bool is_given = sources->items[link->file].depth == 0;
                is_more = is_more || (!ours[link->file] && !is_given);
                ours[link->file] = ours[link->file] || !is_given;
            }
    }
    return ours;
}

/* Whoever writes rules may be another person than who runs the daemon: where it sends credentials, who
 * approves and what it listens to is for the config to say. */
static enum err check_blocks(struct rule_trial *trial, const struct rule_files *files)
{
    struct compilation *compilation = &trial->set->compilation;
    const bool *ours = config_files(compilation, files->files.items[0].name);
    if (ours == NULL)
        return ERR_MEMORY;
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = compilation->trees[file]->items; item != NULL && !ours[file];
             item = item->next) {
            if (item->kind != ITEM_BLOCK)
                continue;
            CLEANUP(arena_release) struct arena words = ARENA_INIT(0);
            const char *text = arena_format(&words,
                "a `%.*s` block belongs in the daemon's config, or a file that it uses, and not "
                "among "
                "the rules",
                STR_ARG(item->block.keyword));
            TRY(text == NULL ? ERR_MEMORY : fault_at(trial, item->at, str_from(text)));
        }
    return ERR_OK;
}

static enum err check_daemon(struct rule_trial *trial)
{
    const struct program *program = trial->set->program;
    const struct daemon_block *first = NULL;
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        if (!str_is(block->kind, "daemon"))
            continue;
        if (first != NULL)
            TRY(fault(trial,
                "%.*s:%" PRIu32 ": a second `daemon` block; the first is at %.*s:%" PRIu32,
                STR_ARG(block->place.file), block->place.line, STR_ARG(first->place.file),
                first->place.line));
        first = block;
    }
    if (first != NULL)
        return ERR_OK;
    return fault(trial, "there is no `daemon` block; write one: daemon { rules = [\"rules\"] }");
}

/* ---- reading ---- */

/* Changes that were not made yet, in the place of the files on disk. */
struct overlay {
    struct source_reader reader; /* first */
    const struct rule_files *files;
};

static bool is_file(const char *name, const char *other)
{
    struct stat a;
    struct stat b;
    return strcmp(name, other) == 0
           || (stat(name, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev
               && a.st_ino == b.st_ino);
}

static const struct rule_change *change_of(const struct rule_files *files, const char *name)
{
    for (size_t at = 0; at < files->change_count; at++)
        if (is_file(name, files->changes[at].file))
            return &files->changes[at];
    return NULL;
}

static enum err overlay_find(
    struct source_reader *reader, str from, str name, struct arena *arena, str *ret_file)
{
    const struct overlay *overlay = (const struct overlay *)(void *)reader;
    str path = arena_copy(arena, name);
    (void)from;
    if (path.ptr == NULL)
        return ERR_MEMORY;
    const struct rule_change *change = change_of(overlay->files, path.ptr);
    *ret_file = change == NULL ? STR("") : str_from(change->file);
    return ERR_OK;
}

static enum err overlay_read(struct source_reader *reader, str file, struct buf *text)
{
    const struct overlay *overlay = (const struct overlay *)(void *)reader;
    const struct rule_change *change = change_of(overlay->files, file.ptr);
    buf_add(text, change == NULL ? STR("") : change->text);
    return text->err;
}

static enum err add_file(struct rule_trial *trial, const struct rule_files *files, const char *name)
{
    struct compilation *compilation = &trial->set->compilation;
    const struct rule_change *change = change_of(files, name);
    return change == NULL ? compile_file(compilation, str_from(name))
                          : compile_text(compilation, str_from(change->file), change->text);
}

static enum err add_files(struct rule_trial *trial, const struct rule_files *files)
{
    for (size_t at = 0; at < files->change_count; at++)
        if (files->changes[at].is_new)
            TRY(compile_text(&trial->set->compilation, str_from(files->changes[at].file),
                files->changes[at].text));
    for (size_t at = 0; at < files->files.count; at++) {
        const char *name = files->files.items[at].name;
        enum err err = add_file(trial, files, name);
        if (err == ERR_IO || err == ERR_LIMIT) {
            trial->misses_files = true;
            err = fault(trial, "%s cannot be read: %s", name,
                err == ERR_LIMIT ? "it is larger than a rule file may be" : strerror(errno));
        }
        TRY(err);
    }
    return ERR_OK;
}

/* The config may be in the commit too; it is the one on disk that counts. */
static bool is_config(const struct rule_files *files, str file)
{
    struct stat found;
    const struct file *config = &files->files.items[0];
    return stat(file.ptr, &found) == 0 && found.st_dev == config->device
           && found.st_ino == config->inode;
}

static enum err add_tree(struct rule_trial *trial, struct rule_files *files)
{
    struct compilation *compilation = &trial->set->compilation;
    struct rule_blob *blobs = NULL;
    size_t count = 0;
    const char *missing = NULL;
    compilation->sources.reader = &files->tree.reader;
    TRY(rule_tree_list(&files->tree, &missing));
    if (missing == NULL)
        TRY(rule_tree_read(&files->tree, &compilation->arena, &blobs, &count, &missing));
    trial->misses_files = missing != NULL;
    if (missing != NULL)
        return fault(trial, "%s", missing);
    for (size_t at = 0; at < count; at++) {
        if (is_config(files, blobs[at].file))
            continue;
        enum err err = compile_text(compilation, blobs[at].file, blobs[at].text);
        if (err == ERR_LIMIT)
            err = fault(trial, "%.*s cannot be read: it is larger than a rule file may be",
                STR_ARG(blobs[at].file));
        TRY(err);
    }
    return ERR_OK;
}

static enum err seal(struct rule_trial *trial)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    const struct sources *sources = &trial->set->compilation.sources;
    TRY(sha256_begin(&sha256));
    sha256_add_framed(&sha256, buf_str(&trial->faults));
    for (uint32_t at = 0; at < sources->count; at++) {
        sha256_add_framed(&sha256, sources->items[at].file);
        sha256_add_framed(&sha256, sources->items[at].text);
    }
    return sha256_end_hex(&sha256, trial->content);
}

static uint32_t count_rules(const struct compilation *compilation)
{
    uint32_t count = 0;
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = compilation->trees[file]->items; item != NULL;
             item = item->next)
            count += item->kind == ITEM_RULE;
    return count;
}

static enum err compile_and_test(struct rule_trial *trial, const struct rule_files *files)
{
    struct rule_set *set = trial->set;
    TRY(compile_program(&set->compilation));
    set->program = set->compilation.program;
    trial->rules = count_rules(&set->compilation);
    TRY(rule_files_watch(&set->compilation, &trial->watched));
    if (set->program == NULL)
        return fault_diags(trial, &set->compilation);
    if (files->is_daemon) {
        TRY(check_daemon(trial));
        TRY(check_blocks(trial, files));
        TRY(check_enforced(trial));
    }
    TRY(match_image_new(&set->compilation.arena, set->program, &set->image));
    return try_tests(trial);
}

enum err rule_trial_run(struct rule_files *files, struct rule_trial *trial)
{
    *trial = (struct rule_trial){ .faults = BUF_INIT(TRIAL_FAULT_BYTES_MAX) };
    trial->set = calloc(1, sizeof *trial->set);
    if (trial->set == NULL)
        return ERR_MEMORY;
    trial->set->compilation.opens_fixtures = true;
    TRY(compile_begin(&trial->set->compilation));
    struct overlay overlay = { { overlay_find, overlay_read }, files };
    if (files->change_count > 0)
        trial->set->compilation.sources.reader = &overlay.reader;
    if (files->missing != NULL)
        TRY(fault(trial, "%s", files->missing));
    TRY(add_files(trial, files));
    if (trial->fault_count == 0 && files->ref.len > 0)
        TRY(add_tree(trial, files));
    if (trial->fault_count == 0)
        TRY(compile_and_test(trial, files));
    trial->set->compilation.sources.reader = NULL; /* it is gone before the set is */
    TRY(seal(trial));
    trial->misses_files = trial->misses_files || files->missing != NULL;
    if (trial->fault_count > 0) {
        rule_set_free(trial->set);
        trial->set = NULL;
    }
    return ERR_OK;
}

enum err rule_trial_refuse(struct rule_trial *trial, const char *reason)
{
    TRY(fault(trial, "%s", reason));
    TRY(seal(trial));
    rule_set_free(trial->set);
    trial->set = NULL;
    return ERR_OK;
}
