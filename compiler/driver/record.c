/* record.c - see record.h. */
#include "driver/record.h"

#include "act/timers.h"
#include "driver/program_texts.h"
#include "store/audit.h"
#include "store/cases.h"
#include "store/dedup.h"

#include <inttypes.h>

/* The alert that is recorded. */
struct entry {
    struct recorder *recorder;
    const struct event *event;
    str name;
    int64_t now_ms; /* since 1970 */
    struct arena *arena;
    int64_t case_id; /* 0 until it joined one */
};

bool recorder_began(const struct recorder *recorder, int64_t run)
{
    return recorder->first_run != 0 && run >= recorder->first_run;
}

/* Whether an earlier run stands in the way of a new one, as it does without --again, or when it
 * is open or of this very command. */
static bool is_in_the_way(const struct recorder *recorder, const struct run *run)
{
    if (recorder->is_once)
        return run->standing != RUN_CAME_TO_NOTHING;
    return !recorder->is_again || run->standing == RUN_OPEN || recorder_began(recorder, run->id);
}

/* Tell the audit log; `words` may be NULL, for lack of memory. */
static enum err tell(const struct entry *entry, const char *event, const struct rule_code *rule,
    int64_t run, const char *words)
{
    int64_t seq;
    if (words == NULL)
        return ERR_MEMORY;
    struct audit_entry told = { .event = event,
        .who = str_from(entry->recorder->actor),
        .at_ms = entry->now_ms,
        .run = run,
        .step = -1,
        .alert = entry->name,
        .rule = rule == NULL ? STR("") : rule->name,
        .program_hash = entry->recorder->program->hash,
        .clause = rule == NULL || run == 0 ? STR("") : rule->dedup.text,
        .reason = str_from(words) };
    return audit_append(entry->recorder->session->store, &told, &seq);
}

/* The case of the alert, once something of it is recorded. */
static enum err need_case(struct entry *entry)
{
    struct store *store = entry->recorder->session->store;
    enum case_entry change;
    if (entry->case_id != 0)
        return ERR_OK;
    TRY(cases_join(store, entry->event, entry->name, entry->now_ms, CASE_WINDOW_MS, entry->arena,
        &entry->case_id, &change));
    if (change == CASE_KNOWN)
        return ERR_OK;
    return tell(entry, change == CASE_OPENED ? "case_opened" : "case_joined", NULL, 0,
        arena_format(entry->arena, "case %" PRId64, entry->case_id));
}

static struct run_key key_of(const struct entry *entry, const struct rule_code *rule)
{
    return (struct run_key){ .alert = entry->name,
        .source = entry->event->source,
        .rule = rule->name,
        .rule_id = rule->id,
        .since = entry->recorder->is_once ? 1 : entry->recorder->first_run };
}

/* The run of this very alert, or the one that it joined when it was sent before. */
static enum err find_old(const struct entry *entry, struct firing *firing)
{
    struct store *store = entry->recorder->session->store;
    struct run_key key = key_of(entry, firing->rule);
    struct run run;
    int64_t joined;
    enum err err = store_run_find(store, &key, entry->arena, &run);
    if (err == ERR_NOT_FOUND) {
        err = dedup_joined(store, &key, &joined);
        if (err == ERR_OK)
            err = store_run_get(store, joined, entry->arena, &run);
        firing->is_joined = err == ERR_OK;
    }
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    firing->is_old = is_in_the_way(entry->recorder, &run);
    firing->is_joined = firing->is_old && firing->is_joined;
    firing->run = firing->is_old ? run.id : 0;
    return ERR_OK;
}

static enum err begin_run(struct entry *entry, struct firing *firing)
{
    struct recorder *recorder = entry->recorder;
    struct store *store = recorder->session->store;
    if (!recorder->has_texts)
        TRY(program_texts_put(store, recorder->program));
    recorder->has_texts = true;
    TRY(need_case(entry));
    struct run run = {
        .alert = entry->name,
        .source = entry->event->source,
        .alert_text = entry->event->text,
        .forced_source = recorder->forced_source,
        .rule = firing->rule->name,
        .rule_id = firing->rule->id,
        .program_hash = recorder->program->hash,
        .received_ms = entry->event->received_ms,
        .started_ms = entry->now_ms,
        .case_id = entry->case_id,
    };
    TRY(store_run_begin(store, &run));
    firing->run = run.id;
    if (recorder->first_run == 0)
        recorder->first_run = run.id;
    return tell(entry, "run_begun", firing->rule, run.id, "the rule fired");
}

/* By `dedup` the alert belongs to the run of an earlier one. */
static enum err join_run(struct entry *entry, struct firing *firing)
{
    TRY(need_case(entry));
    struct joined_alert joined = { .source = entry->event->source,
        .alert = entry->name,
        .rule_id = firing->rule->id,
        .run = firing->run,
        .rule = firing->rule->name,
        .case_id = entry->case_id,
        .at_ms = entry->now_ms };
    TRY(dedup_join(entry->recorder->session->store, &joined));
    return tell(entry, "deduped", firing->rule, firing->run, "an earlier alert has the same key");
}

/* Whether the window of the firing's key still counts: with --again only that of a run of this
 * command. */
static bool counts(const struct recorder *recorder, int64_t run)
{
    return !recorder->is_again || recorder_began(recorder, run);
}

/* The key of the alert under the rule's dedup. One that cannot be worked out is none: the alert
 * stands alone. */
static enum err key_find(const struct entry *entry, const struct rule_code *rule, str *ret_key)
{
    enum err err = dedup_key(entry->recorder->program, rule, entry->event, entry->arena, ret_key);
    if (err != ERR_UNDECIDED && err != ERR_BUDGET)
        return err;
    *ret_key = STR("");
    return ERR_OK;
}

static enum err record_new(struct entry *entry, struct firing *firing)
{
    struct session *session = entry->recorder->session;
    struct dedup dedup = { .rule_id = firing->rule->id };
    int64_t timer_ms = 0;
    TRY(key_find(entry, firing->rule, &dedup.key));
    if (dedup.key.len == 0)
        return begin_run(entry, firing);
    TRY(timers_now(session->store, session->driver->clock, &timer_ms));
    enum err err = dedup_find(session->store, timer_ms, &dedup);
    if (err == ERR_OK && counts(entry->recorder, dedup.run)) {
        firing->is_joined = true;
        firing->run = dedup.run;
        return join_run(entry, firing);
    }
    if (err != ERR_NOT_FOUND)
        TRY(err);
    TRY(begin_run(entry, firing));
    dedup.run = firing->run;
    dedup.until_ms = timer_ms + firing->rule->dedup_ms;
    return dedup_begin(session->store, timer_ms, &dedup);
}

static enum err record_all(struct entry *entry, struct firing *firings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TRY(find_old(entry, &firings[i]));
        if (!firings[i].is_old)
            TRY(record_new(entry, &firings[i]));
    }
    return ERR_OK;
}

/* What a plan would join: the same windows, kept for this command alone. */
static enum err foresee(struct entry *entry, struct firing *firing)
{
    struct store *store = entry->recorder->counts;
    struct dedup dedup = { .rule_id = firing->rule->id };
    TRY(key_find(entry, firing->rule, &dedup.key));
    if (dedup.key.len == 0 || store == NULL)
        return ERR_OK;
    enum err err = dedup_find(store, entry->now_ms, &dedup);
    firing->is_joined = err == ERR_OK;
    if (err != ERR_NOT_FOUND)
        return err;
    dedup.run = ++entry->recorder->planned;
    dedup.until_ms = entry->now_ms + firing->rule->dedup_ms;
    return dedup_begin(store, entry->now_ms, &dedup);
}

enum err record_alert(struct recorder *recorder, const struct event *event, str name,
    struct firing *firings, size_t count, struct arena *arena)
{
    struct session *session = recorder->session;
    struct entry entry = { .recorder = recorder,
        .event = event,
        .name = name,
        .now_ms = session->driver->clock->now_ms(session->driver->clock),
        .arena = arena };
    struct recorder before = *recorder;
    if (session->executor.mode != MODE_APPLY) {
        for (size_t i = 0; i < count; i++)
            TRY(foresee(&entry, &firings[i]));
        return ERR_OK;
    }
    if (count == 0)
        return ERR_OK;
    if (recorder->gathers)
        TRY(store_gather(session->store));
    TRY(store_begin(session->store));
    enum err err = record_all(&entry, firings, count);
    if (err == ERR_OK)
        err = store_commit(session->store);
    if (err == ERR_OK)
        return ERR_OK;
    store_rollback(session->store);
    *recorder = before; /* nothing of it is there */
    return err;
}
