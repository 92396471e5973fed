/* rule_files.c - see rule_files.h. */
#include "serve/rule_files.h"

#include "fixture.h"
#include "parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILES_BYTES_MAX = 64 * 1024 * 1024 };

/* ---- what the config names ---- */

static const struct item *daemon_item(const struct tree *tree)
{
    for (const struct item *item = tree->items; item != NULL; item = item->next)
        if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "daemon"))
            return item;
    return NULL;
}

/* A line of the daemon's own, or NULL. */
static const struct ast_line *line_of(const struct item *daemon, const char *key)
{
    const struct ast_line *line = daemon == NULL ? NULL : daemon->block.lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    return line;
}

static bool is_text(const struct expr *expr)
{
    return expr != NULL && expr->kind == EXPR_LITERAL && expr->literal.value.kind == VALUE_TEXT;
}

/* A path of the config, as it is called from where the process stands. */
static const char *path_from(struct arena *arena, const char *config, str path)
{
    str name = str_from(config);
    size_t slash = str_find_last(name, '/');
    bool is_beside = slash < name.len && !str_startswith(path, STR("/"));
    str folder = is_beside ? str_first(name, slash + 1) : STR("");
    if (str_is(path, ".") && folder.len > 0)
        return arena_copy(arena, str_first(folder, folder.len - (folder.len > 1))).ptr;
    return arena_format(arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(path));
}

static enum err take_paths(struct rule_files *files, const char *config, const struct expr *said)
{
    bool is_list = said != NULL && said->kind == EXPR_LIST;
    const struct expr *first = is_list ? said->elements : said;
    size_t room = 1;
    size_t count = 0;
    for (const struct expr *one = first; one != NULL; one = is_list ? one->next : NULL)
        room++;
    files->paths = ARENA_ARRAY(&files->arena, const char *, room);
    if (files->paths == NULL)
        return ERR_MEMORY;
    for (const struct expr *one = first; one != NULL; one = is_list ? one->next : NULL) {
        if (!is_text(one))
            continue; /* the compiler says it */
        files->paths[count] = path_from(&files->arena, config, value_str(one->literal.value));
        if (files->paths[count++] == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* Only parsed: what else is wrong with it shows when the whole set is compiled. */
static enum err read_config(struct rule_files *files, const char *config)
{
    struct arena *arena = &files->arena;
    struct sources sources = { .arena = arena };
    struct diag_list diags = { .arena = arena };
    uint32_t file = 0;
    enum err err = sources_read(&sources, str_from(config), &file);
    if (err == ERR_IO || err == ERR_LIMIT) {
        files->missing = arena_format(arena, "%s cannot be read: %s", config,
            err == ERR_LIMIT ? "it is larger than a rule file may be" : strerror(errno));
        return files->missing == NULL ? ERR_MEMORY : ERR_OK;
    }
    TRY(err);
    struct parse parse = { .sources = &sources, .file = file, .arena = arena, .diags = &diags };
    TRY(parse_source(&parse));
    const struct item *daemon = daemon_item(parse.tree);
    const struct ast_line *ref = line_of(daemon, "rules_ref");
    const struct ast_line *rules = line_of(daemon, "rules");
    if (ref != NULL && is_text(ref->value))
        files->ref = value_str(ref->value->literal.value);
    if (rules != NULL) {
        files->said = arena_format(
            arena, "%s:%" PRIu32, config, source_place(&sources.items[file], rules->at.start).line);
        if (files->said == NULL)
            return ERR_MEMORY;
    }
    return take_paths(files, config, rules == NULL ? NULL : rules->value);
}

static enum err add_path(struct rule_files *files, const char *path)
{
    const char *reason = NULL;
    enum err err = files_add(&files->files, path, &files->arena, &reason);
    if (err != ERR_IO)
        return err;
    if (files->missing == NULL)
        files->missing = reason;
    return reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* Whose path it is that is missing. */
static enum err tell_place(struct rule_files *files)
{
    if (files->missing == NULL || files->said == NULL)
        return ERR_OK;
    files->missing = arena_format(&files->arena, "%s: in `rules`: %s", files->said, files->missing);
    return files->missing == NULL ? ERR_MEMORY : ERR_OK;
}

enum err rule_files_find(const char *config, struct rule_files *files)
{
    *files = (struct rule_files){ .is_daemon = true, .arena = ARENA_INIT(FILES_BYTES_MAX) };
    TRY(read_config(files, config));
    if (files->missing != NULL)
        return ERR_OK;
    TRY(add_path(files, config));
    if (files->missing != NULL)
        return ERR_OK;
    if (files->ref.len > 0)
        TRY(rule_tree_find(&files->tree, files->paths, files->ref, &files->missing));
    else
        for (const char **path = files->paths; *path != NULL; path++)
            TRY(add_path(files, *path));
    return tell_place(files);
}

enum err rule_files_given(const char *const *paths, struct rule_files *files)
{
    *files = (struct rule_files){ .arena = ARENA_INIT(FILES_BYTES_MAX) };
    for (const char *const *path = paths; *path != NULL; path++)
        TRY(add_path(files, *path));
    return ERR_OK;
}

void rule_files_release(struct rule_files *files)
{
    rule_tree_release(&files->tree);
    arena_release(&files->arena);
    *files = (struct rule_files){ 0 };
}

/* ---- what else is read ---- */

/* What a commit has changes with the commit alone. */
static bool is_on_disk(const struct sources *sources, str from, str name)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(FILES_BYTES_MAX);
    str file = STR("");
    return sources->reader == NULL
           || (sources->reader->find(sources->reader, from, name, &arena, &file) == ERR_OK
               && file.len == 0);
}

static enum err watch(
    struct rule_files_watched *watched, const struct sources *sources, str from, str name)
{
    if (!is_on_disk(sources, from, name))
        return ERR_OK;
    char **names = reallocarray(watched->names, watched->count + 1, sizeof *names);
    if (names == NULL)
        return ERR_MEMORY;
    watched->names = names;
    names[watched->count] = strndup(name.ptr, name.len);
    if (names[watched->count] == NULL)
        return ERR_MEMORY;
    watched->count++;
    return ERR_OK;
}

static enum err watch_fixtures(struct rule_files_watched *watched, const struct sources *sources,
    str file, const struct ast_check *checks)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(FILES_BYTES_MAX);
    for (const struct ast_check *check = checks; check != NULL; check = check->next) {
        if (check->kind != CHECK_ALERT || check->alert.file.len == 0)
            continue;
        str path = fixture_path(&arena, file, check->alert.file);
        if (path.ptr == NULL)
            return ERR_MEMORY;
        TRY(watch(watched, sources, file, path));
    }
    return ERR_OK;
}

enum err rule_files_watch(
    const struct compilation *compilation, struct rule_files_watched *ret_watched)
{
    const struct sources *sources = &compilation->sources;
    *ret_watched = (struct rule_files_watched){ 0 };
    for (uint32_t at = 0; at < compilation->tree_count; at++) {
        const struct source *source = &sources->items[at];
        if (source->depth > 0 && !source->is_shipped)
            TRY(watch(ret_watched, sources, source->file, source->file));
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_TEST && source->depth == 0)
                TRY(watch_fixtures(ret_watched, sources, source->file, item->test.checks));
    }
    return ERR_OK;
}

void rule_files_watched_release(struct rule_files_watched *watched)
{
    for (size_t at = 0; at < watched->count; at++)
        free(watched->names[at]);
    free(watched->names);
    *watched = (struct rule_files_watched){ 0 };
}

/* ---- the mark ---- */

static int64_t time_ms(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The time of the inode's change is set by the kernel alone: who sets back the time of a file's
 * text (cp -p, git) shows here. */
static void mark_file(struct sha256 *sha256, const char *name, int64_t *newest_ms)
{
    struct stat found = { 0 };
    bool is_there = stat(name, &found) == 0;
    const int64_t facts[] = { is_there, (int64_t)found.st_dev, (int64_t)found.st_ino,
        (int64_t)found.st_size, (int64_t)found.st_mtim.tv_sec, (int64_t)found.st_mtim.tv_nsec,
        (int64_t)found.st_ctim.tv_sec, (int64_t)found.st_ctim.tv_nsec };
    sha256_add_framed(sha256, str_from(name));
    sha256_add(sha256, (str){ (const char *)facts, sizeof facts });
    if (is_there && time_ms(found.st_ctim) > *newest_ms)
        *newest_ms = time_ms(found.st_ctim);
}

enum err rule_files_look(const struct rule_files *files, const struct rule_files_watched *watched,
    struct rule_files_mark *ret_mark)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    *ret_mark = (struct rule_files_mark){ 0 };
    TRY(sha256_begin(&sha256));
    sha256_add_framed(&sha256, files->ref);
    sha256_add_framed(&sha256, str_from(files->missing));
    rule_tree_mark(&files->tree, &sha256);
    for (size_t at = 0; at < files->files.count; at++)
        mark_file(&sha256, files->files.items[at].name, &ret_mark->newest_ms);
    for (size_t at = 0; watched != NULL && at < watched->count; at++)
        mark_file(&sha256, watched->names[at], &ret_mark->newest_ms);
    return sha256_end_hex(&sha256, ret_mark->hex);
}
