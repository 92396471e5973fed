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

static void report(struct lint *lint, span at, const char *what)
{
    struct diag *diag = diag_add(lint->diags, DIAG_BAD_SILENCE, at, "%s", what);
    diag_help(lint->diags, diag, "write `# cdr-ignore CDR0301: why`");
}

static void read_code(struct lint *lint, str code, struct silence silence)
{
    silence.id = diag_find(code);
    if (silence.id == DIAG_COUNT)
        report(lint, silence.at, "no diagnostic has this code");
    else if (!lint_has(silence.id))
        report(lint, silence.at, "only findings of lint, CDR03.., can be silenced");
    else
        add(lint, silence);
}

static void read_comment(struct lint *lint, const struct comment *comment)
{
    const struct source *source = &lint->sources->items[comment->at.file];
    str text = lint_text(lint, comment->at);
    if (!str_startswith(text, mark))
        return;
    uint32_t line = source_place(source, comment->at.start).line;
    if (is_alone(source, comment->at.start))
        line = next_code_line(source, line);
    str rest = str_skip(text, mark.len);
    size_t colon = str_find(rest, ':');
    str codes = trim(str_first(rest, colon));
    if (trim(str_skip(rest, colon + 1)).len == 0)
        report(lint, comment->at, "a finding is silenced with a reason");
    else if (codes.len == 0)
        report(lint, comment->at, "this says not which finding is silenced");
    else
        while (codes.len > 0) {
            size_t end = 0;
            while (end < codes.len && codes.ptr[end] != ' ' && codes.ptr[end] != ',')
                end++;
            uint32_t start = (uint32_t)(codes.ptr - source->text.ptr);
            span at = { start, start + (uint32_t)end, comment->at.file };
            read_code(lint, str_first(codes, end),
                (struct silence){ .file = comment->at.file, .line = line, .at = at });
            codes = trim(str_skip(codes, end));
        }
}

static int compare(const void *left, const void *right)
{
    const struct silence *a = left;
    const struct silence *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

void silence_read(struct lint *lint)
{
    for (uint32_t at = 0; at < lint->compilation->tree_count; at++) {
        const struct tree *tree = lint->compilation->trees[at];
        if (lint->sources->items[tree->file].is_shipped)
            continue;
        const struct comment *comment = tree->comments;
        for (; comment != NULL; comment = comment->next)
            read_comment(lint, comment);
    }
    if (lint->silence_count > 0)
        qsort(lint->silences, lint->silence_count, sizeof *lint->silences, compare);
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
    struct silence *found =
        bsearch(&wanted, lint->silences, lint->silence_count, sizeof wanted, compare);
    if (found != NULL)
        found->is_used = true;
    return found != NULL;
}

void silence_report_unused(struct lint *lint)
{
    for (uint32_t i = 0; i < lint->silence_count; i++) {
        const struct silence *silence = &lint->silences[i];
        bool is_known = lint->settings->off[silence->id]
                        || (lint->settings->now_ms == 0 && silence->id == DIAG_LONG_EXCUSE);
        if (silence->is_used || is_known || lint->settings->off[DIAG_UNUSED_SILENCE])
            continue;
        struct diag *diag = diag_add(lint->diags, DIAG_UNUSED_SILENCE, silence->at,
            "nothing on line %u is found to be %s", silence->line, diag_code(silence->id));
        diag_help(lint->diags, diag, "take the comment out");
    }
}
