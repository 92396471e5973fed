/* leftovers.h - what cdr made at AWS and is still there: by its tags, and entries of network ACLs,
 * which have none, by what the journal says of them.
 *
 * Only reads, over a transport, outside of any step. Everything returned lives in the arena. */
#pragma once

#include "base/arena.h"
#include "host/transport.h"

enum aws_leftover_kind { AWS_LEFTOVER_SNAPSHOT, AWS_LEFTOVER_GROUP, AWS_LEFTOVER_ACL_ENTRY };

struct aws_leftover {
    struct aws_leftover *next;
    enum aws_leftover_kind kind;
    str id;          /* "snap-1", "sg-1", "acl-1" */
    str name;        /* of a group; of a snapshot its volume; of an entry what it denies */
    str vpc;         /* of a group */
    str step;        /* the tag cdr:step, of a snapshot */
    str retain;      /* the tag cdr:retain, of a snapshot */
    str start;       /* of a snapshot, as EC2 says it */
    str used_by;     /* an interface that has the group; or empty */
    uint32_t number; /* of an entry */
    bool is_egress;
};

/* Whom to ask. */
struct aws_reader {
    struct transport *transport;
    struct arena *arena;
    str region;
    const char *reason; /* after an error: a sentence */
};

/* Snapshots and security groups that carry our tag, in the reader's region. ERR_TRANSPORT,
 * ERR_REFUSED, ERR_CREDENTIALS with a sentence, also where AWS declines; ERR_STOPPED, ERR_MEMORY. */
MUST_CHECK enum err aws_leftovers_read(struct aws_reader *reader, struct aws_leftover **ret_first);

/* Whether the ACL has the entry that denies `cidr`. Errors as before; one of an ACL that is gone is
 * not there. */
MUST_CHECK enum err aws_acl_entry_is_there(struct aws_reader *reader, str acl, uint32_t number,
    bool is_egress, str cidr, bool *ret_is_there);
