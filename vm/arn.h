/* arn.h - the names of AWS: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. */
#pragma once

#include "base/str.h"

/* The parts, borrowed from the text; some services leave region and account empty. */
struct arn {
    str partition;
    str service;
    str region;
    str account;
    str resource; /* "role/app/web" */
};

/* False when `text` is no ARN. */
bool arn_read(str text, struct arn *ret_arn);
/* The last segment of a path: "web" of "role/app/web". */
str path_last(str path);
