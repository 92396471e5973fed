/* requests_hosts.h - what lists the accounts, regions and instances that there are. */
#pragma once

#include "act/step.h"

/* As in requests.h: body.ptr is NULL when memory was short; `region` empty: the connection's. */

/* A page of the instances that are not gone, at most HOSTS_PAGE of them. */
enum { HOSTS_PAGE = 200 };
struct request ec2_describe_hosts(struct step *step, str region, str page);
/* The instances that are not gone with one of `values` for `filter` ("private-ip-address"). */
struct request ec2_find_instances(
    struct step *step, str region, const char *filter, const str *values, size_t count);
/* The regions that are switched on for the account. */
struct request ec2_describe_regions(struct step *step);
/* `region` is where Organizations is at home. */
struct request organizations_list_accounts(struct step *step, str region, str page);
