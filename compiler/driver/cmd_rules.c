/* cmd_rules.c - cdr rules: which rules there are, and rules switched off and on, made, changed and
 * deleted as .cdr files. */
#include "driver/json_out.h"
#include "driver/rules.h"
#include "driver/rules_change.h"
#include "driver/rules_edit.h"

#include <string.h>

static const struct option options[] = {
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL, "rule files, or directories of them" },
    { OPTION_CONFIG, OPTION_TEXT, "FILE", NULL, NULL,
        "the daemon's config instead: the rules that it names" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why, for the file and for git" },
    { OPTION_FILE, OPTION_TEXT, "FILE", NULL, NULL,
        "where a new rule is written; else NAME.cdr in the first directory" },
    { OPTION_FORCE, OPTION_FLAG, NULL, NULL, NULL,
        "delete: also the tests, `disable` and exceptions that name the rule" },
    { OPTION_NO_COMMIT, OPTION_FLAG, NULL, NULL, NULL, "write the files and leave git alone" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "of the list: a line each, or one JSON object a line" },
    { 0 },
};

/* ---- the set ---- */

static enum exit_code find_config(struct rules_edit *edit, const char *config)
{
    struct driver *driver = edit->driver;
    CLEANUP(rule_files_release) struct rule_files named = { 0 };
    enum err err = rule_files_find(config, &named);
    if (err != ERR_OK)
        return driver_failure(driver, config, err);
    if (named.paths == NULL) {
        driver_message(driver, "%s", named.missing);
        return EXIT_USAGE;
    }
    size_t count = 0;
    while (named.paths[count] != NULL)
        count++;
    edit->paths = ARENA_ARRAY(&driver->arena, const char *, count + 2);
    if (edit->paths == NULL)
        return driver_failure(driver, config, ERR_MEMORY);
    edit->paths[0] = config;
    for (size_t at = 0; at < count; at++) {
        edit->paths[at + 1] = arena_copy(&driver->arena, str_from(named.paths[at])).ptr;
        if (edit->paths[at + 1] == NULL)
            return driver_failure(driver, config, ERR_MEMORY);
    }
    if (named.ref.len > 0)
        driver_message(driver,
            "the daemon takes rules from %.*s of git: these files are what is checked out",
            STR_ARG(named.ref));
    return EXIT_CLEAN;
}

static enum exit_code find_paths(struct rules_edit *edit, const struct arguments *arguments)
{
    const char *config = option_text(arguments, OPTION_CONFIG);
    bool has_rules = option_is_given(arguments, OPTION_RULES);
    size_t count = 0;
    if ((config != NULL) == has_rules)
        return driver_usage(edit->driver, &rules_command,
            has_rules ? "give --rules or --config, not both: the config names its rules"
                      : "which rules? Give --rules PATH, or --config FILE of the daemon");
    if (config != NULL)
        return find_config(edit, config);
    edit->paths = ARENA_ARRAY(&edit->driver->arena, const char *, arguments->given_count + 1);
    if (edit->paths == NULL)
        return driver_failure(edit->driver, "reading the command line", ERR_MEMORY);
    while ((edit->paths[count] = option_text_at(arguments, OPTION_RULES, count)) != NULL)
        count++;
    return EXIT_CLEAN;
}

static enum exit_code find_set(struct rules_edit *edit, const struct arguments *arguments)
{
    enum exit_code code = find_paths(edit, arguments);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = rule_files_given(edit->paths, &edit->files);
    if (err != ERR_OK)
        return driver_failure(edit->driver, "looking for rules", err);
    edit->files.is_daemon = option_is_given(arguments, OPTION_CONFIG);
    if (edit->files.missing == NULL)
        return EXIT_CLEAN;
    driver_message(edit->driver, "%s", edit->files.missing);
    return EXIT_USAGE;
}

/* ---- list ---- */

static const struct rule_code *code_of(const struct program *program, str name)
{
    for (uint32_t at = 0; program != NULL && at < program->rule_count; at++)
        if (str_equal(program->rules[at].name, name))
            return &program->rules[at];
    return NULL;
}

/* A rule as the list has it. */
struct listed {
    const struct item *rule;
    const char *place;
    const char *state;       /* "enabled", "disabled", "shadow"; "unknown": the set has mistakes */
    const char *disabled_by; /* a place, or NULL */
};

static const char *place_of(struct rules_edit *edit, span at)
{
    const struct source *source = &edit->compilation.sources.items[at.file];
    return arena_format(&edit->driver->arena, "%.*s:%u", STR_ARG(source->file),
        source_place(source, at.start).line);
}

static enum err list_rule(struct rules_edit *edit, const struct item *rule, struct listed *listed)
{
    const struct rule_code *code = code_of(edit->compilation.program, rule->name);
    const struct item *disabled_by = rules_edit_disable_of(edit, rule);
    *listed = (struct listed){ .rule = rule,
        .place = place_of(edit, rule->at),
        .state = disabled_by != NULL                 ? "disabled"
                 : edit->compilation.program == NULL ? "unknown"
                 : code != NULL && code->is_shadow   ? "shadow"
                                                     : "enabled",
        .disabled_by = disabled_by == NULL ? NULL : place_of(edit, disabled_by->at) };
    return listed->place == NULL || (disabled_by != NULL && listed->disabled_by == NULL)
               ? ERR_MEMORY
               : ERR_OK;
}

static void print_line(struct output *out, const struct listed *listed, int width)
{
    str name = listed->rule->name.len == 0 ? STR("(no name)") : listed->rule->name;
    output_addf(out, "%-*.*s  %-8s  ", width, STR_ARG(name), listed->state);
    output_text(out, str_from(listed->place));
    if (listed->disabled_by != NULL) {
        output_add(out, STR(", by "));
        output_text(out, str_from(listed->disabled_by));
    }
    if (listed->rule->rule.title.len > 0) {
        output_add(out, STR("  "));
        output_text(out, listed->rule->rule.title);
    }
    output_add(out, STR("\n"));
}

static enum err print_json(struct output *out, const struct listed *listed)
{
    json_t *json = json_object();
    json_put(&json, "rule", json_or_null(listed->rule->name));
    json_put(&json, "state", json_from_text(listed->state));
    json_put(&json, "place", json_from_text(listed->place));
    json_put(&json, "disabled_by", json_from_text(listed->disabled_by));
    json_put(&json, "title", json_or_null(listed->rule->rule.title));
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

/* Of what is listed as far as it can be read, and of what is not. */
static enum exit_code tell_mistakes(struct rules_edit *edit)
{
    struct driver *driver = edit->driver;
    struct diag_list *diags = &edit->compilation.diags;
    diag_sort(diags);
    diags_print(diags, &edit->compilation.sources, DIAG_FORMAT_CONCISE, false, &driver->log.buf);
    driver_message(driver,
        "the rules have mistakes, so the set is refused: what could be read is listed, and whether "
        "it would be on is not known");
    return EXIT_FINDINGS;
}

static enum exit_code list(struct rules_edit *edit, const struct arguments *arguments)
{
    struct output *out = &edit->driver->out;
    bool is_json = option_choice(arguments, OPTION_FORMAT) == 1;
    int width = 9;
    enum err err = ERR_OK;
    for (const struct item *rule = NULL; (rule = rules_edit_next(edit, rule)) != NULL;)
        if ((int)rule->name.len > width)
            width = (int)rule->name.len;
    for (const struct item *rule = NULL;
         err == ERR_OK && (rule = rules_edit_next(edit, rule)) != NULL;) {
        struct listed listed;
        err = list_rule(edit, rule, &listed);
        if (err == ERR_OK && is_json)
            err = print_json(out, &listed);
        else if (err == ERR_OK)
            print_line(out, &listed, width);
        output_relax(out);
    }
    if (err != ERR_OK)
        return driver_failure(edit->driver, "listing rules", err);
    return edit->compilation.program == NULL ? tell_mistakes(edit) : EXIT_CLEAN;
}

/* ---- the command ---- */

static const struct {
    const char *word;
    bool has_name;
    bool needs_reason;
    bool may_be_bad;   /* the rules need not be right before */
    bool may_be_empty; /* nor be there */
    enum exit_code (*act)(struct rules_edit *edit, const struct arguments *arguments);
} acts[] = {
    { "list", false, false, true, false, list },
    { "enable", true, false, true, false, rules_enable },
    { "disable", true, true, true, false, rules_disable },
    { "new", true, false, false, true, rules_new },
    { "edit", true, false, true, false, rules_edit_open },
    { "delete", true, true, false, false, rules_delete },
};

static enum exit_code act(struct rules_edit *edit, const struct arguments *arguments, size_t at)
{
    struct rules_read read;
    enum exit_code code = find_set(edit, arguments);
    if (code != EXIT_CLEAN)
        return code;
    if (acts[at].may_be_empty && edit->files.files.count == 0)
        return acts[at].act(edit, arguments);
    edit->compilation.opens_fixtures = true;
    if (acts[at].may_be_bad) {
        code = rules_read(edit->driver, edit->paths, &edit->compilation, &read);
        if (code == EXIT_CLEAN)
            code = rules_compile(edit->driver, &edit->compilation);
    } else {
        code = rules_load(edit->driver, edit->paths, &edit->compilation);
    }
    return code == EXIT_CLEAN ? acts[at].act(edit, arguments) : code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *word = arguments->operand_count == 0 ? "" : arguments->operands[0];
    size_t at = 0;
    while (at < COUNT_OF(acts) && strcmp(acts[at].word, word) != 0)
        at++;
    if (at == COUNT_OF(acts))
        return driver_usage(driver, &rules_command,
            word[0] == '\0' ? "what with the rules? list, enable, disable, new, edit or delete%s"
                            : "it can list, enable, disable, new, edit and delete, not %s",
            word);
    if (arguments->operand_count != 1 + (size_t)acts[at].has_name)
        return driver_usage(driver, &rules_command,
            acts[at].has_name ? "%s takes the name of one rule" : "%s takes no name", word);
    if (acts[at].needs_reason && option_text(arguments, OPTION_REASON) == NULL)
        return driver_usage(driver, &rules_command,
            "%s needs --reason TEXT: whoever meets it later will ask", word);
    struct rules_edit edit = { .driver = driver,
        .name = acts[at].has_name ? arguments->operands[1] : NULL };
    enum exit_code code = act(&edit, arguments, at);
    compile_release(&edit.compilation);
    rule_files_release(&edit.files);
    return code;
}

static const struct example examples[] = {
    { "cdr rules list --rules rules", "each rule, whether it is on, and where it stands" },
    { "cdr rules disable noisy --rules rules --reason 'CHG-1: floods'",
        "switch one off, and commit that" },
    { "cdr rules new ransom_note --rules rules", "a rule in shadow to begin from, with its tests" },
    { 0 },
};

const struct command rules_command = {
    .name = "rules",
    .operands = "list|enable|disable|new|edit|delete [NAME]",
    .summary = "the rules there are; switch one off or on, make, change or delete one",
    .help =
        "What is written is tried first: the whole set must compile and pass its tests with it,\n"
        "else nothing is. Files are replaced as a whole, in their canonical form, and committed\n"
        "where they are in a work tree of git: these files alone, and only when nothing else in\n"
        "them waits to be committed. `disable` writes `disable rule NAME` below the rule, with "
        "the\n"
        "reason, and `enable` takes it out: both also where another file is bad, which is said, "
        "and\n"
        "exit 1; the set is refused until that is mended. `edit` opens VISUAL or EDITOR on a copy "
        "of its file.\n"
        "No setting says which rules: --rules does, or --config of the daemon.\n"
        "exit: 0 done, 1 the rules would be bad or the rule cannot go, 2 usage, or git said no.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .reads_no_settings = true, /* --config is the daemon's, not cdr.json */
    .writes_files = true,
    .run = run,
};
