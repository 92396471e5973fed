/* requests_waf.h - IP sets of AWS WAF: which there are, what is in one, all of what is in one anew.
 *
 * Builders as in requests.h. A set is CLOUDFRONT, kept in us-east-1, or REGIONAL. Source: AWS
 * WAFV2 API reference, ListIPSets, GetIPSet, UpdateIPSet. */
#pragma once

#include "act/step.h"

/* Which set: a name is unique among those of a scope and region; the id comes from ListIPSets. */
struct ip_set {
    str name;
    str id;
    str scope;  /* "REGIONAL", "CLOUDFRONT" */
    str region; /* where it is kept */
};

/* `page` is the NextMarker of the page before, or empty. Of `set` the name and id are not used. */
struct request waf_list_ip_sets(struct step *step, const struct ip_set *set, str page);
struct request waf_get_ip_set(struct step *step, const struct ip_set *set);
/* `addresses`, a VALUE_LIST of networks, replace all that is in the set. WAF takes them when
 * `lock` is the token of the last look. An empty description is left out. */
struct request waf_update_ip_set(
    struct step *step, const struct ip_set *set, value addresses, str description, str lock);
