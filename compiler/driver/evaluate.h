/* evaluate.h - one alert through all rules: decide, record, act. */
#pragma once

#include "driver/alerts.h"
#include "driver/record.h"
#include "match/matcher.h"

/* Who has runs carried out elsewhere, and keeps alerts elsewhere: the daemon. */
struct evaluation_hands {
    /* A run was begun, and is not carried out here; not before what was gathered is settled may
     * anybody go on with it. */
    void (*begun)(struct evaluation_hands *hands, int64_t run);
    /* The alert cannot be read, for good; `reason` is a sentence. */
    void (*set_aside)(struct evaluation_hands *hands, const char *reason);
    /* What the alert turned out to be, and how many rules fired for it. */
    void (*decided)(
        struct evaluation_hands *hands, const struct event *event, str name, size_t matched);
};

/* Set session, program, forced_source and is_again; begin, evaluate, release. */
struct evaluation {
    struct session *session;
    const struct program *program;
    str forced_source;
    str only;       /* the one rule that is run; empty: all are */
    bool is_again;  /* apply: an earlier run that ended does not stand in the way of another */
    bool scans_all; /* every rule is asked about every alert, without the index */
    const struct match_image
        *image;                     /* of the program, which who shares it has; NULL: one is made */
    struct evaluation_hands *hands; /* NULL: everything is done here */
    int64_t received_ms;            /* when the alert came in; 0: now. May change between alerts, as
                                     * forced_source may with evaluation_force */
    bool is_dry;                    /* decide, and record nothing */
    /* private */
    struct arena arena;
    const struct projection *projection;
    struct matcher *matcher;
    struct recorder recorder;
    uint64_t passed;     /* alerts that were counted by evaluation_pass */
    uint32_t gathered;   /* alerts since the last commit */
    int64_t gathered_ms; /* when that was */
    uint64_t *reached;   /* by rule: alerts that it would have kept, if it could be run */
};

/* What went wrong is told. */
MUST_CHECK enum exit_code evaluation_begin(struct evaluation *evaluation);
/* Tell the rules that were not run although alerts reached them. */
void evaluation_end(const struct evaluation *evaluation);
/* From here on alerts are this source's; empty: each is asked. */
void evaluation_force(struct evaluation *evaluation, str source);
void evaluation_release(struct evaluation *evaluation);

/* Why event_read failed, in words; NULL for ERR_OK and a failure that is not the alert's. */
const char *alert_fault(enum err err, const struct json_fault *fault);

/* Alerts that were read elsewhere, and of which nothing is to be told but how many there were. */
struct passed_alerts {
    uint64_t alerts, matched, no_source;
    const uint32_t *rules; /* that fired, once for each alert */
    size_t rule_count;
};

/* Count them, as evaluate_alert would have. */
void evaluation_pass(struct evaluation *evaluation, const struct passed_alerts *passed);

/* Read the alert, match every rule, then plan or carry out those that fired. In apply
 * all runs are in the journal before the first of them begins, so that a crash loses none.
 * What cannot be read is told, counted and kept as a dead letter. More than EXIT_FINDINGS
 * means that nothing should follow. */
MUST_CHECK enum exit_code evaluate_alert(
    struct evaluation *evaluation, const char *file, const struct alert_text *alert);
/* The same in a row of alerts: what was gathered is settled when it is time, and what was reported
 * goes out. EXIT_CLEAN: others may follow. */
MUST_CHECK enum exit_code evaluate_next(
    struct evaluation *evaluation, const char *file, const struct alert_text *alert);
/* Commit what alerts left in the journal, once there are many or it has been a while, or now when
 * `is_last`. Only then, *ret_is_settled, may what was reported of them go out. What went wrong is
 * told. */
MUST_CHECK enum exit_code evaluation_settle(
    struct evaluation *evaluation, bool is_last, bool *ret_is_settled);
