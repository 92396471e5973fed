/* rules_edit.h - what cdr rules does to a rule. */
#pragma once

#include "driver/command.h"
#include "serve/rule_files.h"

/* A rule in its set. */
struct rules_edit {
    struct driver *driver;
    const char *name;
    const char **paths; /* as given, or as the config has them; NULL-terminated */
    struct rule_files files;
    struct compilation compilation;
};

/* The rules of the set one after the other, beginning with that after NULL. */
const struct item *rules_edit_next(const struct rules_edit *edit, const struct item *rule);

/* What switches a rule off, or NULL; also where the set has mistakes. */
const struct item *rules_edit_disable_of(const struct rules_edit *edit, const struct item *rule);

/* What `cdr rules VERB` does, with its operands and flags. EXIT_CLEAN: it is done, or was so already;
 * EXIT_FINDINGS: the rules do not allow it, or it is written and the set has other mistakes;
 * EXIT_USAGE: the command line, or a file that cannot be read or written. What came of it is told. */
enum exit_code rules_enable(struct rules_edit *edit, const struct arguments *arguments);
enum exit_code rules_disable(struct rules_edit *edit, const struct arguments *arguments);
enum exit_code rules_new(struct rules_edit *edit, const struct arguments *arguments);
enum exit_code rules_edit_open(struct rules_edit *edit, const struct arguments *arguments);
enum exit_code rules_delete(struct rules_edit *edit, const struct arguments *arguments);
