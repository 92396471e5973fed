/* sweep.c - see sweep.h.
 *
 * A line that is one object by itself is an alert by itself only where a document may begin: between
 * the lines of one that is laid out over several the same text is a part of it. So a lot counts as
 * far as the ordinary reader, which reads the lines between its stretches, comes to stand where a
 * stretch begins. Where it stands elsewhere, lines are matched again from there on. A document that
 * the end of a block may have cut waits for the next block. In an array that broke (a stray bracket
 * in a stream is one) documents begin as outside, so what follows the bracket is counted again.
 */
#include "driver/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* What is read at once of a file that is no lines: as much as any file may have that is read whole. */
#define CARRY_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)

/* Rules with more steps are planned. */
enum { COUNTED_STEPS_MAX = 4 };

struct sweep {
    struct evaluation *evaluation;
    const char *name;
    struct blocks blocks;
    struct sweep_rules rules;
    bool *countable;
    struct sweepers *sweepers;
    struct lot own; /* matched here, from where the ordinary reader came to stand */
    struct alert_reader reader;
    struct buf carry; /* read, and not evaluated: a document is cut in it */
    size_t wanted; /* bytes that it shall have before another look: each look is from its start */
    uint32_t line; /* of what comes next */
    bool is_first; /* nothing was looked at yet */
    bool is_told;  /* that the rest is not evaluated */
};

/* ---- what may be counted ---- */

/* Whether planning the step ends well in any case, or without a target, which is no failure of a
 * plan: this build cannot take it, or it reaches nobody (builtin.h), and so it asks nothing, changes
 * nothing, and has nothing that limits, holds or `dedup` count. */
static bool is_plain_step(const struct builtin *builtin)
{
    return builtin->next == NULL || builtin_is_alone(builtin);
}

/* Whether the steps read constants and the alert and nothing else, one after the other, and are few:
 * what each copies of the largest alert, a list of a million values, fits into the memory of a run. So
 * no limit is reached. */
static bool has_plain_steps(const struct program *program, const struct rule_code *rule)
{
    uint32_t steps = 0;
    for (uint32_t at = rule->steps;; at++) {
        const struct instruction *code = &program->code[at];
        switch (code->opcode) {
        case OP_HALT:
            return true;
        case OP_CONSTANT:
        case OP_RAW:
        case OP_FIELD:
            break;
        case OP_STEP:
            if (++steps > COUNTED_STEPS_MAX || !is_plain_step(program->steps[code->a].builtin))
                return false;
            break;
        default:
            return false;
        }
    }
}

static bool has_always(const struct program *program)
{
    for (uint32_t i = 0; i < program->guard_count; i++)
        if (program->guards[i].kind == GUARD_ALWAYS)
            return true;
    return false;
}

/* Whether planning its steps shows nowhere in a summary, nor in the exit code, whatever the alert is,
 * and leaves nothing that another alert's plan could meet. */
static bool is_countable(const struct program *program, const struct rule_code *rule)
{
    return rule->excuse_count == 0 && rule->needs_state.len == 0 && rule->dedup_key_count == 0
           && has_plain_steps(program, rule);
}

/* In a summary without a provider rules may be counted too. */
static enum err find_countable(struct sweep *sweep)
{
    const struct program *program = sweep->evaluation->program;
    const struct session *session = sweep->evaluation->session;
    if (session->reporter.format != REPORT_SUMMARY)
        return ERR_OK;
    sweep->rules.counts_strangers = true;
    if (session->executor.mode != MODE_OFFLINE || has_always(program))
        return ERR_OK;
    sweep->countable = calloc((size_t)program->rule_count + 1, sizeof *sweep->countable);
    if (sweep->countable == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < program->rule_count; i++)
        sweep->countable[i] = is_countable(program, &program->rules[i]);
    sweep->rules.is_countable = sweep->countable;
    return ERR_OK;
}

bool sweep_is_possible(const struct evaluation *evaluation)
{
    const struct session *session = evaluation->session;
    bool counts =
        session->reporter.format == REPORT_SUMMARY || session->reporter.format == REPORT_TEXT;
    return counts && session->executor.mode != MODE_APPLY && !evaluation->scans_all
           && evaluation->only.len == 0 && !alerts_may_be_lines(evaluation->forced_source);
}

/* ---- one text ---- */

static enum exit_code cannot_read(const struct sweep *sweep, const char *reason)
{
    driver_message(
        sweep->evaluation->session->driver, "%s cannot be read: %s", sweep->name, reason);
    return EXIT_USAGE;
}

static void count(struct sweep *sweep, const struct lot *lot, const struct stretch *stretch)
{
    struct passed_alerts passed = { .alerts = stretch->alerts,
        .matched = stretch->matched,
        .no_source = stretch->strangers,
        .rules = lot->hits == NULL ? NULL : lot->hits + stretch->hits_from,
        .rule_count = stretch->hits_count };
    evaluation_pass(sweep->evaluation, &passed);
    sweep->line += stretch->lines;
}

/* The stretch of the lot that begins at byte `at`, or NULL; those before it are over. */
static const struct stretch *find_stretch(const struct lot *lot, size_t *next, size_t at)
{
    while (lot != NULL && *next < lot->stretch_count && lot->stretches[*next].from < at)
        ++*next;
    if (lot == NULL || *next >= lot->stretch_count || lot->stretches[*next].from != at)
        return NULL;
    return &lot->stretches[(*next)++];
}

/* Count the alerts that begin at byte *at and can be counted, and go on behind them. */
static enum err pass(struct sweep *sweep, const struct lot *lot, str text, size_t *next, size_t *at)
{
    const struct stretch *stretch = find_stretch(lot, next, *at);
    if (stretch == NULL) {
        lot = &sweep->own;
        TRY(lot_match(&sweep->own, &sweep->rules, sweep->evaluation->matcher, text, *at, true));
        stretch = &sweep->own.stretches[0];
    }
    count(sweep, lot, stretch);
    *at = stretch->to;
    return ERR_OK;
}

/* Somebody wants an end: say what is not evaluated, if there is something in the text. */
static void tell_rest(struct sweep *sweep, str text, size_t at)
{
    struct alert_text alert;
    alerts_go_on(&sweep->reader, text, at, sweep->line);
    sweep->is_told = alerts_next(&sweep->reader, &alert);
    if (sweep->is_told)
        driver_message(sweep->evaluation->session->driver,
            "%s:%" PRIu32 ": this alert was not evaluated, nor any after it", sweep->name,
            alert.line);
}

/* Evaluate alerts one by one from byte *at on, until a line begins where one may be counted again,
 * or what comes next may be cut: *ret_is_cut. */
static enum exit_code read_on(
    struct sweep *sweep, str text, bool is_last, size_t *at, bool *ret_is_cut)
{
    struct alert_reader *reader = &sweep->reader;
    struct alert_text alert;
    alerts_go_on(reader, text, *at, sweep->line);
    do {
        *ret_is_cut = !is_last && alerts_is_cut(reader);
        if (*ret_is_cut || session_is_stopped(sweep->evaluation->session)
            || !alerts_next(reader, &alert))
            break;
        enum exit_code code = evaluate_next(sweep->evaluation, sweep->name, &alert);
        if (code != EXIT_CLEAN)
            return code;
    } while (!alerts_is_at_line(reader));
    *at = alerts_at(reader);
    sweep->line = alerts_line(reader);
    return EXIT_CLEAN;
}

/* Keep the text from byte `at` on, for when there is as much again behind it. */
static enum exit_code keep(struct sweep *sweep, str text, size_t at)
{
    str rest = str_skip(text, at);
    struct buf *carry = &sweep->carry;
    sweep->wanted = 2 * rest.len;
    if (rest.ptr >= carry->ptr && rest.ptr <= carry->ptr + carry->len && carry->ptr != NULL) {
        memmove(carry->ptr, rest.ptr, rest.len);
        carry->len = rest.len;
        return EXIT_CLEAN;
    }
    buf_clear(carry);
    buf_add(carry, rest);
    return carry->err == ERR_OK ? EXIT_CLEAN : cannot_read(sweep, err_text(carry->err));
}

/* Evaluate the alerts of the text, which begins at a line; a lot has the text's stretches. */
static enum exit_code process(struct sweep *sweep, const struct lot *lot, str text, bool is_last)
{
    size_t at = 0;
    size_t next = 0;
    bool is_cut = !is_last && text.len > 0 && text.ptr[text.len - 1] != '\n';
    while (!is_cut && (at < text.len || (is_last && sweep->reader.place == JSON_IN_ARRAY))) {
        if (session_is_stopped(sweep->evaluation->session)) {
            tell_rest(sweep, text, at);
            break;
        }
        if (sweep->reader.place != JSON_IN_ARRAY) {
            enum err err = pass(sweep, lot, text, &next, &at);
            if (err != ERR_OK)
                return driver_failure(sweep->evaluation->session->driver, "matching alerts", err);
            if (at == text.len)
                break;
        }
        enum exit_code code = read_on(sweep, text, is_last, &at, &is_cut);
        if (code != EXIT_CLEAN)
            return code;
        if (at == text.len)
            break;
    }
    return keep(sweep, text, is_cut ? at : text.len);
}

/* ---- the file ---- */

/* The first bytes say whether it is a text of alerts at all. */
static enum exit_code look_first(struct sweep *sweep, const struct lot *lot)
{
    sweep->is_first = false;
    enum err err = alerts_open_text(
        &sweep->reader, lot->is_end ? STR("") : lot->block.text, sweep->evaluation->forced_source);
    return err == ERR_OK ? EXIT_CLEAN : cannot_read(sweep, alerts_failure(&sweep->reader, err));
}

static enum exit_code lot_failure(const struct sweep *sweep, const struct lot *lot)
{
    if (lot->is_read)
        return cannot_read(sweep, lot->err == ERR_IO ? strerror(lot->reason) : err_text(lot->err));
    return driver_failure(sweep->evaluation->session->driver, "matching alerts", lot->err);
}

static enum exit_code process_lot(struct sweep *sweep, const struct lot *lot)
{
    bool has_carry = sweep->carry.len > 0;
    if (!has_carry && !lot->is_end)
        return process(sweep, lot, lot->block.text, false);
    if (!lot->is_end)
        buf_add(&sweep->carry, lot->block.text);
    if (sweep->carry.err != ERR_OK)
        return cannot_read(sweep, err_text(sweep->carry.err));
    if (!lot->is_end && sweep->carry.len < sweep->wanted)
        return EXIT_CLEAN;
    return process(sweep, NULL, buf_str(&sweep->carry), lot->is_end);
}

static enum exit_code sweep_lots(struct sweep *sweep)
{
    for (;;) {
        const struct lot *lot = sweepers_next(sweep->sweepers);
        enum exit_code code = lot->err == ERR_OK ? EXIT_CLEAN : lot_failure(sweep, lot);
        if (code == EXIT_CLEAN && sweep->is_first)
            code = look_first(sweep, lot);
        if (code == EXIT_CLEAN)
            code = process_lot(sweep, lot);
        if (code != EXIT_CLEAN || lot->is_end || sweep->is_told)
            return code;
    }
}

static enum err begin(struct sweep *sweep, const struct sweep_wish *wish)
{
    const struct evaluation *evaluation = sweep->evaluation;
    sweep->rules = (struct sweep_rules){ .image = evaluation->image,
        .forced_source = evaluation->forced_source,
        .care = wish->care,
        .clock = evaluation->session->driver->clock };
    TRY(find_countable(sweep));
    return sweepers_start(&sweep->blocks, &sweep->rules, wish->jobs, &sweep->sweepers);
}

enum exit_code sweep_file(
    struct evaluation *evaluation, const char *name, const struct sweep_wish *wish)
{
    struct sweep sweep = { .evaluation = evaluation,
        .name = name,
        .carry = BUF_INIT(CARRY_BYTES_MAX),
        .line = 1,
        .is_first = true };
    if (blocks_open(&sweep.blocks, name) != ERR_OK)
        return cannot_read(&sweep, strerror(errno));
    enum err err = begin(&sweep, wish);
    enum exit_code code = err == ERR_OK ? sweep_lots(&sweep)
                                        : driver_failure(evaluation->session->driver,
                                            "preparing to match alerts", err);
    sweepers_stop(sweep.sweepers);
    lot_release(&sweep.own);
    alerts_close(&sweep.reader);
    buf_release(&sweep.carry);
    blocks_close(&sweep.blocks);
    free(sweep.countable);
    return code;
}
