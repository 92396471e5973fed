/* cmd_leftovers.c - cdr leftovers: what cdr made at AWS and is still there. */
#include "act/leftover.h"
#include "base/time.h"
#include "driver/hosts.h"
#include "driver/json_out.h"
#include "driver/leftovers.h"
#include "driver/rules.h"
#include "driver/session.h"

#include <inttypes.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal of `cdr run --mode apply`: who made what" },
    { OPTION_ACCOUNT, OPTION_TEXT, "ACCOUNT", NULL, NULL,
        "the account to look in; else that of the connection" },
    { OPTION_ENVIRONMENT, OPTION_TEXT, "NAME", NULL, NULL,
        "in every account and region of this environment of the rules" },
    { OPTION_REGION, OPTION_TEXT, "REGION", NULL, NULL,
        "the region to look in; else that of the connection" },
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
        "with the connection to go by; else what cdr.json says, else the environment" },
    { OPTION_REMOVE, OPTION_FLAG, NULL, NULL, NULL, "remove what may go" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "for a person, or one JSON object a line" },
    { 0 },
};

/* One look, and what was told of it. */
struct looking {
    struct hosts_report report; /* first: the interface is the object */
    struct session *session;
    str own; /* the account of the connection itself */
    uint32_t unlisted;
    uint32_t places;
    str account; /* of the last place, and its region */
    str region;
    bool removes;
    uint32_t count;
    uint32_t may_go;
    uint32_t removed;
};

/* What became of one that should go. */
struct removal {
    bool is_tried;
    struct step_outcome outcome;
    int64_t undo;
};

static const char *const kind_names[] = {
    [AWS_LEFTOVER_SNAPSHOT] = "snapshot",
    [AWS_LEFTOVER_GROUP] = "security group",
    [AWS_LEFTOVER_ACL_ENTRY] = "network ACL entry",
};

/* ---- telling ---- */

static void add_moment(struct output *out, const char *before, int64_t at_ms)
{
    char text[TIME_TEXT_MAX];
    if (at_ms != 0)
        output_addf(out, "%s%s", before, time_format(at_ms, text).ptr);
}

static void tell_text(
    struct looking *looking, const struct leftover *found, const struct removal *removal)
{
    const struct aws_leftover *thing = found->thing;
    struct output *out = &looking->session->driver->out;
    output_styled(out, STYLE_BOLD, thing->id);
    output_addf(out, "  %s", kind_names[thing->kind]);
    if (thing->kind == AWS_LEFTOVER_ACL_ENTRY)
        output_addf(out, " %u, %s,", thing->number, thing->is_egress ? "out to" : "in from");
    output_addf(out, " ");
    output_text(out, thing->name);
    output_addf(out, ", account %.*s, %.*s\n    ", STR_ARG(found->account), STR_ARG(found->region));
    if (found->run != 0)
        output_addf(out, "made by run %" PRId64 ", step %" PRIu32, found->run, found->step + 1);
    else
        output_addf(out, "made by nobody that is known here");
    add_moment(out, ", at ", found->made_ms);
    add_moment(out, ", kept until ", found->until_ms);
    if (thing->used_by.len > 0)
        output_addf(out, ", used by %.*s", STR_ARG(thing->used_by));
    output_addf(out, "\n    %s: %s\n", found->may_go ? "may go" : "stays", found->why);
    if (removal->is_tried) {
        output_addf(
            out, "    run %" PRId64 ": %s: ", removal->undo, step_turn_name(removal->outcome.turn));
        output_text(out, str_from(removal->outcome.reason));
        output_addf(out, "\n");
    }
}

static enum err tell_json(
    struct looking *looking, const struct leftover *found, const struct removal *removal)
{
    const struct aws_leftover *thing = found->thing;
    json_t *json = json_object();
    json_put(&json, "kind", json_from_text(kind_names[thing->kind]));
    json_put(&json, "id", json_from_str(thing->id));
    json_put(&json, "name", json_from_str(thing->name));
    json_put(&json, "account", json_from_str(found->account));
    json_put(&json, "region", json_from_str(found->region));
    json_put(&json, "run", found->run == 0 ? json_null() : json_integer(found->run));
    json_put(
        &json, "step", found->run == 0 ? json_null() : json_integer((json_int_t)found->step + 1));
    json_put(&json, "made_at", json_from_moment(found->made_ms));
    json_put(&json, "kept_until", json_from_moment(found->until_ms));
    json_put(&json, "used_by", json_or_null(thing->used_by));
    json_put(&json, "may_go", json_boolean(found->may_go));
    json_put(&json, "why", json_from_text(found->why));
    json_put(&json, "removed",
        removal->is_tried ? json_boolean(removal->outcome.turn == STEP_DONE) : json_null());
    json_put(
        &json, "reason", removal->is_tried ? json_from_text(removal->outcome.reason) : json_null());
    json_put(&json, "undo_run", removal->is_tried ? json_integer(removal->undo) : json_null());
    enum err err = json_add_line(&looking->session->driver->out.buf, json);
    json_decref(json);
    return err;
}

static void tell_end(struct looking *looking)
{
    struct session *session = looking->session;
    struct output *out = &session->driver->out;
    if (session->reporter.format != REPORT_TEXT)
        return;
    if (looking->count == 0)
        output_addf(out, "cdr has left nothing here.\n");
    else if (looking->removes)
        output_addf(out, "%" PRIu32 " of %" PRIu32 " removed.\n", looking->removed, looking->count);
    else
        output_addf(out, "%" PRIu32 " in all, %" PRIu32 " may go%s\n", looking->count,
            looking->may_go, looking->may_go > 0 ? ": cdr leftovers --remove." : ".");
}

/* An empty answer is worth what was looked at. */
static void tell_places(const struct looking *looking, bool is_environment)
{
    struct driver *driver = looking->session->driver;
    if (is_environment)
        driver_message(driver, "looked into %" PRIu32 " region%s of the environment's accounts",
            looking->places, looking->places == 1 ? "" : "s");
    else
        driver_message(driver,
            "looked into account %.*s, %.*s, and nowhere else; into all of an environment: cdr "
            "leftovers RULES --environment NAME",
            STR_ARG(looking->account), STR_ARG(looking->region));
}

/* ---- removing ---- */

static enum err remove_one(
    struct looking *looking, const struct leftover *found, struct arena *arena, struct removal *ret)
{
    struct session *session = looking->session;
    const char *reason = arena_format(arena, "cdr leftovers --remove: %s", found->why);
    if (reason == NULL)
        return ERR_MEMORY;
    struct leftover_order order = { .run = found->run,
        .step = found->step,
        .row = found->row,
        .args = found->args,
        .person = str_from(session->governor.actor),
        .reason = str_from(reason) };
    session->executor.reason = NULL;
    TRY(leftover_remove(&session->executor, &order, arena, &ret->outcome, &ret->undo));
    ret->is_tried = true;
    looking->removed += ret->outcome.turn == STEP_DONE;
    session->totals.bad_steps += ret->outcome.turn != STEP_DONE;
    return ERR_OK;
}

static enum err deal_with(
    struct looking *looking, const struct leftover *found, struct arena *arena)
{
    struct session *session = looking->session;
    struct removal removal = { .is_tried = false };
    looking->count++;
    looking->may_go += found->may_go;
    if (looking->removes && found->may_go) {
        enum err err = remove_one(looking, found, arena, &removal);
        if (err != ERR_OK && session->executor.reason == NULL)
            return err;
        if (err != ERR_OK) {
            session->totals.bad_steps++;
            driver_message(session->driver, "%.*s was not removed: %s", STR_ARG(found->thing->id),
                session->executor.reason);
        }
    }
    if (session->reporter.format == REPORT_TEXT)
        tell_text(looking, found, &removal);
    else
        TRY(tell_json(looking, found, &removal));
    output_relax(&session->driver->out);
    return ERR_OK;
}

/* ---- looking ---- */

static enum exit_code fail(struct session *session, enum err err, const char *reason)
{
    if (err == ERR_STORE || reason == NULL)
        return err == ERR_STORE ? session_store_failure(session, "reading the journal", err)
                                : driver_failure(session->driver, "looking for leftovers", err);
    driver_message(session->driver, "%s", reason);
    return EXIT_FINDINGS;
}

/* Look in one place, and deal with what is there. */
static enum err look_in(struct looking *looking, struct aws_reader *reader, str account)
{
    struct session *session = looking->session;
    struct leftovers_look look = { .store = session->store,
        .arena = reader->arena,
        .reader = reader,
        .account = account,
        .is_own = str_equal(account, looking->own),
        .now_ms = session->driver->clock->now_ms(session->driver->clock) };
    struct leftover *found = NULL;
    TRY(leftovers_find(&look, &found));
    for (; found != NULL && !session_is_stopped(session); found = found->next)
        TRY(deal_with(looking, found, reader->arena));
    return ERR_OK;
}

static enum err tell_place(struct hosts_report *report, struct transport *transport, str account,
    str region, const char **reterr_reason)
{
    struct looking *looking = (struct looking *)report;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    looking->places++;
    looking->account = arena_copy(&looking->session->driver->arena, account);
    looking->region = arena_copy(&looking->session->driver->arena, region);
    struct aws_reader reader = { .transport = transport, .arena = &arena, .region = region };
    enum err err = look_in(looking, &reader, account);
    if (reader.reason != NULL)
        *reterr_reason = arena_copy(&looking->session->driver->arena, str_from(reader.reason)).ptr;
    return err;
}

static void tell_unlisted(struct hosts_report *report, str account, str region, const char *reason)
{
    struct looking *looking = (struct looking *)report;
    looking->unlisted++;
    driver_message(looking->session->driver, "account %.*s%s%.*s was not looked into: %s",
        STR_ARG(account), region.len > 0 ? " in " : "", STR_ARG(region), reason);
}

/* The place of --account and --region, else that of the connection. */
static enum err look_in_one(
    struct looking *looking, const struct arguments *arguments, const char **reterr_reason)
{
    str identity, region;
    struct session *session = looking->session;
    struct arena *arena = &session->driver->arena;
    const char *account = option_text(arguments, OPTION_ACCOUNT);
    const char *wanted = option_text(arguments, OPTION_REGION);
    if (account != NULL)
        TRY(connector_allow(&session->connector, str_from(account)));
    struct transport *transport =
        connector_reach(&session->connector, str_from(account), reterr_reason);
    if (transport == NULL)
        return ERR_CREDENTIALS;
    TRY(transport->where(transport, arena, &identity, &region, reterr_reason));
    return tell_place(&looking->report, transport,
        account == NULL ? looking->own : str_from(account),
        wanted == NULL ? region : str_from(wanted), reterr_reason);
}

static enum exit_code look_everywhere(struct looking *looking, const struct arguments *arguments,
    const struct compilation *compilation, const struct item *environment)
{
    struct session *session = looking->session;
    str partition;
    const char *reason = NULL;
    enum err err = connector_own_account(&session->connector, &looking->own, &partition, &reason);
    if (err == ERR_OK && environment == NULL)
        err = look_in_one(looking, arguments, &reason);
    else if (err == ERR_OK)
        err = hosts_list(compilation, environment, &session->connector, &session->driver->arena,
            &looking->report, &reason);
    if (err != ERR_OK)
        return fail(session, err, reason);
    tell_end(looking);
    tell_places(looking, environment != NULL);
    enum exit_code code = session_end(session);
    return code == EXIT_CLEAN && looking->unlisted > 0 ? EXIT_FINDINGS : code;
}

/* By the rules' connection and environment, where there are rules. */
static enum exit_code look(struct looking *looking, const struct arguments *arguments)
{
    struct session *session = looking->session;
    struct driver *driver = session->driver;
    const char *name = option_text(arguments, OPTION_ENVIRONMENT);
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (paths[0] == NULL)
        return name == NULL ? look_everywhere(looking, arguments, NULL, NULL)
                            : driver_usage(driver, &leftovers_command,
                                "where is the environment declared? Give --rules PATH");
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum exit_code code = rules_load(driver, paths, &compilation);
    if (code == EXIT_CLEAN)
        code = rules_one_connection(driver, &compilation, "aws");
    if (code != EXIT_CLEAN)
        return code;
    const struct item *environment =
        name == NULL ? NULL : hosts_environment(driver, &compilation, str_from(name));
    if (name != NULL && environment == NULL)
        return EXIT_USAGE;
    err = connector_use(&session->connector, compilation.program);
    return err == ERR_OK ? look_everywhere(looking, arguments, &compilation, environment)
                         : driver_failure(driver, "reading the connection", err);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (option_is_given(arguments, OPTION_ENVIRONMENT)
        && (option_is_given(arguments, OPTION_ACCOUNT)
            || option_is_given(arguments, OPTION_REGION)))
        return driver_usage(driver, &leftovers_command,
            "--environment says which accounts and regions; --account and --region do, too");
    struct session session = { 0 };
    struct looking looking = { .report = { .place = tell_place, .unlisted = tell_unlisted },
        .session = &session,
        .removes = option_is_given(arguments, OPTION_REMOVE) };
    bool has_data = option_text(arguments, OPTION_DATA) != NULL;
    enum journal_need need = looking.removes ? JOURNAL_EXISTING
                             : has_data      ? JOURNAL_READ
                                             : JOURNAL_NONE;
    enum exit_code code = session_begin(
        &session, driver, arguments, need == JOURNAL_NONE ? MODE_PLAN : MODE_APPLY, need);
    if (code == EXIT_CLEAN)
        code = look(&looking, arguments);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr leftovers --data /var/lib/cdr", "what is left in the connection's own account" },
    { "cdr leftovers rules --account 444455556666 --region eu-west-1 --data /var/lib/cdr",
        "in another account, reached as the rules say" },
    { "cdr leftovers rules --environment production --data /var/lib/cdr",
        "in every account and region of an environment" },
    { "cdr leftovers --remove --data /var/lib/cdr", "delete what may go" },
    { 0 },
};

const struct command leftovers_command = {
    .name = "leftovers",
    .operands = "[PATH..]",
    .summary = "what cdr made at AWS and is still there, and whether it may go",
    .help =
        "Snapshots and security groups that carry cdr's tag, and entries of network ACLs that the\n"
        "journal knows. With --remove what may go is deleted: a snapshot once its `retain` is "
        "over,\n"
        "a group once the run that made it is taken back and nothing uses it. Nothing goes by its\n"
        "tags alone: the journal must know the step that made it. A removal is in the journal and\n"
        "in the audit log as an undo of that step.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .beside_daemon = "without --remove this works beside it; to remove, stop it first",
    .run = run,
};
