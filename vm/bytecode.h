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
#include "value.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct builtin;
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

/* One step as written. Arguments are on the stack in the order of the builtin's
 * parameters; one that was not given is absent there. */
struct step_code {
    const struct builtin *builtin;
    str name;                               /* `as NAME`, or empty */
    str text;                               /* the step as written, for people */
    const struct step_condition *condition; /* the innermost `if` on results, or NULL */
    bool stops_on_failure;
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
    str needs_state; /* the detection over several alerts that the rule waits for, as written,
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

/* The condition of a `never`, an `always` or a `never target`. Where it stands names it. */
struct invariant_code {
    uint32_t file;      /* index into texts */
    uint32_t at;        /* offset */
    uint32_t condition; /* fragment with a bool */
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
    const struct invariant_code *invariants;
    uint32_t invariant_count;
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
/* Append a listing of the program, which passed program_verify: rules, then sources, those
 * that are part of the binary only `with_shipped`; one instruction a line with the names of what the operands index. Texts of constants are
 * JSON strings. A failure is in out->err. */
void program_disassemble(const struct program *program, bool with_shipped, struct buf *out);
