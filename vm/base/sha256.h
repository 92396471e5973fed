/* sha256.h - SHA-256 in hex, over OpenSSL: the identity of texts and programs. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_SIZE = 65 };

/* A hash in the making. Zero it, sha256_begin, add, end; release in any case. */
struct sha256 {
    void *context; /* OpenSSL's */
    enum err err;  /* what went wrong first: sticks until sha256_end */
};

/* ERR_MEMORY. */
MUST_CHECK enum err sha256_begin(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, str bytes);
/* As sha256_add, with the length in front: so that ("ab", "c") and ("a", "bc") differ. */
void sha256_add_framed(struct sha256 *sha256, str bytes);
/* 64 lower-case hex digits and a NUL, or the bytes; the struct is released. ERR_MEMORY. */
MUST_CHECK enum err sha256_end_hex(struct sha256 *sha256, char ret_hex[static SHA256_HEX_SIZE]);
MUST_CHECK enum err sha256_end(struct sha256 *sha256, uint8_t ret_bytes[static SHA256_BYTES]);
/* Safe on a zeroed struct. */
void sha256_release(struct sha256 *sha256);

/* All at once. ERR_MEMORY. */
MUST_CHECK enum err sha256_hex(str bytes, char ret_hex[static SHA256_HEX_SIZE]);
