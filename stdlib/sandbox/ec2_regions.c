/* The regions of an account. */
#include "sandbox/ec2.h"
#include "sandbox/operation.h"

static void write_region(struct call *call, const json_t *region)
{
    const char *name = world_text(region, "region");
    const char *status = world_text(region, "optInStatus");
    markup_open(&call->body, "item");
    markup_text(&call->body, "regionName", name);
    markup_text(
        &call->body, "regionEndpoint", arena_format(call->arena, "ec2.%s.amazonaws.com", name));
    markup_text(&call->body, "optInStatus", status[0] == '\0' ? "opt-in-not-required" : status);
    markup_close(&call->body, "item");
}

/* The regions that RegionName.N name, else those that are switched on, or `all`. False: refused. */
static bool regions_named(struct call *call, bool is_all, struct ec2_list *ret_list)
{
    const json_t *all = json_object_get(call->account, "regions");
    size_t most = json_array_size(all) + FORM_PLACE_MAX;
    *ret_list = (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, most), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    for (size_t n = 1; n <= FORM_PLACE_MAX; n++) {
        const char *name = form_getf(&call->form, "RegionName.%zu", n);
        if (name == NULL)
            break;
        json_t *region = world_region(call->account, name);
        if (region == NULL)
            return call_refuse(
                call, 400, "InvalidParameterValue", "Invalid region provided: '%s'", name);
        ret_list->items[ret_list->count++] = region;
    }
    bool is_named = ret_list->count > 0;
    for (size_t at = 0; !is_named && at < json_array_size(all); at++) {
        json_t *region = json_array_get(all, at);
        if (is_all || world_region_is_on(region))
            ret_list->items[ret_list->count++] = region;
    }
    return true;
}

void sandbox_ec2_describe_regions(struct call *call)
{
    static const struct ec2_filter filters[] = { { "region-name", "region" } };
    struct ec2_select select = { filters, COUNT_OF(filters), "RegionName", 0 };
    struct ec2_list list;
    bool all = false;
    if (!call_flag(call, "AllRegions", &all) || !regions_named(call, all, &list)
        || !ec2_filter(call, &select, &list) || !call_may_proceed(call))
        return;
    markup_open(&call->body, "regionInfo");
    for (size_t at = 0; at < list.count; at++)
        write_region(call, list.items[at]);
    markup_close(&call->body, "regionInfo");
}
