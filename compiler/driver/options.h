/* options.h - the flags of a command as a table: parsing and --help come from it.
 *
 * `--flag=value` and `--flag value` are the same; `--` ends the flags; `-` alone is an
 * operand. The last value of a flag counts, unless it may repeat.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

enum option_id {
#define OPTION(id, name) OPTION_##id,
#include "driver/options.def"
#undef OPTION
    OPTION_COUNT
};

enum option_kind {
    OPTION_NONE, /* ends a table */
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_TEXTS, /* may be given several times */
    OPTION_CHOICE,
    OPTION_NUMBER, /* whole, from 1 */
};

struct option {
    enum option_id id;
    enum option_kind kind;
    const char *value;    /* "FILE|-": what stands for the value in --help */
    const char *choices;  /* "text json": of a choice, by words */
    const char *fallback; /* the value when it is not given, or NULL */
    const char *doc;
};

struct command;
struct driver;

enum given_from { FROM_COMMAND_LINE, FROM_ENVIRONMENT, FROM_FILE };

struct given {
    enum option_id id;
    const char *text; /* NULL for a flag */
    enum given_from from;
    const char *origin; /* "CDR_FORMAT", "cdr.json:3"; NULL: the command line */
};

/* A command line, read. Texts are argv's; the lists are in the arena that was given. */
struct arguments {
    const struct command *command;
    struct given *given; /* in the order they were written; then what settings add */
    size_t given_count;
    const char **operands;
    size_t operand_count;
};

/* "format"; static. */
const char *option_name(enum option_id id);

/* Read what follows the command's name. ERR_INVALID: *reterr_reason is a sentence that
 * says what is wrong and what was perhaps meant. Standard input (-) may be named once.
 * ERR_MEMORY. */
MUST_CHECK enum err options_parse(const struct command *command, int argc, char **argv,
    struct arena *arena, struct arguments *ret_arguments, const char **reterr_reason);

/* A sentence on what is wrong with the value `text` for the flag, in the arena; or NULL. */
const char *option_fault(const struct option *row, const char *text, struct arena *arena);

/* Where the flag was said; FROM_COMMAND_LINE also when it was not. */
enum given_from option_from(const struct arguments *arguments, enum option_id id);
/* Whether the flag was said: on the command line, or by a setting (settings.h). */
bool option_is_given(const struct arguments *arguments, enum option_id id);
/* The value, else the fallback of the command's table, else NULL. */
const char *option_text(const struct arguments *arguments, enum option_id id);
/* Value `index` of a flag that repeats, or NULL past the last. */
const char *option_text_at(const struct arguments *arguments, enum option_id id, size_t index);
/* Which of the choices, from 0 in the order of the table. */
int option_choice(const struct arguments *arguments, enum option_id id);
/* The number, or 0 when it is not given. */
uint32_t option_number(const struct arguments *arguments, enum option_id id);

/* The row of a flag in a command's table or among those every command has; NULL: none. */
const struct option *option_find(const struct command *command, enum option_id id);
/* Row `index` of both tables, a flag that the command has itself once; NULL past the last. */
const struct option *option_at(const struct command *command, size_t index);
