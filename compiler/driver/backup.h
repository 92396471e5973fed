/* backup.h - a data directory as one file, and back.
 *
 *   journal.db | audit.head | audit.key | "\n" | one line of JSON
 *
 * The parts follow one another as they are; the line says of each its name, length and SHA-256,
 * so that a byte that changed shows. It is an SQLite database too: what follows the pages that its
 * head counts is not read by SQLite. audit.key is there only where it is in the directory.
 */
#pragma once

#include "base/sha256.h"
#include "driver/command.h"

enum backup_part_id { PART_JOURNAL, PART_HEAD, PART_KEY, PART_COUNT };

struct backup_part {
    int64_t bytes; /* -1: there is none */
    char sha256[SHA256_HEX_SIZE];
};

struct backup {
    struct backup_part parts[PART_COUNT];
    str made;  /* RFC 3339 */
    str cdr;   /* version that made it */
    str store; /* id of the journal */
};

/* "journal.db", ...; static. */
const char *backup_part_name(enum backup_part_id part);
/* The part in `directory`, in `arena`; NULL when that is full. */
const char *backup_part_path(const char *directory, enum backup_part_id part, struct arena *arena);

/* Gather the parts that are in `directory` into its journal.db, on disk when it returns; the other
 * parts stay. Sets backup->parts. ERR_IO: errno says why; ERR_MEMORY. */
MUST_CHECK enum err backup_pack(struct backup *backup, const char *directory, struct arena *arena);

/* Read the line at the end. ERR_IO: errno says why; ERR_INVALID: it is no backup, or not all of
 * one, with a sentence; ERR_MEMORY. */
MUST_CHECK enum err backup_read(
    const char *file, struct arena *arena, struct backup *ret_backup, const char **reterr_reason);
/* Write the parts of `file` into `directory`, files of mode 0600, on disk when it returns, each
 * compared with its SHA-256. ERR_IO: errno says why; ERR_INVALID: a part is not what was written,
 * *ret_part says which; ERR_STOPPED; ERR_MEMORY. */
MUST_CHECK enum err backup_unpack(const struct backup *backup, const char *file,
    const char *directory, const volatile int *stop, struct arena *arena,
    enum backup_part_id *ret_part);

/* Whether the journal in `directory` is whole, and its audit log is what was written: what is not is
 * told. `called` is what people know it as. *ret_runs, *ret_open and *ret_entries count. */
struct backup_look {
    uint64_t runs;
    uint64_t open;    /* of these have not ended */
    uint64_t entries; /* of the audit log */
};
MUST_CHECK enum exit_code backup_verify(
    struct driver *driver, const char *directory, const char *called, struct backup_look *ret_look);
