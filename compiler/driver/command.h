/* command.h - what a command of `cdr` is, and what it is handed.
 *
 * commands.c has the table; a command is one row with one function. It gets everything
 * from outside (outputs, clock, the wish to stop) in a struct driver. Help, the manual page,
 * completion and docs/commands.md are made from the rows (help.h, complete.h).
 */
#pragma once

#include "driver/options.h"
#include "driver/output.h"
#include "host/clock.h"

/* How the process ends; docs and tests know the numbers. */
enum exit_code {
    EXIT_CLEAN = 0,
    EXIT_FINDINGS = 1, /* something was found, or did not end well */
    EXIT_USAGE = 2,    /* usage, configuration, or a file that cannot be read */
    EXIT_NOTHING = 3,  /* nothing matched the paths */
    EXIT_INTERNAL = 4, /* a fault of ours, or of the machine */
};

struct config;
struct log;
struct store_watch;

struct driver {
    struct output out;        /* standard output: the answer */
    struct output log;        /* standard error: messages */
    const struct log *events; /* of a daemon: messages are events of it; NULL: lines of `log` */
    bool
        is_starting; /* a daemon: a message says why it does not start, so it is an error; it goes to
                       * `log` as with every command, unless events are JSON */
    struct store_watch *watch; /* of a daemon: learns that the journal failed, and tells of it */
    struct clock *clock;
    const volatile int *stop;              /* not 0 after SIGINT or SIGTERM */
    const struct command *const *commands; /* all, ending in NULL */
    const struct config *config;           /* cdr.json, or NULL */
    struct arena arena;                    /* as long as the command runs */
};

/* What SIGINT and SIGTERM do: end a command at once, or let it end where nothing is half
 * done and driver.stop says so. */
enum command_stop { COMMAND_STOP_AT_ONCE, COMMAND_STOP_CLEAN, COMMAND_STOP_CLEAN_IN_APPLY };

/* Whom a command is for: the parts of `cdr help`. */
enum command_group { GROUP_AUTHORS, GROUP_OPERATORS, GROUP_INSIDE, GROUP_CDR, GROUP_COUNT };

/* A command line to copy, and what it does. */
struct example {
    const char *line; /* "cdr check rules"; NULL ends a list */
    const char *does;
};

struct command {
    const char *name;
    const char *operands;           /* "[PATH..]", or ""; the words in capitals say what completes
                                   * them (complete.c) */
    const char *summary;            /* a line without a full stop */
    const char *help;               /* more, whole paragraphs; or NULL */
    const struct option *options;   /* ends in OPTION_NONE; NULL: none of its own */
    const struct example *examples; /* at least one */
    enum command_group group;
    bool reads_no_settings; /* the command works whatever cdr.json says */
    bool writes_files;      /* its operands are rewritten: none of them comes from a setting */
    enum command_stop stop;
    const char
        *beside_daemon; /* what to do instead while a daemon has the journal; NULL: stop it */
    enum exit_code (*run)(struct driver *driver, const struct arguments *arguments);
};

/* Every command, in the order of `cdr help`, ending in NULL. */
extern const struct command *const all_commands[];

extern const struct command approvals_command;
extern const struct command approve_command;
extern const struct command audit_command;
extern const struct command backup_command;
extern const struct command builtins_command;
extern const struct command cases_command;
extern const struct command check_command;
extern const struct command collect_command;
extern const struct command completion_command;
extern const struct command deadletter_command;
extern const struct command disasm_command;
extern const struct command doc_command;
extern const struct command doctor_command;
extern const struct command explain_command;
extern const struct command fix_command;
extern const struct command fmt_command;
extern const struct command help_command;
extern const struct command hosts_command;
extern const struct command leftovers_command;
extern const struct command pause_command;
extern const struct command permissions_command;
extern const struct command reject_command;
extern const struct command restore_command;
extern const struct command resume_command;
extern const struct command rules_command;
extern const struct command run_command;
extern const struct command runs_command;
extern const struct command sandbox_command;
extern const struct command serve_command;
extern const struct command setup_command;
extern const struct command sources_command;
extern const struct command test_command;
extern const struct command undo_command;
extern const struct command version_command;

/* One message on standard error, "cdr: ..." and a newline. What others wrote in it is
 * made safe for a terminal; a newline in it begins an indented line. */
void driver_message(struct driver *driver, const char *format, ...) PRINTF_LIKE(2, 3);
/* As driver_message for a mistake in the command line; adds where to read more. */
enum exit_code driver_usage(struct driver *driver, const struct command *command,
    const char *format, ...) PRINTF_LIKE(3, 4);
/* Tell a failure of the host and return the code that goes with it. */
enum exit_code driver_failure(struct driver *driver, const char *doing, enum err err);

/* "0.1.0"; static. */
const char *driver_version(void);

/* The command of that name, or NULL. */
const struct command *command_find(const struct driver *driver, str name);
/* Whether language.md has a command of that name that this build lacks. */
bool command_is_later(str name);
/* The most similar name, or empty. */
str command_suggest(const struct driver *driver, str name);
/* Tell that there is no such command, and which was perhaps meant. */
enum exit_code command_unknown(struct driver *driver, const char *name);
