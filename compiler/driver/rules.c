/* rules.c - see rules.h. */
#include "driver/rules.h"

#include "connection.h"
#include "driver/config.h"
#include "driver/files.h"
#include "lint/lint.h"
#include "suggest.h"

#include <errno.h>
#include <string.h>

enum { MEBIBYTE = 1024 * 1024 };

enum err rules_paths(
    struct driver *driver, const struct arguments *arguments, const char *const **ret_paths)
{
    size_t room = arguments->given_count + arguments->operand_count + 1;
    const char **paths = ARENA_ARRAY(&driver->arena, const char *, room);
    if (paths == NULL)
        return ERR_MEMORY;
    size_t count = 0;
    const char *text;
    /* What a setting says holds when the command line names nothing. */
    bool is_said =
        arguments->operand_count == 0 || option_from(arguments, OPTION_RULES) == FROM_COMMAND_LINE;
    for (size_t i = 0; is_said && (text = option_text_at(arguments, OPTION_RULES, i)) != NULL; i++)
        paths[count++] = text;
    for (size_t i = 0; i < arguments->operand_count; i++)
        paths[count++] = arguments->operands[i];
    *ret_paths = paths;
    return ERR_OK;
}

/* Tell and keep that `name` could not be read. */
static enum exit_code add_unread(
    struct driver *driver, struct rules_read *read, const char *name, const char *reason)
{
    if (reason == NULL)
        return driver_failure(driver, name, ERR_MEMORY);
    driver_message(driver, "%s", reason);
    size_t count = read->unread_count;
    struct diag_unread *items = ARENA_ARRAY(&driver->arena, struct diag_unread, count + 1);
    if (items == NULL)
        return driver_failure(driver, name, ERR_MEMORY);
    for (size_t i = 0; i < count; i++)
        items[i] = read->unread[i];
    items[count] = (struct diag_unread){ str_from(name), reason };
    read->unread = items;
    read->unread_count = count + 1;
    return EXIT_USAGE;
}

/* Say why a rule file could not be added. */
static enum exit_code unreadable(
    struct driver *driver, struct rules_read *read, const char *name, enum err err)
{
    const char *why = strerror(errno);
    if (err == ERR_IO)
        return add_unread(
            driver, read, name, arena_format(&driver->arena, "%s cannot be read: %s", name, why));
    if (err == ERR_LIMIT)
        return add_unread(driver, read, name,
            arena_format(&driver->arena,
                "%s is larger than %d MiB, which no rule file should be; split it", name,
                SOURCE_BYTES_MAX / MEBIBYTE));
    return driver_failure(driver, name, err);
}

static enum exit_code find_files(
    struct driver *driver, const char *const *paths, struct files *files, struct rules_read *read)
{
    for (const char *const *path = paths; *path != NULL; path++) {
        size_t before = files->count;
        const char *reason = "out of memory";
        enum err err = files_add(files, *path, &driver->arena, &reason);
        if (err == ERR_IO) {
            if (add_unread(driver, read, *path, reason) != EXIT_USAGE)
                return EXIT_INTERNAL;
        } else if (err != ERR_OK) {
            driver_message(driver, "%s", reason);
            return EXIT_INTERNAL;
        } else if (files->count == before && paths[1] == NULL) {
            driver_message(driver,
                "there is no .cdr file in %s; name a file or a directory that has rules", *path);
            return EXIT_NOTHING;
        }
    }
    if (files->count > 0 || read->unread_count > 0)
        return EXIT_CLEAN;
    driver_message(driver, "there is no .cdr file in any of the paths");
    return EXIT_NOTHING;
}

enum exit_code rules_read(struct driver *driver, const char *const *paths,
    struct compilation *compilation, struct rules_read *ret_read)
{
    struct files files = { 0 };
    *ret_read = (struct rules_read){ 0 };
    enum err err = compile_begin(compilation);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the shipped sources", err);
    enum exit_code code = find_files(driver, paths, &files, ret_read);
    if (code != EXIT_CLEAN)
        return code;
    for (size_t i = 0; i < files.count; i++) {
        err = compile_file(compilation, str_from(files.items[i].name));
        if (err == ERR_OK)
            ret_read->files++;
        else if (unreadable(driver, ret_read, files.items[i].name, err) != EXIT_USAGE)
            return EXIT_INTERNAL;
    }
    return ret_read->unread_count == 0 ? EXIT_CLEAN : EXIT_USAGE;
}

enum exit_code rules_compile(struct driver *driver, struct compilation *compilation)
{
    enum err err = compile_program(compilation);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    if (err == ERR_BYTECODE)
        driver_message(driver,
            "these rules compile to a program that cdr itself refuses; nothing was "
            "run. This is a fault of cdr: please report it with the rules");
    else
        return driver_failure(driver, "compiling the rules", err);
    return EXIT_INTERNAL;
}

/* What cdr.json takes each finding for: errors stay what they are. */
static void weigh(const struct config *config, struct diag_list *diags)
{
    static const enum diag_severity severities[] = {
        [LINT_INFO] = DIAG_INFO, [LINT_WARNING] = DIAG_WARNING, [LINT_ERROR] = DIAG_ERROR
    };
    struct diag *kept = NULL;
    for (struct diag *diag = diags->first, *next = NULL; diag != NULL; diag = next) {
        enum lint_level level = LINT_ERROR;
        next = diag->next;
        bool is_said =
            diag_severity(diag->id) != DIAG_ERROR && config_lint_level(config, diag->id, &level);
        if (is_said && level == LINT_OFF) {
            diag_drop(diags, kept, diag);
            continue;
        }
        if (is_said)
            diag_weigh(diags, diag, severities[level]);
        kept = diag;
    }
}

enum exit_code rules_lint(struct driver *driver, struct compilation *compilation)
{
    struct lint_settings settings = { .now_ms = driver->clock->now_ms(driver->clock) };
    enum exit_code code = rules_compile(driver, compilation);
    if (code != EXIT_CLEAN)
        return code;
    for (int id = 0; id < DIAG_COUNT; id++) {
        enum lint_level level;
        settings.off[id] =
            config_lint_level(driver->config, (enum diag_id)id, &level) && level == LINT_OFF;
    }
    enum err err = lint_program(compilation, &settings);
    if (err != ERR_OK)
        return driver_failure(driver, "looking into the rules", err);
    weigh(driver->config, &compilation->diags);
    return EXIT_CLEAN;
}

/* Take the infos out: they say nothing about why rules are refused. */
static void drop_infos(struct diag_list *diags)
{
    struct diag *kept = NULL;
    for (struct diag *diag = diags->first, *next = NULL; diag != NULL; diag = next) {
        next = diag->next;
        if (diag->severity == DIAG_INFO)
            diag_drop(diags, kept, diag);
        else
            kept = diag;
    }
}

/* What was read and added, or why it is no program. */
static enum exit_code load(struct driver *driver, struct compilation *compilation)
{
    enum exit_code code = rules_compile(driver, compilation);
    if (code != EXIT_CLEAN)
        return code;
    if (compilation->program != NULL)
        return EXIT_CLEAN;
    drop_infos(&compilation->diags);
    diag_sort(&compilation->diags);
    diags_print(&compilation->diags, &compilation->sources, DIAG_FORMAT_TEXT, driver->log.has_color,
        &driver->log.buf);
    driver_message(driver, "the rules have mistakes, so nothing was run");
    return EXIT_USAGE;
}

enum exit_code rules_load(
    struct driver *driver, const char *const *paths, struct compilation *compilation)
{
    struct rules_read read;
    enum exit_code code = rules_read(driver, paths, compilation, &read);
    return code == EXIT_CLEAN ? load(driver, compilation) : code;
}

enum exit_code rules_load_with(struct driver *driver, const char *const *paths, str file, str text,
    struct compilation *compilation)
{
    struct rules_read read;
    enum exit_code code = EXIT_CLEAN;
    enum err err = ERR_OK;
    if (paths[0] != NULL)
        code = rules_read(driver, paths, compilation, &read);
    else
        err = compile_begin(compilation);
    if (code != EXIT_CLEAN)
        return code;
    if (err == ERR_OK)
        err = compile_text(compilation, file, text);
    return err == ERR_OK ? load(driver, compilation)
                         : driver_failure(driver, "adding what was typed to the rules", err);
}

enum exit_code rules_source(struct driver *driver, const struct command *command,
    const struct program *program, const char *name)
{
    if (name == NULL || str_is(program->canonical.name, name))
        return EXIT_CLEAN;
    struct suggestion suggestion = { .word = str_from(name) };
    for (uint32_t i = 0; i < program->source_count; i++) {
        if (str_is(program->sources[i].name, name))
            return EXIT_CLEAN;
        suggest(&suggestion, program->sources[i].name);
    }
    if (suggestion.best.len > 0)
        return driver_usage(driver, command, "there is no source %s; did you mean %.*s?", name,
            STR_ARG(suggestion.best));
    const char *names = program->canonical.name.ptr;
    for (uint32_t i = 0; i < program->source_count && names != NULL; i++)
        names = arena_format(&driver->arena, "%s, %.*s", names, STR_ARG(program->sources[i].name));
    return driver_usage(driver, command, "there is no source %s; there are %s", name,
        names == NULL ? "others" : names);
}

enum exit_code rules_one_connection(
    struct driver *driver, const struct compilation *compilation, const char *provider)
{
    struct tree *const *trees = compilation->trees;
    uint32_t count = compilation->tree_count;
    const struct item *first = connection_used(trees, count, str_from(provider));
    const struct item *second = connection_second(trees, count, str_from(provider));
    if (second == NULL)
        return EXIT_CLEAN;
    driver_message(driver,
        "`%.*s` (%.*s) and `%.*s` (%.*s) are both connections to %s, and one of them would be "
        "ignored: give the rules of one with --rules",
        STR_ARG(first->name), STR_ARG(compilation->sources.items[first->at.file].file),
        STR_ARG(second->name), STR_ARG(compilation->sources.items[second->at.file].file), provider);
    return EXIT_USAGE;
}
