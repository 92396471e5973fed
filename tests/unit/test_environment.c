/* test_environment.c - tags as vendors write them, and environments as the conditions they are. */
#include "compiled.h"
#include "decide.h"

struct line {
    const char *alert;
    bool holds;
};

/* ---- tags ---- */

#define SOURCE                                                                                     \
    "source mine { accept exists raw[\"x\"] severity = raw[\"s\"]\n"                               \
    "  resource.tags = first(raw[\"tags\"], raw[\"labels\"]) }\n"
#define TAGGED(tags) "{\"x\":1,\"s\":\"high\",\"tags\":" tags "}"

static void tags_hold(const char *condition, const struct line *lines, size_t count)
{
    char text[512];
    snprintf(text, sizeof text, SOURCE "rule r { when %s then open case }", condition);
    for (size_t at = 0; at < count; at++) {
        if (fires(text, lines[at].alert) != lines[at].holds)
            print_error("%s: %s\n", condition, lines[at].alert);
        assert_int_equal(fires(text, lines[at].alert), lines[at].holds);
    }
}

static void tags_are_an_object_or_a_list_of_keys_and_values(void **state)
{
    (void)state;
    static const struct line prod[] = {
        { TAGGED("{\"env\":\"prod\"}"), true },
        { TAGGED("{\"a\":{\"env\":\"no\"},\"b\":[1,[2]],\"ENV\":\"Prod\"}"), true },
        { TAGGED("{\"e\\u006ev\":\"pr\\u006fd\"}"), true },
        { TAGGED("{\"env\":\"dev\",\"env\":\"prod\"}"), false }, /* the first counts */
        { TAGGED("[{\"key\":\"a\",\"value\":\"b\"},{\"key\":\"env\",\"value\":\"prod\"}]"), true },
        { TAGGED("[{\"Value\":\"prod\",\"Key\":\"Env\"}]"), true },
        { TAGGED("[{\"key\":\"env\",\"value\":\"dev\"},{\"key\":\"env\",\"value\":\"prod\"}]"),
            false },
        { TAGGED("[{\"key\":\"prod\",\"value\":\"env\"}]"), false },
        { TAGGED("[{\"env\":\"prod\"}]"), false }, /* no key, no value */
        { TAGGED("[\"env\",\"prod\",{\"key\":\"env\"},{\"value\":\"prod\"}]"), false },
        { TAGGED("{\"key\":\"env\",\"value\":\"prod\"}"), false }, /* tags called key and value */
        { TAGGED("{\"env\":{\"a\":\"prod\"}}"), false },
        { TAGGED("{\"env\":[\"prod\"]}"), false },
        { TAGGED("\"env=prod\""), false },
        { TAGGED("{}"), false },
        { TAGGED("[]"), false },
        { TAGGED("null,\"labels\":{\"env\":\"prod\"}"), true },
        { "{\"x\":1,\"s\":\"high\"}", false },
    };
    static const struct line missing[] = {
        { TAGGED("{\"env\":\"\"}"), false },
        { TAGGED("{\"env\":null}"), false },
        { TAGGED("{\"environment\":\"prod\"}"), true },
        { TAGGED("{\"env\":{}}"), true },
        { TAGGED("7"), true },
    };
    static const struct line number[] = {
        { TAGGED("{\"env\":7}"), true },
        { TAGGED("[{\"key\":\"env\",\"value\":7}]"), true },
        { TAGGED("{\"env\":true}"), false },
    };
    tags_hold("resource.tags[\"env\"] = \"prod\"", prod, COUNT_OF(prod));
    tags_hold("missing resource.tags[\"env\"]", missing, COUNT_OF(missing));
    tags_hold("resource.tags[\"env\"] = \"7\"", number, COUNT_OF(number));
}

static void a_canonical_alert_has_its_tags_in_an_object(void **state)
{
    (void)state;
    static const char rule[] =
        "rule r { when resource.tags[\"kubernetes.io/cluster\"] = \"a\" then open case }";
    assert_true(fires(rule,
        "{\"source\":\"webhook\",\"resource\":{\"tags\":{\"kubernetes.io/cluster\":\"a\"}}}"));
    assert_true(fires(
        rule, "{\"source\":\"webhook\",\"resource.tags\":{\"kubernetes.io/cluster\":\"a\"}}"));
    assert_false(
        fires(rule, "{\"source\":\"webhook\",\"resource\":{\"tags\":{\"cluster\":\"a\"}}}"));
}

static void guardduty_tells_the_tags_of_the_instance(void **state)
{
    (void)state;
    static const char rule[] =
        "rule r { when source = guardduty and resource.tags[\"Env\"] = \"prod\" then open case }";
    assert_true(fires(rule,
        "{\"source\":\"aws.guardduty\",\"detail\":{\"resource\":{\"instanceDetails\":{\"tags\":"
        "[{\"key\":\"Name\",\"value\":\"x\"},{\"key\":\"env\",\"value\":\"prod\"}]}}}}"));
}

/* ---- environments ---- */

static const char production[] =
    "environment production {\n"
    "  aws accounts [\"111122223333\", \"444455556666\"] regions [\"eu-west-1\"]\n"
    "    tags { env = [\"prod\", \"live\"], team = \"pay\" }\n"
    "  aws accounts [\"777788889999\"]\n"
    "  gcp\n"
    "}\n";

#define CLOUD(members) "{\"source\":\"webhook\",\"severity\":\"high\",\"cloud\":{" members "}"
#define TAGS(members) ",\"resource\":{\"tags\":{" members "}}}"

enum where { IN, NOT_IN, IN_DOUBT };

static const struct {
    const char *alert;
    enum where where;
} places[] = {
    { CLOUD("\"provider\":\"aws\",\"account\":\"111122223333\",\"region\":\"eu-west-1\"")
            TAGS("\"env\":\"live\",\"team\":\"pay\""),
        IN },
    { CLOUD("\"provider\":\"AWS\",\"account\":\"777788889999\"") "}", IN },
    { CLOUD("\"provider\":\"gcp\"") "}", IN },
    { CLOUD("\"provider\":\"azure\"") "}", NOT_IN },
    { CLOUD("\"provider\":\"aws\",\"account\":\"999900001111\"") "}", NOT_IN },
    { CLOUD("\"provider\":\"aws\",\"account\":\"111122223333\",\"region\":\"us-east-1\"") "}",
        NOT_IN },
    { CLOUD("\"provider\":\"aws\",\"account\":\"111122223333\",\"region\":\"eu-west-1\"")
            TAGS("\"env\":\"dev\""),
        NOT_IN },
    { CLOUD("\"provider\":\"aws\",\"account\":\"111122223333\",\"region\":\"eu-west-1\"")
            TAGS("\"env\":\"live\""),
        IN_DOUBT },
    { CLOUD("\"provider\":\"aws\"") "}", IN_DOUBT },
    { CLOUD("\"account\":\"111122223333\"") "}", IN_DOUBT },
    { CLOUD("\"region\":\"us-east-1\"") "}", IN_DOUBT },
    { CLOUD("") "}", IN_DOUBT },
};

static void in_and_not_in_hold_only_for_what_the_alert_tells(void **state)
{
    (void)state;
    char inside[1024], outside[1024], negated[1024];
    snprintf(inside, sizeof inside, "%srule r { when resource in production then open case }",
        production);
    snprintf(outside, sizeof outside, "%srule r { when resource not in production then open case }",
        production);
    snprintf(negated, sizeof negated,
        "rule r { when not (is_prod) then open case } let is_prod = resource in production\n%s",
        production);
    for (size_t at = 0; at < COUNT_OF(places); at++) {
        if (fires(inside, places[at].alert) != (places[at].where == IN)
            || fires(outside, places[at].alert) != (places[at].where == NOT_IN))
            print_error("%s\n", places[at].alert);
        assert_int_equal(fires(inside, places[at].alert), places[at].where == IN);
        assert_int_equal(fires(outside, places[at].alert), places[at].where == NOT_IN);
        assert_int_equal(fires(negated, places[at].alert), places[at].where != IN);
    }
}

static void an_excuse_by_environment_is_in_doubt_where_the_alert_is_silent(void **state)
{
    (void)state;
    static const enum rule_outcome outcomes[] = { RULE_EXCUSED, RULE_FIRES, RULE_FIRES_IN_DOUBT };
    char text[1024];
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    snprintf(text, sizeof text,
        "%srule r { when severity >= high unless resource in production then open case }",
        production);
    const struct program *program = compile_good(&compilation, text);
    for (size_t at = 0; at < COUNT_OF(places); at++) {
        struct rule_decision decision;
        struct event event = read_alert(program, &compilation.arena, places[at].alert);
        assert_int_equal(
            rule_decide(program, &program->rules[0], &event, &compilation.arena, &decision),
            ERR_OK);
        if (decision.outcome != outcomes[places[at].where])
            print_error("%s\n", places[at].alert);
        assert_int_equal(decision.outcome, outcomes[places[at].where]);
    }
}

/* Writing an environment out is no other rule. */
static void a_rule_is_the_same_with_its_environment_written_out(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation named = { 0 };
    CLEANUP(compile_release) struct compilation plain = { 0 };
    const struct program *a = compile_good(&named,
        "environment e { aws accounts [\"111122223333\"] tags { env = \"prod\" } }\n"
        "rule r { when resource in e then open case }");
    const struct program *b = compile_good(&plain,
        "rule q { when cloud.provider = \"aws\" and cloud.account in [\"111122223333\"]\n"
        "  and resource.tags[\"env\"] = \"prod\" then open case }");
    assert_true(str_equal(a->rules[0].id, b->rules[0].id));
}

/* Which accounts are of the organization a rule cannot know: whatever account there is counts. */
static void every_account_is_of_the_organization_and_none_is_outside(void **state)
{
    (void)state;
#define OURS "environment ours { aws accounts organization tags { env = \"prod\" } }\n"
#define AWS_ALERT(more)                                                                            \
    "{\"source\":\"guardduty\",\"severity\":\"high\",\"cloud\":{\"provider\":\"aws\"" more "}}"
#define ACCOUNT ",\"account\":\"111122223333\"}"
    static const char inside[] =
        OURS "rule r { when severity = high and resource in ours then open case }";
    static const char outside[] =
        OURS "rule r { when severity = high and resource not in ours then open case }";
    assert_true(fires(inside, AWS_ALERT(ACCOUNT ",\"resource\":{\"tags\":{\"env\":\"prod\"}")));
    assert_false(fires(inside, AWS_ALERT(ACCOUNT ",\"resource\":{\"tags\":{\"env\":\"dev\"}")));
    assert_false(fires(inside, AWS_ALERT("},\"resource\":{\"tags\":{\"env\":\"prod\"}")));
    assert_true(fires(outside, AWS_ALERT(ACCOUNT ",\"resource\":{\"tags\":{\"env\":\"dev\"}")));
    assert_false(fires(outside, AWS_ALERT(ACCOUNT ",\"resource\":{\"tags\":{\"env\":\"prod\"}")));
}

/* A ceiling for the organization holds where nobody says which account it is. */
static void a_clause_on_the_organization_holds_where_the_account_is_not_known(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct program *program =
        compile_good(&compilation, "environment ours { aws accounts organization mode observe }\n"
                                   "rule r { when severity = high then open case }");
    assert_int_equal(program->guard_count, 1);
    assert_int_not_equal(program->guards[0].possible, NO_INDEX);
    assert_int_equal(program->guards[0].read_count, 2);
    assert_true(str_is(program->guards[0].reads[1].name, "cloud.account"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_an_object_or_a_list_of_keys_and_values),
        cmocka_unit_test(a_canonical_alert_has_its_tags_in_an_object),
        cmocka_unit_test(guardduty_tells_the_tags_of_the_instance),
        cmocka_unit_test(in_and_not_in_hold_only_for_what_the_alert_tells),
        cmocka_unit_test(an_excuse_by_environment_is_in_doubt_where_the_alert_is_silent),
        cmocka_unit_test(a_rule_is_the_same_with_its_environment_written_out),
        cmocka_unit_test(every_account_is_of_the_organization_and_none_is_outside),
        cmocka_unit_test(a_clause_on_the_organization_holds_where_the_account_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
