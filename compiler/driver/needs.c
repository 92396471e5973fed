/* needs.c - see needs.h. */
#include "driver/needs.h"

#include "arguments.h"
#include "aws/evidence_place.h"
#include "constant.h"
#include "driver/needs_ways.h"
#include "expand.h"
#include "registry.h"

#include <string.h>

/* One step of one rule, and what holds whenever it is taken. */
struct taken {
    struct compilation *compilation;
    struct needs *needs;
    str provider;
    const struct item *rule; /* NULL: no rule takes it, `cdr leftovers` does */
    const struct expr *when; /* expanded */
    struct way_case case_of; /* `sources`; of the step too while it is looked at */
    const struct ast_step *step;
    bool is_found; /* what is added is for looking for its target */
};

str need_step_name(const struct need_user *user)
{
    return user->way != NULL ? user->way->key : user->step->action.name;
}

str need_user_name(const struct need_user *user)
{
    return user->way != NULL ? user->way->label : user->rule->name;
}

span need_user_at(const struct need_user *user)
{
    return user->way != NULL ? user->way->at : user->step->at;
}

/* ---- what is implied ---- */

/* What the step's scope of that type can be: what the rule wrote, else the alert's. */
static enum err scope_of(
    const struct taken *taken, enum type type, enum field field, struct implied *ret)
{
    struct arena *arena = &taken->compilation->arena;
    const struct builtin *row = taken->step->action.builtin;
    uint32_t count = builtin_param_count(row);
    *ret = (struct implied){ 0 };
    for (uint32_t at = 0; at < count && taken->rule != NULL; at++) {
        if (row->params[at].need != PARAM_SCOPE || row->params[at].type != type)
            continue;
        const struct expr *given = step_argument(taken->step, at);
        value v;
        enum type from;
        bool is_field = given != NULL && given->kind == EXPR_FIELD && given->means == MEANING_FIELD
                        && given->is.field == field;
        if (given == NULL || is_field)
            return implied_by(arena, taken->when, (struct subject){ .field = field }, ret);
        if (!constant_of(given, &v, &from) || v.kind != VALUE_TEXT)
            return ERR_OK;
        str *one = ARENA_NEW(arena, str);
        if (one == NULL)
            return ERR_MEMORY;
        *one = value_str(v);
        *ret = (struct implied){ true, one, 1 };
        return ERR_OK;
    }
    return ERR_OK;
}

/* Whether the instance that the step acts on is the one that the alert is about: tags of the
 * alert are those of no other. */
static bool is_alerts_instance(const struct taken *taken)
{
    const struct builtin *row = taken->step->action.builtin;
    uint32_t count = builtin_param_count(row);
    bool has_instance = false;
    for (uint32_t at = 0; at < count; at++) {
        const struct expr *given = step_argument(taken->step, at);
        if (row->params[at].need != PARAM_TARGET)
            continue;
        if (row->params[at].type == TYPE_INSTANCE)
            has_instance = given == NULL
                           || (given->kind == EXPR_FIELD && given->means == MEANING_FIELD
                               && given->is.field == FIELD_INSTANCE_ID);
        else if (given != NULL)
            return false;
    }
    return has_instance;
}

/* What a policy can say of a tag: IAM reads ${..} in it, and knows case only of ASCII. */
static bool is_plain(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] < ' ' || text.ptr[at] > '~' || text.ptr[at] == '$')
            return false;
    return true;
}

static enum err tags_of(const struct taken *taken, struct need *need)
{
    str keys[NEED_TAGS_MAX];
    if (taken->rule == NULL)
        return ERR_OK;
    uint32_t count = implied_tags(taken->when, keys, NEED_TAGS_MAX);
    if (need->narrow != IAM_TARGET || !is_alerts_instance(taken))
        return ERR_OK;
    for (uint32_t at = 0; at < count; at++) {
        struct need_tag tag = { .key = keys[at] };
        TRY(implied_by(&taken->compilation->arena, taken->when, (struct subject){ .tag = keys[at] },
            &tag.values));
        bool is_usable = tag.values.is_known && is_plain(tag.key);
        for (uint32_t v = 0; v < tag.values.count; v++)
            is_usable = is_usable && is_plain(tag.values.values[v]);
        if (is_usable)
            need->tags[need->tag_count++] = tag;
    }
    return ERR_OK;
}

/* ---- the list ---- */

static bool is_same(const struct need *a, const struct need *b)
{
    return a->is_undo == b->is_undo && a->type == b->type
           && strcmp(a->permission, b->permission) == 0;
}

static int order(const struct need *a, const struct need *b)
{
    if (a->is_undo != b->is_undo)
        return a->is_undo ? 1 : -1;
    int by_name = strcmp(a->permission, b->permission);
    if (by_name != 0 || a->type == b->type)
        return by_name;
    if (a->type == NULL || b->type == NULL)
        return a->type == NULL ? -1 : 1;
    return strcmp(a->type->type, b->type->type);
}

/* Keep of the tags of `into` those that `other` asks for too, with the values of both. */
static enum err merge_tags(struct arena *arena, struct need *into, const struct need *other)
{
    uint32_t kept = 0;
    for (uint32_t at = 0; at < into->tag_count; at++) {
        struct need_tag tag = into->tags[at];
        const struct need_tag *same = NULL;
        for (uint32_t i = 0; i < other->tag_count; i++)
            if (str_equal(other->tags[i].key, tag.key))
                same = &other->tags[i];
        if (same == NULL)
            continue;
        TRY(implied_either(arena, &tag.values, &same->values, &tag.values));
        if (tag.values.is_known)
            into->tags[kept++] = tag;
    }
    into->tag_count = kept;
    return ERR_OK;
}

static void merge_makers(struct need *into, const struct need *other)
{
    for (size_t i = 0; i < NEED_MAKERS_MAX && other->makers[i] != NULL; i++) {
        size_t at = 0;
        while (at < NEED_MAKERS_MAX && into->makers[at] != NULL
               && strcmp(into->makers[at], other->makers[i]) != 0)
            at++;
        if (at < NEED_MAKERS_MAX)
            into->makers[at] = other->makers[i];
        else
            into->narrow = IAM_ANY;
    }
}

/* Places of one or the other: their case counts. */
static enum err merge_places(struct arena *arena, struct need *into, const struct need *other)
{
    struct implied all = { .is_known = into->places.is_known && other->places.is_known };
    str *values = ARENA_ARRAY(arena, str, (size_t)into->places.count + other->places.count + 1);
    if (values == NULL)
        return ERR_MEMORY;
    all.values = values;
    for (uint32_t at = 0; at < into->places.count; at++)
        values[all.count++] = into->places.values[at];
    for (uint32_t at = 0; at < other->places.count; at++) {
        uint32_t i = 0;
        while (i < all.count && !str_equal(values[i], other->places.values[at]))
            i++;
        if (i == all.count)
            values[all.count++] = other->places.values[at];
    }
    into->places = all.is_known && all.count <= IMPLIED_VALUES_MAX ? all : (struct implied){ 0 };
    return ERR_OK;
}

/* What one or the other needs. */
static enum err merge(struct arena *arena, struct need *into, const struct need *other)
{
    TRY(implied_either(arena, &into->accounts, &other->accounts, &into->accounts));
    TRY(implied_either(arena, &into->regions, &other->regions, &into->regions));
    TRY(merge_tags(arena, into, other));
    if (into->narrow != other->narrow)
        into->narrow = IAM_ANY;
    merge_makers(into, other);
    TRY(merge_places(arena, into, other));
    if (into->narrow != IAM_TARGET)
        into->tag_count = 0;
    return ERR_OK;
}

static enum err add_user(struct arena *arena, struct need *need, const struct taken *taken)
{
    struct need_user **last = &need->users;
    if (taken->rule == NULL)
        return ERR_OK;
    for (; *last != NULL; last = &(*last)->next)
        if ((*last)->rule == taken->rule && (*last)->step == taken->step)
            return ERR_OK;
    *last = ARENA_NEW(arena, struct need_user);
    if (*last == NULL)
        return ERR_MEMORY;
    **last =
        (struct need_user){ .rule = taken->rule, .step = taken->step, .is_found = taken->is_found };
    return ERR_OK;
}

static enum err add_need(const struct taken *taken, const struct need *need)
{
    struct arena *arena = &taken->compilation->arena;
    struct need **at = &taken->needs->first;
    while (*at != NULL && order(*at, need) < 0)
        at = &(*at)->next;
    if (*at != NULL && is_same(*at, need)) {
        TRY(merge(arena, *at, need));
        return add_user(arena, *at, taken);
    }
    struct need *made = ARENA_NEW(arena, struct need);
    if (made == NULL)
        return ERR_MEMORY;
    *made = *need;
    made->next = *at;
    *at = made;
    return add_user(arena, made, taken);
}

/* ---- permissions of a step ---- */

/* The next line after `at` (NULL: the first) in which a connection to the provider says the
 * setting, or NULL. */
static const struct ast_line *setting_after(
    const struct taken *taken, const char *setting, const struct ast_line *at)
{
    const struct compilation *compilation = taken->compilation;
    bool is_past = at == NULL;
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (const struct item *item = compilation->trees[file]->items; item != NULL;
             item = item->next) {
            if (item->kind != ITEM_BLOCK || !str_is(item->block.keyword, "connection")
                || !str_equal(connection_provider(item), taken->provider))
                continue;
            for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next) {
                if (is_past && str_is(line->key, setting))
                    return line;
                is_past |= line == at;
            }
        }
    return NULL;
}

/* Whether it is the parameter where the rule does not give it. */
static bool is_setting_said(const struct taken *taken, const char *setting)
{
    return setting != NULL && setting_after(taken, setting, NULL) != NULL;
}

/* Whether the rule says on what the step acts: then nothing is taken from the alert. */
static bool has_target(const struct taken *taken)
{
    const struct builtin *builtin = taken->step->action.builtin;
    for (uint32_t at = 0; at < builtin_param_count(builtin); at++)
        if (builtin->params[at].need == PARAM_TARGET && step_argument(taken->step, at) != NULL)
            return true;
    return false;
}

/* Whether the parameter can be one of `values`, as iam_when has them. */
static bool may_be(const struct taken *taken, uint32_t param, const char *values)
{
    const struct builtin *builtin = taken->step->action.builtin;
    const struct expr *given = step_argument(taken->step, param);
    value v;
    enum type from;
    if (iam_words_have(values, STR("target")))
        return given != NULL || !has_target(taken);
    if (given == NULL && !is_setting_said(taken, builtin->params[param].setting))
        return iam_words_have(values, STR("-"));
    if (iam_words_have(values, STR("+")))
        return true;
    bool is_known = given != NULL && constant_of(given, &v, &from) && v.kind == VALUE_TEXT;
    return is_known ? iam_words_have(values, value_str(v)) : !str_is(str_from(values), "-");
}

/* Whether the step does without it, by what is written of its parameters. */
static bool is_spared(const struct taken *taken, const char *permission)
{
    const struct iam_when *row;
    const struct builtin *builtin = taken->step->action.builtin;
    bool is_spared = false;
    for (size_t at = 0; (row = iam_when_at(at)) != NULL; at++) {
        if (!str_is(str_from(row->step), builtin->name)
            || !iam_words_have(row->actions, str_from(permission)))
            continue;
        uint32_t param = param_find(builtin, str_from(row->param));
        if (param == UINT32_MAX || may_be(taken, param, row->values))
            return false;
        is_spared = true;
    }
    return is_spared;
}

/* ---- where evidence goes ---- */

/* Add "bucket", or all below "bucket/prefix" for objects; nothing is known of what is no such place. */
static enum err add_place(
    struct arena *arena, const struct expr *given, bool is_objects, struct implied *places)
{
    struct evidence_place place;
    value v;
    enum type from;
    bool is_known = constant_of(given, &v, &from) && v.kind == VALUE_TEXT
                    && evidence_place_fault(value_str(v), &place) == NULL
                    && places->count < IMPLIED_VALUES_MAX;
    if (!is_known) {
        places->is_known = false;
        return ERR_OK;
    }
    const char *text = arena_format(arena, "%.*s%s%.*s%s", STR_ARG(place.bucket),
        is_objects ? "/" : "", is_objects ? (int)place.prefix.len : 0, place.prefix.ptr,
        !is_objects            ? ""
        : place.prefix.len > 0 ? "/*"
                               : "*");
    str *values = ARENA_ARRAY(arena, str, (size_t)places->count + 1);
    if (text == NULL || values == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < places->count; at++)
        values[at] = places->values[at];
    values[places->count++] = str_from(text);
    places->values = values;
    return ERR_OK;
}

/* The places of the parameter that a connection may say: what the rule gives, else any of them. */
static enum err places_of(const struct taken *taken, bool is_objects, struct implied *ret)
{
    struct arena *arena = &taken->compilation->arena;
    const struct builtin *row = taken->step->action.builtin;
    struct implied places = { .is_known = true };
    for (uint32_t at = 0; at < builtin_param_count(row); at++) {
        const char *setting = row->params[at].setting;
        const struct expr *given = step_argument(taken->step, at);
        if (setting == NULL || strcmp(setting, "evidence") != 0)
            continue;
        const struct ast_line *line = NULL;
        if (given != NULL)
            TRY(add_place(arena, given, is_objects, &places));
        while (given == NULL && (line = setting_after(taken, setting, line)) != NULL)
            if (line->value != NULL)
                TRY(add_place(arena, line->value, is_objects, &places));
    }
    *ret = places.is_known && places.count > 0 ? places : (struct implied){ 0 };
    return ERR_OK;
}

/* The actions of the step in which something of that type is made. */
static void find_makers(const char *step, str type, struct need *need)
{
    const struct iam_use *use;
    size_t count = 0;
    for (size_t at = 0; (use = iam_use_at(at)) != NULL; at++)
        if (strcmp(use->step, step) == 0 && use->narrow == IAM_MADE
            && iam_words_have(use->resources, type) && count < NEED_MAKERS_MAX)
            need->makers[count++] = strchr(use->action, ':') + 1;
    if (count == 0)
        need->narrow = IAM_ANY;
}

static enum err add_type(const struct taken *taken, struct need need, str type)
{
    const char *step = taken->step->action.builtin->name;
    need.type = iam_resource_find(str_from(need.permission), type);
    if (need.narrow == IAM_TAGGING)
        find_makers(step, type, &need);
    if (need.narrow == IAM_PLACE)
        TRY(places_of(taken, str_is(type, "object"), &need.places));
    TRY(tags_of(taken, &need));
    /* To take back what was done must not depend on tags that people change. */
    if (need.is_undo && need.narrow == IAM_TARGET)
        need.tag_count = 0;
    return add_need(taken, &need);
}

static enum err add_types(const struct taken *taken, struct need need, const char *types)
{
    str words = str_from(types);
    str type;
    while (iam_word_next(&words, &type))
        TRY(add_type(taken, need, type));
    return ERR_OK;
}

static enum err add_permission(const struct taken *taken, const char *permission, bool is_undo)
{
    const char *step = taken->step->action.builtin->name;
    struct need need = { .permission = permission,
        .is_undo = is_undo,
        .is_connections = iam_action_is_connections(str_from(permission)),
        .action = iam_action_find(str_from(permission)) };
    if (is_spared(taken, permission))
        return ERR_OK;
    if (need.action != NULL) {
        TRY(scope_of(taken, TYPE_ACCOUNT, FIELD_CLOUD_ACCOUNT, &need.accounts));
        TRY(scope_of(taken, TYPE_REGION, FIELD_CLOUD_REGION, &need.regions));
    }
    if (need.action == NULL || need.action->resources[0] == '\0')
        return add_need(taken, &need);
    const struct iam_use *use;
    bool is_said = false;
    for (size_t at = 0; (use = iam_use_at(at)) != NULL; at++) {
        if (strcmp(use->step, step) != 0 || strcmp(use->action, permission) != 0)
            continue;
        is_said = true;
        need.narrow = use->narrow;
        TRY(add_types(taken, need, use->resources));
    }
    return is_said ? ERR_OK : add_types(taken, need, need.action->resources);
}

/* ---- steps and rules ---- */

static bool is_of_provider(
    const struct taken *taken, const struct builtin *row, const char *permission)
{
    const char *provider = row->provider;
    bool is_aws = iam_action_find(str_from(permission)) != NULL;
    return provider != NULL ? str_is(taken->provider, provider)
                            : is_aws && str_is(taken->provider, "aws");
}

static enum err add_row(const struct taken *taken, const struct builtin *row)
{
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && row->permissions.apply[i] != NULL; i++)
        if (is_of_provider(taken, row, row->permissions.apply[i]))
            TRY(add_permission(taken, row->permissions.apply[i], false));
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && row->permissions.undo[i] != NULL; i++)
        if (is_of_provider(taken, row, row->permissions.undo[i]))
            TRY(add_permission(taken, row->permissions.undo[i], true));
    return ERR_OK;
}

/* What looks for the target takes: no rule wrote it, so nothing of it is narrowed. */
static enum err add_finder(struct taken *taken)
{
    const char *permission = way_find_permission(taken->provider);
    if (permission == NULL || !way_may_find(&taken->case_of, taken->provider))
        return ERR_OK;
    struct need need = { .permission = permission,
        .action = iam_action_find(str_from(permission)) };
    taken->is_found = true;
    enum err err = add_need(taken, &need);
    taken->is_found = false;
    return err;
}

static enum err add_action(struct taken *taken)
{
    const struct builtin *row = taken->step->action.builtin;
    const struct program *program = taken->compilation->program;
    const struct builtin *part;
    if (row == NULL)
        return ERR_OK;
    bool is_emitted = program != NULL && taken->rule != NULL;
    taken->case_of.program = program;
    taken->case_of.code = is_emitted ? &program->steps[taken->step->action.index] : NULL;
    taken->needs->idle += row->missing != NULL;
    for (uint32_t at = 0; (part = builtin_part(row, at)) != NULL; at++)
        if (!is_emitted || way_may_be(&taken->case_of, part))
            TRY(add_row(taken, part));
    return is_emitted ? add_finder(taken) : ERR_OK;
}

/* The parser bounds how deep an `if` stands in others. */
static enum err add_steps(struct taken *taken, const struct ast_step *step)
{
    for (; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            TRY(add_steps(taken, step->branch.then_steps));
            TRY(add_steps(taken, step->branch.else_steps));
            continue;
        }
        taken->step = step;
        TRY(add_action(taken));
    }
    return ERR_OK;
}

static enum err add_rule(struct taken *taken, struct item *rule)
{
    if (rule->rule.disabled_by != NULL) {
        taken->needs->disabled++;
        return ERR_OK;
    }
    struct expand expand = { .arena = &taken->compilation->arena };
    taken->rule = rule;
    taken->when = expand_expr(&expand, rule->rule.when);
    TRY(expand.err);
    TRY(implied_by(&taken->compilation->arena, taken->when,
        (struct subject){ .field = FIELD_SOURCE }, &taken->case_of.sources));
    if (rule->rule.steps != NULL)
        taken->needs->rules++;
    return add_steps(taken, rule->rule.steps);
}

/* ---- ways in ---- */

static str word_of(const struct ast_line *block, const char *key)
{
    for (const struct ast_line *line = block->lines; line != NULL; line = line->next)
        if (str_is(line->key, key) && line->value != NULL && line->value->kind == EXPR_FIELD
            && line->value->path->next == NULL)
            return line->value->path->text;
    return STR("");
}

/* What a daemon's `poll` asks the provider with. */
static enum err add_poll(const struct taken *taken, const struct ast_line *line)
{
    struct arena *arena = &taken->compilation->arena;
    str provider = word_of(line, "provider");
    const char *permission = way_poll_permission(provider, word_of(line, "api"));
    if (permission == NULL || !str_equal(provider, taken->provider))
        return ERR_OK;
    struct need need = { .permission = permission };
    TRY(add_need(taken, &need));
    struct need *at = taken->needs->first;
    while (strcmp(at->permission, permission) != 0 || at->is_undo)
        at = at->next;
    struct need_user **last = &at->users;
    while (*last != NULL)
        last = &(*last)->next;
    *last = ARENA_NEW(arena, struct need_user);
    if (*last == NULL)
        return ERR_MEMORY;
    **last = (struct need_user){ .way = line };
    return ERR_OK;
}

static enum err add_ways_in(struct taken *taken, const struct item *item)
{
    taken->rule = NULL;
    for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next)
        if (str_is(line->key, "poll"))
            TRY(add_poll(taken, line));
    return ERR_OK;
}

enum err needs_of(struct compilation *compilation, str provider, struct needs *ret_needs)
{
    *ret_needs = (struct needs){ 0 };
    struct taken taken = { .compilation = compilation, .needs = ret_needs, .provider = provider };
    for (uint32_t file = 0; file < compilation->tree_count; file++)
        for (struct item *item = compilation->trees[file]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_RULE)
                TRY(add_rule(&taken, item));
            else if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "daemon"))
                TRY(add_ways_in(&taken, item));
    return ERR_OK;
}

enum err needs_add_leftovers(struct compilation *compilation, struct needs *needs)
{
    static const char *const removals[] = { "delete_isolation_group", "delete_snapshot" };
    struct taken taken = { .compilation = compilation, .needs = needs, .provider = STR("aws") };
    for (size_t at = 0; at < COUNT_OF(removals); at++) {
        struct ast_step step = { .kind = STEP_KIND_ACTION,
            .action = { .builtin = builtin_find_inverse(str_from(removals[at])) } };
        taken.step = &step;
        TRY(add_action(&taken));
    }
    return ERR_OK;
}

enum err needs_part(
    const struct needs *all, bool is_connections, struct arena *arena, struct needs *ret_needs)
{
    *ret_needs = *all;
    struct need **last = &ret_needs->first;
    for (const struct need *need = all->first; need != NULL; need = need->next) {
        if (need->is_connections != is_connections)
            continue;
        *last = ARENA_NEW(arena, struct need);
        if (*last == NULL)
            return ERR_MEMORY;
        **last = *need;
        last = &(*last)->next;
    }
    *last = NULL;
    return ERR_OK;
}

/* ---- what covers what ---- */

static bool values_cover(const struct implied *wide, const struct implied *narrow)
{
    if (!wide->is_known)
        return true;
    if (!narrow->is_known)
        return false;
    for (uint32_t at = 0; at < narrow->count; at++) {
        uint32_t i = 0;
        while (i < wide->count && !str_equal(wide->values[i], narrow->values[at]))
            i++;
        if (i == wide->count)
            return false;
    }
    return true;
}

static bool tags_cover(const struct need *wide, const struct need *narrow)
{
    for (uint32_t at = 0; at < wide->tag_count; at++) {
        uint32_t i = 0;
        while (i < narrow->tag_count
               && !(str_equal(wide->tags[at].key, narrow->tags[i].key)
                    && values_cover(&wide->tags[at].values, &narrow->tags[i].values)))
            i++;
        if (i == narrow->tag_count)
            return false;
    }
    return true;
}

bool need_covers(const struct need *wide, const struct need *narrow)
{
    bool is_free = wide->narrow == IAM_ANY || wide->narrow == IAM_TARGET;
    return wide->type == narrow->type && strcmp(wide->permission, narrow->permission) == 0
           && (is_free || wide->narrow == narrow->narrow)
           && (wide->narrow != IAM_PLACE || values_cover(&wide->places, &narrow->places))
           && values_cover(&wide->accounts, &narrow->accounts)
           && values_cover(&wide->regions, &narrow->regions) && tags_cover(wide, narrow);
}
