/* doctor_settings.c - see doctor.h: cdr.json, variables, and the rules they name. */
#include "driver/doctor.h"

#include "driver/files.h"
#include "suggest.h"

#include <stdlib.h>
#include <unistd.h>

/* Variables that are perhaps misspelt. */
enum { TOLD_MAX = 16 };

/* "rules", or "check.format" for a command alone. */
static const char *setting_name(struct arena *arena, const struct config_setting *setting)
{
    return arena_format(arena, "%s%s%s", setting->command == NULL ? "" : setting->command->name,
        setting->command == NULL ? "" : ".", option_name(setting->id));
}

static const char *joined(struct arena *arena, const struct config_setting *setting)
{
    const char *text = setting->count == 0 ? "true" : "";
    for (size_t i = 0; i < setting->count && text != NULL; i++)
        text = arena_format(arena, "%s%s%s", text, i == 0 ? "" : " ", setting->texts[i]);
    return text == NULL ? "" : text;
}

static const char *variable_of(struct arena *arena, enum option_id id, const char **ret_text)
{
    const char *variable = setting_variable(id, arena);
    *ret_text = variable == NULL ? NULL : getenv(variable);
    return *ret_text != NULL && **ret_text != '\0' ? variable : NULL;
}

static void tell_config(struct checkup *checkup)
{
    struct arena *arena = &checkup->driver->arena;
    const struct config *config = checkup->config;
    for (size_t i = 0; i < config->count; i++) {
        const struct config_setting *setting = &config->settings[i];
        const char *text;
        const char *variable = variable_of(arena, setting->id, &text);
        checkup_add(checkup, HEALTH_OK, "setting", NULL, "%s = %s (%s:%u%s%s)",
            setting_name(arena, setting), joined(arena, setting), config->file, setting->line,
            variable == NULL ? "" : "; outranked by ", variable == NULL ? "" : variable);
    }
    const char *lint = "";
    for (size_t i = 0; i < config->lint_count && lint != NULL; i++)
        lint = arena_format(arena, "%s%s%s %s", lint, i == 0 ? "" : ", ",
            diag_code(config->lint[i].id), lint_level_name(config->lint[i].level));
    if (config->lint_count > 0)
        checkup_add(checkup, HEALTH_OK, "setting", NULL, "lint: %s (%s:%u)",
            lint == NULL ? "" : lint, config->file, config->lint[0].line);
}

static void tell_variables(struct checkup *checkup)
{
    struct arena *arena = &checkup->driver->arena;
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *text;
        const char *variable = variable_of(arena, (enum option_id)id, &text);
        if (variable == NULL)
            continue;
        if (setting_reach((enum option_id)id) == REACH_COMMAND_LINE)
            checkup_add(checkup, HEALTH_PROBLEM, "setting", "unset it, and give the flag",
                "%s is not read: --%s is said on the command line", variable,
                option_name((enum option_id)id));
        else if (id == OPTION_EXTERNAL_ID)
            checkup_add(checkup, HEALTH_OK, "setting", NULL,
                "%s is set (%s); `cdr setup` and env(\"%s\") in a connection read it",
                option_name((enum option_id)id), variable, variable);
        else
            checkup_add(checkup, HEALTH_OK, "setting", NULL, "%s = %s (%s)",
                option_name((enum option_id)id), text, variable);
    }
}

/* A variable that begins as ours do and is none of them was probably misspelt. */
static void look_at_other_variables(struct checkup *checkup)
{
    struct arena *arena = &checkup->driver->arena;
    int told = 0;
    for (char **at = environ; at != NULL && *at != NULL && told < TOLD_MAX; at++) {
        str name = str_first(str_from(*at), str_find(str_from(*at), '='));
        struct suggestion suggestion = { .word = name };
        bool is_known = !str_startswith(name, STR("CDR_"));
        for (int id = 0; id < OPTION_COUNT && !is_known; id++) {
            const char *variable = setting_variable((enum option_id)id, arena);
            is_known = variable != NULL && str_is(name, variable);
            suggest(&suggestion, str_from(variable));
        }
        if (is_known || suggestion.best.len == 0)
            continue;
        told++;
        checkup_add(checkup, HEALTH_WARNING, "setting", "unset or rename it",
            "%.*s is no setting; did you mean %.*s?", STR_ARG(name), STR_ARG(suggestion.best));
    }
}

/* Whether rules are where the settings say. */
static void look_at_rules(struct checkup *checkup)
{
    struct arena *arena = &checkup->driver->arena;
    const char *path;
    for (size_t i = 0; (path = option_text_at(checkup->arguments, OPTION_RULES, i)) != NULL; i++) {
        struct files files = { 0 };
        const char *reason = "out of memory";
        if (files_add(&files, path, arena, &reason) != ERR_OK)
            checkup_add(checkup, HEALTH_PROBLEM, "rules", "mend the path", "%s", reason);
        else if (files.count == 0)
            checkup_add(checkup, HEALTH_WARNING, "rules", "name a directory that has rules",
                "there is no .cdr file in %s", path);
        else
            checkup_add(checkup, HEALTH_OK, "rules", NULL, "%zu file%s in %s", files.count,
                files.count == 1 ? "" : "s", path);
    }
}

void doctor_settings(struct checkup *checkup)
{
    struct driver *driver = checkup->driver;
    const char *reason = "out of memory";
    /* settings_add needs arguments that it may change. */
    struct arguments arguments = *checkup->arguments;
    enum err err = settings_load(driver, &arguments, &checkup->config, &reason);
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "configuration", "mend the file, or use --isolated",
            "%s", reason);
    else if (checkup->config == NULL)
        checkup_add(checkup, HEALTH_OK, "configuration", NULL, "%s",
            option_is_given(&arguments, OPTION_ISOLATED)
                ? "not read, as --isolated says"
                : "no cdr.json from here up to the root of the repository");
    else
        checkup_add(checkup, HEALTH_OK, "configuration", NULL, "%s", checkup->config->file);
    if (checkup->config != NULL)
        tell_config(checkup);
    tell_variables(checkup);
    look_at_other_variables(checkup);
    struct arguments *kept = ARENA_NEW(&driver->arena, struct arguments);
    err = settings_add(driver, checkup->config, &arguments, &reason);
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "setting", "mend it", "%s", reason);
    else if (kept != NULL) {
        *kept = arguments;
        checkup->arguments = kept;
    }
    look_at_rules(checkup);
}
