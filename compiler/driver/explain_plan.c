/* explain_plan.c - for how many alerts each rule is looked at, and by which of its tests. */
#include "driver/explain.h"
#include "driver/rules.h"
#include "match/image.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

struct planned {
    const struct rule_code *rule;
    struct match_plan plan;
    uint64_t looked_at, held; /* of the measured alerts */
};

/* Of thousands of rules those that a person would change. */
enum { RULES_SHOWN = 20 };

struct plan_report {
    struct driver *driver;
    const struct compilation *compilation;
    struct match_figures figures;
    struct planned *rules; /* those that were asked for, costliest first */
    uint32_t count;
    uint32_t shown;                  /* as text */
    const struct measured *measured; /* over alerts; NULL: none were given */
};

/* ---- words ---- */

enum { RAREST = 10000000, DIGITS_KEPT = 100, GROUP = 1000, PERCENT_LEAST = 40 };

/* A share that is as good as all. */
#define NEARLY_ALL 0.995

/* 1234567 as 1,234,567. */
static void add_grouped(struct output *out, uint64_t number)
{
    uint64_t unit = 1;
    while (number / unit >= GROUP)
        unit *= GROUP;
    output_addf(out, "%" PRIu64, number / unit);
    for (unit /= GROUP; unit > 0; unit /= GROUP)
        output_addf(out, ",%03" PRIu64, number / unit % GROUP);
}

/* A guess has two digits. */
static uint64_t rounded(double number)
{
    uint64_t unit = 1;
    while (number / (double)unit >= DIGITS_KEPT)
        unit *= 10;
    return (uint64_t)llround(number / (double)unit) * unit;
}

static void add_share(struct output *out, double share)
{
    if (share >= NEARLY_ALL) {
        output_add(out, STR("nearly every alert"));
    } else if (share * 100 >= PERCENT_LEAST) {
        output_addf(out, "about %.0f %% of alerts", share * 100);
    } else if (share * RAREST < 1) {
        output_add(out, STR("fewer than 1 in 10,000,000 alerts"));
    } else {
        output_add(out, STR("about 1 in "));
        add_grouped(out, rounded(1 / share));
        output_add(out, STR(" alerts"));
    }
}

static bool is_never(const struct match_plan *plan)
{
    return !plan->is_always && plan->witness.len == 0;
}

static void add_guess(struct output *out, const struct match_plan *plan)
{
    if (plan->is_always)
        output_add(out, STR("every alert"));
    else if (is_never(plan))
        output_add(out, STR("no alert"));
    else
        add_share(out, plan->candidates);
}

static void add_measured(
    struct output *out, const struct planned *planned, const struct measured *measured)
{
    output_add(out, STR("looked at for "));
    add_grouped(out, planned->looked_at);
    output_add(out, STR(" of "));
    add_grouped(out, measured->alerts);
    output_add(out, measured->alerts == 1 ? STR(" alert, held for ") : STR(" alerts, held for "));
    add_grouped(out, planned->held);
    output_add(out, STR("; guessed: "));
}

static const char *obstacle_name(enum match_obstacle obstacle)
{
    static const char *const names[] = {
        [OBSTACLE_NONE] = NULL,
        [OBSTACLE_ABSENCE] = "absence",
        [OBSTACLE_UNINDEXED] = "unindexed",
        [OBSTACLE_COMPUTED] = "computed",
        [OBSTACLE_CONSTANT] = "constant",
    };
    return names[obstacle];
}

static const char *obstacle_words(enum match_obstacle obstacle)
{
    static const char *const words[] = {
        [OBSTACLE_NONE] = "",
        [OBSTACLE_ABSENCE] = "it can hold by what an alert lacks",
        [OBSTACLE_UNINDEXED] = "it can hold by a test that no index finds",
        [OBSTACLE_COMPUTED] =
            ("it can hold by what is computed from the alert (a function, a field "
             "beside a field)"),
        [OBSTACLE_CONSTANT] = "it holds whatever the alert has: its condition is `true`",
    };
    return words[obstacle];
}

static const char *way_out(enum match_obstacle obstacle)
{
    static const char *const words[] = {
        [OBSTACLE_NONE] = "",
        [OBSTACLE_ABSENCE] = "",
        [OBSTACLE_UNINDEXED] =
            ", or compare with a text, a number or a list, or give the pattern a fixed part",
        [OBSTACLE_COMPUTED] = ", or ask the field itself",
        [OBSTACLE_CONSTANT] = "",
    };
    return words[obstacle];
}

/* ---- as text ---- */

static void add_warning(struct output *out, const struct match_plan *plan)
{
    output_add(out, STR("  "));
    output_styled(out, STYLE_YELLOW, STR("warning"));
    output_addf(out, ": %s", obstacle_words(plan->obstacle));
    if (plan->way.len > 0) {
        output_add(out, plan->obstacle == OBSTACLE_COMPUTED ? STR(", with: ") : STR(": "));
        output_text(out, plan->way);
    }
    output_addf(out,
        "\n  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`%s; of "
        "an `or` each side needs one\n",
        way_out(plan->obstacle));
}

static void add_rule(
    struct output *out, const struct planned *planned, const struct measured *measured)
{
    const struct match_plan *plan = &planned->plan;
    output_styled(out, STYLE_BOLD, planned->rule->name);
    output_add(out, STR("  "));
    output_text(out, planned->rule->file);
    output_addf(out, ":%" PRIu32 "  ", planned->rule->line);
    if (measured != NULL)
        add_measured(out, planned, measured);
    add_guess(out, plan);
    output_add(out, STR("\n"));
    if (plan->is_always) {
        add_warning(out, plan);
        return;
    }
    output_add(out, is_never(plan) ? STR("  its condition is `false`") : STR("  when "));
    output_text(out, plan->witness);
    output_add(out, plan->is_exact ? STR("\n") : STR("\n  then the machine computes the rest\n"));
}

/* What the rules would come to, by the guesses. One rule has said it of itself. */
static void add_guessed_totals(struct output *out, const struct plan_report *report)
{
    double candidates = 0;
    uint32_t always = 0;
    for (uint32_t at = 0; at < report->count; at++) {
        candidates += report->rules[at].plan.candidates;
        always += report->rules[at].plan.is_always;
    }
    if (report->count == 1)
        return;
    add_grouped(out, report->count);
    output_add(out, STR(" rules, "));
    if (always == 0)
        output_add(out, STR("none"));
    else
        add_grouped(out, always);
    output_add(out, STR(" of them looked at for every alert; "));
    if (candidates >= NEARLY_ALL) {
        output_addf(out, "about %.3g looked at for an alert\n", candidates);
        return;
    }
    output_add(out, STR("one is looked at for "));
    add_share(out, candidates);
    output_add(out, STR("\n"));
}

static void add_measured_totals(struct output *out, const struct plan_report *report)
{
    const struct measured *measured = report->measured;
    double alerts = measured->alerts > 0 ? (double)measured->alerts : 1;
    uint64_t looked_at = 0;
    uint64_t held = 0;
    uint64_t silent = 0;
    for (uint32_t at = 0; at < report->count; at++) {
        looked_at += report->rules[at].looked_at;
        held += report->rules[at].held;
        silent += report->rules[at].held == 0;
    }
    output_add(out, STR("measured over "));
    add_grouped(out, measured->alerts);
    output_addf(out, " alert%s: rules looked at for an alert %.3g, held %.3g",
        measured->alerts == 1 ? "" : "s", (double)looked_at / alerts, (double)held / alerts);
    if (silent > 0 && report->count > 1) {
        output_add(out, STR("; "));
        add_grouped(out, silent);
        output_add(out, silent == 1 ? STR(" rule held for none") : STR(" rules held for none"));
    }
    if (measured->undecided > 0)
        output_addf(out, "; %" PRIu64 " times a limit was reached", measured->undecided);
    if (measured->unreadable > 0)
        output_addf(out, "; %" PRIu64 " could not be read", measured->unreadable);
    output_add(out, STR("\n"));
}

static void add_rest(struct output *out, const struct plan_report *report)
{
    uint32_t rest = report->count - report->shown;
    if (rest == 0)
        return;
    add_grouped(out, rest);
    output_addf(
        out, " more rule%s: --all\n", rest == 1 ? " that costs no more" : "s that cost no more");
}

static void add_totals(struct output *out, const struct plan_report *report)
{
    output_add(out, STR("\n"));
    add_rest(out, report);
    add_guessed_totals(out, report);
    output_add(out, STR("the rules and what tells the sources apart ask "));
    add_grouped(out, report->figures.predicates);
    output_add(out, STR(" different tests, "));
    add_grouped(out, report->figures.indexed);
    output_add(out, STR(" found by an index\n"));
    if (report->measured != NULL)
        add_measured_totals(out, report);
    else
        output_add(out, STR("shares are guessed from the tests alone: their kind, how many values "
                            "the rules name, how rare a text is; --alerts FILE measures them\n"));
}

static void report_text(const struct plan_report *report)
{
    struct output *out = &report->driver->out;
    for (uint32_t at = 0; at < report->shown; at++) {
        add_rule(out, &report->rules[at], report->measured);
        output_relax(out);
    }
    add_totals(out, report);
}

/* ---- as JSON ---- */

static json_t *json_rule(const struct planned *planned, bool is_measured)
{
    const struct match_plan *plan = &planned->plan;
    json_t *object = json_object();
    json_put(&object, "rule", json_from_str(planned->rule->name));
    json_put(&object, "file", json_from_str(planned->rule->file));
    json_put(&object, "line", json_integer(planned->rule->line));
    json_put(&object, "always", json_boolean(plan->is_always));
    json_put(&object, "exact", json_boolean(plan->is_exact));
    json_put(&object, "share", json_real(plan->candidates));
    json_put(&object, "witness", json_or_null(plan->witness));
    json_put(&object, "obstacle", json_from_text(obstacle_name(plan->obstacle)));
    json_put(&object, "way", json_or_null(plan->way));
    if (!is_measured)
        return object;
    json_put(&object, "looked_at", json_integer((json_int_t)planned->looked_at));
    json_put(&object, "held", json_integer((json_int_t)planned->held));
    return object;
}

static enum err report_json(const struct plan_report *report)
{
    const struct measured *measured = report->measured;
    json_t *rules = json_array();
    json_t *object = json_object();
    for (uint32_t at = 0; at < report->count; at++)
        json_append(&rules, json_rule(&report->rules[at], measured != NULL));
    json_put(&object, "rules", rules);
    json_put(&object, "tests", json_integer(report->figures.predicates));
    json_put(&object, "indexed", json_integer(report->figures.indexed));
    json_put(&object, "bytes", json_integer((json_int_t)report->figures.bytes));
    if (measured != NULL) {
        json_put(&object, "alerts", json_integer((json_int_t)measured->alerts));
        json_put(&object, "unreadable", json_integer((json_int_t)measured->unreadable));
        json_put(&object, "undecided", json_integer((json_int_t)measured->undecided));
    }
    enum err err = json_add_line(&report->driver->out.buf, object);
    json_decref(object);
    return err;
}

/* ---- which rules ---- */

/* A path, not the name of a rule: it is there, or it is written like one. */
static bool is_path(const char *operand)
{
    return strchr(operand, '/') != NULL || str_endswith(str_from(operand), STR(".cdr"))
           || access(operand, F_OK) == 0;
}

static bool is_named(const struct arguments *arguments, str rule, bool *ret_has_names)
{
    bool is_any = false;
    for (size_t i = 0; i < arguments->operand_count; i++) {
        if (is_path(arguments->operands[i]))
            continue;
        *ret_has_names = true;
        is_any = is_any || str_is(rule, arguments->operands[i]);
    }
    return is_any;
}

static int costliest_first(const void *a, const void *b)
{
    const struct planned *left = a;
    const struct planned *right = b;
    if (left->looked_at != right->looked_at)
        return left->looked_at > right->looked_at ? -1 : 1;
    if (left->plan.candidates != right->plan.candidates)
        return left->plan.candidates > right->plan.candidates ? -1 : 1;
    if (left->plan.is_exact != right->plan.is_exact)
        return left->plan.is_exact ? 1 : -1;
    return left->rule < right->rule ? -1 : left->rule > right->rule; /* as in the files */
}

static enum err plan_rules(
    struct plan_report *report, const struct arguments *arguments, const struct match_image *image)
{
    const struct program *program = report->compilation->program;
    struct arena *arena = &report->driver->arena;
    bool has_names = false;
    report->figures = match_image_figures(image);
    report->rules = ARENA_ARRAY(arena, struct planned, (size_t)program->rule_count + 1);
    if (report->rules == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < program->rule_count; at++) {
        if (!is_named(arguments, program->rules[at].name, &has_names) && has_names)
            continue;
        struct planned *planned = &report->rules[report->count++];
        planned->rule = &program->rules[at];
        if (report->measured != NULL) {
            planned->looked_at = report->measured->looked_at[at];
            planned->held = report->measured->held[at];
        }
        TRY(match_image_plan(image, at, arena, &planned->plan));
    }
    qsort(report->rules, report->count, sizeof *report->rules, costliest_first);
    bool is_all = has_names || option_is_given(arguments, OPTION_ALL);
    report->shown = is_all || report->count < RULES_SHOWN ? report->count : RULES_SHOWN;
    return ERR_OK;
}

/* Each name among the operands is that of a rule. */
static enum exit_code check_names(
    struct driver *driver, const struct compilation *compilation, const struct arguments *arguments)
{
    const struct program *program = compilation->program;
    for (size_t i = 0; i < arguments->operand_count; i++) {
        bool is_found = is_path(arguments->operands[i]);
        for (uint32_t at = 0; at < program->rule_count && !is_found; at++)
            is_found = str_is(program->rules[at].name, arguments->operands[i]);
        if (!is_found)
            return explain_no_such_rule(driver, compilation, arguments->operands[i]);
    }
    return EXIT_CLEAN;
}

/* The operands that are paths, beside --rules; the current directory without any. */
static enum err find_paths(
    struct driver *driver, const struct arguments *arguments, const char *const **ret_paths)
{
    static const char *const here[] = { ".", NULL };
    struct arguments paths = *arguments;
    paths.operand_count = 0;
    paths.operands = ARENA_ARRAY(&driver->arena, const char *, arguments->operand_count + 1);
    if (paths.operands == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < arguments->operand_count; i++)
        if (is_path(arguments->operands[i]))
            paths.operands[paths.operand_count++] = arguments->operands[i];
    TRY(rules_paths(driver, &paths, ret_paths));
    if (**ret_paths == NULL)
        *ret_paths = here;
    return ERR_OK;
}

/* The rules turned round, asked about alerts where there are some, and told. */
static enum exit_code plan_program(struct plan_report *report, const struct arguments *arguments)
{
    struct driver *driver = report->driver;
    const struct program *program = report->compilation->program;
    const struct match_image *image;
    struct measured measured = { 0 };
    enum err err = match_image_new(&driver->arena, program, &image);
    if (err == ERR_OK && option_is_given(arguments, OPTION_ALERTS)) {
        enum exit_code code = explain_measure(driver, arguments, image, program, &measured);
        if (code != EXIT_CLEAN)
            return code;
        report->measured = &measured;
    }
    if (err == ERR_OK)
        err = plan_rules(report, arguments, image);
    if (err == ERR_OK && option_choice(arguments, OPTION_FORMAT) == 1)
        err = report_json(report);
    else if (err == ERR_OK)
        report_text(report);
    report->measured = NULL;
    if (err != ERR_OK)
        return driver_failure(driver, "planning the rules", err);
    return measured.unreadable > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

enum exit_code explain_plan(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum err err = find_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    enum exit_code code = rules_load(driver, paths, &compilation);
    if (code == EXIT_CLEAN)
        code = check_names(driver, &compilation, arguments);
    if (code != EXIT_CLEAN)
        return code;
    struct plan_report report = { .driver = driver, .compilation = &compilation };
    if (compilation.program->rule_count == 0) {
        driver_message(driver, "there is no rule in these files");
        return EXIT_NOTHING;
    }
    return plan_program(&report, arguments);
}
