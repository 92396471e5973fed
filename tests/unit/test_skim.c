#include "skim_agree.h"

#include <dirent.h>
#include <stdio.h>

static const char *const paths[] = { "a", "a.b", "a.b.c", "a.d", "x.y", "\xC3\xA9", "k", "list",
    "list.n" };

static struct agreement common(void)
{
    return agreement_on(paths, COUNT_OF(paths));
}

/* Both ways agree, and the fast one is sure. */
static void assert_sure(struct agreement *agreement, const char *json)
{
    if (agree(agreement, str_from(json), SKIM_STRICT) != SKIM_DONE)
        fail_msg("strict is not sure of %s", json);
    if (agree(agreement, str_from(json), SKIM_LAX) != SKIM_DONE)
        fail_msg("lax is not sure of %s", json);
}

static void assert_unsure(struct agreement *agreement, str json)
{
    if (agree(agreement, json, SKIM_STRICT) != SKIM_UNSURE)
        fail_msg("strict is sure of %.*s", STR_ARG(json));
    if (agree(agreement, json, SKIM_LAX) != SKIM_UNSURE)
        fail_msg("lax is sure of %.*s", STR_ARG(json));
}

static void ordinary_alerts_are_read(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    static const char *const alerts[] = {
        "{}",
        " \t\r\n{ } \n",
        "{\"a\":1}",
        "{\"a\":{\"b\":{\"c\":\"x\"}},\"x\":{\"y\":[1,2,[3,[]]]}}",
        "{ \"a\" : { \"b\" : [ { \"c\" : 1 } , { \"c\" : [ ] } , null , true ] } }",
        "{\"A\":{\"B\":2},\"K\":0}",
        "{\"a.b\":1,\"a\":{\"b\":2}}",
        "{\"a\":{\"b\":2},\"a.b\":[]}",
        "{\"A.B.C\":null,\"a\":{\"b.c\":1,\"b\":{\"c\":3}}}",
        "{\"list\":[{\"n\":1},{\"n\":\"2\"},{\"m\":{\"n\":3}},[{\"n\":4}],5]}",
        "{\"list\":[],\"a\":[[]],\"k\":[[],1]}",
        "{\"skipped\":{\"a\":{\"b\":1}},\"b\":[{\"a\":1}],\"a\":false}",
        "{\"skipped\":[\"}\",\"]\",{\"{\":\"[\"}],\"a\":\"}\"}",
        "{\"n\":-1.5e3,\"o\":0,\"p\":true,\"q\":null,\"k\":12345678901234567,\"a\":-0}",
        "{\"k\":0.5,\"a\":1e3,\"list\":[1,-2,3.5,9223372036854775807,-9223372036854775808]}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00\\u0000\"}",
        "{\"a\":\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\",\"k\":\"\xC3\xA9\\n\"}",
        "{\"\xC3\xA9\":1}",
        "{\"\xC3\x89\":1}",
        "{\"\xE2\x84\xAA\":\"the sign of Kelvin folds to k\"}",
        "{\"a_key_that_is_longer_than_what_is_remembered_of_keys\":1,\"a\":2}",
        "{\"a\":\"\",\"k\":\"end\"}",
        "{\"u\":\"\\ud800\",\"v\":\"\xFF\x01\",\"a\":1}",
    };
    for (int turn = 0; turn < 3; turn++) /* what was learned must not matter */
        for (size_t i = 0; i < COUNT_OF(alerts); i++)
            assert_sure(&agreement, alerts[i]);
}

static void what_is_out_of_the_ordinary_is_left_to_the_definition(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    static const char *const alerts[] = {
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"A\":2}",
        "{\"k\":1,\"\xE2\x84\xAA\":2}",
        "{\"a\":{\"b\":{\"c\":1},\"B\":1,\"c\":1}}",
        "{\"\\u0061\":1}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\ude00\"}",
        "{\"a\":\"\\ud800\\ud800\\udc00\"}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xC3\"}",
        "{\"a\":\"\xED\xA0\x80\"}",
        "{\"a\":\"x\ty\"}",
        "{\"a\":12345678901234567890}",
        "{\"a\":9223372036854775808}",
        "{\"a\":1e999}",
    };
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < COUNT_OF(alerts); i++)
            assert_unsure(&agreement, str_from(alerts[i]));
}

/* Once an object has given all that is wanted of it, LAX reads no further in it. The first counts. */
static void lax_does_not_look_for_what_it_has(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    const str json = STR("{\"list\":[{\"n\":1,\"n\":2}]}");
    assert_int_equal(agree(&agreement, json, SKIM_STRICT), SKIM_UNSURE);
    assert_int_equal(agree(&agreement, json, SKIM_LAX), SKIM_DONE);
}

static void broken_alerts_are_never_sure(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    static const char *const alerts[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "1",
        "\"a\"",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":{}",
        "{\"a\":1}{",
        "{\"a\":1}{}",
        "{\"a\":1} x",
        "{\"a\":\"}",
        "{\"a\":\"x}",
        "{\"a\":\"x\\\"}",
        "{\"a\":[1}",
        "{\"a\":[1}]}",
        "{\"a\":[1,]}",
        "{\"a\":{\"b\":1]}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\":1 \"k\":2}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\\u\"}",
        "{\"a\":\"\\ud800\\uzzzz\"}",
        "{\"skipped\":{\"a\":1,\"a\":[}",
        "{\"skipped\":[[1],\"a\":1}",
        "{a:1}",
        "{\"a\":1 [}",
        "{\"k\":1,\"skipped\":\"}",
    };
    for (size_t i = 0; i < COUNT_OF(alerts); i++)
        assert_unsure(&agreement, str_from(alerts[i]));
    assert_unsure(&agreement, (str){ "{\"a\":1}\0", 8 });
}

static void strict_checks_what_lax_passes_over(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    static const char *const alerts[] = {
        "{\"skipped\":[1,],\"a\":1}",
        "{\"skipped\":{1},\"a\":1}",
        "{\"skipped\":[1}],\"a\":1}",
        "{\"skipped\":{]},\"a\":1}",
        "{\"skipped\":{\"x\" 1},\"a\":1}",
        "{\"skipped\":nul,\"a\":1}",
        "{\"skipped\":01,\"a\":1}",
        "{\"skipped\":\"\\x\",\"a\":1}",
        "{\"skipped\":[\"\\u12g4\"],\"a\":1}",
        "{\"skipped\":{\"\\x\":1},\"a\":1}",
        "{\"skipped\":[1 2],\"a\":1}",
        "{\"skipped\":[true false],\"a\":1}",
        "{\"skipped\":{\"a\":1,},\"a\":1}",
    };
    for (size_t i = 0; i < COUNT_OF(alerts); i++)
        if (agree(&agreement, str_from(alerts[i]), SKIM_STRICT) != SKIM_UNSURE)
            fail_msg("strict is sure of %s", alerts[i]);
}

/* `count` times `piece` into `text`. */
static size_t repeat(char *text, size_t at, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++, at += strlen(piece))
        memcpy(text + at, piece, strlen(piece) + 1);
    return at;
}

static void limits_are_left_to_the_definition(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    char *text = malloc(ALERT_BYTES_MAX + 64);
    assert_non_null(text);
    for (size_t deep = ALERT_DEPTH_MAX - 2; deep <= ALERT_DEPTH_MAX; deep++) {
        size_t at = repeat(text, 0, "{\"a\":", 1);
        at = repeat(text, at, "[", deep);
        at = repeat(text, at, "1", 1);
        at = repeat(text, at, "]", deep);
        repeat(text, at, "}", 1);
        enum skim_end end = agree(&agreement, str_from(text), SKIM_STRICT);
        assert_int_equal(end, deep < ALERT_DEPTH_MAX ? SKIM_DONE : SKIM_UNSURE);
    }
    for (size_t more = 0; more <= 1; more++) {
        size_t at = repeat(text, 0, "{\"a\":[1", 1);
        at = repeat(text, at, ",1", SLOT_VALUES_MAX - 1 + more);
        repeat(text, at, "]}", 1);
        enum skim_end end = agree(&agreement, str_from(text), SKIM_LAX);
        assert_int_equal(end, more == 0 ? SKIM_DONE : SKIM_UNSURE);
    }
    for (size_t more = 0; more <= 1; more++) {
        size_t at = repeat(text, 0, "{\"a\":\"", 1);
        at = repeat(text, at, "x", ALERT_BYTES_MAX - 8 + more);
        repeat(text, at, "\"}", 1);
        enum skim_end end = agree(&agreement, str_from(text), SKIM_LAX);
        assert_int_equal(end, more == 0 ? SKIM_DONE : SKIM_UNSURE);
    }
    free(text);
}

/* Every piece is pushed over the ends of words of 64 bytes. */
static void nothing_depends_on_where_a_block_ends(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = common();
    static const char *const pieces[] = {
        "\"a\":\"x\\\\\\\"y\\\\\"",
        "\"a\":\"\\\\\\\\\\\\\\\\\"",
        "\"a\":{\"b\":[{\"c\":1},{\"c\":\"2\"}]}",
        "\"skipped\":{\"b\":[[],{\"c\":\"]}\\\"\"}]},\"a\":7",
        "\"a\":\"\xE2\x82\xAC\\u20ac\"",
        "\"list\":[ { \"n\" : 1 } , { \"n\" : [ 2 , 3 ] } ] , \"k\" : false",
        "\"skipped\":12345,\"a\":123456,\"k\":null",
        "\"a\":\"x\",\"A\":\"y\"",
        "\"a\":\"\\ud83d\\ude00\\ud83d\"",
    };
    char text[1024];
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        for (size_t pad = 0; pad < 200; pad++) {
            size_t at = repeat(text, 0, "{\"pad\":\"", 1);
            at = repeat(text, at, pad % 3 == 0 ? "\\\\" : "{[", pad / 2);
            at = repeat(text, at, pad % 2 == 0 ? "" : "\xC3\xA9", 1);
            at = repeat(text, at, "\",", 1);
            at = repeat(text, at, pieces[i], 1);
            repeat(text, at, "}", 1);
            agree(&agreement, str_from(text), SKIM_STRICT);
            for (size_t cut = at; cut > at - 12; cut--)
                agree(&agreement, (str){ text, cut }, SKIM_STRICT);
        }
    }
    assert_true(agreement.done >= 7 * 200);
}

static char *file_read(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *ret_length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*ret_length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *ret_length, file), *ret_length);
    text[*ret_length] = '\0';
    fclose(file);
    return text;
}

/* All alerts of a file agree. */
static void file_agrees(struct agreement *agreement, const char *path)
{
    size_t length;
    char *text = file_read(path, &length);
    str rest = { text, length };
    enum json_place place = JSON_OUTSIDE;
    for (bool more = true; more;) {
        str json;
        struct json_fault fault;
        enum err err = json_next(&rest, &place, &json, &more, &fault);
        if (err == ERR_OK && more)
            agree(agreement, json, SKIM_STRICT);
        if (err != ERR_OK)
            break;
    }
    free(text);
}

static void real_alerts_are_read_the_same(void **state)
{
    (void)state;
    static const char *const wanted[] = { "type", "Type", "id", "severity", "detail", "detail.type",
        "detail.id", "detail.resource.instanceDetails.instanceId", "detail.service.action",
        "service.action.actionType", "resource", "resource.resourceType", "accountId", "region",
        "event.FileName", "event.CommandLine", "metadata.eventType", "threatInfo.threatName",
        "properties.severity", "properties.entities", "properties.entities.address", "title",
        "data.issue.entitySnapshot.name", "entitySnapshot.tags", "indicators", "tags",
        "attributes.tags", "attributes", "evidence", "resources", "resources.id", "findings" };
    const char *root = "../shared/data/alerts";
    DIR *vendors = opendir(root);
    if (vendors == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(wanted, COUNT_OF(wanted));
    for (struct dirent *vendor; (vendor = readdir(vendors)) != NULL;) {
        char folder[512];
        snprintf(folder, sizeof folder, "%s/%s", root, vendor->d_name);
        DIR *files = vendor->d_name[0] == '.' ? NULL : opendir(folder);
        for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) {
            char path[1024];
            snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
            if (strstr(file->d_name, ".json") != NULL || strstr(file->d_name, ".ndjson") != NULL)
                file_agrees(&agreement, path);
        }
        if (files != NULL)
            closedir(files);
    }
    closedir(vendors);
    assert_true(agreement.done > 10);
    assert_true(agreement.unsure * 20 <= agreement.done);
}

static void an_alert_with_no_path_is_still_checked(void **state)
{
    (void)state;
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(NULL, 0);
    assert_sure(&agreement, "{\"a\":1}");
    assert_unsure(&agreement, STR("{\"a\":1"));
}

static void paths_that_fold_to_one_key_all_have_the_value(void **state)
{
    (void)state;
    static const char *const wanted[] = { "A.b", "a.B", "a.b", "a.", ".", "" };
    CLEANUP(agreement_release) struct agreement agreement = agreement_on(wanted, COUNT_OF(wanted));
    assert_sure(&agreement, "{\"a\":{\"b\":1,\"\":2},\"\":{\"\":3}}");
    assert_sure(&agreement, "{\"A.B\":{\"b\":1},\"\":[],\"a\":{\"b\":2}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_alerts_are_read),
        cmocka_unit_test(what_is_out_of_the_ordinary_is_left_to_the_definition),
        cmocka_unit_test(lax_does_not_look_for_what_it_has),
        cmocka_unit_test(broken_alerts_are_never_sure),
        cmocka_unit_test(strict_checks_what_lax_passes_over),
        cmocka_unit_test(limits_are_left_to_the_definition),
        cmocka_unit_test(nothing_depends_on_where_a_block_ends),
        cmocka_unit_test(real_alerts_are_read_the_same),
        cmocka_unit_test(an_alert_with_no_path_is_still_checked),
        cmocka_unit_test(paths_that_fold_to_one_key_all_have_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
