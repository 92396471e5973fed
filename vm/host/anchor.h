/* anchor.h - signed heads of the audit log, in a file that only grows.
 *
 * An anchor says that at some time the log of a journal had an entry with this number and this
 * hash. One line of JSON each:
 *   {"anchor":3,"seq":812,"hash":"..","at":"..","store":"1f0c77aa","previous":"..","key":"..",
 *    "signature":".."}
 * numbered from 1, naming the SHA-256 of the line before, and signed (Ed25519, over the bytes of
 * the line before `,"signature"`). A line that was written never changes and none goes away; what
 * has no newline at the end of the file was cut off while it was written, and counts for nothing.
 */
#pragma once

#include "base/sha256.h"
#include "host/signing.h"

enum { STORE_ID_TEXT_MAX = 16, ANCHOR_BYTES_MAX = 1024 };

struct anchor {
    int64_t number; /* from 1 */
    int64_t seq;
    uint8_t hash[SHA256_BYTES];
    int64_t at_ms;
    char store[STORE_ID_TEXT_MAX + 1];
    uint8_t previous[SHA256_BYTES]; /* all zero: it is the first */
    char key[KEY_ID_DIGITS + 1];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Append the line of an anchor, signed with `key`, whose id and signature are set in it.
 * ERR_MEMORY. */
MUST_CHECK enum err anchor_write(
    struct anchor *anchor, const struct signing_key *key, struct buf *out);
/* Read a line without its newline. False: it is not one, byte for byte. */
MUST_CHECK bool anchor_read(str line, struct anchor *ret_anchor);
/* What of a line is signed. */
str anchor_signed(str line);

/* Open the file and wait until no other process is at it, to read it or, with `to_write`, to
 * append to it (then it is made with mode 0600 where it is missing). close() ends both. -1 with
 * errno. */
int anchor_file_open(const char *path, bool to_write);
/* The last line and its SHA-256; a piece of a line at the end is removed. *ret_anchor->number is
 * 0 while there is none. ERR_IO (errno says why), ERR_JSON: the last line is no anchor. */
MUST_CHECK enum err anchor_file_last(
    int file, struct anchor *ret_anchor, uint8_t ret_line_hash[static SHA256_BYTES]);
/* Append a line (with its newline), durable when it returns. ERR_IO: errno says why. */
MUST_CHECK enum err anchor_file_add(int file, str line);
/* As anchor_file_add, to a file that is made where it is missing, and is anything that can be
 * appended to. ERR_IO. */
MUST_CHECK enum err anchor_add_beside(const char *path, str line);
