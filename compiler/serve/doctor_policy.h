/* doctor_policy.h - what the identity that we are may do, beside what rules and ways in need. */
#pragma once

#include "host/transport.h"
#include "serve/doctor_daemon.h"

/* Read the policies of our own role over `transport` and compare. Where they may not be read, that is
 * said: it is no problem. `is_member`: the role of an account, which needs what steps there do; else
 * the connection itself. `takes_roles`: it has a role in other accounts for the steps. */
void doctor_policy(struct checkup *checkup, struct transport *transport, struct rule_set *set,
    str identity, bool is_member, bool takes_roles);
