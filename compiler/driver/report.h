/* report.h - how alerts, runs and steps are shown, in each of the forms.
 *
 * A command tells what happens as it happens: alert, rule, step, .. , end. Text is
 * written at once, so that a person sees a long run go on; JSON is one line an alert,
 * written at its end; the summary only counts.
 */
#pragma once

#include "act/run.h"
#include "act/undo.h"
#include "driver/output.h"
#include "store/store.h"

#include <jansson.h>

struct connector;
struct log;
struct metrics;

/* REPORT_LOG: what happens to steps, an event each, for a daemon; no command has it. */
enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_SUMMARY, REPORT_LOG };

struct reporter {
    enum report_format format;
    enum run_mode mode;
    struct output *out;
    struct store *store;         /* where the requests of an applied step are; NULL in a plan */
    const char *data;            /* its directory as a word of a shell; NULL in a plan */
    struct connector *connector; /* knows why nobody could be reached; NULL: nobody is asked */
    const struct log *log;       /* of REPORT_LOG */
    struct metrics *metrics;     /* of a daemon, which counts how steps end; or NULL */
    bool is_by_hand; /* a person asked for the step: text has no alert and no rule to tell of */
    /* private to the forms */
    json_t *alert;                       /* JSON: the object of the current alert */
    json_t *matched;                     /* its member, borrowed */
    json_t *entry;                       /* the current rule's object in it, borrowed */
    bool has_failed;                     /* JSON: out of memory on the way */
    bool is_shown;                       /* text: the head of the current alert was written */
    const struct step_condition *inside; /* text: the `if` that was shown last */
    const struct event *event;
    str name;
    str rule;                      /* log: whose run it is, borrowed */
    int64_t run;                   /* log */
    const struct program *program; /* summary: whose rules are counted */
    uint64_t *counts;              /* by rule; owned */
};

/* One step, of a rule or of an undo. */
struct step_view {
    uint32_t index;
    int64_t run; /* 0 in a plan */
    const struct builtin *row;
    const struct step_code *code; /* NULL in an undo */
    const value *args;
    const struct step_outcome *outcome;
};

/* What a run of the command came to. */
struct totals {
    uint64_t alerts;
    uint64_t matched; /* alerts that a rule fired for */
    uint64_t runs;
    uint64_t no_source; /* alerts that no source takes */
    uint64_t claimed;   /* those of them that name a source as the canonical form does */
    uint64_t unreadable;
    uint64_t undecided;
    uint64_t bad_steps;     /* that did not end as they should */
    uint64_t no_target;     /* steps of a plan whose target was looked for and not found */
    uint64_t refused;       /* steps of a plan that would be refused */
    uint64_t open_runs;     /* that were cut off and can be resumed */
    uint64_t held;          /* runs that wait for a person */
    uint64_t old_runs;      /* that stand in the way of acting again, and did not end well */
    int64_t old_run;        /* the first of them */
    uint64_t changed_rules; /* that did not act on an alert that another rule of the name met */
    uint64_t joined;        /* alerts that belong to an earlier run by `dedup` */
    uint64_t others;        /* runs that stand for other content under the id of an alert */
};

/* Make room to count the rules of `program`, which a summary is. ERR_MEMORY. */
MUST_CHECK enum err reporter_count(struct reporter *reporter, const struct program *program);
/* Tell that evaluation of an alert begins. `name` and `event` live until report_alert_end. */
void report_alert(struct reporter *reporter, const struct event *event, str name);
/* `rule` could not be decided for the alert. */
void report_undecided(struct reporter *reporter, const struct rule_code *rule, const char *reason);
/* The alert reached `rule`, which waits for more alerts and is not run by this build. */
void report_not_run(struct reporter *reporter, const struct rule_code *rule);
/* The condition of `rule` holds for the alert, and `excuse` too: it did not fire. */
void report_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse);
/* `rule` fired; `run` is 0 in a plan. */
void report_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run);
void report_step(struct reporter *reporter, const struct step_view *step);
/* Something about the current rule: it ran before, it was cut off. */
void report_note(struct reporter *reporter, const char *key, const char *text);
/* ERR_MEMORY: the line of this alert is lost. */
MUST_CHECK enum err report_alert_end(struct reporter *reporter);
/* The undo of a run begins and ends, steps in between; `undo` is its own run, 0 for none. */
void report_undo(struct reporter *reporter, const struct run *run);
MUST_CHECK enum err report_undo_end(struct reporter *reporter, int64_t undo);
/* The last word: what it all came to. */
void report_end(struct reporter *reporter, const struct totals *totals);
void reporter_release(struct reporter *reporter);

/* How the state of a step is called in this mode: what a plan would do is "planned", unless the
 * governor would not let it: then "held", "refused" or "shadowed". */
const char *step_state(enum run_mode mode, const struct step_outcome *outcome);
/* What a step that is not let act now would do, in words; empty: it is let, or its reason says it. */
str step_would(enum run_mode mode, const struct step_outcome *outcome);
/* The style that a state is shown in. */
enum style state_style(const char *state);
