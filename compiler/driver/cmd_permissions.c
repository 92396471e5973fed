/* cmd_permissions.c - cdr permissions: what rules need to be permitted, as a policy. */
#include "base/limits.h"
#include "driver/files.h"
#include "driver/json_out.h"
#include "driver/needs_report.h"
#include "driver/policy_report.h"
#include "driver/rules.h"

#include <errno.h>
#include <string.h>

enum { POLICY_FILE_BYTES_MAX = 1024 * 1024 };

static const struct option options[] = {
    { OPTION_PROVIDER, OPTION_TEXT, "NAME", NULL, "aws", "of whose permissions" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "the policy, and on standard error who needs what; or both as one JSON object" },
    { OPTION_COMPARE, OPTION_TEXT, "FILE|-", NULL, NULL,
        "a policy that is in use: say what it lacks, and what nothing needs" },
    { OPTION_FAIL_LEVEL, OPTION_CHOICE, "LEVEL", "missing unclear excess", "unclear",
        "with --compare: exit with 1 for this and what is worse" },
    { OPTION_PARTITION, OPTION_CHOICE, "WORD", "aws aws-cn aws-us-gov", "aws",
        "in which part of AWS" },
    { OPTION_SELF, OPTION_TEXT, "ARN", NULL, NULL,
        "the role or user that gets the policy: deny it to change itself" },
    { 0 },
};

static const char *const here[] = { ".", NULL };

/* Indented, for people. */
static enum err add_pretty(struct buf *out, const json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text == NULL)
        return ERR_MEMORY;
    buf_add(out, str_from(text));
    buf_add_byte(out, '\n');
    free(text);
    return out->err;
}

static void tell(struct driver *driver, const struct needs *needs, size_t characters)
{
    json_t *warnings = needs_warnings(needs, characters);
    driver_message(driver, "%u %s needed, %zu characters (6,144 fit into a managed policy)",
        (unsigned)needs->rules, needs->rules == 1 ? "rule says what is" : "rules say what is",
        characters);
    if (needs->disabled > 0)
        driver_message(driver, "%u disabled rules were left out", (unsigned)needs->disabled);
    if (needs->idle > 0)
        driver_message(driver, "%u steps cannot be taken by this build, and need nothing",
            (unsigned)needs->idle);
    for (size_t at = 0; at < json_array_size(warnings); at++)
        driver_message(driver, "careful: %s", json_string_value(json_array_get(warnings, at)));
    json_decref(warnings);
}

static json_t *whole_json(const struct compilation *compilation, const struct needs *needs,
    const struct policy_words *words, str provider)
{
    json_t *whole = json_object();
    json_put(&whole, "provider", json_from_str(provider));
    if (str_is(provider, "aws")) {
        json_t *policy = policy_json(needs, words);
        size_t characters = policy == NULL ? 0 : policy_length(policy);
        json_put(&whole, "policy", policy);
        json_put(&whole, "characters", json_integer((json_int_t)characters));
        json_put(&whole, "warnings", needs_warnings(needs, characters));
    }
    json_put(&whole, "needs", needs_json(compilation, needs, words));
    return whole;
}

static enum exit_code print_json(struct driver *driver, const struct compilation *compilation,
    const struct needs *needs, const struct policy_words *words, str provider)
{
    json_t *whole = whole_json(compilation, needs, words, provider);
    enum err err = json_add_line(&driver->out.buf, whole);
    json_decref(whole);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the permissions", err);
}

static enum exit_code print_text(struct driver *driver, const struct compilation *compilation,
    const struct needs *needs, const struct policy_words *words, str provider)
{
    if (!str_is(provider, "aws")) {
        needs_text(&driver->out, compilation, needs);
        if (needs->first == NULL)
            driver_message(
                driver, "no step of these rules needs a permission of %.*s", STR_ARG(provider));
        return EXIT_CLEAN;
    }
    if (needs->first == NULL) {
        driver_message(driver, "no step of these rules needs a permission of AWS");
        return EXIT_CLEAN;
    }
    json_t *policy = policy_json(needs, words);
    size_t characters = policy == NULL ? 0 : policy_length(policy);
    enum err err = add_pretty(&driver->out.buf, policy);
    json_decref(policy);
    if (err != ERR_OK)
        return driver_failure(driver, "writing the policy", err);
    needs_text(&driver->log, compilation, needs);
    tell(driver, needs, characters);
    return EXIT_CLEAN;
}

/* The document that --compare names. */
static enum exit_code read_policy(struct driver *driver, const char *name, json_t **ret_policy)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(POLICY_FILE_BYTES_MAX);
    const char *reason = NULL;
    enum err err = file_read(name, &text);
    if (err == ERR_IO)
        driver_message(driver, "%s cannot be read: %s", name, strerror(errno));
    else if (err == ERR_LIMIT)
        driver_message(driver, "%s is larger than 1 MiB, which no policy is", name);
    else if (err == ERR_OK)
        err = policy_read(buf_str(&text), &driver->arena, ret_policy, &reason);
    if (err == ERR_INVALID)
        driver_message(driver, "%s is no policy of IAM: %s", name, reason);
    if (err == ERR_MEMORY)
        return driver_failure(driver, name, err);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_USAGE;
}

static enum exit_code compare(struct driver *driver, const struct arguments *arguments,
    const struct compilation *compilation, const struct needs *needs,
    const struct policy_words *words)
{
    static const enum policy_level levels[] = { POLICY_LEVEL_MISSING, POLICY_LEVEL_UNCLEAR,
        POLICY_LEVEL_EXCESS };
    json_t *policy = NULL;
    enum exit_code code = read_policy(driver, option_text(arguments, OPTION_COMPARE), &policy);
    if (code != EXIT_CLEAN)
        return code;
    enum policy_level worst = POLICY_LEVEL_NOTHING;
    enum err err = policy_report(&driver->out, compilation, needs, words, policy,
        option_choice(arguments, OPTION_FORMAT) == 1, &driver->arena, &worst);
    json_decref(policy);
    if (err != ERR_OK)
        return driver_failure(driver, "comparing policies", err);
    return worst >= levels[option_choice(arguments, OPTION_FAIL_LEVEL)] ? EXIT_FINDINGS
                                                                        : EXIT_CLEAN;
}

static bool is_provider(str name)
{
#define PROVIDER(provider, meaning)                                                                \
    if (str_is(name, #provider))                                                                   \
        return true;
#include "settings.def"
#undef PROVIDER
    return false;
}

static enum exit_code check_arguments(struct driver *driver, const struct arguments *arguments)
{
    const char *provider = option_text(arguments, OPTION_PROVIDER);
    if (!is_provider(str_from(provider)))
        return driver_usage(
            driver, &permissions_command, "there is no provider %s; aws is one", provider);
    if (option_text(arguments, OPTION_COMPARE) != NULL && strcmp(provider, "aws") != 0)
        return driver_usage(driver, &permissions_command, "--compare reads policies of aws only");
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    enum exit_code code = check_arguments(driver, arguments);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    code = rules_load(driver, paths[0] == NULL ? here : paths, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    str provider = str_from(option_text(arguments, OPTION_PROVIDER));
    struct needs needs;
    struct policy_words words = { .partition = option_text(arguments, OPTION_PARTITION),
        .self = option_text(arguments, OPTION_SELF) };
    err = needs_of(&compilation, provider, &needs);
    if (err != ERR_OK)
        return driver_failure(driver, "looking at what the rules need", err);
    if (option_text(arguments, OPTION_COMPARE) != NULL)
        return compare(driver, arguments, &compilation, &needs, &words);
    if (option_choice(arguments, OPTION_FORMAT) == 1)
        return print_json(driver, &compilation, &needs, &words, provider);
    return print_text(driver, &compilation, &needs, &words, provider);
}

static const struct example examples[] = {
    { "cdr permissions rules > policy.json", "the least policy that these rules can act with" },
    { "cdr permissions rules --compare policy.json", "what a policy that is in use lacks" },
    { 0 },
};

const struct command permissions_command = {
    .name = "permissions",
    .operands = "[PATH..]",
    .summary = "the least permissions that rules need, as a policy of IAM",
    .help =
        "Apply and undo are separate statements. Resources and conditions are narrowed where the\n"
        "conditions of all rules that need a permission say so: accounts, regions, tags. With\n"
        "--compare: what a policy lacks (exit code 1), what of it is not compared (1), and what\n"
        "nothing needs. Without PATH it is about the current directory.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
