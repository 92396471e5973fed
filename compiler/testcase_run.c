/* testcase_run.c - the runs of a test: executor, governor and journal are the real ones, the
 * journal in memory, the clock the test's.
 *
 * In the place of each builtin stands a stand-in with its name, parameters and effect. It asks
 * what the test says of the step (`result`), changes something where the builtin would, and ends
 * like that. The world that it asks is `answer`; nothing leaves the process.
 */
#include "testcase_pass.h"

#include "act/timers.h"
#include "base/limits.h"
#include "store/dedup.h"
#include "value_json.h"

#include <jansson.h>
#include <stddef.h>

/* A builtin of one step of the program. Each has a connection of its own (its provider's name
 * lies here), so that the world knows which step asks. */
struct stand_in {
    struct builtin row;
    const struct step_code *code;
    char provider[NAME_BYTES_MAX];
};

/* What the stand-in knows once it asked. */
struct stand_in_state {
    enum step_turn end;
    enum verdict verdict;
};

/* ---- the stand-in ---- */

static void read_facts(struct step *step, const json_t *facts)
{
    const char *name;
    json_t *text;
    json_object_foreach((json_t *)(uintptr_t)facts, name, text)
    {
        str copy = arena_copy(step->arena, str_from(json_string_value(text)));
        enum field field = field_find(str_from(name));
        if (copy.ptr != NULL && field < FIELD_COUNT)
            step_fact(step, field, copy);
    }
}

/* A text of the answer as a result of the step. */
static value read_text(struct step *step, const json_t *answer, const char *member)
{
    const char *text = json_string_value(json_object_get(answer, member));
    return text == NULL ? VALUE_NONE : value_text(arena_copy(step->arena, str_from(text)));
}

static enum step_turn finish(struct step *step)
{
    const struct stand_in_state *state = step->state;
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = state->verdict };
    return step_end(step, state->end, "as the test says");
}

/* The world has answered: say what is known, then act where the builtin would. */
static enum step_turn go_on(struct step *step, str body)
{
    struct stand_in_state *state = step->state;
    json_t *answer = json_loadb(body.ptr, body.len, 0, NULL);
    if (answer == NULL)
        return step_end(step, STEP_FAILED, "the test's answer cannot be read");
    const char *target = json_string_value(json_object_get(answer, "target"));
    state->end = (enum step_turn)json_integer_value(json_object_get(answer, "end"));
    state->verdict = (enum verdict)json_integer_value(json_object_get(answer, "verdict"));
    step->results.url = read_text(step, answer, "url");
    step->results.sha256 = read_text(step, answer, "sha256");
    step->target = arena_copy(step->arena, target == NULL ? STR("") : str_from(target));
    read_facts(step, json_object_get(answer, "facts"));
    bool changes = json_is_true(json_object_get(answer, "changes"));
    json_decref(answer);
    struct request request = { .service = "test", .operation = "act", .target = step->target };
    request.body = arena_copy(step->arena, STR("{}"));
    return changes ? step_change(step, request, (struct undo){ .builtin = NULL }) : finish(step);
}

static enum step_turn stand_in_next(struct step *step, const struct reply *reply)
{
    struct stand_in_state *state = step->state;
    if (reply == NULL) {
        struct request request = { .service = "test", .operation = "ask" };
        if (values_to_json(step->arena, step->args, STEP_PARAMS_MAX, &request.body) != ERR_OK)
            request.body = (str){ NULL, 0 };
        return step_ask(step, request);
    }
    return state->end == STEP_ASK ? go_on(step, reply->body) : finish(step);
}
static_assert(STEP_ASK == 0, "a state of zeros has not asked yet");

enum err tester_stand_ins(struct tester *tester, const struct program *program)
{
    struct program *copy = ARENA_NEW(&tester->arena, struct program);
    struct step_code *steps =
        ARENA_ARRAY(&tester->arena, struct step_code, (size_t)program->step_count + 1);
    if (copy == NULL || steps == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < program->step_count; i++) {
        struct stand_in *stand_in = ARENA_NEW(&tester->arena, struct stand_in);
        if (stand_in == NULL)
            return ERR_MEMORY;
        const struct builtin *row = program->steps[i].builtin;
        snprintf(stand_in->provider, sizeof stand_in->provider, "%s",
            row->provider == NULL ? "" : row->provider);
        stand_in->row = *row;
        stand_in->row.provider = stand_in->provider;
        stand_in->row.missing = NULL;
        stand_in->row.ways = NULL;
        stand_in->row.next = stand_in_next;
        stand_in->row.state_bytes = sizeof(struct stand_in_state);
        memset(stand_in->row.shows, 0, sizeof stand_in->row.shows); /* no provider is asked */
        stand_in->code = &steps[i];
        steps[i] = program->steps[i];
        steps[i].builtin = &stand_in->row;
    }
    *copy = *program;
    copy->steps = steps;
    tester->program = copy;
    return ERR_OK;
}

/* ---- the world ---- */

/* Which field an argument of that type is about; FIELD_COUNT: none. */
static enum field field_of(enum type type, str text)
{
    static const struct {
        enum type type;
        enum field field;
    } fields[] = { { TYPE_INSTANCE, FIELD_INSTANCE_ID }, { TYPE_SECURITY_GROUP, FIELD_SG_ID },
        { TYPE_ACCESS_KEY, FIELD_ACCESS_KEY_ID }, { TYPE_HOST, FIELD_HOST_ID },
        { TYPE_USER, FIELD_USER_ID }, { TYPE_ACCOUNT, FIELD_CLOUD_ACCOUNT },
        { TYPE_REGION, FIELD_CLOUD_REGION } };
    if (type == TYPE_ROLE)
        return str_startswith(text, STR("arn:")) ? FIELD_ROLE_ARN : FIELD_ROLE_NAME;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (fields[i].type == type)
            return fields[i].field;
    return FIELD_COUNT;
}

/* Add what the arguments say of the target. */
static enum err add_target(
    const struct builtin *row, const value *args, struct arena *arena, json_t *answer)
{
    json_t *facts = json_object();
    bool has_target = false;
    if (json_object_set_new(answer, "facts", facts) != 0)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < builtin_param_count(row); i++) {
        const struct param *param = &row->params[i];
        bool selects = param->need == PARAM_TARGET || param->need == PARAM_SCOPE;
        str text = selects && args[i].kind != VALUE_ABSENT ? value_print(arena, args[i]) : STR("");
        enum field field = field_of(param->type, text);
        json_t *json = text.len == 0 ? NULL : json_stringn(text.ptr, text.len);
        if (json == NULL)
            continue;
        if (param->need == PARAM_TARGET && !has_target)
            has_target = json_object_set(answer, "target", json) == 0;
        if (field < FIELD_COUNT && json_object_set(facts, field_info(field)->name, json) != 0)
            has_target = false;
        json_decref(json);
    }
    return ERR_OK;
}

static enum step_turn end_of(const struct step_result *result)
{
    return result->members[RESULT_COMPLETE].boolean  ? STEP_DONE
           : result->members[RESULT_PARTIAL].boolean ? STEP_PARTIAL
                                                     : STEP_FAILED;
}

static enum err add_result(const struct step_result *result, json_t *answer)
{
    static const struct {
        enum result_member member;
        const char *name;
    } texts[] = { { RESULT_URL, "url" }, { RESULT_SHA256, "sha256" } };
    int64_t verdict = result->members[RESULT_VERDICT].integer;
    if (json_object_set_new(answer, "end", json_integer(end_of(result))) != 0
        || json_object_set_new(answer, "verdict", json_integer(verdict)) != 0)
        return ERR_MEMORY;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        value v = result->members[texts[i].member];
        if (v.kind == VALUE_TEXT
            && json_object_set_new(answer, texts[i].name, json_stringn(v.text, v.count)) != 0)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* What the step acts on, and how it ends. */
static enum err answer(struct testcase *testcase, const struct step_code *code, str arguments,
    struct arena *arena, str *ret_body)
{
    value args[STEP_PARAMS_MAX] = { VALUE_NONE };
    uint32_t count;
    struct step_result result = testcase_given_result(testcase, code);
    bool changes = code->builtin->effect != EFFECT_READS;
    TRY(values_from_json(arena, arguments, args, STEP_PARAMS_MAX, &count));
    json_t *json = json_object();
    enum err err = json == NULL ? ERR_MEMORY : add_target(code->builtin, args, arena, json);
    if (err == ERR_OK)
        err = add_result(&result, json);
    if (err == ERR_OK && json_object_set_new(json, "changes", json_boolean(changes)) != 0)
        err = ERR_MEMORY;
    char *text = err == ERR_OK ? json_dumps(json, JSON_COMPACT) : NULL;
    *ret_body = text == NULL ? (str){ NULL, 0 } : arena_copy(arena, str_from(text));
    free(text);
    json_decref(json);
    return err == ERR_OK && ret_body->ptr == NULL ? ERR_MEMORY : err;
}

static struct testcase *testcase_of(struct transport *transport)
{
    return ((struct testcase_world *)(void *)transport)->testcase;
}

static enum err world_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct testcase *testcase = testcase_of(transport);
    (void)reterr_reason;
    *ret_reply = (struct reply){ .kind = REPLY_RECEIVED, .status = 200, .body = STR("{}") };
    return is_change
               ? ERR_OK
               : answer(testcase, testcase->world.code, request->body, arena, &ret_reply->body);
}

/* The account that the alert is about: what limits by account count. */
static enum err world_where(struct transport *transport, struct arena *arena, str *ret_identity,
    str *ret_region, const char **reterr_reason)
{
    const struct event *event = testcase_of(transport)->world.event;
    (void)reterr_reason;
    str account = value_str(event->fields[FIELD_CLOUD_ACCOUNT]);
    str region = value_str(event->fields[FIELD_CLOUD_REGION]);
    *ret_identity = str_from(
        account.len == 0 ? "test"
                         : arena_format(arena, "arn:aws:iam::%.*s:user/test", STR_ARG(account)));
    *ret_region = region.len == 0 ? STR("test") : region;
    return ERR_OK;
}

static struct transport *world_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct testcase_world *world = executor->self;
    const struct stand_in *stand_in =
        (const struct stand_in *)(const void *)(provider - offsetof(struct stand_in, provider));
    (void)account;
    (void)reterr_reason;
    world->code = stand_in->code;
    return &world->transport;
}

static int64_t world_now(struct clock *clock)
{
    struct testcase_world *world =
        (struct testcase_world *)(void *)((char *)clock - offsetof(struct testcase_world, clock));
    return world->testcase->now_ms;
}

static void world_sleep(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

/* One journal serves all tests, each in a transaction that is never committed: to make one takes
 * longer than most tests. */
static enum err journal_begin(struct tester *tester)
{
    const char *reason;
    if (tester->store == NULL) {
        TRY(store_open_memory(&tester->arena, &tester->store, &reason));
        TRY(store_program_put(tester->store, STR("test"), STR("[]")));
    }
    return store_begin(tester->store);
}

/* The world of the test, made when the first rule fires. */
static enum err world_begin(struct testcase *testcase)
{
    struct testcase_world *world = &testcase->world;
    if (world->store != NULL)
        return ERR_OK;
    TRY(journal_begin(testcase->tester));
    struct store *store = testcase->tester->store;
    *world = (struct testcase_world){ .transport = { .send = world_send, .where = world_where },
        .clock = { world_now, world_sleep, NULL },
        .testcase = testcase,
        .store = store };
    world->governor = (struct governor){ .store = store, .clock = &world->clock, .actor = "test" };
    world->executor = (struct executor){ .mode = MODE_APPLY,
        .store = store,
        .clock = &world->clock,
        .connect = world_connect,
        .self = world,
        .governor = &world->governor };
    return ERR_OK;
}

void testcase_world_end(struct testcase *testcase)
{
    const struct timer_line never = { .is_known = false };
    if (testcase->world.store == NULL)
        return;
    store_rollback(testcase->world.store);
    timers_line_set(testcase->world.store, &never); /* the next test begins at the same time */
    testcase->world.store = NULL;
}

/* ---- runs ---- */

/* A run under way, and whoever is told of its steps. */
struct trial {
    struct run_report report; /* first: the run hands it back */
    struct testcase *testcase;
    const struct testcase_run *run;
    struct kept_result *newest;
    struct arena *arena;
    enum err err; /* of telling */
};

/* So that whoever watches can ask what an `if` between the steps came to. */
static enum err show_result(
    struct trial *trial, const struct step_code *code, const struct step_result *result)
{
    struct kept_result *kept = ARENA_NEW(trial->arena, struct kept_result);
    if (kept == NULL)
        return ERR_MEMORY;
    *kept = (struct kept_result){ .older = trial->newest,
        .step = (uint32_t)(code - trial->testcase->program->steps),
        .result = *result };
    trial->newest = kept;
    return ERR_OK;
}

static void trial_step(struct run_report *report, const struct run_step *step)
{
    struct trial *trial = (struct trial *)(void *)report;
    struct step_result result;
    if (trial->err == ERR_OK)
        trial->err = testcase_keep_step(trial->testcase, trial->run, step, &result);
    if (trial->err == ERR_OK && step->outcome.turn != STEP_HELD)
        trial->err = show_result(trial, step->code, &result);
}

/* Remember an `always` that a run did not keep. */
static void trial_unkept(struct run_report *report, const char *sentence)
{
    struct trial *trial = (struct trial *)(void *)report;
    struct testcase_line *line = ARENA_NEW(trial->testcase->arena, struct testcase_line);
    str text = arena_copy(trial->testcase->arena, str_from(sentence));
    if (line == NULL || text.ptr == NULL) {
        trial->err = ERR_MEMORY;
        return;
    }
    *line = (struct testcase_line){ trial->testcase->unkept, text };
    trial->testcase->unkept = line;
}

/* Carry the run out as far as it goes: to its end, or until it waits. */
static enum err carry_out(
    struct testcase *testcase, struct testcase_run *run, const struct event *event)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct rule_code *rule = &testcase->program->rules[run->rule];
    struct testcase_watcher *watcher = testcase->tester->watcher;
    struct trial trial = { .report = { .step = trial_step, .unkept = trial_unkept },
        .testcase = testcase,
        .run = run,
        .arena = &arena };
    testcase->world.event = event;
    if (run->is_held)
        testcase_forget_behind(testcase, run);
    enum err err = run_execute(
        &testcase->world.executor, testcase->program, rule, event, run->id, &arena, &trial.report);
    TRY(trial.err);
    run->is_held = err == ERR_HELD;
    if (err == ERR_HELD)
        err = testcase_look_behind(testcase, run, event, &arena, &trial.newest);
    if (err == ERR_UNDECIDED || err == ERR_BUDGET || (err == ERR_MEMORY && arena.is_full))
        return testcase_end(testcase, TESTCASE_FAILED, testcase->alert->at,
            "the steps of rule %.*s cannot be worked out: %s", STR_ARG(rule->name), err_text(err));
    TRY(err);
    return watcher == NULL || watcher->stepped == NULL
               ? ERR_OK
               : watcher->stepped(watcher, run->rule, event, trial.newest);
}

/* Whether the alert belongs to an earlier run of the rule, by `dedup`. */
static enum err is_joined(
    struct testcase *testcase, const struct rule_code *rule, struct dedup *dedup, bool *ret_is)
{
    struct testcase_pending *pending = &testcase->pending;
    *dedup = (struct dedup){ .rule_id = rule->id };
    *ret_is = false;
    enum err err =
        dedup_key(testcase->program, rule, &pending->event, &pending->arena, &dedup->key);
    if (err == ERR_UNDECIDED || err == ERR_BUDGET)
        dedup->key = STR(""); /* it stands alone */
    else
        TRY(err);
    if (dedup->key.len == 0)
        return ERR_OK;
    err = dedup_find(testcase->world.store, testcase->now_ms, dedup);
    *ret_is = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err testcase_join(struct testcase *testcase, uint32_t rule, bool *ret_is_joined)
{
    struct testcase_pending *pending = &testcase->pending;
    const struct rule_code *code = &testcase->program->rules[rule];
    struct dedup dedup;
    TRY(world_begin(testcase));
    TRY(is_joined(testcase, code, &dedup, ret_is_joined));
    if (*ret_is_joined)
        return ERR_OK;
    str name = event_name(&pending->event, &pending->arena);
    if (name.ptr == NULL)
        return ERR_MEMORY;
    struct run run = { .alert = name,
        .source = pending->event.source,
        .alert_text = STR("{}"),
        .rule = code->name,
        .rule_id = code->id,
        .program_hash = STR("test"),
        .received_ms = testcase->now_ms,
        .started_ms = testcase->now_ms };
    TRY(store_run_begin(testcase->world.store, &run));
    pending->runs[pending->count++] = (struct testcase_run){ .id = run.id, .rule = rule };
    if (dedup.key.len == 0)
        return ERR_OK;
    dedup.run = run.id;
    dedup.until_ms = testcase->now_ms + code->dedup_ms;
    return dedup_begin(testcase->world.store, testcase->now_ms, &dedup);
}

/* A run that waits goes on when its alert's memory is long gone: keep what it is made of. */
static enum err keep_waiting(struct testcase *testcase, const struct testcase_run *run)
{
    const struct event *event = &testcase->pending.event;
    struct testcase_run *kept = ARENA_NEW(testcase->arena, struct testcase_run);
    if (kept == NULL)
        return ERR_MEMORY;
    *kept = *run;
    kept->json = arena_copy(testcase->arena, event->text);
    kept->alert = testcase->pending.alert;
    kept->number = testcase->outcome->alerts;
    kept->received_ms = event->received_ms;
    *testcase->waiting_end = kept;
    testcase->waiting_end = &kept->next;
    return kept->json.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err testcase_steps(struct testcase *testcase)
{
    struct testcase_pending *pending = &testcase->pending;
    uint32_t count = pending->count;
    pending->count = 0;
    for (uint32_t i = 0; i < count && !testcase_is_over(testcase); i++) {
        TRY(carry_out(testcase, &pending->runs[i], &pending->event));
        if (pending->runs[i].is_held)
            TRY(keep_waiting(testcase, &pending->runs[i]));
    }
    return ERR_OK;
}

/* ---- time ---- */

/* Go on with a run that waits. */
static enum err go_on_with(struct testcase *testcase, struct testcase_run *run)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct event event;
    struct json_fault fault;
    TRY(event_read(testcase->program, testcase->tester->projection, run->json,
        run->alert->alert.source, run->received_ms, &arena, &event, &fault));
    TRY(testcase_complete(&event, run->number, &arena));
    return carry_out(testcase, run, &event);
}

/* All that wait, in the order they began, until none gets any further: the end of one may be what
 * another waits for. */
static enum err go_on_with_all(struct testcase *testcase)
{
    bool has_ended = true;
    while (has_ended) {
        has_ended = false;
        for (struct testcase_run *run = testcase->waiting;
             run != NULL && !testcase_is_over(testcase); run = run->next) {
            if (!run->is_held)
                continue;
            TRY(go_on_with(testcase, run));
            has_ended |= !run->is_held;
        }
    }
    return ERR_OK;
}

/* An undo that is due takes nothing back here: nothing was changed. */
static enum err undo_nothing(struct timer_hands *hands, const struct timer *timer, const char *why)
{
    struct testcase_hands *self = (struct testcase_hands *)(void *)hands;
    (void)why;
    return timers_end(self->testcase->world.store, timer->id, self->testcase->now_ms, STR("fired"));
}

static enum err retry_nothing(struct timer_hands *hands, const struct timer *timer)
{
    return undo_nothing(hands, timer, "");
}

enum err testcase_advance(struct testcase *testcase, int64_t to_ms)
{
    struct store *store = testcase->world.store;
    struct testcase_hands hands = { .hands = { .undo = undo_nothing, .retry = retry_nothing },
        .testcase = testcase };
    int64_t due_ms = INT64_MAX;
    if (store != NULL)
        TRY(timers_next(store, &due_ms));
    while (due_ms <= to_ms && !testcase_is_over(testcase)) {
        int64_t before_ms = due_ms;
        testcase->now_ms = due_ms > testcase->now_ms ? due_ms : testcase->now_ms;
        TRY(timers_fire(store, &testcase->world.clock, &hands.hands));
        TRY(go_on_with_all(testcase));
        TRY(timers_next(store, &due_ms));
        if (due_ms == before_ms) /* nothing came of it, and nothing will */
            break;
    }
    testcase->now_ms = to_ms;
    return ERR_OK;
}
