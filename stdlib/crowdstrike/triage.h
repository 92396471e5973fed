/* triage.h - what a running host shows of itself, or its memory, by Real Time Response.
 *
 * The collector (collector/collector.h) is started detached by a command that returns at once, and
 * its status is polled; so neither the ceiling of a command nor a restart of cdr ends it. It makes its
 * directory by step->key and starts nothing where that has been started: whatever is lost, it runs
 * once. What it packed is uploaded by the host to an address that is signed for it, or, where the
 * host is contained or has no way to S3, fetched through the cloud of Falcon by `get`; then it is
 * looked at where it lies. triage.c: up to the end of the collector; triage_tool.c: a collector of the
 * user's own; triage_keep.c: from there on. */
#pragma once

#include "aws/evidence_place.h"
#include "collector/collector.h"
#include "crowdstrike/device.h"
#include "crowdstrike/rtr.h"

enum {
    TRIAGE_DEVICE = RTR_QUESTIONS,
    TRIAGE_ONLINE,
    TRIAGE_WAITING,
    TRIAGE_BUCKET,
    TRIAGE_FIND_TOOL,
    TRIAGE_LOOK_AT_TOOL,
    TRIAGE_CREATE_TOOL,
    TRIAGE_FIND_QUEUED,
    TRIAGE_OBJECT,
    TRIAGE_FILES,
    TRIAGE_DOWNLOAD,
    TRIAGE_CLOSE,
};

enum { FALCON_TOOL_IDS_MAX = 10 };

struct falcon_triage {
    struct rtr rtr;
    struct falcon_device device;
    enum platform platform;
    str plan;
    uint32_t seconds; /* that the collector may take */
    /* where it goes */
    struct evidence_place place;
    bool is_uploading; /* to `place`, else it is fetched */
    str bucket_region;
    const char *name; /* of what is kept, without what keys there begin with */
    str key;          /* of the object */
    /* a collector of the user's own */
    str tool_file; /* here; empty: none */
    str tool_sha256;
    str tool_name; /* as `put` sends it */
    str tool_path; /* on the host */
    struct tries tool_tries;
    uint32_t puts;       /* to the host */
    bool is_put_unheard; /* the last one may not have arrived */
    /* the start, and the polling of it */
    bool is_offline;
    bool is_queued; /* the start waits in the queue of a host that is offline */
    bool is_back;   /* where waiting for the host ends: its status is looked at */
    bool has_begun; /* a start may have arrived */
    struct tries tries;
    str start_words;    /* what the start printed that was no start */
    uint32_t waited_ms; /* for the host to come back */
    uint32_t polls;
    uint32_t polled_ms;
    uint32_t misses;
    struct collector_status status;
    /* what it packed */
    struct tries gets;
    str get_id;
    uint32_t looks;
    str fetched; /* SHA-256 of what `get` fetched */
    uint32_t cleans;
    /* the end, told after the cleaning */
    enum step_turn end;
    const char *why;
    const char *note; /* what could not be cleaned; NULL: nothing */
};

/* state is struct falcon_triage */
enum step_turn falcon_triage_next(struct step *step, const struct reply *reply);
enum step_turn falcon_memory_next(struct step *step, const struct reply *reply);

/* ---- between the files ---- */

static inline str falcon_triage_arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}
/* Look on the host how far the collector is, after `delay_ms`. */
enum step_turn falcon_triage_poll(struct step *step, uint32_t delay_ms);
/* Open the session, then put the tool there where there is one, then start the collector. */
enum step_turn falcon_triage_open(struct step *step);
enum step_turn falcon_triage_start(struct step *step);
/* Have Falcon's cloud hold the tool, and the host; start then. */
enum step_turn falcon_triage_upload_tool(struct step *step);
enum step_turn falcon_triage_put_tool(struct step *step);
talk_hearer falcon_triage_heard_find_tool, falcon_triage_heard_look_at_tool,
    falcon_triage_heard_create_tool;
/* The collector has ended as self->status says. */
enum step_turn falcon_triage_keep(struct step *step);
/* Close the session and end so; `is_clean`: remove what is ours from the host before. */
enum step_turn falcon_triage_end(struct step *step, enum step_turn end, bool is_clean,
    const char *format, ...) PRINTF_LIKE(4, 5);
talk_hearer falcon_triage_heard_object, falcon_triage_heard_files, falcon_triage_heard_download,
    falcon_triage_heard_close;
/* The letters of a text from the host, for a sentence; NULL: the arena is full. */
const char *falcon_triage_words(struct step *step, str text);
