/* ---- tests ---- */

checks: check { APPEND_SOME($$, NONE, $check); }
    | checks ";" check { APPEND_SOME($$, $1, $check); }
    ;

check: alert
    | "result" name object {
        $$ = NODE(ast_check, .kind = CHECK_RESULT, .at = @$, .result = { $name, @name, $object });
    }
    | "wait" DURATION {
        $$ = NODE(ast_check, .kind = CHECK_WAIT, .at = @$, .wait = SPAN_OF_TIME($2, @2));
    }
    | "expect" "quiet" { $$ = NODE(ast_check, .kind = CHECK_QUIET, .at = @$); }
    | "expect" no_opt "rule" name {
        $$ = NODE(ast_check, .kind = CHECK_RULE, .at = @$, .is_negated = $no_opt,
            .rule = { $name, @name, -1 });
    }
    | "expect" no_opt "rule" name "count" NUMBER {
        $$ = NODE(ast_check, .kind = CHECK_RULE, .at = @$, .is_negated = $no_opt,
            .rule = { $name, @name, parse_whole(parse, @NUMBER, &$NUMBER) });
    }
    | "expect" no_opt verb {
        $$ = NODE(ast_check, .kind = CHECK_STEP, .at = @$, .is_negated = $no_opt,
            .step = { { $verb, STR(""), @verb, @verb }, NULL });
    }
    | "expect" no_opt verb name check_pairs {
        $$ = NODE(ast_check, .kind = CHECK_STEP, .at = @$, .is_negated = $no_opt,
            .step = { { $verb, $name, span_join(@verb, @name), @name }, $check_pairs.first });
    }
    | error skip_check SYNC { yyerrok; $$ = NULL; }
    ;

no_opt: %empty { $$ = false; }
    | "no" { $$ = true; }
    ;

check_pairs: %empty { $$.first = $$.last = NULL; }
    | check_pairs pair { $$ = $1; APPEND($$, $pair); }
    ;

alert: "alert" alert_content { $$ = $2; $$->at = @$; }
    | "alert" name alert_content {
        $$ = $3;
        $$->at = @$;
        $$->alert.source = $name;
        $$->alert.source_at = @name;
    }
    | alert[before] "times" NUMBER "every" DURATION {
        $$ = $before;
        $$->at = @$;
        alert_repeat(parse, $$, parse_count(parse, @NUMBER, &$NUMBER),
            SPAN_OF_TIME($DURATION, @DURATION), @2);
    }
    | alert[before] "after" DURATION {
        $$ = $before;
        $$->at = @$;
        alert_delay(parse, $$, SPAN_OF_TIME($DURATION, @DURATION), @2);
    }
    ;

alert_content: TEXT {
        $$ = NODE(ast_check, .kind = CHECK_ALERT, .alert = { .file = $TEXT, .file_at = @TEXT });
    }
    | object { $$ = NODE(ast_check, .kind = CHECK_ALERT, .alert = { .object = $object }); }
    ;

object: "{" "}" { $$ = NODE(ast_json, .kind = AST_JSON_OBJECT, .at = @$); }
    | "{" json_members "}" {
        $$ = NODE(ast_json, .kind = AST_JSON_OBJECT, .at = @$, .children = $json_members.first);
    }
    ;

json_members: json_member { FIRST($$, $1); }
    | json_members "," json_member { $$ = $1; APPEND($$, $3); }
    ;

json_member: TEXT ":" json {
        $$ = $json;
        $$->key = $TEXT;
        $$->key_at = @TEXT;
    }
    ;

json: TEXT { $$ = NODE(ast_json, .kind = AST_JSON_TEXT, .at = @$, .text = $TEXT); }
    | NUMBER { $$ = NODE(ast_json, .kind = AST_JSON_NUMBER, .at = @$, .text = $NUMBER.written); }
    | "true" { $$ = NODE(ast_json, .kind = AST_JSON_BOOL, .at = @$, .boolean = true); }
    | "false" { $$ = NODE(ast_json, .kind = AST_JSON_BOOL, .at = @$); }
    | "null" { $$ = NODE(ast_json, .kind = AST_JSON_NULL, .at = @$); }
    | object
    | "[" "]" { $$ = NODE(ast_json, .kind = AST_JSON_ARRAY, .at = @$); }
    | "[" json_elements "]" {
        $$ = NODE(ast_json, .kind = AST_JSON_ARRAY, .at = @$, .children = $json_elements.first);
    }
    ;

json_elements: json { FIRST($$, $1); }
    | json_elements "," json { $$ = $1; APPEND($$, $3); }
    ;
