#include "defender/contain.h"

#include "defender/requests.h"
#include "fronts.h"

static str host(const struct step *step)
{
    return value_str(step->args[0]);
}

/* ---- isolation ---- */

static bool is_selective(const struct step *step)
{
    return str_is(value_str(step->args[HOST_MODE]), "selective");
}

static struct request isolate(struct step *step, str comment)
{
    return mde_isolate(step, host(step), comment, is_selective(step) ? "Selective" : "Full");
}

static enum step_turn isolate_found(struct step *step)
{
    struct host_step *self = step->state;
    self->scope = is_selective(step) ? "Selective" : "Full";
    if (is_selective(step) && self->machine.os.len > 0 && !machine_is_windows(&self->machine))
        return talk_end(step, STEP_FAILED,
            "%.*s runs %.*s, and Defender isolates selectively on Windows alone: nothing was "
            "changed",
            STR_ARG(step->target), STR_ARG(self->machine.os));
    return host_step_act(step);
}

enum step_turn defender_isolate_host_next(struct step *step, const struct reply *reply)
{
    static const struct host_way way = { .type = "Isolate",
        .opposite = "Unisolate",
        .undo = "release_machine",
        .of_step = -1,
        .words = { .would = "would be isolated",
            .is = "is isolated: it reaches Defender alone",
            .already = "was isolated already: nothing was changed",
            .later = "isolates the host as soon as it reports",
            .weaker = "was isolated already, but selectively, so mail and chat go on: nothing was "
                      "changed" },
        .post = isolate,
        .found = isolate_found };
    return host_step_plain(step, reply, &way);
}

static struct request unisolate(struct step *step, str comment)
{
    return mde_unisolate(step, host(step), comment);
}

enum step_turn release_machine_next(struct step *step, const struct reply *reply)
{
    static const struct host_way way = { .type = "Unisolate",
        .opposite = "Isolate",
        .of_step = RELEASE_STEP,
        .words = { .would = "would be released",
            .is = "is isolated no longer",
            .already = "is not isolated (any more): there is nothing to take back",
            .later = "releases the host as soon as it reports" },
        .post = unisolate };
    return host_step_plain(step, reply, &way);
}

/* ---- programs ---- */

static struct request restrict_code(struct step *step, str comment)
{
    return mde_restrict_code_execution(step, host(step), comment);
}

static enum step_turn restrict_found(struct step *step)
{
    const struct host_step *self = step->state;
    if (self->machine.os.len > 0 && !machine_is_windows(&self->machine))
        return talk_end(step, STEP_FAILED,
            "%.*s runs %.*s, and Defender restricts programs on Windows alone: nothing was changed",
            STR_ARG(step->target), STR_ARG(self->machine.os));
    return host_step_act(step);
}

enum step_turn restrict_app_execution_next(struct step *step, const struct reply *reply)
{
    static const struct host_way way = { .type = "RestrictCodeExecution",
        .opposite = "UnrestrictCodeExecution",
        .undo = "allow_app_execution",
        .of_step = -1,
        .words = { .would = "would run only what Microsoft signed",
            .is = "runs only what Microsoft signed",
            .already = "ran only what Microsoft signed already: nothing was changed",
            .later = "restricts the host as soon as it reports" },
        .post = restrict_code,
        .found = restrict_found };
    return host_step_plain(step, reply, &way);
}

static struct request unrestrict_code(struct step *step, str comment)
{
    return mde_unrestrict_code_execution(step, host(step), comment);
}

enum step_turn allow_app_execution_next(struct step *step, const struct reply *reply)
{
    static const struct host_way way = { .type = "UnrestrictCodeExecution",
        .opposite = "RestrictCodeExecution",
        .of_step = RELEASE_STEP,
        .words = { .would = "would run every program again",
            .is = "runs every program again",
            .already = "is not restricted (any more): there is nothing to take back",
            .later = "allows the host every program as soon as it reports" },
        .post = unrestrict_code };
    return host_step_plain(step, reply, &way);
}
