/* test_way.c - of several providers that could, the target, the rules and the alert say who acts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "act/way.h"

#include <string.h>

enum { HOST, INSTANCE, TO };
#define PARAMS                                                                                     \
    {                                                                                              \
        { .name = "host", .type = TYPE_HOST, .need = PARAM_TARGET },                               \
            { .name = "instance", .type = TYPE_INSTANCE, .need = PARAM_TARGET },                   \
            { .name = "to", .type = TYPE_TEXT, .need = PARAM_OPTIONAL, .setting = "evidence" },    \
    }

static bool is_long(const value *args)
{
    return args[HOST].kind == VALUE_TEXT && value_str(args[HOST]).len > 4;
}

static bool has_host(const value *args)
{
    return args[HOST].kind == VALUE_TEXT;
}

static bool has_instance(const value *args)
{
    return args[INSTANCE].kind == VALUE_TEXT;
}

static const struct builtin falcon = {
    .name = "triage", .provider = "crowdstrike", .params = PARAMS, .fits = has_host
};
static const struct builtin defender = {
    .name = "triage", .provider = "defender", .params = PARAMS, .fits = is_long
};
static const struct builtin aws = {
    .name = "triage", .provider = "aws", .params = PARAMS, .fits = has_instance
};
static const struct builtin *const ways[] = { &falcon, &defender, &aws, NULL };
static const struct builtin front = { .name = "triage", .params = PARAMS, .ways = ways };

struct asked {
    struct program program;
    struct step_code code;
    struct event event;
    struct arena arena;
    value args[STEP_PARAMS_MAX];
    const char *reason;
};

static struct asked asked_of(const char *host, const char *instance)
{
    struct asked asked = { .code = { .builtin = &front, .via = STR("") },
        .event = { .source = STR("webhook"), .provider = STR("") } };
    if (host != NULL)
        asked.args[HOST] = value_text(str_from(host));
    if (instance != NULL)
        asked.args[INSTANCE] = value_text(str_from(instance));
    return asked;
}

static const struct builtin *choose(struct asked *asked)
{
    const struct builtin *row = NULL;
    asked->reason = NULL;
    enum err err = way_choose(&asked->program, &asked->code, &asked->event, asked->args,
        &asked->arena, &row, &asked->reason);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    assert_int_equal(err == ERR_OK, asked->reason == NULL);
    return err == ERR_OK ? row : NULL;
}

static void the_form_of_the_target_decides(void **state)
{
    (void)state;
    struct asked asked = asked_of("d1", NULL);
    assert_ptr_equal(choose(&asked), &falcon);
    asked = asked_of(NULL, "i-1");
    assert_ptr_equal(choose(&asked), &aws);
    asked = asked_of(NULL, NULL);
    assert_null(choose(&asked));
    arena_release(&asked.arena);
}

static void of_several_the_one_that_is_connected_acts_and_then_the_alerts_own(void **state)
{
    (void)state;
    static const struct connection_setting evidence = {
        .key = { "evidence", 8 }, .way = WAY_WRITTEN, .text = { "/srv/e", 6 }
    };
    struct connection_code connections[] = {
        { .provider = STR("defender"), .settings = &evidence, .setting_count = 1 },
        { .provider = STR("crowdstrike") },
    };
    struct asked asked = asked_of("device-1", NULL);
    assert_null(choose(&asked));
    assert_non_null(strstr(asked.reason, "write via=crowdstrike"));
    asked.event.source = STR("defender");
    assert_ptr_equal(choose(&asked), &defender);
    asked.program = (struct program){ .connections = connections, .connection_count = 1 };
    asked.event.source = STR("crowdstrike");
    assert_ptr_equal(choose(&asked), &defender);
    assert_true(str_is(value_str(asked.args[TO]), "/srv/e"));
    asked.program.connection_count = 2;
    assert_ptr_equal(choose(&asked), &falcon);
    arena_release(&asked.arena);
}

static void via_names_the_provider_and_what_was_given_stays(void **state)
{
    (void)state;
    struct connection_setting evidence = {
        .key = STR("evidence"), .way = WAY_WRITTEN, .text = STR("/srv/e")
    };
    struct connection_code connection = {
        .provider = STR("defender"), .settings = &evidence, .setting_count = 1
    };
    struct asked asked = asked_of("device-1", "i-1");
    asked.program = (struct program){ .connections = &connection, .connection_count = 1 };
    asked.code.via = STR("defender");
    asked.code.given = 1U << TO;
    assert_ptr_equal(choose(&asked), &defender);
    assert_int_equal(
        asked.args[TO].kind, VALUE_ABSENT); /* the rule wrote it, and it came to nothing */
    asked.args[HOST] = value_text(STR("d1"));
    assert_null(choose(&asked));
    assert_string_equal(
        asked.reason, "host d1, instance i-1 is nothing that defender could know by that name");
    arena_release(&asked.arena);
}

static void what_acts_on_the_alert_is_of_its_source(void **state)
{
    (void)state;
    static const struct builtin theirs = { .name = "note", .provider = "defender", .tells = true };
    static const struct builtin *const notes[] = { &theirs, NULL };
    static const struct builtin note = { .name = "note", .tells = true, .ways = notes };
    struct asked asked = asked_of(NULL, NULL);
    asked.code.builtin = &note;
    assert_null(choose(&asked));
    assert_string_equal(asked.reason, "the alert is none of defender");
    asked.event.source = STR("defender");
    assert_ptr_equal(choose(&asked), &theirs);
    arena_release(&asked.arena);
}

static void a_row_without_ways_acts_itself(void **state)
{
    (void)state;
    struct asked asked = asked_of("d1", NULL);
    asked.code.builtin = &aws;
    assert_ptr_equal(choose(&asked), &aws);
    arena_release(&asked.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_of_the_target_decides),
        cmocka_unit_test(of_several_the_one_that_is_connected_acts_and_then_the_alerts_own),
        cmocka_unit_test(via_names_the_provider_and_what_was_given_stays),
        cmocka_unit_test(what_acts_on_the_alert_is_of_its_source),
        cmocka_unit_test(a_row_without_ways_acts_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
