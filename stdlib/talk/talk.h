/* talk.h - what every conversation with a provider has in common.
 *
 * A step's state begins with struct talk. talk_next reads a reply, deals with what is the
 * same for all steps (reads without an answer are asked again, credentials that are not
 * allowed to look end the step) and hands the rest to the hearer of the question that
 * was asked. An answer lives for one turn: what a step keeps, it copies into step->arena.
 *
 * The rule behind all of it: an error is never read as success, and a change counts as
 * made when the provider shows it, not when the provider took it.
 *
 * How a provider's answers read is its speaker's (struct speaker): aws/voice.h, rest/voice.h.
 */
#pragma once

#include "act/step.h"
#include "talk/xml.h"
#include "base/attr.h"

enum heard {
    HEARD_ANSWER,  /* the provider did it: `root` is what it says */
    HEARD_ASSUMED, /* not sent: planning or offline */
    HEARD_ERROR,   /* it declined, so nothing was done: `code`, `message` */
    HEARD_NOTHING, /* nothing that tells what became of the request: `message` says why */
    HEARD_REFUSED, /* it certainly did not arrive: `message` */
};

struct answer {
    enum heard heard;
    const struct xml *root; /* of an ANSWER; of an ERROR of a REST service too, or NULL */
    bool is_forbidden;      /* of an ERROR: for want of a permission */
    bool is_bad_credential; /* for want of valid credentials */
    str code;
    str message; /* words for a person, cut to a length that fits into a reason */
};

/* How a provider's answers read. */
struct speaker {
    /* Read `reply`, which was received, to `request`; the answer lives in `turn` or is borrowed from
     * the reply. ERR_MEMORY. */
    enum err (*read)(struct arena *turn, const struct reply *reply, const struct request *request,
        struct answer *ret_answer);
    /* Why `answer` (of `request`, about which the step is) did not do, for a person, in
     * step->arena; NULL: it is full. */
    const char *(*why)(
        struct step *step, const struct request *request, const struct answer *answer);
};

struct talk {
    const struct speaker *speaker;
    struct request last; /* what was asked */
    uint32_t doing;      /* which question it was: indexes the hearers */
    uint32_t silent;     /* reads in a row that got no answer */
    bool is_change;      /* the last request was one */
    bool is_optional;    /* the last request was a read that the step can do without */
    bool has_changed;    /* some change was made, or may have been */
    bool has_undo;       /* some change that was asked for has an inverse */
};

typedef enum step_turn talk_hearer(struct step *step, const struct answer *answer);

/* Ask question `doing`; for a change with what takes it back. A request whose body could
 * not be built (the arena is full) goes through: see act/step.h. */
enum step_turn talk_ask(struct step *step, uint32_t doing, struct request request);
/* As talk_ask, for a read that only adds facts: whatever comes of it, its hearer is told. */
enum step_turn talk_ask_for_facts(struct step *step, uint32_t doing, struct request request);
enum step_turn talk_change(
    struct step *step, uint32_t doing, struct request request, struct undo undo);

/* Read `reply` (not NULL) as `speaker` does, and go on. A hearer of a read gets ANSWER, ASSUMED and
 * those ERRORs that are not about permission; a hearer of a change gets everything. */
enum step_turn talk_hear(struct step *step, const struct reply *reply, talk_hearer *const *hearers,
    const struct speaker *speaker);

/* End with a sentence made for the occasion. STEP_UNKNOWN adds what a person can do now. */
enum step_turn talk_end(struct step *step, enum step_turn end, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* End because the last request did not do: the sentence is talk_why. Once something may have
 * been changed before that, the end is STEP_UNKNOWN, else STEP_FAILED. */
enum step_turn talk_fail(struct step *step, const struct answer *answer);
/* As the speaker says it: "AWS does not allow iam:PutRolePolicy on role/web: ..." in the arena, or
 * NULL. */
const char *talk_why(struct step *step, const struct answer *answer);

/* Where a step acts: the region it was `given` as an argument, else the one it began in.
 * Absent while offline. Every request and every undo names it, so that neither a resume nor an
 * undo over another connection looks somewhere else. */
value talk_region(const struct step *step, value given);

/* Add to step->found, how the target was found: "instance i-1 -> role web". */
void talk_found(struct step *step, const char *format, ...) PRINTF_LIKE(2, 3);

/* End for lack of memory: see act/step.h. */
enum step_turn talk_memory(struct step *step);

/* Whether the provider declined for want of a permission or of valid credentials. */
bool answer_is_denied(const struct answer *answer);
bool answer_is(const struct answer *answer, const char *code);

/* For speakers: an answer that tells nothing of what became of the request, because of `why` (NULL:
 * none came); a message cut to a length that fits into a reason; what is wrong with a body that is
 * not the provider's own ("it is a web page"); " on role/web", or nothing, NULL when the arena is
 * full. */
struct answer answer_nothing(const char *why);
str answer_clipped(str message);
const char *answer_unreadable(str body);
const char *talk_on_target(const struct request *request, struct arena *arena);

/* One change and what is known of it. A change whose reply was lost is sent again only
 * after the provider has shown for a while that it is not there. */
struct tries {
    uint32_t sent;  /* how often */
    uint32_t looks; /* since it was last sent */
    bool accepted;  /* the last one was answered */
};

enum tries_next {
    TRIES_SEND,    /* it is not there: make it */
    TRIES_LOOK,    /* it may need time: look again after *ret_delay_ms */
    TRIES_GIVE_UP, /* it does not become so */
};

/* The provider does not show the change: what now? Counts the look that found nothing. */
enum tries_next tries_missing(struct tries *tries, uint32_t *ret_delay_ms);
/* Note that it is being sent, and (a NOTHING is not accepted) what came of it. */
void tries_send(struct tries *tries);
void tries_heard(struct tries *tries, const struct answer *answer);

/* 1, 2, 4, 8 seconds, then `ceiling_ms`: how long to wait before poll `number` (from 0). */
uint32_t poll_delay_ms(uint32_t number, uint32_t ceiling_ms);
