/* check_list_file.c - the values of a list that stand in a file of their own.
 *
 * One value a line. `#` at the start of a line or after white space begins a comment, so that
 * lists as they are published can be used as they are. A value is text without quotes. */
#include "check_pass.h"

#include "base/limits.h"
#include "base/time.h"

enum { BAD_LINES_TOLD = 10 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The value of a line, without its comment and the white space around; or empty. */
static str line_value(str line)
{
    while (line.len > 0 && is_space(line.ptr[0]))
        line = str_skip(line, 1);
    for (size_t at = 0; at < line.len; at++)
        if (line.ptr[at] == '#' && (at == 0 || is_space(line.ptr[at - 1])))
            line = str_first(line, at);
    while (line.len > 0 && is_space(line.ptr[line.len - 1]))
        line.len--;
    return line;
}

/* The next value at or after *at, which moves on; false at the end. */
static bool next_value(str text, size_t *at, str *ret_value)
{
    while (*at < text.len) {
        str rest = str_skip(text, *at);
        str line = str_first(rest, str_find(rest, '\n'));
        *at += line.len + 1;
        *ret_value = line_value(line);
        if (ret_value->len > 0)
            return true;
    }
    return false;
}

/* A day alone is its first moment, as in a rule. */
static enum err read_time(struct check *check, str text, value *ret_value)
{
    enum { DAY_BYTES = 10 };
    const char *moment = NULL;
    if (text.len == DAY_BYTES) {
        moment = arena_format(check->arena, "%.*sT00:00:00Z", STR_ARG(text));
        if (moment == NULL)
            return ERR_MEMORY;
    }
    return value_convert(
        check->arena, value_text(moment == NULL ? text : str_from(moment)), TYPE_TIME, ret_value);
}

static enum err read_value(struct check *check, str text, enum type type, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (text.ptr[0] == '"') /* would mean itself, which nobody means */
        return ERR_OK;
    if (type == TYPE_TIME)
        return read_time(check, text, ret_value);
    if (type_is_number(type) || type == TYPE_BOOL)
        return value_convert(check->arena, value_text(text), type, ret_value);
    TRY(constant_fit_member(check->arena, value_text(text), TYPE_TEXT, type, ret_value));
    if (type == TYPE_SOURCE && source_item(check, text) == NULL)
        *ret_value = VALUE_NONE;
    return ERR_OK;
}

static void report_line(struct check *check, span at, str text, enum type type)
{
    struct diag *diag = diag_add(check->diags, DIAG_LIST_LINE, at, "`%.*s` is no %s",
        STR_ARG(str_first(text, NAME_BYTES_MAX)), type_name(type));
    if (text.ptr[0] == '"')
        diag_help(check->diags, diag,
            "write one value a line, without quotes and commas; one that has a quote at its start "
            "belongs in the rule file");
    else if (text.ptr[text.len - 1] == ',' || text.ptr[text.len - 1] == ';')
        diag_help(check->diags, diag, "one value stands on a line: leave the `%c` out",
            text.ptr[text.len - 1]);
    else
        help_with_text(check, diag, at, text, type);
}

static uint32_t count_values(const struct source *source)
{
    uint32_t count = 0;
    size_t at = 0;
    for (str text; count <= LIST_VALUES_MAX && next_value(source->text, &at, &text);)
        count++;
    return count;
}

/* Each value to the type; those that do not fit are told, and left out. */
static void read_values(
    struct check *check, struct item *item, const struct source *source, value *values)
{
    uint32_t bad = 0;
    uint32_t count = 0;
    size_t at = 0;
    span first_untold = { 0 };
    for (str text; check->err == ERR_OK && next_value(source->text, &at, &text);) {
        uint32_t start = (uint32_t)(text.ptr - source->text.ptr);
        span place = { start, start + (uint32_t)text.len, item->list.link->file };
        if (!check_ok(check, read_value(check, text, item->list.type, &values[count])))
            return;
        if (values[count].kind != VALUE_ABSENT)
            count++;
        else if (item->list.type == TYPE_SOURCE && check_is_lost(check, UINT32_MAX, text))
            continue;
        else if (bad++ < BAD_LINES_TOLD)
            report_line(check, place, text, item->list.type);
        else if (bad == BAD_LINES_TOLD + 1)
            first_untold = place;
    }
    if (bad > BAD_LINES_TOLD)
        diag_add(check->diags, DIAG_LIST_LINE, first_untold,
            "and %u more lines from here on are no %s", bad - BAD_LINES_TOLD,
            type_name(item->list.type));
    item->list.read = values;
    item->list.read_count = count;
}

void check_list_file(struct check *check, struct item *item)
{
    if (item->list.link == NULL || item->list.type == TYPE_COUNT)
        return;
    const struct source *source = &check->sources->items[item->list.link->file];
    if (source->is_unreadable)
        return;
    uint32_t count = count_values(source);
    if (count > LIST_VALUES_MAX) {
        struct diag *diag = diag_add(check->diags, DIAG_LIST_LIMIT, item->list.file_at,
            "the file has more than %d values", LIST_VALUES_MAX);
        diag_help(check->diags, diag, "split it into two lists and ask for both");
        return;
    }
    if (count == 0) {
        struct diag *diag = diag_add(check->diags, DIAG_LIST_EMPTY, item->list.file_at,
            "the file has no values, so `in %.*s` never holds", STR_ARG(item->name));
        diag_help(check->diags, diag, "the file is %.*s; one value stands on a line",
            STR_ARG(source->file));
    }
    value *values = ARENA_ARRAY(check->arena, value, count + 1);
    if (check_ok(check, values == NULL ? ERR_MEMORY : ERR_OK))
        read_values(check, item, source, values);
}
