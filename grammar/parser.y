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
#define OTHER(at_, keyword_, name_, name_at_)                                                      \
    NODE(item, .kind = ITEM_OTHER, .at = (at_), .name = (name_), .name_at = (name_at_),            \
        .other = { .keyword = (keyword_) })

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
    KW_by "by" KW_call "call" KW_cased "cased" KW_cdr "cdr" KW_collect "collect"
    KW_connection "connection" KW_contains "contains" KW_count "count" KW_daemon "daemon"
    KW_dedup "dedup" KW_defaults "defaults" KW_disable "disable" KW_distinct "distinct"
    KW_else "else" KW_endswith "endswith" KW_environment "environment" KW_every "every"
    KW_exception "exception" KW_exists "exists" KW_expect "expect" KW_failure "failure"
    KW_false "false" KW_faster "faster" KW_followed "followed" KW_for "for" KW_forget "forget"
    KW_from "from" KW_if "if" KW_implies "implies" KW_import "import" KW_in "in"
    KW_irreversible "irreversible" KW_is "is" KW_join "join" KW_learn "learn" KW_let "let"
    KW_like "like" KW_limit "limit" KW_list "list" KW_macro "macro" KW_matches "matches"
    KW_max "max" KW_min "min" KW_missing "missing" KW_never "never" KW_new "new" KW_no "no"
    KW_not "not" KW_notify "notify" KW_null "null" KW_of "of" KW_on "on" KW_open "open" KW_or "or"
    KW_over "over" KW_own "own" KW_per "per" KW_percentile "percentile" KW_quiet "quiet"
    KW_reason "reason" KW_respond "respond" KW_result "result" KW_role "role" KW_rule "rule"
    KW_skip "skip" KW_source "source" KW_spike "spike" KW_startswith "startswith" KW_stop "stop"
    KW_sum "sum" KW_target "target" KW_targets "targets" KW_test "test" KW_than "than"
    KW_then "then" KW_timeout "timeout" KW_times "times" KW_travel "travel" KW_true "true"
    KW_unless "unless" KW_until "until" KW_untrusted "untrusted" KW_use "use" KW_wait "wait"
    KW_when "when" KW_within "within"

%type <text> name key label who title verb_object block_word
%type <flag> cased untrusted
%type <test> compare text_test_word
%type <verb> verb
%type <quantifier> quantifier
%type <type> type
%type <until> until until_opt
%type <expr> cond conj neg leaf test texttest several operand field literal list argument
%type <exprs> operands fields arguments elements by
%type <part> path_part
%type <path> path
%type <pair> pair
%type <pairs> pairs pairs_opt
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

edition: %empty
    | "cdr" NUMBER { parse_edition(parse, @$, &$NUMBER); }
    ;

/* Rules without a name come last; the feed reports an item after one and says SYNC. */
items: %empty
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
        $$ = NODE(item, .kind = ITEM_LET, .at = @$, .name = $name, .name_at = @name,
            .let = { $cond });
    }
    | macro
    | rule
    | source
    | sentence
    | block_item
    ;

list_item: "list" name ":" type "=" list {
        $$ = NODE(item, .kind = ITEM_LIST, .at = @$, .name = $name, .name_at = @name,
            .list = { .type_name = $type.name, .type_at = $type.at, .type_is_list = $type.is_list,
                .values = $list, .file = STR("") });
    }
    | "list" name ":" type "from" TEXT {
        $$ = NODE(item, .kind = ITEM_LIST, .at = @$, .name = $name, .name_at = @name,
            .list = { .type_name = $type.name, .type_at = $type.at, .type_is_list = $type.is_list,
                .file = $TEXT, .file_at = @TEXT });
    }
    ;

macro: "macro" name "(" params ")" "=" cond {
        $$ = NODE(item, .kind = ITEM_MACRO, .at = @$, .name = $name, .name_at = @name,
            .macro = { $params.first, $cond });
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
        $$ = NODE(item, .kind = ITEM_RULE, .at = @$, .name = $name, .name_at = @name,
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
        $$ = NODE(item, .kind = ITEM_SOURCE, .at = @$, .name = $name, .name_at = @name,
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

/* ---- items that this build reads over ---- */

sentence: "use" TEXT { $$ = OTHER(@$, $1, STR(""), @1); }
    | "disable" "rule" name { $$ = OTHER(@$, $1, $name, @name); }
    | "exception" name "for" names "when" cond until { $$ = OTHER(@$, $1, $name, @name); }
    | "never" verb verb_object TEXT { $$ = OTHER(@$, $1, STR(""), @1); }
    | "never" verb verb_object "on" cond TEXT { $$ = OTHER(@$, $1, STR(""), @1); }
    | "never" "target" cond TEXT { $$ = OTHER(@$, $1, STR(""), @1); }
    | "always" cond "implies" verb verb_object TEXT { $$ = OTHER(@$, $1, STR(""), @1); }
    ;

names: name | names "," name ;

verb_object: name | "any" ;

block_item: "environment" name "{" places "}" { $$ = OTHER(@$, $1, $name, @name); }
    | "defaults" "{" default_list "}" { $$ = OTHER(@$, $1, STR(""), @1); }
    | "defaults" "{" default_list ";" "}" { $$ = OTHER(@$, $1, STR(""), @1); }
    | "test" TEXT "{" checks "}" { $$ = OTHER(@$, $1, $TEXT, @TEXT); }
    | "test" TEXT "{" checks ";" "}" { $$ = OTHER(@$, $1, $TEXT, @TEXT); }
    | block_word label "{" members "}" { $$ = OTHER(@$, $1, $label, @label); }
    ;

block_word: "connection" | "daemon" | "role" ;

label: %empty { $$ = STR(""); } | name | TEXT ;

members: %empty | members pair | members key label "{" members "}" ;

places: %empty | places key | places key list | places key "{" pairs "}" ;

default_list: default | default_list ";" default ;

default: limit
    | dedup
    | "never" "target" cond
    | "never" "target" cond TEXT
    | error skip_check SYNC { yyerrok; }
    ;

checks: check | checks ";" check ;

check: alert
    | "result" name object
    | "wait" DURATION
    | "expect" "quiet"
    | "expect" no_opt "rule" name
    | "expect" no_opt "rule" name "count" NUMBER
    | "expect" no_opt verb
    | "expect" no_opt verb name
    | "expect" no_opt verb name check_pairs
    | error skip_check SYNC { yyerrok; }
    ;

no_opt: %empty | "no" ;

check_pairs: pair | check_pairs pair ;

alert: "alert" alert_content
    | "alert" name alert_content
    | alert "times" NUMBER "every" DURATION
    | alert "after" DURATION
    ;

alert_content: TEXT | object ;

object: "{" "}" | "{" json_members "}" ;

json_members: TEXT ":" json | json_members "," TEXT ":" json ;

json: TEXT | NUMBER | "true" | "false" | "null" | object | "[" "]" | "[" json_elements "]" ;

json_elements: json | json_elements "," json ;

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

followed: "followed" "by" "(" cond ")" by within {
        $$ = NODE(clause, .kind = CLAUSE_FOLLOWED, .at = @$, .condition = $cond,
            .fields = $by.first);
    }
    | "not" "followed" "by" "(" cond ")" by within {
        $$ = NODE(clause, .kind = CLAUSE_FOLLOWED, .at = @$, .condition = $cond,
            .fields = $by.first, .is_negated = true);
    }
    ;

clauses: %empty { $$.first = $$.last = NULL; }
    | clauses clause {
        $$ = $1;
        if ($clause != NULL)
            APPEND($$, $clause);
    }
    ;

clause: "unless" cond until_opt {
        $$ = NODE(clause, .kind = CLAUSE_UNLESS, .at = @$, .condition = $cond,
            .until = $until_opt.date, .reason = $until_opt.reason,
            .reason_at = $until_opt.reason_at);
    }
    | limit
    | dedup
    | error skip_clause SYNC { yyerrok; $$ = NULL; }
    ;

until_opt: %empty { $$ = (struct until){ STR(""), STR(""), @$ }; }
    | until
    ;

until: "until" DATE "reason" TEXT { $$ = (struct until){ $DATE.written, $TEXT, @TEXT }; } ;

limit: "limit" NUMBER "targets" "per" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_LIMIT, .at = @$, .number = parse_count(parse, @2, &$2),
            .duration_ms = $DURATION.value.milliseconds, .duration = $DURATION.written);
    }
    ;

dedup: "dedup" by "for" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_DEDUP, .at = @$, .fields = $by.first,
            .duration_ms = $DURATION.value.milliseconds, .duration = $DURATION.written);
    }
    ;

/* ---- steps ---- */

block_steps: steps | steps ";" ;

steps: step {
        $$.first = $$.last = NULL;
        if ($1 != NULL)
            FIRST($$, $1);
    }
    | steps ";" step {
        $$ = $1;
        if ($3 != NULL)
            APPEND($$, $3);
    }
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

%type <clause> part;
part: "from" operand {
        $$ = NODE(clause, .kind = CLAUSE_FROM, .at = @$, .condition = $operand);
    }
    | "timeout" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_TIMEOUT, .at = @$,
            .duration_ms = $2.value.milliseconds, .duration = $2.written);
    }
    | "for" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_FOR, .at = @$,
            .duration_ms = $2.value.milliseconds, .duration = $2.written);
    }
    | "as" name { $$ = NODE(clause, .kind = CLAUSE_AS, .at = @$, .reason = $name,
        .reason_at = @name); }
    | "irreversible" { $$ = NODE(clause, .kind = CLAUSE_IRREVERSIBLE, .at = @$); }
    | "approve" "by" who "within" DURATION {
        $$ = NODE(clause, .kind = CLAUSE_APPROVE, .at = @$, .reason = $who, .reason_at = @who,
            .is_quoted = span_is_quoted(parse, @who),
            .duration_ms = $5.value.milliseconds, .duration = $5.written);
    }
    | "on" "failure" "stop" { $$ = NODE(clause, .kind = CLAUSE_ON_FAILURE_STOP, .at = @$); }
    ;

who: TEXT | name ;

/* ---- conditions ---- */

cond: conj
    | cond "or" conj { $$ = BINARY(EXPR_OR, @$, $1, $3); }
    ;

conj: neg
    | conj "and" neg { $$ = BINARY(EXPR_AND, @$, $1, $3); }
    ;

neg: leaf
    | "not" neg { $$ = NODE(expr, .kind = EXPR_NOT, .at = @$, .operand = $2); }
    ;

leaf: "(" cond ")" { $$ = $2; $$->in_parentheses = true; }
    | operand
    | operand test cased { $$ = test_finish($test, @$, QUANTIFIER_NONE, $operand, $cased); }
    | quantifier operand test cased { $$ = test_finish($test, @$, $quantifier, $operand, $cased); }
    | "anywhere" texttest cased {
        $$ = NODE(expr, .kind = EXPR_ANYWHERE, .at = @$, .anywhere = { $texttest->test.test,
            $texttest->test.right, $texttest->test.patterns, $cased });
    }
    | "exists" field { $$ = NODE(expr, .kind = EXPR_EXISTS, .at = @$, .exists = { $2, false }); }
    | "missing" field { $$ = NODE(expr, .kind = EXPR_EXISTS, .at = @$, .exists = { $2, true }); }
    | several
    ;

quantifier: "any" { $$ = QUANTIFIER_ANY; } | "all" { $$ = QUANTIFIER_ALL; } ;

cased: %empty { $$ = false; }
    | "cased" { $$ = true; }
    ;

compare: "=" { $$ = TEST_EQUAL; }
    | "!=" { $$ = TEST_NOT_EQUAL; }
    | "<" { $$ = TEST_LESS; }
    | "<=" { $$ = TEST_LESS_EQUAL; }
    | ">" { $$ = TEST_GREATER; }
    | ">=" { $$ = TEST_GREATER_EQUAL; }
    ;

test: compare operand { $$ = TEST($compare, @$, $operand); }
    | "in" operand { $$ = TEST(TEST_IN, @$, $operand); }
    | "not in" operand { $$ = TEST(TEST_NOT_IN, @$, $operand); }
    | "in" NUMBER[low] ".." NUMBER[high] {
        $$ = TEST(TEST_BETWEEN, @$, literal_node(parse, @low, &$low));
        $$->test.high = literal_node(parse, @high, &$high);
    }
    | "not in" NUMBER[low] ".." NUMBER[high] {
        $$ = TEST(TEST_NOT_BETWEEN, @$, literal_node(parse, @low, &$low));
        $$->test.high = literal_node(parse, @high, &$high);
    }
    | texttest
    | "is" "null" { $$ = TEST(TEST_IS_NULL, @$, NULL); }
    ;

texttest: text_test_word operand { $$ = TEST($1, @$, $operand); }
    | text_test_word quantifier list {
        $$ = TEST($1, @$, $list);
        $$->test.patterns = $quantifier;
    }
    ;

text_test_word: "contains" { $$ = TEST_CONTAINS; }
    | "startswith" { $$ = TEST_STARTSWITH; }
    | "endswith" { $$ = TEST_ENDSWITH; }
    | "like" { $$ = TEST_LIKE; }
    | "matches" { $$ = TEST_MATCHES; }
    ;

/* A detection over several alerts: one node without parts, not in this build. */
several: several_words { $$ = NODE(expr, .kind = EXPR_SEVERAL, .at = @$); } ;

several_words: measure compare NUMBER by_opt within
    | "new" operand by_opt "learn" DURATION forget absent
    | "spike" "of" measure by_opt "within" DURATION "over" DURATION absent
    | "travel" "faster" "than" NUMBER by within
    ;

measure: "count"
    | "count" "of" "distinct" operand
    | "sum" "of" operand
    | "avg" "of" operand
    | "min" "of" operand
    | "max" "of" operand
    | "percentile" NUMBER "of" operand
    ;

forget: %empty | "forget" DURATION ;

by_opt: %empty | by ;

by: "by" fields { $$ = $2; } ;

within: "within" DURATION absent ;

absent: %empty | "missing" "own" | "missing" "join" | "missing" "skip" ;

/* ---- operands ---- */

operand: field
    | name "(" arguments ")" {
        $$ = NODE(expr, .kind = EXPR_CALL, .at = @$,
            .call = { .name = $name, .name_at = @name, .arguments = $arguments.first });
    }
    | literal
    | list
    ;

arguments: argument { FIRST($$, $1); }
    | arguments "," argument { $$ = $1; APPEND($$, $3); }
    ;

argument: operand
    | literal name {
        $$ = $literal;
        $$->at = @$;
        $$->literal.label = $name;
        $$->literal.label_at = @name;
    }
    ;

operands: operand { FIRST($$, $1); }
    | operands "," operand { $$ = $1; APPEND($$, $3); }
    ;

list: "[" elements "]" {
        $$ = NODE(expr, .kind = EXPR_LIST, .at = @$, .elements = $elements.first);
    }
    ;

elements: %empty { $$.first = $$.last = NULL; }
    | operands
    | operands "," { $$ = $1; }
    ;

fields: field { FIRST($$, $1); }
    | fields "," field { $$ = $1; APPEND($$, $3); }
    ;

field: path { $$ = NODE(expr, .kind = EXPR_FIELD, .at = @$, .path = $path.first); } ;

path: name { FIRST($$, NODE(path_part, .at = @$, .text = $name)); }
    | path path_part { $$ = $1; APPEND($$, $2); }
    ;

path_part: "." NAME { $$ = NODE(path_part, .at = @NAME, .text = $NAME); }
    | "[" TEXT "]" { $$ = NODE(path_part, .at = @TEXT, .text = $TEXT, .is_index = true); }
    ;

literal: TEXT {
        $$ = NODE(expr, .kind = EXPR_LITERAL, .at = @$,
            .literal = { .value = value_text($1), .type = TYPE_TEXT, .label = STR("") });
    }
    | NUMBER { $$ = literal_node(parse, @$, &$1); }
    | DURATION { $$ = literal_node(parse, @$, &$1); }
    | DATE { $$ = literal_node(parse, @$, &$1); }
    | REGEX { $$ = regex_node(parse, @$, $1); }
    | "true" { $$ = literal_bool(parse, @$, true); }
    | "false" { $$ = literal_bool(parse, @$, false); }
    ;

/* ---- words ---- */

/* What a file may declare and a field may begin with: any word but the reserved ones. */
name: NAME
    | "accept" | "after" | "alert" | "always" | "approve" | "as" | "call" | "cdr" | "collect" |
    "connection" | "daemon" | "dedup" | "defaults" | "disable" | "distinct" | "environment" |
    "every" | "exception" | "expect" | "failure" | "faster" | "for" | "from" | "implies" |
    "import" | "irreversible" | "join" | "learn" | "let" | "limit" | "list" | "macro" | "never"
    | "no" | "notify" | "on" | "open" | "over" | "own" | "per" | "quiet" | "reason" | "respond"
    | "result" | "role" | "rule" | "skip" | "source" | "stop" | "target" | "targets" | "test" |
    "than" | "timeout" | "times" | "use" | "wait"
    ;

/* A parameter: any word but `when`, which begins the next rule. */
key: name
    | "all" | "and" | "any" | "anywhere" | "avg" | "by" | "cased" | "contains" | "count" |
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
