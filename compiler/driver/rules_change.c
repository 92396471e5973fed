/* rules_change.c - see rules_change.h. */
#include "driver/rules_change.h"

#include "base/limits.h"
#include "driver/git.h"
#include "fmt.h"
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 1024 * 1024, FAULTS_SHOWN = 20 };

/* ---- trying ---- */

/* The canonical form; a text with mistakes stays, and the trial tells them. */
static enum err format_text(struct arena *arena, struct rule_change *change)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(2 * SOURCE_BYTES_MAX);
    struct sources sources = { .arena = arena };
    struct diag_list diags = { .arena = arena };
    struct parse parse = { .sources = &sources, .arena = arena, .diags = &diags };
    TRY(sources_add(&sources, str_from(change->file), change->text, false, &parse.file));
    TRY(parse_source(&parse));
    if (diags.error_count > 0)
        return ERR_OK;
    tree_format(&sources, parse.tree, &text);
    TRY(text.err);
    change->text = arena_copy(arena, buf_str(&text));
    return change->text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum exit_code tell_faults(struct driver *driver, const struct rule_trial *trial)
{
    str rest = buf_str(&trial->faults);
    for (int told = 0; rest.len > 0 && told < FAULTS_SHOWN; told++) {
        str line = str_first(rest, str_find(rest, '\n'));
        output_text(&driver->log, line);
        output_add(&driver->log, STR("\n"));
        rest = str_skip(rest, line.len + 1);
    }
    driver_message(driver,
        "with that the rules would be bad (%" PRIu32 " mistake%s), so nothing was written",
        trial->fault_count, trial->fault_count == 1 ? "" : "s");
    return EXIT_FINDINGS;
}

/* Whether the set without the changes has as many mistakes. One more of ours would show by its count:
 * the places of the others move with what is written above them. */
static enum err is_no_worse(
    struct rules_change *change, const struct rule_trial *with, bool *ret_is)
{
    CLEANUP(rule_trial_release) struct rule_trial without = { 0 };
    TRY(rule_trial_run(change->files, &without));
    *ret_is = without.set == NULL && with->fault_count <= without.fault_count;
    return ERR_OK;
}

static void tell_still_bad(struct driver *driver, const struct rule_trial *trial)
{
    str first = str_first(buf_str(&trial->faults), str_find(buf_str(&trial->faults), '\n'));
    driver_message(driver, "%.*s", STR_ARG(first));
    driver_message(driver,
        "the rules as a whole were refused before, and still are (%" PRIu32
        " mistake%s, the first above): this is written, but a daemon goes on with the rules that "
        "it "
        "has until that is mended. git revert takes out what brought it; cdr pause stops all "
        "changes at once",
        trial->fault_count, trial->fault_count == 1 ? "" : "s");
}

static enum exit_code try_it(struct rules_change *change)
{
    struct driver *driver = change->driver;
    CLEANUP(rule_trial_release) struct rule_trial trial = { 0 };
    for (size_t at = 0; at < change->count; at++) {
        enum err err = format_text(&driver->arena, &change->changes[at]);
        if (err != ERR_OK)
            return driver_failure(driver, change->changes[at].file, err);
    }
    change->files->changes = change->changes;
    change->files->change_count = change->count;
    enum err err = rule_trial_run(change->files, &trial);
    change->files->change_count = 0;
    if (err != ERR_OK)
        return driver_failure(driver, "trying the rules", err);
    if (trial.set != NULL)
        return EXIT_CLEAN;
    if (change->may_stay_bad)
        err = is_no_worse(change, &trial, &change->stays_bad);
    if (err != ERR_OK)
        return driver_failure(driver, "trying the rules", err);
    if (!change->stays_bad)
        return tell_faults(driver, &trial);
    tell_still_bad(driver, &trial);
    return EXIT_CLEAN;
}

/* ---- git ---- */

/* The directory of the first file, and the files by their real paths. */
struct commit {
    const char *folder;
    const char *files[RULES_CHANGED_MAX + 1];
    bool is_in_git;
};

static const char *real_path(struct arena *arena, const char *file)
{
    char *real = realpath(file, NULL);
    const char *copy = real == NULL ? NULL : arena_copy(arena, str_from(real)).ptr;
    free(real);
    return copy;
}

static const char *folder_of(struct arena *arena, const char *file)
{
    size_t slash = str_find_last(str_from(file), '/');
    return file[slash] == '\0' ? "." : arena_copy(arena, str_first(str_from(file), slash + 1)).ptr;
}

/* Of a file that is not there yet: its directory's real path, and its name. */
static const char *future_path(struct arena *arena, const char *file)
{
    size_t slash = str_find_last(str_from(file), '/');
    const char *folder = folder_of(arena, file);
    const char *real = folder == NULL ? NULL : real_path(arena, folder);
    const char *name = file[slash] == '\0' ? file : file + slash + 1;
    return real == NULL ? NULL : arena_format(arena, "%s/%s", real, name);
}

/* git WORDS.. -- FILES.. */
static enum exit_code ask(struct rules_change *change, const struct commit *commit,
    const char *const *words, struct git_answer *answer)
{
    const char *arguments[GIT_ARGUMENTS_MAX + 1];
    size_t count = 0;
    for (; words[count] != NULL; count++)
        arguments[count] = words[count];
    arguments[count++] = "--";
    for (size_t at = 0; commit->files[at] != NULL; at++)
        arguments[count++] = commit->files[at];
    arguments[count] = NULL;
    enum err err = git_run(commit->folder, false, arguments, STR(""), answer);
    if (err == ERR_OK && answer->code == 0)
        return EXIT_CLEAN;
    driver_message(
        change->driver, "git %s: %s", words[0], git_reason(answer, err, &change->driver->arena));
    return EXIT_USAGE;
}

/* Whether there is a work tree, and nothing in these files that somebody did not commit: it would
 * be committed under our words. */
static enum exit_code look_at_git(struct rules_change *change, struct commit *commit)
{
    static const char *const inside[] = { "rev-parse", "--is-inside-work-tree", NULL };
    static const char *const status[] = { "status", "--porcelain", NULL };
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(ANSWER_BYTES_MAX);
    struct arena *arena = &change->driver->arena;
    for (size_t at = 0; at < change->count; at++) {
        const struct rule_change *one = &change->changes[at];
        commit->files[at] =
            one->is_new ? future_path(arena, one->file) : real_path(arena, one->file);
        if (commit->files[at] == NULL) {
            driver_message(change->driver, "%s cannot be found: %s", one->file, strerror(errno));
            return EXIT_USAGE;
        }
    }
    commit->folder = folder_of(arena, commit->files[0]);
    if (commit->folder == NULL)
        return driver_failure(change->driver, "asking git", ERR_MEMORY);
    enum err err = git_run(commit->folder, true, inside, STR(""), &answer);
    commit->is_in_git =
        err == ERR_OK && answer.code == 0 && str_startswith(buf_str(&answer.out), STR("true"));
    if (!commit->is_in_git || !change->commits)
        return EXIT_CLEAN;
    buf_clear(&answer.out);
    buf_clear(&answer.error);
    enum exit_code code = ask(change, commit, status, &answer);
    if (code != EXIT_CLEAN || answer.out.len == 0)
        return code;
    driver_message(change->driver,
        "these files have changes that were not committed:\n%.*s\ncommit or take them back first, "
        "or "
        "give --no-commit",
        (int)(answer.out.len - 1), answer.out.ptr);
    return EXIT_USAGE;
}

static enum exit_code commit_files(struct rules_change *change, const struct commit *commit)
{
    struct output *out = &change->driver->out;
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(ANSWER_BYTES_MAX);
    const char *message = change->reason == NULL ? change->subject
                                                 : arena_format(&change->driver->arena, "%s\n\n%s",
                                                     change->subject, change->reason);
    const char *const add[] = { "add", NULL };
    const char *const make[] = { "commit", "-q", "-m", message, NULL };
    if (!commit->is_in_git || !change->commits) {
        output_add(out, commit->is_in_git ? STR("Not committed: --no-commit.\n")
                                          : STR("Not committed: this is no work tree of git.\n"));
        return EXIT_CLEAN;
    }
    if (message == NULL)
        return driver_failure(change->driver, "committing", ERR_MEMORY);
    enum exit_code code = ask(change, commit, add, &answer);
    if (code == EXIT_CLEAN)
        code = ask(change, commit, make, &answer);
    if (code != EXIT_CLEAN) {
        driver_message(change->driver, "the files are written and not committed");
        return code;
    }
    output_add(out, STR("Committed: "));
    output_text(out, str_from(change->subject));
    output_add(out, STR("\n"));
    return EXIT_CLEAN;
}

/* ---- writing ---- */

/* Between reading and now somebody else may have written. */
static bool is_as_read(const struct rules_change *change, size_t at)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    if (file_read(change->changes[at].file, &text) != ERR_OK)
        return false;
    str now = buf_str(&text);
    bool has_mark = str_startswith(now, STR("\xEF\xBB\xBF")); /* cut off when it was read */
    return str_equal(str_skip(now, has_mark ? 3 : 0), change->before[at]);
}

/* A new file is there empty first, which no rule is, and then as a whole. */
static bool make_room(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd >= 0 && close(fd) == 0;
}

static enum exit_code write_all(struct rules_change *change)
{
    struct driver *driver = change->driver;
    for (size_t at = 0; at < change->count; at++)
        if (!change->changes[at].is_new && !is_as_read(change, at)) {
            driver_message(
                driver, "%s changed meanwhile, so nothing was written", change->changes[at].file);
            return EXIT_USAGE;
        }
    for (size_t at = 0; at < change->count; at++) {
        const struct rule_change *one = &change->changes[at];
        if ((one->is_new && !make_room(one->file))
            || file_replace(one->file, one->text, &driver->arena) != ERR_OK) {
            driver_message(driver, "%s cannot be written: %s", one->file, strerror(errno));
            return EXIT_USAGE;
        }
        output_add(&driver->out, one->is_new ? STR("Wrote ") : STR("Changed "));
        output_text(&driver->out, str_from(one->file));
        output_add(&driver->out, STR(".\n"));
    }
    return EXIT_CLEAN;
}

enum exit_code rules_change_make(struct rules_change *change)
{
    struct commit commit = { 0 };
    bool is_other = false;
    enum exit_code code = try_it(change);
    for (size_t at = 0; at < change->count; at++)
        is_other = is_other || change->changes[at].is_new
                   || !str_equal(change->changes[at].text, change->before[at]);
    if (code == EXIT_CLEAN && !is_other) {
        output_add(&change->driver->out, STR("Nothing changes.\n"));
        return EXIT_CLEAN;
    }
    if (code == EXIT_CLEAN)
        code = look_at_git(change, &commit);
    if (code == EXIT_CLEAN)
        code = write_all(change);
    if (code == EXIT_CLEAN)
        code = commit_files(change, &commit);
    return code == EXIT_CLEAN && change->stays_bad ? EXIT_FINDINGS : code;
}
