/* check_pass.h - what the files of the checker share. Not for others: see check.h.
 *
 * A check function sets the checker's members of its node and adds a diagnostic for each
 * mistake. After a mistake the node has the type TYPE_COUNT, which goes with everything,
 * so that one mistake makes one message. Failures of the host stick in `err`.
 */
#pragma once

#include "base/err.h"
#include "compile.h"
#include "connection.h"
#include "function.h"
#include "constant.h"
#include "scope.h"
#include "suggest.h"

/* A step whose result can be read from here on; the newest first. */
struct visible_step {
    struct visible_step *next;
    str name;
    const struct ast_step *step;
};

/* A kind of step that was found to be not connected. */
struct told_builtin {
    struct told_builtin *next;
    const struct builtin *builtin;
};

/* A time zone that a rule names. */
struct zones {
    struct zones *next;
    const struct zone *zone;
};

struct check {
    struct arena *arena;
    struct diag_list *diags;
    const struct sources *sources;
    struct tree *const *trees;
    uint32_t tree_count;
    bool opens_fixtures; /* look whether the files that tests name can be read */
    struct arena *names; /* of the scope: gone when the check is over */
    struct scope *scope;
    struct item **source_items; /* in force: what a user declares replaces what is shipped */
    uint32_t source_count;
    /* where the check is */
    struct item *item;          /* the item around */
    const struct item *macro;   /* whose parameters are seen, or NULL */
    bool in_source;             /* only raw paths are seen */
    struct expr *several;       /* the rule's detection over several alerts, or NULL */
    bool has_several;           /* the rule has that, or a `followed by` */
    bool in_several_steps;      /* first.f is seen */
    bool wants_bytes;           /* inside of base64(..): text need not be UTF-8 */
    struct zones *zones;        /* those that were read; the whole check shares them */
    enum ceiling ceiling;       /* of the rule */
    const struct clause *mode;  /* that says so, or NULL: built in */
    struct visible_step *steps; /* whose results are seen */
    struct visible_step *named; /* all of the rule so far */
    uint32_t depth;             /* declarations being checked, one for the sake of the other */
    uint32_t deepest;           /* of the lets and macros that the item uses */
    /* where a mistake of syntax took something away */
    bool is_partial;           /* of any file */
    str *lost;                 /* for each file, what did not parse; empty for a whole one */
    uint32_t lookups;          /* in it */
    struct told_builtin *told; /* in told_file */
    uint32_t told_file;
    struct connection_cache connection_cache;
    bool has_roles;      /* the set has a `role` block */
    bool wants_text;     /* the word that is checked stands where text is wanted */
    bool has_told_roles; /* that there is none */
    uint32_t unsaid;     /* mistakes that may be follow-ups and were not reported */
    int64_t now_ms;      /* of the compilation; 0: not known */
    enum err err;
};

/* Remember the first failure of the host; false when `err` is one. */
bool check_ok(struct check *check, enum err err);

/* Types expressions and finds what their names mean. */
void check_expr(struct check *check, struct expr *expr);
/* As check_expr, and it must be true or false. */
void check_condition(struct check *check, struct expr *expr);

/* check_name.c */
void check_field(struct check *check, struct expr *expr);
/* A word that may be an enum's when it stands beside something of type `type`: true when
 * it is one, or was meant as one and reported. */
bool check_word(struct check *check, struct expr *expr, enum type type);
/* Whether an attacker may write the field: by its nature, or because a source says so. */
bool field_is_untrusted(const struct check *check, enum field field);
/* Say in the help which words an enum has; nothing for other types. */
void help_with_values(struct check *check, struct diag *diag, enum type type);
/* Say in the help which file to use, for a name that is declared in one not seen. */
void help_with_use(
    struct check *check, struct diag *diag, uint32_t file, const struct item *elsewhere);
/* Report a declared name that would hide something built in; false then. */
bool check_hiding(struct check *check, str name, span at);
/* Check a let, macro or list before its first use; false when it is defined by itself or
 * is too deep, which check_report_self says at the place that uses it. */
bool check_declaration(struct check *check, struct item *item);
void check_report_self(struct check *check, span at, const struct item *item);
/* Sources see no lets and macros: true, and reported, inside one. */
bool refuse_in_source(struct check *check, span at);
/* The path as written, `host.name`; in the arena. */
str path_text(struct check *check, const struct expr *expr);
/* Whether the path is one word and nothing else. */
bool path_is_word(const struct expr *expr);
/* The source of that name in force, or NULL. */
const struct item *source_item(const struct check *check, str name);

/* check_uses.c: between files */
void check_uses(struct check *check);

/* check_lost.c */
void check_find_lost(struct check *check);
/* Whether a name that nothing declares may have been declared in what was lost of `file`
 * (an index of trees, or UINT32_MAX for any) or of a file that it uses: then nothing is said
 * about it. */
bool check_is_lost(struct check *check, uint32_t file, str name);

/* check_test.c */
void check_test(struct check *check, struct expr *expr);
void check_anywhere(struct check *check, struct expr *expr);
/* The elements of a list literal beside something of type `type`. */
void check_members(struct check *check, struct expr *list, enum type type);
/* A constant beside something of type `type`: reports one that does not fit. */
void check_fits(struct check *check, const struct expr *expr, enum type type, bool is_member);
/* The same for an element that a file has, at the place that uses its list; false when it does
 * not fit. */
bool check_fits_value(struct check *check, const struct expr *list,
    const struct list_element *element, enum type type);
/* Whether its values are words: severity, verdict, source. */
bool type_is_enum(enum type type);
/* Say in the help what was meant by a text that is none of the type's; `at` is replaced. */
void help_with_text(struct check *check, struct diag *diag, span at, str text, enum type type);
/* Let `expr`, a raw value, be read as `type`. */
void read_as(struct expr *expr, enum type type);

/* check_several.c: detections over several alerts */
/* Find the one in the rule's `when`, and note how each stands there. */
void check_place_several(struct check *check, struct item *rule);
void check_several(struct check *check, struct expr *expr);
/* The `followed by` clauses of a rule. */
void check_followed(struct check *check, struct item *rule);
/* Whether the rule waits for more than one alert; `several` as check_place_several found it. */
bool rule_is_several(const struct item *rule, const struct expr *several);
/* `first.f`: true when the path is one, or was meant as one and reported. */
bool check_first_field(struct check *check, struct expr *expr);
/* A path that can only be a field or raw JSON; TYPE_COUNT and a report when it is neither. */
void check_field_path(struct check *check, struct expr *expr);

/* check_constant.c: what the compiler itself works out */
/* A function of written values is a constant: base64("..") is worked out once. */
void check_fold(struct check *check, struct expr *call, const struct function *function);
/* A time zone's name where a function wants one: it becomes the zone. */
void check_zone(struct check *check, struct expr *arg);
/* Put the texts of windash("..") and its like in place of it into a list. With `all` that would
 * ask for every variant at once, so it is reported. */
void check_spread(struct check *check, struct expr *list, enum quantifier patterns);

/* check_never.c: a test that holds never or always, whatever the alert; a warning. The test
 * was checked, and both sides have their types. */
void check_never(struct check *check, const struct expr *test);

/* check_call.c */
void check_call(struct check *check, struct expr *expr);

/* check_item.c */
void check_list(struct check *check, struct item *item);
/* check_list_file.c: read the values of a list from its file. */
void check_list_file(struct check *check, struct item *item);
/* The type that `name` means, or TYPE_COUNT after a report. */
enum type check_type(struct check *check, str name, span at);
/* The types and names of a macro's parameters. */
void check_params(struct check *check, struct item *macro);
void check_source(struct check *check, struct item *item);
/* check_overlap.c: warn where a source of a rule file and another one accept the same alerts. */
void check_overlaps(struct check *check);

/* check_block.c: connection, daemon, role, profile .. */
void check_block(struct check *check, struct item *item);
/* check_profile.c: what one value of a `profile` or `collector` says; `keyword` is the block within it,
 * "profile linux". */
struct setting;
void check_profile_value(
    struct check *check, str keyword, const struct expr *expr, const struct setting *row);
/* `profile=NAME` on a step. */
void check_profile_name(
    struct check *check, const struct expr *expr, const struct param *param, str name);
/* A profile may not be called as one that is part of cdr. */
void check_profile_item(struct check *check, const struct item *item);

/* check_hold.c: what holds steps back */
/* `limit`, `dedup` and `mode`, of a rule or of defaults. */
void check_clause(struct check *check, struct clause *clause);
/* Whether there are no more than LIMITS_MAX limits; else reported. */
bool check_limit_count(struct check *check, const struct clause *clauses);
/* Whether two clauses of a rule, or of defaults, cannot both be meant. */
bool clause_says_again(const struct clause *before, const struct clause *clause);
/* The ceiling that a word means; CEILING_COUNT, and reported, when it is none. */
/* A region that this build does not know: a warning with the nearest. */
void check_region_known(struct check *check, span at, str region);
/* `url`, the value of `name`, against the form "s3://bucket/prefix". */
void check_evidence_place(
    struct check *check, span at, const char *name, str url, bool may_be_folder);
/* A value that is written in the rule, for a parameter that means something at AWS. */
void check_cloud_argument(struct check *check, const struct builtin *builtin,
    const struct param *param, const struct expr *expr);
enum ceiling check_mode(struct check *check, str word, span at);
/* How far the rule may go, by its own `mode`, or that of its file; *ret_mode is NULL when nobody
 * says. Its clauses need not be checked yet. */
enum ceiling ceiling_in_force(const struct item *rule, const struct clause **ret_mode);
/* That the step stays below the ceiling of its rule. */
void check_ceiling(struct check *check, const struct ast_step *step);
/* `for` and `timeout` of a step: how long. */
void check_step_time(struct check *check, const struct clause *clause);

/* check_role.c: who is asked, and who may answer */
/* Whether there are roles; once every name is declared. */
void check_find_roles(struct check *check);
void check_approval(struct check *check, const struct ast_step *step);
/* How many have a role. */
void check_role(struct check *check, const struct item *role);
/* That `author` names people, where they may not approve. */
void check_authors(struct check *check, const struct item *rule);

/* check_rule.c */
void check_rule(struct check *check, struct item *item);
/* Whether the expression is small enough once its macros are written out; a report if not. */
bool check_size(struct check *check, struct expr *expr);

/* check_environment.c */
/* Its parts, and the conditions that it stands for; once. */
void check_environment(struct check *check, struct item *item);
/* `resource in production`: true when it is that, or was meant as it and reported. */
bool check_environment_test(struct check *check, struct expr *expr);
/* `resource.tags["env"]`: true when it is that, or was meant as it and reported. */
bool check_tag(struct check *check, struct expr *expr);

/* check_guard.c: what excuses, switches off and forbids. */
/* Tell each rule which exceptions, defaults and `disable` are about it. Once every name is declared. */
void check_link_guards(struct check *check);
/* An `unless`, of a rule or of an exception. */
void check_unless(struct check *check, struct clause *unless);
void check_exception(struct check *check, struct item *item);
void check_defaults(struct check *check, struct item *item);
/* Once every rule was checked. */
void check_forbidden(struct check *check, struct item *item);
void check_always(struct check *check, struct item *item);

/* check_step.c */
/* The builtin that `verb name` means, or NULL after a report at the name. */
const struct builtin *check_step_name(struct check *check, enum verb verb, str name, span name_at);
void check_steps(struct check *check, struct ast_step *steps);
/* The row of that name; NULL, and reported, when there is none. */
const struct builtin *check_step_name(struct check *check, enum verb verb, str name, span name_at);
/* check_args.c */
void check_args(struct check *check, struct ast_step *step);
/* What a test expects a step of `builtin` to be given: written values that fit. */
void check_expected(struct check *check, const struct builtin *builtin, struct pair *pairs);
/* check_via.c: `via=NAME` on a step that has no parameter of that name. */
void check_via(struct check *check, const struct builtin *builtin, struct expr *expr);
/* Makes the pieces of a text with {values} in it. */
void check_template(struct check *check, struct expr *literal);

/* check_order.c: no step destroys what a later one collects */
void check_order(struct check *check, const struct ast_step *steps);

/* check_absent.c: nothing is done because a field is absent */
void check_absent(struct check *check, struct item *rule);

/* check_pins.c: fields that no source of the rule can have */
void check_pins(struct check *check, struct item *rule);

/* check_testcase.c: the items `test`; not the tests of a condition, which check_test.c has */
void check_testcase(struct check *check, struct item *test);
/* check_testcase_alert.c: an alert of a test that is written in canonical names */
void check_testcase_alert(struct check *check, const struct ast_json *alert);
