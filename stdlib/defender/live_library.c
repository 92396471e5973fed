#include "defender/live_library.h"

#include "defender/replies.h"

enum { LIST, UPLOAD, REMOVE };
enum { LOOK_MS = 5000, REMOVES_MAX = 3 };

/* ---- keep ---- */

static enum step_turn look(struct step *step, struct live_library *library, uint32_t delay_ms)
{
    struct request request = mde_list_library_files(step);
    request.delay_ms = delay_ms;
    return talk_ask_for_facts(step, library->first + LIST, request);
}

static enum step_turn fail(struct step *step, struct live_library *library, const char *why)
{
    library->why = why;
    return why == NULL ? talk_memory(step) : library->kept(step, library);
}

static enum step_turn upload(struct step *step, struct live_library *library)
{
    struct library_file *file = &library->files[library->at];
    library->declined = NULL;
    file->is_sent = true;
    tries_send(&library->tries);
    struct request request = mde_upload_library_file(step, file->name, file->content);
    request.late = file->late;
    return talk_change(step, library->first + UPLOAD, request, (struct undo){ .builtin = NULL });
}

/* The first that is not there. */
static enum step_turn go_on(struct step *step, struct live_library *library)
{
    while (library->at < library->count && library->files[library->at].is_there)
        library->at++;
    library->tries = (struct tries){ 0 };
    return library->at < library->count ? upload(step, library) : library->kept(step, library);
}

/* Defender's own word for the hash of a file, where it tells one, against ours. */
static bool is_other(const struct library_file *file, const struct xml *item)
{
    str told = xml_text(item, "sha256");
    return file->sha256.len > 0 && told.len > 0
           && (told.len != file->sha256.len
               || strncasecmp(told.ptr, file->sha256.ptr, told.len) != 0);
}

/* Note what is there. False: one is not ours. */
static bool library_read(struct live_library *library, const struct answer *answer)
{
    bool is_ours = true;
    const struct xml *item = xml_find(answer->root, "value");
    for (; item != NULL; item = xml_next(item))
        for (uint32_t at = 0; at < library->count; at++) {
            struct library_file *file = &library->files[at];
            if (!str_equal(xml_text(item, "fileName"), file->name))
                continue;
            file->is_there = true;
            is_ours &= !is_other(file, item);
        }
    return is_ours;
}

static enum step_turn missing(struct step *step, struct live_library *library)
{
    uint32_t delay_ms;
    const struct library_file *file = &library->files[library->at];
    if (library->declined != NULL)
        return fail(step, library, library->declined);
    switch (tries_missing(&library->tries, &delay_ms)) {
    case TRIES_SEND:
        return upload(step, library);
    case TRIES_LOOK:
        return look(step, library, LOOK_MS);
    case TRIES_GIVE_UP:
        break;
    }
    return fail(step, library,
        arena_format(step->arena, "%.*s was sent to the library %u times, which does not show it",
            STR_ARG(file->name), library->tries.sent));
}

static enum step_turn heard_list(
    struct step *step, const struct answer *answer, struct live_library *library)
{
    if (answer->heard == HEARD_ASSUMED)
        return go_on(step, library);
    if (answer->heard != HEARD_ANSWER)
        return fail(step, library, talk_why(step, answer));
    if (!library_read(library, answer))
        return fail(step, library,
            "the library has a file of that name that is not from cdr: its SHA-256 is another");
    if (library->tries.sent > 0 && !library->files[library->at].is_there)
        return missing(step, library);
    return go_on(step, library);
}

static enum step_turn heard_upload(
    struct step *step, const struct answer *answer, struct live_library *library)
{
    struct library_file *file = &library->files[library->at];
    tries_heard(&library->tries, answer);
    if (answer->heard == HEARD_ASSUMED || answer->heard == HEARD_ANSWER) {
        file->is_there = true;
        return go_on(step, library);
    }
    if (answer->heard == HEARD_REFUSED || answer_is_denied(answer))
        return fail(step, library, talk_why(step, answer));
    if (answer->heard == HEARD_ERROR) { /* it may be there already, from a request that was lost */
        library->declined = talk_why(step, answer);
        if (library->declined == NULL)
            return talk_memory(step);
    }
    return look(step, library, answer->heard == HEARD_ERROR ? 0 : LOOK_MS);
}

enum step_turn live_library_keep(struct step *step, struct live_library *library)
{
    library->at = 0;
    library->why = NULL;
    return look(step, library, 0);
}

/* ---- remove ---- */

static enum step_turn remove_next(struct step *step, struct live_library *library)
{
    for (; library->at < library->count; library->at++) {
        const struct library_file *file = &library->files[library->at];
        if ((file->is_there || file->is_sent) && !file->is_shared)
            return talk_change(step, library->first + REMOVE,
                mde_delete_library_file(step, file->name), (struct undo){ .builtin = NULL });
    }
    return library->removed(step, library);
}

static enum step_turn heard_remove(
    struct step *step, const struct answer *answer, struct live_library *library)
{
    const struct library_file *file = &library->files[library->at];
    if (answer->heard == HEARD_NOTHING && ++library->removes < REMOVES_MAX)
        return remove_next(step, library); /* the same file: one that is gone is a 404 */
    library->at++;
    library->removes = 0;
    if (answer->heard != HEARD_ANSWER && answer->heard != HEARD_ASSUMED
        && !reply_is_missing(answer)) {
        library->left = arena_format(step->arena, "%s%.*s",
            library->left == NULL ? "in the library of live response stays " : library->left,
            STR_ARG(library->left == NULL ? file->name : STR(" and more")));
        if (library->left == NULL)
            return talk_memory(step);
    }
    return remove_next(step, library);
}

enum step_turn live_library_remove(struct step *step, struct live_library *library)
{
    library->at = 0;
    library->left = NULL;
    return remove_next(step, library);
}

enum step_turn live_library_heard(
    struct step *step, const struct answer *answer, struct live_library *library)
{
    const struct talk *talk = step->state;
    switch (talk->doing - library->first) {
    case LIST:
        return heard_list(step, answer, library);
    case UPLOAD:
        return heard_upload(step, answer, library);
    default:
        return heard_remove(step, answer, library);
    }
}
