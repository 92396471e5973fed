/* whatif.c - see whatif.h. */
#include "whatif.h"

#include "base/buf.h"
#include "base/fold.h"
#include "base/json_text.h"
#include "decide.h"

struct tries {
    const struct whatif *whatif;
    bool wanted;
    uint32_t left;
    bool is_found;
    uint32_t tried; /* leaves of the last set */
    struct whatif_answer *answer;
    /* of the set that is tried */
    struct flip_set set;
    struct flip_value values[WHATIF_EDITS_MAX][FLIP_VALUES_MAX];
    uint32_t value_counts[WHATIF_EDITS_MAX];
    struct whatif_edit edits[WHATIF_EDITS_MAX];
    uint32_t edit_count;
};

enum err whatif_fires(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_fires)
{
    struct rule_decision decision;
    TRY(rule_decide(program, rule, event, arena, &decision));
    *ret_fires = decision.outcome == RULE_FIRES || decision.outcome == RULE_FIRES_IN_DOUBT;
    return ERR_OK;
}

/* ---- what a change may touch besides ---- */

/* Whether `outer` is the path of something around `inner`, in any case. */
static bool is_around(str outer, str inner)
{
    return inner.len > outer.len && inner.ptr[outer.len] == '.'
           && fold_equal(outer, str_first(inner, outer.len));
}

static bool paths_touch(str a, str b)
{
    return fold_equal(a, b) || is_around(a, b) || is_around(b, a);
}

static bool rule_reads_path(const struct probe_rule *rule, str path)
{
    for (uint32_t at = 0; at < rule->leaf_count; at++)
        for (uint32_t i = 0; i < rule->leaves[at].read_count; i++) {
            const struct expr *read = rule->leaves[at].reads[i].expr;
            if (read->kind == EXPR_FIELD && read->means == MEANING_RAW
                && paths_touch(read->is.path, path))
                return true;
        }
    return false;
}

/* Whether the source makes the field of a raw path that the rule reads too. */
static bool mapping_is_read(
    const struct whatif *whatif, const struct source_program *source, enum field field)
{
    const struct program *program = whatif->program;
    for (uint32_t at = 0; at < source->mapping_count; at++) {
        if (source->mappings[at].field != field)
            continue;
        for (uint32_t i = source->mappings[at].start; program->code[i].opcode != OP_RETURN; i++)
            if (program->code[i].opcode == OP_RAW
                && rule_reads_path(whatif->probes, program->paths[program->code[i].a]))
                return true;
    }
    return false;
}

static bool field_is_apart(const struct whatif *whatif, enum field field)
{
    const struct program *program = whatif->program;
    for (uint32_t at = 0; at < program->source_count; at++)
        if (str_equal(program->sources[at].name, whatif->event->source)
            && mapping_is_read(whatif, &program->sources[at], field))
            return false;
    return !mapping_is_read(whatif, &program->canonical, field);
}

static bool path_is_apart(const struct whatif *whatif, str path)
{
    const struct program *program = whatif->program;
    for (uint32_t at = 0; at < program->path_count; at++)
        if (is_around(path, program->paths[at]) || is_around(program->paths[at], path))
            return false;
    return true;
}

/* `anywhere` sees the text of the alert: what is added to it is, what is taken away may
 * have been what it saw. */
static bool anywhere_allows(const struct tries *tries)
{
    const struct probe_rule *rule = tries->whatif->probes;
    bool takes_away = false;
    for (uint32_t at = 0; at < tries->edit_count; at++)
        takes_away = takes_away || tries->edits[at].from.kind != VALUE_ABSENT;
    for (uint32_t at = 0; takes_away && at < rule->leaf_count; at++)
        if (rule->leaves[at].expr->kind == EXPR_ANYWHERE && tries->whatif->states[at] == PROBE_TRUE)
            return false;
    return true;
}

static bool edits_are_apart(const struct tries *tries)
{
    const struct whatif *whatif = tries->whatif;
    for (uint32_t at = 0; at < tries->edit_count; at++) {
        const struct expr *target = tries->edits[at].target;
        bool is_apart = target->means == MEANING_FIELD ? field_is_apart(whatif, target->is.field)
                                                       : path_is_apart(whatif, target->is.path);
        if (!is_apart)
            return false;
    }
    return anywhere_allows(tries);
}

/* ---- the changed alert ---- */

/* The alert's text with the new values beside it, for `anywhere`. */
static enum err changed_text(const struct tries *tries, struct arena *arena, str *ret_text)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(ALERT_BYTES_MAX * 2);
    buf_add(&text, STR("{\"alert\":"));
    buf_add(&text, tries->whatif->event->text);
    for (uint32_t at = 0; at < tries->edit_count; at++) {
        value to = tries->edits[at].to;
        if (to.kind == VALUE_ABSENT || to.kind == VALUE_NULL)
            continue;
        str shown = value_print(arena, to);
        if (shown.ptr == NULL)
            return ERR_MEMORY;
        buf_add(&text, STR(",\"change\":"));
        json_text_add(&text, shown);
    }
    buf_add(&text, STR("}"));
    *ret_text = arena_copy(arena, buf_str(&text));
    return text.err != ERR_OK ? text.err : ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err change_raw(const struct tries *tries, struct arena *arena, struct event *event)
{
    const struct whatif *whatif = tries->whatif;
    const struct program *program = whatif->program;
    uint32_t count = event->raw.count;
    bool is_changed = false;
    value *values = ARENA_ARRAY(arena, value, count + 1);
    if (values == NULL)
        return ERR_MEMORY;
    if (count > 0)
        memcpy(values, event->raw.values, count * sizeof values[0]);
    for (uint32_t at = 0; at < tries->edit_count; at++) {
        const struct whatif_edit *edit = &tries->edits[at];
        for (uint32_t i = 0; edit->target->means == MEANING_RAW && i < count; i++)
            if (fold_equal(program->paths[i], edit->target->is.path)) {
                values[i] = edit->to;
                is_changed = true;
            }
    }
    if (!is_changed)
        return ERR_OK;
    return event_with_raw(program, whatif->event, values, whatif->forced_source, arena, event);
}

static void change_fields(const struct tries *tries, struct event *event)
{
    for (uint32_t at = 0; at < tries->edit_count; at++) {
        const struct whatif_edit *edit = &tries->edits[at];
        if (edit->target->means != MEANING_FIELD)
            continue;
        event->fields[edit->target->is.field] = edit->to;
        if (edit->target->is.field == FIELD_ALERT_TIME) {
            const value received = { .kind = VALUE_TIME, .milliseconds = event->received_ms };
            event->fields[FIELD_TIME] = edit->to.kind == VALUE_TIME ? edit->to : received;
        }
        if (edit->target->is.field == FIELD_TIME)
            event->fields[FIELD_ALERT_TIME] = edit->to;
        if (edit->target->is.field == FIELD_SOURCE)
            event->source = value_str(edit->to);
    }
}

static enum err change(const struct tries *tries, struct arena *arena, struct event *ret_event)
{
    *ret_event = *tries->whatif->event;
    TRY(change_raw(tries, arena, ret_event));
    change_fields(tries, ret_event);
    return changed_text(tries, arena, &ret_event->text);
}

/* ---- trying ---- */

/* Try the edits; what cannot be decided is no answer. */
static enum err try_edits(struct tries *tries)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct event event;
    struct rule_decision decision = { .outcome = tries->wanted ? RULE_SILENT : RULE_FIRES };
    if (tries->left == 0 || tries->edit_count == 0 || !edits_are_apart(tries))
        return ERR_OK;
    tries->left--;
    enum err err = change(tries, &arena, &event);
    if (err == ERR_OK)
        err = rule_decide(tries->whatif->program, tries->whatif->rule, &event, &arena, &decision);
    if (err == ERR_UNDECIDED || err == ERR_BUDGET || err == ERR_MEMORY || err == ERR_LIMIT
        || err == ERR_JSON || err == ERR_NOT_FOUND)
        return ERR_OK;
    bool is_in_doubt = decision.outcome == RULE_FIRES_IN_DOUBT;
    bool fires = decision.outcome == RULE_FIRES || is_in_doubt;
    if (err != ERR_OK || fires != tries->wanted)
        return err;
    tries->is_found = true;
    memcpy(tries->answer->edits, tries->edits, sizeof tries->edits);
    tries->answer->edit_count = tries->edit_count;
    tries->answer->is_in_doubt = is_in_doubt;
    return ERR_OK;
}

static bool same_target(const struct expr *a, const struct expr *b)
{
    if (a->means != b->means)
        return false;
    return a->means == MEANING_FIELD ? a->is.field == b->is.field
                                     : str_equal(a->is.path, b->is.path);
}

static struct whatif_edit *find_edit(struct tries *tries, const struct expr *target)
{
    for (uint32_t at = 0; at < tries->edit_count; at++)
        if (same_target(tries->edits[at].target, target))
            return &tries->edits[at];
    return NULL;
}

/* Give the leaves from `at` on a value each, in turn. A field that an earlier leaf changed
 * keeps that value first: it may do for both. Depth: WHATIF_EDITS_MAX. */
static enum err try_from(struct tries *tries, uint32_t at)
{
    const struct whatif *whatif = tries->whatif;
    if (at == tries->set.count)
        return try_edits(tries);
    for (uint32_t i = 0; i < tries->value_counts[at] && !tries->is_found && tries->left > 0; i++) {
        const struct flip_value *one = &tries->values[at][i];
        struct whatif_edit *edit = find_edit(tries, one->target);
        if (edit != NULL) {
            struct whatif_edit kept = *edit;
            if (i == 0)
                TRY(try_from(tries, at + 1));
            if (tries->is_found)
                return ERR_OK;
            edit->to = one->to;
            edit->is_example = one->is_example;
            TRY(try_from(tries, at + 1));
            *edit = kept;
            continue;
        }
        tries->edits[tries->edit_count++] = (struct whatif_edit){ one->target,
            flip_current(whatif->program, whatif->event, one->target), one->to, one->is_example };
        TRY(try_from(tries, at + 1));
        tries->edit_count--;
    }
    return ERR_OK;
}

/* Try the set, when there is a value for each of its leaves. */
static enum err try_set(struct tries *tries, struct flip_set set)
{
    const struct whatif *whatif = tries->whatif;
    if (set.count == 0 || set.count > WHATIF_EDITS_MAX)
        return ERR_OK;
    tries->set = set;
    tries->edit_count = 0;
    for (uint32_t at = 0; at < set.count; at++) {
        uint32_t leaf = set.leaves[at];
        TRY(flip_values(whatif->program, &whatif->probes->leaves[leaf],
            whatif->states[leaf] != PROBE_TRUE, whatif->event, whatif->arena, tries->values[at],
            &tries->value_counts[at]));
        if (tries->value_counts[at] == 0)
            return ERR_OK;
    }
    return try_from(tries, 0);
}

/* ---- the whole rule ---- */

/* The rule as one tree: its condition, and not what excuses it. */
static enum err whole_rule(const struct whatif *whatif, struct probe_node *ret_root)
{
    const struct probe_rule *rule = whatif->probes;
    struct probe_node *parts = ARENA_ARRAY(whatif->arena, struct probe_node, rule->condition_count);
    struct probe_node *last = NULL;
    if (parts == NULL)
        return ERR_MEMORY;
    *ret_root = (struct probe_node){ .kind = PROBE_AND };
    for (uint32_t at = 0; at < rule->condition_count; at++) {
        const struct probe_condition *condition = &rule->conditions[at];
        if (condition->place == PROBE_IF || !probe_is_in_force(condition, whatif->event))
            continue;
        parts[at] =
            (struct probe_node){ .kind = condition->place == PROBE_WHEN ? PROBE_USE : PROBE_NOT,
                .first = condition->root };
        if (last == NULL)
            ret_root->first = &parts[at];
        else
            last->next = &parts[at];
        last = &parts[at];
    }
    return ERR_OK;
}

/* A leaf that reads nothing is what it is. */
static enum err find_fixed(const struct whatif *whatif, bool **ret_fixed)
{
    const struct probe_rule *rule = whatif->probes;
    *ret_fixed = ARENA_ARRAY(whatif->arena, bool, rule->leaf_count + 1);
    if (*ret_fixed == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < rule->leaf_count; at++)
        (*ret_fixed)[at] =
            rule->leaves[at].read_count == 0 && rule->leaves[at].expr->kind != EXPR_ANYWHERE;
    return ERR_OK;
}

/* What one alert cannot say is left out: the rule is asked what it asks of one alert. */
static enum err one_alert_states(const struct whatif *whatif, enum probe_state **ret_states)
{
    const struct probe_rule *rule = whatif->probes;
    enum probe_state *states = ARENA_ARRAY(whatif->arena, enum probe_state, rule->leaf_count + 1);
    if (states == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < rule->leaf_count; at++)
        states[at] = rule->leaves[at].is_several ? PROBE_TRUE : whatif->states[at];
    *ret_states = states;
    return ERR_OK;
}

/* Leaves for which no value is known cannot be told how to change. */
static enum err fix_valueless(
    const struct whatif *whatif, const enum probe_state *states, bool *is_fixed)
{
    for (uint32_t at = 0; at < whatif->probes->leaf_count; at++) {
        CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
        struct flip_value values[FLIP_VALUES_MAX];
        uint32_t count = 0;
        if (is_fixed[at] || whatif->probes->leaves[at].value == NO_INDEX)
            continue;
        TRY(flip_values(whatif->program, &whatif->probes->leaves[at], states[at] != PROBE_TRUE,
            whatif->event, &scratch, values, &count));
        is_fixed[at] = count == 0;
    }
    return ERR_OK;
}

/* Try the sets, the smallest first; *ret_least is the smallest on paper. */
static enum err try_sets(struct tries *tries, struct flip_search *search,
    const struct probe_node *root, struct flip_set *ret_least)
{
    struct flip_set sets[FLIP_SETS_MAX];
    uint32_t count = 0;
    TRY(flip_sets(search, root, tries->wanted, sets, &count));
    *ret_least = (struct flip_set){ NULL, 0 };
    for (uint32_t at = 0; at < count && !tries->is_found; at++) {
        if (ret_least->count == 0)
            *ret_least = sets[at];
        tries->tried = sets[at].count;
        TRY(try_set(tries, sets[at]));
    }
    return ERR_OK;
}

enum err whatif_find(const struct whatif *whatif, bool wanted, struct whatif_answer *ret_answer)
{
    struct probe_node root;
    struct flip_set least;
    struct flip_set unused;
    bool *is_fixed;
    enum probe_state *states;
    *ret_answer = (struct whatif_answer){ .edit_count = 0 };
    struct tries tries = {
        .whatif = whatif, .wanted = wanted, .left = WHATIF_TRIES_MAX, .answer = ret_answer
    };
    TRY(whole_rule(whatif, &root));
    TRY(find_fixed(whatif, &is_fixed));
    TRY(one_alert_states(whatif, &states));
    struct flip_search search = { whatif->arena, states, is_fixed };
    TRY(try_sets(&tries, &search, &root, &least));
    if (!tries.is_found) {
        /* Those that no value is known for may have filled the list. */
        TRY(fix_valueless(whatif, states, is_fixed));
        TRY(try_sets(&tries, &search, &root, &unused));
    }
    if (!tries.is_found || least.count < tries.tried)
        ret_answer->unproved = least;
    return ERR_OK;
}
