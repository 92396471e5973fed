/* transport.h - how requests reach a provider, replaceable in tests.
 *
 * A transport adds what a request needs to be accepted (address, authentication,
 * retries that are safe) and nothing that the journal would have to know.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "base/err.h"

struct transport {
    /* Send `request` and wait for the answer; *ret_reply's body lives in `arena`.
     * A read is retried as the provider asks. A change is sent again only after a
     * reply that says it was not applied (throttled), and not while request->pause_file is
     * there: that reply is handed over then. ERR_TRANSPORT: no answer came,
     * the provider may or may not have seen the request. ERR_REFUSED: it certainly has
     * not (nothing listens, no name); ERR_CREDENTIALS: not sent. On these three
     * *reterr_reason is a sentence for a person, in the arena. ERR_STOPPED: a read was
     * given up because somebody wants to end; never a change. ERR_MEMORY. */
    enum err (*send)(struct transport *transport, const struct request *request, bool is_change,
        struct arena *arena, struct reply *ret_reply, const char **reterr_reason);

    /* Whom the provider takes us for (*ret_identity: "arn:aws:iam::111122223333:user/cdr"; all
     * sessions of a role are the role) and where requests go that name no region. A step
     * is gone on with by the same identity only, and in the same region. Asked of the
     * provider once; both live in `arena`. Errors as send. NULL: a provider without either. */
    enum err (*where)(struct transport *transport, struct arena *arena, str *ret_identity,
        str *ret_region, const char **reterr_reason);

    /* Whether `facts`, what is known of the target of a change, name one of those that the
     * connection acts as: its own identity, or one that it was made from. *ret_name: what a
     * person would call it, in `arena`, or NULL. Errors as send. NULL: nobody to lose. */
    enum err (*find_self)(struct transport *transport, const struct fact *facts,
        struct arena *arena, const char **ret_name, const char **reterr_reason);

    /* Whether `reply`, received to the change `request`, says that nothing was done, although its
     * status need not: such a change is not taken back, for what is there then is somebody else's.
     * ERR_MEMORY, of `scratch`. NULL: the status says it. */
    enum err (*is_declined)(struct transport *transport, const struct request *request,
        const struct reply *reply, struct arena *scratch, bool *ret_is_declined);
};
