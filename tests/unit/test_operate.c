#include "match/operate.h"

#include "match/glob.h"
#include "match/regex.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

/* One arena for the values of all tests. */
static int setup(void **state)
{
    *state = calloc(1, sizeof(struct arena));
    return *state == NULL;
}

static int teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

static value T(const char *text)
{
    return value_text(str_from(text));
}

static value I(int64_t integer)
{
    return value_integer(integer);
}

static value D(double decimal)
{
    return (value){ .kind = VALUE_DECIMAL, .decimal = decimal };
}

static value null(void)
{
    return (value){ .kind = VALUE_NULL };
}

static value severity(enum severity which)
{
    return (value){ .kind = VALUE_SEVERITY, .integer = which };
}

/* `text` as `type`; it must fit. */
static value as(struct arena *arena, const char *text, enum type type)
{
    value v;
    assert_int_equal(value_convert(arena, T(text), type, &v), ERR_OK);
    assert_int_not_equal(v.kind, VALUE_ABSENT);
    return v;
}

#define LIST(...)                                                                                  \
    value_list((const value[]){ __VA_ARGS__ }, COUNT_OF(((const value[]){ __VA_ARGS__ })))
#define EMPTY value_list(NULL, 0)

static bool holds(enum opcode opcode, int flags, value left, value right)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    uint32_t budget = INSTRUCTION_BUDGET;
    const struct operation operation = {
        .opcode = opcode, .flags = (uint8_t)flags, .arena = &arena, .budget = &budget
    };
    bool result;
    assert_int_equal(operate(&operation, left, right, &result), ERR_OK);
    return result;
}

static bool between(int flags, value left, value low, value high)
{
    uint32_t budget = INSTRUCTION_BUDGET;
    const struct operation operation = {
        .opcode = OP_BETWEEN, .flags = (uint8_t)flags, .budget = &budget
    };
    bool result;
    assert_int_equal(operate_between(&operation, left, low, high, &result), ERR_OK);
    return result;
}

static bool not_between(int flags, value left, value low, value high)
{
    uint32_t budget = INSTRUCTION_BUDGET;
    const struct operation operation = {
        .opcode = OP_NOT_BETWEEN, .flags = (uint8_t)flags, .budget = &budget
    };
    bool result;
    assert_int_equal(operate_between(&operation, left, low, high, &result), ERR_OK);
    return result;
}

static void text_folds_unless_cased(void **state)
{
    (void)state;
    assert_true(holds(OP_EQUAL, 0, T("Web-1"), T("wEB-1")));
    assert_false(holds(OP_EQUAL, FLAG_CASED, T("Web-1"), T("wEB-1")));
    assert_true(holds(OP_EQUAL, FLAG_CASED, T("Web-1"), T("Web-1")));
    assert_true(holds(OP_CONTAINS, 0, T("xMIMIkatz"), T("mimikatz")));
    assert_false(holds(OP_CONTAINS, FLAG_CASED, T("xMIMIkatz"), T("mimikatz")));
    assert_true(holds(OP_STARTSWITH, 0, T("CMD /c"), T("cmd")));
    assert_false(holds(OP_STARTSWITH, FLAG_CASED, T("CMD /c"), T("cmd")));
    assert_true(holds(OP_ENDSWITH, 0, T("a.EXE"), T(".exe")));
    assert_false(holds(OP_ENDSWITH, FLAG_CASED, T("a.EXE"), T(".exe")));
    assert_true(holds(OP_LIKE, 0, T("C:\\Temp\\A.exe"), T("*\\\\temp\\\\?.exe")));
    assert_false(holds(OP_LIKE, FLAG_CASED, T("A"), T("a")));
    assert_true(holds(OP_EQUAL, 0, T(""), T("")));
}

static void absent_and_null_pass_nothing(void **state)
{
    (void)state;
    for (int op = OP_EQUAL; op <= OP_LIKE; op++) {
        if (op == OP_BETWEEN || op == OP_NOT_BETWEEN)
            continue;
        for (int flags = 0; flags < 32; flags++) {
            assert_false(holds((enum opcode)op, flags, VALUE_NONE, T("x")));
            assert_false(holds((enum opcode)op, flags, null(), T("x")));
            assert_false(holds((enum opcode)op, flags, EMPTY, T("x")));
            assert_false(holds((enum opcode)op, flags, LIST(null()), T("x")));
            assert_false(holds((enum opcode)op, flags, T("x"), VALUE_NONE));
            assert_false(holds((enum opcode)op, flags, T("x"), null()));
        }
    }
    for (int flags = 0; flags < 32; flags++) {
        assert_false(between(flags, VALUE_NONE, I(1), I(2)));
        assert_false(not_between(flags, VALUE_NONE, I(1), I(2)));
        assert_false(not_between(flags, I(5), VALUE_NONE, I(2)));
        assert_false(not_between(flags, EMPTY, I(1), I(2)));
    }
}

static void different_means_present_and_different(void **state)
{
    (void)state;
    assert_true(holds(OP_NOT_EQUAL, 0, T("a"), T("b")));
    assert_false(holds(OP_NOT_EQUAL, 0, T("a"), T("A")));
    assert_true(holds(OP_NOT_EQUAL, 0, I(1), T("1"))); /* other kinds, not raw */
    assert_true(holds(OP_NOT_IN, 0, T("c"), LIST(T("a"), T("b"))));
    assert_false(holds(OP_NOT_IN, 0, T("B"), LIST(T("a"), T("b"))));
    assert_true(holds(OP_NOT_IN, 0, T("c"), EMPTY));
}

static void a_bare_test_on_a_list_means_any_element(void **state)
{
    (void)state;
    value ab = LIST(T("a"), T("b"));
    assert_true(holds(OP_EQUAL, 0, ab, T("b")));
    assert_false(holds(OP_EQUAL, 0, ab, T("c")));
    assert_true(holds(OP_IN, 0, ab, LIST(T("x"), T("b"))));
    assert_true(holds(OP_GREATER, 0, LIST(I(1), I(9)), I(5)));
    /* != and not in: no element is. */
    assert_false(holds(OP_NOT_EQUAL, 0, ab, T("b")));
    assert_true(holds(OP_NOT_EQUAL, 0, ab, T("c")));
    assert_false(holds(OP_NOT_IN, 0, ab, LIST(T("b"))));
    assert_true(holds(OP_NOT_IN, 0, LIST(null(), T("a")), LIST(T("b"))));
}

static void any_and_all_say_what_they_mean(void **state)
{
    (void)state;
    value ab = LIST(T("a"), T("b"));
    assert_false(holds(OP_EQUAL, FLAG_ALL, ab, T("b")));
    assert_true(holds(OP_IN, FLAG_ALL, ab, LIST(T("a"), T("b"), T("c"))));
    assert_false(holds(OP_EQUAL, FLAG_ALL, LIST(T("a"), null()), T("a"))); /* null passes nothing */
    assert_true(holds(OP_NOT_EQUAL, FLAG_ALL, ab, T("c")));
    assert_false(holds(OP_NOT_EQUAL, FLAG_ALL, ab, T("b")));
    assert_true(holds(OP_NOT_EQUAL, FLAG_ANY, ab, T("b")));
    assert_false(holds(OP_NOT_EQUAL, FLAG_ANY, LIST(T("b"), T("B")), T("b")));
    assert_true(holds(OP_NOT_IN, FLAG_ANY, ab, LIST(T("a"))));
    assert_true(holds(OP_EQUAL, FLAG_ALL, T("a"), T("a"))); /* a scalar is a list of one */
}

static void patterns_may_meet_different_elements(void **state)
{
    (void)state;
    value ab = LIST(T("xax"), T("xbx"));
    assert_true(holds(OP_CONTAINS, 0, ab, LIST(T("q"), T("b"))));
    assert_true(holds(OP_CONTAINS, FLAG_ALL_RIGHT, ab, LIST(T("a"), T("b"))));
    assert_false(holds(OP_CONTAINS, FLAG_ALL_RIGHT, ab, LIST(T("a"), T("q"))));
    assert_false(holds(OP_CONTAINS, FLAG_ALL_RIGHT | FLAG_ALL, ab, LIST(T("a"), T("b"))));
    assert_true(holds(OP_CONTAINS, FLAG_ALL_RIGHT | FLAG_ALL, ab, LIST(T("x"), T("X"))));
    assert_false(holds(OP_CONTAINS, FLAG_ALL_RIGHT, ab, EMPTY));
    assert_false(holds(OP_CONTAINS, 0, ab, EMPTY));
}

static void kinds_do_not_mix_but_on_raw_fields(void **state)
{
    (void)state;
    assert_false(holds(OP_EQUAL, 0, T("5"), I(5)));
    assert_true(holds(OP_EQUAL, FLAG_LOOSE, T("5"), I(5)));
    assert_true(holds(OP_EQUAL, FLAG_LOOSE, I(5), T("5.0")));
    assert_false(holds(OP_EQUAL, FLAG_LOOSE, T("05"), I(5)));
    assert_false(holds(OP_EQUAL, FLAG_LOOSE, T("5"), T("5.0"))); /* two texts are texts */
    assert_true(holds(OP_GREATER, FLAG_LOOSE, T("10"), I(9)));
    assert_true(holds(OP_LESS, FLAG_LOOSE, D(9.5), T("10")));
    assert_false(holds(OP_GREATER, FLAG_LOOSE, T("ten"), I(9)));
    assert_true(holds(OP_EQUAL, FLAG_LOOSE, T("True"), value_bool(true)));
    assert_false(holds(OP_EQUAL, FLAG_LOOSE, T("yes"), value_bool(true)));
    assert_false(holds(OP_EQUAL, FLAG_LOOSE, I(1), value_bool(true)));
    assert_true(holds(OP_IN, FLAG_LOOSE, I(443), LIST(T("80"), T("443"))));
    assert_true(between(FLAG_LOOSE, T("10"), I(9), I(20)));
    assert_false(between(0, T("10"), I(9), I(20)));
    assert_true(holds(OP_GREATER_EQUAL, FLAG_LOOSE, T("100"), T("70")));
    assert_false(holds(OP_LESS, FLAG_LOOSE, T("100"), T("70")));
    assert_true(holds(OP_LESS_EQUAL, FLAG_LOOSE, T("5"), T("5.0")));
    assert_true(between(FLAG_LOOSE, T("100"), T("70"), T("1e3")));
    assert_false(holds(OP_GREATER, FLAG_LOOSE, T("b"), T("a"))); /* no numbers, no order */
    assert_false(holds(OP_LESS, FLAG_LOOSE, T("7"), T("a")));
    assert_true(holds(OP_GREATER, 0, T("b"), T("a")));
    assert_false(holds(OP_CONTAINS, FLAG_LOOSE, I(443), T("4")));
    assert_false(holds(OP_EQUAL, FLAG_LOOSE, (value){ .kind = VALUE_OBJECT }, T("x")));
    assert_false(holds(OP_NOT_EQUAL, FLAG_LOOSE, (value){ .kind = VALUE_OBJECT }, T("x")));
}

static void numbers_times_and_severities_are_ordered(void **state)
{
    struct arena *arena = *state;
    assert_true(holds(OP_LESS, 0, I(1), D(1.5)));
    assert_true(holds(OP_LESS_EQUAL, 0, I(1), D(1.0)));
    assert_false(holds(OP_GREATER, 0, I(1), I(1)));
    assert_true(holds(OP_GREATER_EQUAL, 0, severity(SEVERITY_HIGH), severity(SEVERITY_MEDIUM)));
    assert_false(holds(OP_LESS, 0, severity(SEVERITY_HIGH), I(9)));
    value early = as(arena, "2026-01-01", TYPE_TIME);
    value late = as(arena, "2026-01-01T00:00:00.001Z", TYPE_TIME);
    assert_true(holds(OP_LESS, 0, early, late));
    assert_false(holds(OP_LESS, 0, value_bool(false), value_bool(true)));
    assert_true(between(0, I(7), I(7), I(20)));
    assert_true(between(0, I(20), I(7), I(20)));
    assert_false(between(0, I(21), I(7), I(20)));
    assert_true(not_between(0, I(21), I(7), I(20)));
    assert_false(not_between(0, LIST(I(1), I(8)), I(7), I(20)));
    assert_true(not_between(FLAG_ANY, LIST(I(1), I(8)), I(7), I(20)));
    assert_false(between(FLAG_ALL, LIST(I(1), I(8)), I(7), I(20)));
}

static void addresses_are_in_networks(void **state)
{
    struct arena *arena = *state;
    value ip = as(arena, "198.51.100.7", TYPE_IP);
    value net = as(arena, "198.51.100.0/24", TYPE_CIDR);
    value other = as(arena, "203.0.113.0/24", TYPE_CIDR);
    assert_true(holds(OP_IN, 0, ip, net));
    assert_false(holds(OP_EQUAL, 0, ip, net));
    assert_true(holds(OP_IN, 0, ip, LIST(other, net)));
    assert_true(holds(OP_NOT_IN, 0, ip, LIST(other)));
    assert_true(holds(OP_EQUAL, 0, ip, as(arena, "::ffff:198.51.100.7", TYPE_IP)));
    assert_true(holds(OP_IN, FLAG_LOOSE, T("198.51.100.7"), net));
    assert_false(holds(OP_IN, 0, T("198.51.100.7"), net));
    assert_false(holds(OP_IN, 0, ip, as(arena, "::/0", TYPE_CIDR)));
    assert_true(holds(OP_IN, 0, as(arena, "2001:db8::7", TYPE_IP), as(arena, "::/0", TYPE_CIDR)));
}

static value set_of(struct arena *arena, const value *items, uint32_t count)
{
    value v;
    assert_int_equal(value_set_new(arena, items, count, &v), ERR_OK);
    return v;
}

static void a_set_answers_as_the_list_does(void **state)
{
    struct arena *arena = *state;
    const value items[] = { T("Alpha"), T("alpha"), T("12"), I(7), D(7.5), value_bool(true),
        T("False"), as(arena, "10.0.0.0/8", TYPE_CIDR), as(arena, "::/0", TYPE_CIDR),
        as(arena, "192.0.2.1", TYPE_IP), severity(SEVERITY_HIGH) };
    const value asked[] = { T("ALPHA"), T("Alpha"), T("alpha"), T("beta"), T("7"), T("7.5"),
        T("12"), I(12), I(7), D(7.0), D(7.5), I(8), value_bool(true), value_bool(false), T("true"),
        T("10.1.1.1"), T("192.0.2.1"), T("192.0.2.2"), as(arena, "10.9.9.9", TYPE_IP),
        as(arena, "2001:db8::7", TYPE_IP), as(arena, "11.0.0.1", TYPE_IP),
        as(arena, "192.0.2.1", TYPE_IP), severity(SEVERITY_HIGH), severity(SEVERITY_LOW), null(),
        VALUE_NONE, (value){ .kind = VALUE_OBJECT }, LIST(T("beta"), I(7)), LIST(T("beta"), null()),
        EMPTY };
    value list = value_list(items, COUNT_OF(items));
    value set = set_of(arena, items, COUNT_OF(items));
    for (int op = OP_IN; op <= OP_NOT_IN; op++)
        for (int flags = 0; flags < 32; flags++)
            for (size_t i = 0; i < COUNT_OF(asked); i++)
                if (holds((enum opcode)op, flags, asked[i], list)
                    != holds((enum opcode)op, flags, asked[i], set))
                    fail_msg("%s flags %d, '%s'", opcode_info((uint8_t)op)->name, flags,
                        value_print(arena, asked[i]).ptr);
}

static void a_million_values_cost_a_few_steps(void **state)
{
    struct arena *arena = *state;
    enum { COUNT = 1000000 };
    value *items = ARENA_ARRAY(arena, value, COUNT);
    assert_non_null(items);
    for (int i = 0; i < COUNT; i++)
        items[i] = I(((int64_t)i * 7919) % COUNT * 2);
    value set = set_of(arena, items, COUNT);
    uint32_t budget = 100;
    const struct operation operation = { .opcode = OP_IN, .arena = arena, .budget = &budget };
    bool result;
    assert_int_equal(operate(&operation, I(1998), set, &result), ERR_OK);
    assert_true(result);
    assert_int_equal(operate(&operation, I(1999), set, &result), ERR_OK);
    assert_false(result);
    assert_int_equal(operate(&operation, I(1999), value_list(items, COUNT), &result), ERR_BUDGET);
}

static void null_is_seen_by_is_null_alone(void **state)
{
    (void)state;
    assert_true(operate_is_null(0, null()));
    assert_false(operate_is_null(0, VALUE_NONE));
    assert_false(operate_is_null(0, T("")));
    assert_true(operate_is_null(0, LIST(T("a"), null())));
    assert_false(operate_is_null(FLAG_ALL, LIST(T("a"), null())));
    assert_true(operate_is_null(FLAG_ALL, LIST(null())));
    assert_false(operate_is_null(FLAG_ALL, EMPTY));
}

static bool like(const char *text, const char *pattern)
{
    uint64_t steps = 0;
    return glob_matches(str_from(pattern), str_from(text), false, 1000000, &steps);
}

static void a_glob_covers_the_whole_text(void **state)
{
    (void)state;
    assert_true(like("", ""));
    assert_true(like("", "*"));
    assert_false(like("", "?"));
    assert_true(like("abc", "a*c"));
    assert_true(like("abc", "***"));
    assert_false(like("abcd", "a*c"));
    assert_true(like("aXbXc", "a*x?"));
    assert_false(like("abc", "b"));
    assert_true(like("a*b", "a\\*b"));
    assert_false(like("axb", "a\\*b"));
    assert_true(like("a?b", "a\\?b"));
    assert_true(like("a\\b", "a\\\\b"));
    assert_true(like("a\\b", "a\\b")); /* before anything else a backslash is itself */
    assert_true(like("a\\", "a\\"));
    assert_true(like("\xF0\x9F\x98\x80", "?"));
    assert_true(like("mississippi", "*is*ip*"));
    assert_false(like("mississippi", "*is*ipp"));
}

static void a_hostile_glob_ends_at_the_budget(void **state)
{
    struct arena *arena = *state;
    enum { TEXT = 500000, PATTERN = 100000 };
    char *text = arena_alloc(arena, TEXT, 1);
    char *pattern = arena_alloc(arena, PATTERN, 1);
    assert_true(text != NULL && pattern != NULL);
    memset(text, 'a', TEXT);
    memset(pattern, 'a', PATTERN);
    pattern[0] = '*';
    pattern[PATTERN - 1] = 'b';
    uint32_t budget = INSTRUCTION_BUDGET;
    const struct operation operation = { .opcode = OP_LIKE, .arena = arena, .budget = &budget };
    bool result;
    clock_t start = clock();
    assert_int_equal(operate(&operation, value_text((str){ text, TEXT }),
                         value_text((str){ pattern, PATTERN }), &result),
        ERR_BUDGET);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20.0);
}

static void a_long_text_does_not_use_up_the_budget(void **state)
{
    struct arena *arena = *state;
    enum { TEXT = 1000000 };
    char *text = arena_alloc(arena, TEXT, 1);
    assert_non_null(text);
    memset(text, 'a', TEXT);
    uint32_t budget = 1000;
    const struct operation operation = { .opcode = OP_EQUAL, .arena = arena, .budget = &budget };
    bool result;
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            operate(&operation, value_text((str){ text, TEXT }), T("short"), &result), ERR_OK);
}

static void a_regex_at_its_limit_is_undecided(void **state)
{
    struct arena *arena = *state;
    struct regex *regexes[2];
    const char *reason;
    size_t at;
    assert_int_equal(regex_new(arena, STR("^(a+)+$"), STR(""), &regexes[0], &reason, &at), ERR_OK);
    assert_int_equal(regex_new(arena, STR("b"), STR(""), &regexes[1], &reason, &at), ERR_OK);
    const struct program program = { .regexes = regexes, .regex_count = 2 };
    uint32_t budget = INSTRUCTION_BUDGET;
    const struct operation operation = {
        .opcode = OP_MATCHES, .program = &program, .arena = arena, .budget = &budget
    };
    const value patterns[] = { { .kind = VALUE_REGEX, .integer = 0 },
        { .kind = VALUE_REGEX, .integer = 1 }, { .kind = VALUE_REGEX, .integer = 2 } };
    bool result;
    value hostile = T("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    assert_int_equal(operate(&operation, hostile, patterns[0], &result), ERR_UNDECIDED);
    assert_int_equal(operate(&operation, hostile, patterns[1], &result), ERR_OK);
    assert_true(result);
    assert_int_equal(operate(&operation, T("aaa"), patterns[0], &result), ERR_OK);
    assert_true(result);
    /* No such regex, no text: false, and no crash. */
    assert_int_equal(operate(&operation, T("aaa"), patterns[2], &result), ERR_OK);
    assert_false(result);
    assert_int_equal(operate(&operation, I(1), patterns[1], &result), ERR_OK);
    assert_false(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_folds_unless_cased),
        cmocka_unit_test(absent_and_null_pass_nothing),
        cmocka_unit_test(different_means_present_and_different),
        cmocka_unit_test(a_bare_test_on_a_list_means_any_element),
        cmocka_unit_test(any_and_all_say_what_they_mean),
        cmocka_unit_test(patterns_may_meet_different_elements),
        cmocka_unit_test(kinds_do_not_mix_but_on_raw_fields),
        cmocka_unit_test_setup_teardown(numbers_times_and_severities_are_ordered, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_are_in_networks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_answers_as_the_list_does, setup, teardown),
        cmocka_unit_test_setup_teardown(a_million_values_cost_a_few_steps, setup, teardown),
        cmocka_unit_test(null_is_seen_by_is_null_alone),
        cmocka_unit_test(a_glob_covers_the_whole_text),
        cmocka_unit_test_setup_teardown(a_hostile_glob_ends_at_the_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_text_does_not_use_up_the_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(a_regex_at_its_limit_is_undecided, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
