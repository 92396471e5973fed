/* cmd_permissions.c - cdr permissions: what rules need to be permitted, as a policy. */
#include "base/limits.h"
#include "driver/files.h"
#include "driver/json_out.h"
#include "driver/needs_console.h"
#include "driver/needs_report.h"
#include "driver/policy_forms.h"
#include "driver/policy_report.h"
#include "driver/rules.h"

#include <errno.h>
#include <string.h>

enum { POLICY_FILE_BYTES_MAX = 1024 * 1024 };

static const struct option options[] = {
    { OPTION_PROVIDER, OPTION_TEXT, "NAME", NULL, "aws",
        "of whose permissions: aws, crowdstrike, defender" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "the policy, and on standard error who needs what; or both as one JSON object" },
    { OPTION_IDENTITY, OPTION_CHOICE, "WHOSE", "all member connection", "all",
        "what the role in each account needs, or the connection's own identity (S3); a template is "
        "compared with what a member needs" },
    { OPTION_ACCOUNT, OPTION_TEXT, "ID", NULL, NULL, "for this account, whatever rules say" },
    { OPTION_LEFTOVERS, OPTION_FLAG, NULL, NULL, NULL,
        "with what `cdr leftovers --remove` needs to delete what cdr made" },
    { OPTION_COMPARE, OPTION_TEXTS, "FILE|-", NULL, NULL,
        "a policy that is in use, or several, or a template: what it lacks, and what nothing "
        "needs" },
    { OPTION_FAIL_LEVEL, OPTION_CHOICE, "LEVEL", "missing unclear excess", "unclear",
        "with --compare: exit with 1 for this and what is worse" },
    { OPTION_PARTITION, OPTION_CHOICE, "WORD", "aws aws-cn aws-us-gov", "aws",
        "in which part of AWS" },
    { OPTION_SELF, OPTION_TEXT, "ARN", NULL, NULL,
        "the role or user that gets the policy: deny it to change itself" },
    { OPTION_VERBOSE, OPTION_FLAG, NULL, NULL, NULL,
        "on standard error: of each permission which rule and step needs it" },
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

/* Which statements another identity than the role of an account needs. */
static void tell_connections(struct driver *driver, const struct needs *needs)
{
    size_t own = 0, members = 0;
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        own += need->is_connections;
        members += !need->is_connections;
    }
    if (own > 0 && members > 0)
        driver_message(driver,
            "statements ApplyConnection.. and UndoConnection.. are of the connection's own "
            "identity: "
            "where it takes roles in other accounts, these need none of it (--identity)");
}

static void tell(struct driver *driver, const struct needs *needs, size_t characters)
{
    tell_connections(driver, needs);
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
    if (console_has(provider))
        json_put(&whole, "grants", needs_console_json(needs, provider));
    json_put(&whole, "needs", needs_json(compilation, needs, words, provider));
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

static enum exit_code print_text(struct driver *driver, const struct arguments *arguments,
    struct compilation *compilation, const struct needs *needs, const struct policy_words *words,
    str provider)
{
    if (!str_is(provider, "aws")) {
        needs_console_text(&driver->out, compilation, needs, provider);
        if (needs->first == NULL)
            driver_message(
                driver, "nothing of these rules needs a permission of %.*s", STR_ARG(provider));
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
    if (option_is_given(arguments, OPTION_VERBOSE))
        needs_text(&driver->log, compilation, needs);
    else if (needs_summary(&driver->log, compilation, needs) != ERR_OK)
        return driver_failure(driver, "telling who needs what", ERR_MEMORY);
    tell(driver, needs, characters);
    return EXIT_CLEAN;
}

/* Add the document that --compare names to *policy. */
static enum exit_code read_policy(
    struct driver *driver, const char *name, json_t **policy, bool *ret_is_template)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(POLICY_FILE_BYTES_MAX);
    const char *reason = NULL;
    enum err err = file_read(name, &text);
    if (err == ERR_IO)
        driver_message(driver, "%s cannot be read: %s", name, strerror(errno));
    else if (err == ERR_LIMIT)
        driver_message(driver, "%s is larger than 1 MiB, which no policy is", name);
    else if (err == ERR_OK)
        err = policy_read(buf_str(&text), &driver->arena, policy, ret_is_template, &reason);
    if (err == ERR_INVALID)
        driver_message(driver, "%s is no policy of IAM: %s", name, reason);
    if (err == ERR_MEMORY)
        return driver_failure(driver, name, err);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_USAGE;
}

/* All that --compare names as one. */
static enum exit_code read_policies(struct driver *driver, const struct arguments *arguments,
    json_t **policy, bool *ret_is_template)
{
    const char *name;
    *ret_is_template = false;
    for (size_t at = 0; (name = option_text_at(arguments, OPTION_COMPARE, at)) != NULL; at++) {
        bool is_template = false;
        enum exit_code code = read_policy(driver, name, policy, &is_template);
        if (code != EXIT_CLEAN)
            return code;
        *ret_is_template |= is_template;
    }
    return EXIT_CLEAN;
}

/* A policy that names one account is for that account, and one of a template for its words. */
static void place_words(
    struct driver *driver, const json_t *policy, bool is_template, struct policy_words *words)
{
    const char *partition = NULL, *account = NULL;
    policy_places(policy, &driver->arena, &partition, &account);
    if (partition != NULL && partition[0] == '$')
        words->partition = partition;
    if (is_template && words->self == NULL)
        words->self = policy_itself(policy);
    if (words->account != NULL || account == NULL)
        return;
    if (is_template)
        words->account = account;
    else
        words->open = account;
    if (account[0] != '$')
        driver_message(
            driver, "compared for account %s, the only one that the policy names", account);
}

static enum exit_code compare(struct driver *driver, const struct arguments *arguments,
    struct compilation *compilation, const struct needs *needs, struct policy_words words)
{
    static const enum policy_level levels[] = { POLICY_LEVEL_MISSING, POLICY_LEVEL_UNCLEAR,
        POLICY_LEVEL_EXCESS };
    json_t *policy = NULL;
    bool is_template;
    struct needs members = *needs;
    enum exit_code code = read_policies(driver, arguments, &policy, &is_template);
    enum err err = ERR_OK;
    if (code == EXIT_CLEAN && is_template && !option_is_given(arguments, OPTION_IDENTITY))
        err = needs_part(needs, false, &compilation->arena, &members);
    if (code != EXIT_CLEAN || err != ERR_OK) {
        json_decref(policy);
        return code != EXIT_CLEAN ? code : driver_failure(driver, "comparing policies", err);
    }
    place_words(driver, policy, is_template, &words);
    enum policy_level worst = POLICY_LEVEL_NOTHING;
    err = policy_report(&driver->out, compilation, &members, &words, policy,
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
    bool is_aws = strcmp(provider, "aws") == 0;
    if (!is_provider(str_from(provider)))
        return driver_usage(driver, &permissions_command,
            "there is no provider %s; aws, crowdstrike and defender have permissions", provider);
    const char *account = option_text(arguments, OPTION_ACCOUNT);
    if (account != NULL && (strlen(account) != 12 || strspn(account, "0123456789") != 12))
        return driver_usage(driver, &permissions_command, "--account: an account has 12 digits");
    static const enum option_id of_aws[] = { OPTION_COMPARE, OPTION_IDENTITY, OPTION_ACCOUNT,
        OPTION_LEFTOVERS, OPTION_PARTITION, OPTION_SELF };
    for (size_t at = 0; at < COUNT_OF(of_aws) && !is_aws; at++)
        if (option_is_given(arguments, of_aws[at]))
            return driver_usage(driver, &permissions_command,
                "a policy, an account, an identity: there is none of that at %s; --provider aws",
                provider);
    return EXIT_CLEAN;
}

/* Of all that rules need, what --identity asks for. */
static enum err needs_asked(struct compilation *compilation, const struct arguments *arguments,
    str provider, struct needs *ret_needs)
{
    enum { ALL, MEMBER, CONNECTION } whose = option_choice(arguments, OPTION_IDENTITY);
    struct needs all;
    TRY(needs_of(compilation, provider, &all));
    if (option_is_given(arguments, OPTION_LEFTOVERS) && str_is(provider, "aws"))
        TRY(needs_add_leftovers(compilation, &all));
    if (whose != ALL)
        return needs_part(&all, whose == CONNECTION, &compilation->arena, ret_needs);
    *ret_needs = all;
    return ERR_OK;
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
        .account = option_text(arguments, OPTION_ACCOUNT),
        .self = option_text(arguments, OPTION_SELF) };
    err = needs_asked(&compilation, arguments, provider, &needs);
    if (err != ERR_OK)
        return driver_failure(driver, "looking at what the rules need", err);
    if (option_is_given(arguments, OPTION_COMPARE))
        return compare(driver, arguments, &compilation, &needs, words);
    if (option_choice(arguments, OPTION_FORMAT) == 1)
        return print_json(driver, &compilation, &needs, &words, provider);
    return print_text(driver, arguments, &compilation, &needs, &words, provider);
}

static const struct example examples[] = {
    { "cdr permissions rules > policy.json", "the least policy that these rules can act with" },
    { "cdr permissions rules --compare policy.json", "what a policy that is in use lacks" },
    { "cdr permissions rules --provider crowdstrike",
        "the scopes that an API client of Falcon needs, and for what" },
    { "cdr permissions rules --compare role.json",
        "whether the role that `cdr setup` printed is still enough" },
    { 0 },
};

const struct command permissions_command = {
    .name = "permissions",
    .operands = "[PATH..]",
    .summary = "the least permissions that rules need, as a policy of IAM or as the EDR's console "
               "says them",
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
