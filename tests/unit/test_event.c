#include "program_builder.h"

#include <stdio.h>

#define BUILDER(name) CLEANUP(builder_free) struct builder *name = builder_new()

enum { RECEIVED_MS = 1000 };

struct read {
    struct arena arena;
    struct event event;
    struct json_fault fault;
    enum err err;
};

static void read_release(struct read *read)
{
    arena_release(&read->arena);
}

static struct read read_event(const struct builder *builder, const char *json, const char *forced)
{
    struct read read = { .arena = ARENA_INIT(EVENT_BYTES_MAX) };
    const struct projection *projection;
    assert_int_equal(projection_new(&read.arena, builder->program.paths,
                         builder->program.path_count, &projection),
        ERR_OK);
    read.err = event_read(&builder->program, projection, str_from(json), str_from(forced),
        RECEIVED_MS, &read.arena, &read.event, &read.fault);
    return read;
}

static const char *field(struct read *read, enum field which)
{
    assert_int_equal(read->err, ERR_OK);
    return value_print(&read->arena, read->event.fields[which]).ptr;
}

/* Sources alpha and beta, each told by a key of its name, and the canonical form. */
static struct builder *two_sources(void)
{
    struct builder *builder = builder_new();
    const char *const names[] = { "alpha", "beta" };
    for (size_t i = 0; i < 2; i++) {
        struct source_program *source = add_source(builder, names[i]);
        source->accept = builder->program.code_count;
        add_raw(builder, names[i]);
        add(builder, OP_EXISTS, 0);
        add(builder, OP_RETURN, 0);
        add_mapping(builder, source, FIELD_ALERT_ID, "id");
        add_mapping(builder, source, FIELD_SEVERITY, "severity");
        add_mapping(builder, source, FIELD_ALERT_TIME, "when");
        add_mapping(builder, source, FIELD_SRC_IP, "remote.ip");
    }
    struct source_program *canonical = &builder->program.canonical;
    add_mapping(builder, canonical, FIELD_ALERT_ID, "alert.id");
    add_mapping(builder, canonical, FIELD_HOST_NAME, "host.name");
    add_mapping(builder, canonical, FIELD_SG_ID, "sg.id");
    add_mapping(builder, canonical, FIELD_RECEIVED, "received");
    add_mapping(builder, canonical, FIELD_TIME, "time");
    assert_verifies(builder);
    return builder;
}

static void the_first_source_that_accepts_takes_the_alert(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release) struct read alpha = read_event(builder, "{\"alpha\":1,\"beta\":1}", "");
    CLEANUP(read_release) struct read beta = read_event(builder, "{\"beta\":null}", "");
    assert_string_equal(field(&alpha, FIELD_SOURCE), "alpha");
    assert_string_equal(field(&beta, FIELD_SOURCE), "beta");
    assert_true(str_is(beta.event.source, "beta"));
}

static void fields_have_their_types_or_are_absent(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release)
    struct read read = read_event(builder,
        "{\"alpha\":1,\"id\":42,\"Severity\":\"HIGH\",\"when\":\"2026-01-01 10:00:00\","
        "\"remote\":[{\"ip\":\"198.51.100.7\"},{\"ip\":\"nonsense\"},{\"ip\":\"2001:db8::1\"}]}",
        "");
    assert_string_equal(field(&read, FIELD_ALERT_ID), "42");
    assert_int_equal(read.event.fields[FIELD_ALERT_ID].kind, VALUE_TEXT);
    assert_int_equal(read.event.fields[FIELD_SEVERITY].kind, VALUE_SEVERITY);
    assert_string_equal(field(&read, FIELD_SRC_IP), "198.51.100.7, 2001:db8::1");
    assert_true(read.event.untrusted[FIELD_SRC_IP]);
    assert_false(read.event.untrusted[FIELD_SEVERITY]);
    assert_string_equal(field(&read, FIELD_ALERT_TIME), "2026-01-01T10:00:00Z");
    assert_string_equal(field(&read, FIELD_TIME), "2026-01-01T10:00:00Z");
    assert_string_equal(field(&read, FIELD_RECEIVED), "1970-01-01T00:00:01Z");
    CLEANUP(read_release)
    struct read odd = read_event(builder, "{\"alpha\":1,\"severity\":\"severe\",\"when\":12}", "");
    assert_string_equal(field(&odd, FIELD_SEVERITY), "-");
    assert_string_equal(field(&odd, FIELD_ALERT_TIME), "-");
    assert_true(odd.event.unread[FIELD_SEVERITY]); /* it said something, and nobody knows what */
    assert_true(read.event.unread[FIELD_SRC_IP]);
    assert_false(read.event.unread[FIELD_SEVERITY]);
    assert_string_equal(field(&odd, FIELD_TIME), "1970-01-01T00:00:01Z");
}

static void what_a_vendor_writes_for_nothing_is_absent_in_a_mapped_field(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    const char *const nothing[] = { "null", "\"\"", "[]", "[null]", "[\"\",null]", "[\"\"]" };
    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"alpha\":1,\"id\":%s,\"remote\":{\"ip\":%s}}", nothing[i],
            nothing[i]);
        CLEANUP(read_release) struct read read = read_event(builder, json, "");
        assert_int_equal(read.err, ERR_OK);
        assert_int_equal(read.event.fields[FIELD_ALERT_ID].kind, VALUE_ABSENT);
        assert_int_equal(read.event.fields[FIELD_SRC_IP].kind, VALUE_ABSENT);
        assert_false(read.event.unread[FIELD_SRC_IP]);
        assert_int_not_equal(read.event.raw.values[1].kind, VALUE_ABSENT);
    }
    CLEANUP(read_release)
    struct read some = read_event(builder, "{\"alpha\":1,\"id\":[null,\"A\",\"\",\"B\"]}", "");
    assert_string_equal(field(&some, FIELD_ALERT_ID), "A, B");
}

static void an_alert_in_canonical_names_means_what_it_says(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    static const struct {
        const char *json;
        enum value_kind kind;
    } cases[] = {
        { "null", VALUE_NULL },
        { "\"\"", VALUE_TEXT },
        { "[]", VALUE_LIST },
        { "[null]", VALUE_NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"source\":\"beta\",\"alert.id\":%s}", cases[i].json);
        CLEANUP(read_release) struct read read = read_event(builder, json, "");
        assert_int_equal(read.err, ERR_OK);
        assert_int_equal(read.event.fields[FIELD_ALERT_ID].kind, cases[i].kind);
    }
}

static void an_alert_that_no_source_takes_still_has_raw_paths(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release) struct read read = read_event(builder, "{\"id\":\"x\"}", "");
    assert_int_equal(read.err, ERR_OK);
    assert_int_equal(read.event.source.len, 0);
    assert_string_equal(field(&read, FIELD_SOURCE), "-");
    assert_string_equal(field(&read, FIELD_ALERT_ID), "-");
    assert_string_equal(field(&read, FIELD_TIME), "1970-01-01T00:00:01Z");
    assert_true(str_is(value_str(read.event.raw.values[1]), "x"));
}

static void a_source_can_be_forced(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release)
    struct read beta = read_event(builder, "{\"alpha\":1,\"id\":\"x\"}", "Beta");
    CLEANUP(read_release) struct read none = read_event(builder, "{\"alpha\":1}", "gamma");
    assert_string_equal(field(&beta, FIELD_SOURCE), "beta");
    assert_string_equal(field(&beta, FIELD_ALERT_ID), "x");
    assert_int_equal(none.err, ERR_NOT_FOUND);
}

static void the_canonical_form_is_nested_or_dotted(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    const char *const good[] = {
        "{\"source\":\"Beta\",\"host\":{\"name\":\"web-1\"}}",
        "{\"source\":\"beta\",\"host.name\":\"web-1\"}",
        "{\"Host\":{\"NAME\":\"web-1\",\"ip\":[\"192.0.2.1\"]},\"source\":\"beta\"}",
        "{\"sour\\u0063e\":\"b\\u0065ta\",\"host.name\":\"web-1\",\"severity\":\"high\"}",
        "{\"source\":\"beta\",\"host.name\":\"web-1\",\"sg\":{},\"user\":{\"name\":null}}",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        CLEANUP(read_release) struct read read = read_event(builder, good[i], "");
        if (strcmp(field(&read, FIELD_SOURCE), "beta") != 0
            || strcmp(field(&read, FIELD_HOST_NAME), "web-1") != 0)
            fail_msg("%s: source %s, host %s", good[i], field(&read, FIELD_SOURCE),
                field(&read, FIELD_HOST_NAME));
    }
}

static void anything_else_is_not_the_canonical_form(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    const char *const bad[] = {
        "{\"source\":\"gamma\",\"host.name\":\"web-1\"}",
        "{\"source\":\"beta\",\"host.name\":\"web-1\",\"vendor\":1}",
        "{\"source\":\"beta\",\"host\":{\"name\":\"web-1\",\"x\":1}}",
        "{\"source\":[\"beta\"],\"host.name\":\"web-1\"}",
        "{\"source\":{\"name\":\"beta\"},\"host.name\":\"web-1\"}",
        "{\"source\":\"beta\",\"host\":[{\"name\":\"web-1\"}]}",
        "{\"source\":\"beta\",\"host.ip\":[[\"192.0.2.1\"]]}",
        "{\"source\":\"beta\",\"host.ip\":[{}]}",
        "{\"source\":\"beta\",\"host\":\"web-1\"}",
        "{\"host.name\":\"web-1\"}",
        "{\"source\":7,\"host.name\":\"web-1\"}",
        "{\"source\":\"beta\",\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
        ("{\"source\":\"beta\","
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CLEANUP(read_release) struct read read = read_event(builder, bad[i], "");
        if (strcmp(field(&read, FIELD_SOURCE), "-") != 0)
            fail_msg("%s was taken for canonical", bad[i]);
    }
}

static void no_tag_of_a_resource_costs_the_other_fields(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    char long_key[700];
    snprintf(long_key, sizeof long_key, "{\"%0600d\":\"x\",\"env\":\"prod\"}", 0);
    const struct {
        const char *tags;
        uint32_t repairs;
    } cases[] = {
        { long_key, 0 },
        { "{\"a\":{\"b\":[{\"c\":1}]},\"env\":\"prod\",\"d\":[1,[2]]}", 2 },
        { "[{\"key\":\"env\",\"value\":\"prod\"},{\"Key\":{\"x\":[]}}]", 0 },
        { "{}", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char json[1000];
        snprintf(json, sizeof json,
            "{\"source\":\"beta\",\"resource\":{\"tags\":%s},\"alert\":{\"id\":\"x\"}}",
            cases[i].tags);
        CLEANUP(read_release) struct read read = read_event(builder, json, "");
        assert_string_equal(field(&read, FIELD_SOURCE), "beta");
        assert_string_equal(field(&read, FIELD_ALERT_ID), "x");
        assert_int_equal(read.event.repairs, cases[i].repairs);
        assert_int_equal(read.event.claimed.len, 0);
    }
}

static void an_alert_that_names_its_source_in_vain_says_why(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    const struct {
        const char *json;
        const char *claimed;
        const char *stranger;
    } cases[] = {
        { "{\"note\":{\"a\":[1]},\"source\":\"Beta\",\"b\":1}", "beta", "note.a" },
        { "{\"source\":\"beta\",\"host\":{\"\":1}}", "beta", "host." },
        { "{\"source\":\"beta\",\"\":1}", "beta", "an empty name" },
        { "{\"source\":\"beta\",\"host.ip\":[{}]}", "beta", "host.ip" },
        { "{\"source\":\"other\",\"note\":1}", "", "" },
        { "{\"source\":\"beta\",\"alpha\":1}", "", "" }, /* alpha takes it */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(read_release) struct read read = read_event(builder, cases[i].json, "");
        if (!str_is(read.event.claimed, cases[i].claimed)
            || !str_is(read.event.stranger, cases[i].stranger))
            fail_msg("%s: %.*s, %.*s", cases[i].json, STR_ARG(read.event.claimed),
                STR_ARG(read.event.stranger));
    }
}

static void received_is_our_own(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release)
    struct read read = read_event(builder,
        "{\"source\":\"beta\",\"received\":\"2030-01-01\",\"time\":\"2026-01-01T10:00:00Z\"}", "");
    assert_string_equal(field(&read, FIELD_RECEIVED), "1970-01-01T00:00:01Z");
    assert_string_equal(field(&read, FIELD_TIME), "2026-01-01T10:00:00Z");
}

static void an_alert_is_named_by_its_id_or_its_digest(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release)
    struct read named = read_event(builder, "{\"alpha\":1,\"id\":\"A-1\"}", "");
    CLEANUP(read_release)
    struct read nameless = read_event(builder, "{\"alpha\":1,\"id\":\"\"}", "");
    CLEANUP(read_release)
    struct read listed = read_event(builder, "{\"alpha\":1,\"id\":[\"A-2\",\"A-3\"]}", "");
    assert_true(str_is(event_name(&named.event, &named.arena), "A-1"));
    assert_true(str_is(event_name(&listed.event, &listed.arena), "A-2"));
    str name = event_name(&nameless.event, &nameless.arena);
    assert_int_equal(name.len, strlen("sha256:") + 16);
    assert_true(str_startswith(name, STR("sha256:")));
    assert_true(str_startswith(nameless.event.digest, str_skip(name, strlen("sha256:"))));
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    CLEANUP(builder_free) struct builder *builder = two_sources();
    CLEANUP(read_release) struct read read = read_event(builder, "{\"a\":}", "");
    assert_int_equal(read.err, ERR_JSON);
    assert_int_equal(read.fault.at, 5);
    assert_non_null(read.fault.reason);
}

/* Some ids in the data are placeholders (`${instance_id}`, `sg-..dummy`): no identifiers. */
static void real_alerts_are_read(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/data/alerts/guardduty/all.jsonl", "r");
    if (file == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    BUILDER(builder);
    struct source_program *source = add_source(builder, "guardduty");
    source->accept = builder->program.code_count;
    add_raw(builder, "event");
    add(builder, OP_EXISTS, 0);
    add(builder, OP_RETURN, 0);
    /* The envelope's path, and the bare finding's where that leaves the field absent. */
    const char *const prefixes[] = { "event.detail.", "event." };
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        const char *instance =
            arena_format(&builder->arena, "%sresource.instanceDetails.instanceId", prefixes[i]);
        const char *group = arena_format(&builder->arena,
            "%sresource.instanceDetails.networkInterfaces.securityGroups.groupId", prefixes[i]);
        add_mapping(builder, source, FIELD_INSTANCE_ID, instance);
        add_mapping(builder, source, FIELD_SG_ID, group);
    }
    char *line = NULL;
    size_t room = 0;
    int alerts = 0;
    int instances = 0;
    int groups = 0;
    while (getline(&line, &room, file) > 0) {
        CLEANUP(read_release) struct read read = read_event(builder, line, "");
        assert_int_equal(read.err, ERR_OK);
        alerts++;
        instances += read.event.fields[FIELD_INSTANCE_ID].kind == VALUE_TEXT;
        groups += read.event.fields[FIELD_SG_ID].kind == VALUE_LIST;
    }
    free(line);
    fclose(file);
    assert_true(alerts > 40);
    assert_int_equal(instances, 12);
    assert_int_equal(groups, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_source_that_accepts_takes_the_alert),
        cmocka_unit_test(fields_have_their_types_or_are_absent),
        cmocka_unit_test(what_a_vendor_writes_for_nothing_is_absent_in_a_mapped_field),
        cmocka_unit_test(an_alert_in_canonical_names_means_what_it_says),
        cmocka_unit_test(an_alert_that_no_source_takes_still_has_raw_paths),
        cmocka_unit_test(a_source_can_be_forced),
        cmocka_unit_test(the_canonical_form_is_nested_or_dotted),
        cmocka_unit_test(anything_else_is_not_the_canonical_form),
        cmocka_unit_test(no_tag_of_a_resource_costs_the_other_fields),
        cmocka_unit_test(an_alert_that_names_its_source_in_vain_says_why),
        cmocka_unit_test(received_is_our_own),
        cmocka_unit_test(an_alert_is_named_by_its_id_or_its_digest),
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(real_alerts_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
