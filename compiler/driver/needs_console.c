/* needs_console.c - see needs_console.h. */
#include "driver/needs_console.h"

#include "driver/json_out.h"
#include "driver/needs_report.h"

#include <string.h>

/* Needs are in the order of apply and undo, each by its name: a group is gathered from both. */

static bool name_of(const struct need *need, str provider, struct console_name *ret_name)
{
    return console_find(provider, need->permission, ret_name);
}

static bool is_in(const struct need *need, str provider, const char *group)
{
    struct console_name name;
    return name_of(need, provider, &name) && strcmp(name.group, group) == 0;
}

/* Whether one before it has the same permission, or (`is_group`) is of the same group. */
static bool is_told(const struct needs *needs, const struct need *need, str provider, bool is_group)
{
    struct console_name name;
    if (!name_of(need, provider, &name))
        return true;
    for (const struct need *at = needs->first; at != need; at = at->next)
        if (is_group ? is_in(at, provider, name.group)
                     : strcmp(at->permission, need->permission) == 0)
            return true;
    return false;
}

json_t *needs_console_json(const struct needs *needs, str provider)
{
    json_t *all = json_array();
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        struct console_name name, other;
        if (is_told(needs, need, provider, true) || !name_of(need, provider, &name))
            continue;
        json_t *access = json_array();
        for (const struct need *at = need; at != NULL; at = at->next)
            if (is_in(at, provider, name.group) && !is_told(needs, at, provider, false)
                && name_of(at, provider, &other))
                json_append(&access, json_from_text(other.access));
        json_t *json = json_object();
        json_put(&json, "name", json_from_text(name.group));
        json_put(&json, "access", access);
        json_append(&all, json);
    }
    return all;
}

static void add_group(
    struct output *out, const struct needs *needs, const struct need *first, str provider)
{
    struct console_name name, other;
    bool is_first = true;
    if (!name_of(first, provider, &name))
        return;
    output_styled(out, STYLE_BOLD, str_from(name.group));
    for (const struct need *at = first; at != NULL; at = at->next) {
        if (!is_in(at, provider, name.group) || is_told(needs, at, provider, false)
            || !name_of(at, provider, &other))
            continue;
        output_addf(out, "%s%s", is_first ? ": " : ", ", other.access);
        is_first = false;
    }
    output_add(out, STR("\n"));
}

void needs_console_list(
    struct output *out, const struct needs *needs, str provider, const char *indent)
{
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        if (is_told(needs, need, provider, true))
            continue;
        output_add(out, str_from(indent));
        add_group(out, needs, need, provider);
    }
}

void needs_console_text(struct output *out, const struct compilation *compilation,
    const struct needs *needs, str provider)
{
    struct console_name name, other;
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        if (is_told(needs, need, provider, true) || !name_of(need, provider, &name))
            continue;
        add_group(out, needs, need, provider);
        for (const struct need *at = need; at != NULL; at = at->next) {
            if (!is_in(at, provider, name.group) || !name_of(at, provider, &other))
                continue;
            output_addf(out, "    %s, to %s\n", other.access, at->is_undo ? "undo" : "apply");
            for (const struct need_user *user = at->users; user != NULL; user = user->next) {
                output_add(out, STR("        "));
                needs_add_user(out, compilation, user);
                output_add(out, STR("\n"));
            }
        }
    }
}
