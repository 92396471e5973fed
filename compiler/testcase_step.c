/* testcase_step.c - the steps of a test: what it says of their results, and how they ended. */
#include "testcase_pass.h"

#include "base/limits.h"

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
struct step_result testcase_given_result(
    const struct testcase *testcase, const struct step_code *code)
{
    const struct testcase_given *given =
        code->name.len == 0 ? NULL : find_given(testcase, code->name);
    if (given == NULL)
        given = find_given(testcase, str_from(code->builtin->name));
    return given == NULL ? plain_result(false) : given->result;
}

/* ---- steps ---- */

/* The step of the run that was kept before, or room for it. */
static struct testcase_step *find_step(
    struct testcase *testcase, const struct testcase_run *run, uint32_t index)
{
    /* A run that never waited has no step that was kept before. */
    bool is_fresh = run->json.ptr == NULL && !run->is_held;
    struct testcase_step *step = is_fresh ? NULL : testcase->first_step;
    while (step != NULL && (step->run != run->id || step->index != index))
        step = step->next;
    if (step != NULL)
        return step;
    step = ARENA_NEW(testcase->arena, struct testcase_step);
    if (step == NULL)
        return NULL;
    *step = (struct testcase_step){ .rule = run->rule, .run = run->id, .index = index };
    if (testcase->last_step == NULL)
        testcase->first_step = step;
    else
        testcase->last_step->next = step;
    testcase->last_step = step;
    return step;
}

/* What rules see of a step that ended so. */
static struct step_result result_of_outcome(const struct step_outcome *outcome)
{
    bool is_partial = outcome->turn == STEP_PARTIAL;
    struct step_result result = plain_result(outcome->turn != STEP_DONE);
    result.members[RESULT_PARTIAL] = value_bool(is_partial);
    result.members[RESULT_FAILED] = value_bool(outcome->turn != STEP_DONE && !is_partial);
    if (outcome->results.verdict.kind == VALUE_VERDICT)
        result.members[RESULT_VERDICT] = outcome->results.verdict;
    result.members[RESULT_URL] = outcome->results.url;
    result.members[RESULT_SHA256] = outcome->results.sha256;
    return result;
}

enum err testcase_keep_step(struct testcase *testcase, const struct testcase_run *run,
    const struct run_step *told, struct step_result *ret_result)
{
    const struct step_outcome *outcome = &told->outcome;
    struct testcase_step *step = find_step(testcase, run, told->index);
    if (step == NULL)
        return ERR_MEMORY;
    *ret_result = result_of_outcome(outcome);
    if (step->code != NULL && step->turn == outcome->turn && !step->is_behind) /* as it was */
        return ERR_OK;
    step->is_behind = false;
    step->code = told->code;
    step->turn = outcome->turn;
    step->is_joined = outcome->judgement != NULL && outcome->judgement->ruling == RULING_JOINED;
    step->result = *ret_result;
    step->reason = arena_copy(testcase->arena, str_from(outcome->reason)).ptr;
    if (step->reason == NULL)
        return ERR_MEMORY;
    TRY(copy_values(testcase->arena, step->result.members, RESULT_MEMBERS, &step->args));
    memcpy(step->result.members, step->args, sizeof step->result.members);
    return copy_values(
        testcase->arena, told->args, builtin_param_count(told->code->builtin), &step->args);
}

/* ---- what waits behind a step that waits ---- */

/* The stepper that looks at them. */
struct look {
    struct stepper stepper; /* first: the machine hands it back */
    struct testcase *testcase;
    const struct testcase_run *run;
    const struct event *event;
    struct arena *arena;
    struct kept_result *newest;
    uint32_t begun;
    bool is_behind; /* the step that waits is passed */
};

static enum err keep_behind(
    struct look *look, const struct step_code *code, const value *args, struct run_step *step)
{
    str found;
    const char *reason = NULL;
    value *bound = ARENA_ARRAY(look->arena, value, STEP_PARAMS_MAX);
    if (bound == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < code->args_count && i < STEP_PARAMS_MAX; i++)
        bound[i] = args[i];
    step->args = bound;
    step->outcome = (struct step_outcome){ .turn = STEP_HELD,
        .reason = "the step before it waits for a person" };
    enum err err =
        args_bind(code->builtin, code->given, look->event, bound, look->arena, &found, &reason);
    if (err == ERR_NOT_FOUND)
        step->outcome = (struct step_outcome){ .turn = STEP_UNRESOLVED, .reason = reason };
    else
        TRY(err);
    struct step_result result;
    TRY(testcase_keep_step(look->testcase, look->run, step, &result));
    find_step(look->testcase, look->run, step->index)->is_behind = true;
    return ERR_OK;
}

static enum err look_step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct look *look = (struct look *)(void *)stepper;
    const struct step_code *code = &look->testcase->program->steps[index];
    struct run_step step = { .index = look->begun++, .code = code };
    if (look->is_behind)
        TRY(keep_behind(look, code, args, &step));
    const struct testcase_step *kept = find_step(look->testcase, look->run, step.index);
    if (kept == NULL)
        return ERR_MEMORY;
    look->is_behind |= kept->turn == STEP_HELD;
    *ret_result =
        kept->turn == STEP_HELD ? testcase_given_result(look->testcase, code) : kept->result;
    struct kept_result *newest = ARENA_NEW(look->arena, struct kept_result);
    if (newest == NULL)
        return ERR_MEMORY;
    *newest = (struct kept_result){ .older = look->newest, .step = index, .result = *ret_result };
    look->newest = newest;
    return ERR_OK;
}

enum err testcase_look_behind(struct testcase *testcase, const struct testcase_run *run,
    const struct event *event, struct arena *arena, struct kept_result **ret_newest)
{
    const struct rule_code *rule = &testcase->program->rules[run->rule];
    struct look look = { .stepper = { .run = look_step },
        .testcase = testcase,
        .run = run,
        .event = event,
        .arena = arena };
    TRY(interp_steps(testcase->program, rule->steps, event, arena, &look.stepper));
    *ret_newest = look.newest;
    return ERR_OK;
}

void testcase_forget_behind(struct testcase *testcase, const struct testcase_run *run)
{
    for (struct testcase_step *step = testcase->first_step; step != NULL; step = step->next)
        if (step->run == run->id && step->is_behind)
            step->code = NULL;
}
