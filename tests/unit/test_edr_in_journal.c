/* Every step of CrowdStrike and Microsoft, carried out over a journal, with every call going wrong once.
 *
 * As test_actions_in_journal.c does it for AWS, over the connections that rules have: the n-th call is
 * throttled, fails before or after it was applied, loses its reply, is answered by a web page, is denied,
 * finds its token expired, or is not shown yet. Then what was cut off is gone on with; the journal says how
 * it ended; nothing was changed twice and no collector begun twice; a second run repeats nothing, and the
 * undo restores the world. */
#include "falcon_client.h"
#include "microsoft_client.h"

#include "edr_actions.h"

/* EDR_CALLS: so many calls of each action and kind, drawn by EDR_SEED; 0: all. The first always is. */
static uint32_t number_of(const char *name, uint32_t fallback)
{
    const char *text = getenv(name);
    return text == NULL ? fallback : (uint32_t)strtoul(text, NULL, 10);
}

static void trial_for(struct trial *trial, struct site *site, const struct tenant *tenant,
    const struct action *action)
{
    bool is_instance = action->verb == VERB_FIND && strcmp(action->name, "instance") == 0;
    trial_init(trial, &site->providers, is_instance ? "aws" : tenant->provider, action);
    trial->alert = tenant->alert;
    trial->source = str_from(tenant->provider);
}

/* A second run, which finds done what it wants. */
static void assert_not_repeated(struct trial *trial)
{
    size_t changes = changes_count(trial->client);
    if (trial->action->makes_anew)
        return;
    int64_t run = run_begin(trial);
    struct step_outcome again = carry_out(trial, run);
    if (again.turn != STEP_DONE)
        fail_msg("%s again: %s", trial->action->name, again.reason);
    assert_int_equal(changes_count(trial->client), changes);
    take_back(trial, run);
    assert_int_equal(changes_count(trial->client), changes);
}

static void assert_kept(struct client *client, const json_t *before, const char *what)
{
    json_t *after = kept_world(client);
    if (!json_equal(before, after)) {
        json_dump_file(before, "build/before.json", JSON_INDENT(1));
        json_dump_file(after, "build/after.json", JSON_INDENT(1));
        fail_msg("%s: not as it was: compare build/before.json and build/after.json", what);
    }
    json_decref(after);
}

static void assert_once_at_most(struct trial *trial, const char *what)
{
    size_t changes = changes_count(trial->client);
    long long starts = starts_count(trial->client);
    if (changes > 1 || starts > 1)
        fail_msg("%s: changed %zu times, collectors begun: %lld", what, changes, starts);
}

/* It is done, for what went wrong is over by the time that the step goes on;
 * but for what is denied, credentials that the login does not take, and a comment of which nobody can
 * say whether it was written. */
static void assert_told(const struct step_outcome *outcome, const char *kind, const char *what)
{
    bool may_be_denied = strcmp(kind, "deny") == 0
                         || strstr(outcome->reason, "does not accept the connection's") != NULL;
    bool is_comment = outcome->turn == STEP_UNKNOWN && strstr(outcome->reason, "comment") != NULL;
    if (outcome->turn == STEP_DONE)
        return;
    if (getenv("TRIALS_TOLD") != NULL)
        print_message("%s: %s: %s\n", what, step_turn_name(outcome->turn), outcome->reason);
    if (!may_be_denied && !is_comment && getenv("TRIALS_GO_ON") == NULL)
        fail_msg("%s: %s: %s", what, step_turn_name(outcome->turn), outcome->reason);
}

static void try_fault(struct site *site, const struct tenant *tenant, const struct action *action,
    const char *kind, uint32_t number)
{
    char fault[128], what[160];
    struct trial trial;
    struct client *client = site->client;
    snprintf(what, sizeof(what), "%s %s of %s with %s at call %u", action->name,
        action->args[0].text, tenant->provider, kind, number);
    control_post(client, "reset", "");
    site_connect_anew(site);
    trial_for(&trial, site, tenant, action);
    json_t *before = kept_world(client);
    snprintf(
        fault, sizeof(fault), "{\"operation\":\"*\",\"kind\":\"%s\",\"after\":%u}", kind, number);
    control_post(client, "faults", fault);
    int64_t run = run_begin(&trial);
    struct step_outcome outcome = carry_out(&trial, run);
    control_post(client, "faults", "[]");
    assert_told(&outcome, kind, what);
    assert_recorded(&trial, run, &outcome);
    assert_once_at_most(&trial, what);
    bool says_nothing_was_done = outcome.turn == STEP_UNRESOLVED || outcome.turn == STEP_FAILED;
    if (says_nothing_was_done && changes_count(client) > 0)
        fail_msg("%s: changed something: %s", what, outcome.reason);
    if (outcome.turn == STEP_DONE)
        assert_not_repeated(&trial);
    take_back(&trial, run);
    /* what may not be removed stays, and the step says so */
    bool is_left = action->verb == VERB_COLLECT && strcmp(kind, "deny") == 0;
    if (action->leaves_nothing && outcome.turn == STEP_DONE && !is_left)
        assert_kept(client, before, what);
    json_decref(before);
    trial_release(&trial);
}

/* How many calls the action makes when all goes well. */
static uint32_t calls_of(
    struct site *site, const struct tenant *tenant, const struct action *action)
{
    struct trial trial;
    control_post(site->client, "reset", "");
    site_connect_anew(site);
    trial_for(&trial, site, tenant, action);
    struct step_outcome outcome = carry_out(&trial, run_begin(&trial));
    if (outcome.turn != STEP_DONE)
        fail_msg("%s of %s: %s: %s", action->name, tenant->provider, step_turn_name(outcome.turn),
            outcome.reason);
    json_t *calls = control_get(site->client, "calls");
    uint32_t count = (uint32_t)json_array_size(calls);
    json_decref(calls);
    trial_release(&trial);
    return count;
}

/* The first call, and of the rest as many as are asked for. */
static bool is_drawn(uint32_t *random, uint32_t number, uint32_t calls, uint32_t wanted)
{
    *random = *random * 1664525U + 1013904223U;
    return number == 0 || wanted == 0 || (*random >> 8) % calls < wanted;
}

static void try_action(
    struct site *site, const struct tenant *tenant, const struct action *action, uint32_t *random)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "stale", "expire" };
    uint32_t wanted = number_of("EDR_CALLS", 1);
    uint32_t calls = calls_of(site, tenant, action);
    assert_in_range(calls, 2, CALLS_MAX);
    if (getenv("TRIALS_TOLD") != NULL)
        print_message("%s of %s: %u calls\n", action->name, tenant->provider, calls);
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
        for (uint32_t number = 0; number < calls; number++)
            if (is_drawn(random, number, calls, wanted))
                try_fault(site, tenant, action, kinds[kind], number);
}

static void each_call_may_go_wrong_once(void **state)
{
    uint32_t random = number_of("EDR_SEED", 1);
    for (size_t of = 0; of < COUNT_OF(tenants); of++)
        for (size_t at = 0; at < tenants[of].count; at++)
            try_action(*state, &tenants[of], &tenants[of].actions[at], &random);
}

static void every_step_is_tried(void **state)
{
    (void)state;
    for (size_t of = 0; of < COUNT_OF(tenants); of++)
        assert_every_step_is_tried(
            tenants[of].provider, tenants[of].actions, tenants[of].count, tenants[of].table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_tried),
        site_test(each_call_may_go_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
