#include "defender/scan_host.h"

#include "defender/requests.h"

static const char *scope(const struct step *step)
{
    return str_is(value_str(step->args[SCAN_MODE]), "full") ? "Full" : "Quick";
}

static struct request scan(struct step *step, str comment)
{
    return mde_run_antivirus_scan(step, value_str(step->args[SCAN_HOST]), comment, scope(step));
}

static enum step_turn found(struct step *step)
{
    struct host_step *self = step->state;
    self->scope = scope(step);
    return host_step_act(step);
}

enum step_turn scan_host_next(struct step *step, const struct reply *reply)
{
    static const struct host_way way = { .type = "RunAntiVirusScan",
        .is_enough_running = true,
        .of_step = -1,
        .words = { .would = "would be scanned",
            .is = "is being scanned, or was: what is found becomes an alert of its own",
            .already = "",
            .later = "the scan begins as soon as the host reports",
            .weaker = "is being scanned already, but quickly: no full scan was begun" },
        .post = scan,
        .found = found };
    return host_step_plain(step, reply, &way);
}
