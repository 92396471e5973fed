/* draft.h - a request in the making: what the builders in requests*.c share.
 *
 *     struct draft draft = draft_begin(step, "iam", "GetUser", region, user);
 *     query_add(&draft.body, "UserName", user);
 *     return draft_end(&draft);
 *
 *     return draft_json(step, "ssm", "CancelCommand", region, id,
 *         json_pack("{s:s%}", "CommandId", id.ptr, id.len));
 */
#pragma once

#include "act/step.h"
#include "aws/query.h"

#include <jansson.h>

/* A body that is being written, and the request it will belong to. */
struct draft {
    struct step *step;
    struct request request;
    struct buf body;
    bool is_full; /* the arena was */
};

/* A query of `service` (services.def). `region` empty: step->region. `target` is what a person
 * would call the thing it is about. */
struct draft draft_begin(
    struct step *step, const char *service, const char *operation, str region, str target);
/* The request; its body.ptr is NULL when memory was short. */
struct request draft_end(struct draft *draft);
/* Formatted text of the arena (or NULL, noted) into *ret_text. */
void draft_text(struct draft *draft, const char *text, str *ret_text);

/* Filter.`number` of EC2 with one value; NextToken unless `page` is empty; a tag at creation. */
void draft_filter(struct draft *draft, uint32_t number, const char *name, str wanted);
void draft_page(struct draft *draft, str page);
void draft_tag(struct draft *draft, const char *resource, uint32_t number, str key, str text);

/* A JSON request; `body` is stolen, NULL is for want of memory. */
struct request draft_json(struct step *step, const char *service, const char *operation, str region,
    str target, json_t *body);
/* A request of rest.def with its body, or query of a GET, as it is sent. */
struct request draft_rest(struct step *step, const char *service, const char *operation, str region,
    str target, str body);
