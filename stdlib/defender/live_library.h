/* live_library.h - what live response may run: files of the tenant's library.
 *
 * Files are put there before the first session and, unless they are shared, taken away after the last.
 * A file is never put over another: one that is there is ours by its name, which has the step's key or
 * the SHA-256 of what it holds, and where its content is known Defender must show its hash. */
#pragma once

#include "defender/live_requests.h"
#include "talk/talk.h"

enum { LIBRARY_QUESTIONS = 3, LIBRARY_FILES_MAX = 4, LIBRARY_FILE_BYTES_MAX = 20 * 1024 * 1024 };

struct library_file {
    str name;
    str content;    /* or a mark (rest/late.h) */
    str late;       /* the mark that the content is or has; else empty */
    str sha256;     /* of the content, hex; empty: it is another at every sending */
    bool is_shared; /* it stays */
    bool is_there;
    bool is_sent; /* so it may be there */
};

struct live_library {
    /* Filled in by the step. */
    struct library_file files[LIBRARY_FILES_MAX];
    uint32_t count;
    uint32_t first; /* of LIBRARY_QUESTIONS questions */
    enum step_turn (*kept)(struct step *step, struct live_library *library);
    enum step_turn (*removed)(struct step *step, struct live_library *library);
    /* What came of it. */
    const char *why;  /* of `kept`: not all are there; else NULL */
    const char *left; /* of `removed`: what could not be taken away; else NULL */
    /* Its own. */
    struct tries tries;
    uint32_t at;
    uint32_t removes;     /* of one file */
    const char *declined; /* why the last upload was, or NULL */
};

enum step_turn live_library_keep(struct step *step, struct live_library *library);
enum step_turn live_library_remove(struct step *step, struct live_library *library);
enum step_turn live_library_heard(
    struct step *step, const struct answer *answer, struct live_library *library);
