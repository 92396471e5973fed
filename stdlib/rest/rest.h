/* rest.h - requests of REST APIs as text, made by steps and read by whoever sends or answers them.
 *
 * The body of such a request is what goes over the wire, without host and credentials:
 *
 *     POST /devices/entities/devices-actions/v2?action_name=contain
 *     Content-Type: application/json
 *
 *     {"ids":["15dbb9d8f06b45fe9f61eb46e829d986"]}
 *
 * Lines end in a single newline, an empty one stands before the content; a request without content
 * has neither Content-Type nor empty line. So plans and the journal show what is asked, and an
 * exchange can be compared byte for byte. What varies is always an argument: segments of paths and
 * values of queries are percent-encoded (RFC 3986: all but letters, digits, - . _ ~), JSON is
 * written by jansson, so that nothing of a value becomes a path, a query or a member.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "base/buf.h"

#include <jansson.h>

enum { REST_HEADERS_MAX = 4, REST_BOUNDARY_BYTES = 32 };

/* One request in the making. rest_begin, then path, query and one content in that order, then
 * rest_end; no error on the way: a body that could not be built has ptr NULL (act/step.h). */
struct rest_draft {
    struct step *step;
    struct request request;
    struct buf text;
    bool has_query;
    bool has_content;
    bool is_refused; /* a segment was empty, "." or "..": the body is NULL */
};

/* `service`: "crowdstrike", "defender" (Defender for Endpoint) or "graph"; `operation`: the vendor's
 * own name of it ("PerformActionV2"); `target`: what a person would call the thing it is about;
 * `path`: what is constant of it, from its slash on. Static texts but `target`, which is copied. */
struct rest_draft rest_begin(struct step *step, const char *service, const char *operation,
    str target, const char *method, const char *path);
/* "/" and `segment`; then a constant end of the path ("/isolate"). */
void rest_segment(struct rest_draft *draft, str segment);
void rest_path(struct rest_draft *draft, const char *path);
void rest_query(struct rest_draft *draft, const char *name, str value);
void rest_header(struct rest_draft *draft, const char *name, const char *value);
/* `json` (stolen, NULL: out of memory) in the order in which it was made, without spaces. */
void rest_json(struct rest_draft *draft, json_t *json);
/* multipart/form-data (RFC 7578): rest_part for each, then rest_parts_end. The boundary is made of
 * step->key. `filename` NULL: a plain field. Content may be a mark of rest/late.h. */
void rest_part(struct rest_draft *draft, const char *name, const char *filename, str content);
void rest_parts_end(struct rest_draft *draft);
struct request rest_end(struct rest_draft *draft);

/* Such a body taken apart; borrowed from it. */
struct rest_header {
    str name;
    str value;
};
struct rest_request {
    str method;
    str path;  /* as it is sent */
    str query; /* the same, without its question mark */
    struct rest_header headers[REST_HEADERS_MAX];
    uint32_t headers_count;
    str content;
};
/* False: it is none. */
MUST_CHECK bool rest_read(str body, struct rest_request *ret_request);
/* The header of that name (any case), or empty. */
str rest_header_of(const struct rest_request *request, const char *name);

/* FQL (CrowdStrike): `field`:'value', with what could end the text escaped by a backslash.
 * OData: field eq 'value', with ' doubled (OData 4.01 ABNF). In `arena`; ptr NULL: it is full, or the
 * value has control characters, which neither language can hold. */
str rest_fql_is(struct arena *arena, const char *field, str value);
str rest_odata_is(struct arena *arena, const char *field, str value);
