/* plan.h - what a step would do, before it does it: the thing that people approve.
 *
 * A plan is made by running the builtin with its reads sent and its changes supposed. Its
 * hash binds an approval to it: another target, another state of the target before (it is in
 * the undo of each change), another request, rule set, identity or region is another hash.
 */
#pragma once

#include "act/executor.h"

enum { PLAN_HASH_DIGITS = 64 };

/* How a builtin spells, in a change that is supposed, what only the answer to another change will
 * tell: "(known after CreateSecurityGroup)". */
#define PLAN_LATER "(known after "

/* One change that it would make. */
struct plan_change {
    struct plan_change *next;
    struct request request;
    str undo; /* undo_to_json: how it would be taken back, with the state before; or empty */
};

struct plan {
    str target; /* as step_outcome */
    str found;
    str identity; /* as whom, and where */
    str region;
    str result; /* what the builtin says would come of it; not in the hash: words are no act */
    const struct fact *facts;
    const struct plan_change *changes; /* in order; none: it would change nothing */
    uint32_t change_count;
};

/* SHA-256, hex, in `arena`, over the journal's id, the step's run and index, the rule set, the
 * rule and the alert, builtin, arguments, how long it is to last, target, identity, region, the
 * changes with their undos, and of the facts who the target is: not its names, tags and
 * addresses, which are judged anew. Each part goes in with its length. ERR_MEMORY. */
MUST_CHECK enum err plan_hash(const struct plan *plan, const struct step_order *order, str store_id,
    struct arena *arena, str *ret_hash);

/* For people and machines: {"builtin":..,"args":[..],"target":..,"found":..,"identity":..,
 * "region":..,"result":..,"for_ms":..,"timeout_ms":..,"facts":[{"field":..,"key":..,"text":..,"gap":bool}],"changes":[{"service":..,
 * "operation":..,"region":..,"target":..,"body":..,"undo":..}]}. ERR_MEMORY. */
MUST_CHECK enum err plan_to_json(
    const struct plan *plan, const struct step_order *order, struct arena *arena, str *ret_json);

struct call_record;

/* Whether a change that is about to be sent is one of the plan `json` (plan_to_json) and still to be
 * made: service, operation, region, target, body and undo are those of a change of it, and of the
 * `made` calls of the step no more than the plan has of the same were carried out. What the
 * plan could not know (PLAN_LATER) stands for any word. So an approval holds for
 * what is sent, whatever the builtin found out since. ERR_JSON: not a plan. ERR_MEMORY. */
MUST_CHECK enum err plan_allows(str json, const struct call_record *call,
    const struct call_record *made, size_t made_count, bool *ret_allows);
