/* region.h - the regions of AWS that this build knows.
 *
 * AWS opens regions while a build stays as it is, so one that is not known is doubted and never
 * refused.
 */
#pragma once

#include "base/str.h"

/* Whether this build knows it. */
bool aws_region_is_known(str region);
/* The `index`th name, sorted; NULL: there are no more. */
const char *aws_region_at(size_t index);
