/* The values of a list that stand in a file. */
#include "base/limits.h"
#include "compiled.h"

/* Compile `rules` with the text of the file l.txt at hand. */
static void compile_with(struct compilation *compilation, const char *rules, str list)
{
    uint32_t file;
    assert_int_equal(compile_begin(compilation), ERR_OK);
    compilation->is_closed = true;
    assert_int_equal(compile_text(compilation, STR("test.cdr"), str_from(rules)), ERR_OK);
    assert_int_equal(sources_add_list(&compilation->sources, STR("l.txt"), list, &file), ERR_OK);
    assert_int_equal(compile_program(compilation), ERR_OK);
}

static bool fires_with(const char *rules, const char *list, const char *json)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    bool matches = false;
    compile_with(&compilation, rules, str_from(list));
    if (compilation.program == NULL)
        print_diags(&compilation);
    assert_non_null(compilation.program);
    struct event event = read_alert(compilation.program, &arena, json);
    assert_int_equal(
        rule_matches(compilation.program, &compilation.program->rules[0], &event, &arena, &matches),
        ERR_OK);
    return matches;
}

#define IPS "list l : ip from \"l.txt\" when src.ip in l then open case"
#define TEXTS "list l : text from \"l.txt\" when host.name in l then open case"
#define IP(ip) "{\"source\":\"guardduty\",\"src\":{\"ip\":\"" ip "\"}}"
#define HOST(name) "{\"source\":\"guardduty\",\"host\":{\"name\":\"" name "\"}}"

static void values_mean_what_they_mean_in_a_rule(void **state)
{
    (void)state;
    static const char ips[] = "198.51.100.7\n203.0.113.0/24\n2001:db8::/32\n";
    assert_true(fires_with(IPS, ips, IP("198.51.100.7")));
    assert_true(fires_with(IPS, ips, IP("203.0.113.200")));
    assert_true(fires_with(IPS, ips, IP("2001:db8::9")));
    assert_false(fires_with(IPS, ips, IP("198.51.100.8")));
    assert_true(fires_with(TEXTS, "DC-01\n", HOST("dc-01")));
    assert_true(fires_with("list l : severity from \"l.txt\" when severity in l then open case",
        "high\ncritical\n", "{\"source\":\"guardduty\",\"severity\":\"high\"}"));
    assert_true(fires_with("list l : integer from \"l.txt\" when raw[\"n\"] in l then open case",
        "7\n-3\n", "{\"source\":\"guardduty\",\"n\":-3}"));
    assert_true(fires_with("list l : source from \"l.txt\" when source in l then open case",
        "defender\nguardduty\n", "{\"source\":\"guardduty\"}"));
}

static void comments_blanks_crlf_and_a_byte_order_mark_are_no_values(void **state)
{
    (void)state;
    static const char texts[] = "\xEF\xBB\xBF# hosts\r\n\r\n \t dc 01 \t# two words\r\nC#\r\nlast";
    assert_true(fires_with(TEXTS, texts, HOST("dc 01")));
    assert_true(fires_with(TEXTS, texts, HOST("C#")));
    assert_true(fires_with(TEXTS, texts, HOST("last")));
    assert_false(fires_with(TEXTS, texts, HOST("")));
    assert_false(fires_with(TEXTS, texts, HOST("# hosts")));
    assert_true(fires_with(TEXTS,
        "\xEF\xBB\xBF"
        "first",
        HOST("first")));
}

static void a_rule_of_a_source_in_the_list_knows_its_fields(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_with(&compilation,
        "list l : source from \"l.txt\" when source in l and instance.id = \"i-01111e1c0ffee0003\" "
        "then open case",
        STR("defender\n"));
    assert_int_equal(compilation.diags.error_count, 1);
    const struct diag *diag = compilation.diags.first;
    while (diag != NULL && diag->id != DIAG_FIELD_NOT_IN_SOURCE)
        diag = diag->next;
    assert_non_null(diag);
}

static void ten_bad_lines_are_told_and_the_others_counted(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 20);
    for (int at = 0; at < 322; at++)
        buf_addf(&text, "bad%d\n198.51.100.%d\n", at, at % 256);
    compile_with(&compilation, IPS, buf_str(&text));
    assert_int_equal(compilation.diags.error_count, 11);
    const struct diag *last = NULL;
    for (const struct diag *diag = compilation.diags.first; diag != NULL; diag = diag->next)
        if (diag->id == DIAG_LIST_LINE)
            last = diag;
    assert_non_null(last);
    if (last == NULL)
        return;
    assert_true(str_is(last->message, "and 312 more lines from here on are no ip"));
    const struct source *list = &compilation.sources.items[last->at.file];
    assert_true(list->is_list);
    assert_int_equal(source_place(list, last->at.start).line, 21);
}

static void what_is_no_text_or_hides_something_is_no_list(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation latin = { 0 };
    CLEANUP(compile_release) struct compilation zero = { 0 };
    compile_with(&latin, TEXTS, STR("caf\xE9\nb\n"));
    assert_int_equal(latin.diags.error_count, 1);
    compile_with(&zero, TEXTS, STR("a\nb\0c\n"));
    assert_int_equal(zero.diags.error_count, 1);
}

/* A million addresses, as JSON has them and as a file does; one more is one too many. */
static void a_million_values_fit_and_no_more(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(LIST_FILE_BYTES_MAX);
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    for (int at = 0; at < LIST_VALUES_MAX; at++)
        buf_addf(&text, "10.%d.%d.%d\n", at >> 16, (at >> 8) & 255, at & 255);
    assert_int_equal(text.err, ERR_OK);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_with(&compilation, IPS, buf_str(&text));
    assert_non_null(compilation.program);
    bool matches = false;
    struct event event = read_alert(compilation.program, &arena, IP("10.15.66.63"));
    assert_int_equal(
        rule_matches(compilation.program, &compilation.program->rules[0], &event, &arena, &matches),
        ERR_OK);
    assert_true(matches); /* the last of them */
    event = read_alert(compilation.program, &arena, IP("10.15.66.64"));
    assert_int_equal(
        rule_matches(compilation.program, &compilation.program->rules[0], &event, &arena, &matches),
        ERR_OK);
    assert_false(matches);
    buf_add(&text, STR("192.0.2.1\n"));
    CLEANUP(compile_release) struct compilation longer = { 0 };
    compile_with(&longer, IPS, buf_str(&text));
    assert_null(longer.program);
    assert_int_equal(longer.diags.error_count, 1);
}

static void a_million_values_may_be_written_in_the_rule_and_no_more(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        buf_addf(&text, "list l : integer = [0");
        for (int at = 1; at < LIST_VALUES_MAX + more; at++)
            buf_addf(&text, ",%d", at);
        buf_addf(&text, "]\nrule r { when raw[\"n\"] in l then open case }");
        assert_int_equal(text.err, ERR_OK);
        compile_rules(&compilation, text.ptr);
        assert_int_equal(compilation.diags.error_count, more);
        assert_true((compilation.program != NULL) == (more == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_mean_what_they_mean_in_a_rule),
        cmocka_unit_test(comments_blanks_crlf_and_a_byte_order_mark_are_no_values),
        cmocka_unit_test(a_rule_of_a_source_in_the_list_knows_its_fields),
        cmocka_unit_test(ten_bad_lines_are_told_and_the_others_counted),
        cmocka_unit_test(what_is_no_text_or_hides_something_is_no_list),
        cmocka_unit_test(a_million_values_fit_and_no_more),
        cmocka_unit_test(a_million_values_may_be_written_in_the_rule_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
