/* cmd_test.c - cdr test: the tests of rule files, run. */
#include "driver/command.h"
#include "driver/cover_report.h"
#include "driver/rules.h"
#include "driver/test_report.h"
#include "match/glob.h"

#include <inttypes.h>

/* Enough for any title and a pattern that means something. */
enum { PATTERN_STEPS_MAX = 1000000 };

static const struct option options[] = {
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json tap junit", "text",
        "how the results are printed" },
    { OPTION_RUN, OPTION_TEXT, "PATTERN", NULL, NULL,
        "only tests with this in the title; with * or ?, a glob over the whole of it" },
    { OPTION_FAIL_FAST, OPTION_FLAG, NULL, NULL, NULL, "stop after the first failure" },
    { OPTION_FAIL_ON_SKIP, OPTION_FLAG, NULL, NULL, NULL, "exit 1 when a test was skipped, too" },
    { OPTION_VERBOSE, OPTION_FLAG, NULL, NULL, NULL,
        "tell of every test, and what happened in it" },
    { OPTION_COVER, OPTION_FLAG, NULL, NULL, NULL,
        "tell which tests of the rules' conditions no alert made true, or false" },
    { OPTION_COVER_MIN, OPTION_NUMBER, "PERCENT", NULL, NULL,
        "as --cover, and exit 1 when less of them is covered" },
    { 0 },
};

static const char *const here[] = { ".", NULL };

/* The tests that are wanted, in the order of the files. */
struct selection {
    const struct item **tests;
    uint32_t count;
    uint32_t all;
};

static bool is_wanted(const struct item *test, const char *pattern, struct arena *arena)
{
    uint64_t steps = 0;
    if (pattern == NULL)
        return true;
    bool is_glob = strpbrk(pattern, "*?") != NULL;
    const char *glob = is_glob ? pattern : arena_format(arena, "*%s*", pattern);
    return glob != NULL
           && glob_matches(str_from(glob), test->name, false, PATTERN_STEPS_MAX, &steps);
}

static const struct item *first_item(const struct compilation *compilation, uint32_t file)
{
    return compilation->sources.items[file].depth > 0 ? NULL : compilation->trees[file]->items;
}

/* Those of files that were named, not of files that these use. */
static enum err select_tests(struct driver *driver, const struct compilation *compilation,
    const char *pattern, struct selection *ret_selection)
{
    uint32_t count = 0;
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = first_item(compilation, file); item != NULL;
             item = item->next)
            count += item->kind == ITEM_TEST;
    *ret_selection = (struct selection){ .all = count };
    ret_selection->tests = ARENA_ARRAY(&driver->arena, const struct item *, (size_t)count + 1);
    if (ret_selection->tests == NULL)
        return ERR_MEMORY;
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = first_item(compilation, file); item != NULL;
             item = item->next)
            if (item->kind == ITEM_TEST && is_wanted(item, pattern, &driver->arena))
                ret_selection->tests[ret_selection->count++] = item;
    return ERR_OK;
}

/* A test is over its memory: as much a failure of it as any other. */
static void say_full(const struct item *test, struct testcase_outcome *outcome)
{
    *outcome = (struct testcase_outcome){
        .state = TESTCASE_FAILED,
        .at = test->name_at,
        .reason = STR("this test needs more memory than a test may have"),
        .help = STR("write fewer alerts"),
    };
}

static enum err run_one(struct tester *tester, struct test_report *report, const struct item *test,
    enum testcase_state *ret_state)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TEST_BYTES_MAX);
    struct testcase_outcome outcome;
    enum err err = testcase_run(tester, test, &arena, &outcome);
    if (err == ERR_MEMORY && arena.is_full)
        say_full(test, &outcome);
    else if (err != ERR_OK)
        return err;
    test_report_add(report, test, &outcome);
    *ret_state = outcome.state;
    return report->out->buf.err;
}

static enum err run_all(struct tester *tester, struct test_report *report,
    const struct selection *selection, bool stops_early)
{
    enum testcase_state state = TESTCASE_PASSED;
    test_report_begin(report);
    for (uint32_t i = 0; i < selection->count; i++) {
        TRY(run_one(tester, report, selection->tests[i], &state));
        output_relax(report->out);
        if (stops_early && state == TESTCASE_FAILED)
            break;
    }
    test_report_end(report);
    return report->out->buf.err;
}

/* ---- coverage ---- */

static bool wants_cover(const struct arguments *arguments)
{
    return option_is_given(arguments, OPTION_COVER) || option_is_given(arguments, OPTION_COVER_MIN);
}

/* After the results, in their form; beside JUnit, which has no place for it, on standard
 * error. */
static enum err report_cover(
    struct driver *driver, const struct coverage *coverage, enum test_format format)
{
    switch (format) {
    case TEST_TEXT:
        output_add(&driver->out, STR("\n"));
        cover_report_text(coverage, "", &driver->out);
        return ERR_OK;
    case TEST_JSON:
        return cover_report_json(coverage, &driver->out);
    case TEST_TAP:
        cover_report_text(coverage, "# ", &driver->out);
        return ERR_OK;
    case TEST_JUNIT:
        cover_report_text(coverage, "", &driver->log);
        return ERR_OK;
    }
    return ERR_OK;
}

/* Whether enough is covered; what lacks is told. */
static bool is_enough(
    struct driver *driver, const struct arguments *arguments, const struct coverage *coverage)
{
    uint32_t least = option_number(arguments, OPTION_COVER_MIN);
    if (!wants_cover(arguments)) /* then nothing was counted */
        return true;
    struct coverage_count count = cover_total(coverage);
    uint32_t percent = coverage_percent(count);
    if (count.total == 0 && least > 0) {
        driver_message(driver,
            "there are no leaves to cover, and %" PRIu32 " %% of them are asked for", least);
        return false;
    }
    if (percent >= least)
        return true;
    driver_message(driver,
        "%" PRIu32 " %% of the leaves are covered, and %" PRIu32 " %% are asked for", percent,
        least);
    return false;
}

static enum exit_code run_selection(struct driver *driver, const struct arguments *arguments,
    const struct compilation *compilation, const struct selection *selection)
{
    struct tester tester = { 0 };
    struct test_report report = { .out = &driver->out,
        .sources = &compilation->sources,
        .format = (enum test_format)option_choice(arguments, OPTION_FORMAT),
        .is_verbose = option_is_given(arguments, OPTION_VERBOSE),
        .planned = selection->count };
    CLEANUP(coverage_release) struct coverage coverage = { 0 };
    enum err err = tester_begin(&tester, compilation);
    if (err == ERR_OK && wants_cover(arguments)) {
        err = coverage_begin(&coverage, compilation);
        tester.watcher = &coverage.watcher;
    }
    if (err == ERR_OK)
        err = run_all(&tester, &report, selection, option_is_given(arguments, OPTION_FAIL_FAST));
    if (err == ERR_OK && wants_cover(arguments))
        err = report_cover(driver, &coverage, report.format);
    test_report_release(&report);
    tester_release(&tester);
    if (err != ERR_OK)
        return driver_failure(driver, "running the tests", err);
    bool has_enough = is_enough(driver, arguments, &coverage);
    bool can_skip = !option_is_given(arguments, OPTION_FAIL_ON_SKIP);
    bool is_failure = report.counts[TESTCASE_FAILED] > 0
                      || (report.counts[TESTCASE_SKIPPED] > 0 && !can_skip) || !has_enough;
    return is_failure ? EXIT_FINDINGS : EXIT_CLEAN;
}

static enum exit_code nothing_selected(
    struct driver *driver, const struct selection *selection, const char *pattern)
{
    if (selection->all == 0)
        driver_message(driver,
            "there is no test in these files; write one: test \"a title\" { alert { .. }; expect "
            "rule NAME }");
    else
        driver_message(driver, "none of %" PRIu32 " test%s has \"%s\" in its title", selection->all,
            selection->all == 1 ? "" : "s", pattern);
    return EXIT_NOTHING;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    const char *pattern = option_text(arguments, OPTION_RUN);
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (option_number(arguments, OPTION_COVER_MIN) > 100)
        return driver_usage(driver, &test_command, "--cover-min takes a percentage, 1 to 100");
    CLEANUP(compile_release)
    struct compilation compilation = { .opens_fixtures = true,
        .wants_probes = wants_cover(arguments) };
    enum exit_code code = rules_load(driver, paths[0] == NULL ? here : paths, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    struct selection selection;
    err = select_tests(driver, &compilation, pattern, &selection);
    if (err != ERR_OK)
        return driver_failure(driver, "finding the tests", err);
    if (selection.count == 0)
        return nothing_selected(driver, &selection, pattern);
    return run_selection(driver, arguments, &compilation, &selection);
}

static const struct example examples[] = {
    { "cdr test rules", "every test below rules/" },
    { "cdr test --run ransom --verbose rules", "those about ransom, and what happens in each" },
    { "cdr test --format junit rules", "in CI" },
    { "cdr test --cover-min 80 rules", "and four of five leaves seen true and false" },
    { 0 },
};

const struct command test_command = {
    .name = "test",
    .operands = "[PATH..]",
    .summary = "the tests that stand beside rules: alerts in, expectations met or not",
    .help =
        "PATH is a rule file, a directory (every .cdr file below it), or - for standard input;\n"
        "without one it is the current directory. Nothing is sent anywhere: steps end as the\n"
        "test says. A test with an expectation that depends on what this build does not run is\n"
        "skipped, with the reason, and never passed.\n"
        "exit: 0 no test failed, 1 one did (or was skipped, with --fail-on-skip), 2 usage or a "
        "mistake in the rules, 3 no test.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .run = run,
};
