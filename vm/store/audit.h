/* audit.h - what was decided, by whom and why, in a log that shows whoever changes it.
 *
 * Entry n has hash n = SHA-256(hash n-1 | its JSON text); hash 0 is that of the journal's id. The
 * head (number and hash) is signed and kept outside the database (host/anchor.h), so that an end
 * that was cut off shows too. An entry is written in the transaction of what it tells: neither is
 * there without the other. Several processes may append: one transaction waits for the other.
 *
 * The text is one JSON object with members in the order of struct audit_entry, after "seq" (from
 * 1, without a gap) and "at" (RFC 3339, UTC, milliseconds); what is empty is left out. What is
 * longer than its ceiling is cut, and the SHA-256 of the whole stands behind it ("reason_sha256").
 */
#pragma once

#include "base/buf.h"
#include "base/sha256.h"
#include "store/store.h"

enum {
    /* Names, targets, hashes; and what a step was, is, and why. A cut text still shows what it
     * was about: a storm of alerts with texts of a megabyte must not fill the disk. */
    AUDIT_NAME_BYTES_MAX = 4 * 1024,
    AUDIT_TEXT_BYTES_MAX = 64 * 1024,
    /* All of it, each byte escaped. */
    AUDIT_ENTRY_BYTES_MAX = 2 * 1024 * 1024,
    /* At most so many entries of a process that runs are not anchored yet. */
    ANCHOR_ENTRIES = 256,
};

struct audit_entry {
    const char *event; /* "admitted", "held", ...: a row of audit_events.def */
    str who;           /* host/person.h, or "cdr" */
    int64_t at_ms;
    int64_t run;  /* or 0 */
    int64_t step; /* or -1 */
    str alert;    /* all of these may be empty */
    str rule;
    str builtin;
    str target;
    str program_hash; /* of the rule set */
    str plan_hash;
    str clause;
    str reason;
    str before; /* state before: the undos of the plan, JSON */
    str after;  /* how the step ended, JSON or words */
};

/* Append one; *ret_seq from 1. Joins an open transaction. ERR_INVALID: the event has no row in
 * audit_events.def, or nobody is named. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err audit_append(
    struct store *store, const struct audit_entry *entry, int64_t *ret_seq);

/* An entry as it is stored. */
struct audit_row {
    int64_t seq;
    str text;
    uint8_t hash[SHA256_BYTES];
};

/* One entry. ERR_NOT_FOUND, ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err audit_get(
    struct store *store, int64_t seq, struct arena *arena, struct audit_row *ret_row);
/* As audit_get, read; what is gone or unreadable is not there. Texts in `arena`. */
MUST_CHECK enum err audit_entry_get(struct store *store, int64_t seq, struct arena *arena,
    struct audit_entry *ret_entry, bool *ret_is_there);
/* The newest one, its text left out; number 0 with hash 0 while there is none. */
MUST_CHECK enum err audit_last(struct store *store, struct audit_row *ret_row);
/* At most `limit` entries with numbers above `after`, by number, in `arena`. A hash that is not
 * one is all zero. */
MUST_CHECK enum err audit_page(struct store *store, int64_t after, uint32_t limit,
    struct arena *arena, struct audit_row **ret_rows, size_t *ret_count);

/* Where anchors go: the file of the key that signs them (NULL: DIR/audit.key, made when it is
 * missing) and a second file that they are appended to (NULL: DIR/audit.head alone). Copied. For
 * right after the journal was opened. ERR_MEMORY. */
MUST_CHECK enum err audit_anchor_at(struct store *store, const char *key_file, const char *beside);
/* Sign the newest entry and write that down, unless nothing was appended since. It is done now and
 * then after a commit, and by store_close; who wants to know whether it went well calls this first.
 * ERR_STORE (also when the log is not the one that was anchored: store_error says so), ERR_MEMORY. */
MUST_CHECK enum err audit_anchor(struct store *store);
/* How many anchors were written, as the journal counts them. */
MUST_CHECK enum err audit_anchors_counted(struct store *store, int64_t *ret_count);

/* Hash 0 of the journal with this id. ERR_MEMORY. */
MUST_CHECK enum err audit_origin(str store_id, uint8_t ret_hash[static SHA256_BYTES]);
/* hash n of `text` after hash n-1. ERR_MEMORY. */
MUST_CHECK enum err audit_hash(
    const uint8_t previous[static SHA256_BYTES], str text, uint8_t ret_hash[static SHA256_BYTES]);

/* What the text of an entry says. */
struct audit_said {
    int64_t seq;
    struct audit_entry entry; /* texts as they were cut; at_ms 0 where "at" is no time */
    int64_t older_runs;       /* entry 1: runs up to this one are older than the log; else 0 */
};

/* Append the text of an entry to `out`. ERR_INVALID as audit_append; ERR_MEMORY. */
MUST_CHECK enum err audit_text_write(struct buf *out, const struct audit_said *said);
/* Read it back, into `arena`. ERR_JSON: not such a text. ERR_MEMORY. */
MUST_CHECK enum err audit_text_read(str text, struct arena *arena, struct audit_said *ret_said);

/* The meaning of an event in words; NULL: there is no such event. Static. */
const char *audit_event_meaning(str event);
