/* doc_markdown.c - see doc.h: the page of a rule set. */
#include "driver/doc.h"

#include <inttypes.h>
#include <stdlib.h>

static str text_of(const json_t *object, const char *key)
{
    const json_t *text = json_object_get(object, key);
    return json_is_string(text) ? (str){ json_string_value(text), json_string_length(text) }
                                : STR("");
}

/* "- **Label:** ", what follows is up to the caller. */
static void label(struct buf *out, const char *name)
{
    buf_addf(out, "- **%s:** ", name);
}

static void add_place(struct buf *out, const json_t *item)
{
    CLEANUP(buf_release) struct buf place = BUF_INIT(out->limit);
    buf_add(&place, text_of(item, "file"));
    buf_addf(&place, ":%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(item, "line")));
    markdown_code(out, buf_str(&place));
}

/* Texts as code between commas. */
static void add_codes(struct buf *out, const json_t *texts)
{
    size_t index;
    json_t *text;
    json_array_foreach(texts, index, text)
    {
        buf_add(out, index > 0 ? STR(", ") : STR(""));
        markdown_code(out, (str){ json_string_value(text), json_string_length(text) });
    }
}

/* ---- links: only what can be nothing else ---- */

static bool is_digits(str text, size_t start, size_t count)
{
    for (size_t i = start; i < start + count; i++)
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

/* T1486 or T1078.004 becomes a link to ATT&CK, anything else is text. */
static void add_technique(struct buf *out, str name)
{
    bool is_technique = name.len >= 5 && name.ptr[0] == 'T' && is_digits(name, 1, 4);
    bool is_sub = is_technique && name.len == 9 && name.ptr[5] == '.' && is_digits(name, 6, 3);
    if (!is_technique || (name.len != 5 && !is_sub)) {
        markdown_text(out, name);
        return;
    }
    buf_addf(out, "[%.*s](https://attack.mitre.org/techniques/%.*s/", STR_ARG(name),
        STR_ARG(str_first(name, 5)));
    if (is_sub)
        buf_addf(out, "%.*s/", STR_ARG(str_skip(name, 6)));
    buf_add_byte(out, ')');
}

/* https with the plain signs of an address is a link, anything else is text. */
static void add_address(struct buf *out, str address)
{
    static const char plain[] = "/:._-~%?=&#+,@";
    bool is_link = str_startswith(address, STR("https://"));
    for (size_t i = 0; is_link && i < address.len; i++) {
        char c = address.ptr[i];
        is_link = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                  || (c != '\0' && strchr(plain, c) != NULL);
    }
    if (is_link)
        buf_addf(out, "<%.*s>", STR_ARG(address));
    else
        markdown_text(out, address);
}

static void add_properties(struct buf *out, const json_t *properties)
{
    static const char *const known[] = { "owner", "attack", "runbook" };
    static const char *const labels[] = { "Owner", "ATT&CK", "Runbook" };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        str text = text_of(properties, known[i]);
        if (text.len == 0)
            continue;
        label(out, labels[i]);
        if (i == 0)
            markdown_text(out, text);
        else if (i == 1)
            add_technique(out, text);
        else
            add_address(out, text);
        buf_add_byte(out, '\n');
    }
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)properties, key, member)
    {
        bool is_known = false;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            is_known = is_known || strcmp(key, known[i]) == 0;
        if (is_known)
            continue;
        buf_add(out, STR("- **"));
        markdown_text(out, str_from(key));
        buf_add(out, STR(":** "));
        markdown_text(out, text_of(properties, key));
        buf_add_byte(out, '\n');
    }
}

/* ---- steps ---- */

static void add_undo(struct buf *out, const json_t *step)
{
    str effect = text_of(step, "effect");
    str inverse = text_of(step, "inverse");
    if (str_is(effect, "reads"))
        buf_add(out, STR("; there is nothing to take back"));
    else if (inverse.len > 0)
        buf_addf(out, "; `cdr undo` takes it back (%.*s)", STR_ARG(inverse));
    else if (str_is(effect, "collects"))
        buf_add(out, STR("; what it made stays"));
    else
        buf_add(out, STR("; **cannot be taken back**"));
}

static void add_steps(struct buf *out, const json_t *steps, int indent);

static void add_branch(struct buf *out, const json_t *step, int indent)
{
    buf_add(out, STR("If "));
    markdown_code(out, text_of(step, "if"));
    buf_add(out, STR(":\n"));
    add_steps(out, json_object_get(step, "then"), indent + 3);
    if (json_object_get(step, "else") == NULL)
        return;
    buf_addf(out, "\n%*sOtherwise:\n\n", indent + 3, "");
    add_steps(out, json_object_get(step, "else"), indent + 3);
}

static void add_action(struct buf *out, const json_t *step, int indent)
{
    markdown_code(out, text_of(step, "text"));
    buf_add_byte(out, '\n');
    str does = text_of(step, "does");
    if (does.len == 0)
        return;
    buf_addf(out, "%*s%.*s\n%*s*%.*s*", indent + 3, "", STR_ARG(does), indent + 3, "",
        STR_ARG(text_of(step, "effect")));
    add_undo(out, step);
    str missing = text_of(step, "missing");
    if (missing.len > 0)
        buf_addf(out, "; not connected in this build: %.*s", STR_ARG(missing));
    buf_add_byte(out, '\n');
}

/* As deep as the `if`s of the rule, which the parser bounds. */
static void add_steps(struct buf *out, const json_t *steps, int indent)
{
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        buf_addf(out, "%*s%zu. ", indent, "", index + 1);
        if (json_object_get(step, "if") != NULL)
            add_branch(out, step, indent);
        else
            add_action(out, step, indent);
    }
}

/* ---- rules ---- */

static void add_permissions(struct buf *out, const json_t *permissions)
{
    const char *provider;
    json_t *needs;
    json_object_foreach((json_t *)(uintptr_t)permissions, provider, needs)
    {
        buf_addf(out, "\nPermissions at %s: ", provider);
        add_codes(out, json_object_get(needs, "apply"));
        buf_add(out, STR("."));
        if (json_array_size(json_object_get(needs, "undo")) > 0) {
            buf_add(out, STR(" To take back: "));
            add_codes(out, json_object_get(needs, "undo"));
            buf_add(out, STR("."));
        }
        buf_add_byte(out, '\n');
    }
}

/* "until 2027-01-31: CHG-8812" */
static void add_until(struct buf *out, const json_t *item)
{
    str until = text_of(item, "until");
    if (until.len == 0)
        return;
    buf_add(out, STR(", until "));
    markdown_text(out, until);
    buf_add(out, STR(": "));
    markdown_text(out, text_of(item, "reason"));
}

/* Whether the array holds an object of that name, or that text. */
static bool has_name(const json_t *array, str name)
{
    size_t index;
    json_t *at;
    json_array_foreach(array, index,
        at) if (str_equal(json_is_object(at)
                              ? text_of(at, "name")
                              : (str){ json_string_value(at), json_string_length(at) },
                    name)) return true;
    return false;
}

/* What keeps a rule from firing: its `unless` and the exceptions that name it. */
static void add_excuses(struct buf *out, const json_t *doc, const json_t *rule)
{
    size_t index;
    json_t *at;
    json_array_foreach(json_object_get(rule, "unless"), index, at)
    {
        buf_add(out, STR("\nNot when "));
        markdown_code(out, text_of(at, "condition"));
        add_until(out, at);
        buf_add_byte(out, '\n');
    }
    json_array_foreach(json_object_get(doc, "exceptions"), index, at)
    {
        if (!has_name(json_object_get(at, "rules"), text_of(rule, "name")))
            continue;
        buf_add(out, STR("\nNot by exception "));
        markdown_text(out, text_of(at, "name"));
        add_until(out, at);
        buf_add_byte(out, '\n');
    }
}

static void add_rule(struct buf *out, const json_t *doc, const json_t *rule)
{
    str title = text_of(rule, "title");
    const json_t *sources = json_object_get(rule, "sources");
    buf_add(out, STR("\n## "));
    markdown_text(out, text_of(rule, "name"));
    buf_add(out, title.len > 0 ? STR(": ") : STR(""));
    markdown_text(out, title);
    buf_add(out, STR("\n\n"));
    if (has_name(json_object_get(doc, "disabled"), text_of(rule, "name")))
        buf_add(out, STR("**This rule is switched off.**\n\n"));
    add_properties(out, json_object_get(rule, "properties"));
    label(out, "Sources");
    if (json_array_size(sources) == 0)
        buf_add(out, STR("any"));
    add_codes(out, sources);
    buf_add_byte(out, '\n');
    label(out, "Written in");
    add_place(out, rule);
    buf_add(out, STR("\n\nIt looks for:\n\n"));
    markdown_block(out, "cdr", text_of(rule, "when"));
    add_excuses(out, doc, rule);
    size_t index;
    json_t *clause;
    json_array_foreach(json_object_get(rule, "clauses"), index, clause)
    {
        buf_add_byte(out, '\n');
        markdown_code(out, (str){ json_string_value(clause), json_string_length(clause) });
        buf_add_byte(out, '\n');
    }
    buf_add(out, STR("\nThen, in this order:\n\n"));
    add_steps(out, json_object_get(rule, "steps"), 0);
    add_permissions(out, json_object_get(rule, "permissions"));
}

/* ---- the rest ---- */

/* A part of quoted items; nothing when there are none. */
static void add_quotes(struct buf *out, const char *title, const json_t *items)
{
    size_t index;
    json_t *item;
    if (json_array_size(items) > 0)
        buf_addf(out, "\n## %s\n", title);
    json_array_foreach(items, index, item)
    {
        buf_add_byte(out, '\n');
        add_place(out, item);
        str reason = text_of(item, "reason");
        buf_add(out, reason.len > 0 ? STR(": ") : STR(""));
        markdown_text(out, reason);
        buf_add(out, STR("\n\n"));
        markdown_block(out, "cdr", text_of(item, "text"));
    }
}

static void add_lists(struct buf *out, const json_t *lists)
{
    size_t index;
    json_t *list;
    if (json_array_size(lists) > 0)
        buf_add(
            out, STR("\n## Lists\n\n| list | type | values | written in |\n|---|---|---|---|\n"));
    json_array_foreach(lists, index, list)
    {
        const json_t *count = json_object_get(list, "count");
        buf_add(out, STR("| "));
        markdown_text(out, text_of(list, "name"));
        buf_add(out, STR(" | "));
        markdown_text(out, text_of(list, "type"));
        buf_add(out, STR(" | "));
        if (count != NULL)
            buf_addf(out, "%" JSON_INTEGER_FORMAT "%s", json_integer_value(count),
                text_of(list, "values").len > 0 ? ", from " : "");
        markdown_text(out, text_of(list, "values"));
        buf_add(out, STR(" | "));
        markdown_text(out, text_of(list, "file"));
        buf_addf(out, ":%" JSON_INTEGER_FORMAT " |\n",
            json_integer_value(json_object_get(list, "line")));
    }
}

static void add_exceptions(struct buf *out, const json_t *exceptions)
{
    size_t index;
    json_t *exception;
    if (json_array_size(exceptions) > 0)
        buf_add(out, STR("\n## Exceptions\n\n"));
    json_array_foreach(exceptions, index, exception)
    {
        buf_add(out, STR("- **"));
        markdown_text(out, text_of(exception, "name"));
        buf_add(out, STR("** for "));
        add_codes(out, json_object_get(exception, "rules"));
        buf_add(out, STR(" when "));
        markdown_code(out, text_of(exception, "condition"));
        add_until(out, exception);
        buf_add_byte(out, '\n');
    }
}

/* Titles of tests, names of own sources. */
static void add_names(struct buf *out, const char *title, const json_t *items)
{
    size_t index;
    json_t *item;
    if (json_array_size(items) > 0)
        buf_addf(out, "\n## %s\n\n", title);
    json_array_foreach(items, index, item)
    {
        buf_add(out, STR("- "));
        markdown_text(out, text_of(item, "name"));
        buf_add(out, STR(" ("));
        add_place(out, item);
        buf_add(out, STR(")\n"));
    }
}

void doc_markdown(struct buf *out, const json_t *doc)
{
    const json_t *rules = json_object_get(doc, "rules");
    size_t index;
    json_t *rule;
    buf_addf(out, "# Rules\n\n%zu rule%s. This page is made by `cdr doc`.\n",
        json_array_size(rules), json_array_size(rules) == 1 ? "" : "s");
    json_array_foreach(rules, index, rule) add_rule(out, doc, rule);
    add_exceptions(out, json_object_get(doc, "exceptions"));
    add_quotes(out, "Invariants", json_object_get(doc, "invariants"));
    add_quotes(out, "Environments", json_object_get(doc, "environments"));
    add_quotes(out, "Defaults", json_object_get(doc, "defaults"));
    add_lists(out, json_object_get(doc, "lists"));
    add_names(out, "Own sources", json_object_get(doc, "sources"));
    add_names(out, "Tests", json_object_get(doc, "tests"));
}
