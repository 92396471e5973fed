#include "driver/leftovers.h"

#include "aws/delete_snapshot.h"
#include "aws/isolation_group.h"
#include "aws/query.h"
#include "aws/snapshot.h"
#include "base/time.h"
#include "registry.h"
#include "value_json.h"

#include <stdlib.h>

/* A change of the journal that made something. */
struct made {
    struct made *next;
    const struct run *run;
    struct call_record call;
};

/* ---- what the journal knows ---- */

/* Whether the step was in the account that is looked at. */
static bool is_here(const struct leftovers_look *look, str account, str region)
{
    bool is_account = account.len == 0 ? look->is_own : str_equal(account, look->account);
    return is_account && (region.len == 0 || str_equal(region, look->reader->region));
}

static MUST_CHECK enum err made_of_run(
    struct leftovers_look *look, const struct run *run, struct made **made)
{
    struct call_record *calls;
    struct step_record *steps;
    size_t call_count, step_count;
    TRY(store_steps(look->store, run->id, look->arena, &steps, &step_count));
    TRY(store_calls(look->store, run->id, look->arena, &calls, &call_count));
    for (size_t at = 0; at < call_count; at++) {
        const struct call_record *call = &calls[at];
        bool is_maker = str_is(call->operation, "CreateSecurityGroup")
                        || str_is(call->operation, "CreateNetworkAclEntry");
        if (!is_maker || !call->is_change || call_is_refused(call) || call->step >= step_count
            || !is_here(look, steps[call->step].account, call->region))
            continue;
        struct made *one = ARENA_NEW(look->arena, struct made);
        if (one == NULL)
            return ERR_MEMORY;
        *one = (struct made){ *made, run, *call };
        *made = one;
    }
    return ERR_OK;
}

/* Groups and entries that the runs of the journal made, newest first. */
static MUST_CHECK enum err made_read(struct leftovers_look *look, struct made **ret_made)
{
    struct run_filter all = { 0 };
    struct run *runs;
    size_t count;
    *ret_made = NULL;
    if (look->store == NULL)
        return ERR_OK;
    TRY(store_runs(look->store, &all, look->arena, &runs, &count));
    for (size_t at = 0; at < count; at++)
        if (runs[at].undoes == 0)
            TRY(made_of_run(look, &runs[at], ret_made));
    return ERR_OK;
}

/* ---- snapshots ---- */

/* "0badcafe-12-3" of this journal: run 12, step 3. */
static bool key_read(const struct leftovers_look *look, str key, struct leftover *found)
{
    str id = store_id(look->store);
    char *end;
    if (!str_startswith(key, id) || key.len <= id.len || key.ptr[id.len] != '-')
        return false;
    str rest = arena_copy(look->arena, str_skip(key, id.len + 1));
    if (rest.ptr == NULL)
        return false;
    found->run = strtoll(rest.ptr, &end, 10);
    if (*end != '-' || found->run < 1)
        return false;
    found->step = (uint32_t)strtoul(end + 1, &end, 10);
    return *end == '\0';
}

static MUST_CHECK enum err step_find(struct leftovers_look *look, const struct leftover *found,
    struct run *ret_run, struct step_record *ret_step)
{
    struct step_record *steps;
    size_t count;
    TRY(store_run_get(look->store, found->run, look->arena, ret_run));
    TRY(store_steps(look->store, found->run, look->arena, &steps, &count));
    if (found->step >= count || !str_is(steps[found->step].builtin, "snapshot"))
        return ERR_NOT_FOUND;
    *ret_step = steps[found->step];
    return ERR_OK;
}

static bool is_named(const struct step_record *step, str id)
{
    return id.len > 0 && step->results.len > 0
           && memmem(step->results.ptr, step->results.len, id.ptr, id.len) != NULL;
}

/* How long the rule wanted it kept, 0: until somebody deletes it. */
static MUST_CHECK enum err retain_of(
    struct leftovers_look *look, const struct step_record *step, int64_t *ret_ms)
{
    value args[STEP_PARAMS_MAX] = { 0 };
    uint32_t count;
    *ret_ms = 0;
    TRY(values_from_json(look->arena, step->args, args, STEP_PARAMS_MAX, &count));
    if (count > SNAPSHOT_RETAIN && args[SNAPSHOT_RETAIN].kind == VALUE_DURATION)
        *ret_ms = args[SNAPSHOT_RETAIN].milliseconds;
    return ERR_OK;
}

static void snapshot_may_go(struct leftover *found, int64_t retain_ms)
{
    found->may_go = true;
    found->why = "its retention is over";
    found->row = builtin_find_inverse(STR("delete_snapshot"));
    found->args[DELETE_SNAPSHOT_ID] = value_text(found->thing->id);
    found->args[DELETE_SNAPSHOT_STEP] = value_text(found->thing->step);
    found->args[DELETE_SNAPSHOT_RETAIN] =
        (value){ .kind = VALUE_DURATION, .milliseconds = retain_ms };
    found->args[DELETE_SNAPSHOT_ACCOUNT] = value_text(found->account);
    found->args[DELETE_SNAPSHOT_REGION] = value_text(found->region);
}

static MUST_CHECK enum err snapshot_judge(struct leftovers_look *look, struct leftover *found)
{
    struct run run;
    struct step_record step;
    int64_t retain_ms;
    (void)time_parse(found->thing->start, &found->made_ms);
    found->why = "the journal of another cdr knows it, or none (--data)";
    if (look->store == NULL || !key_read(look, found->thing->step, found)) {
        found->run = 0;
        return ERR_OK;
    }
    enum err err = step_find(look, found, &run, &step);
    if (err == ERR_NOT_FOUND) {
        found->run = 0;
        return ERR_OK;
    }
    TRY(err);
    TRY(retain_of(look, &step, &retain_ms));
    found->why = "it is kept until somebody deletes it";
    if (!is_here(look, step.account, step.region) && step.account.len > 0)
        found->why = "the journal knows its step in another account";
    else if (!is_named(&step, found->thing->id))
        found->why = "its step does not name it as what it made";
    else if (run.ended_ms == 0)
        found->why = "its run has not ended";
    else if (retention_end(
                 found->thing->start, found->thing->retain, retain_ms, &found->until_ms)) {
        found->why = "its retention is not over";
        if (found->until_ms <= look->now_ms)
            snapshot_may_go(found, retain_ms);
    }
    return ERR_OK;
}

/* ---- groups ---- */

static void group_judge(
    struct leftovers_look *look, const struct made *made, struct leftover *found)
{
    const struct aws_leftover *thing = found->thing;
    const char *ours = isolation_group_name(look->arena, thing->vpc);
    found->why = "the journal of another cdr knows it, or none (--data)";
    while (made != NULL
           && (!str_is(made->call.operation, "CreateSecurityGroup")
               || !str_equal(made->call.target, thing->name)))
        made = made->next;
    if (made == NULL)
        return;
    found->run = made->run->id;
    found->step = made->call.step;
    found->made_ms = made->call.intended_ms;
    found->why = "the run that made it is not taken back";
    if (thing->used_by.len > 0)
        found->why = "an interface uses it";
    else if (made->run->standing == RUN_TAKEN_BACK && ours != NULL && str_is(thing->name, ours)) {
        found->may_go = true;
        found->why = "its run is taken back, and nothing uses it";
        found->row = builtin_find_inverse(STR("delete_isolation_group"));
        found->args[DELETE_VPC] = value_text(thing->vpc);
        found->args[DELETE_NAME] = value_text(thing->name);
        found->args[DELETE_ACCOUNT] = value_text(found->account);
        found->args[DELETE_REGION] = value_text(found->region);
    }
}

/* ---- entries of network ACLs ---- */

/* ERR_MEMORY. */
static MUST_CHECK enum err entry_read(
    struct leftovers_look *look, const struct made *made, struct aws_leftover *ret_thing)
{
    str body = made->call.body, key, text;
    *ret_thing = (struct aws_leftover){ .kind = AWS_LEFTOVER_ACL_ENTRY };
    do {
        TRY(query_next(look->arena, &body, &key, &text));
        if (str_is(key, "NetworkAclId"))
            ret_thing->id = text;
        else if (str_is(key, "RuleNumber"))
            ret_thing->number = (uint32_t)strtoul(text.ptr, NULL, 10);
        else if (str_is(key, "Egress"))
            ret_thing->is_egress = str_is(text, "true");
        else if (str_is(key, "CidrBlock") || str_is(key, "Ipv6CidrBlock"))
            ret_thing->name = text;
    } while (key.len > 0);
    return ERR_OK;
}

/* Those that are still there, put at *last. */
static MUST_CHECK enum err entries_find(
    struct leftovers_look *look, const struct made *made, struct leftover **last)
{
    for (; made != NULL; made = made->next) {
        bool is_there;
        struct aws_leftover *thing = ARENA_NEW(look->arena, struct aws_leftover);
        struct leftover *found = ARENA_NEW(look->arena, struct leftover);
        if (thing == NULL || found == NULL)
            return ERR_MEMORY;
        if (!str_is(made->call.operation, "CreateNetworkAclEntry"))
            continue;
        TRY(entry_read(look, made, thing));
        TRY(aws_acl_entry_is_there(
            look->reader, thing->id, thing->number, thing->is_egress, thing->name, &is_there));
        if (!is_there)
            continue;
        *found = (struct leftover){ .thing = thing,
            .account = look->account,
            .region = look->reader->region,
            .run = made->run->id,
            .step = made->call.step,
            .made_ms = made->call.intended_ms,
            .why = made->run->standing == RUN_TAKEN_BACK ? "its undo left it: look at it"
                                                         : "cdr undo takes it back" };
        *last = found;
        last = &found->next;
    }
    return ERR_OK;
}

enum err leftovers_find(struct leftovers_look *look, struct leftover **ret_first)
{
    struct aws_leftover *things = NULL;
    struct made *made;
    *ret_first = NULL;
    struct leftover **last = ret_first;
    TRY(aws_leftovers_read(look->reader, &things));
    TRY(made_read(look, &made));
    for (; things != NULL; things = things->next) {
        struct leftover *found = ARENA_NEW(look->arena, struct leftover);
        if (found == NULL)
            return ERR_MEMORY;
        *found = (struct leftover){
            .thing = things, .account = look->account, .region = look->reader->region
        };
        if (things->kind == AWS_LEFTOVER_SNAPSHOT)
            TRY(snapshot_judge(look, found));
        else
            group_judge(look, made, found);
        *last = found;
        last = &found->next;
    }
    return entries_find(look, made, last);
}
