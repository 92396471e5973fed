/* ast.h - the syntax tree.
 *
 * Nodes live in the compilation's arena and are never freed singly. A node is a
 * tagged union: read the member that `kind` names and no other. Passes are
 * functions with a switch over every kind and no default, so that a new kind
 * stops the build in each pass that must learn about it.
 *
 * Lists of nodes are linked by `next` in source order. What the checker finds out
 * about an expression is in `expr.type` and `expr.means`; the parser leaves both zero.
 */
#pragma once

#include "builtin.h"
#include "bytecode.h"
#include "diag.h"
#include "value.h"

/* ---- expressions ---- */

enum expr_kind {
    EXPR_LITERAL,  /* "text", 12, 1.5, true, 15m, 2026-01-31; also a template in a step */
    EXPR_REGEX,    /* /re/ims */
    EXPR_FIELD,    /* severity, host.id, raw["a.b"], t.verdict, crown_jewels: a path of words */
    EXPR_CALL,     /* hour(time), office(src.ip) */
    EXPR_LIST,     /* [a, b] */
    EXPR_TEST,     /* [any|all] left test right [cased] */
    EXPR_ANYWHERE, /* anywhere contains s */
    EXPR_EXISTS,   /* exists f, missing f */
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
    EXPR_SEVERAL, /* a detection over several alerts: checked, and not run by this build */
};

enum test {
    TEST_EQUAL,
    TEST_NOT_EQUAL,
    TEST_LESS,
    TEST_LESS_EQUAL,
    TEST_GREATER,
    TEST_GREATER_EQUAL,
    TEST_IN,
    TEST_NOT_IN,
    TEST_BETWEEN,
    TEST_NOT_BETWEEN, /* in 7..20, not in 7..20 */
    TEST_CONTAINS,
    TEST_STARTSWITH,
    TEST_ENDSWITH,
    TEST_LIKE,
    TEST_MATCHES,
    TEST_IS_NULL,
};

/* "=", "in", "startswith", ...: as written; static. */
const char *test_name(enum test test);

enum quantifier { QUANTIFIER_NONE, QUANTIFIER_ANY, QUANTIFIER_ALL };

/* One step of a path: `.word` or `["text"]`. */
struct path_part {
    struct path_part *next;
    str text;      /* unescaped */
    span at;       /* of the word, or of the text without its brackets */
    bool is_index; /* in brackets */
};

/* What a path of words turned out to mean. */
enum meaning {
    MEANING_UNKNOWN,     /* before the check, and after a mistake */
    MEANING_FIELD,       /* field: a canonical field */
    MEANING_RAW,         /* path: the vendor's JSON */
    MEANING_TAG,         /* path: the key of a tag, resource.tags["env"] */
    MEANING_RESULT,      /* step, member: the result of an earlier step */
    MEANING_LIST,        /* declaration: a declared list */
    MEANING_LET,         /* declaration: a let */
    MEANING_ENVIRONMENT, /* declaration: an environment, to the right of `resource in` */
    MEANING_PARAM,       /* param: a parameter of the macro around it */
    MEANING_SOURCE,      /* constant: a source's name, as text */
    MEANING_ENUM,        /* constant: a word of an enum, `high`, `malicious` */
    /* of the alert that began a detection over several: */
    MEANING_FIRST_FIELD, /* first.user.id; field */
    MEANING_FIRST_RAW,   /* first.raw["a.b"]; path */
    /* of a call */
    MEANING_MACRO,    /* declaration: a macro */
    MEANING_FUNCTION, /* function */
    MEANING_CONSTANT, /* constant: a function whose arguments are constants */
    MEANING_FIRST,    /* first(a, b, ..): the first value that is there */
    MEANING_SCALE,    /* scale(x, 0 low, 7 high): a number to a severity */
    MEANING_ONLY_IF,  /* only_if(x, y, "text"): x where y is that text */
};

/* ---- detections over several alerts ---- */

enum several_kind {
    SEVERAL_MEASURE, /* count >= 15, sum of f > 9: measure compare number by within */
    SEVERAL_NEW,     /* new f by g learn D forget D */
    SEVERAL_SPIKE,   /* spike of count by f within D over D */
    SEVERAL_TRAVEL,  /* travel faster than 900 by f within D */
};

enum measure {
    MEASURE_COUNT,
    MEASURE_DISTINCT, /* count of distinct f */
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_PERCENTILE, /* percentile 95 of f */
};

/* "count", "count of distinct", "sum of", ...; static. */
const char *measure_name(enum measure measure);

/* What an alert without a key field counts for. */
enum missing_key { MISSING_DEFAULT, MISSING_OWN, MISSING_JOIN, MISSING_SKIP };

/* "", "own", "join", "skip"; static. */
const char *missing_key_name(enum missing_key missing);

/* A span of time as written; `written` is empty when it is not there. */
struct ast_duration {
    str written;
    int64_t milliseconds;
    span at;
};

/* How a detection stands in its rule; only SEVERAL_TOP may be. */
enum several_place {
    SEVERAL_ELSEWHERE, /* not in a `when` */
    SEVERAL_TOP,       /* joined by `and` at the top of `when` */
    SEVERAL_UNDER_OR,
    SEVERAL_UNDER_NOT,
};

struct several {
    enum several_kind kind;
    enum several_place place; /* the checker's */
    enum measure measure;
    struct expr *percentile; /* a literal, or NULL */
    struct expr *operand;    /* what is measured or new, or NULL */
    enum test compare;       /* of a measure */
    struct expr *number;     /* what it is compared with, or the speed in km/h; or NULL */
    struct expr *by;         /* EXPR_FIELD, linked by next; or NULL: one count */
    struct ast_duration within;
    struct ast_duration over;   /* of a spike */
    struct ast_duration learn;  /* of `new` */
    struct ast_duration forget; /* of `new`, may be empty */
    enum missing_key missing;
};

struct item;
struct function;
struct ast_name;

/* Ten thousand rules are a hundred thousand of these: small things share words. */
struct expr {
    enum expr_kind kind : 8;
    enum type type : 8;      /* the checker's */
    enum meaning means : 8;  /* the checker's */
    bool in_parentheses : 1; /* as written: ( ) around it */
    bool is_list : 1;        /* the checker's: a list of `type` */
    bool is_untrusted : 1;   /* the checker's: text that an attacker may have written */
    span at;
    struct expr *next; /* the next element or argument */

    /* the checker's */
    union {
        enum field field;
        str path;
        struct {
            const struct ast_step *step;
            enum result_member member;
        } result;
        struct item *declaration;
        uint32_t param;
        value constant;
        const struct function *function;
    } is;

    union {
        struct {
            /* Text is unescaped. After `like` the escapes \* \? \\ are left for the glob,
             * which reads them once. */
            value value;
            /* the checker's: the pieces of a template, literals and values linked by next;
             * NULL for text that stands for itself */
            struct expr *parts;
            const struct ast_name *label; /* of an argument `7 high`: the word after it; or NULL */
            enum type type : 8;           /* TEXT, INTEGER, DECIMAL, BOOL, DURATION, TIME */
        } literal;
        struct {
            str pattern; /* as between the slashes, \/ read */
            str flags;
        } regex;
        struct path_part *path; /* at least one; the first is a word */
        struct {
            str name;
            struct expr *arguments;
            span name_at;
        } call;
        struct expr *elements;
        struct {
            struct expr *left;
            struct expr *right; /* NULL for `is null` */
            struct expr *high;  /* of a..b, else NULL */
            enum test test : 8;
            enum quantifier quantifier : 8; /* before left */
            enum quantifier patterns : 8;   /* contains any [..], contains all [..] */
            bool cased;
        } test;
        struct {
            enum test test;
            struct expr *right;
            enum quantifier patterns;
            bool cased;
        } anywhere;
        struct {
            struct expr *operand;
            bool is_missing;
            bool is_unknown;   /* doubt.c's: what does not fit `read_as` counts as missing too */
            enum type read_as; /* TYPE_RAW: anything but null and objects */
            bool is_loose;     /* read as text a number fits, and a truth */
            bool is_lost;      /* doubt.c's, of a field or tag: some of it could not be read */
        } exists;
        struct several *several;
        struct expr *operand; /* EXPR_NOT */
        struct {
            struct expr *left;
            struct expr *right;
        } binary; /* EXPR_AND, EXPR_OR; left-deep for a chain */
    };
};

/* The word after a literal argument, or empty. */
str literal_label(const struct expr *literal);

/* ---- steps ---- */

/* key = value, in a step or after a rule's name. */
struct pair {
    struct pair *next;
    span at;
    str key;
    span key_at;
    struct expr *value;
};

/* A clause of a step or rule that has a place and little else. */
enum clause_kind {
    CLAUSE_LIMIT,    /* limit N targets [by SCOPE] per D: number, word, duration; or of a share,
                      * limit N percent of LIST ..: condition (the list) */
    CLAUSE_DEDUP,    /* dedup by f,.. for D: fields, duration */
    CLAUSE_MODE,     /* mode contain: word */
    CLAUSE_SHADOW,   /* shadow */
    CLAUSE_UNLESS,   /* unless cond [until date reason text]: condition, until, reason */
    CLAUSE_FOLLOWED, /* [not] followed by (cond) by f,.. within D: condition, fields, duration */
    CLAUSE_NEVER_TARGET, /* never target cond ["why"], in defaults: condition, reason */
    CLAUSE_FOR,          /* for D: duration */
    CLAUSE_TIMEOUT,      /* timeout D: duration */
    CLAUSE_APPROVE,      /* approve by [N of] WHO,.. within D: number (0: one), who, duration */
    CLAUSE_ESCALATE,     /* escalate to, after it: the same */
    CLAUSE_FROM,         /* from OPERAND: condition (the operand) */
    CLAUSE_AS,           /* as NAME: reason (the name) */
    CLAUSE_IRREVERSIBLE,
    CLAUSE_ON_FAILURE_STOP,
};

struct ast_name;

struct clause {
    struct clause *next;
    enum clause_kind kind;
    span at;
    int64_t number;
    int64_t duration_ms;
    str duration; /* as written */
    struct expr *condition;
    struct expr *fields; /* EXPR_FIELD, linked by next */
    str reason;
    span reason_at;
    str until; /* the date as written, or empty */
    span until_at;
    int64_t until_ms; /* the checker's: the first moment after it; INT64_MAX without a date */
    enum missing_key missing; /* of `followed by` */
    bool is_negated;          /* not followed by */
    str word;                 /* of a limit its scope, or empty; of `mode` how far */
    span word_at;
    struct ast_name *who;   /* of approve and escalate: roles; texts are unescaped */
    enum limit_scope scope; /* the checker's, of a limit */
    enum ceiling ceiling;   /* the checker's, of `mode` */
};

enum step_kind { STEP_KIND_ACTION, STEP_KIND_IF };

struct ast_step {
    struct ast_step *next;
    enum step_kind kind;
    span at;
    union {
        struct {
            enum verb verb;
            str name;
            span name_at;
            struct pair *pairs;
            struct clause *clauses;
            const struct builtin *builtin; /* the checker's, or NULL after a mistake */
            uint32_t index;                /* the checker's: in the program's table */
        } action;
        struct {
            struct expr *condition;
            struct ast_step *then_steps;
            struct ast_step *else_steps; /* or NULL */
        } branch;
    };
};

/* ---- items ---- */

enum item_kind {
    ITEM_USE,
    ITEM_LIST,
    ITEM_LET,
    ITEM_MACRO,
    ITEM_ENVIRONMENT,
    ITEM_DEFAULTS,
    ITEM_RULE, /* named, or bare (name empty) */
    ITEM_DISABLE,
    ITEM_EXCEPTION,
    ITEM_NEVER,
    ITEM_ALWAYS,
    ITEM_TEST,
    ITEM_SOURCE,
    ITEM_BLOCK, /* channel, collector, connection, daemon, profile, role */
};

/* The checker's: what excuses alerts that meet a rule's condition. */
struct ast_excuse {
    struct ast_excuse *next;
    const struct clause *unless;
    const struct item *exception; /* NULL: a clause of the rule itself */
};

/* A name in a list of names. */
struct ast_name {
    struct ast_name *next;
    str text;
    span at;
};

/* One part of an environment, in the order written. A key alone is a provider and begins an
 * entry: aws accounts ["1"] regions ["eu-west-1"] tags { env = "prod" }. `mode collect` is of the
 * whole environment. */
struct ast_place {
    struct ast_place *next;
    span at;
    str key;
    span key_at;
    struct expr *values;  /* EXPR_LIST, or NULL */
    struct pair *pairs;   /* of `tags { .. }`, or NULL */
    bool is_organization; /* `accounts organization` */
    str word;             /* of `mode`, else empty */
    span word_at;
};

/* Something a step's verb and name stand for: `respond isolate_role`, `collect any`. */
struct ast_step_name {
    enum verb verb;
    str name; /* empty: any */
    span at;  /* of both */
    span name_at;
};

/* A line of a connection, a daemon or a role: key = value, or key "label" { lines }. */
struct ast_line {
    struct ast_line *next;
    span at;
    str key;
    span key_at;
    struct expr *value; /* or NULL: a block */
    str label;          /* or empty */
    span label_at;
    struct ast_line *lines; /* of the block */
};

/* JSON in a test: an alert, or what a step came back with. */
enum ast_json_kind {
    AST_JSON_NULL,
    AST_JSON_BOOL,
    AST_JSON_NUMBER,
    AST_JSON_TEXT,
    AST_JSON_ARRAY,
    AST_JSON_OBJECT
};

struct ast_json {
    struct ast_json *next;
    enum ast_json_kind kind;
    span at;
    str key; /* of a member, unescaped */
    span key_at;
    bool boolean;
    str text;                  /* unescaped; a number as written */
    struct ast_json *children; /* in source order */
};

enum check_kind {
    CHECK_ALERT,
    CHECK_RESULT,
    CHECK_WAIT,
    CHECK_QUIET, /* expect quiet */
    CHECK_RULE,  /* expect [no] rule R [count N] */
    CHECK_STEP,  /* expect [no] VERB [NAME pairs] */
};

/* One line of a test. */
struct ast_check {
    struct ast_check *next;
    enum check_kind kind;
    span at;
    bool is_negated; /* expect no .. */
    union {
        struct {
            str source; /* forced, or empty */
            span source_at;
            str file; /* or empty, with `object` */
            span file_at;
            struct ast_json *object; /* or NULL */
            int64_t times;           /* 0: not said */
            struct ast_duration every;
            struct ast_duration after;
        } alert;
        struct {
            str step; /* as the rule calls it: its `as`, or its name */
            span step_at;
            struct ast_json *object;
        } result;
        struct ast_duration wait;
        struct {
            str name;
            span name_at;
            int64_t count; /* -1: at least once */
        } rule;
        struct {
            struct ast_step_name step; /* name empty: any of the verb */
            struct pair *pairs;
        } step;
    };
};

struct macro_param {
    struct macro_param *next;
    str name;
    span at;
    str type_name;
    span type_at;
    bool type_is_list;
    enum type type; /* the checker's */
};

/* field = operand [: type [untrusted]] in a source. */
struct ast_mapping {
    struct ast_mapping *next;
    span at;
    struct expr *field; /* EXPR_FIELD */
    struct expr *value;
    str type_name; /* or empty */
    span type_at;
    bool type_is_list;
    bool is_untrusted;
};

struct item {
    struct item *next;
    enum item_kind kind;
    span at;
    str name; /* empty: a bare rule */
    span name_at;
    bool is_partial; /* a mistake left something out of it */
    bool is_used;    /* lint's: a list, let or macro that something names */
    union {
        struct {
            str type_name;
            span type_at;
            bool type_is_list;
            struct expr *values; /* EXPR_LIST, or NULL with `file` */
            str file;            /* from "file", or empty */
            span file_at;
            const struct source_link *link; /* the file, read; NULL when it could not be */
            enum type type;                 /* the checker's */
            const value *read;              /* the checker's: the values of the file */
            uint32_t read_count;
        } list;
        struct {
            struct expr *body;
        } let;
        struct {
            struct macro_param *params;
            struct expr *body;
        } macro;
        struct {
            str title; /* or empty */
            span title_at;
            struct pair *pairs; /* owner = "ir", ... */
            struct expr *when;
            struct clause *clauses; /* between when and then, in order */
            struct ast_step *steps;
            /* the checker's */
            struct ast_excuse *excuses; /* its own, then exceptions for it, in source order */
            const struct item *disabled_by;
            const struct item *defaults; /* of its file, or NULL */
        } rule;
        struct {
            struct expr *accept;
            struct ast_mapping *mappings;
        } source;
        struct {
            str file;
            span file_at;
            const struct source_link *link; /* the file, read; NULL when it could not be */
        } use;
        struct {
            struct ast_place *places;
            const struct ast_place *mode; /* the checker's: `mode ..`, or NULL */
            enum ceiling ceiling;         /* the checker's: what it says */
            /* the checker's, once it was asked for: what `resource in` and `not in` mean */
            bool is_checked;
            struct expr *inside; /* NULL after a mistake */
            struct expr *outside;
        } environment;
        struct {
            struct clause *clauses;
        } defaults;
        struct {
            struct ast_name *rules;
            struct clause *unless; /* CLAUSE_UNLESS with `until` */
        } exception;               /* disable has the rule's name in `name` */
        struct {
            bool is_target;            /* never target cond */
            struct ast_step_name step; /* else */
            struct expr *condition;    /* or NULL */
            str reason;
            span reason_at;
        } never;
        struct {
            struct expr *condition;
            struct ast_step_name step;
            str reason;
            span reason_at;
        } always;
        struct {
            struct ast_check *checks; /* the test's title is `name` */
        } test;
        struct {
            str keyword; /* "channel", "profile", ...; the label is `name`, or empty */
            struct ast_line *lines;
        } block;
    };
};

/* The word that the item begins with, "environment"; "when" for a bare rule. */
const char *item_word(const struct item *item);

/* Whether steps may name it by `profile=`: a `profile` or a `collector`. */
bool item_is_profile(const struct item *item);

/* The provider of a `connection` as it is written; empty when it is not. */
str connection_provider(const struct item *connection);

struct comment {
    struct comment *next;
    span at; /* from # to before the newline */
};

/* One parsed file. */
struct tree {
    uint32_t file;   /* index into sources */
    int64_t edition; /* 0: no `cdr N` */
    span edition_at;
    bool is_partial;          /* a mistake left something out: of an item, or a whole one */
    struct item *items;       /* in source order, bare rules included */
    struct comment *comments; /* in source order */
};

/* Whether two expressions read alike, whatever their places and parentheses. */
bool expr_same(const struct expr *a, const struct expr *b);

/* The operands of `a and b and c` (or of an `or`) from left to right, without recursion
 * on the left spine, which may be long: *ret_operands (a buf at its birth, released by the
 * caller) becomes their pointers; read them with expr_chain_at. What stands in parentheses
 * is one operand. ERR_MEMORY. */
struct buf;
MUST_CHECK enum err expr_chain(const struct expr *expr, struct buf *ret_operands);
size_t expr_chain_count(const struct buf *operands);
const struct expr *expr_chain_at(const struct buf *operands, size_t index);

/* Append the tree in a stable text form, one node a line, for the golden tests. */
void tree_dump(const struct tree *tree, struct buf *out);
