/* Conditions as rows of tests, each with both ways on. */
#include "compiled.h"

#include "match/branches.h"

/* ---- rows ---- */

static void add_way(struct buf *out, uint32_t way)
{
    if (way == BRANCH_TRUE)
        buf_add(out, STR(" T"));
    else if (way == BRANCH_FALSE)
        buf_add(out, STR(" F"));
    else
        buf_addf(out, " %u", way);
}

static void add_leaf(struct buf *out, const struct leaf *leaf)
{
    static const char *const kinds[] = { [LEAF_TEST] = "",
        [LEAF_THERE] = "THERE",
        [LEAF_CONSTANT] = "CONSTANT",
        [LEAF_OPAQUE] = "OPAQUE" };
    bool is_test = leaf->kind == LEAF_TEST;
    buf_addf(out, "%s", is_test ? opcode_info(leaf->test.opcode)->name : kinds[leaf->kind]);
    if (leaf->also > 0)
        buf_addf(out, "+%u", leaf->also);
    add_way(out, leaf->on_true);
    add_way(out, leaf->on_false);
}

/* The row of a condition: each leaf with where it leads when true, and when false. */
static void row_is(const char *condition, const char *expected)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    struct branches branches;
    char *rule = NULL;
    assert_true(asprintf(&rule, "when %s then collect triage", condition) > 0);
    const struct program *program = compile_good(&compilation, rule);
    assert_int_equal(
        branches_read(program, program->rules[0].condition, &arena, &branches), ERR_OK);
    for (uint32_t at = 0; at < branches.count; at += branches.leaves[at].also + 1) {
        buf_addf(&out, "%s%u: ", at > 0 ? "; " : "", at);
        add_leaf(&out, &branches.leaves[at]);
    }
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, expected);
    free(rule);
}

#define A "raw[\"a\"] = 1"
#define B "raw[\"b\"] = 2"
#define C "raw[\"c\"] = 3"

static void answers_lead_to_the_next_test_that_matters(void **state)
{
    (void)state;
    row_is(A, "0: EQUAL T F");
    row_is(A " and " B, "0: EQUAL 1 F; 1: EQUAL T F");
    row_is(A " or " B, "0: EQUAL T 1; 1: EQUAL T F");
    row_is("(" A " or " B ") and " C, "0: EQUAL 2 1; 1: EQUAL 2 F; 2: EQUAL T F");
    row_is(A " and (" B " or " C ")", "0: EQUAL 1 F; 1: EQUAL T 2; 2: EQUAL T F");
    row_is("not (" A " and " B ")", "0: EQUAL 1 T; 1: EQUAL F T");
    row_is("not (" A " or not " B ") and " C, "0: EQUAL F 1; 1: EQUAL 2 F; 2: EQUAL T F");
}

static void negated_tests_ask_first_whether_there_is_anything(void **state)
{
    (void)state;
    row_is("raw[\"a\"] != 1", "0: THERE 1 F; 1: EQUAL F T");
    row_is("raw[\"a\"] not in [1, 2] and " B, "0: THERE 1 F; 1: IN F 2; 2: EQUAL T F");
    row_is("not (raw[\"a\"] != 1)", "0: THERE 1 T; 1: EQUAL T F");
    row_is("missing raw[\"a\"]", "0: EXISTS F T");
    /* Some element differs, every element differs: no answer of `=` turned round. */
    row_is("any raw[\"a\"] != 1", "0: THERE 1 F; 1: NOT_EQUAL T F");
    row_is("all raw[\"a\"] != 1", "0: THERE 1 F; 1: NOT_EQUAL T F");
}

static void what_is_no_test_of_a_constant_is_left_to_the_machine(void **state)
{
    (void)state;
    row_is("raw[\"a\"] = raw[\"b\"] and " A, "0: OPAQUE 1 F; 1: EQUAL T F");
    row_is("lower(user.name) = \"x\" or " A, "0: OPAQUE T 1; 1: EQUAL T F");
    row_is("resource.tags[\"env\"] = \"prod\"", "0: OPAQUE T F");
}

static void a_raw_path_is_asked_for_networks_as_its_text(void **state)
{
    (void)state;
    row_is("raw[\"a\"] in \"10.0.0.0/8\"", "0: IN T F");
    row_is("raw[\"a\"] not in \"10.0.0.0/8\"", "0: OPAQUE T F");
    row_is("all raw[\"a\"] in \"10.0.0.0/8\"", "0: OPAQUE T F");
}

static void alternatives_about_one_subject_are_one(void **state)
{
    (void)state;
    static const char four[] = "(raw[\"a\"] contains \"w\" or raw[\"a\"] = \"x\" or raw[\"a\"] "
                               "endswith \"y\" or raw[\"a\"] like \"z*z\")";
    char text[512];
    snprintf(text, sizeof text, "%s and " B, four);
    row_is(text, "0: CONTAINS+3 4 F; 4: EQUAL T F");
    snprintf(text, sizeof text, "not %s and " B, four);
    row_is(text, "0: CONTAINS+3 F 4; 4: EQUAL T F");
    /* Of another subject, or with something between them, they are not. */
    snprintf(text, sizeof text, "%s or " B, four);
    row_is(text, "0: CONTAINS+3 T 4; 4: EQUAL T F");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_lead_to_the_next_test_that_matters),
        cmocka_unit_test(negated_tests_ask_first_whether_there_is_anything),
        cmocka_unit_test(what_is_no_test_of_a_constant_is_left_to_the_machine),
        cmocka_unit_test(a_raw_path_is_asked_for_networks_as_its_text),
        cmocka_unit_test(alternatives_about_one_subject_are_one),
    };
    return cmocka_run_group_tests_name("branches", tests, NULL, NULL);
}
