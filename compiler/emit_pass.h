/* emit_pass.h - what the files of emit share. Not for others: see emit.h.
 *
 * The program grows in tables of the compilation's arena. The first failure sticks in
 * `err`; what is emitted after it is never used.
 */
#pragma once

#include "builtin.h"
#include "compile.h"
#include "connection.h"
#include "function.h"
#include "probe.h"

/* Hashes of the entries of a table, to find equal ones: open addressing. */
struct lookup {
    uint32_t *slots; /* index + 1, 0: empty */
    uint32_t *hashes;
    uint32_t room;
    uint32_t count;
};

/* A regular expression of the program, as it was written. */
struct regex_key {
    str pattern;
    str flags;
};

/* A declared list as it was fitted to a type. */
struct list_key {
    const struct item *list;
    enum type type;
    uint32_t constant;
};

/* How many different values a list has that some limit is a share of. */
struct estate {
    const struct item *list;
    uint64_t count;
};

/* What rules of a file that name no limit are under. */
struct shared_limits {
    const struct item *defaults;    /* of the file, or NULL */
    const struct limit_code *items; /* NULL: not made yet */
    uint32_t count;
};

/* What an exception makes of its condition, for every rule that it excuses. */
struct shared_excuse {
    const struct clause *unless;
    struct excuse_code code;
    str digest; /* made when first asked for; see emit_identity.c */
};

#define TABLE(type)                                                                                \
    struct {                                                                                       \
        type *items;                                                                               \
        uint32_t count;                                                                            \
        uint32_t room;                                                                             \
    }

struct emit {
    struct arena *arena;
    const struct compilation *compilation;
    struct diag_list *diags; /* of the compilation, for what is right and not enforced */
    TABLE(struct instruction) code;
    TABLE(value) constants;
    struct lookup constant_lookup;
    TABLE(str) digests; /* of constants, made when first asked for; see emit_identity.c */
    TABLE(str) paths;
    struct lookup path_lookup;
    TABLE(struct regex *) regexes;
    TABLE(struct regex_key) regex_keys;
    TABLE(struct list_key) list_keys;
    TABLE(struct estate) estates;
    struct shared_limits shared_limits; /* of the file last emitted */
    TABLE(const struct function *) functions;
    TABLE(struct source_program) sources;
    TABLE(struct rule_code) rules;
    TABLE(struct step_code) steps;
    TABLE(struct unenforced) unenforced;
    TABLE(struct guard_code) guards;
    TABLE(struct role_code) roles;
    TABLE(struct connection_code) connections;
    TABLE(struct daemon_block) daemon_blocks;
    TABLE(str) accounts; /* that are named, once each */
    TABLE(str) regions;
    bool has_organization;
    struct connection_cache connection_cache;
    TABLE(struct shared_excuse) shared_excuses;
    struct lookup shared_lookup;
    TABLE(uint32_t) probes; /* fragments */
    TABLE(struct probe_rule) probe_rules;
    /* where emit is */
    const struct item *rule;
    const struct step_condition *condition; /* the innermost `if` on results, or NULL */
    enum err err;
};

/* Remember the first failure; false when `err` is one. */
bool emit_ok(struct emit *emit, enum err err);

/* ---- emit_table.c ---- */

/* Room for `count` items of `size` bytes; NULL for none. */
void *table_make(struct emit *emit, uint32_t count, uint32_t *ret_room, size_t size);
/* Make room for one more of `size` bytes; the items, moved when they had to be, or NULL. */
void *table_grow(struct emit *emit, void *items, uint32_t count, uint32_t *room, size_t size);

/* Room for `count` items of a table that is empty: what is known to be many does not grow by
 * doubling, which takes as much again for what is left behind. */
#define TABLE_RESERVE(emit, table, count)                                                          \
    ((table).items = table_make((emit), (count), &(table).room, sizeof *(table).items))

#define TABLE_ADD(emit, table, item)                                                               \
    do {                                                                                           \
        void *grown_ = table_grow(                                                                 \
            (emit), (table).items, (table).count, &(table).room, sizeof *(table).items);           \
        if (grown_ != NULL) {                                                                      \
            (table).items = grown_;                                                                \
            (table).items[(table).count++] = (item);                                               \
        }                                                                                          \
    } while (0)

/* The index of an equal entry, added when there is none. */
uint32_t emit_constant(struct emit *emit, value v);
uint32_t emit_path(struct emit *emit, str path);
uint32_t emit_function(struct emit *emit, const struct function *function);
uint32_t emit_regex(struct emit *emit, str pattern, str flags);
/* What was made of the clause before, or NULL. To be read before the next one is added. */
struct shared_excuse *emit_shared_find(struct emit *emit, const struct clause *unless);
void emit_shared_add(
    struct emit *emit, const struct clause *unless, const struct excuse_code *code);
/* The constant list of these elements, each fitted to `type` as a member of `in`. */
uint32_t emit_list(struct emit *emit, const struct expr *list, enum type type);

/* ---- emit_expr.c ---- */

/* Append an instruction; its index. */
uint32_t emit_op(struct emit *emit, enum opcode opcode, unsigned flags, uint32_t a);
/* Let the jump at `at` go to what is emitted next. */
void emit_land(struct emit *emit, uint32_t at);
/* Push the value of an expanded expression; a raw value as its type says. */
void emit_operand(struct emit *emit, const struct expr *expr);
/* Push true or false: an expanded condition. */
void emit_condition(struct emit *emit, const struct expr *expr);
/* The expression with lets and macros written out. */
struct expr *emit_expanded(struct emit *emit, struct expr *expr);

/* ---- emit_test.c ---- */

/* Emit code that pushes whether the test holds. */
void emit_test(struct emit *emit, const struct expr *expr);
void emit_anywhere(struct emit *emit, const struct expr *expr);

/* ---- emit_step.c ---- */

/* The steps of a rule, from the program's next instruction to HALT. */
void emit_rule_steps(struct emit *emit, struct item *rule);
/* What is written there as one line: white space runs are a space, comments are gone. */
str emit_line_of(struct emit *emit, span at);
/* Keep in mind that a clause is not enforced. */
void emit_unenforced(struct emit *emit, const char *clause, span at);

/* ---- emit_excuse.c ---- */

/* What excuses the rule: rule->excuses, with their fragments. */
void emit_excuses(struct emit *emit, const struct item *item, struct rule_code *rule);
/* A condition as two fragments, with what it reads, of an alert or of the target of a step
 * (doubt.h); `possible` is NO_INDEX when all that may be
 * missing decides nothing about it. */
struct doubt_code {
    uint32_t certain;
    uint32_t possible;
    const struct excuse_read *reads;
    uint32_t read_count;
};
struct doubt_code emit_doubt(struct emit *emit, struct expr *condition, bool is_of_target);

/* ---- emit_bounds.c ---- */

/* Where a clause stands, and how it reads. */
struct clause_place emit_place_of(struct emit *emit, span at);
/* Author, limits, ceiling, shadow and dedup of the rule. */
void emit_bounds(struct emit *emit, const struct item *item, struct rule_code *rule);

/* ---- emit_role.c ---- */

/* Who may do what. */
void emit_roles(struct emit *emit);
/* Who is asked before the step; for_ms and timeout_ms. */
void emit_held(struct emit *emit, const struct ast_step *step, struct step_code *code);

/* ---- emit_guard.c ---- */

/* `never` and `always`, with those of `defaults`. */
void emit_invariants(struct emit *emit);

/* ---- emit_connection.c ---- */

/* The connections with their settings, and what of them is not enforced. */
void emit_connections(struct emit *emit);

/* ---- emit_daemon.c ---- */

/* What the `daemon` block says. */
void emit_daemon(struct emit *emit);
/* One setting; what `is_path`, and every file("..") is named from where its source file is, so that
 * it is found wherever the process stands. False: its value is none that a block may have, which the checker has told. */
bool emit_setting(struct emit *emit, str key, const struct expr *expr, bool is_path,
    struct connection_setting *ret_setting);

/* ---- emit_accounts.c ---- */

/* After all constants are there. */
void emit_accounts(struct emit *emit);

/* ---- emit_probe.c ---- */

/* The leaves of the rule's conditions, from the program's next instruction. Without steps in
 * the program there is nothing that reads their results. */
void emit_probe_rule(struct emit *emit, const struct item *rule, bool has_steps);
/* Those of all rules so far. */
const struct probes *emit_probes(struct emit *emit);

/* ---- emit_source.c ---- */

/* Emit every source, sorted by name; and the form of canonical alerts. */
void emit_sources(struct emit *emit);
struct source_program emit_canonical(struct emit *emit);

/* ---- emit_identity.c ---- */

/* SHA-256, hex, of what the rule means: its condition, its steps, which end at `end`, and what
 * excuses it, and whether it is in shadow, wherever it stands and whatever is called how. What
 * holds its steps back (limits, mode, dedup, approvals, timeouts) is no part of it. */
str emit_rule_identity(
    struct emit *emit, const struct item *item, const struct rule_code *rule, uint32_t end);
/* SHA-256, hex, over all texts. */
str emit_program_hash(struct emit *emit);
