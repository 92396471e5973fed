/* triage.h - what a running machine shows of itself, or its memory, by live response.
 *
 * The collector (collector/collector.h) is started detached by a script that returns at once, and its
 * status is asked for by another; so neither the ten minutes of a script nor a restart of cdr ends
 * it. It makes its directory by step->key and starts nothing where that has been started: whatever
 * is lost, it runs once. Scripts take no arguments: what varies is in them, so they are files of the
 * library for this step alone, and are taken away at the end. What was packed is uploaded by the host
 * to an address that is signed for it or, where the machine is isolated or did not get there, fetched
 * through Defender. triage.c: up to the end of the collector; triage_keep.c: from there on. */
#pragma once

#include "aws/evidence_place.h"
#include "collector/collector.h"
#include "defender/live.h"
#include "defender/live_library.h"
#include "defender/machine.h"

enum {
    MACHINE_TRIAGE_MACHINE,
    MACHINE_TRIAGE_ACTIONS,
    MACHINE_TRIAGE_BUCKET,
    MACHINE_TRIAGE_OBJECT,
    MACHINE_TRIAGE_LIBRARY,
    MACHINE_TRIAGE_LIVE = MACHINE_TRIAGE_LIBRARY + LIBRARY_QUESTIONS,
    MACHINE_TRIAGE_QUESTIONS = MACHINE_TRIAGE_LIVE + LIVE_QUESTIONS,
};

/* Files of the library. */
enum { SCRIPT_START, SCRIPT_STATUS, SCRIPT_CLEAN, SCRIPT_COUNT, SCRIPT_TOOL = SCRIPT_COUNT };

struct machine_triage {
    struct talk talk;
    struct machine machine;
    enum platform platform;
    str plan;
    uint32_t seconds; /* that the collector may take */
    /* where it goes */
    struct evidence_place place;
    bool is_uploading; /* to `place`, else it is fetched */
    str bucket_region;
    const char *name; /* of what is kept, without what keys there begin with */
    str key;          /* of the object, with its bucket */
    /* the sessions */
    struct live_library library;
    struct live live;
    enum step_turn (*after)(struct step *step); /* a session: what it was for */
    const char *start_why;                      /* a start that may have failed: its words */
    struct tries tries;                         /* of the start */
    uint32_t polls;                             /* of the status, with words for each */
    uint32_t polled_ms;
    uint32_t misses;
    uint32_t gets;
    uint32_t looks; /* at the object */
    uint32_t turns;
    struct collector_status status;
    /* the end, told after the cleaning */
    enum step_turn end;
    const char *why;
    const char *note; /* what stays on the host; NULL: nothing */
};

/* state is struct machine_triage */
enum step_turn machine_triage_next(struct step *step, const struct reply *reply);
enum step_turn machine_memory_next(struct step *step, const struct reply *reply);

/* ---- between the files ---- */

/* "machine web-1 (host/..)", or NULL. */
const char *machine_triage_words(struct step *step);
/* The collector has ended as self->status says. */
enum step_turn machine_triage_keep(struct step *step);
/* Take our files away and end so; `is_clean`: the directory on the host before them. */
enum step_turn machine_triage_end(struct step *step, enum step_turn end, bool is_clean,
    const char *format, ...) PRINTF_LIKE(4, 5);
enum step_turn machine_triage_removed(struct step *step, struct live_library *library);
talk_hearer machine_triage_heard_object;
