/* fronts.h - steps that several providers can do: one name, the same parameters, a row each.
 *
 * A front is the row that rules name (fronts.c); its ways are the rows of the providers, of which the
 * target decides (act/way.h). A way has the parameters of its front, in this order, so that what was
 * bound for the one is right for the other. */
#pragma once

#include "builtin.h"
#include "params.h"

enum { HOST_HOST, HOST_MODE };
#define HOST_ISOLATE_PARAMS                                                                        \
    {                                                                                              \
        [HOST_HOST] = PARAM("host", HOST, TARGET, "the device, as its EDR names it"),              \
        [HOST_MODE] = PARAM_CHOICE("mode", "full selective",                                       \
            "selective keeps mail and chat, of Defender on Windows; full when not given")          \
    }

/* Of triage and memory. */
enum {
    TRIAGE_HOST,
    TRIAGE_INSTANCE,
    TRIAGE_PROFILE,
    TRIAGE_TO,
    TRIAGE_ACCOUNT,
    TRIAGE_REGION,
    TRIAGE_PLAN,
};

#define TRIAGE_PARAMS(profiles)                                                                    \
    {                                                                                              \
        [TRIAGE_HOST] = PARAM("host", HOST, TARGET, "the device, as its EDR names it"),            \
        [TRIAGE_INSTANCE] = PARAM("instance", INSTANCE, TARGET, "the EC2 instance"),               \
        [TRIAGE_PROFILE] = { .name = "profile",                                                    \
            .type = TYPE_TEXT,                                                                     \
            .need = PARAM_OPTIONAL,                                                                \
            .choices = (profiles),                                                                 \
            .fills = true,                                                                         \
            .doc =                                                                                 \
                "what to take: a `profile` or `collector` of the rules; quick when not given" },   \
        [TRIAGE_TO] = { .name = "to",                                                              \
            .type = TYPE_TEXT,                                                                     \
            .need = PARAM_OPTIONAL,                                                                \
            .directs = true,                                                                       \
            .setting = "evidence",                                                                 \
            .doc = "where it goes: \"s3://bucket/prefix\"" },                                      \
        [TRIAGE_ACCOUNT] = PARAM_ACCOUNT, [TRIAGE_REGION] = PARAM_REGION,                          \
        [TRIAGE_PLAN] = { .name = "plan",                                                          \
            .type = TYPE_TEXT,                                                                     \
            .need = PARAM_OPTIONAL,                                                                \
            .is_filled = true,                                                                     \
            .doc = "the profile as JSON" },                                                        \
    }

enum { USER_USER, USER_ACCOUNT };

/* What is acted on is the alert itself: rows that `tells` it, without a target among the parameters. */
enum { ALERT_STATUS };
#define ALERT_STATUS_PARAMS                                                                        \
    {                                                                                              \
        [ALERT_STATUS] = PARAM_CHOICE(                                                             \
            "status", "new in_progress closed reopened", "what it becomes; closed when not given") \
    }
enum { ALERT_COMMENT };
#define ALERT_COMMENT_PARAMS                                                                       \
    {                                                                                              \
        [ALERT_COMMENT] =                                                                          \
            PARAM_TOLD("text", OPTIONAL, "the comment; without it the alert's title")              \
    }

extern const struct builtin aws_triage, aws_disable_user;
extern const struct builtin crowdstrike_triage, crowdstrike_memory, crowdstrike_isolate_host;
extern const struct builtin defender_triage, defender_memory, defender_isolate_host;
extern const struct builtin crowdstrike_alert_status, crowdstrike_alert_comment;
extern const struct builtin defender_alert_status, defender_alert_comment;
extern const struct builtin defender_disable_user;
