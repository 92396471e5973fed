/* case_story.h - a case with its alerts and runs, and how it is told. */
#pragma once

#include "driver/story.h"
#include "store/cases.h"

struct case_story {
    struct case_record record;
    struct case_alert *alerts;
    size_t alert_count;
    struct case_entity *entities;
    size_t entity_count;
    struct case_record *related; /* share an identifier, about the same time */
    size_t related_count;
    struct joined_alert *joined; /* alerts of it that began no run, by `dedup` */
    size_t joined_count;
    struct story *runs; /* oldest first */
    size_t run_count;
};

/* Read everything about a case, in `arena`. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err case_story_read(struct store *store, const struct case_record *record,
    struct arena *arena, struct case_story *ret_story);

/* As story_text and story_json. */
void case_story_text(struct output *out, const struct case_story *story, const char *data);
json_t *case_story_json(const struct case_story *story);
