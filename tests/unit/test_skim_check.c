#include "base/buf.h"
#include "match/scan.h"
#include "match/skim_check.h"
#include "skim_agree.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

/* What scan.c says: an object, no deeper than it tells apart, and white space around it. */
static bool is_accepted(str json)
{
    struct scan scan = { .json = json };
    struct json_token token;
    struct json_fault fault;
    if (json.len > ALERT_BYTES_MAX || scan_space(&scan) || json.ptr[scan.at] != '{')
        return false;
    do {
        if (scan_next(&scan, &token, &fault) != ERR_OK || token.is_deep)
            return false;
    } while (token.kind != JSON_END);
    return scan_space(&scan);
}

static void assert_same(str json)
{
    if (skim_check(json) != is_accepted(json))
        fail_msg("%s: %.*s", is_accepted(json) ? "is sound" : "is not sound", STR_ARG(json));
}

static void assert_judged(const char *json, bool is_sound)
{
    assert_same(str_from(json));
    if (skim_check(str_from(json)) != is_sound)
        fail_msg("%s: %s", is_sound ? "is sound" : "is not sound", json);
}

static void what_an_object_may_hold_is_sound(void **state)
{
    (void)state;
    static const char *const sound[] = { "{}", " {}\r\n", "{ }", "{\"\":\"\"}", "{\"a\":{}}",
        "{\"a\":[]}", "{\"a\" : [ ] , \"b\"\t:\n{ } }", "{\"a\":[1,[2,{\"b\":[3]}],\"c\"]}",
        "{\"a\":true,\"b\":false,\"c\":null}", "{\"a\":[true,false,null]}",
        "{\"a\":[0,-0,1,-1,10,0.5,1e5,1E+5,1.25e-7,-0.0]}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "{\"a\":\"\\u00e9\\uD800\\u0000\"}",
        "{\"a\":\"{[:,]}\"}", "{\"a\":\"\x01\xff\"}", "{\"a\":1,\"a\":2}", "{\"\\\"\":1}" };
    for (size_t i = 0; i < COUNT_OF(sound); i++)
        assert_judged(sound[i], true);
}

static void what_breaks_the_grammar_is_not_sound(void **state)
{
    (void)state;
    static const char *const broken[] = { "", " ", "1", "\"a\"", "[]", "{", "}", "{}}", "{}{}",
        "{},{}", "{}1", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}",
        "{\"a\":1,,\"b\":2}", "{\"a\"::1}", "{\"a\":1:2}", "{a:1}", "{1:1}", "{\"a\":[1,]}",
        "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[\"b\":1]}", "{\"a\":[1}", "{\"a\":{1]}",
        "{\"a\":{]}", "{\"a\":[}}", "{\"a\":[1}]", "{\"a\":01}", "{\"a\":00}", "{\"a\":-01}",
        "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}",
        "{\"a\":1.2.3}", "{\"a\":1e5e5}", "{\"a\":1-2}", "{\"a\":tru}", "{\"a\":truex}",
        "{\"a\":True}", "{\"a\":nul}", "{\"a\":NaN}", "{\"a\":falsee}", "{\"a\":1x}", "{\"a\":x1}",
        "{\"a\":\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u123\"}",
        "{\"a\":\"b\"\"c\"}", "{\"a\":\"b\"c}", "{\"a\":true\"b\"}", "{\"a\":1\"b\":2}",
        "{\"a\" 1}", "{\"a\":\"b\"1}", "{\"a\":1{}}", "{\"a\":{}1}", "{\"a\":[]{}}", "{{}}", "{[]}",
        "{\"a\":[{]}", "{\"a\"{}}", "{\"a\",1}", "{\"a\":\\\"b\"}", "{\"a\":1}\\", "{\"a\":1\x01}",
        "{\"a\":1\f}", "{'a':1}", "{\"a\":1}//", "{\"a\":/*b*/1}" };
    for (size_t i = 0; i < COUNT_OF(broken); i++)
        assert_judged(broken[i], false);
}

static void bytes_that_no_text_holds_are_judged_as_scan_judges_them(void **state)
{
    (void)state;
    assert_same((str){ "{\"a\":\"\0\"}", 9 });
    assert_same((str){ "{\"a\":\0}", 7 });
    assert_same((str){ "{\"a\":\"\\\0\"}", 10 });
    assert_same((str){ "{}\0", 3 });
    assert_same((str){ "\xEF\xBB\xBF{}", 5 });
}

/* Each text with white space, and behind keys of each length, so that every token comes to stand on
 * every place of a word and across its end. */
static void tokens_may_stand_across_words(void **state)
{
    (void)state;
    static const char *const texts[] = { "{\"%s\":true}", "{\"%s\":[-1.5e10,0,false , null]}",
        "{\"%s\":\"\\u12aF\\\\\\n\"}", "{\"%s\" : { \"b\" : [ ] } , \"c\":1234567890}",
        "{\"%s\":12345678901234567890123456789012345678901234567890123456789012345678901.5}",
        "{\"%s\":01}", "{\"%s\":1.2.3}", "{\"%s\":[1,{}}]", "{\"%s\":1 , }", "{\"%s\"  1}",
        "{\"%s\":\"\\u12g4\"}", "{\"%s\":\"\\x\"}", "{\"%s\":nulll}", "{\"%s\":{}}  1",
        "{\"%s\":[1   2]}", "{\"%s\":\"a\"   \"b\":1}" };
    char filler[200];
    char json[512];
    memset(filler, 'k', sizeof filler);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (int length = 0; length < 140; length++) {
            char key[200] = "";
            memcpy(key, filler, (size_t)length);
            const char *rest = strstr(texts[i], "%s") + 2;
            snprintf(json, sizeof json, "{\"%s%s", key, rest);
            assert_same(str_from(json));
            snprintf(json, sizeof json, "%*s{\"a%s", length, "", rest);
            assert_same(str_from(json));
            snprintf(json, sizeof json, "{%*s\"a%s%*s", length, "", rest, length, "");
            assert_same(str_from(json));
            snprintf(json, sizeof json, "{\"a\"%*s:%*s%s", length, "", length, "", rest + 2);
            assert_same(str_from(json));
        }
    }
}

static void add_times(struct buf *text, const char *piece, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        buf_add(text, str_from(piece));
}

static void nesting_is_sound_up_to_the_deepest_place(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < ALERT_DEPTH_MAX + 70; depth++) {
        CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
        add_times(&json, "{\"a\":", depth - 1);
        add_times(&json, depth % 2 == 0 ? "[]" : "{}", 1);
        add_times(&json, "}", depth - 1);
        assert_same(buf_str(&json));
        assert_int_equal(skim_check(buf_str(&json)), depth <= ALERT_DEPTH_MAX && depth != 0);
        json.ptr[json.len - 1] = ']';
        assert_false(skim_check(buf_str(&json)));
    }
}

/* ---- mutations ---- */

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* Bytes that mean something. */
static char meaningful(uint64_t random)
{
    static const char bytes[] = "{}[]:,\"\\ \n\t0123456789-+.eEtfnu/xA\x01\xff";
    return bytes[random % (sizeof bytes - 1)];
}

/* Change, take away, double or swap a byte. */
static size_t mutate(char *text, size_t length, uint64_t *random)
{
    size_t at = next_random(random) % length;
    switch (next_random(random) % 4) {
    case 0:
        text[at] = meaningful(next_random(random));
        return length;
    case 1:
        memmove(text + at, text + at + 1, length - at - 1);
        return length - 1;
    case 2:
        memmove(text + at + 1, text + at, length - at);
        text[at] = meaningful(next_random(random));
        return length + 1;
    default:
        text[at] ^= (char)(1 << next_random(random) % 8);
        return length;
    }
}

enum { MUTATIONS = 3 };

static void assert_mutations(str json, unsigned turns, uint64_t *random)
{
    char *text = malloc(json.len + MUTATIONS);
    assert_non_null(text);
    for (unsigned turn = 0; turn < turns; turn++) {
        memcpy(text, json.ptr, json.len);
        size_t length = json.len;
        for (unsigned i = 0; i <= turn % MUTATIONS && length > 0; i++)
            length = mutate(text, length, random);
        assert_same((str){ text, length });
    }
    free(text);
}

static void assert_truncations(str json)
{
    char *text = malloc(json.len + 1);
    assert_non_null(text);
    memcpy(text, json.ptr, json.len);
    for (size_t length = 0; length < json.len; length++) {
        char *end = malloc(length + 1); /* so that a read past the end is seen */
        assert_non_null(end);
        memcpy(end, text, length);
        assert_same((str){ end, length });
        free(end);
    }
    free(text);
}

/* JSON of any shape; and sometimes nearly. */
static void add_random_value(struct buf *json, unsigned depth, uint64_t *random)
{
    static const char *const scalars[] = { "0", "-1", "12", "1.5", "2e9", "-0.25E-3", "true",
        "false", "null", "\"\"", "\"text\"", "\"\\\"q\\\\\"", "\"\\u00e9\\n\"", "\"{,]:\"",
        "123456789012345" };
    static const char *const gaps[] = { "", "", "", " ", "\n", " \t " };
    uint64_t shape = next_random(random) % (depth < 6 ? 5 : 3);
    if (shape < 3) {
        buf_add(json, str_from(scalars[next_random(random) % COUNT_OF(scalars)]));
        return;
    }
    uint64_t count = next_random(random) % 5;
    buf_add(json, shape == 3 ? STR("[") : STR("{"));
    for (uint64_t i = 0; i < count; i++) {
        const char *gap = gaps[next_random(random) % COUNT_OF(gaps)];
        buf_addf(json, "%s%s", i == 0 ? "" : ",", gap);
        if (shape == 4)
            buf_addf(json, "\"key%u\"%s:%s", (unsigned)i, gap, gap);
        add_random_value(json, depth + 1, random);
        buf_add(json, str_from(gap));
    }
    buf_add(json, shape == 3 ? STR("]") : STR("}"));
}

static void mutated_texts_are_judged_as_scan_judges_them(void **state)
{
    (void)state;
    uint64_t random = 0x9E3779B97F4A7C15;
    for (unsigned turn = 0; turn < 6000; turn++) {
        CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
        buf_add(&json, STR("{\"a\":"));
        add_random_value(&json, 0, &random);
        buf_add(&json, STR(",\"b\":"));
        add_random_value(&json, 0, &random);
        buf_add(&json, STR("}"));
        assert_true(skim_check(buf_str(&json)) && is_accepted(buf_str(&json)));
        assert_mutations(buf_str(&json), 60, &random);
        if (turn % 100 == 0)
            assert_truncations(buf_str(&json));
    }
}

/* The kernels of the skimmer read what is mutated as projection_read does, or are unsure. */
static void mutated_texts_are_read_as_projection_read_does(void **state)
{
    (void)state;
    static const char *const paths[] = { "a", "b", "a.key0", "b.key1", "b.key1.key0" };
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(paths, COUNT_OF(paths));
    uint64_t random = 0xD1B54A32D192ED03;
    for (unsigned turn = 0; turn < 20000; turn++) {
        CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
        buf_add(&json, STR("{\"a\":"));
        add_random_value(&json, 0, &random);
        buf_add(&json, STR(",\"b\":"));
        add_random_value(&json, 0, &random);
        buf_add(&json, STR("}  "));
        size_t length = json.len - 2;
        for (unsigned i = 0; i < turn % MUTATIONS; i++)
            length = mutate(json.ptr, length, &random);
        str text = { json.ptr, length };
        if (agree(&agreement, text, SKIM_STRICT) == SKIM_DONE && !skim_check(text))
            fail_msg("strict is sure of %.*s", STR_ARG(text));
    }
    assert_true(agreement.done > 1000 && agreement.unsure > 1000);
}

/* A string of up to `most` pieces, with its quotes. The skimmer is unsure of keys with escapes. */
static void add_random_text(struct buf *json, bool is_key, uint64_t most, uint64_t *random)
{
    static const char *const pieces[] = { "a", "7", ",", "{", "]", ":", " ", "\\\"", "\\\\" };
    size_t count = is_key ? 7 : COUNT_OF(pieces);
    buf_add_byte(json, '"');
    for (uint64_t i = next_random(random) % (most + 1); i > 0; i--)
        buf_add(json, str_from(pieces[next_random(random) % count]));
    buf_add_byte(json, '"');
}

/* Keys and values without a space between, over many words: what leads from word to word and from lane
 * to lane, keys that fill words, and everything at every place of them. */
static void add_long_object(struct buf *json, unsigned depth, uint64_t *random)
{
    static const char *const scalars[] = { "0", "-1", "12", "1.5", "2e9", "-0.25E-3", "true",
        "false", "null", "[]", "{}", "[1,\"a\",[{}],2]", "123456789012345" };
    buf_add_byte(json, '{');
    for (uint64_t i = next_random(random) % 6 + 1; i > 0; i--) {
        add_random_text(json, true, next_random(random) % 8 == 0 ? 150 : 20, random);
        buf_add_byte(json, ':');
        if (next_random(random) % 2 == 0)
            add_random_text(json, false, next_random(random) % 4 == 0 ? 200 : 20, random);
        else if (depth < 4 && next_random(random) % 2 == 0)
            add_long_object(json, depth + 1, random);
        else
            buf_add(json, str_from(scalars[next_random(random) % COUNT_OF(scalars)]));
        buf_add(json, i > 1 ? STR(",") : STR("}"));
    }
}

static void long_texts_without_spaces_are_read_as_projection_read_does(void **state)
{
    (void)state;
    static const char *const paths[] = { "nobody.has.this" };
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(paths, COUNT_OF(paths));
    uint64_t random = 0x2545F4914F6CDD1D;
    for (unsigned turn = 0; turn < 30000; turn++) {
        CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
        add_long_object(&json, 0, &random);
        buf_add(&json, STR("  "));
        size_t length = json.len - 2;
        for (unsigned i = 0; i < turn % MUTATIONS; i++)
            length = mutate(json.ptr, length, &random);
        str text = { json.ptr, length };
        enum skim_end end = agree(&agreement, text, SKIM_STRICT);
        if (end == SKIM_DONE ? !skim_check(text) : turn % MUTATIONS == 0)
            fail_msg("%s: %.*s", end == SKIM_DONE ? "is sure of" : "unsure", STR_ARG(text));
    }
    assert_true(agreement.done > 1000 && agreement.unsure > 1000);
}

/* What only the sum of many words can tell. */
static void a_mistake_behind_many_words_is_not_read(void **state)
{
    (void)state;
    static const char *const paths[] = { "nobody.has.this" };
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(paths, COUNT_OF(paths));
    static const char *const broken[] = { "{\"a\":1}],[{\"b\":2}", "{\"a\":1},{\"b\":2}",
        "{\"a\":1}}{{}", "{\"a\":[1}]}", "{\"a\":1}}" };
    for (size_t i = 0; i < COUNT_OF(broken); i++)
        assert_int_equal(agree(&agreement, str_from(broken[i]), SKIM_STRICT), SKIM_UNSURE);
    static const struct {
        const char *before, *after;
        enum skim_end end;
    } forms[] = {
        { "{\"", "\":1}", SKIM_DONE },
        { "{\"", "\",\"b\":1}", SKIM_UNSURE },
        { "{\"", "\"}", SKIM_UNSURE },
        { "{\"b\":[\"", "\":1]}", SKIM_UNSURE },
        { "{\"b\":[\"", "\"]}", SKIM_DONE },
        { "{\"b\":\"", "\":1}", SKIM_UNSURE },
    };
    for (int length = 0; length < 700; length++) {
        for (size_t form = 0; form < COUNT_OF(forms); form++) {
            CLEANUP(buf_release) struct buf json = BUF_INIT(ALERT_BYTES_MAX);
            buf_addf(&json, "%s%*s%s", forms[form].before, length, "", forms[form].after);
            assert_int_equal(agree(&agreement, buf_str(&json), SKIM_STRICT), forms[form].end);
        }
    }
}

static unsigned files_seen;

static int check_file(const char *path, const struct stat *status, int type)
{
    static uint64_t random = 88172645463325252;
    if (type != FTW_F || status->st_size > 20000 || status->st_size == 0)
        return 0;
    CLEANUP(buf_release) struct buf text = BUF_INIT(20000);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        buf_add_byte(&text, (char)c);
    fclose(file);
    assert_same(buf_str(&text));
    assert_mutations(buf_str(&text), 100, &random);
    if (files_seen++ % 16 == 0)
        assert_truncations(buf_str(&text));
    return 0;
}

static void mutated_alerts_are_judged_as_scan_judges_them(void **state)
{
    (void)state;
    if (ftw("../shared/data/alerts", check_file, 16) != 0 || files_seen == 0) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_object_may_hold_is_sound),
        cmocka_unit_test(what_breaks_the_grammar_is_not_sound),
        cmocka_unit_test(bytes_that_no_text_holds_are_judged_as_scan_judges_them),
        cmocka_unit_test(tokens_may_stand_across_words),
        cmocka_unit_test(nesting_is_sound_up_to_the_deepest_place),
        cmocka_unit_test(mutated_texts_are_judged_as_scan_judges_them),
        cmocka_unit_test(mutated_texts_are_read_as_projection_read_does),
        cmocka_unit_test(long_texts_without_spaces_are_read_as_projection_read_does),
        cmocka_unit_test(a_mistake_behind_many_words_is_not_read),
        cmocka_unit_test(mutated_alerts_are_judged_as_scan_judges_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
