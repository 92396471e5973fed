/* explain_measure.c - of how many alerts the rules are really looked at, and for how many they hold. */
#include "base/limits.h"
#include "decide.h"
#include "driver/alerts.h"
#include "driver/evaluate.h"
#include "driver/explain.h"
#include "driver/rules.h"
#include "match/matcher.h"

#include <inttypes.h>

struct measuring {
    struct driver *driver;
    const struct program *program;
    const struct projection *projection;
    struct matcher *matcher;
    str forced_source;
    struct measured *measured;
};

static void measuring_release(struct measuring *measuring)
{
    matcher_free(measuring->matcher);
}

/* One alert, read whole at most once, and only where the matcher does not know. */
struct measured_alert {
    str json;
    int64_t now_ms;
    struct arena *arena;
    struct event event;
    bool is_read;
    struct json_fault fault;
};

static enum err read_event(const struct measuring *measuring, struct measured_alert *alert)
{
    if (alert->is_read)
        return ERR_OK;
    TRY(event_read(measuring->program, measuring->projection, alert->json, measuring->forced_source,
        alert->now_ms, alert->arena, &alert->event, &alert->fault));
    alert->is_read = true;
    return ERR_OK;
}

static enum err count_match(
    const struct measuring *measuring, struct measured_alert *alert, struct match match)
{
    struct measured *measured = measuring->measured;
    struct rule_decision decision;
    if (match.is_certain) {
        measured->held[match.rule]++;
        return ERR_OK;
    }
    TRY(read_event(measuring, alert));
    enum err err = rule_decide(measuring->program, &measuring->program->rules[match.rule],
        &alert->event, alert->arena, &decision);
    bool is_undecided = err == ERR_UNDECIDED || err == ERR_BUDGET;
    measured->undecided += is_undecided;
    if (err == ERR_OK)
        measured->held[match.rule] += decision.outcome != RULE_SILENT;
    return is_undecided ? ERR_OK : err;
}

static enum err measure_alert(const struct measuring *measuring, struct measured_alert *alert)
{
    enum matcher_end end;
    const struct source_program *source;
    struct matches matches = { 0 };
    TRY(matcher_text(measuring->matcher, alert->json, measuring->forced_source, alert->now_ms,
        SKIM_STRICT, &end, &source, &matches));
    if (end == MATCHER_UNSURE) {
        TRY(read_event(measuring, alert));
        TRY(matcher_event(measuring->matcher, &alert->event, &matches));
    }
    for (uint32_t at = 0; at < matches.count; at++)
        TRY(count_match(measuring, alert, matches.items[at]));
    return ERR_OK;
}

static enum exit_code measure_text(
    const struct measuring *measuring, const char *file, const struct alert_text *text)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct driver *driver = measuring->driver;
    struct measured_alert alert = { .json = text->json,
        .now_ms = driver->clock->now_ms(driver->clock),
        .arena = &arena,
        .fault = { .reason = "not JSON" } };
    const char *reason = text->reason;
    enum err err = reason == NULL ? measure_alert(measuring, &alert) : ERR_OK;
    if (reason == NULL)
        reason = alert_fault(err, &alert.fault);
    if (reason != NULL) {
        measuring->measured->unreadable++;
        driver_message(
            driver, "%s:%" PRIu32 ": the alert cannot be read: %s", file, text->line, reason);
        return EXIT_CLEAN;
    }
    measuring->measured->alerts++;
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "measuring the rules", err);
}

static enum exit_code measure_file(const struct measuring *measuring, const char *file)
{
    struct driver *driver = measuring->driver;
    CLEANUP(alerts_close) struct alert_reader reader = { 0 };
    enum err err = alerts_open(&reader, file, measuring->forced_source);
    if (err != ERR_OK) {
        driver_message(driver, "%s cannot be read: %s", file, alerts_failure(&reader, err));
        return EXIT_USAGE;
    }
    struct alert_text alert;
    enum exit_code code = EXIT_CLEAN;
    while (code == EXIT_CLEAN && alerts_next(&reader, &alert))
        code = measure_text(measuring, file, &alert);
    return code;
}

static enum err prepare(struct measuring *measuring, const struct match_image *image)
{
    const struct program *program = measuring->program;
    struct arena *arena = &measuring->driver->arena;
    struct measured *measured = measuring->measured;
    measured->looked_at = ARENA_ARRAY(arena, uint64_t, (size_t)program->rule_count + 1);
    measured->held = ARENA_ARRAY(arena, uint64_t, (size_t)program->rule_count + 1);
    if (measured->looked_at == NULL || measured->held == NULL)
        return ERR_MEMORY;
    TRY(projection_new(arena, program->paths, program->path_count, &measuring->projection));
    TRY(matcher_new(image, &measuring->matcher));
    matcher_count_rules(measuring->matcher, measured->looked_at);
    return ERR_OK;
}

enum exit_code explain_measure(struct driver *driver, const struct arguments *arguments,
    const struct match_image *image, const struct program *program, struct measured *ret_measured)
{
    const char *source = option_text(arguments, OPTION_SOURCE);
    *ret_measured = (struct measured){ 0 };
    CLEANUP(measuring_release)
    struct measuring measuring = { .driver = driver,
        .program = program,
        .forced_source = str_from(source),
        .measured = ret_measured };
    enum exit_code code = rules_source(driver, arguments->command, program, source);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = prepare(&measuring, image);
    if (err != ERR_OK)
        return driver_failure(driver, "preparing to read alerts", err);
    const char *file;
    for (size_t at = 0; (file = option_text_at(arguments, OPTION_ALERTS, at)) != NULL; at++) {
        code = measure_file(&measuring, file);
        if (code != EXIT_CLEAN)
            return code;
    }
    if (ret_measured->alerts + ret_measured->unreadable > 0)
        return EXIT_CLEAN;
    driver_message(driver, "there is no alert in what --alerts names");
    return EXIT_NOTHING;
}
