/* cmd_sources.c - cdr sources: who knows which alerts, and what they make of them. */
#include "bytecode.h"
#include "driver/command.h"
#include "driver/rules.h"
#include "driver/sources.h"
#include "fmt.h"
#include "suggest.h"

enum { NAME_COLUMN = 14, FIELD_COLUMN = 18, TYPE_COLUMN = 15, EXPRESSION_BYTES_MAX = 64 * 1024 };

static const struct option options[] = {
    { OPTION_ALERT, OPTION_TEXT, "FILE|-", NULL, NULL,
        "tell of the alerts of this file: which source takes each, and what its fields hold" },
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
        "rule files, or directories of them, that declare more" },
    { OPTION_SOURCE, OPTION_TEXT, "SOURCE", NULL, NULL,
        "with --alert: read every alert as this source's, whatever it looks like" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "lines for people, or one JSON array; with --alert one JSON object a line for each alert" },
    { 0 },
};

static const struct source *file_of(const struct compilation *compilation, const struct item *item)
{
    return &compilation->sources.items[item->at.file];
}

/* Whether another declaration of that name takes the place of this shipped one. */
static bool is_replaced(const struct compilation *compilation, const struct item *source)
{
    if (!file_of(compilation, source)->is_shipped)
        return false;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_SOURCE && item != source && str_equal(item->name, source->name))
                return true;
    return false;
}

/* The comment that stands right above the declaration, its lines joined; in `about`. */
static void add_about(
    const struct compilation *compilation, const struct item *item, struct buf *about)
{
    str before = str_first(file_of(compilation, item)->text, item->at.start);
    size_t start = before.len;
    for (;;) {
        size_t line = start > 0 ? start - 1 : 0;
        while (line > 0 && before.ptr[line - 1] != '\n')
            line--;
        if (start == 0 || before.ptr[line] != '#')
            break;
        start = line;
    }
    str comment = str_skip(before, start);
    while (comment.len > 0) {
        str line = str_first(comment, str_find(comment, '\n'));
        comment = str_skip(comment, line.len + 1);
        line = str_skip(line, strlen("#"));
        if (str_startswith(line, STR(" ")))
            line = str_skip(line, 1);
        if (about->len > 0)
            buf_add(about, STR("\n"));
        buf_add(about, line);
    }
}

static void add_expr(
    const struct compilation *compilation, const struct expr *expr, struct buf *text)
{
    expr_format(&compilation->sources, expr, text);
}

/* ---- which raw paths a mapping reads ---- */

static void add_path(json_t **paths, str path)
{
    json_t *known;
    size_t at;
    json_array_foreach(*paths, at, known) if (str_is(path, json_string_value(known))) return;
    json_append(paths, json_from_str(path));
}

/* Calls are nested no deeper than NESTING_MAX: the parser saw to that. */
void source_add_paths(const struct expr *expr, json_t **paths)
{
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_RAW)
        add_path(paths, expr->is.path);
    if (expr->kind == EXPR_CALL)
        for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
            source_add_paths(arg, paths);
}

static bool is_mapped(const struct ast_mapping *mapping)
{
    return mapping->field->means == MEANING_FIELD;
}

static bool maps(const struct item *item, enum field field)
{
    if (field == FIELD_SOURCE || field == FIELD_RECEIVED || field == FIELD_TIME)
        return true; /* cdr's own, always there */
    for (const struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next)
        if (is_mapped(mapping) && mapping->field->is.field == field)
            return true;
    return false;
}

/* ---- json ---- */

static json_t *json_from_mapping(
    const struct compilation *compilation, const struct ast_mapping *mapping)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(EXPRESSION_BYTES_MAX);
    const struct field_info *info = field_info(mapping->field->is.field);
    json_t *paths = json_array();
    source_add_paths(mapping->value, &paths);
    add_expr(compilation, mapping->value, &text);
    json_t *json = json_object();
    json_put(&json, "field", json_from_text(info->name));
    json_put(&json, "type", json_from_text(type_name(mapping->field->type)));
    json_put(&json, "untrusted", json_boolean(mapping->is_untrusted || info->is_untrusted));
    json_put(&json, "paths", paths);
    json_put(&json, "value", text.err == ERR_OK ? json_from_str(buf_str(&text)) : NULL);
    return json;
}

static json_t *json_from_source(const struct compilation *compilation, const struct item *item)
{
    CLEANUP(buf_release) struct buf accepts = BUF_INIT(EXPRESSION_BYTES_MAX);
    CLEANUP(buf_release) struct buf about = BUF_INIT(EXPRESSION_BYTES_MAX);
    json_t *fields = json_array();
    json_t *lacks = json_array();
    add_about(compilation, item, &about);
    add_expr(compilation, item->source.accept, &accepts);
    for (const struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next)
        if (is_mapped(mapping))
            json_append(&fields, json_from_mapping(compilation, mapping));
    for (int field = 0; field < FIELD_COUNT; field++)
        if (!maps(item, (enum field)field))
            json_append(&lacks, json_from_text(field_info((enum field)field)->name));
    json_t *json = json_object();
    json_put(&json, "name", json_from_str(item->name));
    json_put(&json, "shipped", json_boolean(file_of(compilation, item)->is_shipped));
    json_put(&json, "file", json_from_str(file_of(compilation, item)->file));
    json_put(&json, "about", about.err == ERR_OK ? json_from_str(buf_str(&about)) : NULL);
    json_put(&json, "accepts", accepts.err == ERR_OK ? json_from_str(buf_str(&accepts)) : NULL);
    json_put(&json, "fields", fields);
    json_put(&json, "lacks", lacks);
    return json;
}

/* ---- text ---- */

static void print_indented(struct output *out, const char *indent, str text)
{
    while (text.len > 0) {
        str line = str_first(text, str_find(text, '\n'));
        output_addf(out, "%s%.*s\n", indent, STR_ARG(line));
        text = str_skip(text, line.len + 1);
    }
}

/* The first sentence, which ends at a full stop, a colon or the end of a line with one. */
static str first_sentence(str text)
{
    for (size_t at = 0; at < text.len; at++) {
        bool ends = at + 1 == text.len || text.ptr[at + 1] == ' ' || text.ptr[at + 1] == '\n';
        if (strchr(".:,", text.ptr[at]) != NULL && ends)
            return str_first(text, at);
    }
    return str_first(text, str_find(text, '\n'));
}

static void print_line(
    struct output *out, const struct compilation *compilation, const struct item *item)
{
    CLEANUP(buf_release) struct buf about = BUF_INIT(EXPRESSION_BYTES_MAX);
    const struct source *file = file_of(compilation, item);
    add_about(compilation, item, &about);
    str sentence = first_sentence(buf_str(&about));
    output_styled(out, STYLE_BOLD, item->name);
    size_t used = item->name.len;
    output_addf(out, "%*s", used < NAME_COLUMN ? (int)(NAME_COLUMN - used) : 1, "");
    if (!file->is_shipped)
        output_addf(out, "(%.*s) ", STR_ARG(file->file));
    for (size_t at = 0; at < sentence.len; at++)
        output_add(out, sentence.ptr[at] == '\n' ? STR(" ") : (str){ sentence.ptr + at, 1 });
    output_add(out, STR("\n"));
}

static void print_mapping(
    struct output *out, const struct compilation *compilation, const struct ast_mapping *mapping)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(EXPRESSION_BYTES_MAX);
    const struct field_info *info = field_info(mapping->field->is.field);
    bool is_untrusted = mapping->is_untrusted || info->is_untrusted;
    const char *type = type_name(mapping->field->type);
    json_t *paths = json_array();
    json_t *path;
    size_t at;
    source_add_paths(mapping->value, &paths);
    add_expr(compilation, mapping->value, &text);
    output_add(out, STR("  "));
    output_styled(out, STYLE_BOLD, str_from(info->name));
    output_addf(out, "%*s%s%s\n", (int)(FIELD_COLUMN - strlen(info->name)), "", type,
        is_untrusted ? ", an attacker may have written it" : "");
    json_array_foreach(paths, at, path) output_addf(out, "      %s\n", json_string_value(path));
    if (json_array_size(paths) == 0)
        print_indented(out, "      ", buf_str(&text));
    json_decref(paths);
}

static void print_page(
    struct output *out, const struct compilation *compilation, const struct item *item)
{
    CLEANUP(buf_release) struct buf about = BUF_INIT(EXPRESSION_BYTES_MAX);
    CLEANUP(buf_release) struct buf accepts = BUF_INIT(EXPRESSION_BYTES_MAX);
    bool is_first = true;
    add_about(compilation, item, &about);
    add_expr(compilation, item->source.accept, &accepts);
    output_styled(out, STYLE_BOLD, item->name);
    output_addf(out, "  %.*s\n", STR_ARG(file_of(compilation, item)->file));
    print_indented(out, "  ", buf_str(&about));
    output_add(out, STR("\nTakes an alert when\n"));
    print_indented(out, "  ", buf_str(&accepts));
    output_add(out, STR("\nFields, and the paths that fill them (the first that fits)\n"));
    for (const struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next)
        if (is_mapped(mapping))
            print_mapping(out, compilation, mapping);
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (maps(item, (enum field)field))
            continue;
        output_addf(
            out, "%s%s", is_first ? "\nLacks: " : ", ", field_info((enum field)field)->name);
        is_first = false;
    }
    output_add(out, STR("\n\n"));
}

/* ---- the command ---- */

/* The declarations, by name. */
struct listing {
    const struct item **items;
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    str first = (*(const struct item *const *)a)->name;
    str second = (*(const struct item *const *)b)->name;
    size_t both = first.len < second.len ? first.len : second.len;
    int order = memcmp(first.ptr, second.ptr, both);
    return order != 0 ? order : (first.len > second.len) - (first.len < second.len);
}

static enum err list_sources(
    struct driver *driver, const struct compilation *compilation, struct listing *ret_listing)
{
    size_t count = 0;
    *ret_listing = (struct listing){ 0 };
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            count += item->kind == ITEM_SOURCE;
    ret_listing->items = ARENA_ARRAY(&driver->arena, const struct item *, count + 1);
    if (ret_listing->items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_SOURCE && !is_replaced(compilation, item))
                ret_listing->items[ret_listing->count++] = item;
    qsort(ret_listing->items, ret_listing->count, sizeof *ret_listing->items, by_name);
    return ERR_OK;
}

static bool is_asked(const struct arguments *arguments, const struct item *item)
{
    for (size_t at = 0; at < arguments->operand_count; at++)
        if (str_is(item->name, arguments->operands[at]))
            return true;
    return arguments->operand_count == 0;
}

/* Whether each name on the command line is one of a source. */
static enum exit_code check_names(
    struct driver *driver, const struct arguments *arguments, const struct listing *listing)
{
    for (size_t at = 0; at < arguments->operand_count; at++) {
        const char *name = arguments->operands[at];
        struct suggestion near = { .word = str_from(name) };
        bool is_known = false;
        for (size_t i = 0; i < listing->count; i++) {
            is_known = is_known || str_is(listing->items[i]->name, name);
            suggest(&near, listing->items[i]->name);
        }
        if (is_known)
            continue;
        if (near.best.len > 0)
            return driver_usage(driver, &sources_command,
                "there is no source %s; did you mean %.*s?", name, STR_ARG(near.best));
        return driver_usage(
            driver, &sources_command, "there is no source %s; `cdr sources` lists all", name);
    }
    return EXIT_CLEAN;
}

static enum exit_code print(
    struct driver *driver, const struct arguments *arguments, const struct compilation *compilation)
{
    struct listing listing;
    enum err err = list_sources(driver, compilation, &listing);
    if (err != ERR_OK)
        return driver_failure(driver, "listing the sources", err);
    enum exit_code code = check_names(driver, arguments, &listing);
    if (code != EXIT_CLEAN)
        return code;
    bool is_json = option_choice(arguments, OPTION_FORMAT) == 1;
    json_t *all = json_array();
    for (size_t at = 0; at < listing.count; at++) {
        if (!is_asked(arguments, listing.items[at]))
            continue;
        if (is_json)
            json_append(&all, json_from_source(compilation, listing.items[at]));
        else if (arguments->operand_count == 0)
            print_line(&driver->out, compilation, listing.items[at]);
        else
            print_page(&driver->out, compilation, listing.items[at]);
    }
    err = is_json ? json_add_line(&driver->out.buf, all) : ERR_OK;
    json_decref(all);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the sources", err);
}

/* The values of --rules, NULL-terminated, in the driver's arena. */
static enum err given_rules(
    struct driver *driver, const struct arguments *arguments, const char *const **ret_paths)
{
    size_t count = 0;
    while (option_text_at(arguments, OPTION_RULES, count) != NULL)
        count++;
    const char **paths = ARENA_ARRAY(&driver->arena, const char *, count + 1);
    if (paths == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < count; at++)
        paths[at] = option_text_at(arguments, OPTION_RULES, at);
    *ret_paths = paths;
    return ERR_OK;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum exit_code code = EXIT_CLEAN;
    bool has_alerts = option_is_given(arguments, OPTION_ALERT);
    if (has_alerts && arguments->operand_count > 0)
        return driver_usage(driver, &sources_command,
            "--alert looks which source takes each alert; to read all as one source's say --source "
            "%s",
            arguments->operands[0]);
    if (!has_alerts && option_is_given(arguments, OPTION_SOURCE))
        return driver_usage(
            driver, &sources_command, "--source says how to read the alerts of --alert");
    enum err err = given_rules(driver, arguments, &paths);
    if (err == ERR_OK && paths[0] != NULL) {
        code = rules_load(driver, paths, &compilation);
    } else if (err == ERR_OK) {
        err = compile_begin(&compilation);
        if (err == ERR_OK)
            code = rules_compile(driver, &compilation);
    }
    if (err != ERR_OK)
        return driver_failure(driver, "reading the sources", err);
    if (code != EXIT_CLEAN)
        return code;
    return has_alerts ? sources_tell_alerts(driver, arguments, &compilation)
                      : print(driver, arguments, &compilation);
}

static const struct example examples[] = {
    { "cdr sources", "every source in a line" },
    { "cdr sources guardduty", "what it takes, and where each field comes from" },
    { "cdr sources --alert alert.json", "what cdr makes of an alert: its source, its fields" },
    { "cdr sources --rules rules --format json", "those of rule files too, for programs" },
    { 0 },
};

const struct command sources_command = {
    .name = "sources",
    .operands = "[SOURCE..]",
    .summary = "who knows which alerts; with NAME the fields, and what is lacking",
    .help = "A source says how to know an alert and where its fields are. An alert goes to the\n"
            "first source, by name, that takes it; cdr run --source NAME does not ask.",
    .options = options,
    .examples = examples,
    .group = GROUP_INSIDE,
    .run = run,
};
