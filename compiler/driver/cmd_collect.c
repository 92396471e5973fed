/* cmd_collect.c - cdr collect: one collection, started by hand, of one host or of several in turn.
 *
 * It is a rule of one step with what was typed as literals, run for an alert that says who asks
 * for what: so the checker, the guards and ceilings of --rules, the governor, the journal and the
 * audit log deal with it as with any other step. Of the rules only their settings and guards count;
 * none of them is run. */
#include "base/json_text.h"
#include "driver/alerts.h"
#include "driver/evaluate.h"
#include "driver/pausing.h"
#include "driver/rules.h"
#include "driver/session.h"
#include "registry.h"
#include "suggest.h"

#include <inttypes.h>
#include <unistd.h>

#define RULE_FILE "cdr collect"
#define RULE_NAME "collect_by_hand"
#define ALERT_TYPE "cdr-collect"

enum {
    RULE_BYTES_MAX = 64 * 1024,
    HOSTS_MAX = 100, /* each waits for the one before: more are for a rule of the daemon's */
};

/* What is asked for. */
struct asked {
    struct driver *driver;
    const struct arguments *arguments;
    const struct builtin *row;
    enum run_mode mode;
    const char *host; /* NULL: none is said */
    size_t number;    /* of the host, from 0 */
};

static const struct option options[] = {
    { OPTION_HOST, OPTION_TEXTS, "ID", NULL, NULL,
        "of what: an instance (i-..), else a device as its EDR names it; up to 100 in turn" },
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
        "rules whose connections, guards and ceilings hold; none of them is run" },
    { OPTION_MODE, OPTION_CHOICE, "MODE", "auto plan apply", "auto",
        "plan: reads only; apply: collects; auto: apply with --data, else plan" },
    { OPTION_OFFLINE, OPTION_FLAG, NULL, NULL, NULL, "send nothing at all (plan only)" },
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the journal; collecting needs it" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json summary", "text",
        "a story, one JSON object, or a count" },
    { 0 },
};

/* ---- the rule ---- */

/* What may stand in a literal of a rule without meaning anything there. */
static bool is_plain(str text)
{
    for (size_t at = 0; at < text.len; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        if (byte < ' ' || byte == 0x7f || strchr("\"\\{}", byte) != NULL)
            return false;
    }
    return text.len > 0;
}

/* Types that rules write without quotation marks. */
static bool is_bare(enum type type)
{
    return type == TYPE_DURATION || type == TYPE_INTEGER || type == TYPE_BOOL;
}

static const char *const bare_chars = "abcdefghijklmnopqrstuvwxyz0123456789.-";

/* "name=literal" to the rule. False: the value cannot be one. */
static bool add_argument(struct buf *rule, const struct param *param, str text)
{
    if (!is_plain(text))
        return false;
    buf_addf(rule, " %s=", param->name);
    if (is_bare(param->type) && !param->is_list) {
        for (size_t at = 0; at < text.len; at++)
            if (strchr(bare_chars, text.ptr[at]) == NULL)
                return false;
        buf_add(rule, text);
        return true;
    }
    buf_add(rule, param->is_list ? STR("[") : STR(""));
    for (str rest = text; rest.len > 0;) {
        str one = param->is_list ? str_first(rest, str_find(rest, ',')) : rest;
        rest = str_skip(rest, one.len + 1);
        buf_addf(rule, "\"%.*s\"%s", STR_ARG(one), rest.len > 0 ? ", " : "");
    }
    buf_add(rule, param->is_list ? STR("]") : STR(""));
    return true;
}

static const struct param *find_param(const struct builtin *row, str name)
{
    for (uint32_t at = 0; at < builtin_param_count(row); at++)
        if (str_is(name, row->params[at].name))
            return &row->params[at];
    return NULL;
}

/* As "i-0123456789abcdef0", of whatever length. */
static bool is_like_instance(str text)
{
    str digits = str_skip(text, 2);
    for (size_t at = 0; at < digits.len; at++)
        if (strchr("0123456789abcdef", digits.ptr[at]) == NULL)
            return false;
    return str_startswith(text, STR("i-")) && digits.len > 0;
}

static enum exit_code add_named(struct driver *driver, const struct builtin *row, struct buf *rule,
    str name, str text, const char *said)
{
    const struct param *param = find_param(row, name);
    struct suggestion suggestion = { .word = name };
    for (uint32_t at = 0; param == NULL && at < builtin_param_count(row); at++)
        suggest(&suggestion, str_from(row->params[at].name));
    if (param == NULL && suggestion.best.len > 0)
        return driver_usage(driver, &collect_command,
            "%s has no parameter %.*s; did you mean %.*s?", row->name, STR_ARG(name),
            STR_ARG(suggestion.best));
    if (param == NULL)
        return driver_usage(driver, &collect_command, "%s has no parameter %.*s: cdr builtins %s",
            row->name, STR_ARG(name), row->name);
    if (!add_argument(rule, param, text))
        return driver_usage(driver, &collect_command, "%s is no %s", said, type_name(param->type));
    return EXIT_CLEAN;
}

/* What --host says, as the parameter that it is. */
static enum exit_code add_host(
    struct driver *driver, const struct builtin *row, struct buf *rule, const char *host)
{
    str text = str_from(host);
    bool is_instance = is_like_instance(text);
    if (is_instance && text.len != 2 + 8 && text.len != 2 + 17)
        return driver_usage(driver, &collect_command,
            "%s is no instance id: i- and 8 or 17 hex digits. A host of that name is host=%s", host,
            host);
    return add_named(driver, row, rule, is_instance ? STR("instance") : STR("host"), text, host);
}

static enum exit_code rule_write(const struct asked *asked, struct buf *rule)
{
    struct driver *driver = asked->driver;
    const struct arguments *arguments = asked->arguments;
    const struct builtin *row = asked->row;
    enum exit_code code = EXIT_CLEAN;
    buf_addf(rule, "rule " RULE_NAME " { when alert.type = \"" ALERT_TYPE "\" then collect %s",
        row->name);
    if (asked->host != NULL)
        code = add_host(driver, row, rule, asked->host);
    for (size_t at = 1; at < arguments->operand_count && code == EXIT_CLEAN; at++) {
        str said = str_from(arguments->operands[at]);
        str name = str_first(said, str_find(said, '='));
        if (name.len == said.len)
            return driver_usage(driver, &collect_command,
                "%s is no parameter: write NAME=VALUE, as in profile=full", said.ptr);
        code = add_named(
            driver, row, rule, name, str_skip(said, name.len + 1), arguments->operands[at]);
    }
    buf_add(rule, STR(" }\n"));
    return code;
}

/* ---- the alert ---- */

/* A new one each time: what was collected before does not stand in the way. */
static enum err alert_write(const struct asked *asked, struct buf *alert)
{
    CLEANUP(buf_release) struct buf title = BUF_INIT(RULE_BYTES_MAX);
    const struct arguments *arguments = asked->arguments;
    struct clock *clock = asked->driver->clock;
    buf_addf(&title, "cdr collect %s", arguments->operands[0]);
    if (asked->host != NULL)
        buf_addf(&title, " --host %s", asked->host);
    for (size_t at = 1; at < arguments->operand_count; at++)
        buf_addf(&title, " %s", arguments->operands[at]);
    TRY(title.err);
    buf_addf(alert,
        "{\"source\":\"webhook\",\"severity\":\"informational\",\"alert\":{\"id\":"
        "\"collect-%" PRId64 "-%ld-%zu\",\"type\":\"" ALERT_TYPE "\",\"title\":",
        clock->now_ms(clock), (long)getpid(), asked->number);
    json_text_add(alert, buf_str(&title));
    buf_add(alert, STR("}}"));
    return alert->err;
}

/* ---- the run ---- */

static enum exit_code run_one(
    struct driver *driver, struct evaluation *evaluation, const struct alert_text *alert)
{
    bool is_settled;
    enum exit_code code = evaluation_begin(evaluation);
    if (code == EXIT_CLEAN)
        code = evaluate_alert(evaluation, RULE_FILE, alert);
    if (code > EXIT_FINDINGS)
        return code;
    code = evaluation_settle(evaluation, true, &is_settled);
    if (code != EXIT_CLEAN)
        return code;
    report_end(&evaluation->session->reporter, &evaluation->session->totals);
    evaluation_end(evaluation);
    (void)driver;
    return session_end(evaluation->session);
}

static enum exit_code run_program(const struct asked *asked, const struct program *program)
{
    struct driver *driver = asked->driver;
    const enum run_mode mode = asked->mode;
    CLEANUP(buf_release) struct buf json = BUF_INIT(RULE_BYTES_MAX * 2);
    struct session session = { 0 };
    struct evaluation evaluation = {
        .session = &session, .program = program, .forced_source = STR(""), .only = STR(RULE_NAME)
    };
    enum err err = alert_write(asked, &json);
    if (err != ERR_OK)
        return driver_failure(driver, "writing down what is asked for", err);
    if (mode == MODE_APPLY && program->unenforced_count > 0)
        return driver_usage(driver, &collect_command,
            "the rules have clauses that this build does not enforce (cdr run names them), so "
            "nothing is applied by them: leave them away, or give others by --rules");
    enum exit_code code = session_begin(&session, driver, asked->arguments, mode,
        mode == MODE_APPLY ? JOURNAL_CREATED : JOURNAL_NONE);
    session.reporter.is_by_hand = true;
    if (code == EXIT_CLEAN && mode == MODE_APPLY)
        (void)pause_tell(driver, session.data, "what is asked for is recorded, and not collected");
    struct alert_text alert = { .json = buf_str(&json), .line = 1 };
    if (code == EXIT_CLEAN)
        code = run_one(driver, &evaluation, &alert);
    evaluation_release(&evaluation);
    session_release(&session);
    return code;
}

static enum exit_code find_row(
    struct driver *driver, const struct arguments *arguments, const struct builtin **ret_row)
{
    if (arguments->operand_count == 0)
        return driver_usage(
            driver, &collect_command, "collect what? As in cdr collect triage --host i-..");
    str name = str_from(arguments->operands[0]);
    struct suggestion suggestion = { .word = name };
    const struct builtin *row;
    *ret_row = builtin_find(VERB_COLLECT, name);
    if (*ret_row != NULL)
        return EXIT_CLEAN;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++)
        if (row->verb == VERB_COLLECT)
            suggest(&suggestion, str_from(row->name));
    if (suggestion.best.len > 0)
        return driver_usage(driver, &collect_command, "nothing collects %s; did you mean %.*s?",
            name.ptr, STR_ARG(suggestion.best));
    return driver_usage(
        driver, &collect_command, "nothing collects %s: cdr builtins lists what does", name.ptr);
}

/* What acts is said on the command line: --data, or --mode apply. */
static enum exit_code find_mode(
    struct driver *driver, const struct arguments *arguments, enum run_mode *ret_mode)
{
    bool is_offline = option_is_given(arguments, OPTION_OFFLINE);
    bool has_data = option_text(arguments, OPTION_DATA) != NULL;
    int mode = option_choice(arguments, OPTION_MODE);
    bool is_apply = mode == 2 || (mode == 0 && has_data && !is_offline);
    if (is_apply && is_offline)
        return driver_usage(
            driver, &collect_command, "--offline sends nothing, so it cannot collect");
    if (is_apply && !has_data)
        return driver_usage(driver, &collect_command,
            "--mode apply needs --data DIR: what is collected is in the journal there");
    *ret_mode = is_apply ? MODE_APPLY : is_offline ? MODE_OFFLINE : MODE_PLAN;
    return EXIT_CLEAN;
}

static enum exit_code collect(const struct asked *asked)
{
    CLEANUP(buf_release) struct buf rule = BUF_INIT(RULE_BYTES_MAX);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct arguments flags = *asked->arguments;
    const char *const *paths = NULL;
    flags.operand_count = 0; /* ours are no rules */
    enum exit_code code = rule_write(asked, &rule);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = rule.err == ERR_OK ? rules_paths(asked->driver, &flags, &paths) : rule.err;
    if (err != ERR_OK)
        return driver_failure(asked->driver, "reading the command line", err);
    code = rules_load_with(asked->driver, paths, STR(RULE_FILE), buf_str(&rule), &compilation);
    return code == EXIT_CLEAN ? run_program(asked, compilation.program) : code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    struct asked asked = { .driver = driver, .arguments = arguments, .mode = MODE_PLAN };
    enum exit_code worst = EXIT_CLEAN, code = find_row(driver, arguments, &asked.row);
    if (code == EXIT_CLEAN)
        code = find_mode(driver, arguments, &asked.mode);
    if (code == EXIT_CLEAN && option_text_at(arguments, OPTION_HOST, HOSTS_MAX) != NULL)
        code = driver_usage(driver, &collect_command,
            "more than 100 hosts: each waits for the one before; a rule that fires for each of "
            "them "
            "collects from several at once");
    if (code != EXIT_CLEAN)
        return code;
    do {
        asked.host = option_text_at(arguments, OPTION_HOST, asked.number);
        code = collect(&asked);
        worst = code > worst ? code : worst;
        bool is_stopped = driver->stop != NULL && *driver->stop != 0;
        if (code > EXIT_FINDINGS || is_stopped)
            break;
    } while (option_text_at(arguments, OPTION_HOST, ++asked.number) != NULL);
    return worst;
}

static const struct example examples[] = {
    { "cdr collect triage --host i-0123456789abcdef0 to=s3://evidence/cases --data /var/lib/cdr",
        "what a running Linux instance shows of itself, kept in S3" },
    { "cdr collect snapshot --host i-0123456789abcdef0",
        "what would be done: without --data a plan" },
    { "cdr collect logs role=arn:aws:iam::111122223333:role/web since=24h --rules rules --data "
      "data",
        "to where the connection of the rules says that evidence goes" },
    { "cdr collect triage --host 15dbb9d8f06b45fe9f61eb46e829d986 --host "
      "2f2f0b7a5c1d4e6f8091a2b3c4d5e6f7 --rules rules --data data",
        "of several hosts, one after the other, by the connections of the rules" },
    { 0 },
};

const struct command collect_command = {
    .name = "collect",
    .operands = "NAME [PARAMETER=VALUE..]",
    .summary = "collect evidence now, by hand: what a rule's `collect` does",
    .help =
        "NAME is one of the steps that rules can collect with (cdr builtins), PARAMETER one of\n"
        "its parameters. With --data it collects: through the same checks, guards, journal and\n"
        "audit log as a rule would, and cdr runs tells of it. Without, it is a plan.\n"
        "Rules given by --rules, or by cdr.json, lend it their connections, guards and\n"
        "ceilings; none of them is run.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN_IN_APPLY,
    .beside_daemon = "stop it first; what it left open it goes on with when it starts again",
    .run = run,
};
