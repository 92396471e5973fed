/* crew.c - see crew.h. */
#include "serve/crew.h"

#include "act/claims.h"
#include "daemon/id_queue.h"
#include "driver/resuming.h"
#include "serve/desk.h"

#include <stdlib.h>

enum { AFTER_FAILURE_MS = 1000, UNDO_LOOK_MS = 100, UNDO_WAIT_MS = 60 * 1000 };

struct undo_task {
    struct undo_task *next;
    struct undo_order order;
    struct arena arena; /* its texts */
    void (*done)(void *self, enum exit_code code, str story);
    void *self;
};

struct worker {
    struct crew *crew;
    pthread_t thread;
    bool is_started;
    struct resuming_crew hands; /* for timers that it fires */
    int64_t run;                /* that it has, or 0; of an undo the run that is taken back */
    int64_t timer;              /* that it fires, or 0 */
};

struct crew {
    struct daemon *daemon;
    struct run_programs programs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct id_queue queue;   /* runs */
    struct id_queue timers;  /* of undos that are due */
    struct undo_task *undos; /* oldest first */
    size_t undo_count;
    bool was_timer; /* the last that was taken: now a run has its turn */
    bool is_stopping;
    struct worker workers[CREW_THREADS];
};

/* ---- who has which run ---- */

/* Under the lock. */
static struct worker *holder_of(struct crew *crew, int64_t run)
{
    for (struct worker *at = crew->workers; at < crew->workers + CREW_THREADS; at++)
        if (at->run == run)
            return at;
    return NULL;
}

/* A run that is to be gone on with. */
struct job {
    int64_t run;
    int64_t key; /* the run whose steps are at stake: an undo is of the one that it takes back */
    struct undo_order order; /* of an undo */
    bool is_undo;
    bool is_over; /* it ended meanwhile, and may have been handed over twice */
};

static struct job job_of(struct crew *crew, int64_t run)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct run record = { .id = run };
    enum err err = store_run_get(crew->daemon->store, run, &arena, &record);
    bool is_undo = err == ERR_OK && record.undoes != 0;
    return (struct job){ .run = run,
        .key = is_undo ? record.undoes : run,
        .order = { .run = record.undoes,
            .is_of_one_step = record.is_of_one_step,
            .step = record.undoes_step },
        .is_undo = is_undo,
        .is_over = err == ERR_OK && record.ended_ms != 0 };
}

/* Take a run for `worker`; false: somebody has it. Where there is more to do when he is done, the
 * keeper sees it: to do it all again at once would ask the providers again, and tell it again. */
static bool hold(struct worker *worker, int64_t key)
{
    struct crew *crew = worker->crew;
    pthread_mutex_lock(&crew->lock);
    bool is_free = holder_of(crew, key) == NULL;
    if (is_free)
        worker->run = key;
    pthread_mutex_unlock(&crew->lock);
    return is_free;
}

static void let_go(struct worker *worker)
{
    struct crew *crew = worker->crew;
    claims_release(crew->daemon->claims, worker->run);
    pthread_mutex_lock(&crew->lock);
    worker->run = 0;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

/* What the steps of the run changed becomes ours, all of it or nothing. */
static bool claim_targets(struct crew *crew, const struct undo_order *order)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct claims *claims = crew->daemon->claims;
    struct step_record *steps = NULL;
    size_t count = 0;
    int64_t other;
    struct claim_wish wish = { .run = order->run, .turn = claims_turn(claims) };
    enum err err = store_steps(crew->daemon->store, order->run, &arena, &steps, &count);
    for (size_t at = 0; err == ERR_OK && at < count; at++) {
        wish.builtin = steps[at].builtin;
        wish.target = steps[at].target;
        if (!order->is_of_one_step || steps[at].index == order->step)
            err = claims_take(claims, &wish, &other);
    }
    if (err != ERR_OK)
        claims_release(claims, order->run);
    return err == ERR_OK;
}

/* ---- timers ---- */

static struct worker *worker_of(struct resuming_crew *hands)
{
    return (struct worker *)(void *)((char *)hands - offsetof(struct worker, hands));
}

static bool hands_claim(struct resuming_crew *hands, const struct undo_order *order)
{
    struct worker *worker = worker_of(hands);
    if (!hold(worker, order->run))
        return false;
    if (claim_targets(worker->crew, order))
        return true;
    let_go(worker);
    return false;
}

static void hands_give_back(struct resuming_crew *hands, const struct undo_order *order)
{
    (void)order;
    let_go(worker_of(hands));
}

static void hands_go_on(struct resuming_crew *hands, int64_t run)
{
    crew_go_on(worker_of(hands)->crew, run);
}

static void fire(struct worker *worker, struct desk *desk, int64_t timer)
{
    struct crew *crew = worker->crew;
    struct resuming resuming;
    enum exit_code code = EXIT_INTERNAL;
    if (desk_open(desk, crew->daemon, REPORT_LOG) == ERR_OK) {
        resuming_init(&resuming, &desk->session);
        resuming.crew = &worker->hands;
        code = resuming_fire(&resuming, timer);
        buf_clear(&desk->driver.out.buf); /* the log has it */
        desk->runs++;
    }
    pthread_mutex_lock(&crew->lock);
    worker->timer = 0;
    pthread_mutex_unlock(&crew->lock);
    struct clock *clock = crew->daemon->driver->clock;
    if (code > EXIT_FINDINGS) /* it is still due */
        clock->sleep_ms(clock, AFTER_FAILURE_MS);
}

/* ---- programs ---- */

static struct crew *crew_of(struct run_programs *programs)
{
    return (struct crew *)(void *)((char *)programs - offsetof(struct crew, programs));
}

static enum err programs_take(struct run_programs *programs, const struct run *run,
    const struct program **ret_program, void **ret_hold, const char **ret_why)
{
    struct rule_set *set = NULL;
    TRY(rule_sets_of(crew_of(programs)->daemon->rule_sets, run->program_hash, &set, ret_why));
    *ret_program = set == NULL ? NULL : set->program;
    *ret_hold = set;
    return ERR_OK;
}

static void programs_give_back(struct run_programs *programs, void *held)
{
    rule_set_release(crew_of(programs)->daemon->rule_sets, held);
}

/* ---- work ---- */

static void count_end(struct crew *crew, int64_t run)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct run record;
    if (store_run_get(crew->daemon->store, run, &arena, &record) == ERR_OK && record.ended_ms != 0)
        metrics_add(crew->daemon->metrics, METRIC_RUNS_ENDED, STR(""), 1);
}

static enum exit_code go_on(struct worker *worker, struct desk *desk, const struct job *job)
{
    struct crew *crew = worker->crew;
    /* What it takes back is ours while it does; where somebody is at it, the keeper finds it again. */
    if (job->is_undo && !claim_targets(crew, &job->order))
        return EXIT_CLEAN;
    if (desk_open(desk, crew->daemon, REPORT_LOG) != ERR_OK)
        return EXIT_INTERNAL;
    enum exit_code code = resuming_run(&desk->session, &crew->programs, job->run);
    buf_clear(&desk->driver.out.buf); /* the log has it */
    desk->runs++;
    count_end(crew, job->run);
    return code;
}

static void carry_out(struct worker *worker, struct desk *desk, int64_t run)
{
    struct clock *clock = worker->crew->daemon->driver->clock;
    enum exit_code code = EXIT_CLEAN;
    struct job job = job_of(worker->crew, run);
    if (job.is_over || !hold(worker, job.key))
        return;
    job = job_of(worker->crew, run); /* nobody else ends it from here on */
    if (!job.is_over)
        code = go_on(worker, desk, &job);
    let_go(worker);
    if (code > EXIT_FINDINGS) /* the journal or the machine: the keeper finds the run again */
        clock->sleep_ms(clock, AFTER_FAILURE_MS);
}

/* Wait until the run is ours: who carries it out may need a while. */
static bool undo_hold(struct worker *worker, const struct undo_order *order)
{
    struct driver *driver = worker->crew->daemon->driver;
    for (uint32_t waited_ms = 0; waited_ms < UNDO_WAIT_MS; waited_ms += UNDO_LOOK_MS) {
        if (hold(worker, order->run)) {
            if (claim_targets(worker->crew, order))
                return true;
            let_go(worker);
        }
        if (!clock_wait(driver->clock, UNDO_LOOK_MS, driver->stop))
            return false;
    }
    return false;
}

static enum exit_code undo_at(struct desk *desk, const struct undo_order *order)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct session *session = &desk->session;
    struct run run;
    enum err err = store_run_get(session->store, order->run, &arena, &run);
    if (err == ERR_NOT_FOUND) {
        driver_message(&desk->driver, "there is no run %lld", (long long)order->run);
        return EXIT_USAGE;
    }
    if (err != ERR_OK)
        return session_store_failure(session, "reading the run", err);
    enum exit_code code = session_undo(session, &run, order);
    return code == EXIT_CLEAN ? session_end(session) : code;
}

static void tell_undo(struct daemon *daemon, const struct undo_order *order, const char *what,
    const char *result, str reason)
{
    /* counted as people count them */
    int64_t step = order->is_of_one_step ? (int64_t)order->step + 1 : 0;
    LOG(&daemon->log, LOG_LEVEL_INFO, what, LOG_NUMBER("run", order->run),
        step > 0 ? (struct log_field)LOG_NUMBER("step", step)
                 : (struct log_field)LOG_TEXT("step", STR("all")),
        LOG_TEXT("who", order->person), LOG_TEXT("result", str_from(result)),
        LOG_TEXT("reason", reason));
}

/* At a desk of its own, which tells a story. */
static void undo_carry_out(struct worker *worker, struct undo_task *task)
{
    struct desk desk = { 0 };
    struct daemon *daemon = worker->crew->daemon;
    enum exit_code code = EXIT_INTERNAL;
    str story = STR("the daemon is short of memory");
    tell_undo(daemon, &task->order, "an undo begins", "", task->order.reason);
    if (desk_open(&desk, daemon, REPORT_TEXT) == ERR_OK) {
        if (undo_hold(worker, &task->order)) {
            code = undo_at(&desk, &task->order);
            let_go(worker);
        } else
            driver_message(&desk.driver,
                "the run, or another that acts on the same, is still being carried out: try again");
        buf_add(&desk.driver.out.buf, buf_str(&desk.driver.log.buf));
        story = buf_str(&desk.driver.out.buf);
    }
    tell_undo(daemon, &task->order, "an undo is over",
        code == EXIT_CLEAN ? "done" : "not all of it was done", buf_str(&desk.driver.log.buf));
    task->done(task->self, code, story);
    desk_close(&desk);
}

static void undo_free(struct undo_task *task)
{
    arena_release(&task->arena);
    free(task);
}

/* What a worker does next: one of them. */
struct task {
    struct undo_task *undo;
    int64_t timer;
    int64_t run;
};

/* Under the lock. People first; then timers and runs in turn, so that neither waits for all of the
 * other. */
static struct task task_take(struct worker *worker)
{
    struct crew *crew = worker->crew;
    struct task task = { .undo = crew->undos };
    bool is_timer = crew->timers.count > 0 && (crew->queue.count == 0 || !crew->was_timer);
    if (task.undo != NULL) {
        crew->undos = task.undo->next;
        crew->undo_count--;
    } else if (is_timer)
        task.timer = worker->timer = id_queue_take(&crew->timers);
    else
        task.run = id_queue_take(&crew->queue);
    crew->was_timer = is_timer;
    return task;
}

/* What is next; false: it is over. */
static bool next_task(struct worker *worker, struct task *ret_task)
{
    struct crew *crew = worker->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->is_stopping && crew->undos == NULL && crew->queue.count == 0
           && crew->timers.count == 0)
        pthread_cond_wait(&crew->changed, &crew->lock);
    bool goes_on = !crew->is_stopping;
    if (goes_on)
        *ret_task = task_take(worker);
    pthread_mutex_unlock(&crew->lock);
    return goes_on;
}

static void *work(void *self)
{
    struct worker *worker = self;
    struct desk desk = { 0 };
    struct task task;
    while (next_task(worker, &task)) {
        if (task.run != 0)
            carry_out(worker, &desk, task.run);
        else if (task.timer != 0)
            fire(worker, &desk, task.timer);
        else if (task.undo != NULL) {
            undo_carry_out(worker, task.undo);
            undo_free(task.undo);
        }
    }
    desk_close(&desk);
    return NULL;
}

/* ---- what others ask of it ---- */

void crew_go_on(struct crew *crew, int64_t run)
{
    pthread_mutex_lock(&crew->lock);
    (void)id_queue_put(&crew->queue, run); /* a full queue: the keeper finds it again */
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

void crew_fire(struct crew *crew, int64_t timer)
{
    bool is_under_way = false;
    pthread_mutex_lock(&crew->lock);
    for (size_t at = 0; at < CREW_THREADS; at++)
        is_under_way = is_under_way || crew->workers[at].timer == timer;
    if (!is_under_way)
        (void)id_queue_put(&crew->timers, timer); /* a full queue: it is offered again */
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

static enum err undo_put(struct crew *crew, struct undo_task *task)
{
    pthread_mutex_lock(&crew->lock);
    enum err err = crew->is_stopping                    ? ERR_STOPPED
                   : crew->undo_count == CREW_UNDOS_MAX ? ERR_LIMIT
                                                        : ERR_OK;
    if (err == ERR_OK) {
        struct undo_task **last = &crew->undos;
        while (*last != NULL)
            last = &(*last)->next;
        *last = task;
        crew->undo_count++;
        pthread_cond_signal(&crew->changed);
    }
    pthread_mutex_unlock(&crew->lock);
    return err;
}

enum err crew_undo(struct crew *crew, const struct undo_order *order,
    void (*done)(void *self, enum exit_code code, str story), void *self)
{
    struct undo_task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return ERR_MEMORY;
    *task = (struct undo_task){
        .order = *order, .arena = ARENA_INIT(EVENT_BYTES_MAX), .done = done, .self = self
    };
    task->order.person = arena_copy(&task->arena, order->person);
    task->order.reason = arena_copy(&task->arena, order->reason);
    bool is_whole = task->order.person.ptr != NULL && task->order.reason.ptr != NULL;
    enum err err = is_whole ? undo_put(crew, task) : ERR_MEMORY;
    if (err != ERR_OK)
        undo_free(task);
    return err;
}

size_t crew_load(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    size_t load = crew->queue.count + crew->undo_count;
    for (size_t at = 0; at < CREW_THREADS; at++)
        load += crew->workers[at].run != 0;
    pthread_mutex_unlock(&crew->lock);
    return load;
}

/* ---- begin and end ---- */

enum err crew_start(struct daemon *daemon, struct crew **ret_crew)
{
    struct crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL)
        return ERR_MEMORY;
    crew->daemon = daemon;
    crew->programs = (struct run_programs){ programs_take, programs_give_back };
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    enum err err = id_queue_new(&crew->queue, CREW_QUEUE);
    if (err == ERR_OK)
        err = id_queue_new(&crew->timers, CREW_TIMERS);
    for (size_t at = 0; err == ERR_OK && at < CREW_THREADS; at++) {
        struct worker *worker = &crew->workers[at];
        worker->crew = crew;
        worker->hands = (struct resuming_crew){
            .go_on = hands_go_on, .claim = hands_claim, .give_back = hands_give_back
        };
        worker->is_started = pthread_create(&worker->thread, NULL, work, worker) == 0;
        if (!worker->is_started)
            err = ERR_LIMIT;
    }
    if (err == ERR_OK)
        *ret_crew = crew;
    else
        crew_free(crew);
    return err;
}

void crew_stop(struct crew *crew)
{
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->is_stopping = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (size_t at = 0; at < CREW_THREADS; at++)
        if (crew->workers[at].is_started)
            pthread_join(crew->workers[at].thread, NULL);
    for (size_t at = 0; at < CREW_THREADS; at++)
        crew->workers[at].is_started = false;
    while (crew->undos != NULL) {
        struct undo_task *task = crew->undos;
        crew->undos = task->next;
        task->done(task->self, EXIT_FINDINGS, STR("the daemon is being stopped\n"));
        undo_free(task);
    }
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    crew_stop(crew);
    id_queue_release(&crew->queue);
    id_queue_release(&crew->timers);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}
