/* matcher_text.c - an alert's text through the image, without an event where none is needed. */
#include "match/asked.h"

#include "base/fold.h"
#include "match/findings.h"

/* ---- values put together, where there is no way round it ---- */

void asked_raw_forget(struct matcher *matcher)
{
    for (uint32_t at = 0; at < matcher->set_count; at++) {
        matcher->values[matcher->set_paths[at]] = VALUE_NONE;
        matcher->laid[matcher->set_paths[at]] = (struct laid){ 0 };
    }
    matcher->set_count = 0;
}

/* Add one hit to what is under its path; a list has room for all of them. */
static enum err lay(struct matcher *matcher, const struct skim_hit *hit)
{
    uint32_t path = matcher->image->read_paths[hit->path];
    const struct laid *laid = &matcher->laid[path];
    value *v = &matcher->values[path];
    if (!laid->is_list) {
        *v = hit->v;
        return ERR_OK;
    }
    if (v->kind == VALUE_ABSENT) {
        value *items = ARENA_ARRAY(&matcher->scratch, value, laid->count);
        if (items == NULL)
            return ERR_MEMORY;
        *v = value_list(items, 0);
    }
    if (hit->v.kind != VALUE_LIST)
        ((value *)(uintptr_t)v->items)[v->count++] = hit->v;
    return ERR_OK;
}

/* As skim_slots, but it costs what the alert holds: of the paths that rules ask for, thousands may be, an
 * alert has a few. */
enum err asked_raw(struct matcher *matcher)
{
    const struct match_image *image = matcher->image;
    if (matcher->raw != NULL)
        return ERR_OK;
    for (uint32_t at = 0; at < matcher->hits.count; at++) {
        const struct skim_hit *hit = &matcher->hits.items[at];
        if (hit->path >= image->read_count)
            continue;
        struct laid *laid = &matcher->laid[image->read_paths[hit->path]];
        if (laid->count == 0 && !laid->is_list)
            matcher->set_paths[matcher->set_count++] = image->read_paths[hit->path];
        laid->count += hit->v.kind != VALUE_LIST;
        laid->is_list = laid->is_list || hit->is_in_list || hit->v.kind == VALUE_LIST;
    }
    for (uint32_t at = 0; at < matcher->hits.count; at++)
        if (matcher->hits.items[at].path < image->read_count)
            TRY(lay(matcher, &matcher->hits.items[at]));
    matcher->slots =
        (struct slots){ .values = matcher->values, .count = image->program->path_count };
    matcher->raw = &matcher->slots;
    return ERR_OK;
}

enum err asked_event(struct matcher *matcher)
{
    const struct match_image *image = matcher->image;
    if (matcher->event != NULL)
        return ERR_OK;
    TRY(asked_raw(matcher));
    TRY(event_of_slots(image->program, matcher->text, matcher->raw, matcher->source, image->wanted,
        matcher->received_ms, &matcher->scratch, &matcher->made));
    matcher->event = &matcher->made;
    return ERR_OK;
}

/* ---- what kind of alert it is ---- */

/* Whether a value under one of our own paths says that the ordinary way has to look: an alert that may
 * be in the canonical form, or that is several alerts. */
static bool is_special(
    const struct matcher *matcher, const struct skim_hit *hit, uint32_t *findings)
{
    const struct match_image *image = matcher->image;
    switch ((enum own_path)(hit->path - image->read_count)) {
    case PATH_SOURCE:
        return hit->v.kind == VALUE_TEXT && source_find(image->program, value_str(hit->v)) != NULL;
    case PATH_FINDINGS:
        return ++*findings > 1;
    case PATH_RECORDS:
    case PATH_FOUND:
        return hit->is_in_list || hit->v.kind == VALUE_LIST;
    case OWN_PATHS:
        break;
    }
    return false;
}

/* Whether the source takes the alert; *ret_is_unsure when that cannot be said here. */
static enum err ask_source(
    struct matcher *matcher, uint32_t source, bool *ret_accepts, bool *ret_is_unsure)
{
    uint32_t condition = matcher->image->program->rule_count + source;
    uint16_t answer = ANSWER_FALSE;
    if (matcher->looked_at[condition] != matcher->truths.alert)
        TRY(asked_condition(matcher, matcher->image->conditions[condition].first, &answer));
    matcher->looked_at[condition] = matcher->truths.alert;
    *ret_accepts = answer == ANSWER_TRUE;
    *ret_is_unsure = *ret_is_unsure || answer == ANSWER_ASK;
    return ERR_OK;
}

/* The first source, in their order, whose accept condition holds. */
static enum err find_source(struct matcher *matcher, bool *ret_is_unsure)
{
    const struct match_image *image = matcher->image;
    const struct truths *truths = &matcher->truths;
    uint32_t first = image->program->source_count;
    bool accepts;
    for (uint32_t held = 0; held < truths->held_count; held++) {
        const uint32_t *starts = image->of_sources.starts + truths->held[held];
        for (uint32_t at = starts[0]; at < starts[1]; at++) {
            uint32_t source = image->of_sources.items[at];
            TRY(ask_source(matcher, source, &accepts, ret_is_unsure));
            if (accepts && source < first)
                first = source;
        }
    }
    for (uint32_t at = 0; at < image->always_source_count; at++) {
        TRY(ask_source(matcher, image->always_sources[at], &accepts, ret_is_unsure));
        if (accepts && image->always_sources[at] < first)
            first = image->always_sources[at];
    }
    matcher->source =
        first == image->program->source_count ? NULL : &image->program->sources[first];
    return ERR_OK;
}

/* ---- asking ---- */

static enum err ask_hits(struct matcher *matcher, bool *ret_is_unsure)
{
    const struct match_image *image = matcher->image;
    const struct skim_hits *hits = &matcher->hits;
    uint32_t findings = 0;
    for (uint32_t at = 0; at < hits->count; at++) {
        const struct skim_hit *hit = &hits->items[at];
        if (hit->path >= image->read_count) {
            *ret_is_unsure = *ret_is_unsure || is_special(matcher, hit, &findings);
            continue;
        }
        const struct subject_group *group = image->read_groups[hit->path];
        if (group == NULL)
            continue;
        subject_index_there(group->index, &matcher->truths);
        if (hit->v.kind != VALUE_LIST)
            TRY(asked_element(matcher, group, hit->v));
    }
    return ERR_OK;
}

/* Of the fields those that rules ask for. The source alone costs no event. */
static enum err ask_fields(struct matcher *matcher)
{
    const struct match_image *image = matcher->image;
    const struct subject_group *source =
        predicates_group(&image->predicates, (struct subject){ SUBJECT_FIELD, FIELD_SOURCE });
    if (source != NULL && matcher->source != NULL)
        TRY(asked_value(matcher, source, value_text(matcher->source->name)));
    if (!image->wants_fields)
        return ERR_OK;
    TRY(asked_event(matcher));
    for (uint32_t at = 0; at < image->field_group_count; at++) {
        const struct subject_group *group = image->field_groups[at];
        if (group->subject.index != FIELD_SOURCE)
            TRY(asked_value(matcher, group, matcher->event->fields[group->subject.index]));
    }
    return ERR_OK;
}

/* Everything asked of one alert that was skimmed. */
static enum err ask_all(
    struct matcher *matcher, str forced_source, bool *ret_is_unsure, struct matches *ret_matches)
{
    matcher->source = NULL;
    TRY(ask_hits(matcher, ret_is_unsure));
    if (*ret_is_unsure)
        return ERR_OK;
    if (forced_source.len > 0)
        matcher->source = source_find(matcher->image->program, forced_source);
    else if (matcher->image->asks_source)
        TRY(find_source(matcher, ret_is_unsure));
    if (*ret_is_unsure || (forced_source.len > 0 && matcher->source == NULL)) {
        *ret_is_unsure = true;
        return ERR_OK;
    }
    TRY(ask_fields(matcher));
    if (matcher->image->wants_leaves)
        TRY(asked_leaves(matcher, matcher->text));
    return asked_rules(matcher, ret_matches);
}

enum err matcher_text(struct matcher *matcher, str json, str forced_source, int64_t received_ms,
    enum skim_care care, enum matcher_end *ret_end, const struct source_program **ret_source,
    struct matches *ret_matches)
{
    enum skim_end end;
    asked_begin(matcher);
    matcher->counts.alerts++;
    matcher->text = json;
    matcher->received_ms = received_ms;
    TRY(skim_read(matcher->skimmer, json, care, &end, &matcher->hits));
    bool is_unsure = end == SKIM_UNSURE;
    if (!is_unsure) {
        enum err err = ask_all(matcher, forced_source, &is_unsure, ret_matches);
        /* ERR_JSON: every leaf is looked at, of parts too that SKIM_LAX passed over. */
        is_unsure = is_unsure || err == ERR_BUDGET || err == ERR_UNDECIDED || err == ERR_JSON;
        if (err != ERR_OK && !is_unsure)
            return err;
    }
    matcher->counts.unsure += is_unsure;
    *ret_end = is_unsure ? MATCHER_UNSURE : MATCHER_DONE;
    *ret_source = matcher->source;
    return ERR_OK;
}

enum err matcher_check(struct matcher *matcher, str json, bool *ret_is_sound)
{
    enum skim_end end;
    TRY(skim_read(matcher->skimmer, json, SKIM_STRICT, &end, &matcher->hits));
    *ret_is_sound = end == SKIM_DONE;
    return ERR_OK;
}
