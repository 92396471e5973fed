/* ban_waf.c - an address into an IP set of AWS WAF, and out again.
 *
 * WAF replaces a set as a whole, for whoever has the token of its last look. So every change is
 * made of what the set holds right now, and a set that somebody else changed in between is read
 * again. What the web ACLs do with the set is their owner's: a set that no rule refers to bans
 * nobody. */
#include "aws/ban_ip.h"

#include "aws/facts.h"
#include "aws/requests.h"
#include "event.h"

enum { CONFLICTS_MAX = 5, DELAY_MAX_MS = 8000, OTHERS_MAX = 8, SET_NAME_BYTES_MAX = 128 };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

/* What GetIPSet tells. */
struct look {
    bool is_there; /* the wanted network, or one that covers it */
    uint32_t held; /* so many networks are in it */
    value rest;    /* all but exactly the wanted one, as WAF spells them; room for one more */
    str description;
    str lock;
    bool is_v4;
};

static MUST_CHECK enum err add_text(struct arena *arena, value *items, uint32_t *count, str text)
{
    str copy = arena_copy(arena, text);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    items[(*count)++] = value_text(copy);
    return ERR_OK;
}

static uint32_t addresses_count(const struct xml *root)
{
    uint32_t count = 0;
    for (const struct xml *item = xml_find(root, "IPSet/Addresses"); item != NULL;
         item = xml_next(item))
        count++;
    return count;
}

/* ERR_NOT_FOUND: it is not what GetIPSet says. */
static MUST_CHECK enum err look_read(
    struct arena *arena, const struct xml *root, const struct ip *ip, struct look *ret_look)
{
    struct look look = { .description = arena_copy(arena, xml_text(root, "IPSet/Description")),
        .lock = arena_copy(arena, xml_text(root, "LockToken")),
        .held = addresses_count(root),
        .is_v4 = str_is(xml_text(root, "IPSet/IPAddressVersion"), "IPV4") };
    value *items = ARENA_ARRAY(arena, value, look.held + 1);
    uint32_t count = 0;
    if (items == NULL || look.description.ptr == NULL || look.lock.ptr == NULL)
        return ERR_MEMORY;
    if (xml_find(root, "IPSet") == NULL || look.lock.len == 0)
        return ERR_NOT_FOUND;
    for (const struct xml *item = xml_find(root, "IPSet/Addresses"); item != NULL;
         item = xml_next(item)) {
        struct ip network;
        bool is_read = cidr_parse(item->text, &network);
        bool covers = is_read && ip_covers(&network, ip);
        look.is_there |= covers;
        if (!covers || network.bits != ip->bits)
            TRY(add_text(arena, items, &count, item->text));
    }
    look.rest = value_list(items, count);
    *ret_look = look;
    return ERR_OK;
}

/* As look_read; false: the step has ended. */
static bool look_heard(struct step *step, const struct answer *answer, const struct ip_set *set,
    const struct ip *ip, struct look *ret_look, enum step_turn *ret_turn)
{
    enum err err = look_read(step->arena, answer->root, ip, ret_look);
    if (err == ERR_OK)
        return true;
    *ret_turn = err == ERR_MEMORY
                    ? talk_memory(step)
                    : talk_end(step, STEP_FAILED, "WAF does not tell what the IP set %.*s holds",
                        STR_ARG(set->name));
    return false;
}

static enum step_turn look_again(
    struct step *step, uint32_t doing, const struct ip_set *set, uint32_t delay_ms)
{
    struct request request = waf_get_ip_set(step, set);
    request.delay_ms = delay_ms;
    return talk_ask(step, doing, request);
}

/* The set is as it was: now, after a while, or never? */
static enum step_turn change_or_wait(struct step *step, struct ban_waf *waf, uint32_t look,
    uint32_t update, struct request request, struct undo undo)
{
    uint32_t delay_ms;
    switch (tries_missing(&waf->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&waf->tries);
        if (request.body.len > REQUEST_BYTES_MAX)
            return talk_end(step, STEP_FAILED,
                "the IP set %.*s is too large to be sent: WAF takes it as a whole",
                STR_ARG(waf->set.name));
        return talk_change(step, update, request, undo);
    case TRIES_LOOK:
        return look_again(step, look, &waf->set, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, waf->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the IP set %.*s does not change: WAF %s %u requests and shows it as it was",
        STR_ARG(waf->set.name), waf->tries.accepted ? "accepted" : "answered none of",
        waf->tries.sent);
}

/* What came of UpdateIPSet. */
static enum step_turn updated(
    struct step *step, struct ban_waf *waf, uint32_t look, const struct answer *answer)
{
    tries_heard(&waf->tries, answer);
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look_again(step, look, &waf->set, 0);
    if (answer_is(answer, "WAFOptimisticLockException") && waf->conflicts < CONFLICTS_MAX) {
        waf->tries = (struct tries){ 0 }; /* it was not done: begin anew from what it holds now */
        return look_again(step, look, &waf->set, poll_delay_ms(waf->conflicts++, DELAY_MAX_MS));
    }
    if (answer_is(answer, "WAFLimitsExceededException"))
        return talk_end(step, STEP_FAILED,
            "the IP set %.*s is full (AWS's quota: 10,000 addresses)", STR_ARG(waf->set.name));
    return talk_fail(step, answer);
}

/* ---- ban ---- */

static enum step_turn list(struct step *step, str page)
{
    struct ban_ip *self = step->state;
    return talk_ask(step, BAN_WAF_LIST, waf_list_ip_sets(step, &self->waf.set, page));
}

enum step_turn ban_waf_begin(struct step *step)
{
    struct ban_ip *self = step->state;
    bool is_global = str_is(arg(step, BAN_SCOPE), "cloudfront");
    if (arg(step, BAN_IP_SET).len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "it is not said which IP set: write ip_set=, or `ip_set` in the connection to aws");
    self->waf = (struct ban_waf){ .others = STR(""),
        .set = {
            .name = arg(step, BAN_IP_SET),
            .scope = is_global ? STR("CLOUDFRONT") : STR("REGIONAL"),
            .region =
                is_global ? STR("us-east-1") : value_str(talk_region(step, step->args[BAN_REGION])),
        } };
    str region = self->waf.set.region;
    if (is_global)
        region = STR("cloudfront");
    else if (region.len == 0)
        region = STR("(the connection's region)");
    step->target = str_from(arena_format(step->arena, "%.*s in ip set %.*s of %.*s",
        STR_ARG(self->shown), STR_ARG(self->waf.set.name), STR_ARG(region)));
    return step->target.len == 0 ? talk_memory(step) : list(step, STR(""));
}

/* A set that is not the wanted one: perhaps that which was meant. A name that WAF would not take is
 * not repeated. */
static MUST_CHECK enum err note_other(struct step *step, struct ban_waf *waf, str name)
{
    bool is_plain = name.len > 0 && name.len <= SET_NAME_BYTES_MAX
                    && str_all_of(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-_");
    if (!is_plain || waf->others_count > OTHERS_MAX || waf->others_count++ == OTHERS_MAX)
        return ERR_OK;
    const char *longer = arena_format(step->arena, "%.*s%s%.*s", STR_ARG(waf->others),
        waf->others.len > 0 ? ", " : "", STR_ARG(name));
    if (longer == NULL)
        return ERR_MEMORY;
    waf->others = str_from(longer);
    return ERR_OK;
}

enum step_turn ban_waf_heard_list(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    struct ip_set *set = &self->waf.set;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED) {
        set->id = str_from(arena_format(step->arena, "(the id of %.*s)", STR_ARG(set->name)));
        return look_again(step, BAN_WAF_LOOK, set, 0);
    }
    for (const struct xml *item = xml_find(answer->root, "IPSets"); item != NULL;
         item = xml_next(item)) {
        if (!str_equal(xml_text(item, "Name"), set->name)) {
            if (note_other(step, &self->waf, xml_text(item, "Name")) != ERR_OK)
                return talk_memory(step);
            continue;
        }
        set->id = arena_copy(step->arena, xml_text(item, "Id"));
        step_fact(step, FIELD_RESOURCE_ID, xml_text(item, "ARN"));
        talk_found(step, "IP set %.*s", STR_ARG(set->name));
        return set->id.ptr == NULL ? talk_memory(step) : look_again(step, BAN_WAF_LOOK, set, 0);
    }
    str page = arena_copy(step->arena, xml_text(answer->root, "NextMarker"));
    if (page.ptr == NULL)
        return talk_memory(step);
    if (page.len > 0)
        return list(step, page);
    return talk_end(step, STEP_UNRESOLVED,
        "there is no IP set %.*s (%.*s) in account %.*s in %.*s%s%.*s%s", STR_ARG(set->name),
        STR_ARG(set->scope), STR_ARG(self->principal.caller.account), STR_ARG(set->region),
        self->waf.others_count == 0 ? ", and no other" : "; there is ", STR_ARG(self->waf.others),
        self->waf.others_count > OTHERS_MAX ? ", and more" : "");
}

static enum step_turn add(struct step *step, struct look *look)
{
    struct ban_ip *self = step->state;
    const struct ip_set *set = &self->waf.set;
    value *items = (value *)(uintptr_t)look->rest.items;
    struct undo undo = { .builtin = "unban_ip", .args_count = UNBAN_ARGS };
    items[look->rest.count++] = value_text(self->cidr);
    undo.args[UNBAN_IP] = value_text(self->cidr);
    undo.args[UNBAN_SET] = value_text(set->name);
    undo.args[UNBAN_ID] = value_text(set->id);
    undo.args[UNBAN_SCOPE] = value_text(set->scope);
    undo.args[UNBAN_ACCOUNT] = self->principal.caller.account.len > 0
                                   ? value_text(self->principal.caller.account)
                                   : VALUE_NONE;
    undo.args[UNBAN_REGION] = set->region.len > 0 ? value_text(set->region) : VALUE_NONE;
    return change_or_wait(step, &self->waf, BAN_WAF_LOOK, BAN_WAF_UPDATE,
        waf_update_ip_set(step, set, look->rest, look->description, look->lock), undo);
}

enum step_turn ban_waf_heard_look(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    const struct ip_set *set = &self->waf.set;
    struct look look;
    enum step_turn turn;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED) {
        value *items = ARENA_ARRAY(step->arena, value, 1);
        look = (struct look){ .rest = value_list(items, 0), .lock = STR("(its lock token)") };
        return items == NULL ? talk_memory(step) : add(step, &look);
    }
    if (!look_heard(step, answer, set, &self->ip, &look, &turn))
        return turn;
    if (look.is_v4 != self->ip.is_v4)
        return talk_end(step, STEP_UNRESOLVED,
            "the IP set %.*s holds addresses of %s, which %.*s is not", STR_ARG(set->name),
            look.is_v4 ? "IPv4" : "IPv6", STR_ARG(self->shown));
    if (look.is_there)
        return talk_end(step, STEP_DONE,
            self->principal.talk.has_changed
                ? "%.*s is in the IP set %.*s"
                : "%.*s was in the IP set %.*s already: nothing was changed",
            STR_ARG(self->shown), STR_ARG(set->name));
    return add(step, &look);
}

enum step_turn ban_waf_heard_update(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would be in the IP set %.*s", STR_ARG(self->shown),
            STR_ARG(self->waf.set.name));
    return updated(step, &self->waf, BAN_WAF_LOOK, answer);
}

/* ---- unban ---- */

enum { CALLER, LOOK, UPDATE };

static enum step_turn unban_heard_caller(struct step *step, const struct answer *answer)
{
    struct unban_ip *self = step->state;
    enum step_turn turn;
    step->target = arg(step, UNBAN_IP);
    if (!identity_heard(step, answer, arg(step, UNBAN_ACCOUNT), &self->caller, &turn))
        return turn;
    self->waf.set = (struct ip_set){ .name = arg(step, UNBAN_SET),
        .id = arg(step, UNBAN_ID),
        .scope = arg(step, UNBAN_SCOPE),
        .region = value_str(talk_region(step, step->args[UNBAN_REGION])) };
    return look_again(step, LOOK, &self->waf.set, 0);
}

static enum step_turn unban_heard_look(struct step *step, const struct answer *answer)
{
    struct unban_ip *self = step->state;
    const struct ip_set *set = &self->waf.set;
    struct undo nothing = { .builtin = NULL };
    struct look look = { .lock = STR("(its lock token)") };
    struct ip ip;
    enum step_turn turn;
    if (answer_is(answer, "WAFNonexistentItemException"))
        return talk_end(step, STEP_DONE, "the IP set %.*s is no longer there: nothing to take back",
            STR_ARG(set->name));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (!cidr_parse(step->target, &ip))
        return talk_end(step, STEP_FAILED, "'%.*s' is no address", STR_ARG(step->target));
    if (answer->heard == HEARD_ANSWER && !look_heard(step, answer, set, &ip, &look, &turn))
        return turn;
    if (answer->heard == HEARD_ANSWER && look.held == look.rest.count)
        return talk_end(step, STEP_DONE,
            self->talk.has_changed ? "%.*s is no longer in the IP set %.*s"
                                   : "%.*s is not in the IP set %.*s: nothing to take back",
            STR_ARG(step->target), STR_ARG(set->name));
    return change_or_wait(step, &self->waf, LOOK, UPDATE,
        waf_update_ip_set(step, set, look.rest, look.description, look.lock), nothing);
}

static enum step_turn unban_heard_update(struct step *step, const struct answer *answer)
{
    struct unban_ip *self = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would no longer be in the IP set %.*s",
            STR_ARG(step->target), STR_ARG(self->waf.set.name));
    return updated(step, &self->waf, LOOK, answer);
}

enum step_turn unban_ip_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = unban_heard_caller,
        [LOOK] = unban_heard_look,
        [UPDATE] = unban_heard_update,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
