/* requests_ssm.h - the requests to Systems Manager. As requests.h. */
#pragma once

#include "act/step.h"

/* What Systems Manager knows of the agent of one instance. */
struct request ssm_describe_agent(struct step *step, str region, str instance);

struct ssm_script {
    str put;              /* a mark of late_put.h; the script reads its address from CDR_PUT */
    str profile;          /* CDR_PROFILE: "quick", "full" */
    str text;             /* the script itself */
    uint32_t delivery_s;  /* how long it may wait for the agent */
    uint32_t execution_s; /* and run */
};
/* AWS-RunShellScript on one instance, with step->key in its comment. */
struct request ssm_send_script(
    struct step *step, str region, str instance, const struct ssm_script *script);
/* Commands that ran such scripts on the instance, newest first; `page` a NextToken, or empty. */
struct request ssm_list_scripts(struct step *step, str region, str instance, str page);
/* The comment of a command that this step sent. NULL: the arena is full. */
const char *ssm_comment(struct step *step);
struct request ssm_get_invocation(struct step *step, str region, str command, str instance);
struct request ssm_cancel_command(struct step *step, str region, str command, str instance);
