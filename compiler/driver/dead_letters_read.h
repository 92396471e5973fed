/* dead_letters_read.h - the alerts that `cdr run` could not read, read back. See dead_letter.h. */
#pragma once

#include "driver/json_out.h"

#include <stdint.h>

/* A line of dead-letter.ndjson. Its texts live until the next one is read. */
struct kept_letter {
    str place; /* FILE:LINE, where the alert stood */
    str reason;
    int64_t received_ms;
    str text;           /* of the alert, or what was kept of it */
    bool is_cut;        /* only its beginning */
    const json_t *json; /* all of it */
};

struct letters;

/* Open DIRECTORY/dead-letter.ndjson; *ret_letters is NULL where there is none. ERR_IO (errno says
 * why), ERR_MEMORY. */
MUST_CHECK enum err letters_open_reader(const char *directory, struct letters **ret_letters);
/* The next letter; false at the end. What is no letter (the line of a crash) is counted and left
 * out. */
bool letters_next(struct letters *letters, struct kept_letter *ret_letter);
uint64_t letters_unreadable(const struct letters *letters);
/* NULL is fine. */
void letters_close(struct letters *letters);
