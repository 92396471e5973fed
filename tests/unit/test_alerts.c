/* The alerts of a file: documents, arrays, files of records, lines of text, and files that are
 * none of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "driver/alerts.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a file of these bytes is read as: "LINE:json;" for each alert and "LINE!reason;" for what
 * is none. */
static void read_alerts(struct alert_reader *reader, enum err err, struct buf *got)
{
    struct alert_text alert;
    if (err != ERR_OK)
        buf_addf(got, "refused: %s", alerts_failure(reader, err));
    while (err == ERR_OK && alerts_next(reader, &alert)) {
        buf_addf(got, "%u%s", alert.line, alert.reason != NULL ? "!" : ":");
        buf_add(got, alert.reason != NULL ? str_from(alert.reason) : alert.json);
        buf_add(got, STR(";"));
    }
    alerts_close(reader);
}

/* A text in memory is read in the same way. */
static void assert_file(str text, const char *source, const char *expected)
{
    char name[] = "/tmp/cdr-alerts-XXXXXX";
    int fd = mkstemp(name);
    struct buf got = BUF_INIT((size_t)16 * ALERT_BYTES_MAX);
    struct alert_reader reader = { 0 };
    struct buf of_text = BUF_INIT((size_t)16 * ALERT_BYTES_MAX);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    close(fd);
    read_alerts(&reader, alerts_open(&reader, name, str_from(source)), &got);
    unlink(name);
    read_alerts(&reader, alerts_open_text(&reader, text, str_from(source)), &of_text);
    if (!str_is(buf_str(&got), expected))
        fail_msg("got %.*s\nand not %s", STR_ARG(buf_str(&got)), expected);
    assert_true(str_equal(buf_str(&got), buf_str(&of_text)));
    buf_release(&got);
    buf_release(&of_text);
}

#define FILE_IS(text, expected) assert_file(STR(text), "", expected)

static void documents_come_in_every_layout(void **state)
{
    (void)state;
    FILE_IS("", "");
    FILE_IS("\n\n", "");
    FILE_IS("{}\n{\"a\":1}\n", "1:{};2:{\"a\":1};");
    FILE_IS("{}{}", "1:{};1:{};");
    FILE_IS("{}\r\n{\"a\":1}\r\n", "1:{};2:{\"a\":1};");
    FILE_IS("\xEF\xBB\xBF{}\n", "1:{};");
    FILE_IS("[\n{},\n{\"a\":1}]", "2:{};3:{\"a\":1};");
    FILE_IS("{\n\"a\":\n1}\n{}", "1:{\n\"a\":\n1};4:{};");
}

static void garbage_costs_no_alert_beside_it(void **state)
{
    (void)state;
    FILE_IS("{}\ngarbage\n{\"a\":1}\n", "1:{};2!no value begins like this;3:{\"a\":1};");
    FILE_IS("{}\n{\"a\":1,\n{\"b\":1}\n{\"c\":2}\n",
        "1:{};2!a key in quotes is missing;3:{\"b\":1};4:{\"c\":2};");
    FILE_IS("{\"a\":\"cut\n{\"b\":1}\n", "1!a line break in a string;2:{\"b\":1};");
    FILE_IS("{}\n{\"a\":\"cut", "1:{};2!a string does not end;");
    FILE_IS("{\"a\":\"\x01\"}\n{}\n", "1:{\"a\":\"\x01\"};2:{};");
    FILE_IS("{\"Records\":[{\"a\":\"\x01\n{\"},{}]}", "1:{\"a\":\"\x01\n{\"};2:{};");
}

static void a_file_of_records_is_its_records(void **state)
{
    (void)state;
    FILE_IS("{\"Records\":[{\"a\":1},\n{\"a\":2}]}", "1:{\"a\":1};2:{\"a\":2};");
    FILE_IS("{ \"Findings\" : [ {} ] }\n{\"b\":1}", "1:{};2:{\"b\":1};");
    FILE_IS("{\"Records\":[]}\n{\"Records\":[]}\n{\"b\":1}", "3:{\"b\":1};");
    FILE_IS("[{\"Records\":[{\"a\":1}]},{\"b\":1}]", "1:{\"a\":1};1:{\"b\":1};");
    /* Anything else beside them, or in their place, and the object is an alert itself. */
    FILE_IS("{\"Records\":[{}],\"x\":1}", "1:{\"Records\":[{}],\"x\":1};");
    FILE_IS("{\"x\":1,\"Records\":[{}]}", "1:{\"x\":1,\"Records\":[{}]};");
    FILE_IS("{\"Records\":{}}", "1:{\"Records\":{}};");
    FILE_IS("{\"Records\":[{\"a\":1}", "1!the text ends too early;");
}

static void findings_of_one_event_are_alerts_of_their_own(void **state)
{
    (void)state;
    FILE_IS("{\"a\":1,\"detail\":{\"b\":{\"findings\":[1,2]},\"findings\":[{\"x\":1},\n"
            "{\"x\":[2]} , {}]},\"c\":3}\n{}",
        "1:{\"a\":1,\"detail\":{\"b\":{\"findings\":[1,2]},\"findings\":[{\"x\":1}]},\"c\":3};"
        "2:{\"a\":1,\"detail\":{\"b\":{\"findings\":[1,2]},\"findings\":[{\"x\":[2]}]},\"c\":3};"
        "2:{\"a\":1,\"detail\":{\"b\":{\"findings\":[1,2]},\"findings\":[{}]},\"c\":3};3:{};");
    FILE_IS("[{\"Detail\":{\"\\u0066indings\":[1,2]}},{}]",
        "1:{\"Detail\":{\"\\u0066indings\":[1]}};1:{\"Detail\":{\"\\u0066indings\":[2]}};1:{};");
    FILE_IS("{\"Records\":[{\"detail\":{\"findings\":[1,2]}},{\"d\":1}]}",
        "1:{\"detail\":{\"findings\":[1]}};1:{\"detail\":{\"findings\":[2]}};1:{\"d\":1};");
    /* One finding, none, and other shapes stay as they are. */
    FILE_IS("{\"detail\":{\"findings\":[{}]}}", "1:{\"detail\":{\"findings\":[{}]}};");
    FILE_IS("{\"detail\":{\"findings\":[]}}", "1:{\"detail\":{\"findings\":[]}};");
    FILE_IS("{\"detail\":[{\"findings\":[1,2]}]}", "1:{\"detail\":[{\"findings\":[1,2]}]};");
    FILE_IS("{\"findings\":[1,2]}", "1:{\"findings\":[1,2]};");
}

static void an_event_of_very_many_findings_is_refused(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(ALERT_BYTES_MAX);
    buf_add(&text, STR("{\"detail\":{\"findings\":[0"));
    for (int at = 0; at < FINDINGS_MAX; at++)
        buf_add(&text, STR(",0"));
    buf_add(&text, STR("]}}\n{}"));
    assert_file(buf_str(&text), "", "1!" FINDINGS_TOO_MANY ";2:{};");
    buf_release(&text);
}

static void a_file_of_records_may_be_larger_than_an_alert(void **state)
{
    (void)state;
    struct buf text = BUF_INIT((size_t)8 * ALERT_BYTES_MAX);
    struct buf expected = BUF_INIT((size_t)8 * ALERT_BYTES_MAX);
    buf_add(&text, STR("{\"Records\":[{}"));
    buf_add(&expected, STR("1:{};"));
    while (text.len < (size_t)2 * ALERT_BYTES_MAX) {
        buf_add(&text, STR(",{\"a\":\"0123456789012345678901234567890123456789\"}"));
        buf_add(&expected, STR("1:{\"a\":\"0123456789012345678901234567890123456789\"};"));
    }
    buf_add(&text, STR("]}"));
    assert_file(buf_str(&text), "", expected.ptr);
    buf_release(&text);
    buf_release(&expected);
}

static void lines_of_text_are_read_where_the_source_says_so(void **state)
{
    (void)state;
    assert_file(STR("<13>a\r\n\n<14>b"), "syslog",
        "1:{\"syslog\":{\"priority\":13,\"facility\":1,\"severity\":5},\"message\":\"a\"};"
        "3:{\"syslog\":{\"priority\":14,\"facility\":1,\"severity\":6},\"message\":\"b\"};");
    assert_file(STR("nonsense\n"), "CEF",
        "1!a line of CEF begins with CEF:, or has it right behind a header of syslog;");
    assert_file(STR(" {\"a\":1}\n"), "cef", "1:{\"a\":1};");
    assert_file(STR("<13>a\n"), "", "1!no value begins like this;");
}

static void other_files_are_refused_in_words(void **state)
{
    (void)state;
    FILE_IS(
        "\xFF\xFE{\0}\0", "refused: it is text in UTF-16; make it UTF-8: iconv -f UTF-16 -t UTF-8");
    FILE_IS("{\0}\0", "refused: it is text in UTF-16; make it UTF-8: iconv -f UTF-16LE -t UTF-8");
    FILE_IS("\0[\0]", "refused: it is text in UTF-16; make it UTF-8: iconv -f UTF-16BE -t UTF-8");
    FILE_IS("\x1F\x8B\x08",
        "refused: it is compressed with gzip; unpack it: zcat FILE | cdr .. --alerts -");
    FILE_IS("\x28\xB5\x2F\xFD.", "refused: it is compressed with zstd; unpack it: zstdcat FILE");
}

/* The text, of which `cut` bytes, whole lines, were there before the others came. */
static void read_in_parts(str text, size_t cut, struct buf *got)
{
    struct alert_reader reader = { 0 };
    struct alert_text alert;
    str begin = str_first(text, cut);
    assert_int_equal(alerts_open_text(&reader, begin, STR("")), ERR_OK);
    for (bool is_whole = false;; is_whole = true) {
        while ((is_whole || !alerts_is_cut(&reader)) && alerts_next(&reader, &alert)) {
            buf_addf(got, "%u%s", alert.line, alert.reason != NULL ? "!" : ":");
            buf_add(got, alert.reason != NULL ? str_from(alert.reason) : alert.json);
            buf_add(got, STR(";"));
        }
        if (is_whole)
            break;
        alerts_go_on(&reader, text, alerts_at(&reader), alerts_line(&reader));
    }
    alerts_close(&reader);
}

/* Whatever lies at the end of what was read first, it is read as it is in the whole text. */
static void a_text_may_come_in_parts(void **state)
{
    const str text = STR("{\"a\": 1}\n[\n{\"b\": 1},\n{\n\"b\": 2}\n]\n\n[]\n{\n\"c\":\n[\n1\n]}\n"
                         "12\n{\"no end\n{\"d\": \"no end\n\"x\": 1}\n{\"d\": 2,}\nnonsense\n"
                         "{\"e\":\n{\"f\"\n:\n1}\n}{\"g\": 1}\n]\n"
                         "{\"Records\": [{\"h\": 1},\n{\"h\": 2}\n]}\n\xef\xbb\xbf{\"i\": 1}\n"
                         "{\"detail\": {\"findings\": [{\"j\": 1},\n{\"j\": 2}\n]}}\n"
                         "[{\"k\": 1},\n{\"k\" 2},\n{\"k\": 3}\n]\n{\"l\": 1}\n[{\"m\": 1}\n");
    struct buf whole = BUF_INIT(ALERT_BYTES_MAX);
    (void)state;
    read_in_parts(text, text.len, &whole);
    for (size_t cut = 0; cut < text.len; cut++) {
        struct buf parts = BUF_INIT(ALERT_BYTES_MAX);
        if (cut > 0 && text.ptr[cut - 1] != '\n')
            continue;
        read_in_parts(text, cut, &parts);
        if (!str_equal(buf_str(&whole), buf_str(&parts)))
            fail_msg("cut at %zu: %.*s\nand not %.*s", cut, STR_ARG(buf_str(&parts)),
                STR_ARG(buf_str(&whole)));
        buf_release(&parts);
    }
    buf_release(&whole);
}

static void a_reader_knows_where_a_line_begins(void **state)
{
    const str text = STR("{\"a\": 1} {\"a\": 2} \r\n[{\"a\": 3},\n{\"a\": 4}]\n");
    static const bool is_at_line[] = { false, true, false, false };
    struct alert_reader reader = { 0 };
    struct alert_text alert;
    (void)state;
    assert_int_equal(alerts_open_text(&reader, text, STR("")), ERR_OK);
    for (size_t at = 0; at < sizeof is_at_line; at++) {
        assert_true(alerts_next(&reader, &alert));
        assert_int_equal(alerts_is_at_line(&reader), is_at_line[at]);
    }
    alerts_close(&reader);
}

static void files_that_were_joined_keep_their_marks_to_themselves(void **state)
{
    (void)state;
    FILE_IS("\xef\xbb\xbf{\"a\":1}\n\xef\xbb\xbf{\"a\":2}\n", "1:{\"a\":1};2:{\"a\":2};");
    FILE_IS("[{\"a\":1},\xef\xbb\xbf{\"a\":2}]", "1:{\"a\":1};1!no value begins like this;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_come_in_every_layout),
        cmocka_unit_test(garbage_costs_no_alert_beside_it),
        cmocka_unit_test(a_file_of_records_is_its_records),
        cmocka_unit_test(findings_of_one_event_are_alerts_of_their_own),
        cmocka_unit_test(an_event_of_very_many_findings_is_refused),
        cmocka_unit_test(a_file_of_records_may_be_larger_than_an_alert),
        cmocka_unit_test(lines_of_text_are_read_where_the_source_says_so),
        cmocka_unit_test(other_files_are_refused_in_words),
        cmocka_unit_test(a_text_may_come_in_parts),
        cmocka_unit_test(a_reader_knows_where_a_line_begins),
        cmocka_unit_test(files_that_were_joined_keep_their_marks_to_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
