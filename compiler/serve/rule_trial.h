/* rule_trial.h - rules that want to come into force: read, compiled, held against their own tests.
 *
 * Whatever is wrong is a line of trial->faults, and there is no set then. Nothing of a trial is
 * seen by anybody else before it is whole.
 */
#pragma once

#include "serve/rule_files.h"
#include "serve/rule_sets.h"

enum { TRIAL_FAULT_BYTES_MAX = 256 * 1024 };

/* Zero it; rule_trial_release. */
struct rule_trial {
    struct rule_set *set; /* with a program, or NULL; from malloc, to be taken by setting NULL */
    struct buf faults;    /* a line each, as `cdr check --format concise` has them */
    uint32_t fault_count;
    struct rule_files_watched watched;
    char content
        [SHA256_HEX_SIZE]; /* over the texts and the faults: a trial that would end the same */
    uint32_t rules;        /* that are written, switched off or not */
    bool misses_files;     /* a file that it names is not there, and may come */
};

/* Try what `files` found. A bad set is ERR_OK. ERR_MEMORY, and ERR_BYTECODE for a fault of ours. */
MUST_CHECK enum err rule_trial_run(struct rule_files *files, struct rule_trial *trial);
/* Make it a bad one after all, for this reason. ERR_MEMORY. */
MUST_CHECK enum err rule_trial_refuse(struct rule_trial *trial, const char *reason);
void rule_trial_release(struct rule_trial *trial);

/* Free a set that nobody has. */
void rule_set_free(struct rule_set *set);
