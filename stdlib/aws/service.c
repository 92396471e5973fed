#include "aws/service.h"

static const struct aws_service_info services[AWS_SERVICE_COUNT] = {
#define SERVICE(id, signing, variable, protocol, version)                                          \
    [AWS_##id] = { signing, "AWS_ENDPOINT_URL_" variable, AWS_PROTOCOL_##protocol, version },
#include "aws/services.def"
#undef SERVICE
};

const struct aws_service_info *aws_service_info(enum aws_service service)
{
    return &services[service];
}

enum aws_service aws_service_find(const char *name)
{
    enum aws_service service = 0;
    while (service < AWS_SERVICE_COUNT && strcmp(services[service].signing, name) != 0)
        service++;
    return service;
}
