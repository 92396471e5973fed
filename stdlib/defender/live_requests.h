/* live_requests.h - the calls of live response and its library, one builder an operation.
 *
 * As defender/requests.h. https://learn.microsoft.com/en-us/defender-endpoint/api/run-live-response */
#pragma once

#include "rest/rest.h"

/* What one session does on a machine; commands run in this order, and the first that fails ends it. */
struct live_command {
    const char *what; /* tells it from the step's others, in the comment: "start", "status 3" */
    str put;          /* of the library: is put on the machine first; empty: nothing is */
    str script;       /* of the library, with its end: is run; empty: none is */
    str get;          /* path on the machine: is fetched; empty: nothing is */
};

/* How many commands it is; the last is the one with a result. */
uint32_t live_command_count(const struct live_command *command);

struct request mde_run_live_response(
    struct step *step, str machine, str comment, const struct live_command *command);
/* An address of the result of command `index`, good for half an hour: for rest/download.h. */
struct request mde_get_live_response_result(
    struct step *step, str machine, str action, uint32_t index);

/* Files are known by their names alone, and a file is never put over another. `content` may be a mark
 * of rest/late.h. */
struct request mde_list_library_files(struct step *step);
struct request mde_upload_library_file(struct step *step, str name, str content);
struct request mde_delete_library_file(struct step *step, str name);
