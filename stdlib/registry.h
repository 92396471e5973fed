/* registry.h - the list of every builtin, every pure function, every shipped source. */
#pragma once

#include "builtin.h"
#include "function.h"

struct builtin_module {
    const char *name;
    const struct builtin *rows;
    size_t count;
};

extern const struct builtin_module aws_ban_module;
extern const struct builtin_module aws_call_module;
extern const struct builtin_module aws_ec2_module;
extern const struct builtin_module aws_evidence_module;
extern const struct builtin_module aws_groups_module;
extern const struct builtin_module aws_iam_module;
extern const struct builtin_module crowdstrike_module;
extern const struct builtin_module defender_graph_module;
extern const struct builtin_module defender_hosts_module;
extern const struct builtin_module find_module;
extern const struct builtin_module fronts_module;
extern const struct builtin_module tell_module;
extern const struct builtin_module unconnected_module;

/* The row a rule names with `verb name`, or NULL. */
const struct builtin *builtin_find(enum verb verb, str name);
/* The same as `provider` does it: of a front its way; NULL: not at all. */
const struct builtin *builtin_find_of(enum verb verb, str name, const char *provider);
/* The row with VERB_UNDO of that name, or NULL. */
const struct builtin *builtin_find_inverse(str name);
/* The row with VERB_FIND that looks for things of that type, or NULL: executor.finder. */
const struct builtin *builtin_finder(enum type type);
/* Row `index` of all, sorted by verb and name within a module; NULL past the end. */
const struct builtin *builtin_at(size_t index);

/* The pure function of that name, or NULL; all of them by index. */
const struct function *function_find(str name);
const struct function *function_at(size_t index);

/* A source declaration that is part of the binary (stdlib/sources/NAME.cdr). */
struct shipped_source {
    const char *file; /* "stdlib/sources/guardduty.cdr" */
    str text;         /* static */
};
/* Shipped source `index`, sorted by name; file is NULL past the end. */
struct shipped_source shipped_source_at(size_t index);

/* The first broken promise in the registry in words, or NULL. The unit tests and
 * `cdr check` both call it: see registry.c for the list of promises. */
const char *registry_fault(void);
/* The same for any modules; *reterr_row is the row at fault. */
const char *registry_fault_in(
    const struct builtin_module *const *modules, size_t count, const struct builtin **reterr_row);
