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

/* ---- detections over several alerts ---- */

several: measure[head] compare NUMBER[number] by_opt "within" DURATION[within] missing {
        $$ = SEVERAL(@$, SEVERAL_MEASURE, .measure = $head->measure, .operand = $head->operand,
            .percentile = $head->percentile, .compare = $compare,
            .number = literal_node(parse, @number, &$number), .by = $by_opt.first,
            .within = SPAN_OF_TIME($within, @within), .missing = $missing);
    }
    | "new" operand by_opt "learn" DURATION[learn] forget missing {
        $$ = SEVERAL(@$, SEVERAL_NEW, .operand = $operand, .by = $by_opt.first,
            .learn = SPAN_OF_TIME($learn, @learn), .forget = $forget, .missing = $missing);
    }
    | "spike" "of" measure[head] by_opt "within" DURATION[within] "over" DURATION[over] missing {
        $$ = SEVERAL(@$, SEVERAL_SPIKE, .measure = $head->measure, .operand = $head->operand,
            .percentile = $head->percentile, .by = $by_opt.first,
            .within = SPAN_OF_TIME($within, @within), .over = SPAN_OF_TIME($over, @over),
            .missing = $missing);
    }
    | "travel" "faster" "than" NUMBER[number] by "within" DURATION[within] missing {
        $$ = SEVERAL(@$, SEVERAL_TRAVEL, .number = literal_node(parse, @number, &$number),
            .by = $by.first, .within = SPAN_OF_TIME($within, @within), .missing = $missing);
    }
    ;

measure: "count" { $$ = NODE(several, .measure = MEASURE_COUNT); }
    | "count" "of" "distinct" operand { $$ = MEASURE(MEASURE_DISTINCT, $operand); }
    | "sum" "of" operand { $$ = MEASURE(MEASURE_SUM, $operand); }
    | "avg" "of" operand { $$ = MEASURE(MEASURE_AVG, $operand); }
    | "min" "of" operand { $$ = MEASURE(MEASURE_MIN, $operand); }
    | "max" "of" operand { $$ = MEASURE(MEASURE_MAX, $operand); }
    | "percentile" NUMBER "of" operand {
        $$ = MEASURE(MEASURE_PERCENTILE, $operand);
        $$->percentile = literal_node(parse, @NUMBER, &$NUMBER);
    }
    ;

forget: %empty { $$ = (struct ast_duration){ .written = STR("") }; }
    | "forget" DURATION { $$ = SPAN_OF_TIME($2, @2); }
    ;

by_opt: %empty { $$.first = $$.last = NULL; }
    | by
    ;

by: "by" fields { $$ = $2; } ;

missing: %empty { $$ = MISSING_DEFAULT; }
    | "missing" "own" { $$ = MISSING_OWN; }
    | "missing" "join" { $$ = MISSING_JOIN; }
    | "missing" "skip" { $$ = MISSING_SKIP; }
    ;

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
        $$->literal.label = NODE(ast_name, .text = $name, .at = @name);
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
            .literal = { .value = value_text($1), .type = TYPE_TEXT });
    }
    | NUMBER { $$ = literal_node(parse, @$, &$1); }
    | DURATION { $$ = literal_node(parse, @$, &$1); }
    | DATE { $$ = literal_node(parse, @$, &$1); }
    | REGEX { $$ = regex_node(parse, @$, $1); }
    | "true" { $$ = literal_bool(parse, @$, true); }
    | "false" { $$ = literal_bool(parse, @$, false); }
    ;
