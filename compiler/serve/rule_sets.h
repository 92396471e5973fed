/* rule_sets.h - rules as the daemon has them: one set in force, older ones for runs that began by
 * them, and the next one once it is whole. Any thread may ask.
 */
#pragma once

#include "compile.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "match/image.h"
#include "store/store.h"

/* A compiled set; constant while anybody has it. */
struct rule_set {
    struct compilation compilation;
    const struct program *program;
    const struct match_image *image; /* of a set that may come into force; threads share it */
    int64_t loaded_ms;
    /* private */
    uint32_t holders;
    struct rule_set *next;
};

struct rule_sets;

struct rule_sets_options {
    const char *config;  /* the daemon's own file: part of every set */
    struct store *store; /* shared with other threads; where `rules_loaded` is audited */
    struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
};

/* Read the config and the rules it names, compile, run their tests, put them in force. What is wrong
 * is told on `log`. ERR_INVALID: it was; ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err rule_sets_open(
    const struct rule_sets_options *options, struct rule_sets **ret_sets);
/* For when nobody has a set any more. NULL is fine. */
void rule_sets_close(struct rule_sets *sets);

/* The set in force; give it back. Never NULL. */
struct rule_set *rule_sets_current(struct rule_sets *sets);
/* The set of a run, by its hash: in force, still kept, or compiled from what the journal has. Keeps
 * a few. *ret_set is NULL with a static sentence in *reterr_why when this build cannot go on with it. ERR_STORE,
 * ERR_MEMORY. */
MUST_CHECK enum err rule_sets_of(
    struct rule_sets *sets, str hash, struct rule_set **ret_set, const char **reterr_why);
/* NULL is fine. */
void rule_set_release(struct rule_sets *sets, struct rule_set *set);

/* Look at the files (or the git ref) again; when they are others, try them: compile, test, and swap,
 * or keep what is in force and say why (log, metric, rule_sets_fault). `is_forced`: also when
 * nothing seems to have changed (SIGHUP). *ret_is_new. ERR_MEMORY and ERR_STORE; bad rules are ERR_OK. */
MUST_CHECK enum err rule_sets_look(struct rule_sets *sets, bool is_forced, bool *ret_is_new);
/* Why the newest rules are not in force, in `arena`; empty: they are. */
MUST_CHECK enum err rule_sets_fault(struct rule_sets *sets, struct arena *arena, str *ret_fault);
