/* audit_check_journal.c - whether the tables of the journal tell the same as the log.
 *
 * The log is the witness: whoever edits how a step ended, the answer to a change, how it would be
 * taken back, or who said yes, would have to edit the log too. Runs that are older than the log
 * are left out.
 */
#include "act/audit_check_pass.h"
#include "act/audit_entries.h"

#include <inttypes.h>

/* A step with everything the log says about it. */
struct witness {
    const struct step_record *step;
    const struct run *run;
    bool has_changed;  /* a change of it is recorded */
    bool was_admitted; /* by the log */
    int64_t ended;     /* its newest "ended", or 0 */
};

static enum err find(
    struct audit_check *check, const struct step_record *step, int64_t entry, const char *what)
{
    struct audit_finding finding = { AUDIT_FAULT_JOURNAL, entry, 0, step->run, step->index, NULL };
    return check_find(
        check, finding, "step %" PRIu32 " of run %" PRId64 " %s", step->index + 1, step->run, what);
}

size_t check_marks_from(const struct audit_check *check, int64_t run, int64_t step)
{
    size_t low = 0;
    size_t high = check->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct audit_mark *mark = &check->marks[middle];
        if (mark->run < run || (mark->run == run && mark->step < step))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void witness_ask(const struct audit_check *check, struct witness *witness)
{
    const struct step_record *step = witness->step;
    for (size_t i = check_marks_from(check, step->run, step->index); i < check->mark_count; i++) {
        const struct audit_mark *mark = &check->marks[i];
        if (mark->run != step->run || mark->step != step->index)
            return;
        if (strcmp(mark->event, "admitted") == 0)
            witness->was_admitted = true;
        if (strcmp(mark->event, "ended") == 0)
            witness->ended = mark->seq;
    }
}

/* Whether an entry ends with `after`: it is the last member, with a hash behind it when it was
 * cut. ERR_MEMORY. */
static enum err ends_with(str entry, str after, bool *ret_agrees)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(AUDIT_ENTRY_BYTES_MAX);
    struct audit_said said = {
        .entry = { .event = "ended", .who = STR("-"), .step = -1, .after = after }
    };
    TRY(audit_text_write(&text, &said));
    str member = str_skip(buf_str(&text), (size_t)(strstr(text.ptr, ",\"after\":") - text.ptr));
    *ret_agrees = str_endswith(entry, member);
    return ERR_OK;
}

/* Whether `text` is what was written, perhaps cut. */
static bool agrees(str said, str text)
{
    return str_equal(said, text)
           || (text.len > AUDIT_NAME_BYTES_MAX && said.len > 0 && str_startswith(text, said));
}

static enum err check_end(
    struct audit_check *check, const struct witness *witness, struct arena *arena)
{
    struct audit_row row;
    struct audit_said said;
    bool is_same;
    str after;
    enum err err = audit_get(check->store, witness->ended, arena, &row);
    if (err == ERR_OK)
        err = audit_text_read(row.text, arena, &said);
    if (err == ERR_NOT_FOUND || err == ERR_JSON) /* told by the chain */
        return ERR_OK;
    TRY(err);
    TRY(audit_step_after(check->store, witness->step, arena, &after));
    TRY(ends_with(row.text, after, &is_same));
    if (is_same && agrees(said.entry.builtin, witness->step->builtin)
        && agrees(said.entry.target, witness->step->target))
        return ERR_OK;
    return find(check, witness->step, witness->ended,
        "is not in the journal as the log says that it ended");
}

static enum err check_step(struct audit_check *check, struct witness *witness, struct arena *arena)
{
    const struct step_record *step = witness->step;
    witness_ask(check, witness);
    /* An undo is not judged: nobody admits it. */
    if (witness->has_changed && witness->run->undoes == 0 && !witness->was_admitted)
        TRY(find(check, step, 0, "made a change that the log does not admit"));
    bool has_ended = step->ended_ms != 0;
    if (witness->ended != 0 && !has_ended)
        return find(check, step, witness->ended, "has not ended, and the log says that it has");
    if (witness->ended != 0)
        return check_end(check, witness, arena);
    bool was_cut_off = witness->run->cut_reason.len > 0;
    if (has_ended && !was_cut_off && (witness->was_admitted || witness->has_changed))
        return find(check, step, 0, "has ended, and the log does not say how");
    return ERR_OK;
}

static bool has_change(const struct call_record *calls, size_t count, uint32_t step)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i].step == step && calls[i].is_change)
            return true;
    return false;
}

static enum err check_run(struct audit_check *check, const struct run *run, size_t *ret_steps)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct step_record *steps;
    struct call_record *calls;
    size_t calls_count;
    TRY(store_steps(check->store, run->id, &arena, &steps, ret_steps));
    TRY(store_calls(check->store, run->id, &arena, &calls, &calls_count));
    for (size_t i = 0; i < *ret_steps; i++) {
        struct witness witness = { .step = &steps[i], .run = run };
        witness.has_changed = has_change(calls, calls_count, steps[i].index);
        TRY(check_step(check, &witness, &arena));
    }
    return ERR_OK;
}

/* The log speaks of runs and steps that the journal has not. Steps of a run have numbers without a
 * gap. */
static enum err check_lost(
    struct audit_check *check, const struct audit_mark *mark, bool has_run, size_t steps)
{
    struct audit_finding finding = { AUDIT_FAULT_JOURNAL, mark->seq, 0, mark->run, mark->step,
        NULL };
    if (!has_run)
        return check_find(check, finding,
            "run %" PRId64 " is not in the journal, and entry %" PRId64 " tells of it", mark->run,
            mark->seq);
    if (mark->step >= (int64_t)steps)
        return check_find(check, finding,
            "step %" PRId64 " of run %" PRId64 " is not in the journal, and entry %" PRId64
            " tells of it",
            mark->step + 1, mark->run, mark->seq);
    return ERR_OK;
}

/* Tell what the marks of `run` from *at on miss, each once; *at moves behind them. */
static enum err marks_pass(
    struct audit_check *check, size_t *at, int64_t run, bool has_run, size_t steps)
{
    for (; *at < check->mark_count && check->marks[*at].run == run; (*at)++) {
        const struct audit_mark *mark = &check->marks[*at];
        bool is_same = *at > 0 && check->marks[*at - 1].run == run
                       && (!has_run || check->marks[*at - 1].step == mark->step);
        if (!is_same)
            TRY(check_lost(check, mark, has_run, steps));
    }
    return ERR_OK;
}

static enum err check_runs(struct audit_check *check)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct run *runs;
    size_t count;
    size_t at = 0;
    TRY(store_runs(check->store, &(struct run_filter){ 0 }, &arena, &runs, &count));
    for (size_t i = 0; i < count; i++) {
        size_t steps;
        while (at < check->mark_count && check->marks[at].run < runs[i].id)
            TRY(marks_pass(check, &at, check->marks[at].run, false, 0));
        if (runs[i].id <= check->older_runs) {
            at = check_marks_from(check, runs[i].id + 1, INT64_MIN);
            continue;
        }
        TRY(check_run(check, &runs[i], &steps));
        TRY(marks_pass(check, &at, runs[i].id, true, steps));
    }
    while (at < check->mark_count)
        TRY(marks_pass(check, &at, check->marks[at].run, false, 0));
    return ERR_OK;
}

enum err check_journal(struct audit_check *check)
{
    TRY(check_runs(check));
    TRY(check_rows(check));
    return check_holds(check);
}
