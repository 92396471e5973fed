/* settings.c - see settings.h. */
#include "driver/settings.h"

#include <stdlib.h>

/* Whoever adds a flag decides here whether others than the command line may say it; a flag
 * that is not named may not. */
static const enum setting_reach reaches[OPTION_COUNT] = {
    [OPTION_COLOR] = REACH_FILE,
    [OPTION_CONFIG] = REACH_ENVIRONMENT,
    [OPTION_COVER] = REACH_FILE,
    [OPTION_COVER_MIN] = REACH_FILE,
    [OPTION_DATA] = REACH_ENVIRONMENT,
    /* Rules read it there too: env("CDR_EXTERNAL_ID"). */
    [OPTION_EXTERNAL_ID] = REACH_ENVIRONMENT,
    [OPTION_FAIL_FAST] = REACH_FILE,
    [OPTION_FAIL_LEVEL] = REACH_FILE,
    [OPTION_FAIL_ON_SKIP] = REACH_FILE,
    [OPTION_FORMAT] = REACH_FILE,
    [OPTION_LAST] = REACH_FILE,
    [OPTION_OFFLINE] = REACH_FILE,
    [OPTION_RULES] = REACH_FILE,
    [OPTION_VERBOSE] = REACH_FILE,
};

/* Of a command that takes rule files as operands and has no flag for them. */
static const struct option rules_row = { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
    "rule files, or directories of them" };

enum setting_reach setting_reach(enum option_id id)
{
    return reaches[id];
}

const char *setting_variable(enum option_id id, struct arena *arena)
{
    const char *name = option_name(id);
    size_t length = strlen(name);
    char *variable = arena_alloc(arena, length + sizeof "CDR_", 1);
    if (variable == NULL)
        return NULL;
    memcpy(variable, "CDR_", 4);
    for (size_t i = 0; i < length; i++)
        variable[4 + i] = (char)(name[i] == '-' ? '_' : name[i] - 'a' + 'A');
    return variable;
}

/* ---- where a value may come from ---- */

struct filling {
    struct driver *driver;
    const struct config *config;
    struct arguments *arguments;
    const char **reterr_reason;
};

static enum err add_given(struct filling *filling, const struct option *row, const char *text,
    enum given_from from, const char *origin)
{
    struct arguments *arguments = filling->arguments;
    size_t count = arguments->given_count;
    struct given *given = ARENA_ARRAY(&filling->driver->arena, struct given, count + 1);
    if (given == NULL || origin == NULL || (text == NULL && row->kind != OPTION_FLAG))
        return ERR_MEMORY;
    if (count > 0)
        memcpy(given, arguments->given, count * sizeof *given);
    given[count] = (struct given){ row->id, text, from, origin };
    arguments->given = given;
    arguments->given_count = count + 1;
    return ERR_OK;
}

static enum err wrong(struct filling *filling, const char *variable, const char *fault)
{
    *filling->reterr_reason = arena_format(&filling->driver->arena, "%s: %s", variable, fault);
    return ERR_INVALID;
}

/* A flag in the environment: 1 or 0, or in words. */
static enum err add_switch(
    struct filling *filling, const struct option *row, const char *variable, const char *text)
{
    static const char *const on[] = { "1", "true", "yes", "on" };
    static const char *const off[] = { "0", "false", "no", "off" };
    for (size_t i = 0; i < COUNT_OF(on); i++) {
        if (strcmp(text, on[i]) == 0)
            return add_given(filling, row, NULL, FROM_ENVIRONMENT, variable);
        if (strcmp(text, off[i]) == 0)
            return ERR_OK;
    }
    return wrong(filling, variable, "wants 1 or 0");
}

/* Whether another command takes the value that this one does not. */
static bool is_for_others(const struct filling *filling, const struct option *row, const char *text)
{
    for (const struct command *const *at = filling->driver->commands; *at != NULL; at++) {
        const struct option *other = option_find(*at, row->id);
        if (other != NULL && option_fault(other, text, &filling->driver->arena) == NULL)
            return true;
    }
    return false;
}

static enum err add_variable(
    struct filling *filling, const struct option *row, const char *variable, const char *text)
{
    struct arena *arena = &filling->driver->arena;
    if (setting_reach(row->id) == REACH_COMMAND_LINE)
        return wrong(filling, variable,
            arena_format(
                arena, "is not read: --%s is said on the command line", option_name(row->id)));
    if (row->kind == OPTION_FLAG)
        return add_switch(filling, row, variable, text);
    if (row->kind != OPTION_TEXTS) {
        const char *fault = option_fault(row, text, arena);
        if (fault != NULL)
            return is_for_others(filling, row, text) ? ERR_OK : wrong(filling, variable, fault);
        return add_given(filling, row, text, FROM_ENVIRONMENT, variable);
    }
    for (str rest = str_from(text); rest.len > 0;) {
        size_t end = str_find(rest, ':');
        if (end > 0)
            TRY(add_given(filling, row, arena_copy(arena, str_first(rest, end)).ptr,
                FROM_ENVIRONMENT, variable));
        rest = str_skip(rest, end + 1);
    }
    return ERR_OK;
}

static enum err add_from_file(struct filling *filling, const struct option *row)
{
    const struct config *config = filling->config;
    const struct config_setting *setting = config_get(config, filling->arguments->command, row->id);
    if (setting == NULL)
        return ERR_OK;
    const char *origin =
        arena_format(&filling->driver->arena, "%s:%u", config->file, setting->line);
    if (row->kind == OPTION_FLAG)
        return add_given(filling, row, NULL, FROM_FILE, origin);
    for (size_t i = 0; i < setting->count; i++)
        if (option_fault(row, setting->texts[i], &filling->driver->arena) == NULL)
            TRY(add_given(filling, row, setting->texts[i], FROM_FILE, origin));
    return ERR_OK;
}

/* What stands for a flag that the command line does not say. */
static enum err fill(struct filling *filling, const struct option *row)
{
    if (option_is_given(filling->arguments, row->id))
        return ERR_OK;
    const char *variable = setting_variable(row->id, &filling->driver->arena);
    if (variable == NULL)
        return ERR_MEMORY;
    const char *text = getenv(variable);
    if (text != NULL && text[0] != '\0')
        return add_variable(filling, row, variable, text);
    return filling->config == NULL ? ERR_OK : add_from_file(filling, row);
}

enum err settings_load(struct driver *driver, const struct arguments *arguments,
    const struct config **ret_config, const char **reterr_reason)
{
    *ret_config = NULL;
    const char *file = option_text(arguments, OPTION_CONFIG);
    if (file == NULL && option_is_given(arguments, OPTION_ISOLATED))
        return ERR_OK;
    if (file == NULL)
        file = getenv("CDR_CONFIG");
    if (file == NULL || file[0] == '\0')
        TRY(config_find(&driver->arena, &file));
    if (file == NULL)
        return ERR_OK;
    struct config *config = ARENA_NEW(&driver->arena, struct config);
    if (config == NULL)
        return ERR_MEMORY;
    TRY(config_read(file, driver->commands, &driver->arena, config, reterr_reason));
    *ret_config = config;
    return ERR_OK;
}

enum err settings_add(struct driver *driver, const struct config *config,
    struct arguments *arguments, const char **reterr_reason)
{
    struct filling filling = { driver, config, arguments, reterr_reason };
    const struct command *command = arguments->command;
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (row->id != OPTION_CONFIG && row->id != OPTION_ISOLATED && row->id != OPTION_HELP)
            TRY(fill(&filling, row));
    if (!command->writes_files && option_find(command, OPTION_RULES) == NULL
        && strstr(command->operands, "PATH") != NULL)
        TRY(fill(&filling, &rules_row));
    return ERR_OK;
}

void settings_tell(struct driver *driver, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct given *given = &arguments->given[i];
        if (given->from == FROM_COMMAND_LINE || given->id == OPTION_COLOR)
            continue;
        driver_message(driver, "--%s%s%s comes from %s", option_name(given->id),
            given->text == NULL ? "" : " ", given->text == NULL ? "" : given->text, given->origin);
    }
}
