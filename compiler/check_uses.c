/* check_uses.c - what goes wrong between files: cycles of `use`, and one name declared twice
 * within what one file sees. */
#include "check_pass.h"

enum { WAY_SHOWN_MAX = 8 };

/* The `use` that made the link. */
static const struct item *use_of(
    const struct check *check, uint32_t file, const struct source_link *link)
{
    const struct item *item = check->trees[file]->items;
    while (item != NULL && !(item->kind == ITEM_USE && item->use.link == link))
        item = item->next;
    return item;
}

static str file_name(const struct check *check, uint32_t file)
{
    return check->sources->items[file].file;
}

/* "a.cdr -> b.cdr -> a.cdr"; a long way is cut in its middle. */
static const char *way_of(struct check *check, const struct use_cycle *cycle)
{
    const char *way = "";
    for (uint32_t at = 0; at < cycle->count && way != NULL; at++) {
        uint32_t left = cycle->count - at;
        if (at == WAY_SHOWN_MAX / 2 && left > WAY_SHOWN_MAX / 2) {
            way = arena_format(check->arena, "%s.. -> ", way);
            at += left - WAY_SHOWN_MAX / 2;
        }
        if (way != NULL)
            way = arena_format(
                check->arena, "%s%.*s -> ", way, STR_ARG(file_name(check, cycle->files[at])));
    }
    if (way != NULL)
        way = arena_format(check->arena, "%s%.*s", way, STR_ARG(file_name(check, cycle->files[0])));
    return check_ok(check, way == NULL ? ERR_MEMORY : ERR_OK) ? way : "";
}

static void report_cycle(struct check *check, const struct use_cycle *cycle)
{
    const struct item *use = use_of(check, cycle->from, cycle->link);
    if (use == NULL)
        return;
    struct diag *diag;
    if (cycle->count == 1) {
        diag = diag_add(check->diags, DIAG_USE_CYCLE, use->use.file_at, "the file uses itself");
        diag_help(check->diags, diag, "take the line out");
        return;
    }
    diag = diag_add(check->diags, DIAG_USE_CYCLE, use->use.file_at, "files use each other: %s",
        way_of(check, cycle));
    diag_help(check->diags, diag, "move what both need into a file of its own");
}

/* ---- one name, two declarations ---- */

/* A file that uses another, by that other. */
struct user {
    struct user *next;
    uint32_t file;
    const struct source_link *link;
};

struct sights {
    struct user **users;      /* by used file */
    const struct name **seen; /* by file: the declaration that it was last found to see */
    uint32_t *queue;
};

static bool find_users(struct check *check, struct sights *sights)
{
    const struct sources *sources = check->sources;
    sights->users = ARENA_ARRAY(check->arena, struct user *, sources->count + 1);
    sights->seen = ARENA_ARRAY(check->arena, const struct name *, sources->count + 1);
    sights->queue = ARENA_ARRAY(check->arena, uint32_t, sources->count + 1);
    bool is_full = sights->users == NULL || sights->seen == NULL || sights->queue == NULL;
    if (!check_ok(check, is_full ? ERR_MEMORY : ERR_OK))
        return false;
    for (uint32_t file = sources->count; file > 0; file--)
        for (const struct source_link *link = sources->items[file - 1].links; link != NULL;
             link = link->next) {
            struct user *user = ARENA_NEW(check->arena, struct user);
            if (!check_ok(check, user == NULL ? ERR_MEMORY : ERR_OK))
                return false;
            *user = (struct user){ sights->users[link->file], file - 1, link };
            sights->users[link->file] = user;
        }
    return true;
}

static void report_twice(struct check *check, uint32_t file, const struct source_link *link,
    const struct name *name, const struct name *other)
{
    /* The file that declares it itself has it marked there, else at the `use`. */
    const struct name *own = name->scope == (int64_t)file ? name : other;
    const struct item *use = own->scope == (int64_t)file ? NULL : use_of(check, file, link);
    struct diag *diag;
    if (use == NULL) {
        const struct name *far = own == name ? other : name;
        diag = diag_add(check->diags, DIAG_DUPLICATE_NAME, own->item->name_at,
            "`%.*s` is declared twice: in this file and in one that it uses", STR_ARG(name->text));
        diag_note(check->diags, diag, far->item->name_at, "it is declared here too");
    } else {
        diag = diag_add(check->diags, DIAG_DUPLICATE_NAME, use->use.file_at,
            "`%.*s` is declared twice in the files that this one uses", STR_ARG(name->text));
        diag_note(check->diags, diag, other->item->name_at, "it is declared here");
        diag_note(check->diags, diag, name->item->name_at, "and here");
    }
    diag_help(check->diags, diag, "give one of them another name");
}

static bool is_other(const struct name *seen, const struct name *name)
{
    return seen != NULL && seen != name && str_equal(seen->text, name->text);
}

/* Go up from the file of a declaration to all that see it; false when one sees two. Until
 * then the files that see each are disjoint: a name costs no more than there are files. */
static bool go_up(struct check *check, struct sights *sights, const struct name *name)
{
    uint32_t count = 0;
    uint32_t file = (uint32_t)name->scope;
    if (is_other(sights->seen[file], name)) {
        report_twice(check, file, NULL, name, sights->seen[file]);
        return false;
    }
    sights->seen[file] = name;
    sights->queue[count++] = file;
    for (uint32_t at = 0; at < count; at++) {
        for (const struct user *user = sights->users[sights->queue[at]]; user != NULL;
             user = user->next) {
            const struct name *seen = sights->seen[user->file];
            if (seen == name)
                continue;
            if (is_other(seen, name)) {
                report_twice(check, user->file, user->link, name, seen);
                return false;
            }
            sights->seen[user->file] = name;
            sights->queue[count++] = user->file;
        }
    }
    return true;
}

/* What is used twice by one file does no harm and says nothing. */
static void find_repeated(struct check *check)
{
    const struct item **first = ARENA_ARRAY(check->arena, const struct item *, check->tree_count);
    if (!check_ok(check, first == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t file = 0; file < check->tree_count; file++)
        for (const struct item *item = check->trees[file]->items; item != NULL; item = item->next) {
            if (item->kind != ITEM_USE || item->use.link == NULL)
                continue;
            const struct item *before = first[item->use.link->file];
            first[item->use.link->file] = item;
            if (before == NULL || before->at.file != file)
                continue;
            struct diag *diag = diag_add(check->diags, DIAG_USED_TWICE, item->use.file_at,
                "this file uses %.*s twice", STR_ARG(file_name(check, item->use.link->file)));
            diag_note(check->diags, diag, before->use.file_at, "it is used here first");
            diag_help(check->diags, diag, "take one of them out");
        }
}

void check_uses(struct check *check)
{
    struct sights sights;
    const struct visible *visible = check->scope->visible;
    for (const struct use_cycle *cycle = visible->cycles; cycle != NULL; cycle = cycle->next)
        report_cycle(check, cycle);
    find_repeated(check);
    if (visible->cycles != NULL || !find_users(check, &sights))
        return;
    uint32_t at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;) {
        if (name->scope < 0 || name->elsewhere == NULL
            || scope_find_any(check->scope, name->text) != name)
            continue; /* declared once, or looked at from the first of its text */
        while (name != NULL && go_up(check, &sights, name))
            name = name->elsewhere;
    }
}
