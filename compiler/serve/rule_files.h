/* rule_files.h - which files a set of rules is made of, and whether they are as they were.
 *
 * They are the daemon's config and what its `daemon { rules = [..] }` names, relative to the
 * config: files, and every .cdr file below directories. With `rules_ref` these are read from that
 * commit of git, and only the config from disk.
 */
#pragma once

#include "base/sha256.h"
#include "compile.h"
#include "driver/files.h"
#include "serve/rule_tree.h"

/* What a file is to say, before it does. */
struct rule_change {
    const char *file;
    str text;
    bool is_new; /* there is no such file yet */
};

/* Zero it; rule_files_release. */
struct rule_files {
    bool is_daemon;                    /* the first file is a daemon's config */
    const struct rule_change *changes; /* borrowed; only of rules on disk */
    size_t change_count;
    struct arena arena;
    struct files files;    /* the config first */
    const char **paths;    /* `rules`, from where the process stands; NULL-terminated */
    const char *said;      /* where the config has `rules`: "daemon.cdr:4"; NULL: nowhere */
    str ref;               /* `rules_ref`, or empty */
    struct rule_tree tree; /* of that ref */
    const char *missing;   /* a path that cannot be read, as a sentence; or NULL */
};

/* Read the config for what it names, and look for it. What cannot be read is in files->missing: a
 * fault of whoever wrote it. ERR_MEMORY. */
MUST_CHECK enum err rule_files_find(const char *config, struct rule_files *files);
/* The rule files below the NULL-terminated paths, which are no daemon's. As rule_files_find. */
MUST_CHECK enum err rule_files_given(const char *const *paths, struct rule_files *files);
void rule_files_release(struct rule_files *files);

/* What else a set is made of: the files that its rules use and its tests read. */
struct rule_files_watched {
    char **names; /* from malloc */
    size_t count;
};

MUST_CHECK enum err rule_files_watch(
    const struct compilation *compilation, struct rule_files_watched *ret_watched);
void rule_files_watched_release(struct rule_files_watched *watched);

/* What the files look like from outside, contents aside. */
struct rule_files_mark {
    char hex[SHA256_HEX_SIZE]; /* over names, devices, inodes, sizes and times */
    int64_t newest_ms;         /* the last change of any of them */
};

/* `watched` may be NULL. A file that is not there is part of the mark. ERR_MEMORY. */
MUST_CHECK enum err rule_files_look(const struct rule_files *files,
    const struct rule_files_watched *watched, struct rule_files_mark *ret_mark);
