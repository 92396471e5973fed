/* silence.c - comments that silence findings: `# cdr-ignore CDR0301: why`. */
#include "lint/lint_pass.h"

#include <stdlib.h>

static const str mark = { "# cdr-ignore", sizeof "# cdr-ignore" - 1 };

static str trim(str text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t' || text.ptr[0] == ','))
        text = str_skip(text, 1);
    while (text.len > 0 && memchr(" \t\r", text.ptr[text.len - 1], 3) != NULL)
        text.len--;
    return text;
}

/* Whether nothing but white space stands before `offset` on its line. */
static bool is_alone(const struct source *source, uint32_t offset)
{
    for (uint32_t at = offset; at > 0 && source->text.ptr[at - 1] != '\n'; at--)
        if (source->text.ptr[at - 1] != ' ' && source->text.ptr[at - 1] != '\t')
            return false;
    return true;
}

/* The next line that holds more than a comment: comments may stack. */
static uint32_t next_code_line(const struct source *source, uint32_t line)
{
    for (line++; line <= source->line_count; line++) {
        str text = trim(source_line(source, line));
        if (text.len > 0 && text.ptr[0] != '#')
            break;
    }
    return line;
}

static void add(struct lint *lint, struct silence silence)
{
    if (lint->silence_count == lint->silence_room) {
        uint32_t room = lint->silence_room == 0 ? 16 : 2 * lint->silence_room;
        struct silence *grown = ARENA_ARRAY(lint->arena, struct silence, room);
        if (!lint_ok(lint, grown == NULL ? ERR_MEMORY : ERR_OK))
            return;
        if (lint->silence_count > 0)
            memcpy(grown, lint->silences, lint->silence_count * sizeof *grown);
        lint->silences = grown;
        lint->silence_room = room;
    }
    lint->silences[lint->silence_count++] = silence;
}

/* The first word, up to white space or a comma. */
static str first_word(str text)
{
    size_t end = 0;
    while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != ',')
        end++;
    return str_first(text, end);
}

/* `text` is what was written for codes: the help keeps those at its beginning. */
static void report(struct lint *lint, span at, str text, const char *what)
{
    struct diag *diag = diag_add(lint->diags, DIAG_BAD_SILENCE, at, "%s", what);
    str codes = { text.ptr, 0 };
    for (str rest = text; rest.len > 0;) {
        str word = first_word(rest);
        enum diag_id id = diag_find(word);
        if (id == DIAG_COUNT || diag_severity(id) == DIAG_ERROR)
            break;
        codes.len = (size_t)(word.ptr + word.len - text.ptr);
        rest = trim(str_skip(rest, word.len));
    }
    if (codes.len == 0)
        codes = STR("CDR0301");
    diag_help(lint->diags, diag, "write `# cdr-ignore %.*s: why`", STR_ARG(codes));
}

static void read_code(struct lint *lint, str code, struct silence silence)
{
    silence.id = diag_find(code);
    if (silence.id == DIAG_COUNT)
        report(lint, silence.at, STR(""), "no diagnostic has this code");
    else if (diag_severity(silence.id) == DIAG_ERROR)
        report(lint, silence.at, STR(""), "this is an error, and errors cannot be silenced");
    else
        add(lint, silence);
}

/* ---- which lines a comment is about ---- */

struct lines {
    uint32_t first;
    uint32_t last;
};

static struct lines lines_of(const struct source *source, span at)
{
    uint32_t end = at.end > at.start ? at.end - 1 : at.start;
    return (struct lines){ source_place(source, at.start).line, source_place(source, end).line };
}

/* An item as a whole for the comment right before it or right behind it, else one line. Items
 * and comments come in order: `*item` goes on with the first that does not end before. */
static struct lines lines_meant(
    const struct source *source, const struct comment *comment, const struct item **item)
{
    bool stands_alone = is_alone(source, comment->at.start);
    uint32_t line = source_place(source, comment->at.start).line;
    if (stands_alone)
        line = next_code_line(source, line);
    struct lines meant = { line, line };
    while (*item != NULL && lines_of(source, (*item)->at).last < line)
        *item = (*item)->next;
    for (const struct item *one = *item; one != NULL; one = one->next) {
        struct lines lines = lines_of(source, one->at);
        bool is_before = stands_alone && lines.first == line;
        bool is_behind = !stands_alone && lines.last == line && one->at.end <= comment->at.start;
        if (lines.first > line)
            break;
        if (is_before && lines.last > meant.last)
            meant.last = lines.last;
        if (is_behind && lines.first < meant.first)
            meant.first = lines.first;
    }
    return meant;
}

static void read_comment(struct lint *lint, const struct comment *comment, const struct item **item)
{
    const struct source *source = &lint->sources->items[comment->at.file];
    str text = lint_text(lint, comment->at);
    if (!str_startswith(text, mark))
        return;
    struct lines lines = lines_meant(source, comment, item);
    str rest = str_skip(text, mark.len);
    size_t colon = str_find(rest, ':');
    str codes = trim(str_first(rest, colon));
    if (trim(str_skip(rest, colon + 1)).len == 0) {
        report(lint, comment->at, codes, "a finding is silenced with a reason");
        return;
    }
    if (codes.len == 0)
        report(lint, comment->at, codes, "this says not which finding is silenced");
    while (codes.len > 0) {
        str code = first_word(codes);
        uint32_t start = (uint32_t)(code.ptr - source->text.ptr);
        span at = { start, start + (uint32_t)code.len, comment->at.file };
        read_code(lint, code,
            (struct silence){
                .file = comment->at.file, .line = lines.first, .last_line = lines.last, .at = at });
        codes = trim(str_skip(codes, code.len));
    }
}

static int compare(const void *left, const void *right)
{
    const struct silence *a = left;
    const struct silence *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static bool is_same_kind(const struct silence *a, const struct silence *b)
{
    return a->file == b->file && a->id == b->id;
}

static void sort(struct lint *lint)
{
    struct silence *all = lint->silences;
    qsort(all, lint->silence_count, sizeof *all, compare);
    for (uint32_t i = 0; i < lint->silence_count; i++) {
        bool is_outlived = i > 0 && is_same_kind(&all[i - 1], &all[i])
                           && all[all[i - 1].farthest].last_line > all[i].last_line;
        all[i].farthest = is_outlived ? all[i - 1].farthest : i;
    }
}

void silence_read(struct lint *lint)
{
    for (uint32_t at = 0; at < lint->compilation->tree_count; at++) {
        const struct tree *tree = lint->compilation->trees[at];
        if (lint->sources->items[tree->file].is_shipped)
            continue;
        const struct item *item = tree->items;
        const struct comment *comment = tree->comments;
        for (; comment != NULL; comment = comment->next)
            read_comment(lint, comment, &item);
    }
    if (lint->silence_count > 0)
        sort(lint);
}

/* The one that covers the line of `wanted`, the nearest above it where there are several. */
static struct silence *find(struct lint *lint, const struct silence *wanted)
{
    uint32_t low = 0, high = lint->silence_count; /* how many are not behind `wanted` */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&lint->silences[middle], wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || !is_same_kind(&lint->silences[low - 1], wanted))
        return NULL;
    struct silence *nearest = &lint->silences[low - 1];
    struct silence *farthest = &lint->silences[nearest->farthest];
    if (nearest->last_line >= wanted->line)
        return nearest;
    return farthest->last_line >= wanted->line ? farthest : NULL;
}

bool lint_is_silent(struct lint *lint, enum diag_id id, span at)
{
    if (lint->settings->off[id])
        return true;
    if (lint->silence_count == 0)
        return false;
    const struct source *source = &lint->sources->items[at.file];
    struct silence wanted = {
        .file = at.file, .line = source_place(source, at.start).line, .id = id
    };
    struct silence *found = find(lint, &wanted);
    if (found != NULL)
        found->is_used = true;
    return found != NULL;
}

void silence_apply(struct lint *lint)
{
    struct diag *kept = NULL;
    for (struct diag *diag = lint->diags->first, *next = NULL; diag != NULL; diag = next) {
        next = diag->next;
        bool is_heard = diag_severity(diag->id) == DIAG_ERROR || lint_has(diag->id)
                        || diag->at.file >= lint->sources->count
                        || !lint_is_silent(lint, diag->id, diag->at);
        if (is_heard)
            kept = diag;
        else
            diag_drop(lint->diags, kept, diag);
    }
}

void silence_report_unused(struct lint *lint)
{
    for (uint32_t i = 0; i < lint->silence_count; i++) {
        const struct silence *silence = &lint->silences[i];
        bool is_known = lint->settings->off[silence->id]
                        || (lint->settings->now_ms == 0 && silence->id == DIAG_LONG_EXCUSE);
        if (silence->is_used || is_known || lint->settings->off[DIAG_UNUSED_SILENCE])
            continue;
        struct diag *diag =
            silence->line == silence->last_line
                ? diag_add(lint->diags, DIAG_UNUSED_SILENCE, silence->at,
                    "nothing on line %u is found to be %s", silence->line, diag_code(silence->id))
                : diag_add(lint->diags, DIAG_UNUSED_SILENCE, silence->at,
                    "nothing on lines %u to %u is found to be %s", silence->line,
                    silence->last_line, diag_code(silence->id));
        diag_help(lint->diags, diag, "take the comment out");
    }
}
