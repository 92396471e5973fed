/* config.c - see config.h. */
#include "driver/config.h"

#include "driver/files.h"
#include "driver/settings.h"
#include "suggest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_NAME "cdr.json"

struct reader {
    const struct command *const *commands;
    struct arena *arena;
    str text;
    const char *folder; /* of the file, ending in a slash; or "" */
    struct config config;
    const char **reterr_reason;
};

static const char *const levels[] = {
    [LINT_OFF] = "off", [LINT_INFO] = "info", [LINT_WARNING] = "warning", [LINT_ERROR] = "error"
};

const char *lint_level_name(enum lint_level level)
{
    return levels[level];
}

/* ---- finding ---- */

/* Whether two paths are one directory: the root is its own parent. */
static bool is_same(const char *a, const char *b)
{
    struct stat left;
    struct stat right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev
           && left.st_ino == right.st_ino;
}

enum err config_find(struct arena *arena, const char **ret_file)
{
    const char *up = "";
    *ret_file = NULL;
    for (int level = 0; level < CONFIG_LEVELS_MAX; level++) {
        const char *file = arena_format(arena, "%s" CONFIG_NAME, up);
        const char *git = arena_format(arena, "%s.git", up);
        const char *here = arena_format(arena, "%s.", up);
        const char *parent = arena_format(arena, "%s..", up);
        up = arena_format(arena, "%s../", up);
        if (file == NULL || git == NULL || here == NULL || parent == NULL || up == NULL)
            return ERR_MEMORY;
        if (access(file, F_OK) == 0) {
            *ret_file = file;
            return ERR_OK;
        }
        if (access(git, F_OK) == 0 || is_same(here, parent))
            return ERR_OK;
    }
    return ERR_OK;
}

/* ---- places ---- */

/* The line of the member `key`: of the whole, or of the object that the member `owner` is.
 * The text is known to be JSON. */
static uint32_t line_of(str text, const char *owner, const char *key)
{
    int depth = 0;
    int wanted = owner == NULL ? 1 : 2;
    bool is_inside = owner == NULL;
    uint32_t line = 1;
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        line += c == '\n';
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c != '"')
            continue;
        size_t start = at + 1;
        for (at = start; at < text.len && text.ptr[at] != '"'; at++)
            at += text.ptr[at] == '\\';
        str word = { text.ptr + start, at - start };
        size_t after = at + 1;
        while (after < text.len && strchr(" \t\r\n", text.ptr[after]) != NULL)
            after++;
        bool is_key = after < text.len && text.ptr[after] == ':';
        if (is_key && depth == 1 && owner != NULL)
            is_inside = str_is(word, owner);
        if (is_key && is_inside && depth == wanted && str_is(word, key))
            return line;
    }
    return 1;
}

/* Say what is wrong with a member. */
static enum err wrong(struct reader *reader, const char *owner, const char *key, const char *what)
{
    *reader->reterr_reason =
        what == NULL ? NULL
                     : arena_format(reader->arena, "%s:%u: \"%s\": %s", reader->config.file,
                         line_of(reader->text, owner, key), key, what);
    return *reader->reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
}

/* ---- keys ---- */

/* The row that the key stands for: of `command`, or of any command that has it. */
static const struct option *find_row(
    const struct reader *reader, const struct command *command, const char *key)
{
    const struct option *row;
    if (command == NULL) {
        for (const struct command *const *at = reader->commands; *at != NULL; at++)
            if ((row = find_row(reader, *at, key)) != NULL)
                return row;
        return NULL;
    }
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (strcmp(option_name(row->id), key) == 0)
            return row;
    return NULL;
}

static const struct command *find_command(const struct reader *reader, const char *key)
{
    for (const struct command *const *at = reader->commands; *at != NULL; at++)
        if (strcmp((*at)->name, key) == 0)
            return *at;
    return NULL;
}

static void suggest_settings(const struct command *command, struct suggestion *suggestion)
{
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (setting_reach(row->id) == REACH_FILE)
            suggest(suggestion, str_from(option_name(row->id)));
}

static enum err unknown_key(
    struct reader *reader, const struct command *command, const char *owner, const char *key)
{
    struct suggestion suggestion = { .word = str_from(key) };
    if (command != NULL)
        suggest_settings(command, &suggestion);
    for (const struct command *const *at = reader->commands; command == NULL && *at != NULL; at++)
        suggest_settings(*at, &suggestion);
    /* Flags are what is mostly said, so a command is offered only when no flag is near. */
    bool is_open = command == NULL && suggestion.best.len == 0;
    for (const struct command *const *at = reader->commands; is_open && *at != NULL; at++)
        suggest(&suggestion, str_from((*at)->name));
    if (is_open)
        suggest(&suggestion, STR("lint"));
    if (suggestion.best.len > 0)
        return wrong(reader, owner, key,
            arena_format(reader->arena, "no such setting; did you mean \"%.*s\"?",
                STR_ARG(suggestion.best)));
    return wrong(reader, owner, key, "no such setting; cdr help --man lists them");
}

static const char *unsafe_key(const struct option *row, struct arena *arena)
{
    const char *name = option_name(row->id);
    if (setting_reach(row->id) == REACH_ENVIRONMENT)
        return arena_format(arena,
            "is not read from a file, which may be a stranger's; give --%s, or %s", name,
            setting_variable(row->id, arena));
    return arena_format(arena,
        "is not read from a file, which may be a stranger's: --%s is said on the command line",
        name);
}

/* ---- values ---- */

static bool is_path(const struct option *row)
{
    return row->value != NULL
           && (strstr(row->value, "PATH") != NULL || strstr(row->value, "FILE") != NULL
               || strstr(row->value, "DIR") != NULL);
}

/* One value as the text that it would be on the command line; NULL: another type is wanted. */
static const char *read_text(
    const struct reader *reader, const struct option *row, const json_t *json)
{
    if (row->kind == OPTION_NUMBER)
        return json_is_integer(json)
                   ? arena_format(reader->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json))
                   : NULL;
    const char *text = json_string_value(json);
    if (text == NULL)
        return NULL;
    bool is_relative = is_path(row) && text[0] != '/';
    return arena_format(reader->arena, "%s%s", is_relative ? reader->folder : "", text);
}

static const char *wanted_type(const struct option *row)
{
    switch (row->kind) {
    case OPTION_FLAG:
        return "wants true or false";
    case OPTION_NUMBER:
        return "wants a whole number from 1";
    case OPTION_TEXTS:
        return "wants an array of texts";
    case OPTION_TEXT:
    case OPTION_CHOICE:
    case OPTION_NONE:
        break;
    }
    return "wants a text";
}

/* Whether some command takes that value; a flag may have other choices elsewhere. */
static const char *check_value(const struct reader *reader, const struct option *row,
    const struct command *command, const char *text)
{
    const char *fault = option_fault(row, text, reader->arena);
    if (fault == NULL || command != NULL)
        return fault;
    for (const struct command *const *at = reader->commands; *at != NULL; at++) {
        const struct option *other = option_find(*at, row->id);
        if (other != NULL && option_fault(other, text, reader->arena) == NULL)
            return NULL;
    }
    return fault;
}

/* The texts of a setting. */
static enum err read_texts(struct reader *reader, const struct option *row, const char *owner,
    const json_t *json, struct config_setting *setting)
{
    const char *key = option_name(row->id);
    bool is_array = row->kind == OPTION_TEXTS && json_is_array(json);
    setting->count = is_array ? json_array_size(json) : 1;
    setting->texts = ARENA_ARRAY(reader->arena, const char *, setting->count + 1);
    if (setting->texts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < setting->count; i++) {
        const json_t *one = is_array ? json_array_get(json, i) : json;
        const char *text = read_text(reader, row, one);
        if (text == NULL)
            return wrong(reader, owner, key, wanted_type(row));
        const char *fault = check_value(reader, row, setting->command, text);
        if (fault != NULL)
            return wrong(reader, owner, key, fault);
        setting->texts[i] = text;
    }
    return ERR_OK;
}

static enum err read_setting(struct reader *reader, const struct command *command,
    const char *owner, const char *key, const json_t *json)
{
    const struct option *row = find_row(reader, command, key);
    if (row == NULL)
        return unknown_key(reader, command, owner, key);
    if (setting_reach(row->id) != REACH_FILE)
        return wrong(reader, owner, key, unsafe_key(row, reader->arena));
    struct config_setting setting = {
        .id = row->id, .command = command, .line = line_of(reader->text, owner, key)
    };
    if (row->kind == OPTION_FLAG && !json_is_boolean(json))
        return wrong(reader, owner, key, wanted_type(row));
    if (row->kind == OPTION_FLAG && json_is_false(json))
        return ERR_OK;
    if (row->kind != OPTION_FLAG)
        TRY(read_texts(reader, row, owner, json, &setting));
    reader->config.settings[reader->config.count++] = setting;
    return ERR_OK;
}

static enum err read_command(struct reader *reader, const struct command *command, json_t *json)
{
    const char *key;
    json_t *member;
    if (!json_is_object(json))
        return wrong(
            reader, NULL, command->name, "wants an object: the flags of that command, without --");
    json_object_foreach(json, key, member)
        TRY(read_setting(reader, command, command->name, key, member));
    return ERR_OK;
}

/* ---- lint ---- */

static enum err read_level(struct reader *reader, const char *key, const json_t *json)
{
    struct config_lint lint = { .id = diag_find(str_from(key)),
        .line = line_of(reader->text, "lint", key) };
    struct suggestion suggestion = { .word = str_from(key) };
    for (int id = 0; id < DIAG_COUNT && lint.id == DIAG_COUNT; id++)
        suggest(&suggestion, str_from(diag_code((enum diag_id)id)));
    if (lint.id == DIAG_COUNT)
        return wrong(reader, "lint", key,
            suggestion.best.len == 0
                ? "no such code; cdr explain lists them"
                : arena_format(reader->arena, "no such code; did you mean \"%.*s\"?",
                    STR_ARG(suggestion.best)));
    const char *text = json_string_value(json);
    for (size_t i = 0; text != NULL && i < COUNT_OF(levels); i++) {
        if (strcmp(text, levels[i]) != 0)
            continue;
        if (diag_severity(lint.id) == DIAG_ERROR && i != LINT_ERROR)
            return wrong(reader, "lint", key,
                "is an error and stays one: only warnings and infos can be weighed");
        lint.level = (enum lint_level)i;
        reader->config.lint[reader->config.lint_count++] = lint;
        return ERR_OK;
    }
    return wrong(reader, "lint", key, "wants \"off\", \"info\", \"warning\" or \"error\"");
}

static enum err read_lint(struct reader *reader, json_t *json)
{
    const char *key;
    json_t *member;
    if (!json_is_object(json))
        return wrong(reader, NULL, "lint", "wants an object: { \"CDR0301\": \"off\" }");
    reader->config.lint =
        ARENA_ARRAY(reader->arena, struct config_lint, json_object_size(json) + 1);
    if (reader->config.lint == NULL)
        return ERR_MEMORY;
    json_object_foreach(json, key, member) TRY(read_level(reader, key, member));
    return ERR_OK;
}

/* ---- the file ---- */

/* How many settings there can be at most. */
static size_t count_members(json_t *json)
{
    const char *key;
    json_t *member;
    size_t count = json_object_size(json);
    json_object_foreach(json, key, member) count +=
        json_is_object(member) ? json_object_size(member) : 0;
    return count;
}

static enum err read_members(struct reader *reader, json_t *json)
{
    const char *key;
    json_t *member;
    reader->config.settings =
        ARENA_ARRAY(reader->arena, struct config_setting, count_members(json) + 1);
    if (reader->config.settings == NULL)
        return ERR_MEMORY;
    json_object_foreach(json, key, member)
    {
        /* `rules` is a flag and a command: the flags of a command are an object. */
        const struct command *command = find_command(reader, key);
        const struct option *row = command == NULL ? NULL : find_row(reader, NULL, key);
        bool is_command =
            command != NULL
            && (json_is_object(member) || row == NULL || setting_reach(row->id) != REACH_FILE);
        if (strcmp(key, "lint") == 0)
            TRY(read_lint(reader, member));
        else if (is_command)
            TRY(read_command(reader, command, member));
        else
            TRY(read_setting(reader, NULL, NULL, key, member));
    }
    return ERR_OK;
}

static enum err read_json(struct reader *reader)
{
    json_error_t error;
    json_t *json = json_loadb(reader->text.ptr, reader->text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        *reader->reterr_reason =
            arena_format(reader->arena, "%s:%d:%d: not JSON: %s", reader->config.file,
                error.line > 0 ? error.line : 1, error.column > 0 ? error.column : 1, error.text);
        return ERR_INVALID;
    }
    enum err err = ERR_INVALID;
    if (json_is_object(json))
        err = read_members(reader, json);
    else
        *reader->reterr_reason =
            arena_format(reader->arena, "%s:1: one object is wanted", reader->config.file);
    json_decref(json);
    return err;
}

enum err config_read(const char *file, const struct command *const *commands, struct arena *arena,
    struct config *ret_config, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    struct stat found;
    enum err err = stat(file, &found) != 0 ? ERR_IO : ERR_OK;
    if (err == ERR_OK && !S_ISREG(found.st_mode)) {
        errno = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
        err = ERR_IO;
    }
    if (err == ERR_OK)
        err = file_read(file, &text);
    if (err != ERR_OK) {
        *reterr_reason = arena_format(arena, "the configuration %s cannot be read: %s", file,
            err == ERR_IO      ? strerror(errno)
            : err == ERR_LIMIT ? "it is larger than 64 KiB"
                               : err_text(err));
        return err == ERR_LIMIT ? ERR_INVALID : err;
    }
    str folder = str_from(file);
    size_t slash = str_find_last(folder, '/');
    struct reader reader = { .commands = commands,
        .arena = arena,
        .text = buf_str(&text),
        .folder = slash == folder.len
                      ? ""
                      : arena_format(arena, "%.*s", STR_ARG(str_first(folder, slash + 1))),
        .config = { .file = file },
        .reterr_reason = reterr_reason };
    TRY(read_json(&reader));
    *ret_config = reader.config;
    return ERR_OK;
}

const struct config_setting *config_get(
    const struct config *config, const struct command *command, enum option_id id)
{
    const struct config_setting *general = NULL;
    for (size_t i = 0; i < config->count; i++) {
        const struct config_setting *setting = &config->settings[i];
        if (setting->id == id && setting->command == command)
            return setting;
        if (setting->id == id && setting->command == NULL)
            general = setting;
    }
    return general;
}

bool config_lint_level(const struct config *config, enum diag_id id, enum lint_level *ret_level)
{
    for (size_t i = 0; config != NULL && i < config->lint_count; i++) {
        if (config->lint[i].id != id)
            continue;
        *ret_level = config->lint[i].level;
        return true;
    }
    return false;
}
