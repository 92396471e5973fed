/* foreign.c - files that are rules of another tool. */
#include "keyword.h"
#include "syntax.h"

#include <ctype.h>

/* The line at the front of *text, which is moved behind it; without the spaces before it. */
static str take_line(str *text)
{
    size_t end = str_find(*text, '\n');
    str line = str_first(*text, end);
    *text = str_skip(*text, end + 1);
    while (line.len > 0 && isspace((unsigned char)line.ptr[0]))
        line = str_skip(line, 1);
    return line;
}

static bool begins_with_any(str line, const char *const *words)
{
    for (; *words != NULL; words++)
        if (str_startswith(line, str_from(*words)))
            return true;
    return false;
}

/* By its first line: what no file of cdr begins with. */
static const char *language_of_start(str line)
{
    static const char *const sigma[] = { "title:", "logsource:", "detection:", "id:", NULL };
    static const char *const spl[] = { "index=", "index =", "search index=", "| tstats",
        "sourcetype=", NULL };
    static const char *const rego[] = { "package ", NULL };
    if (begins_with_any(line, sigma))
        return "Sigma";
    if (begins_with_any(line, spl))
        return "SPL";
    return begins_with_any(line, rego) ? "Rego" : NULL;
}

/* By a line further down. */
static const char *language_of_line(str line, str first)
{
    static const char *const kql[] = { "| where ", "| summarize ", "| project ", "| extend ",
        NULL };
    static const char *const yara_l[] = { "meta:", "events:", NULL };
    static const char *const yara[] = { "strings:", NULL };
    size_t len = 0;
    while (len < first.len && (isalnum((unsigned char)first.ptr[len]) || first.ptr[len] == '_'))
        len++;
    str word = str_first(first, len);
    bool is_rule = str_is(word, "rule");
    bool is_item = keyword_is(word, KEYWORD_ITEM) || str_is(word, "when");
    if (!is_item && begins_with_any(line, kql))
        return "KQL";
    if (is_rule && begins_with_any(line, yara_l))
        return "YARA-L";
    return is_rule && begins_with_any(line, yara) ? "YARA" : NULL;
}

bool syntax_check_language(struct parse *parse)
{
    enum { LINES_MAX = 20 };
    str all = parse->sources->items[parse->file].text;
    str text = all;
    str first = STR("");
    const char *language = NULL;
    for (int lines = 0; lines < LINES_MAX && text.len > 0 && language == NULL; lines++) {
        str line = take_line(&text);
        if (line.len == 0 || line.ptr[0] == '#' || str_startswith(line, STR("//"))
            || str_startswith(line, STR("---")))
            continue;
        language = first.len == 0 ? language_of_start(line) : language_of_line(line, first);
        first = first.len == 0 ? line : first;
    }
    if (language == NULL)
        return true;
    uint32_t start = (uint32_t)(first.ptr - all.ptr);
    uint32_t len = (uint32_t)first.len;
    while (len > 0 && isspace((unsigned char)first.ptr[len - 1]))
        len--;
    struct diag *diag = diag_add(parse->diags, DIAG_FOREIGN_LANGUAGE,
        (span){ start, start + len, parse->file }, "this is %s, not cdr", language);
    diag_help(parse->diags, diag,
        "see docs/language.md; a rule is `when severity >= high then open case`");
    return false;
}
