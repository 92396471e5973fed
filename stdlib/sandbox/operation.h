/* operation.h - what the sandbox can do, one row an operation (operations.def). */
#pragma once

#include "sandbox/call.h"

enum operation_effect { OPERATION_READS, OPERATION_CHANGES };

struct operation {
    const char *service;
    const char *name;
    enum operation_effect effect;
    const char *target; /* shape of the parameter it is about, "" for none */
    const char
        *parameters; /* shapes it knows, by spaces; "!": required; "a.*": all that begins so */
    void (*run)(struct call *call);
};

#define OPERATION(service, name, run, effect, target, parameters)                                  \
    void sandbox_##service##_##run(struct call *call);
#include "sandbox/operations.def"
#undef OPERATION

/* The row, or NULL. */
const struct operation *operation_find(const char *service, const char *name);
/* Row `index`, NULL past the end. */
const struct operation *operation_at(size_t index);

/* Whether the sandbox knows a service of that name. */
bool service_is_known(const char *service);
/* The API version and XML name space of one that speaks the query protocol, or NULL. */
const char *service_version(const char *service);
const char *service_namespace(const char *service);
/* What X-Amz-Target begins with for a service that speaks JSON, or NULL. */
const char *service_target(const char *service);
/* The JSON version ("1.1") of the service whose X-Amz-Target begins so, and its name in
 * *ret_service; NULL when there is none. */
const char *service_json_version(str prefix, const char **ret_service);

/* Check Action, Version, that each parameter is known, rightly numbered and that none is
 * missing; sets operation, dry_run and target. False: refused. */
MUST_CHECK bool operation_accepts(struct call *call);
