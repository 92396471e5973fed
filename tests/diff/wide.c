/* wide.c - random conditions and alerts of many kinds; see wide.h. */
#include "wide.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const char wide_head[] =
    "list words : text = [\"a\", \"ab\", \"ransom.exe\", \"powershell\", \"Straße\", \"5\"]\n"
    "list many_words : text = [\"w1\", \"w2\", \"w3\", \"w4\", \"w5\", \"w6\", \"w7\", \"w8\", "
    "\"cmd.exe\", \"K\", \"évil\", \"\"]\n"
    "list nets : cidr = [\"10.0.0.0/8\", \"192.168.0.0/16\", \"2001:db8::/32\", "
    "\"203.0.113.7/32\"]\n"
    "list addresses : ip = [\"10.0.0.1\", \"192.0.2.1\", \"2001:db8::1\"]\n"
    "source other {\n"
    "  accept raw[\"kind\"] = \"other\" and (exists raw[\"un\"] or raw[\"n\"] < 7)\n"
    "  host.name = first(raw[\"hn\"], raw[\"e.f\"], raw[\"any\"])\n"
    "  alert.title = lower(raw[\"ti\"])\n"
    "  user.name = after(raw[\"un\"], \"a\")\n"
    "  process.cmdline = raw[\"long\"]\n"
    "  src.ip = first(raw[\"si\"], raw[\"e.ip\"]) : ip\n"
    "  host.ip = raw[\"e.ip\"] : ip\n"
    "  severity = scale(raw[\"n\"], 0 informational, 3 low, 5 medium, 7 high, 9 critical)\n"
    "  alert.time = raw[\"at\"]\n"
    "  attack.technique = techniques(raw[\"any\"])\n"
    "  cloud.provider = \"aws\"\n"
    "  resource.tags = raw[\"tags\"]\n"
    "}\n";

static bool chance(struct random *random, uint32_t n)
{
    return draw(random, n) == 0;
}

/* ---- words ---- */

/* What some regexes of the rules take long for. */
#define SLOW "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"

static const char *const words[] = { "a", "ab", "b", "", "ransom.exe", "powershell",
    "PowerShell.EXE", "cmd.exe /c whoami", "cmd.exe", "C:\\Windows\\System32\\cmd.exe",
    "\\system32\\", "abcabcabc", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", SLOW, "Straße",
    "STRASSE", "évil", "ÉVIL", "K", "ΣΑΣ", "σας", "日本語テキスト", "😀 smile", "5", "5.0", "05",
    "-0", "7", "1e2", "true", "false", "null", "10.0.0.1", "10.0.0.0/8", "2001:db8::1",
    "::ffff:10.0.0.1", "a*b", "a?b", "w1", "w2", "w7", "T1486", "T1059.001", "tab\tnew\nline",
    "quote\"s", "x", "zzzz", "http://evil.example/a/b?c=d", "arn:aws:iam::111122223333:role/admin",
    "2026-01-01T03:30:00Z", "2026-01-01T03:30:00.5Z", "high", "HIGH", "critical" };

/* A few words are everywhere. */
static const char *random_word(struct random *random)
{
    if (chance(random, 40))
        return SLOW;
    uint32_t limit = chance(random, 2) ? 6 : COUNT_OF(words);
    return words[draw(random, limit)];
}

/* The words, their ends and middles, in either case, two of them. */
static void put_text(struct random *random, FILE *out, bool is_whole)
{
    char text[256];
    snprintf(text, sizeof text, "%s", random_word(random));
    if (!is_whole && chance(random, 4))
        strcat(text, random_word(random));
    if (chance(random, 6))
        for (char *at = text; *at != '\0'; at++)
            if (*at >= 'a' && *at <= 'z')
                *at = (char)(*at - 32);
    size_t from = 0;
    size_t len = strlen(text);
    if (chance(random, 4) && len > 2 && text[0] > 0 && text[1] > 0)
        from = 1 + draw(random, text[1] > 0 && text[2] > 0 ? 2 : 1);
    for (size_t i = from; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            putc('\\', out);
        if (text[i] == '\t')
            fputs("\\t", out);
        else if (text[i] == '\n')
            fputs("\\n", out);
        else
            putc(text[i], out);
    }
}

static void quoted(struct random *random, FILE *out)
{
    putc('"', out);
    put_text(random, out, false);
    putc('"', out);
}

static void number(struct random *random, FILE *out)
{
    static const char *const edges[] = { "0", "9223372036854775807", "9223372036854775806",
        "9007199254740993", "0.1", "0.10", "5.000", "100", "99999999999999999.5" };
    if (chance(random, 8))
        fputs(edges[draw(random, COUNT_OF(edges))], out);
    else
        fprintf(out, chance(random, 3) ? "%u.5" : "%u", draw(random, 12));
}

static const char *const network_texts[] = { "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/31",
    "192.168.0.0/16", "0.0.0.0/0", "203.0.113.7/32", "2001:db8::/32", "2001:db8::1/128", "::/0",
    "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.0/104" };
static const char *const address_texts[] = { "10.0.0.1", "10.0.1.1", "10.1.0.1", "192.168.0.1",
    "203.0.113.7", "2001:db8::1", "2001:db8::2", "::ffff:10.0.0.1", "255.255.255.255", "0.0.0.0",
    "::" };

static const char *one_of(struct random *random, const char *const *texts, uint32_t count)
{
    return texts[draw(random, count)];
}

/* ---- conditions ---- */

static const char *const raw_subjects[] = { "raw[\"any\"]", "raw[\"n\"]", "raw[\"a.b\"]",
    "raw[\"c.d\"]", "raw[\"e.f\"]", "raw[\"E.F\"]", "raw[\"long\"]", "raw[\"e.g.h\"]", "raw[\"e\"]",
    "raw[\"Key\"]", "raw[\"kEY\"]", "raw[\"é\"]", "raw[\"e.ip\"]", "raw[\"hn\"]",
    "raw[\"tags.env\"]" };
static const char *const text_subjects[] = { "host.name", "alert.title", "user.name",
    "process.cmdline", "attack.technique", "resource.tags[\"env\"]" };
static const char *const ip_subjects[] = { "src.ip", "host.ip" };

static const char *subject(struct random *random, FILE *out)
{
    const char *chosen = chance(random, 2) ? one_of(random, raw_subjects, COUNT_OF(raw_subjects))
                                           : one_of(random, text_subjects, COUNT_OF(text_subjects));
    bool is_list = strncmp(chosen, "raw", 3) == 0 || strcmp(chosen, "attack.technique") == 0;
    if (is_list && chance(random, 3))
        fputs(chance(random, 2) ? "any " : "all ", out);
    fputs(chosen, out);
    return chosen;
}

static void cased(struct random *random, FILE *out)
{
    fputs(chance(random, 4) ? " cased" : "", out);
}

static void text_list(struct random *random, FILE *out)
{
    uint32_t count = 1 + draw(random, chance(random, 6) ? 40 : 4);
    putc('[', out);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", out);
        quoted(random, out);
    }
    putc(']', out);
}

static void equal_test(struct random *random, FILE *out)
{
    subject(random, out);
    fputs(chance(random, 4) ? " != " : " = ", out);
    quoted(random, out);
    cased(random, out);
}

static void in_test(struct random *random, FILE *out)
{
    subject(random, out);
    fputs(chance(random, 4) ? " not in " : " in ", out);
    if (chance(random, 3))
        fputs(chance(random, 2) ? "words" : "many_words", out);
    else
        text_list(random, out);
    cased(random, out);
}

static void glob(struct random *random, FILE *out)
{
    putc('"', out);
    for (uint32_t i = draw(random, 4) + 1; i > 0; i--) {
        static const char *const parts[] = { "*", "?", "*", "\\*", "\\?", "a", "ran", "som.exe",
            "power", "Shell", "*.exe", "é", "ß", "cmd", "*?*" };
        fputs(one_of(random, parts, COUNT_OF(parts)), out);
    }
    putc('"', out);
}

static void pattern_test(struct random *random, FILE *out)
{
    static const char *const operators[] = { "contains", "contains", "startswith", "endswith",
        "like" };
    const char *operator= one_of(random, operators, COUNT_OF(operators));
    if (chance(random, 12))
        fputs("anywhere", out);
    else
        subject(random, out);
    fprintf(out, " %s ", operator);
    if (strcmp(operator, "like") == 0) {
        glob(random, out);
    } else if (chance(random, 3)) {
        fputs(chance(random, 2) ? "any " : "all ", out);
        text_list(random, out);
    } else {
        quoted(random, out);
    }
    cased(random, out);
}

static void regex_test(struct random *random, FILE *out)
{
    static const char *const regexes[] = { "/power.{0,3}shell/i", "/^a/", "/b$/m", "/^$/",
        "/cmd\\.exe/", "/(ransom|cmd)\\.exe/i", "/[a-c]+c/", "/x*/", "/a.b/s", "/\\bwhoami\\b/",
        "/ransom(ware)?/i", "/é/i", "/straße/i", "/\\d+\\.0/", "/system32\\\\cmd/i", "/a{3,}b?/",
        "/(?:abc){2}/", "/[^a]/", "/evil\\.example\\/a/", "/K/i", "/ /", "/(?i)POWERshell/",
        "/(?=.*exe)ransom/", "/[r]ansom/", "/[rR]ansom/", "/cmd[.]exe/", "/[-]exe|[a-]b/",
        "/[^r]ansom/", "/[[:alpha:]]xe/", "/[[:^digit:]]xe/", "/\\p{L}xe/", "/\\P{L}exe/",
        "/\\p{^L}exe/", "/(?<=m)\\.exe/", "/(?<=ran)som/", "/(?<!q)ransom/", "/(?!x)power/",
        "/(?=pow)powershell/", "/(?<n>cmd)\\.exe/", "/(?P<n>cmd)\\.exe/", "/(?'n'cmd)\\.exe/",
        "/\\Qcmd.exe\\E/", "/\\x63md/", "/\\x{63}md/", "/\\o{143}md/", "/(?i:CMD)\\.exe/",
        "/(?i)CMD(?-i)\\.exe/", "/(?#comment)ransom/", "/(?x) ran som #c/", "/ransom|/",
        "/(cmd)?whoami/", "/po{1}wer/", "/po{0,1}wer/", "/po{0}wer/", "/ab{2}|w{1,}7/",
        "/(?:zzz){0}ab/", "/pow\\w+shell/", "/pow\\x65rshell/", "/cmd\\.exe \\/c/", "/\\Aransom/",
        "/exe\\z/", "/exe\\Z/", "/ran(?:som|dom)\\.exe/", "/(?:power|ransom|cmd)/",
        "/(?>power)shell/", "/(?|cmd|whoami)/", "/a++b/", "/a*?b/", "/[\\w.]+exe/", "/\\.exe$/",
        "/^(?:C:)?\\\\Windows/", "/tab\\tnew/", "/\\$|a/", "/[qr]ansom/", "/[aA][bB]/", "/[]a]b/",
        "/[^]a]b/", "/Stra(?:ss|ß)e/i", "/[é]vil/i", "/évil|\\x{e9}vil/", "/\\N{U+63}md/",
        "/\\Kcmd/", "/cm\\Kd/", "/\\R|a/", "/\\Gab/", "/po.?wer/", "/(?s).+exe/", "/(?m)^cmd/",
        "/(?s:a.b)/", "/a{2}/", "/a{,3}b/", "/{a}|b/", "/x{a}|b/", "/[a-c]mnd|cmd/", "/(?:)ab/",
        "/()ab/", "/(a|)b/" };
    static const char *const slow[] = { "/(a|aa)+$/", "/(a+)+$/", "/(a*)*b/" };
    bool is_slow = chance(random, 8);
    subject(random, out);
    fprintf(out, " matches %s",
        is_slow ? one_of(random, slow, COUNT_OF(slow))
                : one_of(random, regexes, COUNT_OF(regexes)));
}

static void number_test(struct random *random, FILE *out)
{
    static const char *const operators[] = { "=", "!=", "<", "<=", ">", ">=" };
    static const char *const subjects[] = { "raw[\"n\"]", "raw[\"any\"]", "raw[\"e.f\"]",
        "raw[\"c.d\"]", "number(raw[\"any\"])", "len(raw[\"any\"])", "len(host.name)" };
    const char *chosen = one_of(random, subjects, COUNT_OF(subjects));
    if (strncmp(chosen, "raw", 3) == 0 && chance(random, 4))
        fputs(chance(random, 2) ? "any " : "all ", out);
    if (strncmp(chosen, "len", 3) == 0) {
        fprintf(out, "%s %s %u", chosen, chance(random, 2) ? ">" : "=", 1 + draw(random, 8));
    } else if (chance(random, 4)) {
        uint32_t low = draw(random, 10);
        fprintf(out, "%s %s %u..%u", chosen, chance(random, 3) ? "not in" : "in", low,
            low + draw(random, 4));
    } else if (chance(random, 4)) {
        fprintf(out, "%s %s [", chosen, chance(random, 3) ? "not in" : "in");
        number(random, out);
        fputs(", ", out);
        number(random, out);
        fputs(", 5]", out);
    } else {
        fprintf(out, "%s %s ", chosen, one_of(random, operators, COUNT_OF(operators)));
        number(random, out);
    }
}

static void address_test(struct random *random, FILE *out)
{
    const char *chosen = one_of(random, ip_subjects, COUNT_OF(ip_subjects));
    if (strcmp(chosen, "host.ip") == 0 && chance(random, 3))
        fputs(chance(random, 2) ? "any " : "all ", out);
    if (chance(random, 3))
        fprintf(out, "%s %s \"%s\"", chosen, chance(random, 3) ? "!=" : "=",
            one_of(random, address_texts, COUNT_OF(address_texts)));
    else if (chance(random, 3))
        fprintf(out, "%s %s %s", chosen, chance(random, 3) ? "not in" : "in",
            chance(random, 2) ? "nets" : "addresses");
    else
        fprintf(out, "%s %s \"%s\"", chosen, chance(random, 3) ? "not in" : "in",
            one_of(random, network_texts, COUNT_OF(network_texts)));
}

static void presence_test(struct random *random, FILE *out)
{
    const char *chosen = chance(random, 2) ? one_of(random, raw_subjects, COUNT_OF(raw_subjects))
                                           : one_of(random, text_subjects, COUNT_OF(text_subjects));
    switch (draw(random, 5)) {
    case 0:
        fprintf(out, "exists %s", chosen);
        break;
    case 1:
        fprintf(out, "missing %s", chosen);
        break;
    case 2:
        fprintf(out, "%s is null", chosen);
        break;
    case 3:
        fprintf(out, "%s = \"\"", chosen);
        break;
    default:
        fprintf(out, "%s %s %s", raw_subjects[draw(random, COUNT_OF(raw_subjects))],
            chance(random, 3) ? "!=" : "=", chance(random, 2) ? "true" : "false");
        break;
    }
}

static void other_test(struct random *random, FILE *out)
{
    static const char *const tests[] = { "lower(raw[\"any\"]) = \"ab\"",
        "upper(host.name) startswith \"RANSOM\" cased", "hour(time) in 2..5", "weekday(time) = 4",
        "host.name = user.name", "host.name contains user.name", "raw[\"any\"] = raw[\"n\"]",
        "raw[\"any\"] startswith raw[\"a.b\"]", "user.name endswith host.name cased",
        "split(raw[\"long\"], \" \") contains \"exe\"", "after(raw[\"any\"], \"a\") = \"b\"",
        "source = other", "source in [other, diff]", "cloud.provider = \"aws\"",
        "source != guardduty", "severity >= high", "severity = low", "severity != medium",
        "severity in [low, critical]", "time > 2026-01-01T03:30:00Z", "exists severity",
        "received >= 2026-01-01", "missing src.ip", "exists attack.technique", "src.ip = host.ip",
        "raw[\"long\"] contains wide(\"ab\")", "raw[\"any\"] contains any [base64(\"ab\")]",
        "techniques(raw[\"any\"]) = \"T1486\"" };
    fputs(one_of(random, tests, COUNT_OF(tests)), out);
}

/* Texts that have most of their letters in common, so that no part of them tells them apart. */
static void crowd_word(struct random *random, FILE *out)
{
    enum { CROWD = 60 };
    static const char *const same[] = { "", "aaaaaaaa", "powershell ",
        "c:\\\\windows\\\\system32\\\\",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    enum { LONGEST_RUN = 110 };
    if (chance(random, 2)) { /* of any width there is one window in them all */
        for (uint32_t i = 1 + draw(random, LONGEST_RUN); i > 0; i--)
            putc('q', out);
        return;
    }
    uint32_t chosen = draw(random, COUNT_OF(same));
    fprintf(out, "%s%02u%s", same[chosen], draw(random, CROWD), same[chosen]);
}

static void crowd_test(struct random *random, FILE *out)
{
    static const char *const subjects[] = { "raw[\"long\"]", "raw[\"any\"]", "host.name" };
    static const char *const operators[] = { "contains", "startswith", "endswith" };
    fprintf(out, "%s %s any [", one_of(random, subjects, COUNT_OF(subjects)),
        one_of(random, operators, COUNT_OF(operators)));
    for (uint32_t i = 1 + draw(random, chance(random, 4) ? 150 : 20); i > 0; i--) {
        putc('"', out);
        crowd_word(random, out);
        fputs(i > 1 ? "\", " : "\"]", out);
    }
    cased(random, out);
}

static void leaf(struct random *random, FILE *out)
{
    if (chance(random, 25)) {
        crowd_test(random, out);
        return;
    }
    static void (*const tests[])(struct random *, FILE *) = { equal_test, equal_test, in_test,
        pattern_test, pattern_test, regex_test, regex_test, number_test, address_test,
        presence_test, other_test };
    tests[draw(random, COUNT_OF(tests))](random, out);
}

/* Many rules ask for these. */
static void shared_leaf(struct random *random, FILE *out)
{
    static const char *const shared[] = { "host.name = \"ransom.exe\"", "raw[\"any\"] = \"a\"",
        "raw[\"long\"] contains \"powershell\"", "raw[\"n\"] > 3", "src.ip in \"10.0.0.0/8\"",
        "source = diff", "exists raw[\"e.f\"]", "raw[\"any\"] in words" };
    fputs(one_of(random, shared, COUNT_OF(shared)), out);
}

static void group(struct random *random, int depth, FILE *out)
{
    const char *joint = chance(random, 2) ? " and " : " or ";
    uint32_t count = chance(random, 20) ? 12 : 2 + draw(random, 2);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i > 0 ? joint : "", out);
        putc('(', out);
        wide_condition(random, depth - 1, out);
        putc(')', out);
    }
}

void wide_condition(struct random *random, int depth, FILE *out)
{
    uint32_t chosen = draw(random, depth > 0 ? 9 : 4);
    if (chosen == 0) {
        shared_leaf(random, out);
    } else if (chosen < 4) {
        leaf(random, out);
    } else if (chosen == 4) {
        fputs("not (", out);
        wide_condition(random, depth - 1, out);
        putc(')', out);
    } else {
        group(random, depth, out);
    }
}

/* ---- alerts ---- */

static void alert_value(struct random *random, int depth, FILE *out)
{
    switch (draw(random, depth > 0 ? 12 : 9)) {
    case 0:
        fputs(chance(random, 2) ? "null" : "true", out);
        break;
    case 1:
        fputs("false", out);
        break;
    case 2:
    case 3:
        fputs(chance(random, 4) ? "-" : "", out);
        number(random, out);
        break;
    case 9:
    case 10:
        putc('[', out);
        for (uint32_t i = draw(random, 4); i > 0; i--) {
            alert_value(random, depth - 1, out);
            fputs(i > 1 ? ", " : "", out);
        }
        putc(']', out);
        break;
    case 11:
        fputs("{\"f\": ", out);
        alert_value(random, depth - 1, out);
        fputs(", \"d\":", out);
        alert_value(random, depth - 1, out);
        putc('}', out);
        break;
    case 8:
        putc('"', out);
        crowd_word(random, out);
        putc('"', out);
        break;
    default:
        quoted(random, out);
        break;
    }
}

/* Words between words: long enough for every literal, and longer than a vector. */
static void long_text(struct random *random, FILE *out)
{
    putc('"', out);
    for (uint32_t i = draw(random, chance(random, 30) ? 400 : 14); i > 0; i--) {
        put_text(random, out, true);
        fputs(chance(random, 3) ? " " : "", out);
    }
    if (chance(random, 3))
        crowd_word(random, out);
    putc('"', out);
}

static void address_value(struct random *random, FILE *out)
{
    if (chance(random, 8))
        quoted(random, out);
    else
        fprintf(out, "\"%s\"", one_of(random, address_texts, COUNT_OF(address_texts)));
}

static void member(struct random *random, const char *key, FILE *out)
{
    fprintf(
        out, "%s\"%s\":%s", chance(random, 6) ? ",\n  " : ", ", key, chance(random, 2) ? " " : "");
    if (strcmp(key, "long") == 0) {
        long_text(random, out);
    } else if (strcmp(key, "si") == 0) {
        address_value(random, out);
    } else if (strcmp(key, "at") == 0) {
        fprintf(out, "\"2026-01-0%uT%02u:30:00Z\"", 1 + draw(random, 9), draw(random, 24));
    } else if (strcmp(key, "se") == 0) {
        static const char *const levels[] = { "low", "medium", "HIGH", "critical", "odd" };
        fprintf(out, "\"%s\"", one_of(random, levels, COUNT_OF(levels)));
    } else if (strcmp(key, "tags") == 0) {
        bool is_array = chance(random, 2);
        fputs(is_array ? "[{\"key\":\"env\",\"value\":" : "{\"env\":", out);
        alert_value(random, 0, out);
        fputs(is_array ? "}]" : "}", out);
    } else if (strcmp(key, "hi") == 0) {
        fputs("[", out);
        address_value(random, out);
        fputs(",", out);
        address_value(random, out);
        fputs("]", out);
    } else {
        alert_value(random, 2, out);
    }
}

static void object_e(struct random *random, FILE *out)
{
    fputs("{\"f\": ", out);
    alert_value(random, 1, out);
    fputs(", \"skipped\": {\"deep\": [1, {\"er\": \"}]\\\"\"}]}, \"ip\": ", out);
    address_value(random, out);
    fputs(", \"g\": {\"h\":", out);
    alert_value(random, 1, out);
    fputs("}}", out);
}

static void put_e(struct random *random, FILE *out)
{
    fputs(", \"e\": ", out);
    bool is_array = chance(random, 3);
    fputs(is_array ? "[" : "", out);
    object_e(random, out);
    if (is_array && chance(random, 2)) {
        fputs(",", out);
        object_e(random, out);
    }
    fputs(is_array ? "]" : "", out);
}

static void canonical_alert(struct random *random, FILE *out)
{
    static const char *const fields[] = { "host.name", "alert.title", "user.name",
        "process.cmdline", "attack.technique", "alert.type" };
    fprintf(out, "{\"source\": \"%s\"", chance(random, 2) ? "diff" : "other");
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (chance(random, 2)) {
            fprintf(out, ", \"%s\": ", fields[i]);
            quoted(random, out);
        }
    if (chance(random, 2)) {
        fputs(", \"src\": {\"ip\": ", out);
        address_value(random, out);
        fputs("}", out);
    }
    if (chance(random, 2))
        fputs(", \"severity\": \"high\"", out);
    if (chance(random, 3))
        fputs(", \"resource.tags\": {\"env\": \"a\"}", out);
    putc('}', out);
}

/* More keys than anybody remembers: of one alert, and over many. */
static void put_strange_keys(struct random *random, FILE *out)
{
    enum { STRANGE = 100000 };
    for (uint32_t i = draw(random, 40); i > 0; i--)
        fprintf(out, ",\"%s%u\":%u", chance(random, 2) ? "k" : "strange key ",
            draw(random, STRANGE), i);
}

void wide_alert(struct random *random, FILE *out)
{
    static const char *const keys_of_alert[] = { "hn", "ti", "un", "cl", "si", "hi", "se", "at",
        "te", "n", "any", "a.b", "c", "long", "Key", "é", "tags", "other", "passed over" };
    static const char *const kinds[] = { "diff", "diff", "other", "none" };
    if (chance(random, 10)) {
        canonical_alert(random, out);
        return;
    }
    fprintf(out, "{\"kind\": \"%s\"", one_of(random, kinds, COUNT_OF(kinds)));
    if (chance(random, 3))
        put_strange_keys(random, out);
    for (size_t i = 0; i < COUNT_OF(keys_of_alert); i++)
        if (!chance(random, 4))
            member(random, keys_of_alert[i], out);
    if (!chance(random, 4))
        put_e(random, out);
    putc('}', out);
}
