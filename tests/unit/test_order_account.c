/* test_order_account.c - in which account a step acts, by what it was given. */
#include "act/executor.h"
#include "registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define FIRST "111122223333"
#define SECOND "444455556666"
#define FUNCTION "arn:aws:lambda:eu-west-1:" SECOND ":function:on-alert"
#define ROLE "arn:aws:iam::" SECOND ":role/web"
#define BOUNDARY "arn:aws:iam::aws:policy/ReadOnlyAccess"

struct given {
    const char *name;
    const char *text;
};

struct use {
    enum verb verb;
    const char *step;
    struct given given[2];
    const char *account;
};

static str account_of(const struct use *use)
{
    value args[STEP_PARAMS_MAX] = { 0 };
    const struct builtin *row = use->verb == VERB_UNDO
                                    ? builtin_find_inverse(str_from(use->step))
                                    : builtin_find_of(use->verb, str_from(use->step), "aws");
    assert_non_null(row);
    for (size_t i = 0; i < COUNT_OF(use->given) && use->given[i].name != NULL; i++) {
        uint32_t at = 0;
        while (strcmp(row->params[at].name, use->given[i].name) != 0)
            at++;
        args[at] = value_text(str_from(use->given[i].text));
    }
    struct step_order order = { .row = row, .args = args };
    return order_account(&order);
}

static void a_step_acts_in_the_account_of_what_it_acts_on(void **state)
{
    (void)state;
    static const struct use uses[] = {
        { VERB_RESPOND, "isolate_role", { { "role", ROLE } }, SECOND },
        { VERB_RESPOND, "isolate_role", { { "role", ROLE }, { "account", FIRST } }, FIRST },
        { VERB_RESPOND, "disable_user", { { "user", "arn:aws:iam::" SECOND ":user/a" } }, SECOND },
        { VERB_CALL, "lambda", { { "function", FUNCTION } }, SECOND },
        { VERB_CALL, "lambda", { { "function", "on-alert" }, { "account", SECOND } }, SECOND },
        { VERB_CALL, "webhook", { { "account", SECOND } }, SECOND },
        { VERB_UNDO, "unrestrict_role", { { "role", ROLE } }, SECOND },
    };
    for (size_t i = 0; i < COUNT_OF(uses); i++)
        assert_true(str_is(account_of(&uses[i]), uses[i].account));
}

static void a_text_that_is_an_arn_sends_no_step_to_its_account(void **state)
{
    (void)state;
    static const struct use uses[] = {
        { VERB_CALL, "webhook", { { "body", ROLE } }, "" },
        { VERB_RESPOND, "restrict_role", { { "role", "web" }, { "boundary", BOUNDARY } }, "" },
        { VERB_COLLECT, "snapshot", { { "share", SECOND } }, "" },
        { VERB_RESPOND, "disable_user", { { "user", "arn:aws:iam::" FIRST "4:user/a" } }, "" },
        { VERB_RESPOND, "disable_user", { { "user", "arn:aws:iam::11112222333x:user/a" } }, "" },
    };
    for (size_t i = 0; i < COUNT_OF(uses); i++)
        assert_int_equal(account_of(&uses[i]).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_acts_in_the_account_of_what_it_acts_on),
        cmocka_unit_test(a_text_that_is_an_arn_sends_no_step_to_its_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
