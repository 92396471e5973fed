#include "aws/draft.h"

#include "base/limits.h"

#include <stdlib.h>

struct draft draft_begin(
    struct step *step, const char *service, const char *operation, str region, str target)
{
    struct draft draft = { .step = step, .body = BUF_INIT(REQUEST_BYTES_MAX) };
    if (region.len == 0)
        region = step->region;
    draft.request = (struct request){
        .service = service, .operation = operation, .region = region, .target = target
    };
    query_begin(&draft.body, service, operation);
    return draft;
}

struct request draft_end(struct draft *draft)
{
    enum err err = query_end(&draft->body, draft->step->arena, &draft->request.body);
    if (err != ERR_OK || draft->is_full)
        draft->request.body = (str){ NULL, 0 };
    return draft->request;
}

void draft_text(struct draft *draft, const char *text, str *ret_text)
{
    draft->is_full |= text == NULL;
    *ret_text = str_from(text);
}

void draft_filter(struct draft *draft, uint32_t number, const char *name, str wanted)
{
    query_addf(&draft->body, str_from(name), "Filter.%u.Name", number);
    query_addf(&draft->body, wanted, "Filter.%u.Value.1", number);
}

void draft_page(struct draft *draft, str page)
{
    if (page.len > 0)
        query_add(&draft->body, "NextToken", page);
}

void draft_tag(struct draft *draft, const char *resource, uint32_t number, str key, str text)
{
    if (number == 1)
        query_add(&draft->body, "TagSpecification.1.ResourceType", str_from(resource));
    query_addf(&draft->body, key, "TagSpecification.1.Tag.%u.Key", number);
    query_addf(&draft->body, text, "TagSpecification.1.Tag.%u.Value", number);
}

struct request draft_rest(
    struct step *step, const char *service, const char *operation, str region, str target, str body)
{
    return (struct request){ .service = service,
        .operation = operation,
        .region = region.len > 0 ? region : step->region,
        .target = target,
        .body = body };
}

struct request draft_json(struct step *step, const char *service, const char *operation, str region,
    str target, json_t *body)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    str copy = text == NULL ? (str){ NULL, 0 } : arena_copy(step->arena, str_from(text));
    free(text);
    json_decref(body);
    return draft_rest(step, service, operation, region, target, copy);
}
