/* explain.h - why a rule fired for an alert, or did not: as data, then as text or JSON. */
#pragma once

#include "compile.h"
#include "driver/command.h"
#include "driver/json_out.h"
#include "match/image.h"
#include "probe.h"
#include "whatif.h"

enum explain_outcome {
    EXPLAIN_FIRED,
    EXPLAIN_NOT_FIRED,
    EXPLAIN_EXCUSED,   /* its condition holds, and an `unless` or an exception does too */
    EXPLAIN_UNDECIDED, /* a limit was reached */
    EXPLAIN_WAITING,   /* it asks no more of this alert, but of others */
    EXPLAIN_NO_SOURCE, /* no source takes the alert, so its fields have no values */
};

/* "fired", "not_fired", ...; static. */
const char *explain_outcome_name(enum explain_outcome outcome);

struct explanation {
    const struct compilation *compilation;
    const struct rule_code *rule;
    const struct probe_rule *probes;
    const struct event *event;
    str alert;        /* its name */
    const char *file; /* of the alert */
    uint32_t line;
    enum explain_outcome outcome;
    const char *why; /* of an outcome that needs words: what excuses, which limit; or NULL */
    const enum probe_state *states;
    struct whatif_answer answer;
    struct arena *arena;
};

/* Values and texts in a report are cut at so many bytes. */
enum { EXPLAIN_TEXT_BYTES = 80, EXPLAIN_JSON_BYTES = 1000 };

/* A value of an alert on one line, cut, and safe for a terminal; or for JSON (NULL when memory
 * is short). ERR_MEMORY. */
MUST_CHECK enum err explain_show_value(struct arena *arena, struct output *out, value v);
json_t *explain_value_json(value v);
/* At most `max` bytes of the text, whole characters. */
str explain_cut(str text, size_t max);
/* The text under the span on one line. In the explanation's arena; empty when that is full. */
str explain_written(const struct explanation *explanation, span at);
/* What the alert has for it; absent when the steps must say, or at a limit. ERR_MEMORY. */
MUST_CHECK enum err explain_read(
    const struct explanation *explanation, const struct probe_read *read, value *ret_value);
/* A field or a path as rules write it. */
str explain_target(const struct explanation *explanation, const struct expr *target);

/* Print it for people, or as one JSON object on a line. ERR_MEMORY. */
MUST_CHECK enum err explain_text(const struct explanation *explanation, struct output *out);
/* The form is in docs/language.md. ERR_MEMORY. */
MUST_CHECK enum err explain_json(const struct explanation *explanation, struct output *out);

/* `cdr explain RULE --alert FILE`: the whole of it. */
enum exit_code explain_rule(struct driver *driver, const struct arguments *arguments);

/* Tell that there is no rule of that name, or that it is switched off. EXIT_NOTHING. */
enum exit_code explain_no_such_rule(
    struct driver *driver, const struct compilation *compilation, const char *name);

/* What came of asking the matcher about alerts. */
struct measured {
    uint64_t alerts, unreadable;
    uint64_t undecided;         /* conditions that reached a limit */
    uint64_t *looked_at, *held; /* by rule: of how many alerts */
};

/* Ask about every alert of --alerts, each as --source says, which rules are looked at and hold. What
 * went wrong is told; EXIT_CLEAN: *ret_measured has it, in the driver's arena, also when alerts could
 * not be read. */
MUST_CHECK enum exit_code explain_measure(struct driver *driver, const struct arguments *arguments,
    const struct match_image *image, const struct program *program, struct measured *ret_measured);

/* `cdr explain --plan RULE|PATH ..`: by which tests rules are found, and for how many alerts. */
enum exit_code explain_plan(struct driver *driver, const struct arguments *arguments);
