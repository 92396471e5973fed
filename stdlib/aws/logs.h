/* logs.h - what CloudTrail recorded about a role, a user, an instance or an access key.
 *
 * CloudTrail is asked by one attribute at a time, so one target takes several lookups (logs.c): what
 * it did, what was done to it, and of a role what its sessions did, each found by the access key that
 * AssumeRole handed out. The records, one JSON object a line as in the files of a trail, go into
 * objects of S3 (logs_keep.c) of at most REQUEST_BYTES_MAX, whole lines each. Whoever examines them
 * joins the objects by their numbers; sha256 is of all of it. */
#pragma once

#include "aws/evidence_place.h"
#include "aws/identity.h"

/* Arguments of collect logs. */
enum {
    LOGS_ROLE,
    LOGS_USER,
    LOGS_INSTANCE,
    LOGS_ACCESS_KEY,
    LOGS_SINCE,
    LOGS_TO,
    LOGS_ACCOUNT,
    LOGS_REGION,
    LOGS_ARGS
};

enum { LOGS_LOOKUPS_MAX = 40 };

/* One question to CloudTrail. */
struct logs_lookup {
    const char *attribute; /* "Username" */
    str wanted;
    str region;
    bool finds_sessions; /* the keys that AssumeRole handed out are looked up too */
};

/* One record. */
struct logs_line {
    struct logs_line *next;
    str id; /* EventId */
    str text;
};

struct logs {
    struct talk talk;
    struct caller caller;
    struct evidence_place place;
    int64_t since_s, until_s;
    /* looking up */
    struct logs_lookup lookups[LOGS_LOOKUPS_MAX];
    uint32_t lookups_count;
    uint32_t at;    /* the lookup that is going on */
    uint32_t pages; /* of all lookups */
    uint32_t failed;
    const char *why;  /* of the first lookup that failed */
    bool is_assumed;  /* offline */
    bool is_cut;      /* there is more than is read */
    uint32_t skipped; /* sessions that were not looked up */
    struct logs_line *first, *last;
    uint32_t events;
    uint64_t bytes; /* of all lines with their ends */
    /* keeping */
    struct logs_line *line; /* the first that no object has */
    uint32_t parts;         /* objects so far, with the one in `body` */
    str body;
    str bucket_region;
    struct tries tries;
    bool is_moved;     /* another region was tried */
    bool is_supposed;  /* the objects were not written: a plan */
    uint32_t too_long; /* records that no object takes */
};

/* role, user, instance, access_key, since, to, account, region */
enum step_turn logs_next(struct step *step, const struct reply *reply);
