/* diff.c - the longest common lines by dynamic programming; see diff.h.
 *
 * Equal lines at both ends are cut off first, so the table is as large as the change
 * and not as the file.
 */
#include "driver/diff.h"

#include "base/arena.h"

#include <stdint.h>

enum { CONTEXT_LINES = 3, TABLE_CELLS_MAX = 8 * 1024 * 1024, DIFF_BYTES_MAX = 512 * 1024 * 1024 };

struct lines {
    str *items;
    size_t count;
};

/* One line of the diff. */
struct edit {
    char mark; /* ' ', '-' or '+' */
    str line;
};

struct edits {
    struct edit *items;
    size_t count;
};

static enum err cut_lines(str text, struct arena *arena, struct lines *ret_lines)
{
    size_t count = 0;
    for (str rest = text; rest.len > 0; rest = str_skip(rest, str_find(rest, '\n') + 1))
        count++;
    struct lines lines = { .items = ARENA_ARRAY(arena, str, count + 1) };
    if (lines.items == NULL)
        return ERR_MEMORY;
    for (str rest = text; rest.len > 0; rest = str_skip(rest, str_find(rest, '\n') + 1))
        lines.items[lines.count++] = str_first(rest, str_find(rest, '\n') + 1);
    *ret_lines = lines;
    return ERR_OK;
}

static void add_edit(struct edits *edits, char mark, str line)
{
    edits->items[edits->count++] = (struct edit){ mark, line };
}

/* Edits between a[0..n) and b[0..m); `table` has (n + 1) * (m + 1) zeroed cells. */
static void walk_table(
    struct edits *edits, const str *a, size_t n, const str *b, size_t m, uint32_t *table)
{
    size_t width = m + 1;
    for (size_t i = n; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            uint32_t down = table[(i + 1) * width + j];
            uint32_t right = table[i * width + j + 1];
            table[i * width + j] = str_equal(a[i], b[j]) ? table[(i + 1) * width + j + 1] + 1
                                   : down >= right       ? down
                                                         : right;
        }
    }
    size_t i = 0;
    size_t j = 0;
    while (i < n || j < m) {
        if (i < n && j < m && str_equal(a[i], b[j])) {
            add_edit(edits, ' ', a[i]);
            i++;
            j++;
        } else if (i < n && (j == m || table[(i + 1) * width + j] >= table[i * width + j + 1]))
            add_edit(edits, '-', a[i++]);
        else
            add_edit(edits, '+', b[j++]);
    }
}

static enum err find_edits(
    struct lines a, struct lines b, struct arena *arena, struct edits *ret_edits)
{
    struct edits edits = { .items = ARENA_ARRAY(arena, struct edit, a.count + b.count + 1) };
    if (edits.items == NULL)
        return ERR_MEMORY;
    size_t head = 0;
    while (head < a.count && head < b.count && str_equal(a.items[head], b.items[head]))
        add_edit(&edits, ' ', a.items[head++]);
    size_t tail = 0;
    while (tail < a.count - head && tail < b.count - head
           && str_equal(a.items[a.count - 1 - tail], b.items[b.count - 1 - tail]))
        tail++;
    size_t n = a.count - head - tail;
    size_t m = b.count - head - tail;
    if ((n + 1) <= TABLE_CELLS_MAX / (m + 1)) {
        uint32_t *table = ARENA_ARRAY(arena, uint32_t, (n + 1) * (m + 1));
        if (table == NULL)
            return ERR_MEMORY;
        walk_table(&edits, a.items + head, n, b.items + head, m, table);
    } else {
        for (size_t i = 0; i < n; i++)
            add_edit(&edits, '-', a.items[head + i]);
        for (size_t j = 0; j < m; j++)
            add_edit(&edits, '+', b.items[head + j]);
    }
    for (size_t i = 0; i < tail; i++)
        add_edit(&edits, ' ', a.items[a.count - tail + i]);
    *ret_edits = edits;
    return ERR_OK;
}

static void add_line(struct buf *out, struct edit edit)
{
    buf_add_byte(out, edit.mark);
    buf_add(out, edit.line);
    if (!str_endswith(edit.line, STR("\n")))
        buf_add(out, STR("\n\\ No newline at end of file\n"));
}

/* The end of the hunk that begins with the change at `at`: the first place followed by
 * more equal lines than two contexts. */
static size_t hunk_end(const struct edits *edits, size_t at)
{
    size_t end = at + 1;
    size_t equal = 0;
    for (size_t i = at; i < edits->count && equal <= 2 * CONTEXT_LINES; i++) {
        equal = edits->items[i].mark == ' ' ? equal + 1 : 0;
        if (equal == 0)
            end = i + 1;
    }
    return end;
}

/* Lines of [from, to) that are in the text before (`mark` '-') or after ('+'). */
static size_t count_lines(const struct edits *edits, size_t from, size_t to, char mark)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += edits->items[i].mark == ' ' || edits->items[i].mark == mark;
    return count;
}

/* "12,3" as unified diffs number lines. */
static void add_range(struct buf *out, size_t lines_before, size_t count)
{
    buf_addf(out, "%zu,%zu", count == 0 ? lines_before : lines_before + 1, count);
}

static void add_hunks(struct buf *out, const struct edits *edits)
{
    for (size_t at = 0; at < edits->count; at++) {
        if (edits->items[at].mark == ' ')
            continue;
        size_t from = at < CONTEXT_LINES ? 0 : at - CONTEXT_LINES;
        size_t end = hunk_end(edits, at);
        size_t to = edits->count - end < CONTEXT_LINES ? edits->count : end + CONTEXT_LINES;
        buf_add(out, STR("@@ -"));
        add_range(out, count_lines(edits, 0, from, '-'), count_lines(edits, from, to, '-'));
        buf_add(out, STR(" +"));
        add_range(out, count_lines(edits, 0, from, '+'), count_lines(edits, from, to, '+'));
        buf_add(out, STR(" @@\n"));
        for (size_t i = from; i < to; i++)
            add_line(out, edits->items[i]);
        at = end;
    }
}

enum err diff_print(const char *name, str before, str after, struct buf *out)
{
    if (str_equal(before, after))
        return ERR_OK;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(DIFF_BYTES_MAX);
    struct lines a;
    struct lines b;
    struct edits edits;
    TRY(cut_lines(before, &arena, &a));
    TRY(cut_lines(after, &arena, &b));
    TRY(find_edits(a, b, &arena, &edits));
    buf_addf(out, "--- %s\n+++ %s\n", name, name);
    add_hunks(out, &edits);
    return out->err;
}
