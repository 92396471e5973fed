#include "aws/key_sweep.h"

#include "aws/requests_iam.h"

static enum step_turn list(struct step *step, struct key_sweep *sweep, uint32_t delay_ms)
{
    sweep->page = STR("");
    for (uint32_t at = 0; at < sweep->count; at++)
        sweep->keys[at].is_listed = false;
    struct request request = iam_list_access_keys(step, sweep->user, sweep->page);
    request.delay_ms = delay_ms;
    return talk_ask_for_facts(step, sweep->list, request);
}

enum step_turn key_sweep_begin(struct step *step, struct key_sweep *sweep)
{
    return list(step, sweep, 0);
}

static enum step_turn change(struct step *step, struct key_sweep *sweep, uint32_t at)
{
    struct swept_key *key = &sweep->keys[at];
    struct undo undo = { .builtin = NULL };
    if (!sweep->activates)
        undo = (struct undo){ .builtin = "enable_access_key",
            .args = { value_text(key->id), value_text(sweep->user), value_text(sweep->account) },
            .args_count = 3 };
    struct request request =
        iam_update_access_key(step, sweep->user, key->id, sweep->activates ? "Active" : "Inactive");
    request.target = key->id; /* as disable_access_key, which wants the same, calls its target */
    sweep->at = at;
    tries_send(&key->tries);
    return talk_change(step, sweep->change, request, undo);
}

/* Whether the key still has to be changed. */
static bool is_open(const struct swept_key *key)
{
    return key->is_listed && !key->is_so && !key->is_assumed && key->fault == NULL;
}

static const char *give_up(struct step *step, const struct swept_key *key)
{
    return arena_format(step->arena, "%.*s keeps its status after %u requests to change it",
        STR_ARG(key->id), key->tries.sent);
}

/* After a list: what is open, and what of it needs a change, a look, or nothing more. */
static enum step_turn go_on_looking(struct step *step, struct key_sweep *sweep)
{
    uint32_t delay_ms, longest_ms = 0;
    bool must_look = false;
    for (uint32_t at = 0; at < sweep->count; at++) {
        struct swept_key *key = &sweep->keys[at];
        if (!is_open(key))
            continue;
        switch (tries_missing(&key->tries, &delay_ms)) {
        case TRIES_SEND:
            return change(step, sweep, at);
        case TRIES_LOOK:
            must_look = true;
            longest_ms = delay_ms > longest_ms ? delay_ms : longest_ms;
            break;
        case TRIES_GIVE_UP:
            key->fault = give_up(step, key);
            if (key->fault == NULL)
                return talk_memory(step);
        }
    }
    return must_look ? list(step, sweep, longest_ms) : sweep->ended(step);
}

/* The key of that id, added when it is new; NULL: there are too many. */
static struct swept_key *key_of(struct key_sweep *sweep, str id)
{
    for (uint32_t at = 0; at < sweep->count; at++)
        if (str_equal(sweep->keys[at].id, id))
            return &sweep->keys[at];
    if (sweep->count == SWEEP_KEYS_MAX)
        return NULL;
    struct swept_key *key = &sweep->keys[sweep->count++];
    *key = (struct swept_key){ .id = id };
    return key;
}

/* ERR_MEMORY, ERR_LIMIT. */
static enum err read_page(struct step *step, struct key_sweep *sweep, const struct xml *root)
{
    const struct xml *item = xml_find(root, "ListAccessKeysResult/AccessKeyMetadata/member");
    for (; item != NULL; item = xml_next(item)) {
        str id = arena_copy(step->arena, xml_text(item, "AccessKeyId"));
        if (id.ptr == NULL)
            return ERR_MEMORY;
        if (sweep->only.len > 0 && !str_equal(id, sweep->only))
            continue;
        uint32_t known = sweep->count;
        struct swept_key *key = key_of(sweep, id);
        if (key == NULL)
            return ERR_LIMIT;
        key->is_listed = true;
        key->is_so = str_is(xml_text(item, "Status"), sweep->activates ? "Active" : "Inactive");
        if (sweep->count > known)
            key->was_so = key->is_so;
    }
    sweep->page = arena_copy(step->arena, xml_text(root, "ListAccessKeysResult/Marker"));
    return sweep->page.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Nothing was read: what stands for the keys. */
static enum step_turn assume(struct step *step, struct key_sweep *sweep)
{
    str id = sweep->only;
    if (id.len == 0)
        id = str_from(arena_format(step->arena, "(each active key of %.*s)", STR_ARG(sweep->user)));
    if (id.len == 0)
        return talk_memory(step);
    key_of(sweep, id)->is_listed = true;
    return change(step, sweep, 0);
}

enum step_turn key_sweep_heard_list(
    struct step *step, const struct answer *answer, struct key_sweep *sweep)
{
    if (answer->heard == HEARD_ASSUMED)
        return assume(step, sweep);
    enum err err = ERR_OK;
    if (answer->heard != HEARD_ANSWER)
        sweep->fault = talk_why(step, answer);
    else
        err = read_page(step, sweep, answer->root);
    if (err == ERR_LIMIT)
        sweep->fault = arena_format(
            step->arena, "%.*s has more than %d access keys", STR_ARG(sweep->user), SWEEP_KEYS_MAX);
    bool has_fault = answer->heard != HEARD_ANSWER || err == ERR_LIMIT;
    if (err == ERR_MEMORY || (has_fault && sweep->fault == NULL))
        return talk_memory(step);
    if (has_fault)
        return sweep->ended(step);
    if (sweep->page.len > 0)
        return talk_ask_for_facts(
            step, sweep->list, iam_list_access_keys(step, sweep->user, sweep->page));
    return go_on_looking(step, sweep);
}

/* Change what was not tried yet; then look whether IAM shows what it took. */
static enum step_turn go_on_changing(struct step *step, struct key_sweep *sweep)
{
    bool must_look = false;
    for (uint32_t at = 0; at < sweep->count; at++) {
        const struct swept_key *key = &sweep->keys[at];
        if (is_open(key) && key->tries.sent == 0)
            return change(step, sweep, at);
        must_look |= is_open(key);
    }
    return must_look ? list(step, sweep, 0) : sweep->ended(step);
}

enum step_turn key_sweep_heard_change(
    struct step *step, const struct answer *answer, struct key_sweep *sweep)
{
    struct swept_key *key = &sweep->keys[sweep->at];
    tries_heard(&key->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        key->is_assumed = true;
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED) {
        key->fault = talk_why(step, answer);
        if (key->fault == NULL)
            return talk_memory(step);
    }
    return go_on_changing(step, sweep);
}

static bool is_changed(const struct swept_key *key)
{
    return key->is_assumed || (key->is_so && !key->was_so);
}

uint32_t key_sweep_changed(const struct key_sweep *sweep)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < sweep->count; at++)
        count += is_changed(&sweep->keys[at]);
    return count;
}

uint32_t key_sweep_failed(const struct key_sweep *sweep)
{
    uint32_t count = sweep->fault != NULL;
    for (uint32_t at = 0; at < sweep->count; at++)
        count += sweep->keys[at].fault != NULL;
    return count;
}

bool key_sweep_is_unclear(const struct key_sweep *sweep)
{
    bool is_sent = false;
    for (uint32_t at = 0; at < sweep->count; at++) {
        const struct swept_key *key = &sweep->keys[at];
        is_sent |= key->tries.sent > 0 && !key->is_so && !key->is_assumed && key->fault == NULL;
    }
    return is_sent && sweep->fault != NULL;
}

const char *key_sweep_names(struct step *step, const struct key_sweep *sweep)
{
    const char *names = "";
    for (uint32_t at = 0; at < sweep->count && names != NULL; at++)
        if (is_changed(&sweep->keys[at]))
            names = arena_format(step->arena, "%s%s%.*s", names, names[0] == '\0' ? "" : ", ",
                STR_ARG(sweep->keys[at].id));
    return names;
}

const char *key_sweep_faults(struct step *step, const struct key_sweep *sweep)
{
    const char *faults = sweep->fault == NULL ? "" : sweep->fault;
    for (uint32_t at = 0; at < sweep->count && faults != NULL; at++)
        if (sweep->keys[at].fault != NULL)
            faults = arena_format(step->arena, "%s%s%s", faults, faults[0] == '\0' ? "" : "; ",
                sweep->keys[at].fault);
    return faults;
}
