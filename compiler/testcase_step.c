/* testcase_step.c - the steps of a test: bound to the alert as in a run, sent nowhere. */
#include "testcase_pass.h"

#include "act/run.h"
#include "base/limits.h"
#include "invariant.h"

/* The stepper that the machine calls. */
struct trial {
    struct stepper stepper; /* first: the machine hands it back */
    struct testcase *testcase;
    struct testcase_firing firing;
    struct kept_result *newest;
};

/* ---- copies that outlive the alert ---- */

/* Lists of lists do not come out of alerts, so one level is enough. */
static enum err copy_scalar(struct arena *arena, value v, value *ret_value)
{
    *ret_value = v;
    if (v.kind == VALUE_TEXT) {
        str text = arena_copy(arena, value_str(v));
        *ret_value = value_text(text);
        return text.ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    if (v.kind == VALUE_IP || v.kind == VALUE_CIDR) {
        struct ip *ip = ARENA_NEW(arena, struct ip);
        if (ip == NULL)
            return ERR_MEMORY;
        *ip = *v.ip;
        ret_value->ip = ip;
    }
    return ERR_OK;
}

static enum err copy_value(struct arena *arena, value v, value *ret_value)
{
    const value *items = value_items(v);
    if (items == NULL)
        return copy_scalar(arena, v, ret_value);
    value *copies = ARENA_ARRAY(arena, value, (size_t)v.count + 1);
    if (copies == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < v.count; i++)
        TRY(copy_scalar(arena, items[i], &copies[i]));
    *ret_value = value_list(copies, v.count);
    return ERR_OK;
}

static enum err copy_values(
    struct arena *arena, const value *values, uint32_t count, const value **ret_values)
{
    value *copies = ARENA_ARRAY(arena, value, (size_t)count + 1);
    if (copies == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        TRY(copy_value(arena, values[i], &copies[i]));
    *ret_values = copies;
    return ERR_OK;
}

/* ---- results ---- */

static value verdict_value(enum verdict verdict)
{
    return (value){ .kind = VALUE_VERDICT, .integer = verdict };
}

/* A step that ends well says nothing of its own about the evidence. */
static struct step_result plain_result(bool has_failed)
{
    return (struct step_result){
        .members = {
            [RESULT_COMPLETE] = value_bool(!has_failed),
            [RESULT_PARTIAL] = value_bool(false),
            [RESULT_FAILED] = value_bool(has_failed),
            [RESULT_VERDICT] = verdict_value(VERDICT_UNKNOWN),
        },
        .has_failed = has_failed,
    };
}

static const struct ast_json *find_member(const struct ast_json *object, enum result_member member)
{
    const struct ast_json *json = object->children;
    while (json != NULL && !str_is(json->key, result_member_name(member)))
        json = json->next;
    return json;
}

static bool says(const struct ast_json *object, enum result_member member, bool boolean)
{
    const struct ast_json *json = find_member(object, member);
    return json != NULL && json->boolean == boolean;
}

/* Which end the object names, if only by denying the other two. */
static enum result_member end_of(const struct ast_json *object)
{
    bool not_complete = says(object, RESULT_COMPLETE, false);
    if (says(object, RESULT_FAILED, true) || (not_complete && says(object, RESULT_PARTIAL, false)))
        return RESULT_FAILED;
    if (says(object, RESULT_PARTIAL, true) || (not_complete && says(object, RESULT_FAILED, false)))
        return RESULT_PARTIAL;
    return RESULT_COMPLETE;
}

/* A partial collection never counts as clean, whatever the test says. */
static struct step_result result_of(const struct ast_json *object)
{
    enum result_member end = end_of(object);
    enum verdict verdict = VERDICT_UNKNOWN;
    struct step_result result = plain_result(end != RESULT_COMPLETE);
    const struct ast_json *said = find_member(object, RESULT_VERDICT);
    const struct ast_json *url = find_member(object, RESULT_URL);
    const struct ast_json *sha256 = find_member(object, RESULT_SHA256);
    if (said != NULL && !verdict_find(said->text, &verdict))
        verdict = VERDICT_UNKNOWN;
    if (verdict == VERDICT_CLEAN && end != RESULT_COMPLETE)
        verdict = VERDICT_UNKNOWN;
    result.members[RESULT_PARTIAL] = value_bool(end == RESULT_PARTIAL);
    result.members[RESULT_FAILED] = value_bool(end == RESULT_FAILED);
    result.members[RESULT_VERDICT] = verdict_value(verdict);
    if (url != NULL)
        result.members[RESULT_URL] = value_text(url->text);
    if (sha256 != NULL)
        result.members[RESULT_SHA256] = value_text(sha256->text);
    return result;
}

enum err testcase_result(struct testcase *testcase, const struct ast_check *result)
{
    struct testcase_given *given = ARENA_NEW(testcase->arena, struct testcase_given);
    if (given == NULL)
        return ERR_MEMORY;
    *given = (struct testcase_given){ .older = testcase->given,
        .name = result->result.step,
        .result = result_of(result->result.object) };
    testcase->given = given;
    return ERR_OK;
}

static const struct testcase_given *find_given(const struct testcase *testcase, str name)
{
    const struct testcase_given *given = testcase->given;
    while (given != NULL && !str_equal(given->name, name))
        given = given->older;
    return given;
}

/* What stands after `as` is nearer to the step than its name. */
static struct step_result given_result(
    const struct testcase *testcase, const struct step_code *code)
{
    const struct testcase_given *given =
        code->name.len == 0 ? NULL : find_given(testcase, code->name);
    if (given == NULL)
        given = find_given(testcase, str_from(code->builtin->name));
    return given == NULL ? plain_result(false) : given->result;
}

/* ---- steps ---- */

static enum err keep_step(struct trial *trial, const struct step_code *code, const value *args,
    const char *unresolved, const struct step_result *result)
{
    struct testcase *testcase = trial->testcase;
    struct testcase_step *step = ARENA_NEW(testcase->arena, struct testcase_step);
    if (step == NULL)
        return ERR_MEMORY;
    *step = (struct testcase_step){ .code = code, .rule = trial->firing.rule, .result = *result };
    if (unresolved == NULL && code->builtin->verb == VERB_RESPOND)
        step->doubt = trial->firing.doubt;
    TRY(copy_values(testcase->arena, args, builtin_param_count(code->builtin), &step->args));
    if (unresolved != NULL) {
        step->unresolved = arena_copy(testcase->arena, str_from(unresolved)).ptr;
        if (step->unresolved == NULL)
            return ERR_MEMORY;
    }
    if (testcase->last_step == NULL)
        testcase->first_step = step;
    else
        testcase->last_step->next = step;
    testcase->last_step = step;
    if (unresolved == NULL && code->builtin->verb == VERB_RESPOND)
        testcase->responded[trial->firing.rule]++;
    return ERR_OK;
}

/* So that whoever watches can ask what an `if` between the steps came to. */
static enum err show_result(struct trial *trial, uint32_t index, const struct step_result *result)
{
    struct kept_result *kept = ARENA_NEW(&trial->testcase->pending.arena, struct kept_result);
    if (kept == NULL)
        return ERR_MEMORY;
    *kept = (struct kept_result){ .older = trial->newest, .step = index, .result = *result };
    trial->newest = kept;
    return ERR_OK;
}

static enum err trial_step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct trial *trial = (struct trial *)stepper;
    struct testcase *testcase = trial->testcase;
    const struct step_code *code = &testcase->program->steps[index];
    value bound[STEP_PARAMS_MAX] = { VALUE_NONE };
    str found;
    const char *reason = NULL;
    for (uint32_t i = 0; i < code->args_count && i < STEP_PARAMS_MAX; i++)
        bound[i] = args[i];
    enum err err = args_bind(code->builtin, code->given, &testcase->pending.event, bound,
        &testcase->pending.arena, &found, &reason);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    *ret_result = err == ERR_NOT_FOUND ? plain_result(true) : given_result(testcase, code);
    TRY(keep_step(trial, code, bound, err == ERR_NOT_FOUND ? reason : NULL, ret_result));
    return show_result(trial, index, ret_result);
}

/* ---- what the set says of its rules ---- */

/* What of the set may hold the steps of a rule back for an alert. */
struct testcase_bound {
    const char *name; /* "never target"; static. NULL: nothing */
    span at;
};

/* Whether the alert meets the condition of what stands at `at`. What cannot be decided may be
 * met; what the alert does not tell is not: a test says what there is to say. */
static bool is_met(struct testcase *testcase, span at)
{
    const struct program *program = testcase->program;
    struct testcase_pending *pending = &testcase->pending;
    value met;
    for (uint32_t i = 0; i < program->guard_count; i++) {
        const struct guard_code *code = &program->guards[i];
        if (code->text_index != at.file || code->at != at.start)
            continue;
        if (code->certain == NO_INDEX)
            return true;
        enum err err = interp_value(program, code->certain, &pending->event, &pending->arena, &met);
        return err != ERR_OK || (met.kind == VALUE_BOOL && met.boolean);
    }
    return true; /* without a condition it is about every alert */
}

static struct testcase_bound bound_of(struct testcase *testcase, const struct item *rule)
{
    const struct compilation *compilation = testcase->tester->compilation;
    const struct item *defaults = rule->rule.defaults;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (invariant_concerns(item, rule) && is_met(testcase, item->at))
                return (struct testcase_bound){ invariant_name(item), item->at };
    for (const struct clause *clause = defaults == NULL ? NULL : defaults->defaults.clauses;
         clause != NULL && steps_have_target(rule->rule.steps); clause = clause->next)
        if (clause->kind == CLAUSE_NEVER_TARGET && is_met(testcase, clause->at))
            return (struct testcase_bound){ "never target", clause->at };
    return (struct testcase_bound){ .name = NULL };
}

/* What `never` and `always` make of a step is decided with what the provider shows, and a test has
 * none. ERR_MEMORY. */
static enum err look_at_bound(struct testcase *testcase, uint32_t rule)
{
    struct testcase_bound bound = bound_of(testcase, testcase->tester->rule_items[rule]);
    if (bound.name == NULL)
        return ERR_OK;
    const struct source *source = &testcase->tester->compilation->sources.items[bound.at.file];
    const char *reason = arena_format(testcase->arena,
        "the steps of rule %.*s may be held or refused by the `%s` of %.*s:%u, as the provider "
        "shows "
        "the target",
        STR_ARG(testcase->program->rules[rule].name), bound.name, STR_ARG(source->file),
        source_place(source, bound.at.start).line);
    testcase->unknown[rule] = (struct testcase_unknown){ reason, testcase->alert->at, true };
    return reason == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err run_rule(struct testcase *testcase, struct testcase_firing firing)
{
    struct trial trial = {
        .stepper = { .run = trial_step }, .testcase = testcase, .firing = firing
    };
    struct testcase_pending *pending = &testcase->pending;
    struct testcase_watcher *watcher = testcase->tester->watcher;
    const struct rule_code *code = &testcase->program->rules[firing.rule];
    TRY(look_at_bound(testcase, firing.rule));
    if (testcase->unknown[firing.rule].reason != NULL)
        return ERR_OK;
    enum err err = interp_steps(
        testcase->program, code->steps, &pending->event, &pending->arena, &trial.stepper);
    bool is_large = err == ERR_MEMORY && pending->arena.is_full;
    if (err == ERR_UNDECIDED || err == ERR_BUDGET || is_large)
        return testcase_end(testcase, TESTCASE_FAILED, testcase->alert->at,
            "the steps of rule %.*s cannot be worked out: %s", STR_ARG(code->name), err_text(err));
    TRY(err);
    return watcher == NULL || watcher->stepped == NULL
               ? ERR_OK
               : watcher->stepped(watcher, firing.rule, &pending->event, trial.newest);
}

enum err testcase_steps(struct testcase *testcase)
{
    uint32_t count = testcase->pending.count;
    testcase->pending.count = 0;
    for (uint32_t i = 0; i < count && !testcase_is_over(testcase); i++)
        TRY(run_rule(testcase, testcase->pending.firings[i]));
    return ERR_OK;
}
