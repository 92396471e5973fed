/* live.h - one session of live response: asked for once, followed to its end, its result fetched.
 *
 * The request has no idempotency key, so its comment holds the step's key and what it is for; when no
 * answer came, that comment is looked for among the machine's actions before anything is sent again.
 * Defender keeps the request for days while the machine is away, and runs one session a machine: one
 * that somebody else began is waited for, ours is withdrawn when the machine does not take it in an
 * hour. The result is an address: of JSON for a script, which is read (rest/download.h), of the file itself
 * for GetFile, which the connection keeps.
 *
 * A step has one in its state, fills in the first part, and passes the answers of LIVE_QUESTIONS
 * questions, from `first` on, to live_heard; `ended` is called in the turn in which it is over. */
#pragma once

#include "defender/live_requests.h"
#include "rest/voice.h"

enum { LIVE_QUESTIONS = 6 };

enum live_end {
    LIVE_ASSUMED,  /* planning: it would be asked for */
    LIVE_DONE,     /* the result is here */
    LIVE_DECLINED, /* it certainly did not run */
    LIVE_FAILED,   /* Defender says that it failed, and it may have run in part */
    LIVE_QUEUED,   /* the machine has not taken it, and may still */
    LIVE_UNKNOWN,  /* what became of it, or its result, cannot be known */
};

struct live {
    /* Filled in by the step. */
    str machine;
    uint32_t first;
    enum step_turn (*ended)(struct step *step, struct live *live);
    /* What came of it; in the step's arena. */
    enum live_end end;
    const char *why; /* unless assumed or done; NULL: the arena is full */
    str output;      /* of a script */
    str errors;
    str path; /* of a file, here */
    str sha256;
    /* Its own. */
    struct live_command command;
    str keep_as;
    str comment;
    str id;
    struct tries tries;
    uint32_t busy; /* how often it was waited for somebody else's session */
    uint32_t polls;
    uint32_t pending_ms; /* how long it was waited for */
    uint32_t running_ms;
    uint32_t misses; /* of the result */
    bool is_busy;
    bool is_unheard; /* a request was sent of which nobody knows what became */
    bool is_withdrawn;
};

/* Begin one after `delay_ms`; `keep_as` as struct request has it, for the file of `command->get`. */
enum step_turn live_begin(struct step *step, struct live *live, const struct live_command *command,
    str keep_as, uint32_t delay_ms);
enum step_turn live_heard(struct step *step, const struct answer *answer, struct live *live);
