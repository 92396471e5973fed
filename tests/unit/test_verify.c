#include "base/buf.h"
#include "program_builder.h"

#define BUILDER(name) CLEANUP(builder_free) struct builder *name = builder_new()

static enum err first_arg(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = args[0];
    return ERR_OK;
}

static const struct function two_args = {
    .name = "two", .params = { TYPE_RAW, TYPE_RAW }, .params_count = 2, .call = first_arg
};

/* A rule with `condition` pushing one value before. */
static void assert_condition_refused(struct builder *builder, struct rule_code *rule, uint32_t at)
{
    end_rule(builder, rule);
    assert_refused_at(builder, at);
}

static void a_program_without_anything_is_fine(void **state)
{
    (void)state;
    BUILDER(builder);
    assert_verifies(builder);
}

static void a_whole_rule_is_fine(void **state)
{
    (void)state;
    BUILDER(builder);
    struct source_program *source = add_source(builder, "s");
    source->accept = builder->program.code_count;
    add_raw(builder, "a");
    add(builder, OP_EXISTS, 0);
    add(builder, OP_RETURN, 0);
    add_mapping(builder, source, FIELD_ALERT_ID, "id");
    add_mapping(builder, source, FIELD_SEVERITY, "severity");
    struct rule_code *rule = rule_condition(builder);
    add(builder, OP_FIELD, FIELD_SEVERITY);
    add_constant(builder, (value){ .kind = VALUE_SEVERITY, .integer = SEVERITY_HIGH });
    add(builder, OP_GREATER_EQUAL, 0);
    uint32_t skip = add(builder, OP_AND, 0);
    add_text(builder, "x");
    add_text(builder, "y");
    add_call(builder, &two_args);
    add(builder, OP_NOT, 0);
    land(builder, skip);
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    uint32_t triage = add_step_code(builder, 1);
    uint32_t isolate = add_step_code(builder, 0);
    add(builder, OP_FIELD, FIELD_HOST_ID);
    add(builder, OP_STEP, triage);
    add(builder, OP_RESULT, triage * RESULT_MEMBERS + RESULT_COMPLETE);
    uint32_t branch = add(builder, OP_BRANCH, 0);
    add(builder, OP_STEP, isolate);
    uint32_t join = add(builder, OP_JOIN, 0);
    land(builder, branch);
    add(builder, OP_JUMP, builder->program.code_count + 1);
    land(builder, join);
    add(builder, OP_HALT, 0);
    assert_verifies(builder);
}

static void bytes_that_are_no_opcode_are_refused(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add(builder, (enum opcode)OP_COUNT, 0);
    assert_condition_refused(builder, rule, 0);
}

static void operands_stay_in_their_tables(void **state)
{
    (void)state;
    static const struct {
        enum opcode opcode;
        uint32_t a;
    } bad[] = { { OP_CONSTANT, 1 }, { OP_RAW, 0 }, { OP_FIELD, FIELD_COUNT }, { OP_CALL, 0 },
        { OP_FIRST, 0 }, { OP_FIRST, STACK_MAX + 1 }, { OP_FORMAT, UINT32_MAX }, { OP_RESULT, 0 },
        { OP_RESULT, UINT32_MAX }, { OP_CONVERT, TYPE_COUNT }, { OP_ANYWHERE, OP_EQUAL },
        { OP_ANYWHERE, OP_NOT }, { OP_NOT, 1 }, { OP_JUMP, 1000 }, { OP_STEP, 0 } };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        BUILDER(builder);
        struct rule_code *rule = rule_condition(builder);
        add_text(builder, "x");
        add(builder, bad[i].opcode, bad[i].a);
        assert_condition_refused(builder, rule, 1);
    }
}

static void the_stack_neither_runs_dry_nor_over(void **state)
{
    (void)state;
    BUILDER(dry);
    struct rule_code *rule = rule_condition(dry);
    add_text(dry, "x");
    add(dry, OP_EQUAL, 0);
    assert_condition_refused(dry, rule, 1);

    static struct instruction code[STACK_MAX + 3];
    BUILDER(over);
    over->program.code = code;
    over->program.code_count = STACK_MAX + 3;
    over->program.constant_count = 1;
    for (uint32_t i = 0; i <= STACK_MAX; i++)
        code[i] = (struct instruction){ .opcode = OP_CONSTANT };
    code[STACK_MAX + 1].opcode = OP_RETURN;
    code[STACK_MAX + 2].opcode = OP_HALT;
    over->program.rule_count = 1;
    over->rules[0] = (struct rule_code){
        .condition = 0, .steps = STACK_MAX + 2, .limits = over->limits, .limit_count = LIMIT_SCOPES
    };
    assert_refused_at(over, STACK_MAX);
}

static void a_fragment_ends_with_exactly_its_value(void **state)
{
    (void)state;
    BUILDER(two);
    struct rule_code *rule = rule_condition(two);
    add_text(two, "x");
    add_text(two, "y");
    assert_condition_refused(two, rule, 2);
    BUILDER(none);
    rule = rule_condition(none);
    assert_condition_refused(none, rule, 0);
    BUILDER(left);
    rule = rule_condition(left);
    add_text(left, "x");
    add(left, OP_RETURN, 0);
    rule_steps(left, rule);
    add_text(left, "left behind");
    add(left, OP_HALT, 0);
    assert_refused_at(left, 3);
}

static void ways_that_join_have_the_same_depth(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add_text(builder, "x");
    uint32_t jump = add(builder, OP_JUMP_FALSE, 0); /* leaves nothing */
    add_text(builder, "y");                         /* leaves one */
    land(builder, jump);
    assert_condition_refused(builder, rule, 2);
}

static void jumps_go_forward_inside_their_fragment(void **state)
{
    (void)state;
    BUILDER(back);
    struct rule_code *rule = rule_condition(back);
    add_text(back, "x");
    add(back, OP_AND, 1);
    assert_condition_refused(back, rule, 1);

    BUILDER(across); /* into the middle of another rule's condition, at the right depth */
    rule = rule_condition(across);
    add_text(across, "x");
    uint32_t jump = add(across, OP_JUMP, 0);
    add(across, OP_HALT, 0);
    rule->steps = 2;
    struct rule_code *other = rule_condition(across);
    add_text(across, "y");
    land(across, jump);
    end_rule(across, other);
    assert_refused_at(across, jump);

    BUILDER(through); /* no end: falls into the next fragment */
    rule = rule_condition(through);
    add_text(through, "x");
    rule_steps(through, rule);
    add(through, OP_HALT, 0);
    assert_refused_at(through, 0);

    BUILDER(past); /* and past the end of the code */
    rule = rule_condition(past);
    add_text(past, "x");
    add(past, OP_RETURN, 0);
    rule_steps(past, rule);
    add(past, OP_JUMP, 3);
    assert_refused_at(past, 2);
}

static void instructions_that_no_way_leads_to_are_refused(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add_text(builder, "x");
    add(builder, OP_RETURN, 0);
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    add(builder, OP_HALT, 0);
    assert_refused_at(builder, 2);
    BUILDER(loose);
    add(loose, OP_HALT, 0);
    assert_refused_at(loose, 0);
}

static void each_kind_of_fragment_keeps_to_its_own(void **state)
{
    (void)state;
    BUILDER(step_in_condition);
    struct rule_code *rule = rule_condition(step_in_condition);
    add_step_code(step_in_condition, 0);
    add(step_in_condition, OP_STEP, 0);
    add_text(step_in_condition, "x");
    assert_condition_refused(step_in_condition, rule, 0);

    BUILDER(field_in_source);
    struct source_program *source = add_source(field_in_source, "s");
    source->accept = 0;
    add(field_in_source, OP_FIELD, FIELD_SOURCE);
    add(field_in_source, OP_RETURN, 0);
    assert_refused_at(field_in_source, 0);

    BUILDER(return_in_steps);
    rule = rule_condition(return_in_steps);
    add_text(return_in_steps, "x");
    add(return_in_steps, OP_RETURN, 0);
    rule_steps(return_in_steps, rule);
    add_text(return_in_steps, "x");
    add(return_in_steps, OP_RETURN, 0);
    assert_refused_at(return_in_steps, 3);

    BUILDER(shared);
    rule = rule_condition(shared);
    add_text(shared, "x");
    add(shared, OP_RETURN, 0);
    rule->steps = 0;
    assert_refused_at(shared, 0);
}

static void results_come_from_earlier_steps_of_the_same_rule(void **state)
{
    (void)state;
    for (int is_other_rule = 0; is_other_rule < 2; is_other_rule++) {
        BUILDER(builder);
        struct rule_code *rule = rule_condition(builder);
        add_text(builder, "x");
        add(builder, OP_RETURN, 0);
        rule_steps(builder, rule);
        add_step_code(builder, 0);
        add_step_code(builder, 1);
        if (is_other_rule) {
            add(builder, OP_STEP, 0);
            add(builder, OP_HALT, 0);
            rule = rule_condition(builder);
            add_text(builder, "x");
            add(builder, OP_RETURN, 0);
            rule_steps(builder, rule);
        }
        uint32_t at = add(builder, OP_RESULT, 0 * RESULT_MEMBERS + RESULT_VERDICT);
        add(builder, OP_STEP, 1);
        if (!is_other_rule)
            add(builder, OP_STEP, 0);
        add(builder, OP_HALT, 0);
        assert_refused_at(builder, at);
    }
}

static void a_step_is_run_in_one_place(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add_text(builder, "x");
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    add_step_code(builder, 0);
    add(builder, OP_STEP, 0);
    uint32_t again = add(builder, OP_STEP, 0);
    add(builder, OP_HALT, 0);
    assert_refused_at(builder, again);
}

static void flags_are_known_and_belong_to_tests(void **state)
{
    (void)state;
    BUILDER(unknown);
    struct rule_code *rule = rule_condition(unknown);
    add_text(unknown, "x");
    add_text(unknown, "x");
    add_flagged(unknown, OP_EQUAL, 0, 0x80);
    assert_condition_refused(unknown, rule, 2);
    BUILDER(elsewhere);
    rule = rule_condition(elsewhere);
    add_text(elsewhere, "x");
    add_flagged(elsewhere, OP_NOT, 0, FLAG_CASED);
    assert_condition_refused(elsewhere, rule, 1);
}

static void constants_are_what_they_say(void **state)
{
    (void)state;
    const value inner[] = { { .kind = VALUE_LIST } };
    const value bad[] = { { .kind = VALUE_REGEX, .integer = 0 }, { .kind = VALUE_OBJECT },
        { .kind = VALUE_SEVERITY, .integer = SEVERITY_COUNT },
        { .kind = VALUE_VERDICT, .integer = -1 }, { .kind = VALUE_IP },
        { .kind = VALUE_TEXT, .count = 3 }, { .kind = VALUE_LIST, .count = 2 },
        { .kind = VALUE_LIST, .count = 1, .items = inner }, { .kind = VALUE_SET, .count = 1 },
        { .kind = (enum value_kind)99 } };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        BUILDER(builder);
        struct rule_code *rule = rule_condition(builder);
        add_constant(builder, bad[i]);
        end_rule(builder, rule);
        uint32_t at;
        if (program_verify(&builder->program, &at) != ERR_BYTECODE)
            fail_msg("constant %zu was let through", i);
    }
}

static void a_fragment_begins_inside_the_code(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add_text(builder, "x");
    end_rule(builder, rule);
    rule->steps = 1000;
    assert_refused_at(builder, 1000);
    rule->steps = 2;
    assert_verifies(builder);
    struct source_program *source = add_source(builder, "s");
    source->accept = 3;
    assert_refused_at(builder, 3);
}

/* A rule that is right, then fragments for its excuse: `certain`, `possible`, a read. */
static void what_excuses_is_checked_like_a_condition(void **state)
{
    (void)state;
    static const uint32_t wrong[] = { 5, BUILDER_MAX, NO_INDEX - 1 };
    for (size_t i = 0; i <= COUNT_OF(wrong) * 3; i++) {
        BUILDER(builder);
        struct rule_code *rule = rule_condition(builder);
        add(builder, OP_FIELD, FIELD_HOST_NAME);
        add(builder, OP_EXISTS, 0);
        add(builder, OP_RETURN, 0);
        rule_steps(builder, rule);
        add(builder, OP_HALT, 0);
        uint32_t start = builder->program.code_count;
        add(builder, OP_FIELD, FIELD_HOST_NAME);
        add(builder, OP_UNKNOWN, TYPE_RAW);
        add(builder, OP_RETURN, 0);
        struct excuse_read read = { .start = start, .unknown = start };
        struct excuse_code excuse = {
            .certain = start, .possible = start, .reads = &read, .read_count = 1
        };
        rule->excuses = &excuse;
        rule->excuse_count = 1;
        if (i == COUNT_OF(wrong) * 3) {
            assert_verifies(builder);
            continue;
        }
        /* In the middle of something, or past the code. */
        uint32_t *place = i % 3 == 0   ? &excuse.certain
                          : i % 3 == 1 ? &excuse.possible
                                       : &read.start;
        *place = wrong[i / 3];
        uint32_t at;
        assert_int_equal(program_verify(&builder->program, &at), ERR_BYTECODE);
    }
}

/* A rule that is fine, until the test spoils it. */
static struct rule_code *fine_rule(struct builder *builder)
{
    struct rule_code *rule = rule_condition(builder);
    add_text(builder, "x");
    end_rule(builder, rule);
    return rule;
}

static void a_rule_has_a_sound_limit_of_every_scope(void **state)
{
    (void)state;
    BUILDER(fewer);
    fine_rule(fewer)->limit_count = LIMIT_SCOPES - 1;
    assert_refused_at(fewer, 0);
    BUILDER(none);
    fine_rule(none);
    none->limits[LIMIT_ACCOUNT].targets = 0;
    assert_refused_at(none, 0);
    BUILDER(timeless);
    fine_rule(timeless);
    timeless->limits[LIMIT_ACTION].window_ms = 0;
    assert_refused_at(timeless, 0);
    BUILDER(twice);
    fine_rule(twice);
    twice->limits[LIMIT_ACTION].scope = LIMIT_RULE;
    assert_refused_at(twice, 0);
}

static void what_holds_steps_back_is_checked_too(void **state)
{
    (void)state;
    BUILDER(highest);
    fine_rule(highest)->ceiling = CEILING_COUNT;
    assert_refused_at(highest, 0);
    BUILDER(elsewhere);
    fine_rule(elsewhere)->text_index = 1;
    assert_refused_at(elsewhere, 0);
    BUILDER(keyed);
    uint32_t outside = 99;
    struct rule_code *rule = fine_rule(keyed);
    rule->dedup_keys = &outside;
    rule->dedup_key_count = 1;
    assert_refused_at(keyed, 0); /* for no time */
    rule->dedup_ms = 1;
    assert_refused_at(keyed, outside);
}

static void guards_are_checked_like_conditions(void **state)
{
    (void)state;
    BUILDER(builder);
    struct guard_code guard = { .certain = NO_INDEX, .possible = NO_INDEX };
    fine_rule(builder);
    builder->program.guards = &guard;
    builder->program.guard_count = 1;
    assert_verifies(builder);
    guard.certain = builder->rules[0].condition;
    assert_verifies(builder);
    guard.possible = 99;
    assert_refused_at(builder, 99);
    guard.possible = builder->rules[0].steps;
    assert_refused_at(builder, builder->rules[0].steps);
    guard = (struct guard_code){ .certain = NO_INDEX, .possible = 0 };
    assert_refused_at(builder, 0);
    guard = (struct guard_code){ .certain = NO_INDEX, .possible = NO_INDEX, .text_index = 1 };
    assert_refused_at(builder, 0);
}

static void somebody_is_asked_in_every_stage(void **state)
{
    (void)state;
    BUILDER(builder);
    str role = STR("lead");
    struct approval_stage stage = {
        .roles = &role, .role_count = 1, .needed = 1, .within_ms = 60000
    };
    fine_rule(builder);
    builder->program.step_count = 1;
    builder->steps[0] = (struct step_code){ .stages = &stage, .stage_count = 1 };
    assert_verifies(builder);
    stage.needed = 0;
    assert_refused_at(builder, 0);
    stage.needed = 1;
    stage.role_count = 0;
    assert_refused_at(builder, 0);
    stage.role_count = 1;
    stage.within_ms = 0;
    assert_refused_at(builder, 0);
}

static void a_listing_names_what_it_indexes(void **state)
{
    (void)state;
    BUILDER(builder);
    CLEANUP(buf_release) struct buf out = BUF_INIT(100000);
    struct rule_code *rule = rule_condition(builder);
    rule->file = STR("a.cdr");
    rule->line = 7;
    add(builder, OP_FIELD, FIELD_ALERT_TITLE);
    add_constant(
        builder, value_list((const value[]){ value_text(STR("a\"b")), value_integer(3) }, 2));
    add_flagged(builder, OP_CONTAINS, 0, FLAG_CASED | FLAG_ALL_RIGHT);
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    add_step_code(builder, 0);
    add(builder, OP_STEP, 0);
    add(builder, OP_RESULT, RESULT_VERDICT);
    add(builder, OP_BRANCH, builder->program.code_count + 1);
    add(builder, OP_HALT, 0);
    struct source_program *source = add_source(builder, "defender");
    add_mapping(builder, source, FIELD_SEVERITY, "a.severity");
    uint32_t key = builder->program.code_count;
    add(builder, OP_FIELD, FIELD_HOST_ID);
    add(builder, OP_RETURN, 0);
    rule->dedup_keys = &key;
    rule->dedup_key_count = 1;
    rule->dedup_ms = 1;
    rule->dedup = (struct clause_place){ STR("dedup by host.id for 6h"), STR("a.cdr"), 8 };
    struct guard_code guard = { .certain = builder->program.code_count,
        .possible = NO_INDEX,
        .place = { STR("never target ..."), STR("b.cdr"), 2 } };
    add(builder, OP_FIELD, FIELD_HOST_NAME);
    add(builder, OP_RETURN, 0);
    builder->program.guards = &guard;
    builder->program.guard_count = 1;
    assert_verifies(builder);
    program_disassemble(&builder->program, true, &out);
    assert_int_equal(out.err, ERR_OK);
    assert_string_equal(out.ptr, "rule r  # a.cdr:7\n"
                                 "  when\n"
                                 "     0  FIELD         alert.title\n"
                                 "     1  CONSTANT      [\"a\\\"b\", 3]\n"
                                 "     2  CONTAINS cased all-right\n"
                                 "     3  RETURN\n"
                                 "  limit  # built in\n"
                                 "  limit  # built in\n"
                                 "  limit  # built in\n"
                                 "  limit  # built in\n"
                                 "  mode  # built in\n"
                                 "  dedup by host.id for 6h  # a.cdr:8\n"
                                 "    10  FIELD         host.id\n"
                                 "    11  RETURN\n"
                                 "  then\n"
                                 "     4  STEP          0: collect triage\n"
                                 "     5  RESULT        t.verdict\n"
                                 "     6  BRANCH        -> 7\n"
                                 "     7  HALT\n"
                                 "\n"
                                 "guard\n"
                                 "  never target ...  # b.cdr:2\n"
                                 "  certain\n"
                                 "    12  FIELD         host.name\n"
                                 "    13  RETURN\n"
                                 "\n"
                                 "source defender\n"
                                 "  severity\n"
                                 "     8  RAW           \"a.severity\"\n"
                                 "     9  RETURN\n"
                                 "\n"
                                 "source (canonical names)\n"
                                 "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_without_anything_is_fine),
        cmocka_unit_test(a_whole_rule_is_fine),
        cmocka_unit_test(bytes_that_are_no_opcode_are_refused),
        cmocka_unit_test(operands_stay_in_their_tables),
        cmocka_unit_test(the_stack_neither_runs_dry_nor_over),
        cmocka_unit_test(a_fragment_ends_with_exactly_its_value),
        cmocka_unit_test(ways_that_join_have_the_same_depth),
        cmocka_unit_test(jumps_go_forward_inside_their_fragment),
        cmocka_unit_test(instructions_that_no_way_leads_to_are_refused),
        cmocka_unit_test(each_kind_of_fragment_keeps_to_its_own),
        cmocka_unit_test(results_come_from_earlier_steps_of_the_same_rule),
        cmocka_unit_test(a_step_is_run_in_one_place),
        cmocka_unit_test(flags_are_known_and_belong_to_tests),
        cmocka_unit_test(constants_are_what_they_say),
        cmocka_unit_test(a_fragment_begins_inside_the_code),
        cmocka_unit_test(what_excuses_is_checked_like_a_condition),
        cmocka_unit_test(a_rule_has_a_sound_limit_of_every_scope),
        cmocka_unit_test(what_holds_steps_back_is_checked_too),
        cmocka_unit_test(guards_are_checked_like_conditions),
        cmocka_unit_test(somebody_is_asked_in_every_stage),
        cmocka_unit_test(a_listing_names_what_it_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
