/* signing.h - Ed25519 keys in PEM files, over OpenSSL: who wrote it, for whoever reads it.
 *
 * The private key is read from, or made in, a file of its own; `openssl pkey -in FILE -text` shows
 * one, and any other tool that reads PKCS #8 and SubjectPublicKeyInfo works with them.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/attr.h"

#include <stdint.h>

enum { SIGNATURE_BYTES = 64, KEY_ID_DIGITS = 16, PUBLIC_KEYS_MAX = 64 };

/* A key that signs. Zero it; release in any case. */
struct signing_key {
    void *key; /* OpenSSL's */
    char id[KEY_ID_DIGITS + 1];
};

/* Read the key in the file `path`, or make one there (mode 0600, durable) when `may_make` and
 * nothing is there; two processes that do so at once need a lock around it. ERR_NOT_FOUND: no such
 * file; ERR_IO, ERR_INVALID (no such key, or everybody may read it), ERR_MEMORY: *reterr_reason is
 * a sentence in `arena`, or static. */
MUST_CHECK enum err signing_key_open(struct signing_key *key, const char *path, bool may_make,
    struct arena *arena, const char **reterr_reason);
/* ERR_MEMORY. */
MUST_CHECK enum err signing_key_sign(
    const struct signing_key *key, str text, uint8_t ret_signature[static SIGNATURE_BYTES]);
/* Append the public half as PEM. ERR_MEMORY. */
MUST_CHECK enum err signing_key_public(const struct signing_key *key, struct buf *out);
void signing_key_release(struct signing_key *key);

/* Keys that signatures are checked with: the first 16 hex digits of the SHA-256 of its 32 bytes
 * name each. Zero it; release in any case. */
struct public_keys {
    struct signing_key items[PUBLIC_KEYS_MAX]; /* public halves only */
    uint32_t count;
};

/* Add every public key of a PEM text. ERR_INVALID: there is none, or one is no Ed25519 key;
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err public_keys_add(struct public_keys *keys, str pem);
/* The key with that id, or NULL. */
const struct signing_key *public_keys_find(const struct public_keys *keys, str id);
/* Whether the signature is of `text` by that key. */
MUST_CHECK bool public_key_verifies(
    const struct signing_key *key, str text, const uint8_t signature[static SIGNATURE_BYTES]);
void public_keys_release(struct public_keys *keys);
