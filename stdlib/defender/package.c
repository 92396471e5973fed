#include "defender/package.h"

#include "defender/requests.h"

enum { FETCH = HOST_STEP_DOING_COUNT };

static struct request collect(struct step *step, str comment)
{
    return mde_collect_investigation_package(step, value_str(step->args[PACKAGE_HOST]), comment);
}

/* Defender has the package, and it is not here because of `why`. */
static enum step_turn not_fetched(struct step *step, const char *why)
{
    const struct host_step *self = step->state;
    if (why == NULL)
        return talk_memory(step);
    return talk_end(step, STEP_PARTIAL,
        "the package of %.*s is at Defender (action %.*s, its page of the machine), but not here: "
        "%s",
        STR_ARG(step->target), STR_ARG(self->action.id), why);
}

/* It is there: fetched from the address that Defender names, which the connection follows. */
static enum step_turn collected(struct step *step)
{
    const struct host_step *self = step->state;
    struct request request = mde_get_package_uri(step, self->machine.id, self->action.id);
    const char *name = arena_format(
        step->arena, "%.*s/package-%.*s.zip", STR_ARG(self->machine.id), STR_ARG(self->action.id));
    if (!str_startswith(value_str(step->args[PACKAGE_TO]), STR("/")))
        return not_fetched(step,
            "the connection to defender names no folder to keep it in, as evidence = "
            "\"/var/lib/cdr/evidence\" does");
    request.keep_as = str_from(name);
    return talk_ask_for_facts(step, FETCH, request);
}

static enum step_turn heard_fetch(struct step *step, const struct answer *answer)
{
    const struct host_step *self = step->state;
    str path = xml_text(answer->root, "path"), sha256 = xml_text(answer->root, "sha256");
    if (answer->heard != HEARD_ANSWER)
        return not_fetched(step, talk_why(step, answer));
    if (path.len == 0 || sha256.len == 0)
        return not_fetched(step, "nothing says that it was kept");
    step->results.url = value_text(arena_copy(step->arena, path));
    step->results.sha256 = value_text(arena_copy(step->arena, sha256));
    return talk_end(step, STEP_DONE, "the package of %.*s is %.*s (%.*s bytes)%s",
        STR_ARG(step->target), STR_ARG(path), STR_ARG(xml_text(answer->root, "bytes")),
        self->action.is_foreign ? "; somebody else had asked for it" : "");
}

enum step_turn package_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = { HOST_STEP_HEARERS, [FETCH] = heard_fetch };
    static const struct host_way way = { .type = "CollectInvestigationPackage",
        .is_shared = true,
        .of_step = -1,
        .words = { .would = "would have its investigation package collected",
            .is = "has its investigation package collected",
            .already = "",
            .later = "collects the package as soon as the host reports" },
        .post = collect,
        .succeeded = collected };
    return host_step_next(step, reply, &way, hearers);
}
