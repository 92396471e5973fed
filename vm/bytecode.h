/* bytecode.h - a compiled set of rules, as the verifier, the disassembler and the
 * interpreter see it. Nothing here knows about source text.
 *
 * A program is code in one array, cut into fragments. A fragment is entered at its
 * first instruction, jumps forward inside itself, and ends in RETURN (it has a
 * value) or HALT (it runs steps). A program lives in the arena of its compilation
 * and never changes after program_verify; threads may share it.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "builtin.h"
#include "value.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct function;
struct regex;

enum opcode {
#define OP(name, operand, pops, pushes, summary) OP_##name,
#include "opcodes.def"
#undef OP
    OP_COUNT
};
static_assert(OP_COUNT <= UINT8_MAX, "an opcode is stored in one byte");

enum operand {
    OPERAND_NONE,
    OPERAND_CONSTANT,
    OPERAND_PATH,
    OPERAND_FIELD,
    OPERAND_MEMBER,
    OPERAND_TYPE,
    OPERAND_FUNCTION,
    OPERAND_COUNT,
    OPERAND_TEST,
    OPERAND_TARGET,
    OPERAND_STEP,
};

enum { POPS_ARGS = -1, POPS_COUNT = -2, POPS_STEP = -3 };

enum field {
#define FIELD(id, name, type, is_untrusted, meaning) FIELD_##id,
#include "fields.def"
#undef FIELD
    FIELD_COUNT
};

struct field_info {
    const char *name;
    enum type type;
    bool is_untrusted;
    const char *meaning;
};

/* Static; `field` is below FIELD_COUNT. */
const struct field_info *field_info(enum field field);
/* The field of that name (any case), or FIELD_COUNT. */
enum field field_find(str name);

enum instruction_flag {
    FLAG_CASED = 1 << 0,     /* exact case */
    FLAG_ALL = 1 << 1,       /* every element of the left list, not any */
    FLAG_LOOSE = 1 << 2,     /* raw JSON on a side: a number and text that spells it are equal */
    FLAG_ALL_RIGHT = 1 << 3, /* every pattern of the right list, not any */
    FLAG_ANY = 1 << 4,       /* with NOT_EQUAL, NOT_IN, NOT_BETWEEN: `any f != v`, some element
                              * differs (bare: no element is equal). Nothing to the others */
};

struct instruction {
    uint8_t opcode;
    uint8_t flags;
    uint32_t a;
};

/* Members of a step's result, in the order of OPERAND_MEMBER. */
enum result_member {
    RESULT_COMPLETE,
    RESULT_PARTIAL,
    RESULT_FAILED,
    RESULT_VERDICT,
    RESULT_URL,
    RESULT_SHA256,
    RESULT_MEMBERS
};

/* "complete", ...; static. */
const char *result_member_name(enum result_member member);

/* No such thing: an optional fragment or index that is not there. */
#define NO_INDEX UINT32_MAX

/* How a source fills one canonical field. */
struct mapping {
    enum field field;
    bool is_untrusted;
    uint32_t start; /* fragment; reads raw paths only */
};

struct source_program {
    str name;
    uint32_t accept; /* fragment with a bool; NO_INDEX for the canonical form */
    const struct mapping *mappings;
    uint32_t mapping_count;
    bool is_shipped; /* part of the binary */
};

/* An `if` on results, and which of its ways a step is in. Steps of one way share it. */
struct step_condition {
    str text;
    bool is_else;
    const struct step_condition *outer; /* the `if` around this one, or NULL */
};

/* How far rules may go: the highest effect (builtin.h) that is still allowed. Ordered. */
enum ceiling {
    CEILING_OBSERVE, /* reads */
    CEILING_COLLECT, /* leaves something behind, and tells people */
    CEILING_CONTAIN, /* changes that can be taken back */
    CEILING_DESTROY, /* changes that cannot */
    CEILING_COUNT,
};

/* "observe", "collect", "contain", "destroy": as written after `mode`; static. */
const char *ceiling_name(enum ceiling ceiling);

/* How far rules must be allowed to go for a step of the builtin: as its effect says; whatever
 * tells people or opens a case is CEILING_COLLECT at least, and at most. */
enum ceiling ceiling_needed(const struct builtin *builtin);

/* Where a clause stands, for people: every refusal names it. */
struct clause_place {
    str text;      /* as written, on one line; of a built-in default how it would be written */
    str file;      /* empty: built into cdr */
    uint32_t line; /* from 1 */
};

/* Whose targets are counted together. */
enum limit_scope {
    LIMIT_RULE,     /* limit 20 targets per 1h */
    LIMIT_ACTION,   /* limit 20 targets by action per 1h: of the builtin, whatever the rule */
    LIMIT_ACCOUNT,  /* by account: of the provider's account */
    LIMIT_PROVIDER, /* by provider */
    LIMIT_SCOPES,
};

struct limit_code {
    enum limit_scope scope;
    uint64_t targets; /* at most so many distinct ones; of a share of an estate (`limit 5
                       * percent of fleet by action per 1d`) already reckoned, at least 1 */
    int64_t window_ms;
    struct clause_place place;
};

/* Who is asked, one after the other: a stage that ends unanswered asks the next, and the
 * last one rejects. */
struct approval_stage {
    const str *roles; /* names of program.roles; any member of any of them */
    uint32_t role_count;
    uint32_t needed; /* so many different persons, at least 1 */
    int64_t within_ms;
};

/* A `role` block: people, and what they may do. */
enum role_right {
    RIGHT_READ = 1 << 0,
    RIGHT_APPROVE = 1 << 1,
    RIGHT_REJECT = 1 << 2,
    RIGHT_UNDO = 1 << 3,
    RIGHT_PAUSE = 1 << 4,
    RIGHT_RESUME = 1 << 5,
    RIGHT_RETRY = 1 << 6,
    RIGHT_RULES = 1 << 7,
};

struct role_code {
    str name;
    const str *members; /* names of people as host/person.h tells them; compared without case */
    uint32_t member_count;
    unsigned may; /* enum role_right */
};

/* One step as written. Arguments are on the stack in the order of the builtin's
 * parameters; one that was not given is absent there. */
struct step_code {
    const struct builtin *builtin;
    str name;                               /* `as NAME`, or empty */
    str text;                               /* the step as written, for people */
    const struct step_condition *condition; /* the innermost `if` on results, or NULL */
    bool stops_on_failure;
    int64_t for_ms;                      /* undone so long after it was done; 0: stays */
    int64_t timeout_ms;                  /* 0: none but the machine's */
    const struct approval_stage *stages; /* `approve by`; none: no person is asked */
    uint32_t stage_count;
    struct clause_place approve; /* the clause of `stages` */
    str via;                     /* the provider that the rule wrote, of a front; or empty */
    uint32_t args_count;
    uint32_t given; /* bit i: the rule wrote parameter i. Such a one is never taken from the alert
                     * instead: when its value is absent, the step is unresolved */
};

/* Something that an excuse reads and an alert may lack: it says why one is in doubt. */
struct excuse_read {
    str name;         /* as rules write it: host.name */
    str asked;        /* the field or raw path that `exists` may ask for in its place */
    uint32_t start;   /* fragment with the value */
    uint32_t unknown; /* fragment with a bool: the value, or some of it, decides nothing */
};

/* An `unless` of a rule, or an exception for it. */
struct excuse_code {
    str name;   /* of the exception; empty: the rule's own `unless` */
    str text;   /* the condition as written, on one line */
    str reason; /* why it was granted, or empty */
    str file;
    uint32_t line;     /* from 1 */
    int64_t until_ms;  /* it counts for alerts received before that; INT64_MAX: for all */
    uint32_t certain;  /* fragment with a bool: what the alert has makes the condition true */
    uint32_t possible; /* fragment with a bool: it may be true, for all that the alert has;
                        * NO_INDEX: every alert decides it */
    const struct excuse_read *reads;
    uint32_t read_count;
};

struct rule_code {
    str name;
    str title; /* or empty */
    str id;    /* SHA-256, hex, of the rule's meaning: its identity for state */
    str file;
    uint32_t line;      /* from 1 */
    uint32_t condition; /* fragment with a bool */
    uint32_t steps;     /* fragment that ends in HALT */
    const struct excuse_code *excuses;
    uint32_t excuse_count;
    str author; /* (author = ".."): may not approve what the rule wants; or empty */
    const struct limit_code *limits; /* every one that it is under, by scope: of LIMIT_RULE its
                                      * own, else those of its file's defaults, else the built-in
                                      * one; of the others its own with those; at least one of
                                      * each scope. Rules may share them */
    uint32_t limit_count;
    enum ceiling ceiling; /* its own, else its file's, else CEILING_CONTAIN */
    struct clause_place ceiling_place;
    bool is_shadow; /* everything but the write */
    struct clause_place shadow_place;
    const uint32_t *dedup_keys; /* fragments with the values of `dedup by`; none: no dedup */
    uint32_t dedup_key_count;
    int64_t dedup_ms;
    struct clause_place dedup;
    uint32_t text_index; /* of its file in program.texts: whose `never target` holds for it */
    str needs_state;     /* the detection over several alerts that the rule waits for, as written,
                         * or empty. No build that keeps nothing from one alert to the next can
                         * run such a rule: it has no steps, and rule_matches is false */
};

/* A clause that this build parses and checks but does not enforce. */
struct unenforced {
    const char *clause; /* "limit"; static */
    str file;
    uint32_t line; /* from 1 */
    str rule;      /* or empty */
};

/* A path that a file names, and the `file` of the text that it led to. */
struct program_link {
    str path;
    str file;
    bool is_list; /* the text is that of a list */
};

/* A file that went into the program, whole. */
struct program_text {
    str file;
    str text;
    bool is_shipped; /* from stdlib, part of the binary */
    bool is_list;    /* the values of a list */
    const struct program_link *links;
    uint32_t link_count;
};

/* What steps must keep to, whatever rule wants them. */
enum guard_kind {
    GUARD_NEVER_TARGET, /* never target COND: no step of EFFECT_COLLECTS or more acts on it */
    GUARD_NEVER,        /* never VERB NAME [on COND] */
    GUARD_ALWAYS,       /* always COND implies VERB NAME */
    GUARD_ENVIRONMENT,  /* the ceiling of an environment: COND is `resource in` it */
    GUARD_CONNECTION,   /* the ceiling of a connection: of every step at its provider */
};

struct guard_code {
    enum guard_kind kind;
    struct clause_place place;
    str reason;           /* why, as its author wrote it; or empty */
    enum verb verb;       /* of GUARD_NEVER and GUARD_ALWAYS */
    str step;             /* builtin of those; empty: any of the verb */
    enum ceiling ceiling; /* of GUARD_ENVIRONMENT and GUARD_CONNECTION */
    str provider;         /* of GUARD_CONNECTION, else empty */
    uint32_t text_index;  /* index into texts of the file that it stands in */
    uint32_t at;          /* offset in that text */
    bool is_of_file;      /* holds for rules of that file only (a clause of `defaults`) */
    uint32_t certain;     /* fragment with a bool: what is there makes the condition true;
                          * NO_INDEX: always (`never respond stop_instance`) */
    uint32_t possible;    /* fragment with a bool: it may be true, for all that is there;
                          * NO_INDEX: as `certain` */
    const struct excuse_read *reads; /* what it reads: `name` is the field in rules' spelling */
    uint32_t read_count;
};

/* How the text of a setting is come by. What is not written out is looked up by whoever connects,
 * each time: no program, journal or hash has more than its name. */
enum setting_way {
    WAY_WRITTEN,    /* it is the text */
    WAY_ENV,        /* env("NAME"): a variable of the environment */
    WAY_FILE,       /* file("path") */
    WAY_CREDENTIAL, /* credential("name"): of the service manager */
    WAY_COUNT,
};

struct connection_setting {
    str key; /* a row of settings.def */
    enum setting_way way;
    str text;            /* of a list there is one setting for each value */
    int64_t duration_ms; /* of one that is a time; its text is empty */
};

/* A `connection` that says how a provider is reached. One without such settings is not here: its
 * `mode` is a guard. */
struct connection_code {
    str name;
    str provider;
    const struct connection_setting *settings; /* in the order written; without `mode` */
    uint32_t setting_count;
    struct clause_place place;
};

/* The `daemon` block, or one within it, or a `channel`. */
struct daemon_block {
    str kind; /* "daemon", "webhook", "poll", .., "channel" */
    str name; /* of one that has a name, else empty */
    const struct connection_setting *settings;
    uint32_t setting_count;
    struct clause_place place;
};

struct program {
    const struct instruction *code;
    uint32_t code_count;
    const value *constants;
    uint32_t constant_count;
    const str *paths; /* as in raw["..."] */
    uint32_t path_count;
    struct regex *const *regexes; /* compiled; VALUE_REGEX indexes it */
    uint32_t regex_count;
    const struct function *const *functions;
    uint32_t function_count;
    const struct source_program *sources; /* by name; the first that accepts an alert takes it */
    uint32_t source_count;
    struct source_program canonical; /* alerts written in canonical names */
    const struct rule_code *rules;
    uint32_t rule_count;
    const struct step_code *steps;
    uint32_t step_count;
    const struct unenforced *unenforced;
    uint32_t unenforced_count;
    const struct guard_code *guards;
    uint32_t guard_count;
    const struct role_code *roles;
    uint32_t role_count;
    const struct connection_code *connections; /* steps go by the first of their provider */
    uint32_t connection_count;
    const struct daemon_block *daemon_blocks; /* the daemon's own first, channels last */
    uint32_t daemon_block_count;
    const str *accounts; /* of AWS that the rules name; into no other does a step take a role .. */
    uint32_t account_count;
    const str *regions; /* of AWS that the rules name: where an instance is looked for */
    uint32_t region_count;
    bool has_organization;  /* .. or into every active one of our organization */
    const uint32_t *probes; /* fragments with the values of parts of conditions; see probe.h */
    uint32_t probe_count;
    const struct program_text *texts;
    uint32_t text_count;
    str hash; /* SHA-256, hex, over the texts: which rules were in force */
};

struct opcode_info {
    const char *name;
    enum operand operand;
    int pops;
    int pushes;
    const char *summary;
};

/* NULL for a byte that is no opcode. */
const struct opcode_info *opcode_info(uint8_t opcode);

/* Check every property the interpreter relies on, so that it can assert and not
 * test: operands in range, flags known, stack depth between 0 and STACK_MAX on
 * every path of every fragment, the same depth wherever paths join, no path past
 * the end, STEP only in the steps of rules, RAW and no FIELD in sources, RESULT
 * only of a step that comes before it (in a probe of any: what did not run is absent).
 * On ERR_BYTECODE, *reterr_at is the first instruction at fault. ERR_MEMORY. */
MUST_CHECK enum err program_verify(const struct program *program, uint32_t *reterr_at);

struct buf;
/* Append a listing of the program, which passed program_verify: rules with what they are held to,
 * guards, then sources, those that are part of the binary only `with_shipped`; one instruction a
 * line with the names of what the operands index. Texts of constants are JSON strings. A failure
 * is in out->err. */
void program_disassemble(const struct program *program, bool with_shipped, struct buf *out);
