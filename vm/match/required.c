#include "match/required.h"

#include "base/utf8.h"
#include "match/required_part.h"

enum { GROUPS_MAX = 128 }; /* more than regex_new takes within each other */

enum group_kind { GROUP_TAKES, GROUP_LOOKS, GROUP_LOOKS_FOR_NONE };

/* A group that is open. The expression itself is one. */
struct group {
    enum group_kind kind;
    bool is_caseless; /* what follows in it */
    bool has_branches;
    struct part branches; /* the branches that are over, when there are any */
    struct part part;     /* of the branch at hand */
};

struct reading {
    str pattern;
    size_t at;
    bool is_quoted; /* behind \Q */
    bool is_lost;   /* something is not surely understood */
    struct arena *arena;
    struct group *groups[GROUPS_MAX];
    uint32_t depth; /* groups that are open */
    bool is_out_of_memory;
};

static str rest_of(const struct reading *reading)
{
    return str_skip(reading->pattern, reading->at);
}

static bool accept(struct reading *reading, str text)
{
    bool is_next = str_startswith(rest_of(reading), text);
    reading->at += is_next ? text.len : 0;
    return is_next;
}

static char peek(const struct reading *reading)
{
    str rest = rest_of(reading);
    return rest.len == 0 ? '\0' : rest.ptr[0];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct group *top(struct reading *reading)
{
    return reading->groups[reading->depth - 1];
}

/* ---- groups ---- */

static void open_group(struct reading *reading, enum group_kind kind, bool is_caseless)
{
    if (reading->depth == GROUPS_MAX) {
        reading->is_lost = true;
        return;
    }
    struct group **group = &reading->groups[reading->depth];
    if (*group == NULL)
        *group = ARENA_NEW(reading->arena, struct group);
    if (*group == NULL) {
        reading->is_out_of_memory = true;
        reading->is_lost = true;
        return;
    }
    (*group)->kind = kind;
    (*group)->is_caseless = is_caseless;
    (*group)->has_branches = false;
    part_empty(&(*group)->part);
    reading->depth++;
}

static void close_branch(struct group *group)
{
    if (group->has_branches)
        part_or(&group->branches, &group->part);
    else
        group->branches = group->part;
    group->has_branches = true;
    part_empty(&group->part);
}

/* ---- how often ---- */

/* `(?#..)`: no escape keeps its end from ending it. */
static bool accept_comment(struct reading *reading)
{
    if (!accept(reading, STR("(?#")))
        return false;
    reading->at += str_find(rest_of(reading), ')') + 1;
    return true;
}

/* What may stand between a thing and how often it is there, and means nothing. */
static void skip_nothings(struct reading *reading)
{
    while (accept(reading, STR("\\E")) || accept(reading, STR("\\Q\\E")) || accept_comment(reading))
        continue;
}

static size_t digits(str text, uint32_t *ret_number)
{
    size_t count = 0;
    uint32_t number = 0;
    for (; count < text.len && is_digit(text.ptr[count]); count++)
        if (number < UINT16_MAX)
            number = number * 10 + (uint32_t)(text.ptr[count] - '0');
    *ret_number = number;
    return count;
}

/* `{2}`, `{2,}` or `{2,4}`; any other brace is one. `{,4}` and blanks within are what newer
 * versions of PCRE2 read otherwise than older ones. */
static bool accept_braces(struct reading *reading, uint32_t *ret_least, uint32_t *ret_most)
{
    str rest = rest_of(reading);
    if (rest.len == 0 || rest.ptr[0] != '{')
        return false;
    str inner = str_first(str_skip(rest, 1), str_find(str_skip(rest, 1), '}'));
    bool is_closed = inner.len + 1 < rest.len;
    if (!is_closed || inner.len == 0 || !str_all_of(inner, "0123456789, \t"))
        return false;
    size_t least = digits(inner, ret_least);
    str behind = str_skip(inner, least);
    *ret_most = *ret_least;
    if (behind.len > 0) {
        size_t most = digits(str_skip(behind, 1), ret_most);
        reading->is_lost |= behind.ptr[0] != ',' || most + 1 != behind.len;
        if (most == 0)
            *ret_most = UINT32_MAX;
    }
    reading->is_lost |= least == 0;
    reading->at += inner.len + 2;
    return true;
}

static bool accept_times(struct reading *reading, uint32_t *ret_least, uint32_t *ret_most)
{
    skip_nothings(reading);
    *ret_most = UINT32_MAX;
    *ret_least = peek(reading) == '+';
    if (accept(reading, STR("*")) || accept(reading, STR("+")))
        return true;
    *ret_most = 1;
    return accept(reading, STR("?")) || accept_braces(reading, ret_least, ret_most);
}

/* Change `part` to what the quantifiers that follow make of it. A quantifier may have one
 * itself. */
static void read_times(struct reading *reading, struct part *part)
{
    uint32_t least;
    uint32_t most;
    while (accept_times(reading, &least, &most)) {
        if (!accept(reading, STR("?")))
            accept(reading, STR("+")); /* lazy and possessive ones take the same texts */
        if (least == 0 && most == 1)
            part_optional(part);
        else if (least == 0)
            part_unknown(part);
        else if (most > 1)
            part_repeat(part);
    }
}

static bool times_follow(struct reading *reading)
{
    skip_nothings(reading);
    str rest = rest_of(reading);
    return rest.len > 0 && memchr("*+?{", rest.ptr[0], 4) != NULL;
}

/* ---- the parts of a branch ---- */

static void add_part(struct reading *reading, struct part *part)
{
    read_times(reading, part);
    part_then(&top(reading)->part, part);
}

static void add_unknown(struct reading *reading)
{
    struct part part;
    part_unknown(&part);
    add_part(reading, &part);
}

static void add_assertion(struct reading *reading)
{
    struct part part;
    part_empty(&part);
    add_part(reading, &part);
}

static void add_text(struct reading *reading, str text)
{
    struct group *group = top(reading);
    bool is_cased = !group->is_caseless || (text.len == 1 && !is_letter(text.ptr[0]));
    if (reading->is_quoted || !times_follow(reading)) {
        part_then_text(&group->part, text, is_cased);
        return;
    }
    struct part part;
    part_empty(&part);
    part_then_text(&part, text, is_cased);
    add_part(reading, &part);
}

static void add_point(struct reading *reading, uint32_t point)
{
    char bytes[UTF8_BYTES_MAX];
    size_t length = utf8_encode(point, bytes);
    add_text(reading, (str){ bytes, length });
}

static void close_group(struct reading *reading)
{
    struct part part;
    struct group *group = top(reading);
    if (reading->depth == 1) {
        reading->is_lost = true;
        return;
    }
    close_branch(group);
    reading->depth--;
    if (group->kind == GROUP_TAKES) {
        part = group->branches;
    } else {
        part_empty(&part);
        if (group->kind == GROUP_LOOKS)
            part_looks_at(&part, &group->branches);
    }
    add_part(reading, &part);
}

/* `(?i-s)` or `(?i-s:`: behind the question mark. Other letters change how a pattern is read. */
static void open_flags(struct reading *reading)
{
    bool is_on = true;
    bool is_caseless = top(reading)->is_caseless;
    for (char c; (c = peek(reading)) != ')' && c != ':'; reading->at++) {
        if (c == 'i')
            is_caseless = is_on;
        else if (c == '-')
            is_on = false;
        else if (c != 'm' && c != 's') {
            reading->is_lost = true;
            return;
        }
    }
    if (accept(reading, STR(":")))
        open_group(reading, GROUP_TAKES, is_caseless);
    else if (accept(reading, STR(")")))
        top(reading)->is_caseless = is_caseless;
}

static void skip_name(struct reading *reading, char end)
{
    reading->at += str_find(rest_of(reading), end) + 1;
}

static void read_open(struct reading *reading)
{
    bool is_caseless = top(reading)->is_caseless;
    if (peek(reading) == '*') {
        reading->is_lost = true;
    } else if (!accept(reading, STR("?"))) {
        open_group(reading, GROUP_TAKES, is_caseless);
    } else if (accept(reading, STR("=")) || accept(reading, STR("<="))) {
        open_group(reading, GROUP_LOOKS, is_caseless);
    } else if (accept(reading, STR("!")) || accept(reading, STR("<!"))) {
        open_group(reading, GROUP_LOOKS_FOR_NONE, is_caseless);
    } else if (accept(reading, STR("|")) || accept(reading, STR(">"))) {
        open_group(reading, GROUP_TAKES, is_caseless);
    } else if (str_startswith(rest_of(reading), STR("<*"))) {
        reading->is_lost = true;
    } else if (accept(reading, STR("P<")) || accept(reading, STR("<"))) {
        skip_name(reading, '>');
        open_group(reading, GROUP_TAKES, is_caseless);
    } else if (accept(reading, STR("'"))) {
        skip_name(reading, '\'');
        open_group(reading, GROUP_TAKES, is_caseless);
    } else {
        open_flags(reading);
    }
}

/* ---- escapes and classes ---- */

/* Behind \x: `{..}`, or two digits. */
static void read_hex(struct reading *reading)
{
    bool is_braced = accept(reading, STR("{"));
    uint32_t point = 0;
    size_t count = 0;
    for (; count < (is_braced ? 6 : 2); count++) {
        char c = peek(reading);
        char lower = (char)(is_letter(c) ? c | 0x20 : c);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f'))
            break;
        point = point * 16 + (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
        reading->at++;
    }
    if (count == 0 || (is_braced && !accept(reading, STR("}"))))
        reading->is_lost = true;
    else
        add_point(reading, point);
}

static void skip_property(struct reading *reading)
{
    if (!accept(reading, STR("{")))
        reading->at++;
    else
        skip_name(reading, '}');
}

static void read_escape(struct reading *reading)
{
    static const char controls[] = "a\x07"
                                   "e\x1B"
                                   "f\x0C"
                                   "n\x0A"
                                   "r\x0D"
                                   "t\x09";
    str rest = rest_of(reading);
    uint32_t point;
    size_t length = utf8_decode(rest, &point, NULL);
    char c = length == 1 ? rest.ptr[0] : '\0';
    reading->at += length;
    const char *control = is_letter(c) ? strchr(controls, c) : NULL;
    if (length == 0)
        reading->is_lost = true;
    else if (!is_letter(c) && !is_digit(c) && c != '_')
        add_text(reading, str_first(rest, length));
    else if (control != NULL)
        add_text(reading, (str){ control + 1, 1 });
    else if (c == 'x')
        read_hex(reading);
    else if (c == 'Q')
        reading->is_quoted = !accept(reading, STR("\\E"));
    else if (strchr("bBAzZGK", c) != NULL)
        add_assertion(reading);
    else if (c == 'p' || c == 'P') {
        skip_property(reading);
        add_unknown(reading);
    } else if (strchr("dDwWsShHvVRX", c) != NULL)
        add_unknown(reading);
    else if (c != 'E')
        reading->is_lost = true;
}

/* Take `[:alpha:]` and its like. */
static void read_named_class(struct reading *reading)
{
    str name = str_skip(rest_of(reading), 2);
    size_t length = 0;
    while (length < name.len
           && (is_letter(name.ptr[length]) || name.ptr[length] == '^' || name.ptr[length] == '<'
               || name.ptr[length] == '>'))
        length++;
    if (peek(reading) == '[' && str_startswith(str_skip(name, length), STR(":]")))
        reading->at += length + 4;
    else
        reading->is_lost = true;
}

/* A member of a class that is one sign without any meaning of its own there; else 0, what it
 * is has been passed over. */
static char read_member(struct reading *reading)
{
    str rest = rest_of(reading);
    if (rest.ptr[0] == '\\') {
        char c = rest.len > 1 ? rest.ptr[1] : 'Q';
        reading->is_lost |= c == 'Q' || c == 'E' || c == 'c';
        reading->at += 2;
        return is_letter(c) || is_digit(c) || c < ' ' || c > '~' ? '\0' : c;
    }
    if (rest.ptr[0] == '[' && rest.len > 1 && memchr(":.=", rest.ptr[1], 3) != NULL) {
        read_named_class(reading);
        return '\0';
    }
    reading->at++;
    return rest.ptr[0] > ' ' && rest.ptr[0] <= '~' && rest.ptr[0] != '-' ? rest.ptr[0] : '\0';
}

/* A class of one character, or of both cases of a letter, is as good as that. */
static void read_class(struct reading *reading)
{
    bool is_plain = !accept(reading, STR("^"));
    char members[2] = "";
    size_t count = 0;
    do {
        if (peek(reading) == '\0') {
            reading->is_lost = true;
            return;
        }
        char member = read_member(reading);
        is_plain = is_plain && member != '\0' && count < 2;
        if (is_plain)
            members[count++] = member;
    } while (!reading->is_lost && !accept(reading, STR("]")));
    bool is_pair =
        is_plain && count == 2 && (members[0] ^ members[1]) == 0x20 && is_letter(members[0]);
    bool was_caseless = top(reading)->is_caseless;
    if (!is_pair && !(is_plain && count == 1)) {
        add_unknown(reading);
        return;
    }
    top(reading)->is_caseless |= is_pair;
    add_text(reading, (str){ members, 1 });
    top(reading)->is_caseless = was_caseless;
}

/* ---- the pattern ---- */

static void read_next(struct reading *reading)
{
    str rest = rest_of(reading);
    uint32_t point;
    size_t length = utf8_decode(rest, &point, NULL);
    reading->at += length;
    switch (rest.ptr[0]) {
    case '\\':
        read_escape(reading);
        break;
    case '[':
        read_class(reading);
        break;
    case '(':
        read_open(reading);
        break;
    case ')':
        close_group(reading);
        break;
    case '|':
        close_branch(top(reading));
        break;
    case '.':
        add_unknown(reading);
        break;
    case '^':
    case '$':
        add_assertion(reading);
        break;
    case '*':
    case '+':
    case '?':
        reading->is_lost = true;
        break;
    default:
        add_text(reading, str_first(rest, length));
    }
}

/* How often is said of the last quoted character alone, behind the \E. */
static void read_quoted(struct reading *reading)
{
    str rest = rest_of(reading);
    uint32_t point;
    size_t length = utf8_decode(rest, &point, NULL);
    reading->at += length;
    reading->is_quoted = !accept(reading, STR("\\E"));
    add_text(reading, str_first(rest, length));
}

enum err required_read(str pattern, bool is_caseless, struct required *ret_required)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct reading reading = { .pattern = pattern, .arena = &arena };
    ret_required->count = 0;
    open_group(&reading, GROUP_TAKES, is_caseless);
    while (!reading.is_lost && reading.at < pattern.len) {
        if (reading.is_quoted)
            read_quoted(&reading);
        else
            read_next(&reading);
        if (reading.at > pattern.len)
            reading.is_lost = true;
        else if (!reading.is_quoted && !reading.is_lost)
            skip_nothings(&reading);
    }
    if (reading.is_out_of_memory)
        return ERR_MEMORY;
    if (reading.is_lost || reading.depth != 1)
        return ERR_OK;
    close_branch(reading.groups[0]);
    part_required(&reading.groups[0]->branches, ret_required);
    return ERR_OK;
}
