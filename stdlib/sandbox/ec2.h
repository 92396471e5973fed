/* ec2.h - what the simulated EC2 operations share: ids, filters, pages, tags. */
#pragma once

#include "sandbox/call.h"
#include "sandbox/markup.h"

/* The kinds of thing with an id that can be wrong in EC2's own ways. */
enum ec2_kind {
    EC2_INSTANCE,
    EC2_INTERFACE,
    EC2_GROUP,
    EC2_VOLUME,
    EC2_SNAPSHOT,
    EC2_VPC,
    EC2_SUBNET,
    EC2_ACL,
    EC2_KIND_COUNT
};

struct ec2_kind_info {
    const char *prefix;     /* "i-" */
    const char *collection; /* of a region in the world */
    const char *key;        /* the member that holds the id */
    const char *malformed;  /* error codes */
    const char *not_found;
    const char *noun;
};

/* Static. */
const struct ec2_kind_info *ec2_kind_info(enum ec2_kind kind);

/* Whether `id` is `prefix` and 8 or 17 lower-case hex digits. */
bool ec2_id_is_well_formed(const char *id, const char *prefix);
/* The thing of that id in the call's region, borrowed; NULL: refused. */
json_t *ec2_find(struct call *call, enum ec2_kind kind, const char *id);
/* The kind whose prefix `id` has, or EC2_KIND_COUNT. */
enum ec2_kind ec2_kind_of(const char *id);

struct ec2_list {
    json_t **items; /* borrowed things of the world; the array is in the call's arena */
    size_t count;
};

/* The things named by the parameters `name`.1, .2, ...; none is none. False: refused. */
MUST_CHECK bool ec2_named(
    struct call *call, enum ec2_kind kind, const char *name, struct ec2_list *ret_list);

/* A filter of EC2 and the member of the thing that it looks at; key "" is the account. */
struct ec2_filter {
    const char *name;
    const char *key;
};

/* Things by id (parameter `ids`), by Filter.N, one page of them; tag:KEY and tag-key are
 * known everywhere. `candidates` is what there is. nextToken is written by ec2_end_page.
 * False: refused. */
struct ec2_select {
    const struct ec2_filter *filters;
    size_t filters_count;
    const char *ids; /* parameter with ids; a page size is refused beside it */
    size_t next;     /* out: offset of the next page, 0 when there is none */
};
MUST_CHECK bool ec2_filter(struct call *call, struct ec2_select *select, struct ec2_list *list);
MUST_CHECK bool ec2_page(struct call *call, struct ec2_select *select, struct ec2_list *list);
void ec2_end_page(struct call *call, const struct ec2_select *select);
/* All three for a kind: by id or all of the region, filtered, one page. */
MUST_CHECK bool ec2_select(
    struct call *call, enum ec2_kind kind, struct ec2_select *select, struct ec2_list *ret_list);

/* Tags: {"Name": "web-1"}. The first gives what Tag.N under `prefix` says ("" or
 * "TagSpecification.1."), the second checks that all TagSpecification.N are for `type`.
 * New reference; NULL: refused. */
json_t *ec2_tags_read(struct call *call, const char *prefix);
json_t *ec2_tags_specified(struct call *call, const char *type);
/* <tagSet> of a thing. */
void ec2_write_tags(struct buf *out, const json_t *thing);
/* <groupSet> of group ids with their names. */
void ec2_write_groups(struct call *call, const json_t *groups);

/* Check the list of groups in the parameters `name`.N for an interface in `vpc`: they are
 * there, in that VPC, at most five. An array of ids, new reference; NULL: refused. */
json_t *ec2_groups_read(struct call *call, const char *name, const char *vpc);

/* <`tag`> with the metadata options of an instance, and one look less until they are applied. */
void ec2_write_metadata(struct buf *out, const char *tag, const json_t *instance);
void ec2_settle_metadata(json_t *instance);
