#include "match/literals_kernel.h"

#include "base/fold.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <cmocka.h>

enum { TEST_LITERALS_MAX = 20000 };

/* The same one each time: what a search costs is held against figures. */
static const struct literals_seed fixed_seed = { 0x2545F4914F6CDD1D, 0x9E6C63D0876A9A47 };

/* One thread's truths, and what was made for them. */
struct world {
    struct arena arena;
    struct truths truths;
    struct literals literals; /* a copy, so that its kernel can be another */
    struct literal_work work;
};

static void world_release(struct world *world)
{
    arena_release(&world->arena);
}

static void world_build(struct world *world, struct literal *literals, uint32_t count)
{
    uint32_t predicates = 1;
    for (uint32_t i = 0; i < count; i++)
        predicates = literals[i].predicate >= predicates ? literals[i].predicate + 1 : predicates;
    world->truths.stamps = ARENA_ARRAY(&world->arena, uint32_t, predicates);
    world->truths.held = ARENA_ARRAY(&world->arena, uint32_t, predicates);
    assert_non_null(world->truths.stamps);
    assert_non_null(world->truths.held);
    const struct literals *made;
    uint32_t rows = 0;
    assert_int_equal(
        literals_new(&world->arena, fixed_seed, literals, count, &rows, &made), ERR_OK);
    world->truths.rows = ARENA_ARRAY(&world->arena, uint32_t, rows);
    assert_non_null(world->truths.rows);
    world->literals = *made;
}

/* Ask about a text in memory that ends where it ends, so that a sanitizer sees each read past it. */
static void world_ask(struct world *world, str text)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(0);
    char *exact = malloc(text.len == 0 ? 1 : text.len);
    assert_non_null(exact);
    if (text.len > 0)
        memcpy(exact, text.ptr, text.len);
    world->work = (struct literal_work){ 0 };
    world->truths.alert++;
    world->truths.held_count = 0;
    enum err err = literals_search(
        &world->literals, (str){ exact, text.len }, &scratch, &world->truths, &world->work);
    free(exact);
    assert_int_equal(err, ERR_OK);
}

/* The definition: each literal by itself. */
static bool is_in(const struct literal *literal, str text)
{
    bool is = false;
    str part = literal->text;
    switch (literal->place) {
    case LITERAL_START:
        return literal->is_cased ? str_startswith(text, part) : fold_startswith(text, part);
    case LITERAL_END:
        return literal->is_cased ? str_endswith(text, part) : fold_endswith(text, part);
    case LITERAL_ANYWHERE:
        break;
    }
    if (literal->is_cased)
        return part.len == 0 || memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
    assert_int_equal(fold_contains(text, part, &is), ERR_OK);
    return is;
}

static void show(const char *what, str text)
{
    printf("%s", what);
    for (size_t i = 0; i < text.len; i++)
        printf(" %02X", (unsigned char)text.ptr[i]);
    printf("\n");
}

/* Ask each kernel in turn for each predicate; then one text has been asked about. */
static void check_kernel(
    struct world *world, const struct literal *literals, uint32_t count, str text);

static void check_text(
    struct world *world, const struct literal *literals, uint32_t count, str text)
{
    for (const struct literal_kernel *kernel = literals_kernels(); kernel->name != NULL; kernel++) {
        if (!kernel->is_supported())
            continue;
        world->literals.kernel = kernel;
        check_kernel(world, literals, count, text);
    }
}

/* Each predicate holds when one of its literals is there, is noted once, and no other is. */
static void check_kernel(
    struct world *world, const struct literal *literals, uint32_t count, str text)
{
    static bool expected[TEST_LITERALS_MAX];
    uint32_t holding = 0;
    world_ask(world, text);
    memset(expected, 0, sizeof expected);
    for (uint32_t i = 0; i < count; i++) {
        bool is = is_in(&literals[i], text);
        holding += is && !expected[literals[i].predicate];
        expected[literals[i].predicate] |= is;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t predicate = literals[i].predicate;
        if (truths_has(&world->truths, predicate) != expected[predicate]) {
            show("text", text);
            show("literal", literals[i].text);
            printf("place %d, cased %d\n", literals[i].place, literals[i].is_cased);
        }
        assert_int_equal(truths_has(&world->truths, predicate), expected[predicate]);
    }
    assert_int_equal(world->truths.held_count, holding);
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(*state >> 33);
}

/* Pieces that texts are made of. Some fold to fewer bytes, or to more, or to ASCII. */
static const char *const ascii_pieces[] = { "a", "b", "A", "B", "ab", "k", "K", "s", "S", ".", "\\",
    "-enc", "-ENC", "C:\\", "exe", "0", "[", "@", "`", "{", "z", "Z" };
static const char *const unicode_pieces[] = { "a", "A", "k", "K", "\xE2\x84\xAA", "s", "S",
    "\xC5\xBF", "\xC4\xB0", "i", "I", "\xC4\xB1", "\xC3\xA9", "\xC3\x89", "\xC8\xBA",
    "\xE2\xB1\xA5", "\xF0\x9F\x98\x80", "\xF0\x90\x90\x80", "\xF0\x90\x90\xA8", "\xEF\xBF\xBD",
    "\xC3\x9F", "\xE1\xBA\x9E", "\xE2\x84\xAB", "\xC3\xA5", "ab", "B" };
static const char *const broken_pieces[] = { "\x80", "\xFF", "\xE2\x84", "\xC3", "\xF0\x9F\x98",
    "\xED\xA0\x80", "\xC0\xAF", "\xA9", "\xBF\xBD" };

enum alphabet { ALPHABET_TWO, ALPHABET_ASCII, ALPHABET_UNICODE, ALPHABET_BROKEN };

static str random_text(
    uint64_t *state, enum alphabet alphabet, uint32_t pieces, char *room, size_t size)
{
    size_t length = 0;
    for (uint32_t i = 0; i < pieces; i++) {
        const char *piece = ascii_pieces[next_random(state) % COUNT_OF(ascii_pieces)];
        if (alphabet == ALPHABET_TWO)
            piece = ascii_pieces[next_random(state) % 4];
        if (alphabet >= ALPHABET_UNICODE && next_random(state) % 4 != 0)
            piece = unicode_pieces[next_random(state) % COUNT_OF(unicode_pieces)];
        if (alphabet == ALPHABET_BROKEN && next_random(state) % 4 == 0)
            piece = broken_pieces[next_random(state) % COUNT_OF(broken_pieces)];
        if (length + strlen(piece) > size)
            break;
        memcpy(room + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return (str){ room, length };
}

static void random_literals(struct world *world, uint64_t *state, enum alphabet alphabet,
    uint32_t pieces_max, struct literal *literals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char room[512];
        uint32_t pieces = next_random(state) % (pieces_max + 1);
        str text = random_text(state, alphabet, pieces, room, sizeof room);
        literals[i] = (struct literal){
            .text = arena_copy(&world->arena, text),
            .place = (enum literal_place)(next_random(state) % 3),
            .is_cased = next_random(state) % 2 == 0,
            .predicate = next_random(state) % (count + count / 4),
        };
    }
}

/* Random literals and texts: with `pieces_max` 3 nearly all are found. */
static void compare(enum alphabet alphabet, enum alphabet text_alphabet, uint32_t count,
    uint32_t pieces_max, uint64_t seed)
{
    static struct literal literals[TEST_LITERALS_MAX];
    static const uint32_t text_pieces[] = { 0, 1, 2, 3, 5, 8, 15, 16, 17, 40, 64, 200, 700 };
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    uint64_t state = seed;
    random_literals(&world, &state, alphabet, pieces_max, literals, count);
    world_build(&world, literals, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(literals[i].chance >= 0 && literals[i].chance <= 1);
        check_text(&world, literals, count, literals[i].text);
    }
    for (uint32_t i = 0; i < 60; i++) {
        char room[4096];
        uint32_t pieces = text_pieces[i % COUNT_OF(text_pieces)];
        check_text(
            &world, literals, count, random_text(&state, text_alphabet, pieces, room, sizeof room));
    }
}

static void random_literals_are_found_as_one_by_one(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (uint32_t pieces = 1; pieces <= 33; pieces = pieces * 2 + 1) {
            compare(ALPHABET_TWO, ALPHABET_TWO, 60, pieces, seed * 7);
            compare(ALPHABET_ASCII, ALPHABET_ASCII, 100, pieces, seed * 11);
            compare(ALPHABET_UNICODE, ALPHABET_UNICODE, 100, pieces, seed * 13);
            compare(ALPHABET_UNICODE, ALPHABET_BROKEN, 100, pieces, seed * 17);
            compare(ALPHABET_ASCII, ALPHABET_BROKEN, 100, pieces, seed * 19);
        }
}

/* The sign for kelvin, which folds to k, and an e. */
#define KELVIN "\xE2\x84\xAA\x65"

static void letters_that_fold_into_ascii_are_found_either_way(void **unused)
{
    (void)unused;
    static const char *const spellings[] = { "kelvin", "KELVIN", KELVIN "lvin" };
    static const char *const texts[] = { "x kelvin y", "KELVIN", "a" KELVIN "LVIN",
        KELVIN "lvi\xC5\x84", "kelvi", "" };
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    struct literal literals[18];
    uint32_t count = 0;
    for (uint32_t i = 0; i < COUNT_OF(spellings); i++)
        for (uint32_t place = 0; place <= LITERAL_END; place++)
            for (uint32_t is_cased = 0; is_cased <= 1; is_cased++, count++)
                literals[count] = (struct literal){ .text = str_from(spellings[i]),
                    .place = (enum literal_place)place,
                    .is_cased = is_cased != 0,
                    .predicate = count };
    world_build(&world, literals, count);
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        check_text(&world, literals, count, str_from(texts[i]));
}

/* All the texts of ten letters of which each is a or b: 128 windows of seven, 16 of four. */
static void thousands_of_literals_of_two_letters_have_short_chains(void **unused)
{
    (void)unused;
    static struct literal literals[1024];
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    char room[1024][10];
    for (uint32_t i = 0; i < 1024; i++) {
        for (uint32_t bit = 0; bit < 10; bit++)
            room[i][bit] = (i >> bit & 1) != 0 ? 'a' : 'b';
        literals[i] = (struct literal){ .text = { room[i], 10 }, .predicate = i };
    }
    world_build(&world, literals, 1024);
    char text[4096];
    uint64_t state = 5;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = next_random(&state) % 2 == 0 ? 'a' : 'B';
    check_text(&world, literals, 1024, (str){ text, sizeof text });
    assert_true(
        world.work.needles <= (uint64_t)CHAIN_MAX * world.literals.layer_count * sizeof text);
    assert_true(world.literals.layer_count <= 3);
}

/* Fill `room` with repetitions of a word. */
static str repeat(const char *word, char *room, size_t size)
{
    size_t length = strlen(word);
    for (size_t at = 0; at < size; at++)
        room[at] = word[at % length];
    return (str){ room, size };
}

static void a_text_of_a_popular_gram_costs_a_chain_for_each_place(void **unused)
{
    (void)unused;
    enum { COUNT = 3000 };
    static struct literal literals[COUNT];
    static char texts[COUNT][32];
    static char room[100000];
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    for (uint32_t i = 0; i < COUNT; i++) {
        int length = snprintf(texts[i], sizeof texts[i], "powershell%u", i);
        literals[i] = (struct literal){ .text = { texts[i], (size_t)length }, .predicate = i };
    }
    world_build(&world, literals, COUNT);
    assert_true(world.literals.layer_count <= 3);
    str text = repeat("powershell11111ershell", room, sizeof room);
    world_ask(&world, text);
    assert_true(world.truths.held_count > 0);
    assert_true(world.work.needles <= (uint64_t)CHAIN_MAX * world.literals.layer_count * text.len);
    assert_true(world.work.needles > 0);
    /* What was found is not compared again. */
    assert_true(world.work.compared < 100);
}

static void long_literals_that_differ_late_cost_a_few_times_the_text(void **unused)
{
    (void)unused;
    static char part[4100], room[100000];
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    struct literal literals[4];
    repeat("~^", part, 4000);
    for (uint32_t i = 0; i < COUNT_OF(literals); i++)
        literals[i] = (struct literal){
            .text = { part + 40 * i, 4004 - 40 * i }, .is_cased = i % 2 != 0, .predicate = i
        };
    memcpy(part + 4000, " the", 4);
    world_build(&world, literals, COUNT_OF(literals));
    str text = repeat("~^", room, sizeof room);
    world_ask(&world, text);
    assert_int_equal(world.truths.held_count, 0);
    assert_true(world.work.compared > text.len / 4 - 1100); /* as often as it may be there */
    assert_true(world.work.bytes <= 4 * text.len + 1024 + 4004);
    /* The last place is the right one, and sums say so. */
    memcpy(room + sizeof room - 4, " the", 4);
    check_text(&world, literals, COUNT_OF(literals), text);
    assert_int_equal(world.truths.held_count, 4);
    assert_true(world.work.bytes <= 4 * text.len + 1024 + 5 * 4004);
    memcpy(room + sizeof room - 4, " THE", 4);
    check_text(&world, literals, COUNT_OF(literals), text);
    assert_int_equal(world.truths.held_count, 2);
}

static void one_literal_of_many_rules_is_compared_once(void **unused)
{
    (void)unused;
    enum { COUNT = 3000 };
    static struct literal literals[COUNT];
    static char room[20000];
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    for (uint32_t i = 0; i < COUNT; i++)
        literals[i] = (struct literal){ .text = STR("mimikatz"), .predicate = i };
    world_build(&world, literals, COUNT);
    world_ask(&world, repeat("MimiKatz ", room, sizeof room));
    assert_int_equal(world.truths.held_count, COUNT);
    assert_int_equal(world.work.compared, 1);
    assert_int_equal(world.literals.needle_count, 1);
    world_ask(&world, STR("mimikat"));
    assert_int_equal(world.truths.held_count, 0);
}

static void thousands_of_endings_have_short_chains(void **unused)
{
    (void)unused;
    enum { COUNT = 4000 };
    static struct literal literals[COUNT];
    static char texts[COUNT][64];
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    for (uint32_t i = 0; i < COUNT; i++) {
        int length = snprintf(texts[i], sizeof texts[i], "\\tool%u-x86_64.exe", i);
        literals[i] = (struct literal){
            .text = { texts[i], (size_t)length }, .place = LITERAL_END, .predicate = i
        };
    }
    world_build(&world, literals, COUNT);
    for (uint32_t i = 0; i < COUNT; i += 97) {
        check_text(&world, literals, COUNT, str_from(texts[i]));
        assert_true(world.work.needles <= 4 * CHAIN_MAX);
    }
}

static void no_literals_hold_for_no_text(void **unused)
{
    (void)unused;
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    world_build(&world, NULL, 0);
    world_ask(&world, STR("powershell -enc"));
    world_ask(&world, STR(""));
    assert_int_equal(world.truths.held_count, 0);
}

static void seldom_literals_have_a_smaller_chance(void **unused)
{
    (void)unused;
    static const char *const seldom_last[] = { "", "e", "exe", "\\windows\\", "mimikatz",
        "qzxjkvwy" };
    CLEANUP(world_release) struct world world = { .arena = ARENA_INIT(0) };
    struct literal literals[COUNT_OF(seldom_last)];
    for (uint32_t i = 0; i < COUNT_OF(seldom_last); i++)
        literals[i] = (struct literal){ .text = str_from(seldom_last[i]), .predicate = i };
    world_build(&world, literals, COUNT_OF(seldom_last));
    for (uint32_t i = 1; i < COUNT_OF(seldom_last); i++)
        assert_true(literals[i].chance <= literals[i - 1].chance);
    assert_true(literals[0].chance >= 1);
    assert_true(literals[5].chance < 0.001);
}

static void a_full_arena_is_an_error_and_not_a_crash(void **unused)
{
    (void)unused;
    struct literal literals[] = { { .text = STR("powershell") },
        { .text = STR("\xC3\x89t\xC3\xA9") } };
    for (size_t limit = 1; limit < 20000; limit += 97) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        const struct literals *made;
        uint32_t rows = 0;
        enum err err = literals_new(&arena, fixed_seed, literals, 2, &rows, &made);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_literals_are_found_as_one_by_one),
        cmocka_unit_test(letters_that_fold_into_ascii_are_found_either_way),
        cmocka_unit_test(thousands_of_literals_of_two_letters_have_short_chains),
        cmocka_unit_test(a_text_of_a_popular_gram_costs_a_chain_for_each_place),
        cmocka_unit_test(long_literals_that_differ_late_cost_a_few_times_the_text),
        cmocka_unit_test(one_literal_of_many_rules_is_compared_once),
        cmocka_unit_test(thousands_of_endings_have_short_chains),
        cmocka_unit_test(no_literals_hold_for_no_text),
        cmocka_unit_test(seldom_literals_have_a_smaller_chance),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
