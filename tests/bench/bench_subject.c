/* bench_subject - what one value costs that is asked of all tests on its subject at once
 * (match/subject_index.h): nanoseconds, for each kind of table, beside a table of ten tests, so that
 * the figures say how they grow. Values that fit nothing, unless it says otherwise.
 */
#include "base/arena.h"
#include "ip.h"
#include "match/subject_index.h"
#include "value_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { VALUES = 4096, ROUNDS = 200 };

struct bench {
    struct arena arena, scratch;
    uint64_t random;
};

static uint32_t below(struct bench *bench, uint32_t bound)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return (uint32_t)(bench->random >> 11) % bound;
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench_subject: %s\n", what);
    exit(1);
}

static value text_of(struct bench *bench, const char *text)
{
    if (text == NULL)
        give_up("out of memory");
    str copy = arena_copy(&bench->arena, str_from(text));
    return value_text(copy);
}

static value hash_text(struct bench *bench)
{
    return text_of(
        bench, arena_format(&bench->arena, "%08x%08x%08x%08x", below(bench, UINT32_MAX),
                   below(bench, UINT32_MAX), below(bench, UINT32_MAX), below(bench, UINT32_MAX)));
}

static value name_text(struct bench *bench)
{
    static const char *const verbs[] = { "Describe", "Get", "List", "Put", "Create", "Delete" };
    return text_of(bench,
        arena_format(&bench->arena, "%sThing%u", verbs[below(bench, 6)], below(bench, UINT32_MAX)));
}

static value few_names(struct bench *bench)
{
    return text_of(bench, arena_format(&bench->arena, "DescribeThing%u", below(bench, 40)));
}

static value address_text(struct bench *bench)
{
    return text_of(bench, arena_format(&bench->arena, "%u.%u.%u.%u", 1 + below(bench, 223),
                              below(bench, 256), below(bench, 256), below(bench, 256)));
}

static value network(struct bench *bench)
{
    struct ip *ip = ARENA_NEW(&bench->arena, struct ip);
    value text = address_text(bench);
    if (ip == NULL || !ip_parse(value_str(text), ip))
        give_up("no address");
    ip->bits = (uint8_t)(IP_V4_BITS + 16 + below(bench, 17));
    ip_mask(ip);
    return (value){ .kind = VALUE_CIDR, .ip = ip };
}

static value number(struct bench *bench)
{
    return value_integer(below(bench, 1000000));
}

static value list_of(struct bench *bench, value (*make)(struct bench *), uint32_t count)
{
    value *items = ARENA_ARRAY(&bench->arena, value, count);
    value set;
    for (uint32_t i = 0; items != NULL && i < count; i++)
        items[i] = make(bench);
    if (items == NULL || value_set_new(&bench->arena, items, count, &set) != ERR_OK)
        give_up("out of memory");
    return set;
}

static void ask_all(struct bench *bench, const struct subject_index *index, const value *values,
    struct truths *truths, uint64_t *held)
{
    const struct asking asking = { truths, &bench->scratch };
    for (uint32_t i = 0; i < VALUES; i++) {
        truths->alert++;
        truths->held_count = 0;
        if (subject_index_ask(index, values[i], &asking) != ERR_OK)
            give_up("a value could not be asked");
        *held += truths->held_count;
    }
}

/* One line of the table. */
static void measure(struct bench *bench, const char *what, struct subject_test *tests,
    uint32_t count, value (*make)(struct bench *))
{
    uint32_t rows = 0;
    struct truths truths = { .stamps = ARENA_ARRAY(&bench->arena, uint32_t, count),
        .held = ARENA_ARRAY(&bench->arena, uint32_t, count) };
    value *values = ARENA_ARRAY(&bench->arena, value, VALUES);
    const struct subject_index *index;
    uint64_t held = 0;
    double best = 1e18;
    for (uint32_t i = 0; i < count; i++)
        tests[i].predicate = i;
    size_t bytes = bench->arena.held;
    double start = now_ns();
    if (values == NULL || truths.stamps == NULL || truths.held == NULL
        || subject_index_new(&bench->arena, NULL, tests, count, &rows, &index) != ERR_OK)
        give_up("no index");
    double built = now_ns() - start;
    bytes = bench->arena.held - bytes;
    truths.rows = ARENA_ARRAY(&bench->arena, uint32_t, rows);
    if (truths.rows == NULL)
        give_up("out of memory");
    for (uint32_t i = 0; i < VALUES; i++)
        values[i] = make(bench);
    for (int round = 0; round < ROUNDS; round++) {
        start = now_ns();
        ask_all(bench, index, values, &truths, &held);
        double took = now_ns() - start;
        best = took < best ? took : best;
    }
    printf("%-44s %7u tests %8.1f ns/value %8.2f hold %9.2f ms to build %8.0f KB\n", what, count,
        best / VALUES, (double)held / VALUES / ROUNDS, built / 1e6, (double)bytes / 1e3);
    arena_release(&bench->scratch);
}

static struct subject_test *tests_of(struct bench *bench, enum opcode opcode, uint32_t count,
    value (*make)(struct bench *), uint32_t list_length)
{
    struct subject_test *tests = ARENA_ARRAY(&bench->arena, struct subject_test, count);
    if (tests == NULL)
        give_up("out of memory");
    for (uint32_t i = 0; i < count; i++) {
        tests[i].test = (struct test_code){ .opcode = opcode, .flags = FLAG_LOOSE };
        tests[i].test.right = list_length == 0 ? make(bench) : list_of(bench, make, list_length);
        if (opcode == OP_BETWEEN)
            tests[i].test.high = value_integer(tests[i].test.right.integer + 1000);
    }
    return tests;
}

int main(void)
{
    struct bench bench = { .random = 88172645463325252u };
    for (uint32_t count = 10; count <= 10000; count *= 10)
        measure(&bench, "name = \"..\"", tests_of(&bench, OP_EQUAL, count, name_text, 0), count,
            name_text);
    measure(&bench, "few names, most of them held", tests_of(&bench, OP_EQUAL, 64, few_names, 0),
        64, few_names);
    measure(&bench, "hash in [100 texts]", tests_of(&bench, OP_IN, 10000, hash_text, 100), 10000,
        hash_text);
    measure(&bench, "hash in [1,000,000 texts]", tests_of(&bench, OP_IN, 1, hash_text, 1000000), 1,
        hash_text);
    for (uint32_t count = 10; count <= 10000; count *= 10)
        measure(&bench, "ip in network, address as text",
            tests_of(&bench, OP_IN, count, network, 0), count, address_text);
    for (uint32_t count = 10; count <= 1000; count *= 10)
        measure(&bench, "number between, a thousandth wide",
            tests_of(&bench, OP_BETWEEN, count, number, 0), count, number);
    measure(&bench, "number > .., half hold", tests_of(&bench, OP_GREATER, 1000, number, 0), 1000,
        number);
    arena_release(&bench.arena);
    return 0;
}
