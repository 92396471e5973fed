/* test_plan.c - what an approval is bound to: each part of a plan that counts, and none that others
 * may change at will. */
#include "act/governor.h"
#include "act/plan.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct builtin row = {
    .name = "isolate",
    .verb = VERB_RESPOND,
    .params = { { .name = "target", .type = TYPE_TEXT, .need = PARAM_REQUIRED } },
};

/* A plan of one change, with all that it stands on. */
struct sample {
    struct arena arena;
    struct program program;
    struct rule_code rule;
    struct step_code code;
    struct step_cause cause;
    value args[STEP_PARAMS_MAX];
    struct step_order order;
    struct fact facts[2]; /* an ARN, and a tag */
    struct plan_change change;
    struct plan plan;
};

static void sample_init(struct sample *s)
{
    *s = (struct sample){ .program = { .hash = STR("rules") },
        .rule = { .name = STR("r"), .id = STR("r-id") },
        .code = { .for_ms = 1000 },
        .args = { value_text(STR("web")) },
        .facts = { { .field = FIELD_ROLE_ARN, .text = STR("arn:aws:iam::1:role/web") },
            { .field = FIELD_RESOURCE_TAGS, .key = STR("env"), .text = STR("prod") } },
        .change = { .request = { .service = "iam",
                        .operation = "PutRolePolicy",
                        .region = STR("eu-west-1"),
                        .target = STR("role/web"),
                        .body = STR("deny") },
            .undo = STR("{\"before\":1}") } };
    s->cause = (struct step_cause){
        .program = &s->program, .rule = &s->rule, .code = &s->code, .alert = STR("a-1")
    };
    s->order = (struct step_order){
        .row = &row, .args = s->args, .run = 1, .index = 0, .cause = &s->cause
    };
    s->facts[0].next = &s->facts[1];
    s->plan = (struct plan){ .target = STR("role/web"),
        .found = STR("by its name"),
        .identity = STR("user/cdr"),
        .region = STR("eu-west-1"),
        .result = STR("role/web would be denied"),
        .facts = s->facts,
        .changes = &s->change,
        .change_count = 1 };
}

static void sample_release(struct sample *s)
{
    arena_release(&s->arena);
}

static str hash_of(struct sample *s)
{
    str hash;
    assert_int_equal(plan_hash(&s->plan, &s->order, STR("store"), &s->arena, &hash), ERR_OK);
    assert_int_equal(hash.len, PLAN_HASH_DIGITS);
    return hash;
}

#define SAMPLE(name)                                                                               \
    CLEANUP(sample_release) struct sample name;                                                    \
    sample_init(&name)

#define ANOTHER(change_it)                                                                         \
    do {                                                                                           \
        SAMPLE(s);                                                                                 \
        str before = hash_of(&s);                                                                  \
        change_it;                                                                                 \
        assert_false(str_equal(before, hash_of(&s)));                                              \
    } while (0)

#define THE_SAME(change_it)                                                                        \
    do {                                                                                           \
        SAMPLE(s);                                                                                 \
        str before = hash_of(&s);                                                                  \
        change_it;                                                                                 \
        assert_true(str_equal(before, hash_of(&s)));                                               \
    } while (0)

static void each_part_that_counts_makes_another_plan(void **state)
{
    (void)state;
    ANOTHER(s.plan.target = STR("role/db"));
    ANOTHER(s.plan.identity = STR("user/other"));
    ANOTHER(s.plan.region = STR("us-east-1"));
    ANOTHER(s.change.request.body = STR("deny all"));
    ANOTHER(s.change.request.operation = "DeleteRole");
    ANOTHER(s.change.undo = STR("{\"before\":2}"));
    ANOTHER(s.facts[0].text = STR("arn:aws:iam::2:role/web"));
    ANOTHER(s.facts[0].is_gap = true);
    ANOTHER(s.args[0] = value_text(STR("db")));
    ANOTHER(s.order.run = 2);
    ANOTHER(s.order.index = 1);
    ANOTHER(s.code.for_ms = 2000);
    ANOTHER(s.rule.id = STR("other"));
    ANOTHER(s.program.hash = STR("other"));
    ANOTHER(s.cause.alert = STR("a-2"));
    ANOTHER(s.plan.changes = NULL; s.plan.change_count = 0);
}

static void what_others_may_change_at_will_does_not(void **state)
{
    (void)state;
    THE_SAME(s.plan.result = STR("role/web would be denied everything"));
    THE_SAME(s.facts[1].text = STR("heartbeat-7"));
    THE_SAME(s.facts[0].next = NULL);
    THE_SAME(s.plan.found = STR("by its tag"));
}

static void facts_count_in_any_order(void **state)
{
    (void)state;
    SAMPLE(s);
    s.facts[1] = (struct fact){ .field = FIELD_CLOUD_ACCOUNT, .text = STR("111122223333") };
    str before = hash_of(&s);
    struct fact first = s.facts[0];
    struct fact second = s.facts[1];
    s.facts[0] = second;
    s.facts[1] = first;
    s.facts[0].next = &s.facts[1];
    s.facts[1].next = NULL;
    assert_true(str_equal(before, hash_of(&s)));
}

static void the_parts_do_not_run_into_each_other(void **state)
{
    (void)state;
    SAMPLE(a);
    SAMPLE(b);
    a.plan.target = STR("ab");
    a.plan.identity = STR("c");
    b.plan.target = STR("a");
    b.plan.identity = STR("bc");
    assert_false(str_equal(hash_of(&a), hash_of(&b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_that_counts_makes_another_plan),
        cmocka_unit_test(what_others_may_change_at_will_does_not),
        cmocka_unit_test(facts_count_in_any_order),
        cmocka_unit_test(the_parts_do_not_run_into_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
