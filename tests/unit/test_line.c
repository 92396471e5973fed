/* Lines of CEF and syslog as JSON: the objects are read with jansson. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match/line.h"

#include <jansson.h>
#include <stdlib.h>

typedef enum err line_reader(str line, struct buf *out, const char **reterr_reason);

/* The line's object in jansson's canonical text. */
static void assert_line(line_reader *read, str line, const char *expected)
{
    struct buf out = BUF_INIT(1024 * 1024);
    const char *reason = NULL;
    enum err err = read(line, &out, &reason);
    if (expected == NULL) {
        assert_int_equal(err, ERR_INVALID);
        assert_non_null(reason);
        buf_release(&out);
        return;
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(out.err, ERR_OK);
    json_t *got = json_loadb(out.ptr, out.len, JSON_ALLOW_NUL, NULL);
    json_t *wanted = json_loads(expected, JSON_ALLOW_NUL, NULL);
    assert_non_null(wanted);
    if (got == NULL || !json_equal(got, wanted))
        fail_msg(
            "%.*s\nis %.*s\nand should be %s", STR_ARG(line), STR_ARG(buf_str(&out)), expected);
    json_decref(got);
    json_decref(wanted);
    buf_release(&out);
}

#define CEF(line, expected) assert_line(cef_line_to_json, STR(line), expected)
#define SYSLOG(line, expected) assert_line(syslog_line_to_json, STR(line), expected)
#define HEAD                                                                                       \
    "\"cefVersion\":\"0\",\"deviceVendor\":\"V\",\"deviceProduct\":\"P\",\"deviceVersion\":\"1\"," \
    "\"deviceEventClassId\":\"100\",\"name\":\"n\",\"severity\":\"5\""

static void a_cef_line_is_its_header_and_its_extension(void **state)
{
    (void)state;
    CEF("CEF:0|V|P|1|100|n|5|", "{" HEAD "}");
    CEF("CEF:0|V|P|1|100|n|5", "{" HEAD "}");
    CEF("CEF:0|V|P|1|100|n|5|src=192.0.2.1 dst=192.0.2.2",
        "{" HEAD ",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\"}");
    CEF("CEF:0|V|P|1|100|n|5|msg=a b  c  act=x ", "{" HEAD ",\"msg\":\"a b  c\",\"act\":\"x\"}");
    CEF("CEF:0|V|P|1|100|n|5|act= src=192.0.2.1", "{" HEAD ",\"act\":\"\",\"src\":\"192.0.2.1\"}");
}

static void escapes_stand_for_what_they_escape(void **state)
{
    (void)state;
    CEF("CEF:0|a\\|b|c\\\\|1|100|n\\\\|5|",
        "{\"cefVersion\":\"0\",\"deviceVendor\":\"a|b\",\"deviceProduct\":\"c\\\\\","
        "\"deviceVersion\":\"1\",\"deviceEventClassId\":\"100\",\"name\":\"n\\\\\",\"severity\":"
        "\"5\"}");
    CEF("CEF:0|V|P|1|100|n|5|msg=a\\=b\\nc\\\\d | e\\|f",
        "{" HEAD ",\"msg\":\"a=b\\nc\\\\d | e|f\"}");
    CEF("CEF:0|V|P|1|100|n|5|filePath=C:\\temp\\", "{" HEAD ",\"filePath\":\"C:\\\\temp\\\\\"}");
}

static void an_equals_sign_in_a_value_is_no_key(void **state)
{
    (void)state;
    CEF("CEF:0|V|P|1|100|n|5|request=https://x.test/?a=b&c=d src=192.0.2.1",
        "{" HEAD ",\"request\":\"https://x.test/?a=b&c=d\",\"src\":\"192.0.2.1\"}");
    CEF("CEF:0|V|P|1|100|n|5|msg== x", "{" HEAD ",\"msg\":\"= x\"}");
    CEF("CEF:0|V|P|1|100|n|5|no key here", "{" HEAD "}");
}

static void what_is_no_cef_is_refused(void **state)
{
    (void)state;
    CEF("", NULL);
    CEF("nothing", NULL);
    CEF("XCEF:0|V|P|1|100|n|5|", NULL);
    CEF("CEF:0|V|P|1|100|n", NULL);
    CEF("CEF:0|V|P\\|1|100|n|5", NULL);
}

static void a_syslog_header_may_stand_in_front_of_cef(void **state)
{
    (void)state;
    CEF("<134>1 2026-01-02T03:04:05Z gw wall 7 - - CEF:0|V|P|1|100|n|5|",
        "{" HEAD ",\"syslog\":{\"priority\":134,\"facility\":16,\"severity\":6,\"timestamp\":"
        "\"2026-01-02T03:04:05Z\",\"hostname\":\"gw\",\"appname\":\"wall\",\"procid\":\"7\"}}");
    CEF("Jan  2 03:04:05 gw CEF:0|V|P|1|100|n|5|",
        "{" HEAD ",\"syslog\":{\"timestamp\":\"Jan  2 03:04:05\",\"hostname\":\"gw\"}}");
    CEF("<134>2026-01-02T03:04:05Z gw CEF:0|V|P|1|100|n|5|",
        "{" HEAD ",\"syslog\":{\"priority\":134,\"facility\":16,\"severity\":6,\"timestamp\":"
        "\"2026-01-02T03:04:05Z\",\"hostname\":\"gw\"}}");
    CEF("<134>CEF:0|V|P|1|100|n|5|",
        "{" HEAD ",\"syslog\":{\"priority\":134,\"facility\":16,\"severity\":6}}");
}

static void cef_inside_of_a_message_is_what_somebody_wrote_there(void **state)
{
    (void)state;
    CEF("something CEF:0|V|P|1|100|n|5|", NULL);
    CEF(" CEF:0|V|P|1|100|n|5|", NULL);
    CEF("Jan  1 00:00:00 web1 sshd[7]: Invalid user CEF:0|A|B|1|9|evil|10|suid=x from 192.0.2.9",
        NULL);
    CEF("Jan  1 00:00:00 web1 sshd[7]: CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("<13>Jan  1 00:00:00 web1 sshd: CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("Jan  1 00:00:00 web1  CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("Jan  1 00:00:00 CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("<13>2026-01-02T03:04:05Z web1 app CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("<13>text CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("<34>1 - h sshd - - - Invalid user CEF:0|A|B|1|9|evil|10|", NULL);
    CEF("<34>1 - h sshd - - [a k=\"v CEF:0|A|B|1|9|evil|10|\"] x", NULL);
    CEF("<34>1 - h CEF:0|A|B|1|9|evil|10| - - - x", NULL);
}

static void a_line_of_rfc_5424_is_its_parts(void **state)
{
    (void)state;
    SYSLOG("<34>1 2026-01-02T03:04:05.678Z h su 12 ID47 [a@1 k=\"v\" q=\"\\\"\\]\\\\\"][b] m s g",
        "{\"syslog\":{\"priority\":34,\"facility\":4,\"severity\":2,\"timestamp\":"
        "\"2026-01-02T03:04:05.678Z\",\"hostname\":\"h\",\"appname\":\"su\",\"procid\":\"12\","
        "\"msgid\":\"ID47\",\"structured_data\":{\"a@1\":{\"k\":\"v\",\"q\":\"\\\"]\\\\\"},"
        "\"b\":{}}},\"message\":\"m s g\"}");
    SYSLOG("<0>1 - - - - - -",
        "{\"syslog\":{\"priority\":0,\"facility\":0,\"severity\":0},\"message\":\"\"}");
    SYSLOG("<191>1 - h - - - - \xEF\xBB\xBFx",
        "{\"syslog\":{\"priority\":191,\"facility\":23,\"severity\":7,\"hostname\":\"h\"},"
        "\"message\":\"x\"}");
}

static void a_line_of_rfc_3164_is_what_it_has(void **state)
{
    (void)state;
    SYSLOG("<34>Jan  2 03:04:07 web-4 su[231]: 'su root' failed: x",
        "{\"syslog\":{\"priority\":34,\"facility\":4,\"severity\":2,\"timestamp\":\"Jan  2 "
        "03:04:07\",\"hostname\":\"web-4\",\"appname\":\"su\",\"procid\":\"231\"},\"message\":"
        "\"'su root' failed: x\"}");
    SYSLOG("Jan 12 03:04:07 web-4 kernel: x",
        "{\"syslog\":{\"timestamp\":\"Jan 12 03:04:07\",\"hostname\":\"web-4\",\"appname\":"
        "\"kernel\"},\"message\":\"x\"}");
    SYSLOG("2026-01-02T03:04:05+01:00 web-4 app: x",
        "{\"syslog\":{\"timestamp\":\"2026-01-02T03:04:05+01:00\",\"hostname\":\"web-4\","
        "\"appname\":\"app\"},\"message\":\"x\"}");
    SYSLOG("<13>no header at all",
        "{\"syslog\":{\"priority\":13,\"facility\":1,\"severity\":5},\"message\":\"no header at "
        "all\"}");
}

static void what_is_no_syslog_is_refused(void **state)
{
    (void)state;
    SYSLOG("", NULL);
    SYSLOG("hello", NULL);
    SYSLOG("<>x", NULL);
    SYSLOG("<192>x", NULL);
    SYSLOG("<07>x", NULL);
    SYSLOG("<1234>x", NULL);
    SYSLOG("<34>1 - - -", NULL);
    SYSLOG("<34>1 - - - - - [a k=\"v]", NULL);
    SYSLOG("<34>1 - - - - - [a k=v]", NULL);
    SYSLOG("<34>1 - - - - - x", NULL);
}

static void any_bytes_make_json(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        char line[64];
        size_t length = 0;
        struct buf out = BUF_INIT(4096);
        const char *reason = NULL;
        const char *start = round % 2 ? "CEF:0|a|b|c|d|e|f|" : "<34>1 - h a p m ";
        while (start[length] != '\0') {
            line[length] = start[length];
            length++;
        }
        while (length < sizeof line) {
            random = random * 1664525 + 1013904223;
            line[length++] = "= \\|\"[]a\xFFn\0<>-:\n"[random >> 28];
        }
        str text = { line, length };
        enum err err = round % 2 ? cef_line_to_json(text, &out, &reason)
                                 : syslog_line_to_json(text, &out, &reason);
        if (err == ERR_OK) {
            json_t *json = json_loadb(out.ptr, out.len, JSON_ALLOW_NUL, NULL);
            if (json == NULL)
                fail_msg("%.*s", STR_ARG(buf_str(&out)));
            json_decref(json);
        }
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cef_line_is_its_header_and_its_extension),
        cmocka_unit_test(escapes_stand_for_what_they_escape),
        cmocka_unit_test(an_equals_sign_in_a_value_is_no_key),
        cmocka_unit_test(what_is_no_cef_is_refused),
        cmocka_unit_test(a_syslog_header_may_stand_in_front_of_cef),
        cmocka_unit_test(cef_inside_of_a_message_is_what_somebody_wrote_there),
        cmocka_unit_test(a_line_of_rfc_5424_is_its_parts),
        cmocka_unit_test(a_line_of_rfc_3164_is_what_it_has),
        cmocka_unit_test(what_is_no_syslog_is_refused),
        cmocka_unit_test(any_bytes_make_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
