/* The grammar, and nothing else: an action builds one node. Meaning is checked in
 * compiler/, where it can be tested without text. grammar/README.md says how to add a
 * construct.
 *
 * SYNC and BROKEN come from the token feed (lexer.l) and from no text: after a mistake the
 * feed skips to a place where it makes sense to go on, and says so with SYNC; BROKEN
 * stands for steps that never came. */
%require "3.8"
%define api.pure full
%define api.prefix {cdr_yy}
%define api.location.type {span}
%define api.token.prefix {TOKEN_}
%define parse.error custom
%define parse.lac full
%locations
%expect 0

%code requires {
#include "parse.h"
#include "node.h"
#include "syntax.h"
}
%code provides {
int cdr_yylex(CDR_YYSTYPE *value, span *at, void *scanner);
}
%code {
/* The feed allows NESTING_MAX levels and a level holds less than a dozen symbols, so the
 * stack never grows; the lookahead check's second stack starts large enough, because
 * every rule it tries pops before it pushes. Nothing here needs malloc. */
#define YYINITDEPTH 1000
#define YYMAXDEPTH 1000
#define YYMALLOC(size) NULL
#define YYFREE(memory) ((void)(memory))

#define YYLLOC_DEFAULT(all, parts, count)                                                          \
    (all) = (count) ? span_join(YYRHSLOC(parts, 1), YYRHSLOC(parts, count))                        \
                    : (span){ YYRHSLOC(parts, 0).end, YYRHSLOC(parts, 0).end,                      \
                          YYRHSLOC(parts, 0).file }

#define BINARY(kind_, at_, left_, right_)                                                          \
    NODE(expr, .kind = (kind_), .at = (at_), .binary = { (left_), (right_) })
#define TEST(test_, at_, right_)                                                                   \
    NODE(expr, .kind = EXPR_TEST, .at = (at_), .test = { .test = (test_), .right = (right_) })
#define ITEM(kind_, at_, name_, name_at_, ...)                                                     \
    NODE(item, .kind = (kind_), .at = (at_), .name = (name_), .name_at = (name_at_), __VA_ARGS__)
#define LIST_TYPE(type_)                                                                           \
    .type_name = (type_).name, .type_at = (type_).at, .type_is_list = (type_).is_list
#define SEVERAL(at_, kind_, ...)                                                                   \
    NODE(expr, .kind = EXPR_SEVERAL, .at = (at_),                                                  \
        .several = NODE(several, .kind = (kind_), __VA_ARGS__))
#define MEASURE(measure_, operand_) NODE(several, .measure = (measure_), .operand = (operand_))
#define SPAN_OF_TIME(literal_, at_)                                                                \
    ((struct ast_duration){ (literal_).written, (literal_).value.milliseconds, (at_) })
#define TIMED(literal_)                                                                            \
    .duration_ms = (literal_).value.milliseconds, .duration = (literal_).written
#define UNTIL(until_)                                                                              \
    .until = (until_).date, .until_at = (until_).date_at, .reason = (until_).reason,               \
    .reason_at = (until_).reason_at
/* `node`, unless a mistake left none, after `list`. */
#define NONE { NULL, NULL }
#define APPEND_SOME(all, list, node)                                                               \
    do {                                                                                           \
        __typeof__(all) before_ = list;                                                            \
        (all) = before_;                                                                           \
        if ((node) != NULL)                                                                        \
            APPEND(all, node);                                                                     \
    } while (0)

static void cdr_yyerror(span *at, struct parse *parse, void *scanner, const char *message)
{
    (void)scanner;
    diag_add(parse->diags, DIAG_SYNTAX, *at, "%s", message);
}
}

%parse-param { struct parse *parse } { void *scanner }
%lex-param { void *scanner }

%union {
    str text;
    bool flag;
    enum test test;
    enum verb verb;
    enum quantifier quantifier;
    struct literal literal;
    struct type_words type;
    struct until until;
    struct expr *expr;
    struct path_part *part;
    struct pair *pair;
    struct clause *clause;
    struct ast_step *step;
    struct item *item;
    struct macro_param *param;
    struct ast_mapping *mapping;
    struct several *several;
    struct ast_duration duration;
    enum missing_key missing;
    struct ast_step_name step_name;
    struct ast_place *place;
    struct ast_line *line;
    struct ast_check *check;
    struct ast_json *json;
    struct ast_name *name;
    int64_t count;
    struct { struct ast_name *first, *last; } names;
    struct { struct ast_place *first, *last; } places;
    struct { struct ast_line *first, *last; } lines;
    struct { struct ast_check *first, *last; } checks;
    struct { struct ast_json *first, *last; } jsons;
    struct { struct expr *first, *last; } exprs;
    struct { struct path_part *first, *last; } path;
    struct { struct pair *first, *last; } pairs;
    struct { struct clause *first, *last; } clauses;
    struct { struct ast_step *first, *last; } steps;
    struct { struct macro_param *first, *last; } params;
    struct { struct ast_mapping *first, *last; } mappings;
    struct { struct pair *pair, *last_pair; struct clause *clause, *last_clause; } parts;
    struct { struct expr *when; struct clause *clauses; struct ast_step *steps; } body;
}

%token END 0 "the end of the file"
%token SYNC BROKEN
%token <text> NAME "a name" TEXT "a text"
%token <literal> NUMBER "a number" DURATION "a duration" DATE "a date"
%token <text> REGEX "a regex"
%token EQUAL "=" NOT_EQUAL "!=" LESS "<" LESS_EQUAL "<=" GREATER ">" GREATER_EQUAL ">="
%token NOT_IN "not in" RANGE ".." DOT "." COMMA "," COLON ":" SEMICOLON ";"
%token LEFT_PAREN "(" RIGHT_PAREN ")" LEFT_BRACKET "[" RIGHT_BRACKET "]" LEFT_BRACE "{"
%token RIGHT_BRACE "}"
/* The words of keywords.def. */
%token <text> KW_accept "accept" KW_after "after" KW_alert "alert" KW_all "all" KW_always "always"
    KW_and "and" KW_any "any" KW_anywhere "anywhere" KW_approve "approve" KW_as "as" KW_avg "avg"
    KW_by "by" KW_call "call" KW_cased "cased" KW_cdr "cdr" KW_channel "channel"
    KW_collect "collect" KW_collector "collector"
    KW_connection "connection" KW_contains "contains" KW_count "count" KW_daemon "daemon"
    KW_dedup "dedup" KW_defaults "defaults" KW_disable "disable" KW_distinct "distinct"
    KW_else "else" KW_endswith "endswith" KW_environment "environment" KW_escalate "escalate"
    KW_every "every"
    KW_exception "exception" KW_exists "exists" KW_expect "expect" KW_failure "failure"
    KW_false "false" KW_faster "faster" KW_followed "followed" KW_for "for" KW_forget "forget"
    KW_from "from" KW_if "if" KW_implies "implies" KW_import "import" KW_in "in"
    KW_irreversible "irreversible" KW_is "is" KW_join "join" KW_learn "learn" KW_let "let"
    KW_like "like" KW_limit "limit" KW_list "list" KW_macro "macro" KW_matches "matches"
    KW_max "max" KW_min "min" KW_missing "missing" KW_mode "mode" KW_never "never" KW_new "new" KW_no "no"
    KW_not "not" KW_notify "notify" KW_null "null" KW_of "of" KW_on "on" KW_open "open" KW_or "or"
    KW_organization "organization"
    KW_over "over" KW_own "own" KW_per "per" KW_percent "percent" KW_percentile "percentile" KW_profile "profile" KW_quiet "quiet"
    KW_reason "reason" KW_respond "respond" KW_result "result" KW_role "role" KW_rule "rule"
    KW_shadow "shadow" KW_skip "skip" KW_source "source" KW_spike "spike" KW_startswith "startswith" KW_stop "stop"
    KW_sum "sum" KW_target "target" KW_targets "targets" KW_test "test" KW_than "than"
    KW_then "then" KW_timeout "timeout" KW_times "times" KW_to "to" KW_travel "travel" KW_true "true"
    KW_unless "unless" KW_until "until" KW_untrusted "untrusted" KW_use "use" KW_wait "wait"
    KW_when "when" KW_within "within"

/* Where both could be done, `error` is taken and not put off. */
%precedence START
%precedence error

%type <text> name plain_name key key_word place_key label title block_word scope_opt
%type <flag> cased untrusted no_opt
%type <several> measure
%type <duration> forget
%type <missing> missing
%type <step_name> step_name
%type <names> names whos
%type <name> who
%type <count> needed
%type <place> place
%type <places> places
%type <line> line
%type <lines> lines
%type <check> check alert alert_content
%type <checks> checks
%type <json> object json json_member
%type <jsons> json_members json_elements
%type <clause> part default hold
%type <clauses> default_list
%type <test> compare text_test_word
%type <verb> verb
%type <quantifier> quantifier
%type <type> type
%type <until> until until_opt
%type <expr> cond conj neg leaf test texttest several operand field literal list argument
%type <exprs> operands fields arguments elements by by_opt
%type <part> path_part
%type <path> path
%type <pair> pair
%type <pairs> pairs pairs_opt check_pairs
%type <clause> clause limit dedup followed
%type <clauses> clauses followeds
%type <step> step action
%type <steps> steps block_steps block else
%type <parts> parts
%type <body> body
%type <item> item rule source list_item macro sentence block_item
%type <param> param
%type <params> params
%type <mapping> mapping
%type <mappings> mappings

%%
/* ---- a file ---- */

file: edition items | edition items bare_rules ;

/* A mistake in the very first word finds nothing on the stack to go back to, so the start of a
 * file and of its items each have a way on of their own. */
edition: %empty %prec START
    | error skip_item SYNC { yyerrok; parse_forget_mistakes(parse); }
    | "cdr" NUMBER { parse_edition(parse, @$, &$NUMBER); }
    ;

/* Rules without a name come last; the feed reports an item after one and says SYNC. */
items: %empty %prec START
    | error skip_item SYNC { yyerrok; parse_forget_mistakes(parse); }
    | items item { parse_add_item(parse, $2); }
    | items bare_rules SYNC { yyerrok; parse_forget_mistakes(parse); }
    | items error skip_item SYNC { yyerrok; parse_forget_mistakes(parse); }
    ;

bare_rules: bare_rule | bare_rules bare_rule ;

bare_rule: body {
        parse_add_item(parse, NODE(item, .kind = ITEM_RULE, .at = @$, .name = STR(""), .name_at = @$,
            .rule = { .title = STR(""), .when = $1.when, .clauses = $1.clauses, .steps = $1.steps }));
    }
    ;

item: list_item
    | "let" name "=" cond {
        $$ = ITEM(ITEM_LET, @$, $name, @name,
            .let = { $cond });
    }
    | macro
    | rule
    | source
    | sentence
    | block_item
    ;

list_item: "list" name ":" type "=" list {
        $$ = ITEM(ITEM_LIST, @$, $name, @name, .list = { LIST_TYPE($type), .values = $list });
    }
    | "list" name ":" type "from" TEXT {
        $$ = ITEM(ITEM_LIST, @$, $name, @name,
            .list = { LIST_TYPE($type), .file = $TEXT, .file_at = @TEXT });
    }
    ;

macro: "macro" name "(" params ")" "=" cond {
        $$ = ITEM(ITEM_MACRO, @$, $name, @name, .macro = { $params.first, $cond });
    }
    ;

params: param { FIRST($$, $1); }
    | params "," param { $$ = $1; APPEND($$, $3); }
    ;

param: name ":" type {
        $$ = NODE(macro_param, .name = $name, .at = @name, .type_name = $type.name,
            .type_at = $type.at, .type_is_list = $type.is_list);
    }
    ;

rule: "rule" name title pairs_opt "{" body "}" {
        $$ = ITEM(ITEM_RULE, @$, $name, @name,
            .rule = { .title = $title, .title_at = @title, .pairs = $pairs_opt.first, .when = $body.when,
                .clauses = $body.clauses, .steps = $body.steps });
    }
    ;

title: %empty { $$ = STR(""); } | TEXT ;

pairs_opt: %empty { $$.first = $$.last = NULL; }
    | "(" pairs ")" { $$ = $2; }
    ;

pairs: pair { FIRST($$, $1); }
    | pairs "," pair { $$ = $1; APPEND($$, $3); }
    ;

pair: key "=" operand {
        $$ = NODE(pair, .at = @$, .key = $key, .key_at = @key, .value = $operand);
    }
    ;

source: "source" name "{" "accept" cond mappings "}" {
        $$ = ITEM(ITEM_SOURCE, @$, $name, @name,
            .source = { $cond, $mappings.first });
    }
    ;

mappings: %empty { $$.first = $$.last = NULL; }
    | mappings mapping { $$ = $1; APPEND($$, $2); }
    | mappings error skip_mapping SYNC { yyerrok; $$ = $1; }
    ;

mapping: field "=" operand {
        $$ = NODE(ast_mapping, .at = @$, .field = $field, .value = $operand, .type_name = STR(""),
            .type_at = @operand);
    }
    | field "=" operand ":" type untrusted {
        $$ = NODE(ast_mapping, .at = @$, .field = $field, .value = $operand,
            .type_name = $type.name, .type_at = $type.at, .type_is_list = $type.is_list,
            .is_untrusted = $untrusted);
    }
    ;

untrusted: %empty { $$ = false; }
    | "untrusted" { $$ = true; }
    ;

type: name { $$ = (struct type_words){ $name, @$, false }; }
    | "list" "of" name { $$ = (struct type_words){ $name, @$, true }; }
    ;

/* ---- sentences and blocks ---- */

sentence: "use" TEXT { $$ = ITEM(ITEM_USE, @$, STR(""), @2, .use = { $TEXT, @TEXT }); }
    | "disable" "rule" name { $$ = ITEM(ITEM_DISABLE, @$, $name, @name); }
    | "exception" name "for" names "when" cond until {
        struct clause *unless = NODE(clause, .kind = CLAUSE_UNLESS, .at = span_join(@5, @until),
            .condition = $cond, UNTIL($until));
        $$ = ITEM(ITEM_EXCEPTION, @$, $name, @name, .exception = { $names.first, unless });
    }
    | "never" step_name TEXT {
        $$ = ITEM(ITEM_NEVER, @$, STR(""), @1,
            .never = { .step = $step_name, .reason = $TEXT, .reason_at = @TEXT });
    }
    | "never" step_name "on" cond TEXT {
        $$ = ITEM(ITEM_NEVER, @$, STR(""), @1,
            .never = { false, $step_name, $cond, $TEXT, @TEXT });
    }
    | "never" "target" cond TEXT {
        $$ = ITEM(ITEM_NEVER, @$, STR(""), @1,
            .never = { .is_target = true, .condition = $cond, .reason = $TEXT, .reason_at = @TEXT });
    }
    | "always" cond "implies" step_name TEXT {
        $$ = ITEM(ITEM_ALWAYS, @$, STR(""), @1, .always = { $cond, $step_name, $TEXT, @TEXT });
    }
    ;

names: name { FIRST($$, NODE(ast_name, .text = $name, .at = @name)); }
    | names "," name { $$ = $1; APPEND($$, NODE(ast_name, .text = $name, .at = @name)); }
    ;

step_name: verb name { $$ = (struct ast_step_name){ $verb, $name, @$, @name }; }
    | verb "any" { $$ = (struct ast_step_name){ $verb, STR(""), @$, @2 }; }
    ;

block_item: "environment" name "{" places "}" {
        $$ = ITEM(ITEM_ENVIRONMENT, @$, $name, @name, .environment = { $places.first });
    }
    | "defaults" "{" default_list semicolon_opt "}" {
        $$ = ITEM(ITEM_DEFAULTS, @$, STR(""), @1, .defaults = { $default_list.first });
    }
    | "test" TEXT "{" checks semicolon_opt "}" {
        $$ = ITEM(ITEM_TEST, @$, $TEXT, @TEXT, .test = { $checks.first });
    }
    | block_word label "{" lines "}" {
        $$ = ITEM(ITEM_BLOCK, @$, $label, @label, .block = { $block_word, $lines.first });
    }
    ;

semicolon_opt: %empty | ";" ;

block_word: "channel" | "collector" | "connection" | "daemon" | "profile" | "role" ;

label: %empty { $$ = STR(""); } | name | TEXT ;

lines: %empty { $$.first = $$.last = NULL; }
    | lines line { $$ = $1; APPEND($$, $line); }
    ;

line: pair {
        $$ = NODE(ast_line, .at = @$, .key = $pair->key, .key_at = $pair->key_at,
            .value = $pair->value);
    }
    | key label "{" lines "}" {
        $$ = NODE(ast_line, .at = @$, .key = $key, .key_at = @key, .label = $label,
            .label_at = @label, .lines = $lines.first);
    }
    ;

places: %empty { $$.first = $$.last = NULL; }
    | places place { $$ = $1; APPEND($$, $place); }
    ;

/* `mode` alone would be a provider of that name. */
place: place_key { $$ = NODE(ast_place, .at = @$, .key = $1, .key_at = @1); }
    | place_key list { $$ = NODE(ast_place, .at = @$, .key = $1, .key_at = @1, .values = $list); }
    | place_key "{" pairs "}" {
        $$ = NODE(ast_place, .at = @$, .key = $1, .key_at = @1, .pairs = $pairs.first);
    }
    | place_key "organization" {
        $$ = NODE(ast_place, .at = @$, .key = $1, .key_at = @1, .is_organization = true);
    }
    | "mode" name {
        $$ = NODE(ast_place, .at = @$, .key = $1, .key_at = @1, .word = $name, .word_at = @name);
    }
    ;

place_key: plain_name | key_word ;

default_list: default { APPEND_SOME($$, NONE, $default); }
    | default_list ";" default { APPEND_SOME($$, $1, $default); }
    ;

default: hold
    | "never" "target" cond {
        $$ = NODE(clause, .kind = CLAUSE_NEVER_TARGET, .at = @$, .condition = $cond);
    }
    | "never" "target" cond TEXT {
        $$ = NODE(clause, .kind = CLAUSE_NEVER_TARGET, .at = @$, .condition = $cond,
            .reason = $TEXT, .reason_at = @TEXT);
    }
    | error skip_check SYNC { yyerrok; $$ = NULL; }
    ;

%include "grammar/tests.y"

/* ---- a rule ---- */

body: "when" cond followeds clauses "then" block_steps {
        $$.when = $cond;
        $$.clauses = clauses_join($followeds.first, $clauses.first);
        $$.steps = $block_steps.first;
    }
    | "when" cond followeds clauses BROKEN { $$.when = $cond; $$.clauses = NULL; $$.steps = NULL; }
    | "when" error skip_clause SYNC { yyerrok; } clauses after_mistake {
        $$.when = NULL;
        $$.clauses = NULL;
        $$.steps = NULL;
    }
    ;

after_mistake: "then" block_steps | BROKEN ;

followeds: %empty { $$.first = $$.last = NULL; }
    | followeds followed { $$ = $1; APPEND($$, $2); }
    ;

followed: "followed" "by" "(" cond ")" by "within" DURATION missing {
        $$ = NODE(clause, .kind = CLAUSE_FOLLOWED, .at = @$, .condition = $cond,
            .fields = $by.first, .missing = $missing, TIMED($DURATION));
    }
    | "not" "followed" "by" "(" cond ")" by "within" DURATION missing {
        $$ = NODE(clause, .kind = CLAUSE_FOLLOWED, .at = @$, .condition = $cond,
            .fields = $by.first, .missing = $missing, TIMED($DURATION), .is_negated = true);
    }
    ;

clauses: %empty { $$.first = $$.last = NULL; }
    | clauses clause { APPEND_SOME($$, $1, $clause); }
    ;

clause: "unless" cond until_opt {
        $$ = NODE(clause, .kind = CLAUSE_UNLESS, .at = @$, .condition = $cond, UNTIL($until_opt));
    }
    | hold
    | error skip_clause SYNC { yyerrok; $$ = NULL; }
    ;

until_opt: %empty { $$ = (struct until){ STR(""), @$, STR(""), @$ }; }
    | until
    ;

until: "until" DATE "reason" TEXT { $$ = (struct until){ $DATE.written, @DATE, $TEXT, @TEXT }; } ;

/* What holds the steps of a rule back, or of every rule of the file. */
hold: limit
    | dedup
    | "mode" name {
        $$ = NODE(clause, .kind = CLAUSE_MODE, .at = @$, .word = $name, .word_at = @name);
    }
    | "shadow" { $$ = NODE(clause, .kind = CLAUSE_SHADOW, .at = @$); }
    ;

limit: "limit" NUMBER "targets" scope_opt "per" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_LIMIT, .at = @$, .number = parse_count(parse, @2, &$2),
            .word = $scope_opt, .word_at = @scope_opt, TIMED($DURATION));
    }
    | "limit" NUMBER "percent" "of" field scope_opt "per" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_LIMIT, .at = @$, .number = parse_count(parse, @2, &$2),
            .condition = $field, .word = $scope_opt, .word_at = @scope_opt, TIMED($DURATION));
    }
    ;

scope_opt: %empty { $$ = STR(""); }
    | "by" name { $$ = $name; @$ = @name; }
    ;

dedup: "dedup" by "for" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_DEDUP, .at = @$, .fields = $by.first, TIMED($DURATION));
    }
    ;

/* ---- steps ---- */

block_steps: steps | steps ";" ;

steps: step { APPEND_SOME($$, NONE, $1); }
    | steps ";" step { APPEND_SOME($$, $1, $3); }
    ;

step: action
    | "if" cond "then" block else {
        $$ = NODE(ast_step, .kind = STEP_KIND_IF, .at = @$,
            .branch = { $cond, $block.first, $else.first });
    }
    | "if" error skip_if SYNC { yyerrok; } after_broken_if { $$ = NULL; }
    | error skip_step SYNC { yyerrok; $$ = NULL; }
    ;

after_broken_if: "then" block else | BROKEN ;

/* A symbol of its own: a mistake after the block must not lead back into it. */
block: "{" block_steps "}" { $$ = $block_steps; } ;

else: %empty { $$.first = $$.last = NULL; }
    | "else" block { $$ = $block; }
    ;

action: verb name parts {
        $$ = NODE(ast_step, .kind = STEP_KIND_ACTION, .at = @$,
            .action = { .verb = $verb, .name = $name, .name_at = @name, .pairs = $parts.pair,
                .clauses = $parts.clause });
    }
    ;

verb: "collect" { $$ = VERB_COLLECT; }
    | "respond" { $$ = VERB_RESPOND; }
    | "notify" { $$ = VERB_NOTIFY; }
    | "open" { $$ = VERB_OPEN; }
    | "import" { $$ = VERB_IMPORT; }
    | "call" { $$ = VERB_CALL; }
    ;

parts: %empty { $$.pair = NULL; $$.last_pair = NULL; $$.clause = NULL; $$.last_clause = NULL; }
    | parts pair {
        $$ = $1;
        if ($$.last_pair == NULL)
            $$.pair = $pair;
        else
            $$.last_pair->next = $pair;
        $$.last_pair = $pair;
    }
    | parts part {
        $$ = $1;
        if ($$.last_clause == NULL)
            $$.clause = $part;
        else
            $$.last_clause->next = $part;
        $$.last_clause = $part;
    }
    ;

part: "from" operand {
        $$ = NODE(clause, .kind = CLAUSE_FROM, .at = @$, .condition = $operand);
    }
    | "timeout" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_TIMEOUT, .at = @$, TIMED($2));
    }
    | "for" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_FOR, .at = @$, TIMED($2));
    }
    | "as" name { $$ = NODE(clause, .kind = CLAUSE_AS, .at = @$, .reason = $name,
        .reason_at = @name); }
    | "irreversible" { $$ = NODE(clause, .kind = CLAUSE_IRREVERSIBLE, .at = @$); }
    | "approve" "by" needed whos "within" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_APPROVE, .at = @$, .number = $needed, .who = $whos.first,
            TIMED($6));
    }
    | "escalate" "to" needed whos "within" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_ESCALATE, .at = @$, .number = $needed,
            .who = $whos.first, TIMED($6));
    }
    | "on" "failure" "stop" { $$ = NODE(clause, .kind = CLAUSE_ON_FAILURE_STOP, .at = @$); }
    ;

needed: %empty { $$ = 0; }
    | NUMBER "of" { $$ = parse_count(parse, @1, &$1); }
    ;

whos: who { FIRST($$, $1); }
    | whos "," who { $$ = $1; APPEND($$, $3); }
    ;

who: TEXT { $$ = NODE(ast_name, .text = $1, .at = @1); }
    | name { $$ = NODE(ast_name, .text = $1, .at = @1); }
    ;

%include "grammar/conditions.y"

/* ---- words ---- */

/* What a file may declare and a field may begin with: any word but the reserved ones. */
name: plain_name | "mode" | "organization" ;

plain_name: NAME
    | "accept" | "after" | "alert" | "always" | "approve" | "as" | "call" | "cdr" | "channel" |
    "collect" | "collector" | "connection" | "daemon" | "dedup" | "defaults" | "disable" | "distinct" | "environment" |
    "escalate" | "every" | "exception" | "expect" | "failure" | "faster" | "for" | "from" |
    "implies" | "import" | "irreversible" | "join" | "learn" | "let" | "limit" | "list" | "macro"
    | "never" | "no" | "notify" | "on" | "open" | "over" | "own" | "per" | "percent" | "profile" | "quiet"
    | "reason" | "respond" | "result" | "role" | "rule" | "shadow" | "skip" | "source" | "stop" |
    "target" | "targets" | "test" | "than" | "timeout" | "times" | "to" | "use" | "wait"
    ;

/* A parameter: any word but `when`, which begins the next rule. */
key: name | key_word ;

key_word: "all" | "and" | "any" | "anywhere" | "avg" | "by" | "cased" | "contains" | "count" |
    "else" | "endswith" | "exists" | "false" | "followed" | "forget" | "if" | "in" | "is" |
    "like" | "matches" | "max" | "min" | "missing" | "new" | "not" | "null" | "of" | "or" |
    "percentile" | "spike" | "startswith" | "sum" | "then" | "travel" | "true" | "unless" |
    "until" | "untrusted" | "within"
    ;

/* ---- after a mistake ---- */

skip_item: %empty { parse->skip = SKIP_ITEM; };
skip_mapping: %empty { parse->skip = SKIP_MAPPING; };
skip_clause: %empty { parse->skip = SKIP_CLAUSE; };
skip_if: %empty { parse->skip = SKIP_IF; };
skip_step: %empty { parse->skip = SKIP_STEP; };
skip_check: %empty { parse->skip = SKIP_CHECK; };
%%

/* Hand what could stand here and what does to the words of syntax.c. */
static int yyreport_syntax_error(const yypcontext_t *context, struct parse *parse, void *scanner)
{
    yysymbol_kind_t expected[YYNTOKENS];
    const char *words[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    for (int i = 0; i < count; i++)
        words[i] = yysymbol_name(expected[i]);
    (void)scanner;
    syntax_error(parse, *yypcontext_location(context), yysymbol_name(yypcontext_token(context)),
        words, (size_t)count);
    return 0;
}
