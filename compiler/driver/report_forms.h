/* report_forms.h - the forms behind report.h, and what they share. */
#pragma once

#include "act/governor.h"
#include "driver/report.h"

/* One request of a step: as a plan would send it, or as the journal has it. */
struct request_view {
    const char *service;
    const char *operation;
    str region;
    str target;
    str body;
    bool is_change;
    bool is_replayed; /* it was made before, by a process that was cut off */
};

/* The requests of a step in order, in `arena`. ERR_MEMORY, ERR_STORE. */
MUST_CHECK enum err step_requests(const struct reporter *reporter, const struct step_view *step,
    struct arena *arena, struct request_view **ret_requests, size_t *ret_count);

/* Why it is in that state, or what came of it; may be NULL. */
const char *step_reason(enum run_mode mode, const struct step_outcome *outcome);

/* The hold that a step of the journal waits for, in `arena`. ERR_NOT_FOUND: none, as in a plan. */
MUST_CHECK enum err step_hold(const struct reporter *reporter, const struct step_outcome *outcome,
    struct arena *arena, struct hold *ret_hold);

/* " in eu-west-1" of a request, in `arena`; "" where it has none, and of services that are one for all
 * regions: there it would tell something that is not so. */
const char *region_words(str service, str region, struct arena *arena);

/* Read one `key=value` of a form body off *rest, decoded into `arena`; false at its end
 * or when the arena is full. */
bool form_next(str *rest, struct arena *arena, str *ret_key, str *ret_value);

/* A kind and a name for what the step found to act on: "role/web" is role and web. The
 * kind is empty when there is nothing to tell. */
void target_split(str target, str *ret_kind, str *ret_name);

/* A request's body as an object: JSON as it is, a form decoded. NULL when out of memory. */
json_t *json_from_body(str body);

/* The forms of one JSON line: each adds to the alert that report_alert began. */
void json_alert(struct reporter *reporter);
void json_undecided(struct reporter *reporter, const struct rule_code *rule);
void json_not_run(struct reporter *reporter, const struct rule_code *rule);
void json_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse);
void json_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run);
void json_step(struct reporter *reporter, const struct step_view *step);
void json_note(struct reporter *reporter, const char *key, const char *text);
void json_undo(struct reporter *reporter, const struct run *run);
/* Write the object that was built. */
MUST_CHECK enum err json_end(struct reporter *reporter);

/* The forms of the log. */
void log_step(struct reporter *reporter, const struct step_view *step);
void log_note(struct reporter *reporter, const char *key, const char *text);

/* The forms of the story: each writes what a person reads at that point. */
void text_undecided(struct reporter *reporter, const struct rule_code *rule, const char *reason);
void text_not_run(struct reporter *reporter, const struct rule_code *rule);
void text_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse);
void text_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run);
void text_step(struct reporter *reporter, const struct step_view *step);
void text_note(struct reporter *reporter, const char *text);
/* Parameters of a request's body that say something beyond which request it is, a line each. */
void text_parameters(struct output *out, size_t indent, str body);
void text_undo(struct reporter *reporter, const struct run *run);
void text_end(struct reporter *reporter, const struct totals *totals);
