/* region.c - see region.h. */
#include "aws/region.h"

#include "base/attr.h"

static const char *const regions[] = {
#define REGION(name) name,
#include "aws/regions.def"
#undef REGION
};

bool aws_region_is_known(str region)
{
    for (size_t at = 0; at < COUNT_OF(regions); at++)
        if (str_is(region, regions[at]))
            return true;
    return false;
}

const char *aws_region_at(size_t index)
{
    return index < COUNT_OF(regions) ? regions[index] : NULL;
}
