/* cmd_builtins.c - cdr builtins: every step that rules may take, as the registry has it. */
#include "driver/command.h"
#include "driver/json_out.h"
#include "registry.h"
#include "suggest.h"

enum { NAME_COLUMN = 33, PROVIDER_COLUMN = 21 };

static const struct option options[] = {
    { OPTION_JSON, OPTION_FLAG, NULL, NULL, NULL, "an array of objects, for programs" },
    { 0 },
};

/* Texts up to the first NULL, at most `room`. */
static json_t *json_from_texts(const char *const *texts, size_t room)
{
    json_t *array = json_array();
    for (size_t i = 0; i < room && texts[i] != NULL; i++)
        json_append(&array, json_from_text(texts[i]));
    return array;
}

/* "untrack nacl none" as an array. */
static json_t *json_from_words(const char *words)
{
    json_t *array = json_array();
    for (str rest = str_from(words); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        json_append(&array, json_from_str(str_first(rest, end)));
        rest = str_skip(rest, end + 1);
    }
    return array;
}

static const char *need_name(enum param_need need)
{
    switch (need) {
    case PARAM_TARGET:
        return "target";
    case PARAM_SCOPE:
        return "scope";
    case PARAM_REQUIRED:
        return "required";
    case PARAM_OPTIONAL:
        return "optional";
    }
    return "";
}

static json_t *json_from_param(const struct param *param)
{
    json_t *json = json_object();
    json_put(&json, "name", json_from_text(param->name));
    json_put(&json, "type", json_from_text(type_name(param->type)));
    json_put(&json, "list", json_boolean(param->is_list));
    json_put(&json, "need", json_from_text(need_name(param->need)));
    if (param->choices != NULL)
        json_put(&json, "choices", json_from_words(param->choices));
    json_put(&json, "doc", json_from_text(param->doc));
    return json;
}

static json_t *json_from_builtin(const struct builtin *row)
{
    json_t *parameters = json_array();
    for (uint32_t i = 0; i < builtin_param_count(row); i++)
        if (!row->params[i].is_filled)
            json_append(&parameters, json_from_param(&row->params[i]));
    json_t *permissions = json_object();
    json_put(
        &permissions, "apply", json_from_texts(row->permissions.apply, BUILTIN_PERMISSIONS_MAX));
    json_put(&permissions, "undo", json_from_texts(row->permissions.undo, BUILTIN_PERMISSIONS_MAX));
    json_t *json = json_object();
    json_put(&json, "name", json_from_text(row->name));
    json_put(&json, "step", json_from_text(verb_name(row->verb)));
    json_put(&json, "provider", json_from_text(row->provider));
    json_put(&json, "effect", json_from_text(effect_name(row->effect)));
    json_put(&json, "parameters", parameters);
    json_put(&json, "permissions", permissions);
    json_put(&json, "inverse", json_from_text(row->inverse));
    json_put(&json, "limits", json_from_texts(row->limits, BUILTIN_LIMITS_MAX));
    json_put(&json, "source", json_from_text(row->source));
    json_put(&json, "doc", json_from_text(row->doc));
    json_put(&json, "missing", json_from_text(row->missing));
    return json;
}

/* Of a front each way, which has its name. */
static void parts_append(json_t **all, const struct builtin *row)
{
    const struct builtin *part;
    for (uint32_t at = row->ways == NULL ? 0 : 1; (part = builtin_part(row, at)) != NULL; at++) {
        json_append(all, json_from_builtin(part));
        if (row->ways == NULL)
            break;
    }
}

/* Whether the word begins steps: `notify`. */
static bool is_verb(const char *word)
{
    const struct builtin *row;
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++)
        if (strcmp(verb_name(row->verb), word) == 0)
            return true;
    return false;
}

/* What stands behind the verb at `at`; NULL: it is alone. */
static const char *name_behind(const struct arguments *arguments, size_t at)
{
    bool has_one = at + 1 < arguments->operand_count && !is_verb(arguments->operands[at + 1]);
    return has_one ? arguments->operands[at + 1] : NULL;
}

/* Whether the command line asks for that row; for all without operands. A step is asked for by its
 * name, or as rules write it, `notify log`; a verb alone is all of its steps. */
static bool is_asked(const struct arguments *arguments, const struct builtin *row)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const char *operand = arguments->operands[i];
        const char *name = operand;
        if (is_verb(operand)) {
            name = name_behind(arguments, i);
            i += name != NULL;
            if (strcmp(operand, verb_name(row->verb)) != 0)
                continue;
        }
        if (name == NULL || strcmp(name, row->name) == 0)
            return true;
    }
    return arguments->operand_count == 0;
}

static enum exit_code print_json(struct driver *driver, const struct arguments *arguments)
{
    json_t *all = json_array();
    const struct builtin *row;
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++)
        if (is_asked(arguments, row))
            parts_append(&all, row);
    enum err err = json_add_line(&driver->out.buf, all);
    json_decref(all);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the builtins", err);
}

static void print_texts(
    struct output *out, const char *label, const char *const *texts, size_t room)
{
    for (size_t i = 0; i < room && texts[i] != NULL; i++)
        output_addf(out, "%s%s", i == 0 ? label : ", ", texts[i]);
    if (texts[0] != NULL)
        output_add(out, STR("\n"));
}

/* "aws", "crowdstrike, defender". */
static void names_of(const struct builtin *row, char *names, size_t size)
{
    size_t used = 0;
    names[0] = '\0';
    if (builtin_is_alone(row) || row->provider != NULL)
        snprintf(names, size, "%s", builtin_is_alone(row) ? "cdr" : row->provider);
    for (uint32_t at = 0; row->ways != NULL && row->ways[at] != NULL && used < size; at++)
        used += (size_t)snprintf(
            names + used, size - used, "%s%s", at == 0 ? "" : ", ", row->ways[at]->provider);
}

/* A line of the list: what it is, who does it, what it does. */
static void print_line(struct output *out, const struct builtin *row)
{
    output_addf(out, "%s ", verb_name(row->verb));
    output_styled(out, STYLE_BOLD, str_from(row->name));
    size_t used = strlen(verb_name(row->verb)) + 1 + strlen(row->name);
    output_addf(out, "%*s", used < NAME_COLUMN ? (int)(NAME_COLUMN - used) : 1, "");
    char names[64];
    const char *who = names;
    names_of(row, names, sizeof names);
    if (row->missing != NULL)
        output_styled(out, STYLE_YELLOW, STR("not connected"));
    else
        output_add(out, str_from(who));
    used = strlen(row->missing != NULL ? "not connected" : who);
    output_addf(
        out, "%*s %s\n", used < PROVIDER_COLUMN ? (int)(PROVIDER_COLUMN - used) : 0, "", row->doc);
}

/* What one row says of itself: of a way after a line with its provider. */
static void print_part(struct output *out, const struct builtin *row)
{
    if (row->provider != NULL && row->missing == NULL)
        output_addf(out, "  connected: this build reaches %s\n", row->provider);
    print_texts(out, "  needs: ", row->permissions.apply, BUILTIN_PERMISSIONS_MAX);
    print_texts(out, "  undo needs: ", row->permissions.undo, BUILTIN_PERMISSIONS_MAX);
    if (row->inverse != NULL)
        output_addf(out, "  taken back by: %s\n", row->inverse);
    for (size_t i = 0; i < BUILTIN_LIMITS_MAX && row->limits[i] != NULL; i++)
        output_addf(out, "  limit: %s\n", row->limits[i]);
    if (row->source != NULL)
        output_addf(out, "  described at: %s\n", row->source);
}

static void print_page(struct output *out, const struct builtin *row)
{
    char names[64];
    const struct builtin *part;
    names_of(row, names, sizeof names);
    output_addf(out, "%s ", verb_name(row->verb));
    output_styled(out, STYLE_BOLD, str_from(row->name));
    for (uint32_t i = 0; i < builtin_param_count(row); i++)
        if (!row->params[i].is_filled)
            output_addf(out, row->params[i].need == PARAM_REQUIRED ? " %s=.." : " [%s=..]",
                row->params[i].name);
    output_addf(out, "\n  %s\n  %s; %s\n", row->doc,
        builtin_is_alone(row) ? "changes nothing, asks nobody" : effect_name(row->effect),
        builtin_is_alone(row) ? "cdr itself"
        : names[0] == '\0'    ? "several providers could"
                              : names);
    if (row->missing != NULL)
        output_addf(out, "  not connected: %s\n", row->missing);
    for (uint32_t i = 0; i < builtin_param_count(row); i++)
        if (!row->params[i].is_filled)
            output_addf(out, "    %-12s %s%s; %s\n", row->params[i].name,
                row->params[i].is_list ? "list of " : "", type_name(row->params[i].type),
                row->params[i].doc);
    for (uint32_t at = 0; (part = builtin_part(row, at)) != NULL; at++)
        print_part(out, part);
    output_add(out, STR("\n"));
}

/* The row of that name, of that verb where it is not NULL; NULL: there is none. */
static const struct builtin *find(const char *verb, const char *name)
{
    const struct builtin *row;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++)
        if (strcmp(row->name, name) == 0
            && (verb == NULL || strcmp(verb, verb_name(row->verb)) == 0))
            return row;
    return NULL;
}

static enum exit_code no_such_step(struct driver *driver, const char *verb, const char *name)
{
    const struct builtin *other = find(NULL, name);
    struct suggestion suggestion = { .word = str_from(name) };
    const struct builtin *row;
    if (other != NULL)
        return driver_usage(driver, &builtins_command,
            "there is no step `%s %s`; did you mean `%s %s`?", verb, name, verb_name(other->verb),
            name);
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++)
        suggest(&suggestion, str_from(row->name));
    if (suggestion.best.len > 0)
        return driver_usage(driver, &builtins_command, "there is no builtin %s; did you mean %.*s?",
            name, STR_ARG(suggestion.best));
    return driver_usage(
        driver, &builtins_command, "there is no builtin %s; `cdr builtins` lists all", name);
}

static enum exit_code check_names(struct driver *driver, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const char *verb = is_verb(arguments->operands[i]) ? arguments->operands[i] : NULL;
        const char *name = verb == NULL ? arguments->operands[i] : name_behind(arguments, i);
        i += verb != NULL && name != NULL;
        if (name != NULL && find(verb, name) == NULL)
            return no_such_step(driver, verb, name);
    }
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    enum exit_code code = check_names(driver, arguments);
    if (code != EXIT_CLEAN)
        return code;
    if (option_is_given(arguments, OPTION_JSON))
        return print_json(driver, arguments);
    const struct builtin *row;
    bool is_list = arguments->operand_count == 0;
    /* No rule writes an undo, or looks for things: those have pages, and are not in the list. */
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++) {
        if (is_list && row->verb < VERB_UNDO)
            print_line(&driver->out, row);
        else if (!is_list && is_asked(arguments, row))
            print_page(&driver->out, row);
    }
    return EXIT_CLEAN;
}

static const struct example examples[] = {
    { "cdr builtins", "every step in a line" },
    { "cdr builtins isolate_role", "parameters, permissions and inverse of one" },
    { "cdr builtins notify log", "the same, as rules write it; `cdr builtins notify` has all" },
    { 0 },
};

const struct command builtins_command = {
    .name = "builtins",
    .operands = "[STEP..]",
    .summary = "every step that rules may take; with STEP all about it",
    .help = "The page of a builtin has its parameters, effect, permissions, inverse and limits.",
    .options = options,
    .examples = examples,
    .group = GROUP_INSIDE,
    .run = run,
};
