/* Every form of a condition, as language.md has them: which alert meets it and which does not.
 * Alerts are canonical, or JSON that no source takes: there only raw paths have values. */
#include "compiled.h"

struct row {
    const char *condition;
    const char *alert;
    bool is_met;
};

/* Members of the alert `{"source":"defender", ..}`. */
#define D(members) "{\"source\":\"defender\"," members "}"
#define HOST(name) D("\"host\":{\"name\":" name "}")
#define IPS(list) D("\"host\":{\"ip\":" list "}")
#define RAW(members) "{" members "}"

static void judge(const struct row *rows, size_t count)
{
    int failures = 0;
    for (size_t at = 0; at < count; at++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
        buf_addf(&text, "when %s then open case", rows[at].condition);
        if (fires(text.ptr, rows[at].alert) == rows[at].is_met)
            continue;
        print_error("%s\n  %s: %s\n", rows[at].condition, rows[at].alert,
            rows[at].is_met ? "not met" : "met");
        failures++;
    }
    assert_int_equal(failures, 0);
}

#define JUDGE(rows) judge(rows, COUNT_OF(rows))

static void comparisons_of_text(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "host.name = \"web-1\"", HOST("\"WEB-1\""), true },
        { "host.name = \"web-1\" cased", HOST("\"WEB-1\""), false },
        { "host.name = \"WEB-1\" cased", HOST("\"WEB-1\""), true },
        { "host.name = \"\\u00e4\\u03c3\"", HOST("\"\xC3\x84\xCF\x82\""), true }, /* final sigma */
        { "host.name = \"stra\\u00dfe\"", HOST("\"STRASSE\""), false }, /* simple folding */
        { "host.name = \"\\u212a\"", HOST("\"k\""), true },             /* Kelvin */
        { "host.name != \"web-1\"", HOST("\"web-2\""), true },
        { "host.name != \"web-1\"", HOST("\"Web-1\""), false },
        { "host.name != \"web-1\" cased", HOST("\"Web-1\""), true },
        { "host.name != \"web-1\"", D("\"severity\":\"low\""), false }, /* absent */
        { "not host.name = \"web-1\"", D("\"severity\":\"low\""), true },
        { "host.name != \"web-1\"", HOST("null"), false },
        { "host.name = \"\"", HOST("\"\""), true }, { "host.name = \"\"", HOST("null"), false },
        { "host.name = \"\"", D("\"severity\":\"low\""), false },
        { "host.name = \" a\"", HOST("\" a\""), true },
        { "host.name = \" a\"", HOST("\"a\""), false },
        { "host.name in [\"a\", \"B\"]", HOST("\"b\""), true },
        { "host.name in [\"a\", \"B\"] cased", HOST("\"b\""), false },
        { "host.name not in [\"a\", \"B\"]", HOST("\"b\""), false },
        { "host.name not in [\"a\", \"B\"] cased", HOST("\"b\""), true },
        { "host.name not in [\"a\"]", HOST("null"), false },
        { "host.name not in [\"a\"]", D("\"severity\":\"low\""), false },
        { "raw[\"Key.Inner\"] = \"x\"", RAW("\"kEY\":{\"INNER\":\"X\"}"), true }, /* keys fold */
    };
    JUDGE(rows);
}

static void text_tests(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "host.name contains \"EB-\"", HOST("\"web-1\""), true },
        { "host.name contains \"EB-\" cased", HOST("\"web-1\""), false },
        { "host.name startswith \"WEB\"", HOST("\"web-1\""), true },
        { "host.name startswith \"WEB\" cased", HOST("\"web-1\""), false },
        { "host.name startswith \"eb\"", HOST("\"web-1\""), false },
        { "host.name endswith \"B-1\"", HOST("\"web-1\""), true },
        { "host.name endswith \"B-1\" cased", HOST("\"web-1\""), false },
        { "host.name contains \"\"", HOST("\"\""), true },
        { "host.name contains \"a\"", D("\"severity\":\"low\""), false },
        { "host.name like \"w?b*\"", HOST("\"WEB-1\\nx\""), true },
        { "host.name like \"w?b*\" cased", HOST("\"WEB-1\""), false },
        { "host.name like \"?\"", HOST("\"\xC3\xA9\""), true }, /* one character */
        { "host.name like \"web\"", HOST("\"web-1\""), false }, /* the whole value */
        { "host.name like \"a\\*b\"", HOST("\"a*b\""), true },
        { "host.name like \"a\\*b\"", HOST("\"axb\""), false },
        { "host.name like \"a\\?\"", HOST("\"a?\""), true },
        { "host.name like \"a\\\\*\"", HOST("\"a\\\\x\""), true },
        { "host.name matches /^w.b/", HOST("\"web-1\""), true },
        { "host.name matches /^W.B/", HOST("\"web-1\""), false }, /* as written */
        { "host.name matches /^W.B/i", HOST("\"web-1\""), true },
        { "host.name matches /b.1$/", HOST("\"web-1\""), true },
        { "host.name matches /^b$/m", HOST("\"a\\nb\\nc\""), true },
        { "host.name matches /^b$/", HOST("\"a\\nb\\nc\""), false },
        { "host.name matches /a.b/s", HOST("\"a\\nb\""), true },
        { "host.name matches /a.b/", HOST("\"a\\nb\""), false },
        { "host.name matches /a\\/b/", HOST("\"a/b\""), true },
        { "raw[\"n\"] contains \"1\"", RAW("\"n\":12"), false }, /* a number is no text */
    };
    JUDGE(rows);
}

static void several_patterns(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "host.name contains any [\"x\", \"B-\"]", HOST("\"web-1\""), true },
        { "host.name contains any [\"x\", \"B-\"] cased", HOST("\"web-1\""), false },
        { "host.name contains all [\"w\", \"1\"]", HOST("\"web-1\""), true },
        { "host.name contains all [\"w\", \"2\"]", HOST("\"web-1\""), false },
        { "host.name startswith any [\"x\", \"we\"]", HOST("\"web-1\""), true },
        { "host.name startswith all [\"w\", \"we\"]", HOST("\"web-1\""), true },
        { "host.name startswith all [\"w\", \"eb\"]", HOST("\"web-1\""), false },
        { "host.name endswith any [\"1\", \"2\"]", HOST("\"web-1\""), true },
        { "host.name endswith all [\"1\", \"-1\"]", HOST("\"web-1\""), true },
        { "host.name endswith all [\"1\", \"2\"]", HOST("\"web-1\""), false },
        { "host.name like any [\"a*\", \"w*\"]", HOST("\"web-1\""), true },
        { "host.name like all [\"*1\", \"w*\"]", HOST("\"web-1\""), true },
        { "host.name like all [\"*2\", \"w*\"]", HOST("\"web-1\""), false },
        { "host.name matches any [/^a/, /1$/]", HOST("\"web-1\""), true },
        { "host.name matches all [/^w/, /1$/]", HOST("\"web-1\""), true },
        { "host.name matches all [/^w/, /2$/]", HOST("\"web-1\""), false },
        /* each pattern may meet another element */
        { "raw[\"a\"] contains all [\"x\", \"y\"]", RAW("\"a\":[\"ax\",\"ay\"]"), true },
        { "all raw[\"a\"] contains all [\"x\", \"y\"]", RAW("\"a\":[\"ax\",\"ay\"]"), false },
        { "all raw[\"a\"] contains all [\"a\", \"x\"]", RAW("\"a\":[\"ax\",\"xa\"]"), true },
        { "raw[\"a\"] contains any [\"z\", \"y\"]", RAW("\"a\":[\"ax\",\"ay\"]"), true },
    };
    JUDGE(rows);
}

static void lists_of_the_alert(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "host.ip = \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "any host.ip = \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "all host.ip = \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), false },
        { "all host.ip in \"10.0.0.0/8\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "host.ip != \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), false },
        { "host.ip != \"10.0.0.3\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "any host.ip != \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "all host.ip != \"10.0.0.1\"", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), false },
        { "host.ip not in [\"10.0.0.1\"]", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), false },
        { "any host.ip not in [\"10.0.0.1\"]", IPS("[\"10.0.0.1\",\"10.0.0.2\"]"), true },
        { "host.ip = \"10.0.0.1\"", IPS("[]"), false },
        { "host.ip != \"10.0.0.1\"", IPS("[]"), false },
        { "any host.ip != \"10.0.0.1\"", IPS("[]"), false },
        { "all host.ip = \"10.0.0.1\"", IPS("[]"), false },
        { "all host.ip != \"10.0.0.1\"", IPS("[]"), false },
        { "host.ip not in \"10.0.0.0/8\"", IPS("[]"), false },
        { "exists host.ip", IPS("[]"), true },
        { "raw[\"a\"] not in 1..3", RAW("\"a\":[4,5]"), true },
        { "raw[\"a\"] not in 1..3", RAW("\"a\":[2,5]"), false },
        { "all raw[\"a\"] in 1..5", RAW("\"a\":[2,5]"), true },
        { "all raw[\"a\"] in 1..4", RAW("\"a\":[2,5]"), false },
        { "all raw[\"a\"] matches /^x/", RAW("\"a\":[\"xa\",\"xb\"]"), true },
        { "all raw[\"a\"] matches /^x/", RAW("\"a\":[]"), false },
    };
    JUDGE(rows);
}

static void being_there(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "exists host.name", HOST("\"\""), true },
        { "exists host.name", HOST("null"), true },
        { "exists host.name", D("\"severity\":\"low\""), false },
        { "missing host.name", D("\"severity\":\"low\""), true },
        { "missing host.name", HOST("null"), false },
        { "host.name is null", HOST("null"), true },
        { "host.name is null", HOST("\"\""), false },
        { "host.name is null", D("\"severity\":\"low\""), false },
        { "exists raw[\"a.b\"]", RAW("\"a\":{\"b\":null}"), true },
        { "exists raw[\"a\"]", RAW("\"a\":{}"), true }, /* an object is there */
        { "raw[\"a\"] = \"x\"", RAW("\"a\":{}"), false },
        { "exists raw[\"a.c\"]", RAW("\"a\":{\"b\":null}"), false },
        { "raw[\"a\"] is null", RAW("\"a\":[1,null]"), true },
        { "all raw[\"a\"] is null", RAW("\"a\":[1,null]"), false },
        { "all raw[\"a\"] is null", RAW("\"a\":[null,null]"), true },
        { "severity >= low", D("\"host\":{\"name\":\"x\"}"), false },
        { "severity >= low", D("\"severity\":\"strange\""), false },
        { "missing severity", D("\"severity\":\"strange\""), true },
    };
    JUDGE(rows);
}

static void anywhere_in_the_alert(void **state)
{
    (void)state;
    static const char nested[] = RAW("\"deep\":{\"er\":[{\"k\":\"Mimikatz.exe\"},7,true]}");
    static const struct row rows[] = {
        { "anywhere contains \"mimi\"", nested, true },
        { "anywhere contains \"mimi\" cased", nested, false },
        { "anywhere contains \"deep\"", nested, false }, /* a key is no value */
        { "anywhere startswith \"mimi\"", nested, true },
        { "anywhere startswith \"katz\"", nested, false },
        { "anywhere endswith \".EXE\"", nested, true },
        { "anywhere endswith \".EXE\" cased", nested, false },
        { "anywhere like \"m*.exe\"", nested, true }, { "anywhere like \"m*.ex\"", nested, false },
        { "anywhere matches /^Mimi/", nested, true }, { "anywhere matches /^mimi/", nested, false },
        { "anywhere matches /^mimi/i", nested, true },
        { "anywhere contains any [\"x y\", \"katz\"]", nested, true },
        { "anywhere contains all [\"katz\", \"tru\"]", nested, true }, /* other leaves */
        { "anywhere contains all [\"katz\", \"nope\"]", nested, false },
        { "anywhere like \"7\"", nested, true },
        { "anywhere contains \"Mimikatz.exe7\"", nested, false }, /* each leaf on its own */
    };
    JUDGE(rows);
}

static void field_against_field(void **state)
{
    (void)state;
    static const char same[] =
        D("\"host\":{\"name\":\"Web-1\"},\"user\":{\"name\":\"web-1\",\"email\":\"WEB-1@x\"}");
    static const struct row rows[] = {
        { "host.name = user.name", same, true },
        { "host.name = user.name cased", same, false },
        { "host.name != user.name", same, false },
        { "host.name != user.email", same, true },
        { "user.email startswith host.name", same, true },
        { "user.email startswith host.name cased", same, false },
        { "user.email contains user.name", same, true },
        { "user.email endswith user.name", same, false },
        { "host.name endswith user.name", same, true },
        { "host.name = process.name", same, false }, /* absent on the right */
        { "host.name != process.name", same, false },
        { "host.name contains process.name", same, false },
        { "raw[\"a\"] = raw[\"b\"]", RAW("\"a\":5,\"b\":\"5\""), true },
        { "raw[\"a\"] = raw[\"b\"]", RAW("\"a\":[1,2],\"b\":[2,3]"), true },
        { "raw[\"a\"] < raw[\"b\"]", RAW("\"a\":\"9\",\"b\":10"), true },
        { "alert.time <= received", D("\"alert\":{\"time\":\"2025-12-31T00:00:00Z\"}"), true },
        { "alert.time > received", D("\"alert\":{\"time\":\"2025-12-31T00:00:00Z\"}"), false },
        { "time = alert.time", D("\"alert\":{\"time\":\"2025-12-31T00:00:00Z\"}"), true },
    };
    JUDGE(rows);
}

static void numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "raw[\"n\"] in 7..20", RAW("\"n\":7"), true },
        { "raw[\"n\"] in 7..20", RAW("\"n\":20"), true },
        { "raw[\"n\"] in 7..20", RAW("\"n\":\"20\""), true },
        { "raw[\"n\"] in 7..20", RAW("\"n\":20.5"), false },
        { "raw[\"n\"] in 7.5..20", RAW("\"n\":7.25"), false },
        { "raw[\"n\"] in -3..-1", RAW("\"n\":-2"), true },
        { "raw[\"n\"] not in 7..20", RAW("\"n\":21"), true },
        { "raw[\"n\"] not in 7..20", RAW("\"x\":21"), false },
        { "raw[\"n\"] = 5", RAW("\"n\":\"5\""), true },
        { "raw[\"n\"] = \"5\"", RAW("\"n\":5"), true },
        { "raw[\"n\"] = 5", RAW("\"n\":5.0"), true },
        { "raw[\"n\"] = 5", RAW("\"n\":\"05\""), false }, /* spells no number */
        { "raw[\"n\"] = 5", RAW("\"n\":\"five\""), false },
        { "raw[\"n\"] != 5", RAW("\"n\":\"five\""), true },
        { "raw[\"n\"] > 5", RAW("\"n\":\"10\""), true }, /* not as text */
        { "raw[\"n\"] > 5", RAW("\"n\":\"five\""), false },
        { "raw[\"n\"] <= 5", RAW("\"n\":\"five\""), false },
        { "raw[\"n\"] >= 1.5", RAW("\"n\":1.5"), true },
        { "raw[\"n\"] < 0.1", RAW("\"n\":1e-2"), true },
        { "raw[\"n\"] in [1, \"2\", 3.5]", RAW("\"n\":2"), true },
        { "raw[\"n\"] in [1, \"2\", 3.5]", RAW("\"n\":\"3.5\""), true },
        /* 64 bits are exact, also beside a decimal; past them a number is a double */
        { "raw[\"n\"] = 9223372036854775807", RAW("\"n\":9223372036854775807"), true },
        { "raw[\"n\"] = 9223372036854775807", RAW("\"n\":9223372036854775806"), false },
        { "raw[\"n\"] = 9223372036854775807", RAW("\"n\":9223372036854775808"), false },
        { "raw[\"n\"] > 9223372036854775807", RAW("\"n\":9223372036854775808"), true },
        { "raw[\"n\"] = 9007199254740993", RAW("\"n\":9007199254740992.0"), false },
        { "raw[\"n\"] > 9007199254740992", RAW("\"n\":9007199254740993"), true },
        { "raw[\"n\"] < -9223372036854775808", RAW("\"n\":-9223372036854775809"), false },
        { "number(raw[\"n\"]) = 9007199254740993", RAW("\"n\":\"9007199254740993\""), true },
        { "number(raw[\"n\"]) = 9007199254740993", RAW("\"n\":\"9007199254740992\""), false },
        { "len(raw[\"n\"]) = 3", RAW("\"n\":\"abc\""), true },
        { "raw[\"n\"] = raw[\"m\"]", RAW("\"n\":9007199254740993,\"m\":9007199254740992"), false },
    };
    JUDGE(rows);
}

static void other_types(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "severity > low", D("\"severity\":\"medium\""), true },
        { "severity > medium", D("\"severity\":\"medium\""), false },
        { "severity >= critical", D("\"severity\":\"critical\""), true },
        { "severity < low", D("\"severity\":\"informational\""), true },
        { "severity in [low, high]", D("\"severity\":\"HIGH\""), true },
        { "severity not in [low, high]", D("\"severity\":\"medium\""), true },
        { "severity != high", D("\"severity\":\"medium\""), true },
        { "source = defender", D("\"severity\":\"low\""), true },
        { "source in [guardduty, defender]", D("\"severity\":\"low\""), true },
        { "source != guardduty", D("\"severity\":\"low\""), true },
        { "src.ip in \"10.0.0.0/8\"", D("\"src\":{\"ip\":\"10.255.255.255\"}"), true },
        { "src.ip in \"10.0.0.0/8\"", D("\"src\":{\"ip\":\"11.0.0.0\"}"), false },
        { "src.ip in \"::ffff:10.0.0.0/104\"", D("\"src\":{\"ip\":\"10.1.1.1\"}"), true },
        { "src.ip in \"2001:db8::/32\"", D("\"src\":{\"ip\":\"2001:DB8:ffff::1\"}"), true },
        { "src.ip in \"2001:db8::/32\"", D("\"src\":{\"ip\":\"2001:db9::1\"}"), false },
        { "src.ip in \"::/0\"", D("\"src\":{\"ip\":\"10.1.1.1\"}"), false },
        { "src.ip = \"2001:db8:0:0::1\"", D("\"src\":{\"ip\":\"2001:db8::1\"}"), true },
        { "src.ip in [\"192.0.2.1\", \"10.0.0.0/8\"]", D("\"src\":{\"ip\":\"10.1.1.1\"}"), true },
        { "src.ip not in [\"192.0.2.1\", \"10.0.0.0/8\"]", D("\"src\":{\"ip\":\"192.0.2.2\"}"),
            true },
        { "src.ip not in \"10.0.0.0/8\"", D("\"src\":{\"ip\":\"no address\"}"), false },
        { "raw[\"a\"] in \"10.0.0.0/8\"", RAW("\"a\":\"10.1.1.1\""), true },
        { "raw[\"a\"] not in \"10.0.0.0/8\"", RAW("\"a\":\"none\""), false },
        { "raw[\"b\"] = true", RAW("\"b\":true"), true },
        { "raw[\"b\"] = true", RAW("\"b\":\"True\""), true },
        { "raw[\"b\"] = false", RAW("\"b\":\"FALSE\""), true },
        { "raw[\"b\"] = true", RAW("\"b\":1"), false },
        { "raw[\"b\"] != true", RAW("\"b\":false"), true },
        { "raw[\"d\"] > 10m", RAW("\"d\":\"1h\""), true },
        { "raw[\"d\"] > 10m", RAW("\"d\":\"599s\""), false },
        { "raw[\"d\"] = 60m", RAW("\"d\":\"1h\""), true },
        { "alert.time >= 2026-01-31", D("\"alert\":{\"time\":\"2026-01-31T00:00:00Z\"}"), true },
        { "alert.time >= 2026-01-31", D("\"alert\":{\"time\":\"2026-01-31T00:00:00+01:00\"}"),
            false },
        { "alert.time < 2026-01-31T10:00:00Z",
            D("\"alert\":{\"time\":\"2026-01-31T09:59:59.999Z\"}"), true },
        { "raw[\"t\"] > 2026-01-01", RAW("\"t\":\"2026-01-02\""), true },
        { "raw[\"t\"] > 2026-01-01", RAW("\"t\":\"yesterday\""), false },
        { "hour(alert.time, \"Europe/Paris\") = 2",
            D("\"alert\":{\"time\":\"2026-07-01T00:30:00Z\"}"), true },
        { "hour(alert.time, \"Europe/Paris\") = 1",
            D("\"alert\":{\"time\":\"2026-01-01T00:30:00Z\"}"), true },
        { "hour(alert.time) = 0", D("\"alert\":{\"time\":\"2026-07-01T00:30:00Z\"}"), true },
        { "minute(alert.time, \"Asia/Kolkata\") = 0",
            D("\"alert\":{\"time\":\"2026-07-01T00:30:00Z\"}"), true },
        { "weekday(alert.time, \"Asia/Tokyo\") = 1",
            D("\"alert\":{\"time\":\"2026-11-22T15:00:00Z\"}"), true },
        { "day(alert.time, \"America/New_York\") = 30",
            D("\"alert\":{\"time\":\"2026-07-01T00:30:00Z\"}"), true },
        { "month(alert.time, \"America/New_York\") = 6",
            D("\"alert\":{\"time\":\"2026-07-01T00:30:00Z\"}"), true },
        { "hour(alert.time, \"Europe/Paris\") != 2", D("\"severity\":\"low\""), false },
    };
    JUDGE(rows);
}

static void raw_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "raw[\"a.b\"] = 1", RAW("\"a.b\":1,\"a\":{\"b\":2}"), true }, /* the literal key first */
        { "raw[\"a.b\"] = 2", RAW("\"a.b\":1,\"a\":{\"b\":2}"), false },
        { "raw[\"a.b\"] = 2", RAW("\"a\":{\"b\":2}"), true },
        { "raw[\"a.b\"] = 3", RAW("\"a\":[{\"b\":2},{\"b\":3}]"), true }, /* through arrays */
        { "all raw[\"a.b\"] > 1", RAW("\"a\":[{\"b\":2},{\"b\":3}]"), true },
        { "raw[\"a.b.c\"] = 3", RAW("\"a\":[{\"b\":[{\"c\":1},{\"c\":3}]}]"), true },
        { "raw[\"a.b.c\"] = 3", RAW("\"a\":{\"b.c\":3}"), false }, /* all of it, or words */
        { "raw[\"a\"] = 3", RAW("\"a\":[[1],[2,[3]]]"), true }, /* arrays in arrays are one list */
    };
    JUDGE(rows);
}

static void encodings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "raw[\"c\"] contains base64(\"http\")", RAW("\"c\":\"x aHR0cA== y\""), true },
        { "raw[\"c\"] contains base64offset(\"http\")", RAW("\"c\":\"eGh0dHA6Ly8=\""), true },
        { "raw[\"c\"] contains base64offset(\"http\") cased", RAW("\"c\":\"eGH0DHA6LY8=\""),
            false },
        { "raw[\"c\"] contains base64offset(wide(\"http\"))", RAW("\"c\":\"aAB0AHQAcAA=\""), true },
        { "raw[\"c\"] contains windash(\" -enc\")", RAW("\"c\":\"p.exe \\u2014ENC x\""), true },
        { "raw[\"c\"] contains windash(\" -enc\")", RAW("\"c\":\"p.exe +enc x\""), false },
        { "raw[\"c\"] in windash(\"-a\")", RAW("\"c\":\"/A\""), true },
        { "raw[\"c\"] not in windash(\"-a\")", RAW("\"c\":\"/A\""), false },
        { "raw[\"c\"] contains any [\"zz\", windash(\"-a\")]", RAW("\"c\":\"x /a\""), true },
        { "raw[\"c\"] contains wide(\"ab\")", RAW("\"c\":\"xa\\u0000b\\u0000\""), true },
        { "anywhere contains base64offset(\"http\")", RAW("\"c\":[\"eGh0dHA6Ly8=\"]"), true },
        { "upper(raw[\"c\"]) = \"AB\" cased", RAW("\"c\":\"ab\""), true },
        { "lower(raw[\"c\"]) = \"ab\" cased", RAW("\"c\":\"AB\""), true },
    };
    JUDGE(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_of_text),
        cmocka_unit_test(text_tests),
        cmocka_unit_test(several_patterns),
        cmocka_unit_test(lists_of_the_alert),
        cmocka_unit_test(being_there),
        cmocka_unit_test(anywhere_in_the_alert),
        cmocka_unit_test(field_against_field),
        cmocka_unit_test(numbers),
        cmocka_unit_test(other_types),
        cmocka_unit_test(raw_paths),
        cmocka_unit_test(encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
