/* cmd_setup.c - cdr setup: what a provider must be given before cdr can act there. */
#include "driver/needs_report.h"
#include "driver/console.h"
#include "driver/rules.h"
#include "driver/setup_edr.h"
#include "driver/setup_template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const struct option options[] = {
    { OPTION_TRUST, OPTION_TEXT, "ARN", NULL, NULL,
        "who takes the role: the ARN of the role or user that cdr runs as, or its account" },
    { OPTION_ROLE, OPTION_TEXT, "NAME", NULL, "cdr-response", "what the role is called" },
    { OPTION_EXTERNAL_ID, OPTION_TEXT, "ID", NULL, NULL,
        "what who takes it must say; CDR_EXTERNAL_ID says it too; else one is made up" },
    { OPTION_LEFTOVERS, OPTION_FLAG, NULL, NULL, NULL,
        "with what `cdr leftovers --remove` needs to delete what cdr made" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "cloudformation terraform json text", "cloudformation",
        "of aws a template of a stack, a .tf.json file, or the documents alone; of an EDR text, "
        "which it is by itself, or json" },
    { 0 },
};

static const char *const here[] = { ".", NULL };

/* 32 hexadecimal digits by chance; NULL when the machine has none. */
static const char *make_external_id(struct arena *arena)
{
    unsigned char bytes[16];
    char text[2 * sizeof bytes + 1];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return NULL;
    for (size_t at = 0; at < sizeof bytes; at++)
        snprintf(&text[2 * at], 3, "%02x", bytes[at]);
    return arena_format(arena, "%s", text);
}

static enum exit_code read_setup(
    struct driver *driver, const struct arguments *arguments, struct setup *setup)
{
    *setup = (struct setup){ .role = option_text(arguments, OPTION_ROLE),
        .trust = option_text(arguments, OPTION_TRUST),
        .external_id = option_text(arguments, OPTION_EXTERNAL_ID) };
    if (setup->trust == NULL)
        return driver_usage(driver, &setup_command,
            "who takes the role? Name the role that cdr runs as: --trust "
            "arn:aws:iam::111122223333:role/cdr");
    setup->is_made = setup->external_id == NULL;
    if (setup->is_made)
        setup->external_id = make_external_id(&driver->arena);
    if (setup->external_id == NULL)
        return driver_failure(driver, "making up an external id", ERR_MEMORY);
    const char *fault = setup_trust_fault(setup->trust);
    fault = fault != NULL ? fault : setup_role_fault(setup->role);
    fault = fault != NULL ? fault : setup_external_id_fault(setup->external_id);
    return fault == NULL ? EXIT_CLEAN : driver_usage(driver, &setup_command, "%s", fault);
}

static void print_pretty(struct output *out, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text != NULL)
        output_addf(out, "%s\n", text);
    else
        out->buf.err = ERR_MEMORY;
    free(text);
}

/* What is left to do, on standard error: the template alone can be piped on. */
static void tell(struct driver *driver, const struct setup *setup, size_t policies)
{
    json_t *hub = setup_hub_policy(setup);
    driver_message(driver, "role %s, trusted is %s, external id %s, %zu %s", setup->role,
        setup->trust, setup->external_id, policies, policies == 1 ? "policy" : "policies");
    driver_message(driver,
        "in the configuration: connection aws { provider = aws member_role = \"%s\" external_id = "
        "env(\"CDR_EXTERNAL_ID\") }",
        setup->role);
    driver_message(driver,
        setup->is_made
            ? "where cdr runs, and before the next `cdr setup` (else it makes up another id, which "
              "no role deployed by then takes): export CDR_EXTERNAL_ID=%s"
            : "where cdr runs: export CDR_EXTERNAL_ID=%s",
        setup->external_id);
    driver_message(driver,
        "who takes the roles needs this (ListAccounts for `accounts organization`, in the account "
        "that manages the organization or that it delegates to%s):",
        setup->own->first == NULL
            ? ""
            : "; S3 for evidence, which it and no member's role stores: the bucket's policy must "
              "let it too where the bucket is in another account");
    print_pretty(&driver->log, hub);
    json_decref(hub);
    if (setup_trusts_account(setup->trust))
        driver_message(driver,
            "careful: everybody in %s who may sts:AssumeRole can take it; name a role with --trust",
            setup->trust);
}

static enum exit_code print(struct driver *driver, const struct arguments *arguments,
    const struct needs *needs, const struct setup *setup)
{
    size_t policies = 0;
    json_t *template = setup_template(
        needs, setup, (enum setup_form)option_choice(arguments, OPTION_FORMAT), &policies);
    if (template == NULL)
        return driver_failure(driver, "writing the template", ERR_MEMORY);
    print_pretty(&driver->out, template);
    json_decref(template);
    tell(driver, setup, policies);
    json_t *warnings = needs_warnings(needs, 0);
    for (size_t at = 0; at < json_array_size(warnings); at++)
        driver_message(driver, "careful: %s", json_string_value(json_array_get(warnings, at)));
    json_decref(warnings);
    if (policies > SETUP_POLICIES_MAX)
        driver_message(driver,
            "careful: a role may have 10 managed policies until AWS raises that; split the rules");
    return driver->out.buf.err == ERR_OK
               ? EXIT_CLEAN
               : driver_failure(driver, "writing the template", driver->out.buf.err);
}

/* The rules after the first operand. */
static enum exit_code load(
    struct driver *driver, const struct arguments *arguments, struct compilation *compilation)
{
    struct arguments rest = *arguments;
    rest.operands++;
    rest.operand_count--;
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, &rest, &paths);
    return err != ERR_OK ? driver_failure(driver, "reading the command line", err)
                         : rules_load(driver, paths[0] == NULL ? here : paths, compilation);
}

static enum exit_code set_up_nothing(struct driver *driver, const char *provider)
{
    driver_message(driver,
        "no step of these rules needs a permission of %s: there is "
        "nothing to set up",
        provider);
    return EXIT_NOTHING;
}

static enum exit_code set_up_aws(struct driver *driver, const struct arguments *arguments)
{
    struct setup setup;
    if (option_choice(arguments, OPTION_FORMAT) > SETUP_JSON)
        return driver_usage(driver, &setup_command, "what aws is told is no text: --format json");
    enum exit_code code = read_setup(driver, arguments, &setup);
    if (code != EXIT_CLEAN)
        return code;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    code = load(driver, arguments, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    struct needs needs, members, own;
    enum err err = needs_of(&compilation, STR("aws"), &needs);
    if (err == ERR_OK && option_is_given(arguments, OPTION_LEFTOVERS))
        err = needs_add_leftovers(&compilation, &needs);
    if (err == ERR_OK)
        err = needs_part(&needs, false, &compilation.arena, &members);
    if (err == ERR_OK)
        err = needs_part(&needs, true, &compilation.arena, &own);
    if (err != ERR_OK)
        return driver_failure(driver, "looking at what the rules need", err);
    if (needs.first == NULL)
        return set_up_nothing(driver, "AWS");
    setup.own = &own;
    return print(driver, arguments, &members, &setup);
}

static enum exit_code set_up_edr(
    struct driver *driver, const struct arguments *arguments, const char *provider)
{
    static const enum option_id of_aws[] = { OPTION_TRUST, OPTION_ROLE, OPTION_EXTERNAL_ID,
        OPTION_LEFTOVERS };
    bool is_given = option_is_given(arguments, OPTION_FORMAT);
    int form = option_choice(arguments, OPTION_FORMAT);
    for (size_t at = 0; at < COUNT_OF(of_aws); at++)
        if (option_is_given(arguments, of_aws[at])
            && option_from(arguments, of_aws[at]) == FROM_COMMAND_LINE)
            return driver_usage(driver, &setup_command, "no role is taken at %s", provider);
    if (is_given && form < SETUP_JSON)
        return driver_usage(
            driver, &setup_command, "%s has no templates: --format text or json", provider);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum exit_code code = load(driver, arguments, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    struct needs needs;
    enum err err = needs_of(&compilation, str_from(provider), &needs);
    if (err == ERR_OK && needs.first == NULL)
        return set_up_nothing(driver, provider);
    if (err == ERR_OK)
        err = is_given && form == SETUP_JSON
                  ? setup_edr_json(&driver->out, &needs, str_from(provider))
                  : setup_edr_text(&driver->out, &needs, str_from(provider));
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing what to do", err);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *provider = arguments->operand_count == 0 ? "" : arguments->operands[0];
    if (strcmp(provider, "aws") == 0)
        return set_up_aws(driver, arguments);
    if (console_has(str_from(provider)))
        return set_up_edr(driver, arguments, provider);
    return driver_usage(
        driver, &setup_command, "set up what? This build knows aws, crowdstrike and defender");
}

static const struct example examples[] = {
    { "cdr setup aws rules --trust arn:aws:iam::111122223333:role/cdr > role.json",
        "a CloudFormation template of the role for member accounts" },
    { "cdr setup aws rules --trust 111122223333 --format terraform > cdr.tf.json",
        "the same for Terraform" },
    { "cdr setup crowdstrike rules", "what to click in Falcon's console, and the connection" },
    { 0 },
};

const struct command setup_command = {
    .name = "setup",
    .operands = "aws|crowdstrike|defender [PATH..]",
    .summary =
        "what to give cdr where rules act, with the least privilege: a role, an API client, an app",
    .help =
        "Of aws: the role trusts whom --trust names, if they say the external id; it may do what "
        "the "
        "rules\n"
        "need and nothing to itself. What to put into the configuration is told on standard\n"
        "error. Make it in every account, for instance as a stack set. Of crowdstrike and\n"
        "defender: what to do in the console step by step, with exactly what the rules need, and\n"
        "the connection to paste. Without PATH it is for the rules below the current directory.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
