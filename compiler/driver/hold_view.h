/* hold_view.h - a hold with all that a person needs to answer it, and how it is shown.
 *
 * Roles are those of the rules that held the step: they are compiled again from the journal, so
 * that nobody has to give them and nobody can give others.
 */
#pragma once

#include "compile.h"
#include "driver/output.h"
#include "store/holds.h"

#include <jansson.h>

/* Where holds are read from. The rules of the last one are kept, since many are of the same.
 * Zero it and set `store` and `now_ms`; release in any case. */
struct hold_reader {
    struct store *store;
    int64_t now_ms; /* in the time of timers */
    /* private */
    struct arena arena;
    str program_hash;
    struct compilation compilation;
    const struct program *program;
    bool is_known;
};

struct hold_view {
    struct hold hold; /* state, stage and until_ms as time has made them by now */
    const struct approval_stage *stages;
    uint32_t stage_count;
    const struct approval_stage *asked; /* NULL: anybody who may, or nobody any more */
    struct decision *decisions;
    size_t decision_count;
    const struct role_code *roles; /* of the rules that held it */
    uint32_t role_count;
    bool has_roles;   /* false: this build cannot compile those rules; nobody may answer */
    int64_t replaced; /* the hold of its step before it, whose plan was another one or none; or 0 */
    bool had_no_plan; /* that one */
    str source;       /* of its alert, with title and severity: may be empty */
    str title;
    str severity;
    json_t *plan; /* plan_to_json, or NULL; owned */
};

/* The rules with that hash; *ret_program is NULL when this build makes another program of them. It
 * lives until the next call. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err hold_reader_program(
    struct hold_reader *reader, str hash, const struct program **ret_program);

/* Read one, in `arena`. ERR_NOT_FOUND, ERR_STORE, ERR_JSON (the journal's text is damaged),
 * ERR_MEMORY. */
MUST_CHECK enum err hold_view_read(
    struct hold_reader *reader, int64_t id, struct arena *arena, struct hold_view *ret_view);
void hold_view_release(struct hold_view *view);
void hold_reader_release(struct hold_reader *reader);

/* Who may answer, of those that the roles name. Borrowed from *view. */
struct hold_question hold_view_question(const struct hold_view *view);
/* "alice, bob and the role soc": see hold_whom; in words too when the roles are not known. In
 * `arena`; NULL when that is full. */
const char *hold_view_whom(const struct hold_view *view, bool is_approval, struct arena *arena);

/* Lines for a person; `is_whole` with every parameter of the changes and all that the provider
 * shows of the target. `data` is the data directory as a word of a shell, for the commands that go
 * on with it; NULL: they are not shown. */
void hold_view_text(struct output *out, const struct hold_view *view, int64_t now_ms, bool is_whole,
    const char *data);
/* hold_json with rule, alert, what it would do, who may answer and who has. NULL when out of
 * memory. */
json_t *hold_view_json(const struct hold_view *view);

/* The number of a hold, or 0 when the word is none. */
int64_t hold_number(const char *word);
