#include "keyword.h"
#include "parsed.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* Parse `text`; its tree must read as `dump`. */
static void assert_tree(const char *text, const char *dump)
{
    CLEANUP(parsed_release) struct parsed parsed;
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 24);
    parse_text(&parsed, str_from(text));
    assert_int_equal(parsed.err, ERR_OK);
    assert_string_equal(code_of(&parsed, 0), "");
    tree_dump(parsed.parse.tree, &out);
    assert_string_equal(buf_str(&out).ptr, dump);
}

/* The only diagnostic of `text`; its message holds `part`. */
static void assert_mistake(const char *text, const char *code, const char *part)
{
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, str_from(text));
    assert_int_equal(parsed.err, ERR_OK);
    assert_string_equal(code_of(&parsed, 0), code);
    assert_string_equal(code_of(&parsed, 1), "");
    assert_non_null(strstr(parsed.diags.first->message.ptr, part));
}

/* What the fixes of the first diagnostic make of the text. */
static void assert_fixed(const char *text, const char *fixed)
{
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, str_from(text));
    const struct diag *diag = parsed.diags.first;
    assert_non_null(diag);
    assert_non_null(diag->fix);
    assert_true(diag->help.len > 0);
    const char *made = arena_format(&parsed.arena, "%.*s%.*s%s", (int)diag->fix->at.start, text,
        STR_ARG(diag->fix->text), text + diag->fix->at.end);
    assert_string_equal(made, fixed);
}

/* `head`, `count` times `part`, `tail`. */
static str repeated(
    struct arena *arena, const char *head, const char *part, size_t count, const char *tail)
{
    size_t len = strlen(part);
    char *text = arena_alloc(arena, strlen(head) + len * count + strlen(tail) + 1, 1);
    assert_non_null(text);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < count; i++, at += len)
        memcpy(at, part, len);
    stpcpy(at, tail);
    return str_from(text);
}

static void keywords_are_in_order_and_found(void **state)
{
    (void)state;
    for (int i = 0; i < KEYWORD_COUNT; i++) {
        const struct keyword *keyword = keyword_at(i);
        assert_int_equal(keyword_find(str_from(keyword->word)), i);
        assert_true(keyword->meaning[0] != '\0');
        if (i > 0)
            assert_true(strcmp(keyword_at(i - 1)->word, keyword->word) < 0);
    }
    assert_int_equal(keyword_find(STR("whe")), KEYWORD_COUNT);
    assert_int_equal(keyword_find(STR("whenn")), KEYWORD_COUNT);
    assert_int_equal(keyword_find(STR("")), KEYWORD_COUNT);
    assert_true(keyword_is(STR("rule"), KEYWORD_ITEM));
    assert_false(keyword_is(STR("rule"), KEYWORD_RESERVED));
}

static void the_smallest_rule_is_a_tree(void **state)
{
    (void)state;
    assert_tree("when source=defender and severity>=high then collect triage; respond isolate_role",
        "rule\n"
        "  when\n"
        "    and\n"
        "      test =\n"
        "        field source\n"
        "        field defender\n"
        "      test >=\n"
        "        field severity\n"
        "        field high\n"
        "  then\n"
        "    collect triage\n"
        "    respond isolate_role\n");
}

static void not_binds_tightest_then_and_then_or(void **state)
{
    (void)state;
    assert_tree("let x = a or not b and c or (d or e) and f", "let x\n"
                                                              "  or\n"
                                                              "    field a\n"
                                                              "    and\n"
                                                              "      not\n"
                                                              "        field b\n"
                                                              "      field c\n"
                                                              "    and\n"
                                                              "      or\n"
                                                              "        field d\n"
                                                              "        field e\n"
                                                              "      field f\n");
}

static void literals_have_their_values(void **state)
{
    (void)state;
    assert_tree("list x : text = [-12, 1.5, 2e3, true, 500ms, 2w, 2026-01-31, 1970-01-01T00:01:00Z,"
                "  \"caf\\u00e9 \\ud83d\\ude00\\n\\\"\\/\", /a\\/b\\\\/i]",
        "list x\n"
        "  type text\n"
        "  list\n"
        "    integer -12\n"
        "    decimal 1.5\n"
        "    decimal 2000\n"
        "    bool true\n"
        "    duration 500\n"
        "    duration 1209600000\n"
        "    time 1769817600000\n"
        "    time 60000\n"
        "    text \"caf\xC3\xA9 \xF0\x9F\x98\x80\\u000a\\\"/\"\n"
        "    regex \"a/b\\\\\\\\\"\n"
        "      flags i\n");
}

static void a_range_needs_no_space(void **state)
{
    (void)state;
    assert_tree("let x = a in 7..20 and b not\n in 1.5..2", "let x\n"
                                                            "  and\n"
                                                            "    test in range\n"
                                                            "      field a\n"
                                                            "      integer 7\n"
                                                            "      integer 20\n"
                                                            "    test not in range\n"
                                                            "      field b\n"
                                                            "      decimal 1.5\n"
                                                            "      integer 2\n");
}

static void text_after_like_keeps_the_escapes_of_globs(void **state)
{
    (void)state;
    assert_tree(
        "let x = a like \"\\*\\\\?\\u002a\\n\" and b like any [\"\\?\", \"\\*\"] and c = \"\\\\\"",
        "let x\n"
        "  and\n"
        "    test like\n"
        "      field a\n"
        "      text \"\\\\*\\\\\\\\?\\\\*\\u000a\"\n"
        "    test like any\n"
        "      field b\n"
        "      list\n"
        "        text \"\\\\?\"\n"
        "        text \"\\\\*\"\n"
        "    test =\n"
        "      field c\n"
        "      text \"\\\\\"\n");
}

static void every_word_may_follow_a_dot_or_name_a_parameter(void **state)
{
    (void)state;
    for (int i = 0; i < KEYWORD_COUNT; i++) {
        CLEANUP(parsed_release) struct parsed parsed;
        struct arena arena = ARENA_INIT(1 << 16);
        const char *word = keyword_at(i)->word;
        bool is_key = strcmp(word, "when") != 0;
        bool is_name = keyword_at(i)->kind != KEYWORD_RESERVED;
        const char *text = arena_format(&arena,
            "%s %s : text = [\"a\"]\nwhen a.%s.%s = 1 and %s.b not in [2] then collect t %s=1",
            "list", is_name ? word : "x", word, word, is_name ? word : "y", is_key ? word : "z");
        parse_text(&parsed, str_from(text));
        if (parsed.diags.count > 0)
            print_error("%s: %s\n", text, parsed.diags.first->message.ptr);
        assert_int_equal(parsed.diags.count, 0);
        arena_release(&arena);
    }
}

static void an_argument_may_have_a_label(void **state)
{
    (void)state;
    assert_tree(
        "source s { accept x = 1 severity = scale(raw[\"a.b\"], 0 low, 7 high) : severity }",
        "source s\n"
        "  test =\n"
        "    field x\n"
        "    integer 1\n"
        "mapping\n"
        "  field severity\n"
        "  call scale\n"
        "    field raw [a.b]\n"
        "    integer 0 low\n"
        "    integer 7 high\n"
        "type severity\n");
}

static void spans_are_the_text_of_their_node(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(
        &parsed, STR("\xEF\xBB\xBFrule r { when (a = 1 and b) # c\r\n then collect t x=2; }\r\n"
                     "when q then call webhook;"));
    assert_int_equal(parsed.diags.count, 0);
    const struct sources *sources = &parsed.sources;
    const struct item *named = parsed.parse.tree->items;
    assert_true(str_is(sources_text(sources, named->name_at), "r"));
    assert_true(str_is(sources_text(sources, named->rule.when->at), "a = 1 and b"));
    assert_true(named->rule.when->in_parentheses);
    assert_true(str_is(sources_text(sources, named->rule.steps->at), "collect t x=2"));
    assert_true(str_is(sources_text(sources, named->rule.steps->action.pairs->at), "x=2"));
    assert_true(str_is(sources_text(sources, parsed.parse.tree->comments->at), "# c"));
    assert_true(str_startswith(sources_text(sources, named->next->at), STR("when q then call")));
    assert_int_equal(named->next->name.len, 0);
}

static void sentences_and_blocks_are_in_the_tree(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR("never respond isolate_role on a like \"b\" \"why\"\n"
                            "environment e { aws accounts [\"1\"] tags { env = \"prod\" } aws }\n"
                            "exception x for r, s when a = 1 until 2027-01-31 reason \"CHG-1\"\n"
                            "connection falcon { url = \"https://a\" retry \"eu\" { times = 3 } }\n"
                            "profile web { linux { take = [processes] } }\n"));
    assert_int_equal(parsed.diags.count, 0);
    const struct item *never = parsed.parse.tree->items;
    assert_int_equal(never->kind, ITEM_NEVER);
    assert_true(str_is(never->never.step.name, "isolate_role"));
    assert_true(str_is(never->never.reason, "why"));
    assert_true(str_endswith(sources_text(&parsed.sources, never->at), STR("\"why\"")));
    const struct ast_place *place = never->next->environment.places;
    assert_true(str_is(place->key, "aws") && place->values == NULL);
    assert_non_null(place->next->values);
    assert_true(str_is(place->next->next->pairs->key, "env"));
    const struct item *exception = never->next->next;
    assert_true(str_is(exception->exception.rules->next->text, "s"));
    assert_true(str_is(exception->exception.unless->until, "2027-01-31"));
    const struct item *block = exception->next;
    assert_true(str_is(block->block.keyword, "connection") && str_is(block->name, "falcon"));
    assert_true(str_is(block->block.lines->next->label, "eu"));
    assert_true(str_is(block->next->block.keyword, "profile"));
    assert_true(str_is(block->next->block.lines->lines->key, "take"));
}

static void a_test_is_in_the_tree_with_its_json(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(
        &parsed, STR("test \"t\" { alert wiz { \"a\": [1, {}, null] } times 3 every 10s after 1m;\n"
                     "result triage { \"ok\": true }; wait 5m; expect no rule r count 0;\n"
                     "expect respond isolate_role role=\"r\" for_all=1; expect quiet; }"));
    assert_int_equal(parsed.diags.count, 0);
    const struct item *test = parsed.parse.tree->items;
    assert_true(test->kind == ITEM_TEST && str_is(test->name, "t"));
    const struct ast_check *alert = test->test.checks;
    assert_true(str_is(alert->alert.source, "wiz"));
    assert_int_equal(alert->alert.times, 3);
    assert_int_equal(alert->alert.every.milliseconds, 10000);
    assert_int_equal(alert->alert.after.milliseconds, 60000);
    const struct ast_json *a = alert->alert.object->children;
    assert_true(str_is(a->key, "a") && a->kind == AST_JSON_ARRAY);
    assert_true(str_is(a->children->text, "1"));
    assert_int_equal(a->children->next->kind, AST_JSON_OBJECT);
    assert_int_equal(a->children->next->next->kind, AST_JSON_NULL);
    const struct ast_check *rule = alert->next->next->next;
    assert_true(rule->kind == CHECK_RULE && rule->is_negated && rule->rule.count == 0);
    assert_true(str_is(rule->next->step.pairs->next->key, "for_all"));
    assert_int_equal(rule->next->next->kind, CHECK_QUIET);
}

static void a_detection_over_several_alerts_is_in_the_tree(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR("when a = 1 and percentile 95 of raw[\"n\"] > 9 by user.id, host.id "
                            "within 10m missing own\n"
                            "followed by (b = 2) by user.id within 1h missing join then open case\n"
                            "when new client.ip by user.id learn 7d forget 28d then open case"));
    assert_int_equal(parsed.diags.count, 0);
    const struct item *item = parsed.parse.tree->items;
    const struct several *several = item->rule.when->binary.right->several;
    assert_int_equal(several->measure, MEASURE_PERCENTILE);
    assert_non_null(several->percentile);
    assert_int_equal(several->compare, TEST_GREATER);
    assert_non_null(several->by->next);
    assert_int_equal(several->within.milliseconds, 600000);
    assert_int_equal(several->missing, MISSING_OWN);
    assert_int_equal(item->rule.clauses->missing, MISSING_JOIN);
    assert_int_equal(item->rule.clauses->duration_ms, 3600000);
    const struct several *newest = item->next->rule.when->several;
    assert_int_equal(newest->kind, SEVERAL_NEW);
    assert_int_equal(newest->forget.milliseconds, 28LL * 86400000);
}

static void the_edition_is_noted(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR("# first\ncdr 2\n"));
    assert_int_equal(parsed.diags.count, 0);
    assert_int_equal(parsed.parse.tree->edition, 2);
    assert_true(str_is(sources_text(&parsed.sources, parsed.parse.tree->edition_at), "cdr 2"));
}

static void an_empty_file_is_a_tree_without_items(void **state)
{
    (void)state;
    assert_tree("# nothing yet\n\nlet x = a\n", "let x\n  field a\n");
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR(""));
    assert_int_equal(parsed.err, ERR_OK);
    assert_int_equal(parsed.diags.count, 0);
    assert_null(parsed.parse.tree->items);
}

static void deep_nesting_ends_in_one_clear_message(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part, *tail;
        size_t count;
    } cases[] = {
        { "when ", "(", "a = 1", 10000 },
        { "when ", "not ", "a", 100000 },
        { "when a = ", "[", "1", 10000 },
        { "when a = ", "f(", "1", 10000 },
        { "when a then ", "if b then { ", "collect t", 10000 },
        { "test \"t\" { alert ", "{\"a\":", "1", 10000 },
        { "test \"t\" { alert {\"a\":", "[", "1", 10000 },
        { "daemon { ", "a { ", "}", 10000 },
        { "when ", "not (", "a", 10000 },
        { "when ", "(a or b and not ", "a", 10000 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(parsed_release) struct parsed parsed;
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 26);
        parse_text(
            &parsed, repeated(&arena, cases[i].head, cases[i].part, cases[i].count, cases[i].tail));
        assert_int_equal(parsed.err, ERR_OK);
        assert_int_equal(parsed.diags.error_count, 1);
        assert_string_equal(code_of(&parsed, 0), "CDR0016");
        assert_non_null(strstr(parsed.diags.first->message.ptr, "more than 64 levels"));
    }
}

static void sixty_four_levels_are_allowed(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    char text[256];
    snprintf(text, sizeof text, "let x = %.*sa = 1%.*s", 64, repeated(&arena, "", "(", 64, "").ptr,
        64, repeated(&arena, "", ")", 64, "").ptr);
    parse_text(&parsed, str_from(text));
    assert_string_equal(code_of(&parsed, 0), "");
    /* Levels that were closed do not count. */
    CLEANUP(parsed_release) struct parsed wide;
    parse_text(&wide, repeated(&arena, "when ", "not (a = [1]) and ", 500, "b then collect t"));
    assert_string_equal(code_of(&wide, 0), "");
}

static void a_chain_of_a_hundred_thousand_needs_no_depth(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 24);
    CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 26);
    parse_text(&parsed, repeated(&arena, "let x = a", " and a", 100000, ""));
    assert_int_equal(parsed.err, ERR_OK);
    assert_int_equal(parsed.diags.count, 0);
    const struct expr *body = parsed.parse.tree->items->let.body;
    assert_true(expr_same(body, body));
    CLEANUP(buf_release) struct buf operands = { 0 };
    assert_int_equal(expr_chain(body, &operands), ERR_OK);
    assert_int_equal(expr_chain_count(&operands), 100001);
    assert_int_equal(expr_chain_at(&operands, 0)->at.start, 8);
    tree_dump(parsed.parse.tree, &out);
    assert_int_equal(out.err, ERR_OK);
}

static void sameness_is_about_what_is_written(void **state)
{
    (void)state;
    static const char *const same[] = { "a = 1 and b", "(a  =  1) and (b)", "f(x, 0 low) in [1]",
        "f(x,0 low) in [1,]" };
    static const char *const other[] = { "a = 1", "a = 2", "a != 1", "any a = 1", "a = \"1\"",
        "a contains \"x\"", "a contains \"x\" cased", "a contains any [\"x\"]", "a in 1..2",
        "a in 1..3", "a.b = 1", "a[\"b\"] = 1", "f(x)", "f(y)", "f(x, y)", "exists a", "missing a",
        "not a", "a", "a and b", "a or b", "a and b and c", "a matches /x/", "a matches /x/i",
        "a is null", "anywhere contains \"x\"", "anywhere contains \"x\" cased", "f(1 low)",
        "f(1 high)" };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    for (size_t i = 0; i < COUNT_OF(other); i++)
        for (size_t j = 0; j < COUNT_OF(other); j++) {
            CLEANUP(parsed_release) struct parsed pair;
            parse_text(&pair,
                str_from(arena_format(&arena, "let a = %s\nlet b = %s", other[i], other[j])));
            assert_int_equal(pair.diags.count, 0);
            const struct item *item = pair.parse.tree->items;
            assert_int_equal(expr_same(item->let.body, item->next->let.body), i == j);
        }
    for (size_t i = 0; i < COUNT_OF(same); i += 2) {
        CLEANUP(parsed_release) struct parsed pair;
        parse_text(
            &pair, str_from(arena_format(&arena, "let a = %s\nlet b = %s", same[i], same[i + 1])));
        const struct item *item = pair.parse.tree->items;
        assert_true(expr_same(item->let.body, item->next->let.body));
    }
}

static void mistakes_that_people_make_are_answered(void **state)
{
    (void)state;
    assert_fixed("let x = a == 1", "let x = a = 1");
    assert_fixed("let x = a && b", "let x = a and b");
    assert_fixed("let x = a = 'b c'", "let x = a = \"b c\"");
    assert_fixed("let x = a = \xE2\x80\x9C"
                 "b\xE2\x80\x9D",
        "let x = a = \"b\"");
    assert_fixed("when a collect t", "when a then collect t");
    assert_fixed("when a then collect t respond x", "when a then collect t; respond x");
    assert_fixed("when a AND b then collect t", "when a and b then collect t");
    assert_fixed("wehn a then collect t", "when a then collect t");
    assert_fixed("let x = a in 10.0.0.0/8", "let x = a in \"10.0.0.0/8\"");
    assert_fixed("let x = a = \"C:\\Win\"", "let x = a = \"C:\\\\Win\"");
    assert_fixed("// note\n", "# note\n");
    assert_fixed("let x = a \xE2\x89\xA0 1", "let x = a != 1");
}

static void a_text_without_an_end_is_one_mistake(void **state)
{
    (void)state;
    assert_mistake("rule a { when x = \"abc then collect t }\nrule b { when y then collect t }\n",
        "CDR0003", "does not end on its line");
    assert_mistake("when x matches /abc then collect t", "CDR0004", "does not end on its line");
    assert_mistake("rule a { when x \xC2\xA7 1 then collect t }", "CDR0010", "U+00A7");
}

static void a_rule_that_is_not_closed_does_not_hide_the_next(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR("rule a {\n  when x then collect t\nrule b { when then collect t }\n"));
    assert_string_equal(code_of(&parsed, 0), "CDR0019");
    assert_string_equal(code_of(&parsed, 1), "CDR0001");
    assert_string_equal(code_of(&parsed, 2), "");
    assert_int_equal(parsed.diags.first->notes->at.start, 7);
    assert_true(str_is(parsed.parse.tree->items->name, "a"));
}

/* Recovery came back to `rule` for ever: found by the fuzzer. */
static void an_if_that_is_cut_off_before_another_item_is_left(void **state)
{
    (void)state;
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, STR("when severity = high\n  then open case;\n       if severity\n\n"
                            "rule r \"t\" {\n  when severity >= high\n  then open case\n}\n"));
    assert_int_equal(parsed.err, ERR_OK);
    assert_string_equal(code_of(&parsed, 0), "CDR0001");
    assert_string_equal(code_of(&parsed, 1), "CDR0023");
    assert_true(parsed.diags.count < 10);
}

static void every_mistake_of_a_file_is_reported_once(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(
        &parsed, repeated(&arena, "", "rule a { when x = then collect t; respond }\n", 50, ""));
    assert_int_equal(parsed.diags.error_count, 100);
}

static void files_that_are_no_text_are_refused(void **state)
{
    (void)state;
    assert_mistake("when a = \"\xC0\xAF\" then collect t", "CDR0002", "byte 0xC0");
    assert_mistake("\xFF\xFEw", "CDR0002", "byte 0xFF");
    assert_mistake("# \xE2\x80\xAE\nlet x = a", "CDR0011", "U+202E");
    assert_mistake("let x = a = \"\033[2J\"", "CDR0011", "U+001B");
    CLEANUP(parsed_release) struct parsed parsed;
    parse_text(&parsed, (str){ "let x = a\0", 10 });
    assert_string_equal(code_of(&parsed, 0), "CDR0011");
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] =
        "cdr 1 # c\nlist l : text = [\"a\\n\", \"b\"]\n"
        "rule r \"t\" (a = 1) { when x == 1 and l then collect t y=\"z\" as w }\n"
        "when (a collect t";
    bool was_full = false;
    for (size_t limit = 64; limit < 200000; limit += 331) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        struct sources sources = { .arena = &arena };
        struct diag_list diags = { .arena = &arena };
        struct parse parse = { .sources = &sources, .arena = &arena, .diags = &diags };
        enum err err = sources_add(&sources, STR("a"), STR(text), false, &parse.file);
        if (err == ERR_OK)
            err = parse_source(&parse);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        was_full = was_full || err == ERR_MEMORY;
        if (err == ERR_OK)
            assert_int_equal(diags.error_count, 2);
    }
    assert_true(was_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_are_in_order_and_found),
        cmocka_unit_test(the_smallest_rule_is_a_tree),
        cmocka_unit_test(not_binds_tightest_then_and_then_or),
        cmocka_unit_test(literals_have_their_values),
        cmocka_unit_test(a_range_needs_no_space),
        cmocka_unit_test(text_after_like_keeps_the_escapes_of_globs),
        cmocka_unit_test(every_word_may_follow_a_dot_or_name_a_parameter),
        cmocka_unit_test(an_argument_may_have_a_label),
        cmocka_unit_test(spans_are_the_text_of_their_node),
        cmocka_unit_test(sentences_and_blocks_are_in_the_tree),
        cmocka_unit_test(a_test_is_in_the_tree_with_its_json),
        cmocka_unit_test(a_detection_over_several_alerts_is_in_the_tree),
        cmocka_unit_test(the_edition_is_noted),
        cmocka_unit_test(an_empty_file_is_a_tree_without_items),
        cmocka_unit_test(deep_nesting_ends_in_one_clear_message),
        cmocka_unit_test(sixty_four_levels_are_allowed),
        cmocka_unit_test(a_chain_of_a_hundred_thousand_needs_no_depth),
        cmocka_unit_test(sameness_is_about_what_is_written),
        cmocka_unit_test(mistakes_that_people_make_are_answered),
        cmocka_unit_test(a_text_without_an_end_is_one_mistake),
        cmocka_unit_test(a_rule_that_is_not_closed_does_not_hide_the_next),
        cmocka_unit_test(an_if_that_is_cut_off_before_another_item_is_left),
        cmocka_unit_test(every_mistake_of_a_file_is_reported_once),
        cmocka_unit_test(files_that_are_no_text_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
