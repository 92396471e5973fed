/* needs_report.h - needs in words and as JSON: which rule and step needs what, and on what. */
#pragma once

#include "driver/command.h"
#include "driver/policy.h"

/* "compromised: stop_instance (rules/aws.cdr:12)" for each user, in `out`. */
void needs_text(
    struct output *out, const struct compilation *compilation, const struct needs *needs);
/* "compromised: stop_instance (rules/aws.cdr:12)", on the line that is begun. */
void needs_add_user(
    struct output *out, const struct compilation *compilation, const struct need_user *user);
/* A line for each step of each rule, in their order: how much it needs. ERR_MEMORY. */
MUST_CHECK enum err needs_summary(
    struct output *out, struct compilation *compilation, const struct needs *needs);
/* An array of {permission, phase, rules}; of AWS with {identity, resources, conditions}, else with the
 * words of the console {name, access}. NULL when out of memory. */
json_t *needs_json(const struct compilation *compilation, const struct needs *needs,
    const struct policy_words *words, str provider);

/* What a person should know of a policy, as an array of sentences: that it does not fit, that it
 * lets its holder change others. NULL when out of memory. */
json_t *needs_warnings(const struct needs *needs, size_t characters);
