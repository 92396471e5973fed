/* call_out.h - hand the alert to a Lambda function, or to an address of API Gateway.
 *
 * What is sent is step->alert, or the rule's own text, with the step's key in it. A request without
 * an answer is sent again, with the same key: Lambda itself hands an event over more than once at
 * times, so whoever acts on it has to know the key anyway. Nobody waits for what comes of it. */
#pragma once

#include "aws/identity.h"

/* Arguments of the rows. */
enum { LAMBDA_FUNCTION, LAMBDA_ACCOUNT, LAMBDA_REGION };
enum { WEBHOOK_URL, WEBHOOK_BODY, WEBHOOK_ACCOUNT };

struct call_out {
    struct talk talk;
    struct caller caller;
    uint32_t sent;
    bool is_lost; /* an earlier request got no answer: it may have arrived */
};

/* function, account, region */
enum step_turn call_lambda_next(struct step *step, const struct reply *reply);
/* url, body, account */
enum step_turn call_webhook_next(struct step *step, const struct reply *reply);
