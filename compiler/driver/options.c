/* options.c - see options.h. */
#include "driver/options.h"

#include "driver/command.h"
#include "suggest.h"

#include <stdlib.h>

static const char *const names[OPTION_COUNT] = {
#define OPTION(id, name) [OPTION_##id] = name,
#include "driver/options.def"
#undef OPTION
};

/* What every command takes. */
static const struct option common[] = {
    { OPTION_COLOR, OPTION_CHOICE, "WHEN", "auto always never", "auto",
        "colours: on a terminal, always, never" },
    { OPTION_CONFIG, OPTION_TEXT, "FILE", NULL, NULL,
        "settings; without it the nearest cdr.json, up to the root of the repository" },
    { OPTION_ISOLATED, OPTION_FLAG, NULL, NULL, NULL, "read no cdr.json" },
    { OPTION_HELP, OPTION_FLAG, NULL, NULL, NULL, "this text" },
    { 0 },
};

const char *option_name(enum option_id id)
{
    return names[id];
}

static bool has_own(const struct command *command, enum option_id id)
{
    const struct option *row = command->options;
    while (row != NULL && row->kind != OPTION_NONE && row->id != id)
        row++;
    return row != NULL && row->kind != OPTION_NONE;
}

const struct option *option_at(const struct command *command, size_t index)
{
    for (const struct option *row = command->options; row != NULL && row->kind != OPTION_NONE;
         row++)
        if (index-- == 0)
            return row;
    for (const struct option *row = common; row->kind != OPTION_NONE; row++)
        if (!has_own(command, row->id) && index-- == 0)
            return row;
    return NULL;
}

const struct option *option_find(const struct command *command, enum option_id id)
{
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (row->id == id)
            return row;
    return NULL;
}

static const struct option *find_by_name(const struct command *command, str name)
{
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (str_is(name, option_name(row->id)))
            return row;
    return NULL;
}

static const char *unknown_flag(const struct command *command, str name, struct arena *arena)
{
    struct suggestion suggestion = { .word = name };
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        suggest(&suggestion, str_from(option_name(row->id)));
    for (const struct command *const *at = all_commands; *at != NULL; at++)
        if (find_by_name(*at, name) != NULL)
            return arena_format(arena, "cdr %s has no flag --%.*s; cdr %s has one", command->name,
                STR_ARG(name), (*at)->name);
    if (str_is(name, "dry-run"))
        return "there is no flag --dry-run: cdr run only plans, unless it gets --mode apply";
    if (suggestion.best.len == 0)
        return arena_format(arena, "there is no flag --%.*s", STR_ARG(name));
    return arena_format(arena, "there is no flag --%.*s; did you mean --%.*s?", STR_ARG(name),
        STR_ARG(suggestion.best));
}

/* Word `index` of a list of words, or empty past the last. */
static str word_at(const char *words, size_t index)
{
    str rest = str_from(words);
    for (; index > 0; index--)
        rest = str_skip(rest, str_find(rest, ' ') + 1);
    return str_first(rest, str_find(rest, ' '));
}

/* Index of `word` in a list of words, or -1. */
static int word_find(const char *words, str word)
{
    for (int i = 0; word_at(words, (size_t)i).len > 0; i++)
        if (str_equal(word_at(words, (size_t)i), word))
            return i;
    return -1;
}

static const char *check_choice(const struct option *row, const char *text, struct arena *arena)
{
    const char *name = option_name(row->id);
    if (word_find(row->choices, str_from(text)) >= 0)
        return NULL;
    struct suggestion suggestion = { .word = str_from(text) };
    for (size_t i = 0; word_at(row->choices, i).len > 0; i++)
        suggest(&suggestion, word_at(row->choices, i));
    if (suggestion.best.len > 0)
        return arena_format(arena, "--%s has no value %s; did you mean %.*s?", name, text,
            STR_ARG(suggestion.best));
    return arena_format(arena, "--%s has no value %s; it has: %s", name, text, row->choices);
}

static uint32_t parse_number(const char *text)
{
    char *end = NULL;
    unsigned long number = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    return end == NULL || *end != '\0' || number > UINT32_MAX ? 0 : (uint32_t)number;
}

const char *option_fault(const struct option *row, const char *text, struct arena *arena)
{
    switch (row->kind) {
    case OPTION_CHOICE:
        return check_choice(row, text, arena);
    case OPTION_NUMBER:
        return parse_number(text) > 0
                   ? NULL
                   : arena_format(arena, "--%s needs a whole number from 1, not %s",
                       option_name(row->id), text);
    case OPTION_NONE:
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_TEXTS:
        break;
    }
    if (text[0] == '\0')
        return arena_format(arena, "--%s needs a value (%s)", option_name(row->id), row->value);
    return NULL;
}

/* Read the flag `text` ("--name" or "--name=value"); `next` is the argument after it, or
 * NULL. Returns a sentence when it is wrong. */
static const char *read_flag(struct arguments *arguments, const char *text, const char *next,
    struct arena *arena, bool *ret_used_next)
{
    str name = str_skip(str_from(text), 2);
    size_t equals = str_find(name, '=');
    const char *value = equals < name.len ? name.ptr + equals + 1 : NULL;
    name = str_first(name, equals);
    *ret_used_next = false;
    const struct option *row = find_by_name(arguments->command, name);
    if (row == NULL)
        return unknown_flag(arguments->command, name, arena);
    if (row->kind == OPTION_FLAG && value != NULL)
        return arena_format(arena, "--%.*s takes no value", STR_ARG(name));
    if (row->kind != OPTION_FLAG && value == NULL) {
        if (next == NULL)
            return arena_format(arena, "--%.*s needs a value (%s)", STR_ARG(name), row->value);
        value = next;
        *ret_used_next = true;
    }
    if (value != NULL) {
        const char *fault = option_fault(row, value, arena);
        if (fault != NULL)
            return fault;
    }
    arguments->given[arguments->given_count++] = (struct given){ .id = row->id, .text = value };
    return NULL;
}

/* Whether the flag's value names something that is read. */
static bool is_input(const struct option *row)
{
    return row != NULL && row->value != NULL
           && (strstr(row->value, "FILE") != NULL || strstr(row->value, "PATH") != NULL);
}

/* How often standard input is named. */
static size_t count_inputs(const struct arguments *arguments)
{
    size_t count = 0;
    for (size_t i = 0; i < arguments->operand_count; i++)
        count += strcmp(arguments->operands[i], "-") == 0;
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct given *given = &arguments->given[i];
        count += given->text != NULL && strcmp(given->text, "-") == 0
                 && is_input(option_find(arguments->command, given->id));
    }
    return count;
}

enum err options_parse(const struct command *command, int argc, char **argv, struct arena *arena,
    struct arguments *ret_arguments, const char **reterr_reason)
{
    size_t room = (size_t)argc + 1;
    struct arguments arguments = {
        .command = command,
        .given = ARENA_ARRAY(arena, struct given, room),
        .operands = ARENA_ARRAY(arena, const char *, room),
    };
    if (arguments.given == NULL || arguments.operands == NULL)
        return ERR_MEMORY;
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i];
        const char *fault = NULL;
        bool used_next = false;
        if (only_operands || text[0] != '-' || text[1] == '\0')
            arguments.operands[arguments.operand_count++] = text;
        else if (strcmp(text, "--") == 0)
            only_operands = true;
        else if (strcmp(text, "-h") == 0)
            arguments.given[arguments.given_count++] = (struct given){ .id = OPTION_HELP };
        else if (text[1] != '-')
            fault = arena_format(arena, "there is no flag %s; flags begin with --", text);
        else
            fault =
                read_flag(&arguments, text, i + 1 < argc ? argv[i + 1] : NULL, arena, &used_next);
        if (fault != NULL) {
            *reterr_reason = fault;
            return ERR_INVALID;
        }
        i += used_next;
    }
    if (count_inputs(&arguments) > 1) {
        *reterr_reason = "standard input (-) cannot be read twice: give all but one as files";
        return ERR_INVALID;
    }
    *ret_arguments = arguments;
    return ERR_OK;
}

bool option_is_given(const struct arguments *arguments, enum option_id id)
{
    for (size_t i = 0; i < arguments->given_count; i++)
        if (arguments->given[i].id == id)
            return true;
    return false;
}

enum given_from option_from(const struct arguments *arguments, enum option_id id)
{
    for (size_t i = 0; i < arguments->given_count; i++)
        if (arguments->given[i].id == id)
            return arguments->given[i].from;
    return FROM_COMMAND_LINE;
}

const char *option_text(const struct arguments *arguments, enum option_id id)
{
    for (size_t i = arguments->given_count; i > 0; i--)
        if (arguments->given[i - 1].id == id)
            return arguments->given[i - 1].text;
    const struct option *row = option_find(arguments->command, id);
    return row == NULL ? NULL : row->fallback;
}

const char *option_text_at(const struct arguments *arguments, enum option_id id, size_t index)
{
    for (size_t i = 0; i < arguments->given_count; i++)
        if (arguments->given[i].id == id && index-- == 0)
            return arguments->given[i].text;
    return NULL;
}

int option_choice(const struct arguments *arguments, enum option_id id)
{
    const struct option *row = option_find(arguments->command, id);
    assert(row != NULL && row->kind == OPTION_CHOICE && row->fallback != NULL);
    return word_find(row->choices, str_from(option_text(arguments, id)));
}

uint32_t option_number(const struct arguments *arguments, enum option_id id)
{
    const char *text = option_text(arguments, id);
    return text == NULL ? 0 : parse_number(text);
}
