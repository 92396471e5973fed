/* audit_check_anchors.c - the lines of anchors by themselves: each signed, none missing between
 * two others, none that the journal counts and the file lacks.
 */
#include "act/audit_check_pass.h"

#include <inttypes.h>
#include <stdlib.h>

/* A file of anchors while it is read. */
struct reading {
    struct audit_check *check;
    const char *name;
    bool is_head;
    bool is_broken;          /* what follows the line before cannot be told */
    struct anchor_mark last; /* the line before; number 0: none */
    int64_t line;
};

static enum err find(
    const struct reading *reading, enum audit_fault fault, int64_t anchor, const char *what)
{
    struct audit_finding finding = { fault, 0, anchor, 0, -1, NULL };
    return check_find(
        reading->check, finding, "%s:%" PRId64 ": %s", reading->name, reading->line, what);
}

static enum err find_gap(const struct reading *reading, int64_t from, int64_t to)
{
    struct audit_finding finding = { AUDIT_FAULT_ANCHOR_MISSING, 0, from, 0, -1, NULL };
    if (from == to)
        return check_find(
            reading->check, finding, "%s: anchor %" PRId64 " is missing", reading->name, from);
    return check_find(reading->check, finding, "%s: anchors %" PRId64 " to %" PRId64 " are missing",
        reading->name, from, to);
}

/* Its place among the lines: numbers and hashes that follow each other. */
static enum err check_place(struct reading *reading, const struct anchor *anchor)
{
    static const uint8_t none[SHA256_BYTES];
    const struct anchor_mark *last = &reading->last;
    if (reading->is_broken)
        return ERR_OK; /* told already */
    if (anchor->number <= last->number)
        return find(reading, AUDIT_FAULT_ANCHOR_EDITED, anchor->number,
            "this line stands behind one that came later");
    if (anchor->number > last->number + 1)
        return reading->is_head ? find_gap(reading, last->number + 1, anchor->number - 1) : ERR_OK;
    if (memcmp(anchor->previous, last->number == 0 ? none : last->line_hash, SHA256_BYTES) != 0)
        return find(reading, AUDIT_FAULT_ANCHOR_EDITED, anchor->number,
            "the line before it is not the one that was there");
    if (anchor->seq <= last->seq)
        return find(reading, AUDIT_FAULT_ANCHOR_EDITED, anchor->number, "it goes backwards");
    return ERR_OK;
}

/* Whether it was signed for this journal; *ret_good. */
static enum err check_signature(
    const struct reading *reading, const struct anchor *anchor, str line, bool *ret_good)
{
    *ret_good = false;
    const struct public_keys *keys = reading->check->proofs->keys;
    const struct signing_key *key = public_keys_find(keys, str_from(anchor->key));
    if (key == NULL)
        return find(reading, AUDIT_FAULT_KEY_UNKNOWN, anchor->number,
            "signed with a key that was not given; a key that was in use before is given with "
            "--key too, in the same file");
    if (!public_key_verifies(key, anchor_signed(line), anchor->signature))
        return find(reading, AUDIT_FAULT_ANCHOR_EDITED, anchor->number,
            "the signature is not of this line: it was edited");
    if (!str_equal(str_from(anchor->store), store_id(reading->check->store)))
        return find(reading, AUDIT_FAULT_ANCHOR_FOREIGN, anchor->number,
            "the anchor is of another journal");
    *ret_good = true;
    return ERR_OK;
}

static enum err line_check(struct reading *reading, str line)
{
    struct audit_check *check = reading->check;
    struct anchor anchor;
    bool is_good;
    if (!anchor_read(line, &anchor)) {
        reading->is_broken = true;
        return find(reading, AUDIT_FAULT_ANCHOR_EDITED, 0, "this line is no anchor");
    }
    TRY(check_signature(reading, &anchor, line, &is_good));
    if (!is_good) {
        reading->is_broken = true;
        return ERR_OK;
    }
    TRY(check_place(reading, &anchor));
    struct anchor_mark mark = { anchor.number, anchor.seq, anchor.at_ms, { 0 }, { 0 } };
    memcpy(mark.hash, anchor.hash, SHA256_BYTES);
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, line);
    TRY(sha256_end(&sha256, mark.line_hash));
    reading->is_broken = false;
    if (mark.number > reading->last.number)
        reading->last = mark;
    check->anchors[check->anchor_count++] = mark;
    check->report->anchors++;
    return ERR_OK;
}

static size_t lines_of(str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static enum err file_check(struct reading *reading, str text)
{
    while (text.len > 0) {
        size_t end = str_find(text, '\n');
        if (end == text.len) /* cut off while it was written */
            break;
        reading->line++;
        TRY(line_check(reading, str_first(text, end)));
        text = str_skip(text, end + 1);
    }
    return ERR_OK;
}

/* By entry; the head's before the other's. */
static int compare(const void *a, const void *b)
{
    const struct anchor_mark *x = a;
    const struct anchor_mark *y = b;
    return x->seq != y->seq         ? (x->seq < y->seq ? -1 : 1)
           : x->number != y->number ? (x->number < y->number ? -1 : 1)
                                    : 0;
}

static enum err check_count(const struct reading *head)
{
    int64_t counted;
    TRY(audit_anchors_counted(head->check->store, &counted));
    return counted > head->last.number ? find_gap(head, head->last.number + 1, counted) : ERR_OK;
}

enum err check_anchors(struct audit_check *check)
{
    const struct audit_proofs *proofs = check->proofs;
    size_t room = lines_of(proofs->head.text) + lines_of(proofs->beside.text);
    struct reading head = { .check = check, .name = proofs->head.name, .is_head = true };
    struct reading beside = { .check = check, .name = proofs->beside.name };
    check->anchors = ARENA_ARRAY(check->arena, struct anchor_mark, room + 1);
    if (check->anchors == NULL)
        return ERR_MEMORY;
    TRY(file_check(&head, proofs->head.text));
    TRY(check_count(&head));
    if (proofs->beside.name != NULL) {
        TRY(file_check(&beside, proofs->beside.text));
        if (beside.last.number > head.last.number)
            TRY(find_gap(&head, head.last.number + 1, beside.last.number));
    }
    qsort(check->anchors, check->anchor_count, sizeof *check->anchors, compare);
    return ERR_OK;
}
