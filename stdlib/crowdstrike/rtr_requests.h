/* rtr_requests.h - requests of Real Time Response, one builder an operation (rest/rest.h says how
 * they are written).
 *
 * A command line is for the reader of Falcon's own console: words, quoted with ", and scripts between
 * three backticks. Only the builders of lines below make one, and of constants, ids and names that
 * need no quoting; whatever else a command needs stands in a script, quoted for its shell. */
#pragma once

#include "act/step.h"
#include "base/attr.h"

/* A session on the device; the caller's existing one where there is any. */
struct request rtr_init(struct step *step, str device, bool queue_offline);
/* Keep the session alive: it ends after ten minutes without that. */
struct request rtr_pulse(struct step *step, str device, bool queue_offline);
struct request rtr_delete_session(struct step *step, str session);
/* What waits in queued sessions for hosts that are offline. */
struct request rtr_queued(struct step *step, str session);

/* `line`: of the functions below; ptr NULL: the request cannot be built. */
struct request rtr_execute(struct step *step, str session, str device, const char *base, str line);
struct request rtr_check(struct step *step, str request_id, uint32_t sequence);

/* Files that `get` fetched in the session, and one of them: a 7z archive. */
struct request rtr_files(struct step *step, str session);
struct request rtr_file_contents(
    struct step *step, str session, str sha256, str filename, str keep_as);

/* The ids of files that `put` can send under that name; what they are; one more, of the file `path`
 * (rest/late.h). */
struct request rtr_find_put_file(struct step *step, str name);
struct request rtr_put_files(struct step *step, const str *ids, size_t count);
struct request rtr_create_put_file(struct step *step, str name, str path, str sha256);

/* Whether a script can stand between three backticks: it has no three in a row, none at its ends, and
 * no NUL; and there is one. */
bool rtr_may_run(str script);
/* runscript -Raw=```..``` -Timeout=..; ptr NULL: the arena is full, or rtr_may_run does not hold. */
str rtr_runscript(struct arena *arena, str script, uint32_t timeout_s);
/* put, get, filehash, cd, ..: `command` "operand". ptr NULL: the arena is full, or the operand holds
 * more than letters, digits and _ - . : / \ between. */
str rtr_line(struct arena *arena, const char *command, str operand);
