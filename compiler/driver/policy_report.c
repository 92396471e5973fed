/* policy_report.c - see policy_report.h. */
#include "driver/policy_report.h"

#include "driver/json_out.h"

/* What was found of one need. */
static json_t *finding_json(
    const struct compilation *compilation, const struct need *need, const char *reason)
{
    json_t *rules = json_array();
    for (const struct need_user *user = need->users; user != NULL; user = user->next) {
        const struct source *source = &compilation->sources.items[need_user_at(user).file];
        json_t *rule = json_object();
        json_put(&rule, "rule", json_from_str(need_user_name(user)));
        json_put(&rule, "step", json_from_str(need_step_name(user)));
        json_put(&rule, "file", json_from_str(source->file));
        json_put(&rule, "line", json_integer(source_place(source, need_user_at(user).start).line));
        json_append(&rules, rule);
    }
    json_t *json = json_object();
    json_put(&json, "permission", json_from_text(need->permission));
    json_put(&json, "phase", json_from_text(need->is_undo ? "undo" : "apply"));
    json_put(&json, "resource", json_from_text(need->type == NULL ? "*" : need->type->type));
    json_put(&json, "reason", json_from_text(reason));
    json_put(&json, "rules", rules);
    return json;
}

static void print_findings(struct output *out, const char *title, const json_t *findings)
{
    for (size_t at = 0; at < json_array_size(findings); at++) {
        const json_t *one = json_array_get(findings, at);
        output_addf(out, "%s ", title);
        output_text(out, str_from(json_string_value(json_object_get(one, "permission"))));
        output_addf(out, " (%s, on %s): ", json_string_value(json_object_get(one, "phase")),
            json_string_value(json_object_get(one, "resource")));
        output_text(out, str_from(json_string_value(json_object_get(one, "reason"))));
        output_add(out, STR("\n"));
        const json_t *rules = json_object_get(one, "rules");
        for (size_t i = 0; i < json_array_size(rules); i++) {
            const json_t *rule = json_array_get(rules, i);
            output_add(out, STR("    "));
            output_text(out, str_from(json_string_value(json_object_get(rule, "rule"))));
            output_add(out, STR(": "));
            output_text(out, str_from(json_string_value(json_object_get(rule, "step"))));
            output_add(out, STR("\n"));
        }
    }
}

static void print(struct output *out, const json_t *report)
{
    const json_t *excess = json_object_get(report, "excess");
    print_findings(out, "missing", json_object_get(report, "missing"));
    print_findings(out, "unclear", json_object_get(report, "unclear"));
    for (size_t at = 0; at < json_array_size(excess); at++) {
        output_add(out, STR("excess "));
        output_text(out, str_from(json_string_value(json_array_get(excess, at))));
        output_add(out, STR("\n"));
    }
    output_addf(out, "%zu missing, %zu unclear, %zu in excess\n",
        json_array_size(json_object_get(report, "missing")),
        json_array_size(json_object_get(report, "unclear")), json_array_size(excess));
}

static enum policy_level worst_of(const json_t *report)
{
    if (json_array_size(json_object_get(report, "missing")) > 0)
        return POLICY_LEVEL_MISSING;
    if (json_array_size(json_object_get(report, "unclear")) > 0)
        return POLICY_LEVEL_UNCLEAR;
    return json_array_size(json_object_get(report, "excess")) > 0 ? POLICY_LEVEL_EXCESS
                                                                  : POLICY_LEVEL_NOTHING;
}

enum err policy_report(struct output *out, const struct compilation *compilation,
    const struct needs *needs, const struct policy_words *words, const json_t *policy, bool as_json,
    struct arena *arena, enum policy_level *ret_worst)
{
    json_t *missing = json_array();
    json_t *unclear = json_array();
    enum err err = ERR_OK;
    for (const struct need *need = needs->first; need != NULL && err == ERR_OK; need = need->next) {
        enum permitted permitted = PERMITTED;
        const char *reason = NULL;
        if (need->action != NULL)
            err = policy_permits(policy, need, words, arena, &permitted, &reason);
        if (err == ERR_OK && permitted != PERMITTED)
            json_append(permitted == PERMITTED_NOT ? &missing : &unclear,
                finding_json(compilation, need, reason));
    }
    json_t *report = json_object();
    json_put(&report, "missing", missing);
    json_put(&report, "unclear", unclear);
    json_put(&report, "excess", policy_excess(policy, needs, arena));
    if (err == ERR_OK && report == NULL)
        err = ERR_MEMORY;
    if (err == ERR_OK && as_json)
        err = json_add_line(&out->buf, report);
    else if (err == ERR_OK)
        print(out, report);
    *ret_worst = worst_of(report);
    json_decref(report);
    return err;
}
