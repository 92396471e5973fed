/* way.c - see way.h. */
#include "act/way.h"

#include "act/run.h"

#include <string.h>

struct choice {
    const struct program *program;
    const struct builtin *ways[BUILTIN_WAYS_MAX];
    uint32_t count;
    bool is_foreign; /* some way would know it, if the alert were of its provider */
};

const struct connection_code *way_connection(const struct program *program, str provider)
{
    for (uint32_t at = 0; at < program->connection_count; at++)
        if (str_equal(program->connections[at].provider, provider))
            return &program->connections[at];
    return NULL;
}

bool way_is_connected(const struct program *program, const struct builtin *row)
{
    return row->provider == NULL || strcmp(row->provider, "aws") == 0
           || way_connection(program, str_from(row->provider)) != NULL;
}

static bool is_of_source(const struct builtin *way, const struct event *event)
{
    return str_is(event->source, way->provider) || str_is(event->provider, way->provider);
}

/* Those of which `is_wanted`; all of them where it is none. */
static void prefer(struct choice *choice, const bool *is_wanted)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < choice->count; at++)
        if (is_wanted[at])
            choice->ways[count++] = choice->ways[at];
    choice->count = count > 0 ? count : choice->count;
}

static void narrow(struct choice *choice, const struct event *event)
{
    bool is_wanted[BUILTIN_WAYS_MAX];
    for (uint32_t at = 0; at < choice->count; at++)
        is_wanted[at] = way_is_connected(choice->program, choice->ways[at]);
    prefer(choice, is_wanted);
    for (uint32_t at = 0; at < choice->count; at++)
        is_wanted[at] = is_of_source(choice->ways[at], event);
    prefer(choice, is_wanted);
}

/* Every directory has users of the same names: one that the rule did not write is of IAM only if the
 * alert is of AWS, or its form says so, and of another directory only if the alert is of that, or the
 * rule names it by `via`. */
static bool is_of_other_directory(const struct builtin *way, const struct step_code *code,
    const struct event *event, const value *args)
{
    bool is_aws = strcmp(way->provider, "aws") == 0;
    if (is_of_source(way, event) || (!is_aws && code->via.len > 0))
        return false;
    for (uint32_t at = 0; at < builtin_param_count(way); at++)
        if (way->params[at].need == PARAM_TARGET && way->params[at].type == TYPE_USER
            && (code->given & (1U << at)) == 0 && args[at].kind == VALUE_TEXT
            && !(is_aws && args_is_iam_user(value_str(args[at]))))
            return true;
    return false;
}

const char *way_names(const struct builtin *front, struct arena *arena)
{
    const char *names = "";
    for (uint32_t at = 0; names != NULL && front->ways[at] != NULL; at++)
        names =
            arena_format(arena, "%s%s%s", names, at == 0 ? "" : " or ", front->ways[at]->provider);
    return names;
}

/* "host 15dbb9d8.., instance i-1": what the step was to act on. */
static const char *target_words(const struct builtin *row, const value *args, struct arena *arena)
{
    const char *words = "";
    for (uint32_t at = 0; words != NULL && at < builtin_param_count(row); at++) {
        if (row->params[at].need != PARAM_TARGET || args[at].kind != VALUE_TEXT)
            continue;
        words = arena_format(arena, "%s%s%s %.*s", words, words[0] == '\0' ? "" : ", ",
            row->params[at].name, STR_ARG(value_str(args[at])));
    }
    return words;
}

/* Whether the rules say how to reach any of the providers. */
static bool has_connection(const struct program *program, const struct builtin *front)
{
    for (uint32_t at = 0; front->ways[at] != NULL; at++)
        if (way_connection(program, str_from(front->ways[at]->provider)) != NULL)
            return true;
    return false;
}

static enum err refuse(const struct step_code *code, const struct choice *choice, const value *args,
    struct arena *arena, const char **reterr_reason)
{
    const struct builtin *row = code->builtin;
    const char *target = target_words(row, args, arena);
    const char *names = way_names(row, arena);
    if (target == NULL || names == NULL)
        return ERR_MEMORY;
    if (row->tells)
        *reterr_reason = arena_format(arena, "the alert is none of %s", names);
    else if (choice->count > 1)
        *reterr_reason = arena_format(arena,
            "%s can be done to %s by more than one provider, and the alert is of none of them; "
            "write via=%s",
            row->name, target, choice->ways[0]->provider);
    else if (choice->count == 0 && choice->is_foreign)
        *reterr_reason = arena_format(arena,
            "%s is only a name, and the alert is not of %s, so it may be of another directory; "
            "write "
            "user=, or via= where it is of that one",
            target, names);
    else if (!has_connection(choice->program, row))
        *reterr_reason = arena_format(arena, "no connection: %s %s needs one to %s that knows %s",
            verb_name(row->verb), row->name, names, target);
    else if (code->via.len > 0)
        *reterr_reason = arena_format(
            arena, "%s is nothing that %.*s could know by that name", target, STR_ARG(code->via));
    else
        *reterr_reason =
            arena_format(arena, "%s is nothing that %s could know by that name", target, names);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_NOT_FOUND;
}

/* What a connection says for all of its steps, where the rule said nothing. */
static void fill_settings(const struct choice *choice, const struct step_code *code,
    const struct builtin *way, value *args)
{
    const struct connection_code *connection =
        way_connection(choice->program, str_from(way->provider));
    for (uint32_t at = 0; connection != NULL && at < builtin_param_count(way); at++) {
        const char *setting = way->params[at].setting;
        if (setting == NULL || (code->given & (1U << at)) != 0 || args[at].kind != VALUE_ABSENT)
            continue;
        for (uint32_t s = 0; s < connection->setting_count; s++)
            if (str_is(connection->settings[s].key, setting)
                && connection->settings[s].way == WAY_WRITTEN)
                args[at] = value_text(connection->settings[s].text);
    }
}

enum err way_choose(const struct program *program, const struct step_code *code,
    const struct event *event, value *args, struct arena *arena, const struct builtin **ret_row,
    const char **reterr_reason)
{
    struct choice choice = { .program = program };
    const struct builtin *row = code->builtin;
    *ret_row = row;
    if (row->ways == NULL)
        return ERR_OK;
    for (uint32_t at = 0; row->ways[at] != NULL; at++) {
        const struct builtin *way = row->ways[at];
        bool is_meant = (code->via.len == 0 || str_is(code->via, way->provider))
                        && (!way->tells || is_of_source(way, event));
        if (!is_meant || (way->fits != NULL && !way->fits(args)))
            continue;
        if (is_of_other_directory(way, code, event, args))
            choice.is_foreign = true;
        else
            choice.ways[choice.count++] = way;
    }
    if (choice.count > 1)
        narrow(&choice, event);
    if (choice.count != 1)
        return refuse(code, &choice, args, arena, reterr_reason);
    fill_settings(&choice, code, choice.ways[0], args);
    *ret_row = choice.ways[0];
    return ERR_OK;
}
