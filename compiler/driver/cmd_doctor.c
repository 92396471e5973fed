/* cmd_doctor.c - cdr doctor: whether this installation can do its work. */
#include "driver/doctor.h"
#include "driver/json_out.h"

enum { NAME_COLUMN = 17 };

static const struct option options[] = {
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL, "rules that should be there" },
    { OPTION_CONFIG, OPTION_TEXT, "FILE", NULL, NULL,
        "FILE.cdr: the daemon's config; else settings, in place of the nearest cdr.json" },
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the journal to look at" },
    { OPTION_ONLINE, OPTION_FLAG, NULL, NULL, NULL,
        "ask AWS and the EDRs of the rules who we are and what we may; without it nothing is sent. "
        "A "
        "daemon's connections are always tried" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a line each, or one JSON object" },
    { 0 },
};

static const char *const words[] = {
    [HEALTH_OK] = "ok", [HEALTH_WARNING] = "warning", [HEALTH_PROBLEM] = "problem"
};

void checkup_add(struct checkup *checkup, enum health health, const char *name, const char *help,
    const char *says, ...)
{
    if (checkup->count == SYMPTOMS_MAX)
        return;
    va_list args;
    va_start(args, says);
    const char *text = arena_vformat(&checkup->driver->arena, says, args);
    va_end(args);
    checkup->symptoms[checkup->count++] =
        (struct symptom){ name, health, text == NULL ? "out of memory" : text, help };
}

static void print_text(struct output *out, const struct checkup *checkup)
{
    static const enum style styles[] = {
        [HEALTH_OK] = STYLE_GREEN, [HEALTH_WARNING] = STYLE_YELLOW, [HEALTH_PROBLEM] = STYLE_RED
    };
    size_t counts[COUNT_OF(words)] = { 0 };
    for (size_t i = 0; i < checkup->count; i++) {
        const struct symptom *symptom = &checkup->symptoms[i];
        counts[symptom->health]++;
        output_styled(out, styles[symptom->health], str_from(words[symptom->health]));
        output_addf(out, "%*s%-*s", (int)(sizeof "problem " - strlen(words[symptom->health])), "",
            NAME_COLUMN, symptom->name);
        output_text(out, str_from(symptom->says));
        output_add(out, STR("\n"));
        if (symptom->help != NULL)
            output_addf(out, "%*s%s\n", (int)sizeof "problem " + NAME_COLUMN, "", symptom->help);
    }
    output_addf(out, "%zu ok, %zu warning%s, %zu problem%s\n", counts[HEALTH_OK],
        counts[HEALTH_WARNING], counts[HEALTH_WARNING] == 1 ? "" : "s", counts[HEALTH_PROBLEM],
        counts[HEALTH_PROBLEM] == 1 ? "" : "s");
}

static enum err print_json(struct output *out, const struct checkup *checkup)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < checkup->count; i++) {
        const struct symptom *symptom = &checkup->symptoms[i];
        json_t *row = json_object();
        json_put(&row, "name", json_from_text(symptom->name));
        json_put(&row, "state", json_from_text(words[symptom->health]));
        json_put(&row, "says", json_from_text(symptom->says));
        json_put(&row, "help", json_from_text(symptom->help));
        json_append(&checks, row);
    }
    json_t *json = json_object();
    json_put(&json, "checks", checks);
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count > 0)
        return driver_usage(driver, &doctor_command, "takes no operand, so not %s; rules: --rules",
            arguments->operands[0]);
    struct checkup *checkup = ARENA_NEW(&driver->arena, struct checkup);
    if (checkup == NULL)
        return driver_failure(driver, "looking", ERR_MEMORY);
    *checkup = (struct checkup){ .driver = driver, .arguments = arguments };
    doctor_installation(checkup);
    const char *config = option_text(arguments, OPTION_CONFIG);
    if (config != NULL && str_endswith(str_from(config), STR(".cdr"))) {
        doctor_daemon(checkup, config);
    } else {
        doctor_settings(checkup);
        doctor_data(checkup, option_text(checkup->arguments, OPTION_DATA));
        doctor_aws(checkup, option_is_given(arguments, OPTION_ONLINE));
    }
    if (option_choice(checkup->arguments, OPTION_FORMAT) == 0)
        print_text(&driver->out, checkup);
    else if (print_json(&driver->out, checkup) != ERR_OK)
        return driver_failure(driver, "writing the answer", ERR_MEMORY);
    for (size_t i = 0; i < checkup->count; i++)
        if (checkup->symptoms[i].health == HEALTH_PROBLEM)
            return EXIT_FINDINGS;
    return EXIT_CLEAN;
}

static const struct example examples[] = {
    { "cdr doctor", "settings and where they come from, rules, credentials; nothing is sent" },
    { "cdr doctor --config /etc/cdr/daemon.cdr",
        "all that the daemon would need: secrets, addresses, certificates, connections" },
    { "cdr doctor --data /var/lib/cdr --online", "the journal too, and whom AWS takes us for" },
    { 0 },
};

const struct command doctor_command = {
    .name = "doctor",
    .operands = "",
    .summary = "whether this installation can do its work, and what to do where it cannot",
    .help =
        "Each line is ok, a warning or a problem; with a problem the exit code is 1. Names of\n"
        "credentials are shown, secrets never. Without --online nothing is sent. Where --config\n"
        "ends in .cdr it is the config of the daemon: every secret is looked up, every address "
        "and\n"
        "certificate tried, every connection asked who we are, what its clock says and what it\n"
        "permits, and the rules are compiled and held against their tests. No cdr.json is read "
        "then.",
    .options = options,
    .examples = examples,
    .group = GROUP_CDR,
    .reads_no_settings = true, /* it reads them itself, and says what is wrong */
    .run = run,
};
