/* call.c - what rules may call at AWS. */
#include "aws/call_out.h"
#include "params.h"
#include "registry.h"

/* Where the rule is at home, and not where the alert is from. */
#define ACCOUNT                                                                                    \
    {                                                                                              \
        .name = "account", .type = TYPE_ACCOUNT, .need = PARAM_OPTIONAL, .locates = true,          \
        .doc = "whose it is; else that of the ARN, or of the connection"                           \
    }
#define LAMBDA_API "https://docs.aws.amazon.com/lambda/latest/api/API_"

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "lambda",
        .verb = VERB_CALL,
        .provider = "aws",
        .doc = "Hand the alert to an AWS Lambda function, which runs on its own.",
        .params = { [LAMBDA_FUNCTION] = { .name = "function",
                        .type = TYPE_TEXT,
                        .need = PARAM_REQUIRED,
                        .directs = true,
                        .locates = true,
                        .doc = "name or ARN" },
            [LAMBDA_ACCOUNT] = ACCOUNT,
            [LAMBDA_REGION] =
                PARAM("region", REGION, OPTIONAL, "else that of the ARN, or of the connection") },
        .effect = EFFECT_COLLECTS,
        .tells = true,
        .permissions = { .apply = { "lambda:InvokeFunction" } },
        .limits = { "done means that Lambda took it: whether the function works is not waited for",
            "the function may get it more than once, with the same key each time",
            "of an alert beyond 240 KB the longest fields are left out" },
        .source = LAMBDA_API "Invoke.html",
        .state_bytes = sizeof(struct call_out),
        .next = call_lambda_next,
    },
    {
        .name = "webhook",
        .verb = VERB_CALL,
        .provider = "aws",
        .doc = "Send the alert to an address of API Gateway by POST, signed.",
        .params = { [WEBHOOK_URL] = PARAM_DIRECTS(
                        "url", REQUIRED, "https://ID.execute-api.REGION.amazonaws.com/STAGE/PATH"),
            [WEBHOOK_BODY] = PARAM("body", TEXT, OPTIONAL, "else the alert as JSON"),
            [WEBHOOK_ACCOUNT] = ACCOUNT },
        .effect = EFFECT_COLLECTS,
        .tells = true,
        .permissions = { .apply = { "execute-api:Invoke" } },
        .limits = { "hosts other than API Gateway's are not called in this build",
            "it may be called more than once, with the same Idempotency-Key each time",
            "what it answers counts by its status alone; redirects are not followed" },
        .source = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
                  "apigateway-control-access-using-iam-policies-to-invoke-api.html",
        .state_bytes = sizeof(struct call_out),
        .next = call_webhook_next,
    },
};

const struct builtin_module aws_call_module = { "aws.call", rows, COUNT_OF(rows) };
