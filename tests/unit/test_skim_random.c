#include "skim_agree.h"

/* Random alerts, of which a seed makes the same ones on every machine, and what is left of them after
 * bytes were changed. */

static const char *const paths[] = { "a", "a.b", "a.b.c", "b", "b.a", "list", "list.a", "x.y.z",
    "\xC3\xA9.a", "long_key_that_is_not_remembered_at_all.a", "A.B", "k" };

struct maker {
    uint64_t state;
    char text[32 * 1024];
    size_t length;
    bool has_spaces;
};

/* xorshift64 (Marsaglia, 2003). */
static uint32_t draw(struct maker *maker, uint32_t below)
{
    maker->state ^= maker->state << 13;
    maker->state ^= maker->state >> 7;
    maker->state ^= maker->state << 17;
    return (uint32_t)(maker->state >> 33) % below;
}

static void put(struct maker *maker, const char *piece)
{
    size_t length = strlen(piece);
    if (maker->length + length > sizeof maker->text)
        return;
    memcpy(maker->text + maker->length, piece, length);
    maker->length += length;
}

static void put_one(struct maker *maker, const char *const *pieces, uint32_t count)
{
    put(maker, pieces[draw(maker, count)]);
}

static void put_space(struct maker *maker)
{
    static const char *const spaces[] = { " ", "\n", "\t", "\r\n", "  " };
    if (maker->has_spaces && draw(maker, 3) == 0)
        put_one(maker, spaces, COUNT_OF(spaces));
}

static void put_string(struct maker *maker)
{
    static const char *const parts[] = { "x", "text", "}", "]", "{", "[", ",", ":", "\\\"", "\\\\",
        "\\n", "\\/", "\\u0041", "\\ud83d\\ude00", "\xC3\xA9", "\xE2\x82\xAC", "  ",
        "fifty bytes of text that only make a string longer" };
    static const char *const odd_parts[] = { "\\ud800", "\xFF", "\x01", "\xE2\x82", "\\u00e9\\" };
    put(maker, "\"");
    for (uint32_t left = draw(maker, 6); left > 0; left--)
        put_one(maker, parts, COUNT_OF(parts));
    if (draw(maker, 100) == 0)
        put_one(maker, odd_parts, COUNT_OF(odd_parts));
    put(maker, "\"");
}

static void put_scalar(struct maker *maker)
{
    static const char *const scalars[] = { "0", "1", "-12", "3.25", "1e3", "true", "false", "null",
        "123456789012345678", "9223372036854775807", "-0", "0.5" };
    static const char *const odd_scalars[] = { "12345678901234567890", "1e999", "01", "tru", "-" };
    if (draw(maker, 3) == 0)
        put_string(maker);
    else if (draw(maker, 200) == 0)
        put_one(maker, odd_scalars, COUNT_OF(odd_scalars));
    else
        put_one(maker, scalars, COUNT_OF(scalars));
}

static void put_key(struct maker *maker, uint32_t number)
{
    static const char *const keys[] = { "\"a\"", "\"b\"", "\"c\"", "\"list\"", "\"x\"", "\"y\"",
        "\"z\"", "\"A\"", "\"k\"", "\"\xE2\x84\xAA\"", "\"\xC3\x89\"", "\"a.b\"",
        "\"long_key_that_is_not_remembered_at_all\"", "\"\\u0061\"" };
    static const char *const others[] = { "\"one\"", "\"two\"", "\"three\"", "\"four\"", "\"five\"",
        "\"six of {[\"", "\"seven\\\"\"", "\"\"" };
    uint32_t wanted = (uint32_t)COUNT_OF(keys);
    if (draw(maker, 3) > 0)
        put(maker, keys[(number * 3 + draw(maker, 3)) % (wanted - (draw(maker, 8) > 0))]);
    else
        put_one(maker, others, COUNT_OF(others));
    put_space(maker);
    put(maker, ":");
}

/* Made with a stack of its own: what is open, and how much is still to come in it. */
static void make_alert(struct maker *maker)
{
    struct {
        bool is_array;
        uint32_t left, number;
    } open[8];
    unsigned depth = 1;
    maker->length = 0;
    maker->has_spaces = draw(maker, 3) == 0;
    open[0].is_array = false;
    open[0].left = draw(maker, 8);
    open[0].number = 0;
    put_space(maker);
    put(maker, "{");
    while (depth > 0) {
        put_space(maker);
        if (open[depth - 1].left == 0) {
            put(maker, open[--depth].is_array ? "]" : "}");
            continue;
        }
        if (open[depth - 1].number > 0)
            put(maker, ",");
        put_space(maker);
        if (!open[depth - 1].is_array)
            put_key(maker, open[depth - 1].number);
        put_space(maker);
        open[depth - 1].left--;
        open[depth - 1].number++;
        if (depth == COUNT_OF(open) || draw(maker, 3) > 0) {
            put_scalar(maker);
            continue;
        }
        open[depth].is_array = draw(maker, 2) == 0;
        open[depth].left = draw(maker, 5);
        open[depth].number = 0;
        put(maker, open[depth++].is_array ? "[" : "{");
    }
    put_space(maker);
}

static void change_a_byte(struct maker *maker)
{
    static const char bytes[] = "\"\"\\{}[]:,,  019-.eEtfn\n\xC3\xFF\x01u";
    size_t at = draw(maker, (uint32_t)maker->length);
    char *place = maker->text + at;
    switch (draw(maker, 4)) {
    case 0:
        *place = bytes[draw(maker, sizeof bytes - 1)];
        break;
    case 1:
        memmove(place, place + 1, maker->length - at - 1);
        maker->length--;
        break;
    case 2:
        if (maker->length < sizeof maker->text) {
            memmove(place + 1, place, maker->length - at);
            *place = bytes[draw(maker, sizeof bytes - 1)];
            maker->length++;
        }
        break;
    default:
        maker->length = at;
    }
}

enum { ALERTS = 6000, CHANGES = 3 };

static void random_alerts_are_read_the_same(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(paths, COUNT_OF(paths));
    struct maker maker = { .state = 0x9E3779B97F4A7C15 };
    for (unsigned i = 0; i < ALERTS; i++) {
        make_alert(&maker);
        agree(&agreement, (str){ maker.text, maker.length }, SKIM_STRICT);
    }
    assert_true(agreement.done > ALERTS / 4);
    assert_true(agreement.unsure > ALERTS / 100);
}

static void changed_alerts_are_read_the_same_or_left_alone(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(paths, COUNT_OF(paths));
    struct maker maker = { .state = 0xD1B54A32D192ED03 };
    for (unsigned i = 0; i < ALERTS; i++) {
        make_alert(&maker);
        for (unsigned change = 0; change < CHANGES && maker.length > 1; change++) {
            change_a_byte(&maker);
            agree(&agreement, (str){ maker.text, maker.length }, SKIM_STRICT);
        }
    }
    assert_true(agreement.done > ALERTS / 50);
    assert_true(agreement.unsure > ALERTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_alerts_are_read_the_same),
        cmocka_unit_test(changed_alerts_are_read_the_same_or_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
