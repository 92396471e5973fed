/* report_json.c - one JSON object a line: language.md section 9. */
#include "decide.h"
#include "driver/hold_words.h"
#include "driver/json_out.h"
#include "driver/report_forms.h"
#include "driver/step_needs.h"
#include "rest/rest.h"

void json_alert(struct reporter *reporter)
{
    const struct event *event = reporter->event;
    value severity = event->fields[FIELD_SEVERITY];
    json_t *alert = json_object();
    json_put(&alert, "alert", json_from_str(reporter->name));
    json_put(&alert, "source", event->source.len == 0 ? json_null() : json_from_str(event->source));
    json_put(&alert, "severity",
        severity.kind == VALUE_SEVERITY
            ? json_from_text(severity_name((enum severity)severity.integer))
            : json_null());
    json_put(&alert, "matched", json_array());
    if (event->repairs > 0)
        json_put(&alert, "repairs", json_integer(event->repairs));
    reporter->alert = alert;
    reporter->matched = json_object_get(alert, "matched");
    reporter->has_failed = alert == NULL;
}

/* The array `key` of the current alert, made when it is first asked for; borrowed. */
static json_t *alert_array(struct reporter *reporter, const char *key)
{
    if (json_object_get(reporter->alert, key) == NULL
        && json_object_set_new(reporter->alert, key, json_array()) != 0)
        reporter->has_failed = true;
    return json_object_get(reporter->alert, key);
}

void json_undecided(struct reporter *reporter, const struct rule_code *rule)
{
    json_t *rules = alert_array(reporter, "undecided");
    if (json_array_append_new(rules, json_from_str(rule->name)) != 0)
        reporter->has_failed = true;
}

void json_not_run(struct reporter *reporter, const struct rule_code *rule)
{
    json_t *entry = json_object();
    json_put(&entry, "rule", json_from_str(rule->name));
    json_put(&entry, "needs", json_from_str(rule->needs_state));
    if (json_array_append_new(alert_array(reporter, "not_run"), entry) != 0)
        reporter->has_failed = true;
}

void json_excused(
    struct reporter *reporter, const struct rule_code *rule, const struct excuse_code *excuse)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const char *name = excuse_name(excuse, &arena);
    json_t *rules = alert_array(reporter, "excused");
    json_t *entry = name == NULL ? NULL : json_object();
    json_put(&entry, "rule", json_from_str(rule->name));
    json_put(&entry, "excused", json_from_text(name == NULL ? "" : name));
    json_put(
        &entry, "reason", excuse->reason.len == 0 ? json_null() : json_from_str(excuse->reason));
    json_put(&entry, "file", json_from_str(excuse->file));
    json_put(&entry, "line", json_integer(excuse->line));
    if (json_array_append_new(rules, entry) != 0)
        reporter->has_failed = true;
}

void json_rule(struct reporter *reporter, const struct rule_code *rule, int64_t run)
{
    json_t *entry = json_object();
    json_put(&entry, "rule", json_from_str(rule->name));
    if (run != 0)
        json_put(&entry, "run", json_integer(run));
    json_put(&entry, "steps", json_array());
    reporter->entry = entry;
    if (json_array_append_new(reporter->matched, entry) != 0) {
        reporter->entry = NULL;
        reporter->has_failed = true;
    }
}

void json_note(struct reporter *reporter, const char *key, const char *text)
{
    if (json_object_set_new(reporter->entry, key, json_from_text(text)) != 0)
        reporter->has_failed = true;
}

/* Whether a member of the object is that text. */
static bool is_member(json_t *object, str text)
{
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
    {
        str value_text = { json_string_value(member), json_string_length(member) };
        if (json_is_string(member) && str_equal(value_text, text))
            return true;
    }
    return false;
}

static json_t *json_from_target(const struct step_view *step)
{
    json_t *target = json_object();
    for (uint32_t i = 0; i < builtin_param_count(step->row); i++) {
        const struct param *param = &step->row->params[i];
        bool selects = param->need == PARAM_TARGET || param->need == PARAM_SCOPE;
        if (selects && step->args[i].kind != VALUE_ABSENT)
            json_put(&target, param->name, json_from_value(step->args[i]));
    }
    str kind;
    str name;
    target_split(step->outcome->target, &kind, &name);
    char key[32];
    if (kind.len == 0 || kind.len >= sizeof key)
        return target;
    memcpy(key, kind.ptr, kind.len);
    key[kind.len] = '\0';
    /* What the alert named already is not told twice. */
    if (json_object_get(target, key) == NULL && !is_member(target, name))
        json_put(&target, key, json_from_str(name));
    return target;
}

/* Content that is no JSON is told by its size alone. */
static json_t *json_from_rest(const struct rest_request *request)
{
    json_t *json = json_object();
    json_put(&json, "method", json_from_str(request->method));
    json_put(&json, "path", json_from_str(request->path));
    if (request->query.len > 0)
        json_put(&json, "query", json_from_str(request->query));
    json_t *content = str_startswith(request->content, STR("{")) ? json_loadb(
                          request->content.ptr, request->content.len, JSON_REJECT_DUPLICATES, NULL)
                                                                 : NULL;
    if (content != NULL)
        json_put(&json, "content", content);
    else if (request->content.len > 0)
        json_put(&json, "content_bytes", json_integer((json_int_t)request->content.len));
    return json;
}

json_t *json_from_body(str body)
{
    json_t *json = NULL;
    if (str_startswith(body, STR("{")))
        json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json != NULL)
        return json;
    if (str_startswith(body, STR("{"))) /* lines of JSON: evidence that is put somewhere */
        return json_pack("{s:I}", "body_bytes", (json_int_t)body.len);
    struct rest_request request;
    if (rest_read(body, &request))
        return json_from_rest(&request);
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    json_t *parameters = json_object();
    str key;
    str text;
    for (str rest = body; form_next(&rest, &arena, &key, &text);)
        json_put(&parameters, key.ptr, json_from_str(text));
    return parameters;
}

static json_t *json_from_request(const struct request_view *request)
{
    json_t *json = json_object();
    json_put(&json, "service", json_from_text(request->service));
    json_put(&json, "operation", json_from_text(request->operation));
    json_put(&json, "region", json_from_str(request->region));
    json_put(&json, "target", json_from_str(request->target));
    json_put(&json, "parameters", json_from_body(request->body));
    json_put(&json, "effect", json_from_text(request->is_change ? "changes" : "reads"));
    if (request->is_replayed)
        json_put(&json, "before", json_true());
    return json;
}

static json_t *json_from_requests(const struct reporter *reporter, const struct step_view *step)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct request_view *requests = NULL;
    size_t count = 0;
    if (step_requests(reporter, step, &arena, &requests, &count) != ERR_OK)
        return NULL;
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_append(&array, json_from_request(&requests[i]));
    return array;
}

static json_t *json_from_needed(const struct step_view *step, const char *const *permissions)
{
    json_t *all = json_array();
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && permissions[i] != NULL; i++)
        if (step_needs(step, permissions[i]))
            json_append(&all, json_from_text(permissions[i]));
    return all;
}

static json_t *json_from_permissions(const struct step_view *step)
{
    json_t *json = json_object();
    json_put(&json, "apply", json_from_needed(step, step->row->permissions.apply));
    json_put(&json, "undo", json_from_needed(step, step->row->permissions.undo));
    return json;
}

static void put_results(json_t **json, const struct step_values *results)
{
    if (results->verdict.kind != VALUE_ABSENT)
        json_put(json, "verdict", json_from_value(results->verdict));
    if (results->url.kind != VALUE_ABSENT)
        json_put(json, "url", json_from_value(results->url));
    if (results->sha256.kind != VALUE_ABSENT)
        json_put(json, "sha256", json_from_value(results->sha256));
}

static void put_condition(json_t **json, const struct step_condition *condition)
{
    json_put(json, condition->is_else ? "else" : "if", json_from_str(condition->text));
}

/* The `if` that the step is in, and those around it from the inside out. */
static void put_conditions(json_t **json, const struct step_condition *condition)
{
    if (condition == NULL)
        return;
    put_condition(json, condition);
    if (condition->outer == NULL)
        return;
    json_t *within = json_array();
    for (const struct step_condition *at = condition->outer; at != NULL; at = at->outer) {
        json_t *one = json_object();
        put_condition(&one, at);
        json_append(&within, one);
    }
    json_put(json, "within", within);
}

/* The run is null in a plan. */
static json_t *json_from_joined(const struct judgement *judgement)
{
    if (judgement == NULL || judgement->ruling != RULING_JOINED)
        return json_null();
    json_t *json = json_object();
    json_put(&json, "run",
        judgement->joined.run <= 0 ? json_null() : json_integer(judgement->joined.run));
    json_put(&json, "step", json_integer(judgement->joined.index));
    return json;
}

/* What the step waits for; in a plan, what it would wait for. */
static json_t *json_from_hold(const struct reporter *reporter, const struct step_outcome *outcome)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(STEP_BYTES_MAX);
    struct hold hold;
    enum err err = step_hold(reporter, outcome, &arena, &hold);
    if (err != ERR_NOT_FOUND)
        return err == ERR_OK ? hold_json(&hold) : NULL;
    bool is_planned = outcome->judgement != NULL && outcome->judgement->ruling == RULING_HELD;
    return is_planned ? judgement_json(outcome->judgement) : json_null();
}

/* What the governor said. */
static void put_ruling(
    json_t **json, const struct reporter *reporter, const struct step_outcome *outcome)
{
    const struct judgement *judgement = outcome->judgement;
    bool has_clause = judgement != NULL && judgement->clause.len > 0;
    json_put(json, "ruling",
        judgement == NULL ? json_null() : json_from_text(ruling_name(judgement->ruling)));
    json_put(json, "clause", has_clause ? json_from_str(judgement->clause) : json_null());
    json_put(json, "plan_hash", json_or_null(outcome->plan_hash));
    json_put(json, "joined", json_from_joined(judgement));
    json_put(json, "hold", json_from_hold(reporter, outcome));
}

void json_step(struct reporter *reporter, const struct step_view *step)
{
    const struct step_outcome *outcome = step->outcome;
    const struct step_code *code = step->code;
    const char *reason = step_reason(reporter->mode, outcome);
    str would = step_would(reporter->mode, outcome);
    json_t *json = json_object();
    json_put(&json, "step", json_from_text(verb_name(step->row->verb)));
    json_put(&json, "name", json_from_text(step->row->name));
    if (code != NULL && code->name.len > 0)
        json_put(&json, "as", json_from_str(code->name));
    json_put(&json, "target", json_from_target(step));
    json_put(&json, "state", json_from_text(step_state(reporter->mode, outcome)));
    json_put(&json, "requests", json_from_requests(reporter, step));
    if (outcome->found.len > 0)
        json_put(&json, "found", json_from_str(outcome->found));
    if (reason != NULL && reason[0] != '\0')
        json_put(&json, "reason", json_from_text(reason));
    if (would.len > 0)
        json_put(&json, "would", json_from_str(would));
    put_ruling(&json, reporter, outcome);
    put_results(&json, &outcome->results);
    json_put(&json, "permissions", json_from_permissions(step));
    if (code != NULL)
        put_conditions(&json, code->condition);
    /* Not of the rule's steps: what was looked for on their behalf. */
    bool is_lookup = step->row->verb == VERB_FIND;
    json_t *steps = json_object_get(reporter->entry, is_lookup ? "lookups" : "steps");
    if (steps == NULL && is_lookup) {
        steps = json_array();
        json_put(&reporter->entry, "lookups", steps);
    }
    if (json_array_append_new(steps, json) != 0)
        reporter->has_failed = true;
}

void json_undo(struct reporter *reporter, const struct run *run)
{
    json_t *json = json_object();
    json_put(&json, "undoes", json_integer(run->id));
    json_put(&json, "alert", json_from_str(run->alert));
    json_put(&json, "rule", json_from_str(run->rule));
    json_put(&json, "steps", json_array());
    reporter->alert = json;
    reporter->entry = json;
    reporter->has_failed = json == NULL;
}

enum err json_end(struct reporter *reporter)
{
    enum err err =
        reporter->has_failed ? ERR_MEMORY : json_add_line(&reporter->out->buf, reporter->alert);
    json_decref(reporter->alert);
    reporter->alert = NULL;
    reporter->entry = NULL;
    return err;
}
