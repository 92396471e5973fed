/* needs_report.c - see needs_report.h. */
#include "driver/needs_report.h"

#include "driver/console.h"
#include "driver/json_out.h"

#include <stdio.h>
#include <string.h>

enum { PERMISSION_COLUMN = 40 };

static void put_place(json_t **object, const struct compilation *compilation, span at)
{
    const struct source *source = &compilation->sources.items[at.file];
    json_put(object, "file", json_from_str(source->file));
    json_put(object, "line", json_integer(source_place(source, at.start).line));
}

static json_t *users_json(const struct compilation *compilation, const struct need *need)
{
    json_t *users = json_array();
    for (const struct need_user *user = need->users; user != NULL; user = user->next) {
        json_t *json = json_object();
        json_put(&json, user->way == NULL ? "rule" : "way", json_from_str(need_user_name(user)));
        json_put(&json, user->way == NULL ? "step" : "kind", json_from_str(need_step_name(user)));
        if (user->is_found)
            json_put(&json, "for", json_from_text("target"));
        put_place(&json, compilation, need_user_at(user));
        json_append(&users, json);
    }
    return users;
}

json_t *needs_json(const struct compilation *compilation, const struct needs *needs,
    const struct policy_words *words, str provider)
{
    json_t *all = json_array();
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        json_t *json = json_object();
        json_put(&json, "permission", json_from_text(need->permission));
        json_put(&json, "phase", json_from_text(need->is_undo ? "undo" : "apply"));
        struct console_name name;
        if (console_find(provider, need->permission, &name)) {
            json_put(&json, "name", json_from_text(name.group));
            json_put(&json, "access", json_from_text(name.access));
        } else {
            json_put(
                &json, "identity", json_from_text(need->is_connections ? "connection" : "member"));
        }
        if (need->action != NULL) {
            json_put(&json, "resources", policy_resources(need, words));
            json_put(&json, "conditions", policy_conditions(need));
        }
        json_put(&json, "rules", users_json(compilation, need));
        json_append(&all, json);
    }
    return all;
}

/* "on instance, where aws:ResourceTag/env is prod or live" */
static void add_limits(struct output *out, const struct need *need)
{
    if (need->type != NULL)
        output_addf(out, " on %s", need->type->type);
    json_t *conditions = policy_conditions(need);
    const char *test, *key;
    json_t *keys, *values;
    const char *join = ", where ";
    json_object_foreach(conditions, test, keys)
    {
        json_object_foreach(keys, key, values)
        {
            output_add(out, str_from(join));
            output_text(out, str_from(key));
            for (size_t at = 0; at < json_array_size(values); at++) {
                output_add(out, at == 0 ? STR(" is ") : STR(" or "));
                output_text(out, str_from(json_string_value(json_array_get(values, at))));
            }
            if (json_is_string(values))
                output_addf(out, " is %s", json_string_value(values));
            join = " and ";
        }
    }
    json_decref(conditions);
}

void needs_add_user(
    struct output *out, const struct compilation *compilation, const struct need_user *user)
{
    span at = need_user_at(user);
    const struct source *source = &compilation->sources.items[at.file];
    str name = need_user_name(user);
    output_text(out, name.len > 0 ? name : STR("(no name)"));
    output_add(out, STR(": "));
    output_text(out, need_step_name(user));
    if (user->is_found)
        output_add(out, STR(", to find what it acts on"));
    output_add(out, STR(" ("));
    output_text(out, source->file);
    output_addf(out, ":%u)", (unsigned)source_place(source, at.start).line);
}

/* A step, and how many permissions it needs. */
struct summed {
    struct summed *next; /* in the order of the files */
    const struct need_user *user;
    const char *last; /* that was counted: needs come in their order */
    size_t counts[2];
};

static bool is_before(const struct need_user *a, const struct need_user *b)
{
    span left = need_user_at(a), right = need_user_at(b);
    return left.file != right.file ? left.file < right.file : left.start < right.start;
}

static enum err sum_user(struct arena *arena, struct summed **first, const struct need *need,
    const struct need_user *user)
{
    struct summed **at = first;
    while (*at != NULL && is_before((*at)->user, user))
        at = &(*at)->next;
    if (*at == NULL || (*at)->user->step != user->step) {
        struct summed *made = ARENA_NEW(arena, struct summed);
        if (made == NULL)
            return ERR_MEMORY;
        *made = (struct summed){ .next = *at, .user = user, .last = "" };
        *at = made;
    }
    if (strcmp((*at)->last, need->permission) != 0 || (*at)->counts[need->is_undo] == 0)
        (*at)->counts[need->is_undo]++;
    (*at)->last = need->permission;
    return ERR_OK;
}

enum err needs_summary(
    struct output *out, struct compilation *compilation, const struct needs *needs)
{
    struct summed *first = NULL;
    for (const struct need *need = needs->first; need != NULL; need = need->next)
        for (const struct need_user *user = need->users; user != NULL; user = user->next)
            TRY(sum_user(&compilation->arena, &first, need, user));
    for (const struct summed *at = first; at != NULL; at = at->next) {
        needs_add_user(out, compilation, at->user);
        output_addf(out, ": %zu permissions to apply, %zu to undo\n", at->counts[0], at->counts[1]);
    }
    return ERR_OK;
}

void needs_text(
    struct output *out, const struct compilation *compilation, const struct needs *needs)
{
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        output_styled(out, STYLE_BOLD, str_from(need->permission));
        output_addf(out, "%*s",
            (int)strlen(need->permission) < PERMISSION_COLUMN
                ? PERMISSION_COLUMN - (int)strlen(need->permission)
                : 0,
            "");
        output_add(out, need->is_undo ? STR(" undo ") : STR(" apply"));
        add_limits(out, need);
        if (need->is_connections)
            output_add(out, STR(", by the connection itself"));
        output_add(out, STR("\n"));
        for (const struct need_user *user = need->users; user != NULL; user = user->next) {
            output_add(out, STR("    "));
            needs_add_user(out, compilation, user);
            output_add(out, STR("\n"));
        }
    }
}

static void add_warning(json_t **all, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_warning(json_t **all, const char *format, ...)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length > 0)
        buf_add(&text, str_from(line));
    json_append(all, json_from_str(buf_str(&text)));
}

/* Whether one before `need` opens the same way: with `is_same`, by the same permission. */
static bool is_told(
    const struct needs *needs, const struct need *need, const char *way, bool is_same)
{
    for (const struct need *at = needs->first; at != need; at = at->next)
        if (policy_escalation(at->permission) == way
            && (!is_same || strcmp(at->permission, need->permission) == 0))
            return true;
    return false;
}

/* One warning for all that open the same way, at the first of them. */
static void warn_of(json_t **all, const struct needs *needs, const struct need *need)
{
    CLEANUP(buf_release) struct buf names = BUF_INIT(1024);
    const char *way = policy_escalation(need->permission);
    if (way == NULL || is_told(needs, need, way, false))
        return;
    for (const struct need *at = need; at != NULL; at = at->next)
        if (policy_escalation(at->permission) == way && !is_told(needs, at, way, true))
            buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", at->permission);
    add_warning(all, "%.*s: whoever holds these credentials can %s", STR_ARG(buf_str(&names)), way);
}

json_t *needs_warnings(const struct needs *needs, size_t characters)
{
    json_t *all = json_array();
    if (characters > POLICY_INLINE_MAX)
        add_warning(&all,
            "this is more than one policy holds: %zu characters of 10,240; `cdr setup aws` "
            "prints it as several",
            characters);
    else if (characters > POLICY_MANAGED_MAX)
        add_warning(&all,
            "this fits into the inline policies of a role (%zu characters of 10,240), and not "
            "into one managed policy (6,144)",
            characters);
    for (const struct need *need = needs->first; need != NULL; need = need->next)
        warn_of(&all, needs, need);
    return all;
}
