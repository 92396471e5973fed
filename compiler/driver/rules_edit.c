/* rules_edit.c - see rules_edit.h. */
#include "driver/rules_edit.h"

#include "base/limits.h"
#include "driver/rules_change.h"
#include "driver/rules_cut.h"
#include "suggest.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISABLED_COMMENT "# disabled: "

extern char **environ;

/* ---- finding ---- */

/* Item after item of the files that are not shipped. */
static const struct item *next_item(const struct rules_edit *edit, const struct item *item)
{
    const struct compilation *compilation = &edit->compilation;
    uint32_t file = item == NULL ? 0 : item->at.file + 1;
    if (item != NULL && item->next != NULL)
        return item->next;
    for (; file < compilation->tree_count; file++)
        if (!compilation->sources.items[file].is_shipped && compilation->trees[file]->items != NULL)
            return compilation->trees[file]->items;
    return NULL;
}

const struct item *rules_edit_next(const struct rules_edit *edit, const struct item *rule)
{
    do
        rule = next_item(edit, rule);
    while (rule != NULL && rule->kind != ITEM_RULE);
    return rule;
}

const struct item *rules_edit_disable_of(const struct rules_edit *edit, const struct item *rule)
{
    if (rule->rule.disabled_by != NULL || edit->compilation.program != NULL)
        return rule->rule.disabled_by;
    for (const struct item *item = NULL; (item = next_item(edit, item)) != NULL;)
        if (item->kind == ITEM_DISABLE && str_equal(item->name, rule->name))
            return item;
    return NULL;
}

static const struct source *source_of(const struct rules_edit *edit, const struct item *item)
{
    return &edit->compilation.sources.items[item->at.file];
}

/* The rule that was named, or NULL, and told. */
static const struct item *find_rule(const struct rules_edit *edit)
{
    struct suggestion near = { .word = str_from(edit->name) };
    for (const struct item *rule = NULL; (rule = rules_edit_next(edit, rule)) != NULL;) {
        if (str_is(rule->name, edit->name))
            return rule;
        suggest(&near, rule->name);
    }
    if (near.best.len > 0)
        driver_message(edit->driver, "there is no rule %s; did you mean %.*s?", edit->name,
            STR_ARG(near.best));
    else
        driver_message(edit->driver, "there is no rule %s in these files", edit->name);
    return NULL;
}

/* ---- changing ---- */

static struct rules_change change_of(
    struct rules_edit *edit, const struct arguments *arguments, const char *verb)
{
    return (struct rules_change){ .driver = edit->driver,
        .files = &edit->files,
        .commits = !option_is_given(arguments, OPTION_NO_COMMIT),
        .subject = arena_format(&edit->driver->arena, "%s rule %s", verb, edit->name),
        .reason = option_text(arguments, OPTION_REASON) };
}

/* ERR_MEMORY also for a text that could not be made. */
static enum exit_code add_change(struct rules_change *change, const struct source *source, str text)
{
    if (text.ptr == NULL || change->subject == NULL)
        return driver_failure(change->driver, "changing the rules", ERR_MEMORY);
    if (change->count == RULES_CHANGED_MAX) {
        driver_message(change->driver, "that is in more than %d files: change them by hand",
            RULES_CHANGED_MAX);
        return EXIT_USAGE;
    }
    change->before[change->count] = source->text;
    change->changes[change->count++] =
        (struct rule_change){ .file = source->file.ptr, .text = text };
    return EXIT_CLEAN;
}

static enum exit_code make(struct rules_change *change, enum exit_code code)
{
    return code == EXIT_CLEAN ? rules_change_make(change) : code;
}

/* On one line, so that nothing of it is more than a comment. */
static const char *one_line(struct arena *arena, const char *text)
{
    str copy = arena_copy(arena, str_from(text));
    char *made = arena_alloc(arena, copy.len + 1, 1);
    for (size_t at = 0; made != NULL && copy.ptr != NULL && at < copy.len; at++)
        made[at] = (unsigned char)copy.ptr[at] < ' ' ? ' ' : copy.ptr[at];
    return copy.ptr == NULL ? NULL : made;
}

enum exit_code rules_disable(struct rules_edit *edit, const struct arguments *arguments)
{
    struct arena *arena = &edit->driver->arena;
    const struct item *rule = find_rule(edit);
    if (rule == NULL)
        return EXIT_FINDINGS;
    if (rules_edit_disable_of(edit, rule) != NULL) {
        output_addf(&edit->driver->out, "%s is disabled already.\n", edit->name);
        return EXIT_CLEAN;
    }
    struct rules_change change = change_of(edit, arguments, "Disable");
    change.may_stay_bad = true;
    const char *reason = one_line(arena, change.reason);
    const char *more =
        reason == NULL
            ? NULL
            : arena_format(arena, "\n" DISABLED_COMMENT "%s\ndisable rule %s", reason, edit->name);
    str text = { NULL, 0 };
    if (more != NULL)
        text = text_with(arena, source_of(edit, rule)->text, rule->at.end, str_from(more));
    return make(&change, add_change(&change, source_of(edit, rule), text));
}

enum exit_code rules_enable(struct rules_edit *edit, const struct arguments *arguments)
{
    const struct item *rule = find_rule(edit);
    const struct item *disable = rule == NULL ? NULL : rules_edit_disable_of(edit, rule);
    if (rule == NULL)
        return EXIT_FINDINGS;
    if (disable == NULL) {
        output_addf(&edit->driver->out, "%s is enabled already.\n", edit->name);
        return EXIT_CLEAN;
    }
    const struct source *source = source_of(edit, disable);
    struct rules_change change = change_of(edit, arguments, "Enable");
    change.may_stay_bad = true;
    span extent = item_extent(source, disable->at, DISABLED_COMMENT);
    str text = text_without(&edit->driver->arena, source->text, &extent, 1);
    return make(&change, add_change(&change, source, text));
}

/* ---- delete ---- */

static bool names_rule(const struct item *item, const char *name, bool *ret_names_others)
{
    bool is_named = false;
    if (item->kind == ITEM_DISABLE)
        return str_is(item->name, name);
    if (item->kind == ITEM_EXCEPTION)
        for (const struct ast_name *at = item->exception.rules; at != NULL; at = at->next) {
            is_named = is_named || str_is(at->text, name);
            *ret_names_others = *ret_names_others || !str_is(at->text, name);
        }
    if (item->kind == ITEM_TEST)
        for (const struct ast_check *at = item->test.checks; at != NULL; at = at->next)
            is_named = is_named || (at->kind == CHECK_RULE && str_is(at->rule.name, name));
    return is_named;
}

static void tell_item(const struct rules_edit *edit, const struct item *item, const char *means)
{
    const struct source *source = source_of(edit, item);
    driver_message(edit->driver, "%.*s:%u: %s%s%.*s%s", STR_ARG(source->file),
        source_place(source, item->at.start).line, means, item->kind == ITEM_TEST ? " \"" : " ",
        STR_ARG(item->name), item->kind == ITEM_TEST ? "\"" : "");
}

/* Whether nothing is in the way; what is, is told. */
static bool may_go(const struct rules_edit *edit, bool is_forced)
{
    bool may = true;
    for (const struct item *item = NULL; (item = next_item(edit, item)) != NULL;) {
        bool names_others = false;
        if (!names_rule(item, edit->name, &names_others) || (is_forced && !names_others))
            continue;
        tell_item(edit, item, item_word(item));
        may = false;
    }
    if (!may)
        driver_message(edit->driver,
            is_forced ? "that names other rules too, so it stays; take %s out of it by hand"
                      : "that names %s; delete it too with --force",
            edit->name);
    return may;
}

/* What of one file goes. */
static enum exit_code cut_file(struct rules_edit *edit, struct rules_change *change, uint32_t file)
{
    const struct source *source = &edit->compilation.sources.items[file];
    const struct item *first = edit->compilation.trees[file]->items;
    size_t count = 0;
    size_t room = 0;
    bool names_others = false;
    for (const struct item *item = first; item != NULL; item = item->next)
        room++;
    span *spans = ARENA_ARRAY(&edit->driver->arena, span, room + 1);
    if (spans == NULL)
        return driver_failure(edit->driver, "deleting", ERR_MEMORY);
    for (const struct item *item = first; item != NULL; item = item->next)
        if ((item->kind == ITEM_RULE && str_is(item->name, edit->name))
            || names_rule(item, edit->name, &names_others))
            spans[count++] =
                item_extent(source, item->at, item->kind == ITEM_DISABLE ? DISABLED_COMMENT : "");
    if (count == 0)
        return EXIT_CLEAN;
    return add_change(
        change, source, text_without(&edit->driver->arena, source->text, spans, count));
}

enum exit_code rules_delete(struct rules_edit *edit, const struct arguments *arguments)
{
    enum exit_code code = EXIT_CLEAN;
    if (find_rule(edit) == NULL || !may_go(edit, option_is_given(arguments, OPTION_FORCE)))
        return EXIT_FINDINGS;
    struct rules_change change = change_of(edit, arguments, "Delete");
    for (uint32_t file = 0; file < edit->compilation.tree_count && code == EXIT_CLEAN; file++)
        if (!edit->compilation.sources.items[file].is_shipped)
            code = cut_file(edit, &change, file);
    return make(&change, code);
}

/* ---- new ---- */

static bool is_name(const char *name)
{
    str text = str_from(name);
    return text.len > 0 && text.len <= NAME_BYTES_MAX && (name[0] < '0' || name[0] > '9')
           && str_all_of(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* NAME.cdr in the first directory. */
static const char *default_file(const struct rules_edit *edit)
{
    struct stat found;
    for (const char **path = edit->paths; *path != NULL; path++)
        if (stat(*path, &found) == 0 && S_ISDIR(found.st_mode))
            return arena_format(&edit->driver->arena, "%s%s%s.cdr", *path,
                str_endswith(str_from(*path), STR("/")) ? "" : "/", edit->name);
    return NULL;
}

/* Whether a file that is to be will be one of the set: below one of its directories. */
static bool will_be_read(const struct rules_edit *edit, const char *file)
{
    bool is_below = false;
    size_t slash = str_find_last(str_from(file), '/');
    str folder = file[slash] == '\0' ? STR(".") : str_first(str_from(file), slash);
    const char *name = arena_copy(&edit->driver->arena, folder).ptr;
    char *real = name == NULL ? NULL : realpath(name, NULL);
    for (const char **path = edit->paths; real != NULL && *path != NULL && !is_below; path++) {
        char *root = realpath(*path, NULL);
        size_t len = root == NULL ? 0 : strlen(root);
        is_below = root != NULL && strncmp(real, root, len) == 0
                   && (real[len] == '\0' || real[len] == '/');
        free(root);
    }
    free(real);
    return is_below && str_endswith(str_from(file), STR(".cdr"));
}

static const struct source *source_named(const struct rules_edit *edit, const char *file)
{
    const struct sources *sources = &edit->compilation.sources;
    struct stat found;
    if (stat(file, &found) != 0)
        return NULL;
    for (uint32_t at = 0; at < sources->count; at++)
        if (sources->items[at].has_identity && !sources->items[at].is_list
            && sources->items[at].device == found.st_dev
            && sources->items[at].inode == found.st_ino)
            return &sources->items[at];
    return NULL;
}

static enum exit_code is_there(const struct rules_edit *edit, const struct item *rule)
{
    const struct source *source = source_of(edit, rule);
    driver_message(edit->driver, "there is a rule %s at %.*s:%u", edit->name, STR_ARG(source->file),
        source_place(source, rule->at.start).line);
    return EXIT_FINDINGS;
}

enum exit_code rules_new(struct rules_edit *edit, const struct arguments *arguments)
{
    struct driver *driver = edit->driver;
    const char *file = option_text(arguments, OPTION_FILE);
    if (!is_name(edit->name))
        return driver_usage(driver, &rules_command,
            "a rule is called by letters, digits and _, and not %s", edit->name);
    for (const struct item *rule = NULL; (rule = rules_edit_next(edit, rule)) != NULL;)
        if (str_is(rule->name, edit->name))
            return is_there(edit, rule);
    if (file == NULL)
        file = default_file(edit);
    if (file == NULL)
        return driver_usage(
            driver, &rules_command, "there is no directory among the paths: give --file");
    struct rules_change change = change_of(edit, arguments, "Add");
    const struct source *source = source_named(edit, file);
    str made = rule_template(&driver->arena, edit->name);
    if (source != NULL) {
        str text = made.ptr == NULL
                       ? made
                       : text_with(&driver->arena, source->text, (uint32_t)source->text.len, made);
        return make(&change, add_change(&change, source, text));
    }
    if (access(file, F_OK) == 0 || !will_be_read(edit, file)) {
        driver_message(driver,
            "%s is none of these rules, nor would it be: name a .cdr file below their paths", file);
        return EXIT_USAGE;
    }
    struct source none = { .file = str_from(file), .text = STR("") };
    enum exit_code code = add_change(&change, &none, made);
    change.changes[0].is_new = true;
    return make(&change, code);
}

/* ---- edit ---- */

/* A copy outside of the rules: a daemon would read it. */
static enum err make_copy(struct rules_edit *edit, str text, const char **ret_copy)
{
    const char *base = getenv("TMPDIR");
    str folder =
        arena_copy(&edit->driver->arena, str_from(arena_format(&edit->driver->arena,
                                             "%s/cdr-edit-XXXXXX", base == NULL ? "/tmp" : base)));
    union {
        const char *text;
        char *pattern;
    } path = { .text = folder.ptr };
    if (folder.ptr == NULL || mkdtemp(path.pattern) == NULL)
        return ERR_IO;
    *ret_copy = arena_format(&edit->driver->arena, "%s/%s.cdr", folder.ptr, edit->name);
    FILE *file = *ret_copy == NULL ? NULL : fopen(*ret_copy, "wxe");
    if (file == NULL)
        return ERR_IO;
    bool is_well = fwrite(text.ptr, 1, text.len, file) == text.len;
    return fclose(file) == 0 && is_well ? ERR_OK : ERR_IO;
}

static void remove_copy(struct rules_edit *edit, const char *copy)
{
    const char *folder = arena_copy(
        &edit->driver->arena, str_first(str_from(copy), str_find_last(str_from(copy), '/')))
                             .ptr;
    unlink(copy);
    if (folder != NULL)
        rmdir(folder);
}

/* An editor may be named with flags of its own, so it is the shell's to read, as with git. */
static enum exit_code open_editor(struct rules_edit *edit, const char *copy)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[0] == '\0')
        editor = getenv("EDITOR");
    if (editor == NULL || editor[0] == '\0')
        editor = "vi";
    const char *line = arena_format(&edit->driver->arena, "%s \"$@\"", editor);
    const char *const arguments[] = { "sh", "-c", line, editor, copy, NULL };
    union {
        const char *const *ours;
        char *const *theirs;
    } list = { .ours = arguments };
    pid_t child;
    int status = 0;
    output_flush(&edit->driver->out);
    int reason =
        line == NULL ? ENOMEM : posix_spawnp(&child, "sh", NULL, NULL, list.theirs, environ);
    while (reason == 0 && waitpid(child, &status, 0) < 0)
        reason = errno == EINTR ? 0 : errno;
    if (reason == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return EXIT_CLEAN;
    driver_message(edit->driver, "%s %s", editor,
        reason == 0 ? "did not end well, so nothing was changed" : strerror(reason));
    return EXIT_USAGE;
}

static enum exit_code take_copy(struct rules_edit *edit, const struct arguments *arguments,
    const struct source *source, const char *copy)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    enum exit_code code = open_editor(edit, copy);
    if (code != EXIT_CLEAN)
        return code;
    if (file_read(copy, &text) != ERR_OK) {
        driver_message(edit->driver, "%s cannot be read: %s", copy, strerror(errno));
        return EXIT_USAGE;
    }
    struct rules_change change = change_of(edit, arguments, "Change");
    return make(
        &change, add_change(&change, source, arena_copy(&edit->driver->arena, buf_str(&text))));
}

enum exit_code rules_edit_open(struct rules_edit *edit, const struct arguments *arguments)
{
    const struct item *rule = find_rule(edit);
    const char *copy = NULL;
    if (rule == NULL)
        return EXIT_FINDINGS;
    if (make_copy(edit, source_of(edit, rule)->text, &copy) != ERR_OK) {
        driver_message(edit->driver, "no copy could be made: %s", strerror(errno));
        return EXIT_USAGE;
    }
    enum exit_code code = take_copy(edit, arguments, source_of(edit, rule), copy);
    if (code == EXIT_CLEAN)
        remove_copy(edit, copy);
    else
        driver_message(edit->driver, "what you wrote is in %s", copy);
    return code;
}
