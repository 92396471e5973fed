/* audit_check_rows.c - whether runs, counts of limits and timers are there as their entries say. */
#include "act/audit_check_pass.h"
#include "store/admissions.h"
#include "store/timers.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>

/* The number between two words, "timer 3 due 500" -> 3, 500. */
static bool number_after(str text, const char *word, int64_t *ret_number)
{
    char copy[128];
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *at = strstr(copy, word);
    char *end;
    if (at == NULL)
        return false;
    *ret_number = strtoll(at + strlen(word), &end, 10);
    return end > at + strlen(word);
}

static enum err find(struct audit_check *check, const struct audit_mark *mark, const char *what)
{
    struct audit_finding finding = { AUDIT_FAULT_JOURNAL, mark->seq, 0, mark->run, mark->step,
        NULL };
    return check_find(check, finding, "a step of run %" PRId64 " %s, as entry %" PRId64 " says",
        mark->run, what, mark->seq);
}

/* Whether `said` is `text`, perhaps cut. */
static bool agrees(str said, str text)
{
    return str_equal(said, text)
           || (text.len > AUDIT_NAME_BYTES_MAX && said.len > 0 && str_startswith(text, said));
}

static enum err check_run_begun(struct audit_check *check, const struct audit_mark *mark,
    const struct audit_entry *entry, struct arena *arena)
{
    struct run run;
    struct audit_finding finding = { AUDIT_FAULT_JOURNAL, mark->seq, 0, mark->run, -1, NULL };
    enum err err = store_run_get(check->store, mark->run, arena, &run);
    if (err == ERR_NOT_FOUND) /* told with the steps */
        return ERR_OK;
    TRY(err);
    if (agrees(entry->rule, run.rule) && agrees(entry->alert, run.alert)
        && str_equal(entry->program_hash, run.program_hash))
        return ERR_OK;
    return check_find(check, finding,
        "run %" PRId64 " is of another rule, alert or rule set than the log says", mark->run);
}

/* Which limits a step was counted against: `after` is "counted at 1800000000000". */
static enum err check_counted(
    struct audit_check *check, const struct audit_mark *mark, const struct audit_entry *entry)
{
    int64_t at_ms;
    bool is_kept;
    bool is_cut = entry->target.len + UTF8_BYTES_MAX > AUDIT_NAME_BYTES_MAX;
    if (is_cut || !number_after(entry->after, "counted at ", &at_ms))
        return ERR_OK;
    TRY(admissions_kept(check->store,
        &(struct admission){ .at_ms = at_ms,
            .rule = entry->rule,
            .builtin = entry->builtin,
            .target = entry->target },
        &is_kept));
    return is_kept ? ERR_OK : find(check, mark, "is not counted against the limits");
}

/* Whether the log says why an undo is not to come any more. */
static bool is_over_in_log(const struct audit_check *check, int64_t run)
{
    static const char *const ends[] = { "timer_fired", "timer_cancelled", "undo_begun", "undone" };
    for (size_t i = check_marks_from(check, run, INT64_MIN);
         i < check->mark_count && check->marks[i].run == run; i++)
        for (size_t end = 0; end < COUNT_OF(ends); end++)
            if (strcmp(check->marks[i].event, ends[end]) == 0)
                return true;
    return false;
}

/* Undos of the same target are put off together: a later time than said is that of another. */
static enum err is_due_in_log(struct audit_check *check, int64_t due_ms, bool *ret_is)
{
    *ret_is = false;
    for (size_t i = 0; i < check->mark_count && !*ret_is; i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct audit_entry entry;
        bool is_there;
        int64_t said_ms;
        if (strcmp(check->marks[i].event, "timer_set") != 0)
            continue;
        TRY(audit_entry_get(check->store, check->marks[i].seq, &arena, &entry, &is_there));
        *ret_is = is_there && number_after(entry.after, " due ", &said_ms) && said_ms == due_ms;
    }
    return ERR_OK;
}

/* `after` of an entry is "timer 3 due 1800000000000". */
static enum err check_timer(struct audit_check *check, const struct audit_mark *mark,
    const struct audit_entry *entry, struct arena *arena)
{
    struct timer timer;
    int64_t id;
    int64_t due_ms;
    bool is_due = true;
    if (!number_after(entry->after, "timer ", &id) || !number_after(entry->after, " due ", &due_ms))
        return ERR_OK;
    enum err err = timers_get(check->store, id, arena, &timer);
    if (err == ERR_NOT_FOUND)
        return find(check, mark, "has not the timer");
    TRY(err);
    if (timer.run != mark->run || (mark->step >= 0 && timer.step != mark->step))
        return find(check, mark, "has not the timer");
    if (timer.kind != TIMER_UNDO)
        return ERR_OK;
    if (timer.ended_ms != 0 && !is_over_in_log(check, mark->run))
        return find(check, mark, "has not the timer still");
    if (timer.due_ms != due_ms)
        TRY(is_due_in_log(check, timer.due_ms, &is_due));
    return is_due && timer.due_ms >= due_ms ? ERR_OK
                                            : find(check, mark, "has not the timer at the time");
}

enum err check_rows(struct audit_check *check)
{
    for (size_t i = 0; i < check->mark_count; i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        const struct audit_mark *mark = &check->marks[i];
        struct audit_entry entry;
        bool is_there;
        bool is_run = strcmp(mark->event, "run_begun") == 0;
        bool is_admission = strcmp(mark->event, "admitted") == 0;
        if (!is_run && !is_admission && strcmp(mark->event, "timer_set") != 0)
            continue;
        TRY(audit_entry_get(check->store, mark->seq, &arena, &entry, &is_there));
        if (!is_there)
            continue;
        TRY(is_run         ? check_run_begun(check, mark, &entry, &arena)
            : is_admission ? check_counted(check, mark, &entry)
                           : check_timer(check, mark, &entry, &arena));
    }
    return ERR_OK;
}
