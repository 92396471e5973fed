/* audit_check_chain.c - every entry of the log in its order: numbers, hashes, anchors.
 *
 * Each entry is held against the stored hash of the one before, so that one edit is one finding
 * and not one for every entry behind it.
 */
#include "act/audit_check_pass.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGE_ENTRIES = 512 };

struct walk {
    struct audit_check *check;
    int64_t seq; /* of the entry before */
    uint8_t hash[SHA256_BYTES];
    size_t anchor;     /* the next to be met */
    int64_t good_seq;  /* up to here the anchors agree */
    bool is_rewritten; /* told once, not for every anchor behind */
};

static enum err find(
    const struct walk *walk, enum audit_fault fault, int64_t entry, const char *what)
{
    struct audit_finding finding = { fault, entry, 0, 0, -1, NULL };
    return check_find(walk->check, finding, "entry %" PRId64 " %s", entry, what);
}

static enum err check_number(const struct walk *walk, const struct audit_row *row)
{
    struct audit_finding finding = { AUDIT_FAULT_MISSING, walk->seq + 1, 0, 0, -1, NULL };
    if (row->seq == walk->seq + 1)
        return ERR_OK;
    if (row->seq <= walk->seq)
        return find(walk, AUDIT_FAULT_REORDERED, row->seq, "has a number that no entry has");
    if (row->seq == walk->seq + 2)
        return check_find(walk->check, finding, "entry %" PRId64 " is missing", walk->seq + 1);
    return check_find(walk->check, finding, "entries %" PRId64 " to %" PRId64 " are missing",
        walk->seq + 1, row->seq - 1);
}

/* The number in "hold 3 approved", or 0. */
static int64_t hold_of(str after)
{
    int64_t hold = 0;
    if (!str_startswith(after, STR("hold ")))
        return 0;
    for (size_t i = 5; i < after.len && after.ptr[i] >= '0' && after.ptr[i] <= '9'; i++)
        if (__builtin_mul_overflow(hold, 10, &hold)
            || __builtin_add_overflow(hold, after.ptr[i] - '0', &hold))
            return 0;
    return hold;
}

static enum err mark_add(struct audit_check *check, const struct audit_said *said)
{
    if (said->entry.run == 0)
        return ERR_OK;
    if (check->mark_count == check->mark_room) {
        size_t room = check->mark_room == 0 ? 1024 : check->mark_room * 2;
        struct audit_mark *grown = reallocarray(check->marks, room, sizeof *grown);
        if (grown == NULL)
            return ERR_MEMORY;
        check->marks = grown;
        check->mark_room = room;
    }
    check->marks[check->mark_count++] = (struct audit_mark){ said->entry.run, said->entry.step,
        said->seq, hold_of(said->entry.after), said->entry.event };
    return ERR_OK;
}

static enum err check_text(
    const struct walk *walk, const struct audit_row *row, struct arena *arena, bool is_linked)
{
    struct audit_said said;
    enum err err = audit_text_read(row->text, arena, &said);
    if (err == ERR_JSON)
        return find(walk, AUDIT_FAULT_UNREADABLE, row->seq, "is not one that cdr writes");
    TRY(err);
    if (said.seq != row->seq) {
        struct audit_finding finding = { AUDIT_FAULT_REORDERED, row->seq, 0, 0, -1, NULL };
        return check_find(walk->check, finding,
            "entry %" PRId64 " says that it is entry %" PRId64 ": entries were moved, or others "
            "taken out or put in",
            row->seq, said.seq);
    }
    if (!is_linked)
        return find(walk, AUDIT_FAULT_EDITED, row->seq,
            "was edited: its text, its hash, or the hash of the entry before");
    if (said.seq == 1)
        walk->check->older_runs = said.older_runs;
    return mark_add(walk->check, &said);
}

static enum err check_rewritten(struct walk *walk, const struct anchor_mark *anchor)
{
    struct audit_finding finding = { AUDIT_FAULT_REWRITTEN, anchor->seq, anchor->number, 0, -1,
        NULL };
    if (walk->is_rewritten)
        return ERR_OK;
    walk->is_rewritten = true;
    return check_find(walk->check, finding,
        "entry %" PRId64 " is not the one that anchor %" PRId64 " is of: entries from %" PRId64
        " on were rewritten, hashes and all",
        anchor->seq, anchor->number, walk->good_seq + 1);
}

static enum err check_anchored(struct walk *walk, const struct audit_row *row)
{
    struct audit_check *check = walk->check;
    for (; walk->anchor < check->anchor_count; walk->anchor++) {
        const struct anchor_mark *anchor = &check->anchors[walk->anchor];
        if (anchor->seq > row->seq)
            break;
        if (anchor->seq < row->seq) /* of an entry that is missing, which was told */
            continue;
        if (memcmp(anchor->hash, row->hash, SHA256_BYTES) != 0) {
            TRY(check_rewritten(walk, anchor));
            continue;
        }
        walk->good_seq = anchor->seq;
        check->report->anchored = anchor->seq;
        check->report->anchored_ms = anchor->at_ms;
    }
    return ERR_OK;
}

static enum err row_check(struct walk *walk, const struct audit_row *row, struct arena *arena)
{
    uint8_t hash[SHA256_BYTES];
    TRY(check_number(walk, row));
    TRY(audit_hash(walk->hash, row->text, hash));
    bool is_next = row->seq == walk->seq + 1;
    bool is_linked = memcmp(hash, row->hash, SHA256_BYTES) == 0;
    /* After a gap nothing can be said about the link. */
    TRY(check_text(walk, row, arena, is_linked || !is_next));
    TRY(check_anchored(walk, row));
    walk->seq = row->seq;
    memcpy(walk->hash, row->hash, SHA256_BYTES);
    walk->check->report->entries++;
    return ERR_OK;
}

static enum err page_check(struct walk *walk, int64_t *after, bool *ret_more)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct audit_row *rows;
    size_t count;
    TRY(audit_page(walk->check->store, *after, PAGE_ENTRIES, &arena, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(row_check(walk, &rows[i], &arena));
        *after = rows[i].seq;
    }
    *ret_more = count == PAGE_ENTRIES;
    return ERR_OK;
}

static enum err check_end(const struct walk *walk)
{
    const struct audit_check *check = walk->check;
    if (walk->anchor == check->anchor_count)
        return ERR_OK;
    const struct anchor_mark *newest = &check->anchors[check->anchor_count - 1];
    struct audit_finding finding = { AUDIT_FAULT_CUT_OFF, walk->seq + 1, newest->number, 0, -1,
        NULL };
    return check_find(walk->check, finding,
        "the log ends at entry %" PRId64 ", and anchor %" PRId64 " is of entry %" PRId64
        ": the end was cut off, or the journal is an older copy",
        walk->seq, newest->number, newest->seq);
}

/* By run, step and entry. */
static int compare(const void *a, const void *b)
{
    const struct audit_mark *x = a;
    const struct audit_mark *y = b;
    return x->run != y->run     ? (x->run < y->run ? -1 : 1)
           : x->step != y->step ? (x->step < y->step ? -1 : 1)
           : x->seq != y->seq   ? (x->seq < y->seq ? -1 : 1)
                                : 0;
}

enum err check_chain(struct audit_check *check)
{
    struct walk walk = { .check = check };
    int64_t after = INT64_MIN;
    TRY(audit_origin(store_id(check->store), walk.hash));
    for (bool is_more = true; is_more;)
        TRY(page_check(&walk, &after, &is_more));
    check->report->last = walk.seq;
    TRY(check_end(&walk));
    if (check->mark_count > 0)
        qsort(check->marks, check->mark_count, sizeof *check->marks, compare);
    return ERR_OK;
}
