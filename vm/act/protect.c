/* protect.c - see protect.h. */
#include "act/protect.h"

#include "act/spelling.h"
#include "act/views.h"
#include "interp.h"

/* ---- what one condition says of one target ---- */

enum finding {
    FINDING_NO,
    FINDING_POSSIBLE, /* through a gap, or but for letter case */
    FINDING_UNDECIDED,
    FINDING_YES,
};

struct found {
    enum finding finding;
    const char *gap; /* FINDING_POSSIBLE: what could not be read, in words; or NULL */
};

static MUST_CHECK enum err holds(const struct program *program, uint32_t fragment,
    const struct event *event, struct arena *arena, bool *ret_holds)
{
    const struct rule_code condition = { .condition = fragment };
    return rule_passes(program, &condition, event, arena, ret_holds);
}

/* The field of resource.tags["env"] is resource.tags. */
static enum field field_of(str name)
{
    return field_find(str_first(name, str_find(name, '[')));
}

/* "host.name could not be read (why)", of the first read of the guard that is not known. */
static MUST_CHECK enum err name_gap(const struct program *program, const struct guard_code *guard,
    const struct views *views, struct arena *arena, const char **ret_gap)
{
    *ret_gap = NULL;
    for (uint32_t at = 0; at < guard->read_count && *ret_gap == NULL; at++) {
        const struct excuse_read *read = &guard->reads[at];
        bool is_unknown;
        enum field field = field_of(read->asked);
        TRY(holds(program, read->unknown, &views->event, arena, &is_unknown));
        if (!is_unknown)
            continue;
        const char *why = field < FIELD_COUNT ? views->gaps[field] : NULL;
        *ret_gap = arena_format(arena, "its %.*s is not known%s%s%s", STR_ARG(read->name),
            why == NULL ? "" : " (", why == NULL ? "" : why, why == NULL ? "" : ")");
        if (*ret_gap == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* One view. Errors as interp_value. */
static MUST_CHECK enum err ask(const struct program *program, const struct guard_code *guard,
    const struct views *views, struct arena *arena, struct found *found)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
    bool is_met;
    TRY(holds(program, guard->certain, &views->event, &scratch, &is_met));
    if (is_met) {
        *found = (struct found){ .finding = FINDING_YES };
        return ERR_OK;
    }
    if (guard->possible == NO_INDEX || found->finding == FINDING_POSSIBLE)
        return ERR_OK;
    TRY(holds(program, guard->possible, &views->event, &scratch, &is_met));
    if (!is_met)
        return ERR_OK;
    found->finding = FINDING_POSSIBLE;
    return name_gap(program, guard, views, arena, &found->gap);
}

static bool is_undecided(enum err err)
{
    return err == ERR_UNDECIDED || err == ERR_BUDGET || err == ERR_LIMIT;
}

/* Whether the condition reads a field of which not every name is known. */
static bool is_cut(const struct target *target, const struct condition_reads *reads)
{
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (reads->has[field] && target->is_cut[field])
            return true;
    return false;
}

/* Every view of one target, until one is met for certain. ERR_MEMORY. */
static MUST_CHECK enum err ask_target(const struct step_cause *cause,
    const struct guard_code *guard, const struct target *target, struct found *found)
{
    struct condition_reads reads = { .has_negation = false };
    struct views views;
    condition_reads_add(cause->program, guard->certain, &reads);
    if (guard->possible != NO_INDEX)
        condition_reads_add(cause->program, guard->possible, &reads);
    enum err err = views_begin(&views, target, cause->event, &reads);
    while (err == ERR_OK && views.has_more && found->finding != FINDING_YES) {
        err = ask(cause->program, guard, &views, target->arena, found);
        views_next(&views);
    }
    if (err != ERR_OK && !is_undecided(err))
        return err;
    if (found->finding == FINDING_NO && (err != ERR_OK || is_cut(target, &reads)))
        found->finding = FINDING_UNDECIDED;
    return ERR_OK;
}

/* ---- which guards are asked ---- */

static bool has_target(const struct builtin *row)
{
    for (uint32_t at = 0; at < builtin_param_count(row); at++)
        if (row->params[at].need == PARAM_TARGET)
            return true;
    return false;
}

static bool concerns(
    const struct guard_code *guard, const struct rule_code *rule, const struct builtin *row)
{
    if (guard->is_of_file && guard->text_index != rule->text_index)
        return false;
    switch (guard->kind) {
    case GUARD_NEVER_TARGET:
        return row->effect >= EFFECT_COLLECTS && has_target(row);
    case GUARD_NEVER:
        return guard->verb == row->verb && (guard->step.len == 0 || str_is(guard->step, row->name));
    case GUARD_ENVIRONMENT:
        return guard->ceiling < ceiling_needed(row);
    case GUARD_CONNECTION: /* needs no target: the governor has asked it */
    case GUARD_ALWAYS:
        break;
    }
    return false;
}

/* ---- words ---- */

/* What the clause forbids, in words. */
static const char *forbidden(const struct guard_code *guard, const struct builtin *row,
    const struct plan *plan, struct arena *arena)
{
    str target = plan->target.len > 0 ? plan->target : STR("the target");
    if (guard->kind == GUARD_NEVER_TARGET)
        return arena_format(arena, "%.*s is protected", STR_ARG(target));
    if (guard->kind == GUARD_NEVER)
        return arena_format(
            arena, "%s %s on %.*s is forbidden", verb_name(row->verb), row->name, STR_ARG(target));
    return arena_format(arena, "%.*s is where rules may go no further than `%s`, and %s %s does",
        STR_ARG(target), ceiling_name(guard->ceiling), verb_name(row->verb), row->name);
}

static const char *doubt_words(const struct found *found, bool is_doubt, struct arena *arena)
{
    if (found->finding == FINDING_UNDECIDED)
        return ": whether it is meant cannot be decided, so a person decides";
    const char *end = is_doubt ? "; the provider does not show that, so a person decides" : "";
    if (found->finding == FINDING_YES)
        return is_doubt ? ": it is meant by what the alert says, and not by what the provider "
                          "shows, so a person decides"
                        : "";
    if (found->gap == NULL)
        return arena_format(
            arena, ": but for upper and lower case it is meant, and so it counts as meant%s", end);
    return arena_format(arena,
        ": %s, so it may be meant, and what cannot be read counts as meant%s", found->gap, end);
}

static MUST_CHECK enum err say(const struct guard_code *guard, const struct builtin *row,
    const struct plan *plan, const struct found *found, struct arena *arena,
    struct protection *ret_protection)
{
    const char *what = forbidden(guard, row, plan, arena);
    const char *doubt = doubt_words(found, ret_protection->is_doubt, arena);
    if (what == NULL || doubt == NULL)
        return ERR_MEMORY;
    ret_protection->guard = guard;
    ret_protection->reason =
        arena_format(arena, "%s by `%.*s` (%.*s:%u)%s%.*s%s", what, STR_ARG(guard->place.text),
            STR_ARG(guard->place.file), guard->place.line, guard->reason.len > 0 ? ", \"" : "",
            STR_ARG(guard->reason), guard->reason.len > 0 ? "\"" : "");
    if (ret_protection->reason == NULL)
        return ERR_MEMORY;
    ret_protection->reason = arena_format(arena, "%s%s", ret_protection->reason, doubt);
    return ret_protection->reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* ---- judging ---- */

/* The target as the provider shows it, that and what the alert adds, and the alert's word before
 * the provider's. What an alert does not say it does not deny, so the provider fills that in. */
enum { BY_PROVIDER, BY_BOTH, BY_ALERT, TARGETS };

static MUST_CHECK enum err targets_make(const struct step_cause *cause, const struct builtin *row,
    const struct plan *plan, struct skeletons *skeletons, struct target *targets)
{
    const struct target empty = { .arena = skeletons->arena, .skeletons = skeletons };
    struct target alert = empty;
    for (int at = 0; at < TARGETS; at++)
        targets[at] = empty;
    TRY(target_of_facts(&targets[BY_PROVIDER], row, plan->facts));
    if (plan->target.len > 0)
        TRY(target_say(&targets[BY_PROVIDER], FIELD_RESOURCE_ID, plan->target, true));
    alert.account = targets[BY_PROVIDER].account;
    alert.region = targets[BY_PROVIDER].region;
    TRY(target_of_alert(&alert, cause->event));
    target_overlay(&targets[BY_BOTH], &targets[BY_PROVIDER], &alert);
    target_overlay(&targets[BY_ALERT], &alert, &targets[BY_PROVIDER]);
    return ERR_OK;
}

/* *ret_is_shown: the provider's view forbids, and no alert had a part in it. */
static MUST_CHECK enum err ask_guard(const struct step_cause *cause, const struct guard_code *guard,
    const struct target *targets, struct found *found, bool *ret_is_shown)
{
    *found = (struct found){ .finding = FINDING_NO };
    *ret_is_shown = guard->certain == NO_INDEX;
    if (guard->certain == NO_INDEX)
        found->finding = FINDING_YES;
    for (int at = 0; at < TARGETS && found->finding < FINDING_UNDECIDED; at++) {
        TRY(ask_target(cause, guard, &targets[at], found));
        if (at == BY_PROVIDER)
            *ret_is_shown = found->finding == FINDING_YES || found->finding == FINDING_POSSIBLE;
    }
    return ERR_OK;
}

static MUST_CHECK enum err judge(const struct step_cause *cause, const struct builtin *row,
    const struct plan *plan, struct skeletons *skeletons, struct protection *ret_protection)
{
    struct target targets[TARGETS];
    TRY(targets_make(cause, row, plan, skeletons, targets));
    for (uint32_t i = 0; i < cause->program->guard_count; i++) {
        const struct guard_code *guard = &cause->program->guards[i];
        struct found found;
        bool is_shown;
        if (!concerns(guard, cause->rule, row))
            continue;
        TRY(ask_guard(cause, guard, targets, &found, &is_shown));
        if (found.finding == FINDING_NO || (!is_shown && ret_protection->guard != NULL))
            continue;
        ret_protection->is_doubt = !is_shown;
        TRY(say(guard, row, plan, &found, skeletons->arena, ret_protection));
        if (is_shown)
            return ERR_OK;
    }
    return ERR_OK;
}

enum err protect_judge(const struct step_cause *cause, const struct builtin *row,
    const struct plan *plan, struct arena *arena, struct protection *ret_protection)
{
    CLEANUP(skeletons_release) struct skeletons skeletons = { .arena = arena };
    *ret_protection = (struct protection){ .guard = NULL };
    return judge(cause, row, plan, &skeletons, ret_protection);
}
