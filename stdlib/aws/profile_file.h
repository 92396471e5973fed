/* profile_file.h - ~/.aws/credentials and ~/.aws/config.
 *
 * Read as the AWS tools do: `[section]`, `key = value`, comments that begin with # or ;
 * on lines of their own, values as they stand (quotes included), keys in any case, the
 * last value of a key. Lines that are indented more than the key before them belong to
 * a nested block (`s3 =`) and are passed over. The text may hold secrets: it is wiped on
 * release. Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct profile_file {
    char *text; /* owned; NULL: no such file */
    size_t len;
    const char *path; /* as given; outlives the file */
};

enum { PROFILE_FILE_BYTES_MAX = 1024 * 1024 };

/* Read the file at `path`; one that does not exist is empty. ERR_IO: it cannot be read,
 * or is over PROFILE_FILE_BYTES_MAX; ERR_INVALID: not of the form above. On both
 * *reterr_reason is a sentence in `arena` that names file and line and quotes nothing.
 * ERR_MEMORY. */
MUST_CHECK enum err profile_file_read(const char *path, struct arena *arena,
    struct profile_file *ret_file, const char **reterr_reason);

/* Whether the file has the section of `profile`: `[x]`, and with `is_config` `[profile x]`,
 * quotes around x allowed, or `[default]`. */
bool profile_file_has(const struct profile_file *file, str profile, bool is_config);

/* The value of `key` in the section of `profile`, borrowed; false when there is none or it
 * is empty. */
bool profile_file_get(
    const struct profile_file *file, str profile, bool is_config, const char *key, str *ret_value);

/* The value of `key` in the block `block` of the section `[services NAME]`, borrowed:
 *     [services lab]
 *     ec2 =
 *       endpoint_url = https://..
 * False when there is none or it is empty. */
bool profile_file_nested(const struct profile_file *file, str services, const char *block,
    const char *key, str *ret_value);
/* Whether the file has the section `[services NAME]`. */
bool profile_file_has_services(const struct profile_file *file, str services);

/* Wipe and free. Safe on a zeroed file. */
void profile_file_release(struct profile_file *file);
