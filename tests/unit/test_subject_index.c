#include "match/subject_index.h"

#include "ip.h"
#include "match/operate.h"
#include "match/regex.h"
#include "value_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { TESTS_MAX = 64 };

struct fixture {
    struct arena arena, scratch, program_arena;
    struct truths truths;
    uint64_t random;
    struct program program;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (fixture == NULL)
        return 1;
    fixture->random = 88172645463325252u;
    return 0;
}

static void clear(struct fixture *fixture)
{
    arena_release(&fixture->arena);
    arena_release(&fixture->scratch);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    clear(fixture);
    arena_release(&fixture->program_arena);
    free(fixture);
    return 0;
}

static void truths_make(struct fixture *fixture, uint32_t predicates, uint32_t rows)
{
    fixture->truths = (struct truths){
        .rows = ARENA_ARRAY(&fixture->arena, uint32_t, rows),
        .stamps = ARENA_ARRAY(&fixture->arena, uint32_t, predicates),
        .held = ARENA_ARRAY(&fixture->arena, uint32_t, predicates),
    };
    assert_non_null(fixture->truths.rows);
    assert_non_null(fixture->truths.stamps);
    assert_non_null(fixture->truths.held);
}

static void ask(struct fixture *fixture, const struct subject_index *index, value v)
{
    const struct asking asking = { &fixture->truths, &fixture->scratch };
    fixture->truths.alert++;
    fixture->truths.held_count = 0;
    assert_int_equal(subject_index_ask(index, v, &asking), ERR_OK);
}

static const struct subject_index *index_of(
    struct fixture *fixture, struct subject_test *tests, uint32_t count)
{
    const struct subject_index *index;
    uint32_t rows = 0;
    assert_int_equal(
        subject_index_new(&fixture->arena, &fixture->program, tests, count, &rows, &index), ERR_OK);
    truths_make(fixture, count + 1, rows);
    return index;
}

static value T(const char *text)
{
    return value_text(str_from(text));
}

static value D(double decimal)
{
    return (value){ .kind = VALUE_DECIMAL, .decimal = decimal };
}

static value integer_of_kind(enum value_kind kind, int64_t integer)
{
    return (value){ .kind = kind, .integer = integer };
}

static value address(struct fixture *fixture, const char *text, enum value_kind kind)
{
    struct ip *ip = ARENA_NEW(&fixture->arena, struct ip);
    assert_non_null(ip);
    assert_true(cidr_parse(str_from(text), ip));
    return (value){ .kind = kind, .ip = ip };
}

/* ---- random values ---- */

static uint32_t below(struct fixture *fixture, uint32_t bound)
{
    fixture->random ^= fixture->random << 13;
    fixture->random ^= fixture->random >> 7;
    fixture->random ^= fixture->random << 17;
    return (uint32_t)(fixture->random >> 11) % bound;
}

/* Texts that fold alike, spell numbers, truth values and addresses, or nearly so. */
static const char *const texts[] = {
    "",
    "a",
    "A",
    "k",
    "K",
    "\xE2\x84\xAA",
    "s",
    "S",
    "\xC5\xBF",
    "\xC3\x89",
    "\xC3\xA9",
    "stra\xC3\x9F"
    "e",
    "STRA\xE1\xBA\x9E"
    "E",
    "\xCE\xA3",
    "\xCF\x82",
    "\xCF\x83",
    "@",
    "`",
    "[",
    "{",
    "\x11",
    "1",
    "5",
    "5.0",
    "5e0",
    "05",
    "+5",
    " 5",
    "-0",
    "0",
    "0.0",
    "-0.0",
    "1000",
    "1e3",
    "9007199254740992",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e400",
    "0.1",
    "0.10",
    "0.1000000000000000055",
    "true",
    "TRUE",
    "false",
    "fal\xC5\xBF"
    "e",
    "tru",
    "null",
    "10.0.0.1",
    "10.0.0.01",
    "10.1.2.3",
    "::1",
    "::ffff:10.0.0.1",
    "2001:db8::1",
    "2001:DB8:0::1",
    "10.0.0.0/8",
    "255.255.255.255",
    "cmd.exe /c whoami",
    "CMD.EXE /C WHOAMI",
    "cmd.exe /c whoamI ",
    "powershell -enc SQBFAFgA",
    "AssumeRoleWithWebIdentity",
    "assumerolewithwebidentit\xC3\xBD",
    "assumeRoleWithWebIdentity",
    "0123456789abcdef",
    "0123456789ABCDEF",
    "0123456789abcdef0",
    "0123456789abcdeg",
    "\xE2\x84\xAAiller-kernel-KERNEL-kernel",
    "killer-kernel-kernel-\xE2\x84\xAA"
    "ernel",
    "high",
};

/* Globs, and texts that some of them cover. */
static const char *const globs[] = { "*", "**", "", "a*", "*a", "*exe*", "cmd*whoami", "?", "a?",
    "\\*", "*\\**", "k*", "*K", "*\xC3\x89*", "c\\md*", "\\", "*\\\\x", "ASSUME*IDENTITY",
    "*er*ker*", "**ker**", "?*", "*?", "*\\?*", "cmd.exe /c whoami", "*whoam?", "x\\x", "*ss*",
    "str*e", "0123*" };
static const char *const patterns[] = { "whoami", "(?i)cmd\\.exe", "^a$", "ker(nel|iller)", ".*",
    "[0-9]+", "(?i)k", "Role|role", "(?i)ASSUMErole.*identity", "\\S{3}",
    ("(?i)stra\xC3\x9F"
     "e") };

static const double decimals[] = { 5.0, 0.1, -0.0, 0.0, 5.5, 9007199254740992.0,
    9223372036854775808.0, -9223372036854775808.0, 1e300, -1e300, 4.9e-324, 1000.0 };
static const int64_t integers[] = { 0, 1, 5, -5, 1000, 9007199254740992, 9007199254740993,
    9007199254740991, INT64_MAX, INT64_MIN, INT64_MAX - 1, 100 };
static const char *const networks[] = { "10.0.0.1", "10.1.2.3", "10.0.0.0/8", "10.0.0.0/24",
    "10.0.0.1/32", "0.0.0.0/0", "255.255.255.255", "255.255.0.0/16", "::1", "::/0", "2001:db8::1",
    "2001:db8::/32", "2001:db8::/64", "2001:db8:0:0:8000::/65", "::ffff:10.0.0.0/104", "8000::/1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "10.128.0.0/9", "::ffff:0:0/90", "::/64" };

static value random_text(struct fixture *fixture)
{
    const char *first = texts[below(fixture, COUNT_OF(texts))];
    const char *second = texts[below(fixture, COUNT_OF(texts))];
    if (below(fixture, 8) == 0)
        first = globs[below(fixture, COUNT_OF(globs))];
    if (below(fixture, 4) != 0)
        return T(first);
    const char *joined = arena_format(&fixture->arena, "%s%s", first, second);
    assert_non_null(joined);
    return T(joined);
}

static value random_value(struct fixture *fixture)
{
    static const enum value_kind small[] = { VALUE_TIME, VALUE_DURATION, VALUE_SEVERITY,
        VALUE_VERDICT };
    switch (below(fixture, 16)) {
    case 0:
        return integer_of_kind(VALUE_INTEGER, integers[below(fixture, COUNT_OF(integers))]);
    case 1:
        return value_integer((int64_t)below(fixture, 12) - 4);
    case 2:
        return D(decimals[below(fixture, COUNT_OF(decimals))]);
    case 3:
        return D((double)below(fixture, 24) / 2 - 4);
    case 4:
        return value_bool(below(fixture, 2) != 0);
    case 5:
    case 6: {
        const char *text = networks[below(fixture, COUNT_OF(networks))];
        bool is_network = strchr(text, '/') != NULL || below(fixture, 4) == 0;
        return address(fixture, text, is_network ? VALUE_CIDR : VALUE_IP);
    }
    case 7:
    case 8:
        return integer_of_kind(small[below(fixture, COUNT_OF(small))], below(fixture, 4));
    case 9:
        return (value){ .kind = below(fixture, 2) != 0 ? VALUE_NULL : VALUE_OBJECT };
    default:
        return random_text(fixture);
    }
}

/* ---- random tests ---- */

/* The text of a glob as often as any other. */
static value random_constant(struct fixture *fixture, enum opcode opcode)
{
    bool is_usual = below(fixture, 8) != 0;
    if (opcode == OP_MATCHES && is_usual)
        return integer_of_kind(VALUE_REGEX, below(fixture, fixture->program.regex_count));
    if (opcode == OP_LIKE && is_usual && below(fixture, 2) != 0)
        return T(globs[below(fixture, COUNT_OF(globs))]);
    bool wants_text = opcode == OP_CONTAINS || opcode == OP_STARTSWITH || opcode == OP_ENDSWITH
                      || opcode == OP_LIKE;
    return wants_text && is_usual ? random_text(fixture) : random_value(fixture);
}

static value random_right(struct fixture *fixture, enum opcode opcode)
{
    uint32_t count = below(fixture, 4) == 0 ? 40 : below(fixture, 5);
    value *items = ARENA_ARRAY(&fixture->arena, value, count);
    value list;
    assert_non_null(items);
    if (below(fixture, 2) != 0)
        return random_constant(fixture, opcode);
    for (uint32_t i = 0; i < count; i++)
        items[i] = random_constant(fixture, opcode);
    list = value_list(items, count);
    if (below(fixture, 2) != 0)
        assert_int_equal(value_set_new(&fixture->arena, items, count, &list), ERR_OK);
    return list;
}

static struct subject_test random_test(struct fixture *fixture, uint32_t predicates)
{
    static const enum opcode opcodes[] = { OP_EQUAL, OP_EQUAL, OP_IN, OP_IN, OP_IN, OP_LESS,
        OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL, OP_BETWEEN, OP_BETWEEN, OP_CONTAINS,
        OP_STARTSWITH, OP_ENDSWITH, OP_LIKE, OP_LIKE, OP_MATCHES, OP_EXISTS, OP_IS_NULL };
    enum opcode opcode = opcodes[below(fixture, COUNT_OF(opcodes))];
    struct subject_test test = {
        .test = { .opcode = opcode,
            .right = random_right(fixture, opcode),
            .high = random_value(fixture) },
        .predicate = below(fixture, predicates),
    };
    if (below(fixture, 3) == 0)
        test.test.flags |= FLAG_CASED;
    if (below(fixture, 2) == 0)
        test.test.flags |= FLAG_LOOSE;
    if (below(fixture, 10) == 0)
        test.test.flags |= FLAG_ALL;
    if (below(fixture, 10) == 0)
        test.test.flags |= FLAG_ALL_RIGHT;
    if (test.test.opcode == OP_BETWEEN && below(fixture, 2) != 0)
        test.test.right = random_value(fixture);
    return test;
}

/* What operate.h says of the test. */
static bool holds_for(struct fixture *fixture, const struct test_code *test, value v)
{
    uint32_t budget = UINT32_MAX;
    const struct operation operation = { .opcode = test->opcode,
        .flags = test->flags,
        .program = &fixture->program,
        .arena = &fixture->scratch,
        .budget = &budget };
    bool holds = true;
    if (test->opcode == OP_EXISTS)
        return true;
    if (test->opcode == OP_IS_NULL)
        return operate_is_null(test->flags, v);
    if (test->opcode == OP_BETWEEN)
        assert_int_equal(operate_between(&operation, v, test->right, test->high, &holds), ERR_OK);
    else
        assert_int_equal(operate(&operation, v, test->right, &holds), ERR_OK);
    return holds;
}

struct tally {
    uint64_t pairs, held, exact, filters, none, differences;
};

static void compare_one(struct fixture *fixture, const struct subject_test *tests, uint32_t count,
    value v, struct tally *tally)
{
    bool expected[TESTS_MAX] = { false };
    bool is_exact[TESTS_MAX];
    memset(is_exact, true, sizeof is_exact);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t predicate = tests[i].predicate;
        bool holds = tests[i].way != INDEX_NONE && holds_for(fixture, &tests[i].test, v);
        expected[predicate] = expected[predicate] || holds;
        is_exact[predicate] = is_exact[predicate] && tests[i].way == INDEX_EXACT;
        tally->pairs += tests[i].way != INDEX_NONE;
        tally->held += holds;
        tally->exact += tests[i].way == INDEX_EXACT;
        tally->filters += tests[i].way == INDEX_FILTER;
        tally->none += tests[i].way == INDEX_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t predicate = tests[i].predicate;
        bool is_marked = truths_has(&fixture->truths, predicate);
        bool differs = expected[predicate] ? !is_marked : is_marked && is_exact[predicate];
        if (differs)
            print_error("opcode %d flags %d right kind %d '%.*s', value kind %d '%.*s' %lld: %d\n",
                tests[i].test.opcode, tests[i].test.flags, tests[i].test.right.kind,
                STR_ARG(value_str(tests[i].test.right)), v.kind, STR_ARG(value_str(v)),
                (long long)v.integer, is_marked);
        tally->differences += differs;
    }
}

static void regexes_make(struct fixture *fixture)
{
    struct regex **regexes =
        ARENA_ARRAY(&fixture->program_arena, struct regex *, COUNT_OF(patterns));
    const char *reason;
    size_t at;
    assert_non_null(regexes);
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        assert_int_equal(regex_new(&fixture->program_arena, str_from(patterns[i]), STR(""),
                             &regexes[i], &reason, &at),
            ERR_OK);
    fixture->program.regexes = regexes;
    fixture->program.regex_count = COUNT_OF(patterns);
}

static void one_random_index(struct fixture *fixture, struct tally *tally)
{
    struct subject_test tests[TESTS_MAX];
    uint32_t count = 1 + below(fixture, TESTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        tests[i] = random_test(fixture, count);
        if (below(fixture, 4) != 0)
            tests[i].predicate = i;
    }
    const struct subject_index *index = index_of(fixture, tests, count);
    for (uint32_t i = 0; i < 200; i++) {
        value v = random_value(fixture);
        ask(fixture, index, v);
        subject_index_there(index, &fixture->truths);
        compare_one(fixture, tests, count, v, tally);
    }
    clear(fixture);
}

static void an_index_says_of_random_values_what_each_test_says(void **state)
{
    struct fixture *fixture = *state;
    struct tally tally = { 0 };
    regexes_make(fixture);
    for (uint32_t i = 0; i < 500 && tally.differences == 0; i++)
        one_random_index(fixture, &tally);
    print_message("%llu pairs, %llu hold; exact %llu, filter %llu, none %llu\n",
        (unsigned long long)tally.pairs, (unsigned long long)tally.held,
        (unsigned long long)tally.exact, (unsigned long long)tally.filters,
        (unsigned long long)tally.none);
    assert_int_equal(tally.differences, 0);
    assert_true(tally.pairs > 1000000);
    assert_true(tally.held > tally.pairs / 100);
}

/* ---- large and hostile ones ---- */

static value list_of(struct fixture *fixture, value (*make)(struct fixture *, uint32_t),
    uint32_t first, uint32_t count, bool is_set)
{
    value *items = ARENA_ARRAY(&fixture->arena, value, count);
    value list;
    assert_non_null(items);
    for (uint32_t i = 0; i < count; i++)
        items[i] = make(fixture, first + i);
    list = value_list(items, count);
    if (is_set)
        assert_int_equal(value_set_new(&fixture->arena, items, count, &list), ERR_OK);
    return list;
}

static value indicator(struct fixture *fixture, uint32_t number)
{
    const char *text = arena_format(&fixture->arena, "Host%u.Example", number);
    assert_non_null(text);
    return T(text);
}

static bool holds(struct fixture *fixture, const struct subject_index *index, value v)
{
    ask(fixture, index, v);
    return truths_has(&fixture->truths, 0);
}

static void a_list_of_100000_texts_is_asked_in_one_lookup(void **state)
{
    struct fixture *fixture = *state;
    struct subject_test test = { .test = { .opcode = OP_IN, .flags = FLAG_LOOSE } };
    test.test.right = list_of(fixture, indicator, 0, 100000, true);
    size_t before = fixture->arena.held;
    const struct subject_index *index = index_of(fixture, &test, 1);
    assert_int_equal(test.way, INDEX_EXACT);
    assert_true(test.chance <= 0.5);
    /* No second copy of the texts: an entry for each, and the bits of the filter. */
    assert_true(fixture->arena.held - before < (size_t)100000 * 36);
    assert_true(holds(fixture, index, T("host0.example")));
    assert_true(holds(fixture, index, T("HOST99999.EXAMPLE")));
    assert_true(holds(fixture, index, T("ho\xC5\xBFt77777.example")));
    assert_false(holds(fixture, index, T("host100000.example")));
    assert_false(holds(fixture, index, T("host99999.exampl")));
}

static void ten_thousand_lists_that_share_their_texts_mark_each_its_predicate(void **state)
{
    enum { LISTS = 10000, LENGTH = 8 };
    struct fixture *fixture = *state;
    struct subject_test *tests = ARENA_ARRAY(&fixture->arena, struct subject_test, LISTS);
    assert_non_null(tests);
    value shared = list_of(fixture, indicator, 0, LENGTH, false);
    for (uint32_t i = 0; i < LISTS; i++)
        tests[i] =
            (struct subject_test){ .test = { .opcode = OP_IN, .right = shared }, .predicate = i };
    tests[5000].test.right = indicator(fixture, 77);
    const struct subject_index *index = index_of(fixture, tests, LISTS);
    ask(fixture, index, T("host7.example"));
    assert_int_equal(fixture->truths.held_count, LISTS - 1);
    assert_false(truths_has(&fixture->truths, 5000));
    ask(fixture, index, T("host77.example"));
    assert_int_equal(fixture->truths.held_count, 1);
    assert_true(truths_has(&fixture->truths, 5000));
}

/* Texts that meet in a hash which folds with |0x20, and numbers that are apart by powers of two. */
static value colliding(struct fixture *fixture, uint32_t number)
{
    char text[32] = "";
    if (number % 2 != 0)
        return value_integer((int64_t)((uint64_t)number << 40));
    for (int bit = 0; bit < 17; bit++)
        text[bit] = (number >> bit & 1) != 0 ? '1' : '\x11';
    str copy = arena_copy(&fixture->arena, (str){ text, 17 });
    assert_non_null(copy.ptr);
    return value_text(copy);
}

static void constants_made_to_collide_do_not(void **state)
{
    struct fixture *fixture = *state;
    struct subject_test test = { .test = { .opcode = OP_IN } };
    test.test.right = list_of(fixture, colliding, 0, 100000, false);
    const struct subject_index *index = index_of(fixture, &test, 1);
    for (uint32_t i = 0; i < 100000; i++)
        assert_true(holds(fixture, index, colliding(fixture, i)));
    for (uint32_t i = 100000; i < 110000; i += 2)
        assert_false(holds(fixture, index, colliding(fixture, i)));
}

static value random_network(struct fixture *fixture)
{
    struct ip *ip = ARENA_NEW(&fixture->arena, struct ip);
    assert_non_null(ip);
    bool is_v4 = below(fixture, 2) != 0;
    /* Few bits differ, so that networks nest and meet. */
    for (unsigned i = is_v4 ? 12 : 0; i < 16; i++)
        ip->bytes[i] = (uint8_t)(below(fixture, 3) == 0 ? 0xFF : below(fixture, 2) * 0x81);
    ip->bits = (uint8_t)(is_v4 ? IP_V4_BITS + below(fixture, 33) : below(fixture, 129));
    ip->is_v4 = is_v4;
    if (is_v4)
        ip->bytes[10] = ip->bytes[11] = 0xFF;
    ip_mask(ip);
    return (value){ .kind = VALUE_CIDR, .ip = ip };
}

static void nested_networks_are_those_that_cover_the_address(void **state)
{
    enum { NETWORKS = 3000 };
    struct fixture *fixture = *state;
    struct subject_test *tests = ARENA_ARRAY(&fixture->arena, struct subject_test, NETWORKS);
    uint64_t covered = 0;
    assert_non_null(tests);
    for (uint32_t i = 0; i < NETWORKS; i++)
        tests[i] =
            (struct subject_test){ .test = { .opcode = OP_IN, .right = random_network(fixture) },
                .predicate = i };
    const struct subject_index *index = index_of(fixture, tests, NETWORKS);
    for (uint32_t round = 0; round < 500; round++) {
        struct ip address = *random_network(fixture).ip;
        address.bits = 128;
        ask(fixture, index, (value){ .kind = VALUE_IP, .ip = &address });
        for (uint32_t i = 0; i < NETWORKS; i++)
            assert_int_equal(
                truths_has(&fixture->truths, i), ip_covers(tests[i].test.right.ip, &address));
        covered += fixture->truths.held_count;
    }
    assert_true(covered > 500);
}

static void a_range_of_many_is_marked_where_the_value_lies_in_it(void **state)
{
    enum { RANGES = 2000 };
    static const enum opcode opcodes[] = { OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL,
        OP_BETWEEN };
    struct fixture *fixture = *state;
    struct subject_test *tests = ARENA_ARRAY(&fixture->arena, struct subject_test, RANGES);
    assert_non_null(tests);
    for (uint32_t i = 0; i < RANGES; i++) {
        int64_t low = below(fixture, 3000);
        tests[i] = (struct subject_test){ .predicate = i };
        tests[i].test.opcode = opcodes[below(fixture, COUNT_OF(opcodes))];
        tests[i].test.right = below(fixture, 8) == 0 ? D((double)low + 0.5) : value_integer(low);
        tests[i].test.high = value_integer(low - 3 + below(fixture, 100));
    }
    const struct subject_index *index = index_of(fixture, tests, RANGES);
    for (uint32_t round = 0; round < 300; round++) {
        int64_t whole = (int64_t)below(fixture, 3200) - 100;
        value v = below(fixture, 2) != 0 ? value_integer(whole) : D((double)whole / 2);
        ask(fixture, index, v);
        for (uint32_t i = 0; i < RANGES; i++)
            assert_int_equal(
                truths_has(&fixture->truths, i), holds_for(fixture, &tests[i].test, v));
    }
}

/* ---- ways and chances ---- */

static struct subject_test test_of(enum opcode opcode, uint8_t flags, value right)
{
    return (struct subject_test){ .test = { .opcode = opcode, .flags = flags, .right = right } };
}

static void globs_are_exact_where_one_piece_decides(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *glob;
        enum index_way way;
    } rows[] = { { "cmd.exe", INDEX_EXACT }, { "cmd*", INDEX_EXACT }, { "*cmd", INDEX_EXACT },
        { "*cmd*", INDEX_EXACT }, { "**cmd**", INDEX_EXACT }, { "*", INDEX_EXACT },
        { "", INDEX_EXACT }, { "\\*cmd\\?*", INDEX_EXACT }, { "cmd*exe", INDEX_FILTER },
        { "cm?", INDEX_FILTER }, { "?cmd*", INDEX_FILTER }, { "?", INDEX_NONE },
        { "*?*", INDEX_NONE } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct subject_test test = test_of(OP_LIKE, 0, T(rows[i].glob));
        index_of(fixture, &test, 1);
        assert_int_equal(test.way, rows[i].way);
    }
}

static void a_list_is_as_good_as_its_worst_element(void **state)
{
    struct fixture *fixture = *state;
    value items[] = { T("cmd*"), T("a*b"), T("??") };
    for (uint32_t count = 1; count <= 3; count++) {
        static const enum index_way ways[] = { INDEX_EXACT, INDEX_FILTER, INDEX_NONE };
        struct subject_test test = test_of(OP_LIKE, 0, value_list(items, count));
        const struct subject_index *index = index_of(fixture, &test, 1);
        assert_int_equal(test.way, ways[count - 1]);
        assert_int_equal(holds(fixture, index, T("cmd.exe")), count < 3);
    }
}

static void rarer_tests_have_smaller_chances(void **state)
{
    struct fixture *fixture = *state;
    value names = list_of(fixture, indicator, 0, 20, false);
    struct subject_test tests[] = {
        test_of(OP_EQUAL, 0, T("a")),
        test_of(OP_IN, 0, names),
        test_of(OP_CONTAINS, 0, T("mimikatz.exe")),
        test_of(OP_CONTAINS, 0, T("")),
        test_of(OP_EXISTS, 0, VALUE_NONE),
        test_of(OP_EQUAL, FLAG_ALL, T("b")),
        test_of(OP_IN, 0, address(fixture, "10.0.0.0/8", VALUE_CIDR)),
        test_of(OP_IN, 0, address(fixture, "10.0.0.0/24", VALUE_CIDR)),
    };
    index_of(fixture, tests, COUNT_OF(tests));
    assert_true(tests[0].chance < tests[1].chance);
    assert_true(tests[1].chance <= 0.5);
    assert_true(tests[2].chance < tests[0].chance);
    assert_true(tests[3].chance > 0.999);
    assert_true(tests[0].chance < tests[4].chance);
    assert_int_equal(tests[5].way, INDEX_NONE);
    assert_true(tests[5].chance > 0.999);
    assert_true(tests[7].chance < tests[6].chance);
}

/* Every element is one that all tests hold for: their row is walked for the first, and once an alert. */
static void a_row_of_predicates_is_walked_once_for_an_alert(void **state)
{
    struct fixture *fixture = *state;
    static struct subject_test tests[4 * TESTS_MAX];
    const char *const inside[] = { "10.0.0.1", "10.0.0.2", "10.255.0.1" };
    const value network = address(fixture, "10.0.0.0/8", VALUE_CIDR);
    for (uint32_t i = 0; i < 4 * TESTS_MAX; i++) {
        tests[i] = test_of(OP_IN, FLAG_LOOSE, network);
        tests[i].predicate = i;
    }
    const struct subject_index *index = index_of(fixture, tests, COUNT_OF(tests));
    const struct asking asking = { &fixture->truths, &fixture->scratch };
    for (uint32_t alert = 1; alert <= 2; alert++) {
        ask(fixture, index, T("10.0.0.0"));
        for (uint32_t i = 0; i < COUNT_OF(inside); i++)
            assert_int_equal(subject_index_ask(index, T(inside[i]), &asking), ERR_OK);
        assert_int_equal(fixture->truths.held_count, COUNT_OF(tests));
        assert_int_equal(fixture->truths.walked, alert * 4 * TESTS_MAX);
    }
}

static void an_arena_too_small_is_an_error_wherever_it_ends(void **state)
{
    struct fixture *fixture = *state;
    struct subject_test tests[TESTS_MAX];
    const struct subject_index *index;
    bool was_short = false;
    enum err err = ERR_MEMORY;
    regexes_make(fixture);
    for (uint32_t i = 0; i < TESTS_MAX; i++)
        tests[i] = random_test(fixture, TESTS_MAX);
    for (size_t limit = 1024; err == ERR_MEMORY; limit += 1024) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        uint32_t rows = 0;
        err = subject_index_new(&arena, &fixture->program, tests, TESTS_MAX, &rows, &index);
        was_short = was_short || err == ERR_MEMORY;
    }
    assert_int_equal(err, ERR_OK);
    assert_true(was_short);
}

#define FIXTURE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(an_index_says_of_random_values_what_each_test_says),
        FIXTURE_TEST(a_list_of_100000_texts_is_asked_in_one_lookup),
        FIXTURE_TEST(ten_thousand_lists_that_share_their_texts_mark_each_its_predicate),
        FIXTURE_TEST(constants_made_to_collide_do_not),
        FIXTURE_TEST(nested_networks_are_those_that_cover_the_address),
        FIXTURE_TEST(a_range_of_many_is_marked_where_the_value_lies_in_it),
        FIXTURE_TEST(globs_are_exact_where_one_piece_decides),
        FIXTURE_TEST(a_list_is_as_good_as_its_worst_element),
        FIXTURE_TEST(a_row_of_predicates_is_walked_once_for_an_alert),
        FIXTURE_TEST(an_arena_too_small_is_an_error_wherever_it_ends),
        FIXTURE_TEST(rarer_tests_have_smaller_chances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
