#include "bytecode.h"
#include "ip.h"
#include "number.h"
#include "value_set.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static value text(const char *words)
{
    return value_text(str_from(words));
}

/* `words` as `type`, printed; "-" when it does not fit. */
static const char *converted(struct arena *arena, value v, enum type type)
{
    value result;
    assert_int_equal(value_convert(arena, v, type, &result), ERR_OK);
    return value_print(arena, result).ptr;
}

#define FITS(words, type, printed)                                                                 \
    assert_string_equal(converted(&arena, text(words), type), printed)
#define REFUSED(words, type) FITS(words, type, "-")

static void names_are_found_and_printed(void **state)
{
    (void)state;
    for (int type = 0; type < TYPE_COUNT; type++)
        assert_int_equal(type_find(str_from(type_name((enum type)type))), type);
    assert_int_equal(type_find(STR("nonsense")), TYPE_COUNT);
    for (int field = 0; field < FIELD_COUNT; field++)
        assert_int_equal(field_find(str_from(field_info((enum field)field)->name)), field);
    assert_int_equal(field_find(STR("HOST.Name")), FIELD_HOST_NAME);
    assert_int_equal(field_find(STR("host")), FIELD_COUNT);
    enum severity severity;
    assert_true(severity_find(STR("HIGH"), &severity) && severity == SEVERITY_HIGH);
    assert_false(severity_find(STR("severe"), &severity));
    assert_true(type_is_identifier(TYPE_ROLE));
    assert_false(type_is_identifier(TYPE_TEXT));
}

static void only_what_looks_like_an_identifier_is_one(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    FITS("i-0123456789abcdef0", TYPE_INSTANCE, "i-0123456789abcdef0");
    FITS("i-99999999", TYPE_INSTANCE, "i-99999999");
    REFUSED("i-0123456789abcdef", TYPE_INSTANCE);
    REFUSED("i-0123456789ABCDEF0", TYPE_INSTANCE);
    REFUSED("i-maxseveritytest123", TYPE_INSTANCE);
    REFUSED("i-99999999 ", TYPE_INSTANCE);
    FITS("sg-12345678", TYPE_SECURITY_GROUP, "sg-12345678");
    REFUSED("sg-0000000000000dummy", TYPE_SECURITY_GROUP);
    FITS("111122223333", TYPE_ACCOUNT, "111122223333");
    REFUSED("1234567891234", TYPE_ACCOUNT);
    REFUSED("11112222333a", TYPE_ACCOUNT);
    FITS("eu-west-1", TYPE_REGION, "eu-west-1");
    FITS("us-gov-east-1", TYPE_REGION, "us-gov-east-1");
    REFUSED("eu-west", TYPE_REGION);
    REFUSED("eu--west-1", TYPE_REGION);
    REFUSED("eu-west-1.evil.example", TYPE_REGION);
    REFUSED("EU-WEST-1", TYPE_REGION);
    FITS("AKIAIOSFODNN7EXAMPLE", TYPE_ACCESS_KEY, "AKIAIOSFODNN7EXAMPLE");
    REFUSED("ASIA_DUMMY_KEY", TYPE_ACCESS_KEY);
    REFUSED("AKIASHORT", TYPE_ACCESS_KEY);
}

static void a_role_is_an_arn_or_a_name(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    FITS("arn:aws:iam::111122223333:role/web", TYPE_ROLE, "arn:aws:iam::111122223333:role/web");
    FITS("arn:aws-cn:iam::111122223333:role/a/b/web", TYPE_ROLE,
        "arn:aws-cn:iam::111122223333:role/a/b/web");
    FITS("web.role+x=1,@_-", TYPE_ROLE, "web.role+x=1,@_-");
    REFUSED("arn:aws:iam::111122223333:user/web", TYPE_ROLE);
    REFUSED("arn:aws:iam::1111:role/web", TYPE_ROLE);
    REFUSED("arn:aws:iam::111122223333:role/", TYPE_ROLE);
    REFUSED("arn:aws:iam::111122223333:role/a b/web", TYPE_ROLE);
    REFUSED("arn:aws:sts::111122223333:assumed-role/web/s", TYPE_ROLE);
    REFUSED("web role", TYPE_ROLE);
    REFUSED("", TYPE_ROLE);
}

static void a_name_is_what_a_person_reads_from_end_to_end(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    FITS("web-1", TYPE_HOST, "web-1");
    FITS("CORP\\svc account", TYPE_USER, "CORP\\svc account");
    REFUSED(" web-1", TYPE_HOST);
    REFUSED("web-1\xC2\xA0", TYPE_HOST);
    REFUSED("web\n1", TYPE_HOST);
    REFUSED("web\xE2\x80\xAE", TYPE_HOST); /* turns the writing direction */
    REFUSED("web\xEF\xBF\xBD", TYPE_HOST); /* was mended */
    REFUSED("", TYPE_HOST);
    char long_name[300] = { 0 };
    memset(long_name, 'a', 257);
    REFUSED(long_name, TYPE_HOST);
    long_name[256] = '\0';
    FITS(long_name, TYPE_HOST, long_name);
}

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    FITS("198.51.100.7", TYPE_IP, "198.51.100.7");
    FITS("::ffff:198.51.100.7", TYPE_IP, "198.51.100.7");
    FITS("2001:DB8::1", TYPE_IP, "2001:db8::1");
    FITS("::1", TYPE_IP, "::1");
    REFUSED("198.51.100.07", TYPE_IP);
    REFUSED("198.51.100", TYPE_IP);
    REFUSED("198.51.100.7 ", TYPE_IP);
    REFUSED("fe80::1%eth0", TYPE_IP);
    REFUSED("198.51.100.7/32", TYPE_IP);
    FITS("10.1.2.3/8", TYPE_CIDR, "10.0.0.0/8");
    FITS("2001:db8::1/32", TYPE_CIDR, "2001:db8::/32");
    FITS("198.51.100.7", TYPE_CIDR, "198.51.100.7");
    FITS("0.0.0.0/0", TYPE_CIDR, "0.0.0.0/0");
    FITS("::/0", TYPE_CIDR, "::/0");
    REFUSED("10.0.0.0/33", TYPE_CIDR);
    REFUSED("10.0.0.0/08", TYPE_CIDR);
    REFUSED("10.0.0.0/", TYPE_CIDR);
    assert_false(ip_parse((str){ "10.0.0.1\0x", 10 }, &(struct ip){ 0 }));
}

static void a_network_covers_what_is_inside(void **state)
{
    (void)state;
    struct ip net;
    struct ip all;
    struct ip inside;
    struct ip outside;
    assert_true(cidr_parse(STR("198.51.100.0/24"), &net));
    assert_true(cidr_parse(STR("0.0.0.0/0"), &all));
    assert_true(ip_parse(STR("198.51.100.255"), &inside));
    assert_true(ip_parse(STR("198.51.101.0"), &outside));
    assert_true(ip_covers(&net, &inside));
    assert_false(ip_covers(&net, &outside));
    struct ip all_6;
    struct ip mapped;
    struct ip inside_6;
    assert_true(cidr_parse(STR("::/0"), &all_6));
    assert_true(cidr_parse(STR("::ffff:0:0/96"), &mapped));
    assert_true(ip_parse(STR("2001:db8::7"), &inside_6));
    assert_true(ip_covers(&all_6, &inside_6));
    assert_true(ip_covers(&mapped, &inside));
    assert_false(ip_covers(&all_6, &inside));
    assert_false(ip_covers(&all, &inside_6));
    assert_false(ip_covers(&mapped, &inside_6));
    assert_true(ip_covers(&all, &outside));
    assert_true(ip_parse(STR("2001:db8::1"), &outside));
    assert_false(ip_covers(&all, &outside)); /* all of IPv4, none of IPv6 */
}

static void numbers_and_words_convert_and_nothing_else_does(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    FITS("HIGH", TYPE_SEVERITY, "high");
    REFUSED("8", TYPE_SEVERITY);
    FITS("Malicious", TYPE_VERDICT, "malicious");
    FITS("2025-04-21 20:51:04.058183200", TYPE_TIME, "2025-04-21T20:51:04.058Z");
    REFUSED("yesterday", TYPE_TIME);
    FITS("15m", TYPE_DURATION, "15m");
    FITS("12", TYPE_INTEGER, "12");
    FITS("7.0", TYPE_INTEGER, "7");
    REFUSED("7.5", TYPE_INTEGER);
    REFUSED("0x10", TYPE_INTEGER);
    FITS("7.5", TYPE_DECIMAL, "7.5");
    FITS("True", TYPE_BOOL, "true");
    REFUSED("yes", TYPE_BOOL);
    assert_string_equal(converted(&arena, value_integer(7), TYPE_DECIMAL), "7");
    assert_string_equal(converted(&arena, value_integer(7), TYPE_TEXT), "7");
    assert_string_equal(
        converted(&arena, value_integer(111122223333), TYPE_ACCOUNT), "111122223333");
    assert_string_equal(converted(&arena, (value){ .kind = VALUE_OBJECT }, TYPE_TEXT), "-");
    assert_string_equal(converted(&arena, VALUE_NONE, TYPE_TEXT), "-");
    assert_string_equal(converted(&arena, (value){ .kind = VALUE_NULL }, TYPE_IP), "null");
}

static void a_list_loses_what_does_not_fit(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    value items[] = { text("10.0.0.1"), text("nonsense"), text("::1"), value_integer(3) };
    assert_string_equal(converted(&arena, value_list(items, 4), TYPE_IP), "10.0.0.1, ::1");
    assert_string_equal(converted(&arena, value_list(items + 1, 1), TYPE_IP), "-");
    value empty;
    assert_int_equal(value_convert(&arena, value_list(items, 0), TYPE_IP, &empty), ERR_OK);
    assert_int_equal(empty.kind, VALUE_LIST);
}

static void numbers_are_read_as_json_spells_them(void **state)
{
    (void)state;
    const char *const good[] = { "0", "-0", "12", "1.5", "1e3", "1E+3", "1.5e-3", "-1",
        "9223372036854775807", "-9223372036854775808" };
    const char *const bad[] = { "", "-", "01", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 ", " 1",
        "NaN", "Infinity", "1e400", "1_000", "--1" };
    value v;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!number_parse(str_from(good[i]), &v))
            fail_msg("'%s' is a number", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (number_parse(str_from(bad[i]), &v))
            fail_msg("'%s' is no number", bad[i]);
    assert_true(number_parse(STR("9223372036854775807"), &v) && v.kind == VALUE_INTEGER);
    assert_true(number_parse(STR("-9223372036854775808"), &v) && v.integer == INT64_MIN);
    assert_true(number_parse(STR("9223372036854775808"), &v) && v.kind == VALUE_DECIMAL);
}

static int compared(const char *a, const char *b)
{
    value left;
    value right;
    assert_true(number_parse(str_from(a), &left));
    assert_true(number_parse(str_from(b), &right));
    assert_int_equal(number_compare(right, left), -number_compare(left, right));
    return number_compare(left, right);
}

static void integers_and_decimals_compare_exactly(void **state)
{
    (void)state;
    assert_int_equal(compared("7", "7.0"), 0);
    assert_int_equal(compared("7", "7.5"), -1);
    assert_int_equal(compared("-7", "-7.5"), 1);
    /* 2^53 + 1 is no double: going through one would call them equal. */
    assert_int_equal(compared("9007199254740993", "9007199254740992.0"), 1);
    assert_int_equal(compared("9223372036854775807", "9223372036854775808"), -1);
    assert_int_equal(compared("-9223372036854775808", "-9.3e18"), 1);
    assert_int_equal(compared("-9223372036854775808", "-9223372036854775808.0"), 0);
}

static void a_set_finds_what_a_list_holds(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    enum { COUNT = 1000 };
    value items[COUNT + 3];
    for (int i = 0; i < COUNT; i++)
        items[i] = text(arena_format(&arena, "Host-%d", (i * 7919) % COUNT));
    items[COUNT] = value_integer(5);
    items[COUNT + 1] = text("12.0");
    items[COUNT + 2] = value_bool(true);
    value v;
    assert_int_equal(value_set_new(&arena, items, COUNT + 3, &v), ERR_OK);
    uint32_t found;
    for (int i = 0; i < COUNT; i++) {
        value_set_texts(v.set, str_from(arena_format(&arena, "hOST-%d", i)), &found);
        assert_int_equal(found, 1);
    }
    value_set_texts(v.set, STR("host-1000"), &found);
    assert_int_equal(found, 0);
    assert_true(value_set_has_number(v.set, value_integer(5), false));
    assert_true(value_set_has_number(v.set, value_integer(12), true));
    assert_false(value_set_has_number(v.set, value_integer(12), false));
    assert_int_equal(v.set->others_count, 1);
    assert_true(value_same(value_items(v)[0], items[0]));
}

static void a_set_of_networks_is_asked_once_for_each_length(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    value items[600];
    for (int i = 0; i < 300; i++) {
        value words = text(arena_format(&arena, "10.%d.%d.0/24", i / 100, i % 100));
        assert_int_equal(value_convert(&arena, words, TYPE_CIDR, &items[i]), ERR_OK);
        words = text(arena_format(&arena, "2001:db8:%x::/48", i));
        assert_int_equal(value_convert(&arena, words, TYPE_CIDR, &items[300 + i]), ERR_OK);
    }
    value v;
    struct ip ip;
    assert_int_equal(value_set_new(&arena, items, 600, &v), ERR_OK);
    assert_int_equal(v.set->bits_count, 2);
    assert_true(ip_parse(STR("10.2.99.200"), &ip) && value_set_has_ip(v.set, &ip));
    assert_true(ip_parse(STR("10.3.0.1"), &ip) && !value_set_has_ip(v.set, &ip));
    assert_true(ip_parse(STR("2001:db8:12b::9"), &ip) && value_set_has_ip(v.set, &ip));
    assert_true(ip_parse(STR("2001:db8:12c::9"), &ip) && !value_set_has_ip(v.set, &ip));
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    value v;
    assert_int_equal(value_convert(&arena, text("10.0.0.1"), TYPE_IP, &v), ERR_MEMORY);
    assert_int_equal(value_set_new(&arena, &v, 0, &v), ERR_MEMORY);
    assert_null(value_print(&arena, value_integer(1)).ptr);
}

static void every_opcode_says_what_it_does(void **state)
{
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const struct opcode_info *info = opcode_info((uint8_t)op);
        assert_true(info->name != NULL && info->summary[0] != '\0');
    }
    assert_null(opcode_info(OP_COUNT));
    assert_string_equal(opcode_info(OP_ENDSWITH)->name, "ENDSWITH");
    assert_string_equal(result_member_name(RESULT_VERDICT), "verdict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_printed),
        cmocka_unit_test(only_what_looks_like_an_identifier_is_one),
        cmocka_unit_test(a_role_is_an_arn_or_a_name),
        cmocka_unit_test(a_name_is_what_a_person_reads_from_end_to_end),
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(a_network_covers_what_is_inside),
        cmocka_unit_test(numbers_and_words_convert_and_nothing_else_does),
        cmocka_unit_test(a_list_loses_what_does_not_fit),
        cmocka_unit_test(numbers_are_read_as_json_spells_them),
        cmocka_unit_test(integers_and_decimals_compare_exactly),
        cmocka_unit_test(a_set_finds_what_a_list_holds),
        cmocka_unit_test(a_set_of_networks_is_asked_once_for_each_length),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(every_opcode_says_what_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
