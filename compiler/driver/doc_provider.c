/* doc_provider.c - see doc.h: what can be done with one EDR, as a page. */
#include "driver/doc.h"

#include "driver/console.h"
#include "registry.h"

#include <string.h>

/* A row of the provider: a way of a front, or one of its own. */
struct part {
    const struct builtin *front; /* what rules name; the row itself where there is no front */
    const struct builtin *row;
};

static const struct builtin *part_of(const struct builtin *front, str provider)
{
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(front, at)) != NULL; at++)
        if (part->provider != NULL && str_is(provider, part->provider))
            return part;
    return NULL;
}

static bool part_at(size_t *at, str provider, struct part *ret_part)
{
    const struct builtin *front;
    while ((front = builtin_at((*at)++)) != NULL) {
        *ret_part = (struct part){ front, part_of(front, provider) };
        if (ret_part->row != NULL)
            return true;
    }
    return false;
}

static void add_permissions(
    struct buf *out, str provider, const char *title, const char *const *permissions)
{
    struct console_name name;
    const char *group = NULL;
    for (size_t at = 0; at < BUILTIN_PERMISSIONS_MAX && permissions[at] != NULL; at++) {
        if (!console_find(provider, permissions[at], &name))
            continue;
        if (group == NULL || strcmp(group, name.group) != 0)
            buf_addf(out, "%s%s: %s", group == NULL ? title : "; ", name.group, name.access);
        else
            buf_addf(out, ", %s", name.access);
        group = name.group;
    }
    if (permissions[0] != NULL)
        buf_add(out, STR(".\n"));
}

static void add_params(struct buf *out, const struct builtin *row)
{
    for (uint32_t at = 0; at < builtin_param_count(row); at++) {
        const struct param *param = &row->params[at];
        if (!param->is_filled)
            buf_addf(out, "%s`%s` (%s%s)", at == 0 ? "- Takes " : ", ", param->name,
                param->is_list ? "list of " : "", type_name(param->type));
    }
    if (builtin_param_count(row) > 0)
        buf_add(out, STR(".\n"));
}

static void add_part(struct buf *out, str provider, const struct part *part)
{
    const struct builtin *row = part->row;
    buf_addf(
        out, "\n### %s %s\n\n%s\n\n", verb_name(part->front->verb), part->front->name, row->doc);
    if (row->verb < VERB_UNDO)
        add_params(out, row);
    add_permissions(out, provider, "- Needs ", row->permissions.apply);
    if (row->inverse != NULL)
        buf_addf(out, "- `cdr undo` takes it back by `%s`.\n", row->inverse);
    else if (row->verb < VERB_UNDO)
        buf_addf(out, "- %s.\n",
            row->effect == EFFECT_DESTROYS ? "Cannot be taken back: rules say `irreversible`"
                                           : "Nothing is taken back");
    add_permissions(out, provider, "- To take it back: ", row->permissions.undo);
    for (size_t at = 0; at < BUILTIN_LIMITS_MAX && row->limits[at] != NULL; at++)
        buf_addf(out, "- Limit: %s.\n", row->limits[at]);
    if (row->source != NULL)
        buf_addf(out, "- Source: <%s>\n", row->source);
}

static void add_parts(
    struct buf *out, str provider, const char *title, enum verb first, enum verb end)
{
    struct part part;
    size_t at = 0;
    buf_addf(out, "\n## %s\n", title);
    while (part_at(&at, provider, &part))
        if (part.row->verb >= first && part.row->verb < end)
            add_part(out, provider, &part);
}

bool doc_provider(struct buf *out, str provider)
{
    if (!console_has(provider))
        return false;
    buf_addf(out,
        "# Steps of %.*s\n\nThis page is made by `cdr doc --provider %.*s` from the tables that "
        "the "
        "compiler reads. Each %s is named as the console names it; what a rule set needs of them, "
        "`cdr permissions --provider %.*s` says.\n",
        STR_ARG(provider), STR_ARG(provider), console_word(provider), STR_ARG(provider));
    add_parts(out, provider, "What rules can write", 0, VERB_UNDO);
    add_parts(out, provider, "What takes back", VERB_UNDO, VERB_FIND);
    add_parts(out, provider, "What is looked for", VERB_FIND, VERB_COUNT);
    return true;
}
