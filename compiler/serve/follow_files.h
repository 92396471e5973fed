/* follow_files.h - the files that a follower knows: which they are, whatever they are called, and
 * how far each was read. A file is its device, its inode and how it begins.
 */
#pragma once

#include "base/arena.h"
#include "daemon/framing.h"

#include <sys/stat.h>

enum {
    FOLLOW_FILES_MAX = 2048, /* known to one follower; a text of them goes with each commit */
    FOLLOW_OPEN_MAX = 256,   /* of them, those that are kept open */
    FOLLOW_HEAD_BYTES = 1024,
    FOLLOW_NAME_MAX = 256, /* NAME_MAX and its end */
};

struct followed {
    char name[FOLLOW_NAME_MAX]; /* within its directory, as it was last seen */
    dev_t device;
    ino_t inode;
    uint64_t offset; /* everything before it was handed on */
    uint32_t head_bytes;
    char head[SHA256_HEX_SIZE]; /* digest of its first head_bytes */
    /* of this process alone */
    int fd;                 /* -1: it is closed */
    struct framing framing; /* of what stands behind `base` */
    uint64_t base;
    uint64_t read_at;
    uint64_t tail_at;   /* read_at when the unfinished last line was looked at */
    int64_t grown_at;   /* elapsed ms: when it last grew, or was rotated away */
    bool is_seen;       /* by the last look at the directory */
    int64_t changed_ns; /* its time of change when it was last looked into; 0: it never was */
    bool has_news;      /* by the last look at the directory; not since it was read */
    bool is_renamed;    /* it was called otherwise */
    bool is_gone;       /* it is not called so any more: rotated away, or deleted */
    bool has_failed;    /* that it cannot be read was told */
};

struct follow_files {
    struct followed **items; /* owned; those that were rotated first, then by name */
    size_t count;
    size_t open_count;
};

/* The file of that device and inode, or NULL. */
struct followed *follow_files_find(const struct follow_files *files, const struct stat *status);
/* A new one, read from its start. ERR_LIMIT: there are FOLLOW_FILES_MAX; ERR_MEMORY. */
MUST_CHECK enum err follow_files_add(struct follow_files *files, const char *name,
    const struct stat *status, struct followed **ret_file);
/* Forget the file in place `at`. */
void follow_files_remove(struct follow_files *files, size_t at);
void follow_files_sort(struct follow_files *files);
void follow_files_release(struct follow_files *files);

/* Its descriptor from here on; where FOLLOW_OPEN_MAX are open, another that has been read whole is
 * closed for it. */
void follow_files_opened(struct follow_files *files, struct followed *file, int fd);
void follow_files_close(struct follow_files *files, struct followed *file);
/* Read on from `offset`. */
void followed_restart(struct followed *file, uint64_t offset);
/* When it was last written to. */
int64_t follow_changed_ns(const struct stat *status);
/* Whether the file still begins as it did; one of which nothing was read does. ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err followed_check_head(const struct followed *file, bool *ret_is_same);
/* Note how it begins, as far as that was handed on. ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err followed_note_head(struct followed *file);

/* Append the files as JSON: {"files":[{"name":..,"device":"n","inode":"n","offset":n,
 * "head_bytes":n,"head":".."}, ..]}. A failure is in out->err. */
void follow_files_write(const struct follow_files *files, struct buf *out);
/* Read that back; what it does not say is not there. ERR_JSON, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err follow_files_read(struct follow_files *files, str text);
