/* service.h - the services of AWS that steps speak with: the rows of services.def. */
#pragma once

#include "base/str.h"

enum aws_protocol {
    AWS_PROTOCOL_QUERY,    /* POST /, a form, answers in XML */
    AWS_PROTOCOL_JSON_1_0, /* POST /, X-Amz-Target, JSON both ways */
    AWS_PROTOCOL_JSON_1_1,
    AWS_PROTOCOL_REST, /* method and path by operation */
};

enum aws_service {
#define SERVICE(id, signing, variable, protocol, version) AWS_##id,
#include "aws/services.def"
#undef SERVICE
    AWS_SERVICE_COUNT
};

struct aws_service_info {
    const char *signing;  /* "ec2": in signatures and host names */
    const char *variable; /* "AWS_ENDPOINT_URL_EC2" */
    enum aws_protocol protocol;
    const char *version; /* of the API, or the prefix of X-Amz-Target; "" for REST */
};

/* Static. */
const struct aws_service_info *aws_service_info(enum aws_service service);
/* The service of that signing name ("ec2"), or AWS_SERVICE_COUNT. */
enum aws_service aws_service_find(const char *name);
