/* state_pages.c - see state_pages.h. docs/operations.md has the same table. */
#include "driver/state_pages.h"

#include "driver/paragraph.h"

enum { INDENT = 0, NAME_WIDTH = 12 };

static const struct state_page pages[] = {
    { "done", "all that was wanted is so, and was looked at after the change",
        "what the step says. cdr runs shows it, and how it would be taken back",
        "nothing. cdr undo RUN takes it back before its time" },
    { "partial", "some of it is so; the reason says what is not",
        "a part. cdr runs lists each change that was made",
        "read the reason. Of a collection: conclude nothing from what is not in it. Of a response: "
        "do the rest by hand, or take back what was done with cdr undo RUN" },
    { "failed", "none of it is so",
        "nothing of what was wanted. cdr runs lists what was sent, and what was answered",
        "read the reason: mostly a permission that is missing (cdr permissions RULES, cdr doctor), "
        "a host that does not answer, or a service that is down. The target is as open as before: "
        "act by hand" },
    { "unresolved",
        "the target could not be found, or nothing is connected that could act: the step was not "
        "taken",
        "nothing",
        "read the reason. The alert names no target of this step (cdr explain RULE --alert FILE "
        "shows what it has), the target is gone or is of another account or tenant, or no "
        "connection reaches its provider (cdr doctor). Nobody has acted on it: look whether you "
        "must" },
    { "unknown", "what became of a change cannot be known: a person must look",
        "perhaps all of it, perhaps nothing: the change was sent and its answer was lost",
        "look at the target in the provider's own console, now. cdr runs has the request and its "
        "time. It is not sent again by itself" },
    { "refused", "a clause forbids it: never, never target, a mode, a ceiling", "nothing",
        "nothing, if the clause is right: the reason names it. Else change the clause in the "
        "rules, "
        "or act by hand" },
    { "rejected", "a person said no, or nobody answered in time", "nothing",
        "nothing if a person said no: the reason says who, and why. If nobody answered, look at "
        "the alert yourself, and at who is told (approve by)" },
    { "shadowed", "the rule is in shadow: the step was planned to the end and not taken", "nothing",
        "compare the plan with what you would have done. When shadow ends the rule acts by "
        "itself" },
    { "held", "it waits for a person, and its run waits with it", "nothing yet",
        "cdr approvals shows its plan, why it waits and until when; then cdr approve HOLD or cdr "
        "reject HOLD" },
    { "running", "it is under way, or was cut off or paused",
        "perhaps a part: cdr runs lists it so far",
        "wait; where no daemon is running, cdr resume goes on with it" },
    { "planned", "a plan: what would be done", "nothing: a plan only reads",
        "cdr run --mode apply, or the daemon, makes the changes" },
};

const struct state_page *state_page_at(size_t at)
{
    return at < COUNT_OF(pages) ? &pages[at] : NULL;
}

const struct state_page *state_page_find(str name)
{
    for (size_t at = 0; at < COUNT_OF(pages); at++)
        if (str_is(name, pages[at].name))
            return &pages[at];
    return NULL;
}

void state_page_show(struct output *out, const struct state_page *page)
{
    output_styled(out, STYLE_BOLD, str_from(page->name));
    output_add(out, STR(" (state of a step)\n\n"));
    paragraph_show(out, INDENT, "means", str_from(page->means));
    paragraph_show(out, INDENT, "changed", str_from(page->changed));
    paragraph_show(out, INDENT, "now", str_from(page->now));
}

void state_pages_list(struct output *out)
{
    for (size_t at = 0; at < COUNT_OF(pages); at++)
        output_addf(out, "%-*s  %s\n", NAME_WIDTH, pages[at].name, pages[at].means);
}
