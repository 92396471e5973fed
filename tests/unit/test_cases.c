/* test_cases.c - alerts about one identifier are one case; nothing that an attacker chooses joins. */
#include "compiled.h"
#include "store_fixture.h"

#include "store/cases.h"
#include "store/dedup.h"

#define HOUR INT64_C(3600000)

/* A program for its sources, and a journal. */
struct cases {
    struct compilation compilation;
    struct fixture fixture;
    unsigned alerts;
    enum case_entry entry; /* of the last alert */
};

static struct cases cases_new(void)
{
    struct cases c = { .fixture = fixture_new() };
    compile_good(&c.compilation, "when source = crowdstrike then open case");
    return c;
}

static void cases_release(struct cases *c)
{
    compile_release(&c->compilation);
    fixture_release(&c->fixture);
}

/* The case that the alert of that name joins. */
static int64_t joins_as(struct cases *c, const char *name, const char *json, int64_t at_ms)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct event event = read_alert(c->compilation.program, &arena, json);
    int64_t id = 0;
    assert_int_equal(cases_join(c->fixture.store, &event, str_from(name), at_ms, CASE_WINDOW_MS,
                         &arena, &id, &c->entry),
        ERR_OK);
    assert_true(id > 0);
    return id;
}

/* The same for an alert of a new name. */
static int64_t joins(struct cases *c, const char *json, int64_t at_ms)
{
    char name[32];
    snprintf(name, sizeof name, "alert-%u", ++c->alerts);
    return joins_as(c, name, json, at_ms);
}

#define HOST(id) "{\"source\":\"crowdstrike\",\"host\":{\"id\":\"" id "\"}}"
#define INSTANCE(source, id) "{\"source\":\"" source "\",\"instance\":{\"id\":\"" id "\"}}"

static void alerts_of_one_host_within_a_day_are_one_case(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    int64_t first = joins(&c, HOST("h1"), 0);
    assert_int_equal(joins(&c, HOST("h1"), 20 * HOUR), first);
    assert_int_equal(c.entry, CASE_JOINED);
    assert_int_equal(joins(&c, HOST("H1"), 44 * HOUR), first); /* a day after the newest */
    int64_t later = joins(&c, HOST("h1"), 68 * HOUR + 1);
    assert_int_not_equal(later, first);
    assert_int_not_equal(joins(&c, HOST("h2"), 68 * HOUR + 1), later);
}

static void a_case_survives_that_cdr_ends(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    int64_t first = joins(&c, HOST("h1"), 0);
    reopen(&c.fixture);
    assert_int_equal(joins(&c, HOST("h1"), HOUR), first);
}

static void an_instance_is_the_same_at_every_source_and_a_host_is_not(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    int64_t first = joins(&c, INSTANCE("guardduty", "i-0123456789abcdef0"), 0);
    assert_int_equal(joins(&c, INSTANCE("wiz", "i-0123456789abcdef0"), 0), first);
    first = joins(&c, HOST("h1"), 0);
    assert_int_not_equal(joins(&c, "{\"source\":\"defender\",\"host\":{\"id\":\"h1\"}}", 0), first);
}

static void names_and_addresses_join_nothing(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    const char *json = "{\"source\":\"crowdstrike\",\"host\":{\"name\":\"web-1\",\"ip\":"
                       "\"192.0.2.1\"},\"user\":{\"name\":\"root\"},\"src\":{\"ip\":"
                       "\"198.51.100.7\"},\"role\":{\"name\":\"web\"}}";
    int64_t first = joins(&c, json, 0);
    assert_int_not_equal(joins(&c, json, 0), first);
}

static void a_role_joins_by_its_arn_and_not_by_its_name(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    const char *arn = "{\"source\":\"guardduty\",\"role\":{\"arn\":"
                      "\"arn:aws:iam::111122223333:role/web\"}}";
    const char *name = "{\"source\":\"guardduty\",\"role\":{\"arn\":\"web\"}}";
    int64_t first = joins(&c, arn, 0);
    assert_int_equal(joins(&c, arn, 0), first);
    first = joins(&c, name, 0);
    assert_int_not_equal(joins(&c, name, 0), first);
}

static void what_stands_for_many_things_joins_nothing(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    static const char *const alerts[] = {
        "{\"source\":\"defender\",\"user\":{\"id\":\"S-1-5-18\"}}",
        "{\"source\":\"defender\",\"host\":{\"id\":\"Unknown\"}}",
        "{\"source\":\"defender\",\"host\":{\"id\":\"00000000-0000-0000-0000-000000000000\"}}",
    };
    for (size_t i = 0; i < COUNT_OF(alerts); i++) {
        int64_t first = joins(&c, alerts[i], 0);
        assert_int_not_equal(joins(&c, alerts[i], 0), first);
    }
    const char *own = "{\"source\":\"defender\",\"user\":{\"id\":\"S-1-5-21-1-2-3-1001\"}}";
    int64_t first = joins(&c, own, 0);
    assert_int_equal(joins(&c, own, 0), first);
}

static void what_an_attacker_wrote_joins_only_by_its_form(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct event event = read_alert(c.compilation.program, &arena,
        "{\"source\":\"webhook\",\"host\":{\"id\":\"h1\"},\"user\":{\"id\":\"u1\"},"
        "\"instance\":{\"id\":\"i-0123456789abcdef0\"}}");
    struct entity *entities;
    size_t count;
    assert_int_equal(event_entities(&event, &arena, &entities, &count), ERR_OK);
    assert_int_equal(count, 3);
    event.untrusted[FIELD_HOST_ID] = true;
    event.untrusted[FIELD_USER_ID] = true;
    event.untrusted[FIELD_INSTANCE_ID] = true;
    assert_int_equal(event_entities(&event, &arena, &entities, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(entities[0].field, "instance.id"));
}

static void an_alert_that_fits_two_cases_joins_the_older_and_the_other_is_related(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct case_record *related;
    size_t count;
    int64_t host = joins(&c, HOST("h1"), 0);
    int64_t user = joins(&c, "{\"source\":\"crowdstrike\",\"user\":{\"id\":\"u1\"}}", HOUR);
    assert_int_not_equal(host, user);
    const char *both =
        "{\"source\":\"crowdstrike\",\"host\":{\"id\":\"h1\"},\"user\":{\"id\":\"u1\"}}";
    assert_int_equal(joins(&c, both, 2 * HOUR), host);
    assert_int_equal(
        cases_related(c.fixture.store, host, CASE_WINDOW_MS, &c.fixture.arena, &related, &count),
        ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(related[0].id, user);
    assert_int_equal(
        cases_related(c.fixture.store, user, CASE_WINDOW_MS, &c.fixture.arena, &related, &count),
        ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(related[0].id, host);
    joins(&c, HOST("h1"), 200 * HOUR); /* another case, and long after */
    assert_int_equal(
        cases_related(c.fixture.store, host, CASE_WINDOW_MS, &c.fixture.arena, &related, &count),
        ERR_OK);
    assert_int_equal(count, 1);
}

static void an_alert_sent_again_stays_in_its_case_and_is_counted_once(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct case_record record;
    const char *nothing = "{\"source\":\"crowdstrike\",\"alert\":{\"title\":\"Odd\"}}";
    int64_t first = joins_as(&c, "a", nothing, 0);
    assert_int_equal(c.entry, CASE_OPENED);
    assert_int_equal(joins_as(&c, "a", nothing, 100 * HOUR), first);
    assert_int_equal(c.entry, CASE_KNOWN);
    assert_int_not_equal(joins_as(&c, "b", nothing, 0), first);
    assert_int_equal(cases_get(c.fixture.store, first, &c.fixture.arena, &record), ERR_OK);
    assert_int_equal(record.alerts, 1);
    assert_int_equal(record.last_ms, 100 * HOUR);
    assert_true(str_is(record.title, "Odd"));
    assert_int_equal(
        cases_get(c.fixture.store, first + 9, &c.fixture.arena, &record), ERR_NOT_FOUND);
}

/* An alert with 32 hosts, the first of them h<from>. */
static int64_t joins_many(struct cases *c, unsigned from, unsigned count, int64_t at_ms)
{
    CLEANUP(buf_release) struct buf json = BUF_INIT(65536);
    buf_add(&json, STR("{\"source\":\"crowdstrike\",\"host\":{\"id\":["));
    for (unsigned i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s\"h%u\"", i == 0 ? "" : ",", from + i);
        buf_add(&json, str_from(id));
    }
    buf_add(&json, STR("]}}"));
    assert_int_equal(json.err, ERR_OK);
    return joins(c, json.ptr, at_ms);
}

static void a_case_that_knows_enough_learns_no_more_and_still_takes_alerts(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct case_entity *entities;
    size_t count;
    int64_t first = joins_many(&c, 0, 1, 0);
    for (unsigned at = 0; at < CASE_ENTITIES_MAX * 2; at += ENTITIES_OF_FIELD_MAX / 2)
        joins_many(&c, at, ENTITIES_OF_FIELD_MAX, 1);
    assert_int_equal(
        cases_entities(c.fixture.store, first, &c.fixture.arena, &entities, &count), ERR_OK);
    assert_int_equal(count, CASE_ENTITIES_MAX);
    assert_int_equal(joins(&c, HOST("h3"), 2), first);
    assert_int_not_equal(joins(&c, HOST("h300"), 2), first);
}

static void a_storm_of_identifiers_in_one_alert_is_cut(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct case_entity *entities;
    struct case_alert *alerts;
    size_t count;
    int64_t id = joins_many(&c, 0, 1000, 5);
    assert_int_equal(
        cases_entities(c.fixture.store, id, &c.fixture.arena, &entities, &count), ERR_OK);
    assert_int_equal(count, ENTITIES_OF_FIELD_MAX);
    assert_true(str_is(entities[0].field, "host.id"));
    assert_true(str_is(entities[0].scope, "crowdstrike"));
    assert_int_equal(entities[0].last_ms, 5);
    assert_int_equal(cases_alerts(c.fixture.store, id, &c.fixture.arena, &alerts, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(alerts[0].source, "crowdstrike"));
}

static void the_newest_cases_are_listed_oldest_first(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct case_record *records;
    size_t count;
    joins(&c, HOST("h1"), 0);
    int64_t second = joins(&c, HOST("h2"), 0);
    joins(&c, HOST("h3"), 0);
    assert_int_equal(cases_list(c.fixture.store, 2, &c.fixture.arena, &records, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(records[0].id, second);
    assert_int_equal(cases_list(c.fixture.store, 0, &c.fixture.arena, &records, &count), ERR_OK);
    assert_int_equal(count, 3);
}

/* ---- dedup ---- */

static int64_t window_run(struct fixture *f, const char *key, int64_t now_ms)
{
    struct dedup dedup = { .rule_id = STR("5c1d"), .key = str_from(key) };
    enum err err = dedup_find(f->store, now_ms, &dedup);
    if (err != ERR_NOT_FOUND)
        assert_int_equal(err, ERR_OK);
    return err == ERR_OK ? dedup.run : 0;
}

static void a_window_counts_from_the_first_and_is_forgotten_when_it_is_over(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t run = run_new(&f, "a");
    struct dedup dedup = { .rule_id = STR("5c1d"), .key = STR("k"), .run = run, .until_ms = 100 };
    assert_int_equal(dedup_begin(f.store, 0, &dedup), ERR_OK);
    reopen(&f);
    assert_int_equal(window_run(&f, "k", 99), run);
    assert_int_equal(window_run(&f, "k", 100), 0);
    assert_int_equal(window_run(&f, "other", 0), 0);
    dedup = (struct dedup){ .rule_id = STR("77aa"), .key = STR("k"), .run = run, .until_ms = 200 };
    assert_int_equal(dedup_begin(f.store, 100, &dedup), ERR_OK);
    assert_int_equal(window_run(&f, "k", 0), 0); /* forgotten, and never of another rule */
}

static void a_run_that_came_to_nothing_cannot_be_joined(void **state)
{
    (void)state;
    static const struct {
        const char *states[2];
        bool has_changed;
        bool is_joined;
    } cases[] = {
        { { "done", NULL }, false, true },
        { { "failed", NULL }, false, false },
        { { "unresolved", NULL }, false, false },
        { { "failed", NULL }, true, true },
        { { "rejected", NULL }, false, true },
        { { "shadowed", "done" }, false, true },
        { { "done", "failed" }, false, false },
        { { "done", "failed" }, true, true },
        { { "rejected", "unresolved" }, false, false },
        { { NULL, NULL }, false, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        int64_t run = run_new(&f, "a");
        struct dedup dedup = {
            .rule_id = STR("5c1d"), .key = STR("k"), .run = run, .until_ms = 100
        };
        assert_int_equal(dedup_begin(f.store, 0, &dedup), ERR_OK);
        assert_int_equal(window_run(&f, "k", 0), run); /* open */
        for (uint32_t at = 0; at < 2 && cases[i].states[at] != NULL; at++)
            step_new(&f, run, at);
        if (cases[i].has_changed)
            call_new(&f, run, 0, true, REPLY_LOST, 0);
        for (uint32_t at = 0; at < 2 && cases[i].states[at] != NULL; at++)
            step_over(&f, run, at, cases[i].states[at]);
        assert_int_equal(store_run_end(f.store, run, 9), ERR_OK);
        assert_int_equal(window_run(&f, "k", 0), cases[i].is_joined ? run : 0);
    }
}

static void an_alert_that_joined_is_known_again_by_its_rule_or_the_name_of_it(void **state)
{
    (void)state;
    CLEANUP(cases_release) struct cases c = cases_new();
    struct fixture *f = &c.fixture;
    int64_t id = joins(&c, HOST("h1"), 0);
    int64_t run = run_new(f, "a");
    int64_t found = 0;
    struct joined_alert joined = { .source = STR("crowdstrike"),
        .alert = STR("b"),
        .rule_id = STR("5c1d"),
        .rule = STR("stolen_role"),
        .run = run,
        .case_id = id,
        .at_ms = 7 };
    assert_int_equal(dedup_join(f->store, &joined), ERR_OK);
    assert_int_equal(dedup_join(f->store, &joined), ERR_OK);
    struct run_key key = {
        .alert = STR("b"), .source = STR("crowdstrike"), .rule = STR("new"), .rule_id = STR("5c1d")
    };
    assert_int_equal(dedup_joined(f->store, &key, &found), ERR_OK);
    assert_int_equal(found, run);
    key.rule_id = STR("77aa");
    assert_int_equal(dedup_joined(f->store, &key, &found), ERR_NOT_FOUND);
    key.rule = STR("stolen_role");
    assert_int_equal(dedup_joined(f->store, &key, &found), ERR_OK);
    struct joined_alert *alerts;
    size_t count;
    assert_int_equal(dedup_alerts(f->store, run, 0, &f->arena, &alerts, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(alerts[0].alert, "b"));
    assert_int_equal(dedup_alerts(f->store, 0, id + 1, &f->arena, &alerts, &count), ERR_OK);
    assert_int_equal(count, 0);
}

/* The key of the alert under the only rule of `text`. */
static str key_of(struct compilation *compilation, struct arena *arena, const char *json)
{
    const struct program *program = compilation->program;
    struct event event = read_alert(program, arena, json);
    str key;
    assert_int_equal(dedup_key(program, &program->rules[0], &event, arena, &key), ERR_OK);
    return key;
}

static void a_key_is_the_values_in_any_case_and_none_without_a_field(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    compile_good(&compilation, "when source = webhook dedup by host.name, user.id for 6h "
                               "then open case");
    str first = key_of(&compilation, &arena,
        "{\"source\":\"webhook\",\"host\":{\"name\":\"\u00c9-1\"},\"user\":{\"id\":\"u\"}}");
    assert_int_equal(first.len, 64);
    assert_true(str_equal(first,
        key_of(&compilation, &arena,
            "{\"source\":\"webhook\",\"host\":{\"name\":\"\u00e9-1\"},\"user\":{\"id\":\"U\"}}")));
    assert_false(str_equal(first,
        key_of(&compilation, &arena,
            "{\"source\":\"webhook\",\"host\":{\"name\":\"\u00e9-1u\"},\"user\":{\"id\":\"-\"}}")));
    assert_int_equal(
        key_of(&compilation, &arena, "{\"source\":\"webhook\",\"host\":{\"name\":\"w\"}}").len, 0);
    assert_int_equal(
        key_of(&compilation, &arena,
            "{\"source\":\"webhook\",\"host\":{\"name\":\"w\"},\"user\":{\"id\":null}}")
            .len,
        0);
}

static void a_rule_without_dedup_has_no_key(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    compile_good(&compilation, "when source = webhook then open case");
    assert_int_equal(key_of(&compilation, &arena, "{\"source\":\"webhook\"}").len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_of_one_host_within_a_day_are_one_case),
        cmocka_unit_test(a_case_survives_that_cdr_ends),
        cmocka_unit_test(an_instance_is_the_same_at_every_source_and_a_host_is_not),
        cmocka_unit_test(names_and_addresses_join_nothing),
        cmocka_unit_test(a_role_joins_by_its_arn_and_not_by_its_name),
        cmocka_unit_test(what_stands_for_many_things_joins_nothing),
        cmocka_unit_test(what_an_attacker_wrote_joins_only_by_its_form),
        cmocka_unit_test(an_alert_that_fits_two_cases_joins_the_older_and_the_other_is_related),
        cmocka_unit_test(an_alert_sent_again_stays_in_its_case_and_is_counted_once),
        cmocka_unit_test(a_case_that_knows_enough_learns_no_more_and_still_takes_alerts),
        cmocka_unit_test(a_storm_of_identifiers_in_one_alert_is_cut),
        cmocka_unit_test(the_newest_cases_are_listed_oldest_first),
        cmocka_unit_test(a_window_counts_from_the_first_and_is_forgotten_when_it_is_over),
        cmocka_unit_test(a_key_is_the_values_in_any_case_and_none_without_a_field),
        cmocka_unit_test(a_rule_without_dedup_has_no_key),
        cmocka_unit_test(a_run_that_came_to_nothing_cannot_be_joined),
        cmocka_unit_test(an_alert_that_joined_is_known_again_by_its_rule_or_the_name_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
