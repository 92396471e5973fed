/* hosts.h - the accounts, regions and instances that there are, asked of AWS page by page.
 *
 * Errors of all: ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS with a sentence in `arena` (AWS did not
 * answer, or declined); ERR_STOPPED, ERR_MEMORY; ERR_LIMIT: the pages do not end.
 */
#pragma once

#include "talk/xml.h"
#include "host/transport.h"

/* A list that is asked for page by page. Zero it. */
struct aws_pages {
    str page; /* the next one, in the arena of `next` */
    uint32_t count;
    bool is_over;
};

/* Texts of `arena`. */
struct aws_names {
    str *items;
    size_t count;
    size_t room;
};

/* The next page of the instances of `region` that are not gone; *ret_root as DescribeInstances
 * answers. `next` keeps the way to the page after it, and outlives `arena`. */
MUST_CHECK enum err aws_hosts_page(struct transport *transport, str region, struct aws_pages *pages,
    struct arena *next, struct arena *arena, const struct xml **ret_root,
    const char **reterr_reason);
/* The regions that are switched on for the account. */
MUST_CHECK enum err aws_regions(struct transport *transport, struct arena *arena,
    struct aws_names *names, const char **reterr_reason);
/* The active accounts of the organization; `partition` is that of our identity. */
MUST_CHECK enum err aws_organization_accounts(struct transport *transport, str partition,
    struct arena *arena, struct aws_names *names, const char **reterr_reason);
