/* check_order.c - the order of evidence: no step destroys what a later one collects. */
#include "check_pass.h"

/* What a collection reads, by the name of its step. One that is not here reads nothing
 * that a response could destroy: the provider's own logs, say. */
static const struct {
    const char *name;
    unsigned needs; /* enum destroys */
} collections[] = {
    { "memory", DESTROYS_MEMORY | DESTROYS_CHANNEL },
    { "triage", DESTROYS_CHANNEL },
    { "package", DESTROYS_CHANNEL },
    { "snapshot", DESTROYS_DISK },
};

enum { KINDS = 3 };

/* Who destroyed what on the way to here; NULL: nobody. By bit of enum destroys. */
struct destroyed {
    const struct ast_step *by[KINDS];
};

static const char *const kind_names[KINDS] = { "the memory", "the way to the host", "the disks" };

static unsigned needs_of(const struct builtin *builtin)
{
    for (size_t at = 0; builtin->verb == VERB_COLLECT && at < COUNT_OF(collections); at++)
        if (str_is(str_from(builtin->name), collections[at].name))
            return collections[at].needs;
    return DESTROYS_NOTHING;
}

static void look_at(struct check *check, const struct ast_step *step, struct destroyed *destroyed)
{
    const struct builtin *builtin = step->action.builtin;
    unsigned needs = builtin == NULL ? DESTROYS_NOTHING : needs_of(builtin);
    for (int kind = 0; kind < KINDS; kind++) {
        const struct ast_step *by = destroyed->by[kind];
        if ((needs & (1u << kind)) == 0 || by == NULL)
            continue;
        struct diag *diag = diag_add(check->diags, DIAG_EVIDENCE_ORDER, step->at,
            "`%s %s` needs %s, which `%s %s` takes away before", verb_name(builtin->verb),
            builtin->name, kind_names[kind], verb_name(by->action.verb), by->action.builtin->name);
        diag_note(check->diags, diag, by->at, "it is taken away here");
        diag_help(check->diags, diag, "collect first, then respond");
        break;
    }
    for (int kind = 0; builtin != NULL && kind < KINDS; kind++)
        if ((builtin->destroys & (1u << kind)) != 0 && destroyed->by[kind] == NULL)
            destroyed->by[kind] = step;
}

static void walk(struct check *check, const struct ast_step *steps, struct destroyed *destroyed)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            look_at(check, step, destroyed);
            continue;
        }
        /* After an `if`, what either way destroyed may be gone. */
        struct destroyed other = *destroyed;
        walk(check, step->branch.then_steps, destroyed);
        walk(check, step->branch.else_steps, &other);
        for (int kind = 0; kind < KINDS; kind++)
            if (destroyed->by[kind] == NULL)
                destroyed->by[kind] = other.by[kind];
    }
}

void check_order(struct check *check, const struct ast_step *steps)
{
    struct destroyed destroyed = { { NULL } };
    walk(check, steps, &destroyed);
}
