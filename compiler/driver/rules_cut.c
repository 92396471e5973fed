/* rules_cut.c - see rules_cut.h. */
#include "driver/rules_cut.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Back over blanks to the beginning of the line, or stay. */
static uint32_t line_start(str text, uint32_t at)
{
    uint32_t start = at;
    while (start > 0 && is_blank(text.ptr[start - 1]))
        start--;
    return start == 0 || text.ptr[start - 1] == '\n' ? start : at;
}

/* On over blanks and a comment past the end of the line, or stay. */
static uint32_t line_end(str text, uint32_t at)
{
    uint32_t end = at;
    while (end < text.len && is_blank(text.ptr[end]))
        end++;
    if (end < text.len && text.ptr[end] == '#')
        end += (uint32_t)str_find(str_skip(text, end), '\n');
    if (end == text.len)
        return end;
    return text.ptr[end] == '\n' ? end + 1 : at;
}

/* The beginning of the comment lines right above byte `at`, which begins a line. */
static uint32_t above(str text, uint32_t at, const char *comment)
{
    while (at > 0) {
        str before = str_first(text, at - 1);
        size_t newline = str_find_last(before, '\n');
        uint32_t start = newline == before.len ? 0 : (uint32_t)newline + 1;
        str line = str_skip(before, start);
        if (!str_startswith(line, STR("#")) || !str_startswith(line, str_from(comment)))
            return at;
        at = start;
    }
    return at;
}

span item_extent(const struct source *source, span at, const char *comment)
{
    uint32_t start = line_start(source->text, at.start);
    uint32_t end = line_end(source->text, at.end);
    bool is_whole = (start == 0 || source->text.ptr[start - 1] == '\n') && end > at.end;
    if (!is_whole)
        return at;
    return (span){ comment == NULL ? start : above(source->text, start, comment), end, at.file };
}

str text_without(struct arena *arena, str text, const span *spans, size_t count)
{
    char *made = arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;
    uint32_t from = 0;
    if (made == NULL)
        return (str){ NULL, 0 };
    for (size_t at = 0; at <= count; at++) {
        uint32_t to = at == count ? (uint32_t)text.len : spans[at].start;
        memcpy(made + len, text.ptr + from, to - from);
        len += to - from;
        from = at == count ? to : spans[at].end;
    }
    return (str){ made, len };
}

str text_with(struct arena *arena, str text, uint32_t at, str more)
{
    const char *made = arena_format(arena, "%.*s\n%.*s\n%.*s", STR_ARG(str_first(text, at)),
        STR_ARG(more), STR_ARG(str_skip(text, at)));
    return made == NULL ? (str){ NULL, 0 } : str_from(made);
}

str rule_template(struct arena *arena, const char *name)
{
    const char *text = arena_format(arena,
        "# What this rule is for: which alerts, why it may act on them, and who was asked.\n"
        "rule %s \"Say here what happened\" (owner = \"nobody-yet\") {\n"
        "  # Which alerts: `cdr doc --language` has the fields, `cdr explain %s` says why not.\n"
        "  when source = guardduty\n"
        "    and severity >= high\n"
        "    and alert.type startswith \"Example:\"\n"
        "    and exists instance.id\n"
        "  # Everything but the change, until this line is taken out.\n"
        "  shadow\n"
        "  then collect snapshot;\n"
        "    respond isolate_role\n"
        "}\n\n"
        "test \"%s is for a high finding about an instance\" {\n"
        "  alert {\n"
        "    \"source\": \"guardduty\",\n"
        "    \"severity\": \"high\",\n"
        "    \"alert\": { \"type\": \"Example:EC2/SayWhich\" },\n"
        "    \"instance\": { \"id\": \"i-01111e1c0ffee0003\" },\n"
        "    \"role\": { \"name\": \"web\" }\n"
        "  };\n"
        "  expect rule %s\n"
        "}\n\n"
        "test \"%s leaves a medium one alone\" {\n"
        "  alert {\n"
        "    \"source\": \"guardduty\",\n"
        "    \"severity\": \"medium\",\n"
        "    \"alert\": { \"type\": \"Example:EC2/SayWhich\" },\n"
        "    \"instance\": { \"id\": \"i-01111e1c0ffee0003\" }\n"
        "  };\n"
        "  expect no rule %s\n"
        "}\n",
        name, name, name, name, name, name);
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}
