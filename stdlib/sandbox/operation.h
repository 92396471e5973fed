/* operation.h - what the sandbox can do, one row an operation (operations.def). */
#pragma once

#include "sandbox/call.h"

enum operation_effect { OPERATION_READS, OPERATION_CHANGES };

struct operation {
    const char *service;
    const char *name;
    enum operation_effect effect;
    const char *target;     /* shape of the parameter it is about, "" for none */
    const char *parameters; /* shapes it knows, by spaces; "!": required */
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

/* The API version and XML name space of a service that the sandbox knows, or NULL. */
const char *service_version(const char *service);
const char *service_namespace(const char *service);

/* Check Action, Version, that each parameter is known, rightly numbered and that none is
 * missing; sets operation, dry_run and target. False: refused. */
MUST_CHECK bool operation_accepts(struct call *call);
