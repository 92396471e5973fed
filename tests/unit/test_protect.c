/* test_protect.c - which targets clauses protect, and which they do not. */
#include "act/protect.h"
#include "act/target.h"
#include "base/limits.h"
#include "compiled.h"
#include "registry.h"

/* ---- a step that is judged ---- */

#define RULE "rule r { when severity >= low then respond stop_instance instance=\"i-0a0a0a0a\" }\n"
/* One that breaks no `never`. */
#define NOTES "rule r { when severity >= low then collect snapshot instance=\"i-0a0a0a0a\" }\n"
#define HOST_LIST "list crown: text = [\"db-1\", \"db-2\"]\n"

struct bench {
    struct compilation compilation;
    struct arena arena;
    const struct program *program;
    struct event event;
    struct fact *facts;
    struct plan plan;
};

static void bench_begin(struct bench *bench, const char *rules, const char *alert)
{
    *bench = (struct bench){ .arena = { .limit = EVENT_BYTES_MAX } };
    bench->program = compile_good(&bench->compilation, rules);
    bench->event = read_alert(bench->program, &bench->arena, alert);
    bench->plan.target = STR("i-0a0a0a0a");
}

static void bench_end(struct bench *bench)
{
    arena_release(&bench->arena);
    compile_release(&bench->compilation);
}

static void add_fact(struct bench *bench, struct fact fact)
{
    struct fact *added = ARENA_NEW(&bench->arena, struct fact);
    assert_non_null(added);
    *added = fact;
    added->next = bench->facts;
    bench->facts = added;
    bench->plan.facts = added;
}

static void fact(struct bench *bench, enum field field, const char *text)
{
    add_fact(bench, (struct fact){ .field = field, .text = str_from(text) });
}

static void tag(struct bench *bench, const char *key, const char *text)
{
    add_fact(
        bench, (struct fact){
                   .field = FIELD_RESOURCE_TAGS, .key = str_from(key), .text = str_from(text) });
}

static void gap(struct bench *bench, enum field field, const char *why)
{
    add_fact(bench, (struct fact){ .field = field, .text = str_from(why), .is_gap = true });
}

/* A row that promises nothing but what the test says. */
static const struct builtin plain_row = { .name = "stop_instance",
    .verb = VERB_RESPOND,
    .params = { { .name = "instance", .type = TYPE_INSTANCE, .need = PARAM_TARGET } },
    .effect = EFFECT_CHANGES };

static struct protection judge_row(struct bench *bench, const struct builtin *row)
{
    struct protection protection;
    const struct step_cause cause = {
        .program = bench->program, .rule = &bench->program->rules[0], .event = &bench->event
    };
    assert_int_equal(protect_judge(&cause, row, &bench->plan, &bench->arena, &protection), ERR_OK);
    assert_true((protection.guard == NULL) == (protection.reason == NULL));
    return protection;
}

static bool is_protected(struct bench *bench)
{
    return judge_row(bench, &plain_row).guard != NULL;
}

#define ALERT "{\"source\":\"guardduty\",\"severity\":\"high\",\"alert.id\":\"a-1\"}"

/* Whether `condition` protects a target of which one thing is said. */
static bool protects(const char *condition, enum field field, const char *text)
{
    struct bench bench;
    char rules[2048];
    (void)snprintf(
        rules, sizeof(rules), HOST_LIST "never target %s \"a reason\"\n" RULE, condition);
    bench_begin(&bench, rules, ALERT);
    fact(&bench, field, text);
    bool is_so = is_protected(&bench);
    bench_end(&bench);
    return is_so;
}

/* ---- names ---- */

static void a_host_is_protected_under_each_of_its_names(void **state)
{
    static const char *const names[] = { "db-1", "DB-1", "db-1.", "db-1.example.org",
        "Db-1.Example.Org.", "db\u20101", "d\u042C-1", "\uFF44\uFF42-\uFF11", "db\u200B-1" };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (!protects("host.name in crown", FIELD_HOST_NAME, names[at]))
            fail_msg("%s is not protected", names[at]);
    assert_false(protects("host.name in crown", FIELD_HOST_NAME, "db-3"));
    assert_false(protects("host.name in crown", FIELD_HOST_NAME, "db-l"));
    assert_false(protects("host.name in crown", FIELD_HOST_NAME, "db.db-1"));
}

static void cased_does_not_let_a_name_through(void **state)
{
    (void)state;
    assert_true(protects("host.name = \"Db-1\" cased", FIELD_HOST_NAME, "dB-1"));
    assert_true(protects("host.name matches /^db-/", FIELD_HOST_NAME, "DB-1"));
    assert_false(protects("host.name = \"Db-1\" cased", FIELD_HOST_NAME, "db-2"));
}

static void an_id_and_its_arn_are_one_target(void **state)
{
    struct bench bench;
    (void)state;
    assert_true(protects("instance.id = \"i-0a0a0a0a\"", FIELD_RESOURCE_ID,
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a0a0a0a"));
    assert_true(protects("sg.id = \"sg-0a0a0a0a\"", FIELD_RESOURCE_ID,
        "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a0a0a0a"));
    assert_true(
        protects("role.name = \"web\"", FIELD_ROLE_ARN, "arn:aws:iam::111122223333:role/app/web"));
    assert_true(protects("role.name = \"web\"", FIELD_RESOURCE_ID,
        "arn:aws:sts::111122223333:assumed-role/web/i-0a0a0a0a"));
    assert_true(protects("role.arn like \"*:role/web\"", FIELD_RESOURCE_ID,
        "arn:aws:iam::111122223333:role/app/web"));
    assert_true(protects("cloud.account = \"111122223333\"", FIELD_ROLE_ARN,
        "arn:aws:iam::111122223333:role/app/web"));
    bench_begin(&bench,
        "never target resource.id like \"arn:*:eu-west-1:111122223333:instance/i-0b0b0b0b\" "
        "\"x\"\n" RULE,
        ALERT);
    fact(&bench, FIELD_INSTANCE_ID, "i-0b0b0b0b");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_CLOUD_ACCOUNT, "111122223333");
    fact(&bench, FIELD_CLOUD_REGION, "eu-west-1");
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

static void an_address_is_the_same_in_every_form(void **state)
{
    (void)state;
    assert_true(protects("host.ip = \"192.0.2.7\"", FIELD_HOST_IP, "::ffff:192.0.2.7"));
    assert_true(protects("host.ip in \"192.0.2.0/24\"", FIELD_HOST_IP, "::FFFF:c000:207"));
    assert_true(protects("host.ip = \"2001:db8::1\"", FIELD_HOST_IP, "2001:DB8:0:0::0001"));
    assert_false(protects("host.ip in \"192.0.2.0/24\"", FIELD_HOST_IP, "192.0.3.7"));
}

/* ---- tags ---- */

static void tags_of_each_resource_are_asked_by_themselves(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench,
        "never target resource.tags[\"env\"] = \"prod\" and resource.tags[\"team\"] = \"pay\" "
        "\"x\"\n" RULE,
        ALERT);
    fact(&bench, FIELD_RESOURCE_ID, "i-0a0a0a0a");
    tag(&bench, "env", "prod");
    tag(&bench, "team", "web");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_RESOURCE_ID, "arn:aws:iam::111122223333:role/web");
    tag(&bench, "team", "pay");
    assert_false(is_protected(&bench)); /* of another resource */
    tag(&bench, "Env", "PROD");
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

static void a_second_tag_of_another_case_hides_nothing(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target resource.tags[\"env\"] = \"prod\" \"x\"\n" RULE, ALERT);
    fact(&bench, FIELD_RESOURCE_ID, "i-0a0a0a0a");
    tag(&bench, "ENV", "dev");
    assert_false(is_protected(&bench));
    tag(&bench, "env", "prod");
    assert_true(is_protected(&bench));
    bench_end(&bench);
    bench_begin(&bench, "never target resource.tags[\"env\"] = \"prod\" \"x\"\n" RULE, ALERT);
    tag(&bench, "\u0435nv", "pr\u043Ed"); /* Cyrillic e and o */
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

static void a_tag_without_a_value_is_a_tag(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target exists resource.tags[\"keep\"] \"x\"\n" RULE, ALERT);
    fact(&bench, FIELD_RESOURCE_TAGS, "");
    assert_false(is_protected(&bench));
    tag(&bench, "keep", "");
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

/* ---- negations ---- */

static void no_allowed_name_excuses_another(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target host.name != \"sandbox\" \"x\"\n" RULE, ALERT);
    fact(&bench, FIELD_HOST_NAME, "sandbox");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_HOST_NAME, "db-1");
    assert_true(is_protected(&bench));
    bench_end(&bench);
    assert_false(protects("not (host.name in crown)", FIELD_HOST_NAME, "db-1"));
    assert_false(protects("host.name not in crown", FIELD_HOST_NAME, "DB-2."));
    assert_true(protects("host.name not in crown", FIELD_HOST_NAME, "db-3"));
    assert_true(protects("host.name not in crown", FIELD_HOST_NAME, "d\u042C-1"));
    assert_true(protects("host.name not in crown", FIELD_HOST_NAME, "db-1.evil.example"));
    assert_false(protects("instance.id != \"i-0a0a0a0a\"", FIELD_RESOURCE_ID,
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a0a0a0a"));
}

static void names_of_two_fields_are_asked_in_every_combination(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench,
        "never target host.name != \"sandbox\" and host.ip not in \"192.0.2.0/24\" \"x\"\n" RULE,
        ALERT);
    fact(&bench, FIELD_HOST_NAME, "sandbox");
    fact(&bench, FIELD_HOST_IP, "192.0.2.1");
    fact(&bench, FIELD_HOST_NAME, "db-1");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_HOST_IP, "198.51.100.1");
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

static void more_combinations_than_can_be_asked_protect(void **state)
{
    struct bench bench;
    char text[64];
    (void)state;
    bench_begin(&bench,
        "never target host.name != \"x\" and host.ip not in \"192.0.2.0/24\" and sg.id != "
        "\"sg-0b0b0b0b\" \"x\"\n" RULE,
        ALERT);
    for (int at = 0; at < 60; at++) {
        (void)snprintf(text, sizeof(text), "192.0.2.%d", at);
        fact(&bench, FIELD_HOST_IP, arena_format(&bench.arena, "%s", text));
        (void)snprintf(text, sizeof(text), "sg-0000%04x", (unsigned)at);
        fact(&bench, FIELD_SG_ID, arena_format(&bench.arena, "%s", text));
    }
    fact(&bench, FIELD_HOST_NAME, "a");
    fact(&bench, FIELD_HOST_NAME, "b");
    struct protection protection = judge_row(&bench, &plain_row);
    assert_non_null(protection.guard);
    assert_true(protection.is_doubt);
    assert_non_null(strstr(protection.reason, "cannot be decided"));
    bench_end(&bench);
}

/* ---- gaps ---- */

static void what_could_not_be_read_counts_as_protected(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(
        &bench, "never target resource.tags[\"env\"] = \"prod\" \"keep prod\"\n" RULE, ALERT);
    fact(&bench, FIELD_RESOURCE_TAGS, "");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_RESOURCE_ID, "arn:aws:iam::111122223333:role/web");
    gap(&bench, FIELD_RESOURCE_TAGS, "iam:GetRole was denied");
    struct protection protection = judge_row(&bench, &plain_row);
    assert_non_null(protection.guard);
    assert_false(protection.is_doubt);
    assert_non_null(strstr(protection.reason, "iam:GetRole was denied"));
    assert_non_null(strstr(protection.reason, "keep prod"));
    assert_non_null(strstr(protection.reason, "resource.tags"));
    bench_end(&bench);
}

static void each_way_to_ask_for_a_gap_is_in_doubt(void **state)
{
    static const char *const conditions[] = { "host.name = \"a\"", "host.name != \"a\"",
        "exists host.name", "missing host.name", "not (exists host.name)",
        "not (host.name = \"a\")", "all host.name in [\"a\"]", "lower(host.name) = \"a\"",
        "host.name matches /a/", "first(host.name, instance.id) = \"a\"",
        "severity = high and host.name = \"a\"" };
    struct bench bench;
    char rules[512];
    (void)state;
    for (size_t at = 0; at < COUNT_OF(conditions); at++) {
        (void)snprintf(rules, sizeof(rules), "never target %s \"x\"\n" RULE, conditions[at]);
        bench_begin(&bench, rules, ALERT);
        gap(&bench, FIELD_HOST_NAME, "denied");
        if (!is_protected(&bench))
            fail_msg("%s lets a gap through", conditions[at]);
        bench_end(&bench);
    }
}

static void what_a_role_does_not_have_is_no_gap(void **state)
{
    static const char *const conditions[] = { "host.name in crown", "host.name != \"a\"",
        "exists host.name", "lower(host.name) = \"a\"", "host.ip in \"192.0.2.0/24\"",
        "raw[\"x\"] = \"a\"", "user.name = \"root\"", "resource.tags[\"env\"] = \"prod\"",
        "severity = low and role.name = \"web\"" };
    (void)state;
    for (size_t at = 0; at < COUNT_OF(conditions); at++)
        if (protects(conditions[at], FIELD_ROLE_ARN, "arn:aws:iam::111122223333:role/app/web"))
            fail_msg("%s protects a role", conditions[at]);
}

static void a_promise_that_is_not_kept_is_a_gap(void **state)
{
    struct builtin row = plain_row;
    struct bench bench;
    (void)state;
    row.shows[0] = FIELD_HOST_NAME;
    row.shows[1] = FIELD_RESOURCE_TAGS;
    bench_begin(&bench,
        "never target host.name = \"a\" \"x\"\nnever target exists resource.tags[\"k\"] "
        "\"y\"\n" RULE,
        ALERT);
    assert_non_null(judge_row(&bench, &row).guard);
    fact(&bench, FIELD_HOST_NAME, ""); /* it has none */
    assert_true(str_is(judge_row(&bench, &row).guard->reason, "y"));
    fact(&bench, FIELD_RESOURCE_TAGS, "");
    assert_null(judge_row(&bench, &row).guard);
    bench_end(&bench);
}

static void a_fact_that_does_not_fit_is_a_gap(void **state)
{
    (void)state;
    assert_true(protects("host.ip = \"192.0.2.1\"", FIELD_HOST_IP, "192.0.2"));
    assert_true(protects("instance.id = \"i-0b0b0b0b\"", FIELD_INSTANCE_ID, "i-1"));
}

static void a_name_with_too_many_readings_is_a_gap(void **state)
{
    char name[64] = "";
    (void)state;
    for (int at = 0; at < 24; at++)
        (void)strcat(name, "\u0406");
    assert_true(protects("host.name = \"db-1\"", FIELD_HOST_NAME, name));
    assert_false(protects("host.ip = \"192.0.2.1\"", FIELD_HOST_NAME, name));
}

/* ---- the alert ---- */

static void the_alert_counts_too_and_facts_win_over_it(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target host.name = \"db-1\" \"x\"\n" RULE,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"host.name\":\"DB-1.example.org\"}");
    assert_true(is_protected(&bench));
    fact(&bench, FIELD_HOST_NAME, "web-1");
    assert_true(is_protected(&bench)); /* the alert's own fields alone */
    bench_end(&bench);
    bench_begin(&bench, "never target host.name = \"db-1\" and role.name = \"web\" \"x\"\n" RULE,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"host.name\":\"db-1\",\"role.name\":"
        "\"api\"}");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_ROLE_NAME, "web");
    assert_true(is_protected(&bench)); /* facts over the alert */
    fact(&bench, FIELD_HOST_NAME, "web-1");
    assert_false(is_protected(&bench));
    bench_end(&bench);
}

static void tags_of_the_alert_protect(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target resource.tags[\"env\"] = \"prod\" \"x\"\n" RULE,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"resource\":{\"tags\":{\"env\":\"prod\"}}"
        "}");
    assert_true(is_protected(&bench));
    fact(&bench, FIELD_RESOURCE_TAGS, "");
    assert_true(is_protected(&bench));
    bench_end(&bench);
}

/* An attacker may write what an alert says: that is no reason to let him go for good. */
static void what_only_the_alert_says_is_a_doubt_and_what_is_shown_is_not(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench,
        "never target host.name = \"dc01\" \"first\"\n"
        "never target host.name = \"web-1\" \"second\"\n"
        "never target host.name = \"dc02\" \"third\"\n" RULE,
        "{\"source\":\"guardduty\",\"severity\":\"high\",\"host.name\":[\"DC01\",\"dc02\"]}");
    fact(&bench, FIELD_HOST_NAME, "app-1");
    struct protection protection = judge_row(&bench, &plain_row);
    assert_true(protection.is_doubt);
    assert_non_null(strstr(protection.reason, "first"));
    assert_non_null(strstr(protection.reason, "by what the alert says"));
    fact(&bench, FIELD_HOST_NAME, "web-1");
    protection = judge_row(&bench, &plain_row); /* before every doubt */
    assert_false(protection.is_doubt);
    assert_non_null(strstr(protection.reason, "second"));
    gap(&bench, FIELD_HOST_NAME, "denied");
    protection = judge_row(&bench, &plain_row);
    assert_false(protection.is_doubt);
    assert_non_null(strstr(protection.reason, "first"));
    bench_end(&bench);
}

/* An alert that says `count` values of a field. */
static void bench_says(struct bench *bench, enum field field, uint32_t count)
{
    value *items = ARENA_ARRAY(&bench->arena, value, count);
    assert_non_null(items);
    for (uint32_t at = 0; at < count; at++)
        items[at] = value_text(str_from(arena_format(&bench->arena, "r-%u", (unsigned)at)));
    bench->event.fields[field] = value_list(items, count);
}

static void more_names_than_are_compared_are_a_doubt(void **state)
{
    static const char *const conditions[] = { "resource.id = \"x\"", "role.name = \"x\"",
        "cloud.account = \"444455556666\"", "host.name != \"web-1\" and resource.id != \"x\"" };
    struct bench bench;
    char rules[512];
    (void)state;
    for (size_t at = 0; at < COUNT_OF(conditions); at++) {
        (void)snprintf(rules, sizeof(rules), "never target %s \"x\"\n" RULE, conditions[at]);
        bench_begin(&bench, rules, ALERT);
        fact(&bench, FIELD_HOST_NAME, "web-1");
        bench_says(&bench, FIELD_RESOURCE_ID, TARGET_NAMES_MAX + 1);
        struct protection protection = judge_row(&bench, &plain_row);
        if (protection.guard == NULL || !protection.is_doubt)
            fail_msg("%s is not in doubt", conditions[at]);
        assert_non_null(strstr(protection.reason, "cannot be decided"));
        bench_end(&bench);
    }
    bench_begin(&bench, "never target host.ip = \"192.0.2.1\" \"x\"\n" RULE, ALERT);
    bench_says(&bench, FIELD_RESOURCE_ID, TARGET_NAMES_MAX + 1);
    assert_false(is_protected(&bench)); /* no address follows from an id */
    bench_end(&bench);
    bench_begin(&bench, "never target resource.id = \"x\" \"x\"\n" RULE, ALERT);
    bench_says(&bench, FIELD_RESOURCE_ID, TARGET_NAMES_MAX);
    assert_false(is_protected(&bench));
    bench_end(&bench);
}

static void a_target_of_too_many_names_is_refused_for_those_that_are_known(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target host.ip = \"192.0.2.1\" \"x\"\n" RULE, ALERT);
    fact(&bench, FIELD_HOST_IP, "192.0.2.1");
    for (unsigned at = 0; at <= TARGET_NAMES_MAX; at++)
        fact(&bench, FIELD_HOST_IP, arena_format(&bench.arena, "198.51.%u.%u", at / 250, at % 250));
    struct protection protection = judge_row(&bench, &plain_row);
    assert_non_null(protection.guard);
    assert_false(protection.is_doubt);
    bench_end(&bench);
}

static void an_alert_of_nothing_but_names_costs_no_more_than_some(void **state)
{
    CLEANUP(skeletons_release) struct skeletons skeletons = { 0 };
    struct bench bench;
    (void)state;
    bench_begin(&bench, RULE, ALERT);
    skeletons.arena = &bench.arena;
    struct target target = { .arena = &bench.arena, .skeletons = &skeletons };
    bench_says(&bench, FIELD_RESOURCE_ID, 60000);
    assert_int_equal(target_of_alert(&target, &bench.event), ERR_OK);
    assert_true(target.is_cut[FIELD_RESOURCE_ID]);
    uint32_t count = 0;
    for (const struct name *name = target.names[FIELD_RESOURCE_ID]; name != NULL; name = name->next)
        count++;
    assert_int_equal(count, TARGET_NAMES_MAX);
    bench_end(&bench);
}

/* ---- which clauses ---- */

static void never_forbids_its_step_with_and_without_a_condition(void **state)
{
    struct builtin other = plain_row;
    struct bench bench;
    (void)state;
    other.name = "isolate_role";
    bench_begin(&bench, "never respond stop_instance \"no stops\"\n" NOTES, ALERT);
    assert_true(is_protected(&bench));
    assert_null(judge_row(&bench, &other).guard);
    other.name = "stop_instance";
    other.verb = VERB_COLLECT;
    assert_null(judge_row(&bench, &other).guard);
    bench_end(&bench);
    bench_begin(&bench, "never respond any on host.name = \"db-1\" \"no\"\n" RULE, ALERT);
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_HOST_NAME, "db-1");
    other.verb = VERB_RESPOND;
    other.name = "isolate_role";
    assert_non_null(judge_row(&bench, &other).guard);
    bench_end(&bench);
}

static void never_target_lets_reads_and_steps_without_target_pass(void **state)
{
    struct builtin row = plain_row;
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target severity = high \"x\"\n" RULE, ALERT);
    assert_true(is_protected(&bench));
    row.effect = EFFECT_COLLECTS;
    assert_non_null(judge_row(&bench, &row).guard);
    row.effect = EFFECT_READS;
    assert_null(judge_row(&bench, &row).guard);
    row = plain_row;
    row.params[0].need = PARAM_OPTIONAL;
    assert_null(judge_row(&bench, &row).guard);
    bench_end(&bench);
}

static void a_clause_of_defaults_is_for_rules_of_its_file(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "defaults { never target host.name = \"db-1\" }\n" RULE, ALERT);
    fact(&bench, FIELD_HOST_NAME, "db-1");
    assert_true(is_protected(&bench));
    struct rule_code elsewhere = bench.program->rules[0];
    elsewhere.text_index = bench.program->text_count;
    const struct step_cause cause = {
        .program = bench.program, .rule = &elsewhere, .event = &bench.event
    };
    struct protection protection;
    assert_int_equal(
        protect_judge(&cause, &plain_row, &bench.plan, &bench.arena, &protection), ERR_OK);
    assert_null(protection.guard);
    bench_end(&bench);
}

static void an_environment_has_a_ceiling(void **state)
{
    struct builtin row = plain_row;
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target cloud.account = \"111122223333\" \"x\"\n" RULE, ALERT);
    struct guard_code guard = bench.program->guards[0];
    guard.kind = GUARD_ENVIRONMENT;
    guard.ceiling = CEILING_COLLECT;
    struct program program = *bench.program;
    program.guards = &guard;
    bench.program = &program;
    fact(&bench, FIELD_CLOUD_ACCOUNT, "444455556666");
    assert_false(is_protected(&bench));
    fact(&bench, FIELD_CLOUD_ACCOUNT, "111122223333");
    assert_true(is_protected(&bench));
    row.effect = EFFECT_COLLECTS;
    assert_null(judge_row(&bench, &row).guard);
    row.effect = EFFECT_DESTROYS;
    assert_non_null(judge_row(&bench, &row).guard);
    bench_end(&bench);
}

static void the_reason_names_the_target_the_clause_and_why(void **state)
{
    struct bench bench;
    (void)state;
    bench_begin(&bench, "never target host.name = \"db-1\" \"the ledger\"\n" RULE, ALERT);
    fact(&bench, FIELD_HOST_NAME, "db-1");
    struct protection protection = judge_row(&bench, &plain_row);
    assert_non_null(protection.reason);
    assert_non_null(strstr(protection.reason, "i-0a0a0a0a"));
    assert_non_null(strstr(protection.reason, "test.cdr:1"));
    assert_non_null(strstr(protection.reason, "never target host.name = \"db-1\""));
    assert_non_null(strstr(protection.reason, "the ledger"));
    bench_end(&bench);
}

static void little_memory_is_an_error_and_lets_nothing_through(void **state)
{
    struct bench bench;
    bool has_failed = false;
    bool has_judged = false;
    (void)state;
    bench_begin(&bench, "never target host.name = \"db-1\" \"x\"\n" RULE, ALERT);
    fact(&bench, FIELD_HOST_NAME, "d\u042C-1.example.org");
    tag(&bench, "\u0435nv", "prod");
    const struct step_cause cause = {
        .program = bench.program, .rule = &bench.program->rules[0], .event = &bench.event
    };
    for (size_t limit = 64; limit < 1024 * 1024; limit += limit / 8) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        struct protection protection = { .guard = NULL };
        enum err err = protect_judge(&cause, &plain_row, &bench.plan, &arena, &protection);
        assert_true(err == ERR_MEMORY || (err == ERR_OK && protection.guard != NULL));
        has_failed |= err == ERR_MEMORY;
        has_judged |= err == ERR_OK;
    }
    assert_true(has_failed && has_judged);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_protected_under_each_of_its_names),
        cmocka_unit_test(cased_does_not_let_a_name_through),
        cmocka_unit_test(an_id_and_its_arn_are_one_target),
        cmocka_unit_test(an_address_is_the_same_in_every_form),
        cmocka_unit_test(tags_of_each_resource_are_asked_by_themselves),
        cmocka_unit_test(a_second_tag_of_another_case_hides_nothing),
        cmocka_unit_test(a_tag_without_a_value_is_a_tag),
        cmocka_unit_test(no_allowed_name_excuses_another),
        cmocka_unit_test(names_of_two_fields_are_asked_in_every_combination),
        cmocka_unit_test(more_combinations_than_can_be_asked_protect),
        cmocka_unit_test(what_could_not_be_read_counts_as_protected),
        cmocka_unit_test(each_way_to_ask_for_a_gap_is_in_doubt),
        cmocka_unit_test(what_a_role_does_not_have_is_no_gap),
        cmocka_unit_test(a_promise_that_is_not_kept_is_a_gap),
        cmocka_unit_test(a_fact_that_does_not_fit_is_a_gap),
        cmocka_unit_test(a_name_with_too_many_readings_is_a_gap),
        cmocka_unit_test(the_alert_counts_too_and_facts_win_over_it),
        cmocka_unit_test(tags_of_the_alert_protect),
        cmocka_unit_test(what_only_the_alert_says_is_a_doubt_and_what_is_shown_is_not),
        cmocka_unit_test(more_names_than_are_compared_are_a_doubt),
        cmocka_unit_test(a_target_of_too_many_names_is_refused_for_those_that_are_known),
        cmocka_unit_test(an_alert_of_nothing_but_names_costs_no_more_than_some),
        cmocka_unit_test(never_forbids_its_step_with_and_without_a_condition),
        cmocka_unit_test(never_target_lets_reads_and_steps_without_target_pass),
        cmocka_unit_test(a_clause_of_defaults_is_for_rules_of_its_file),
        cmocka_unit_test(an_environment_has_a_ceiling),
        cmocka_unit_test(the_reason_names_the_target_the_clause_and_why),
        cmocka_unit_test(little_memory_is_an_error_and_lets_nothing_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
