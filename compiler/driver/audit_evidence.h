/* audit_evidence.h - what the audit log of a directory is held against: its anchors and keys. */
#pragma once

#include "act/audit_check.h"
#include "driver/command.h"

/* Where it is. */
struct audit_sources {
    const char *directory;
    const char *key;    /* a file of public keys, PEM; NULL: that of the key that signs there */
    const char *beside; /* the second place of anchors, or NULL */
};

struct audit_evidence {
    int lock; /* on audit.head; -1: none */
    struct buf head;
    struct buf beside;
    struct buf pem;
    struct public_keys keys;
    struct audit_proofs proofs;
};

/* Read it, and keep the lock on audit.head: nothing is anchored until audit_evidence_unlock, so
 * that the journal is opened meanwhile. What cannot be read is told. Release in any case. */
MUST_CHECK enum exit_code audit_evidence_read(
    struct audit_evidence *evidence, struct driver *driver, const struct audit_sources *sources);
void audit_evidence_unlock(struct audit_evidence *evidence);
void audit_evidence_release(struct audit_evidence *evidence);

/* Append the public half of the key that signs in `directory` (NULL: only CDR_AUDIT_KEY) to `out`.
 * EXIT_FINDINGS: there is none yet. */
MUST_CHECK enum exit_code audit_own_key(
    struct driver *driver, const char *directory, struct buf *out);
