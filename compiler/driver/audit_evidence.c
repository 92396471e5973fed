/* audit_evidence.c - see audit_evidence.h. */
#include "driver/audit_evidence.h"

#include "driver/audit_places.h"
#include "driver/files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_BYTES_MAX = 64 * 1024 };

#define ANCHORS_BYTES_MAX ((size_t)1024 * 1024 * 1024)

void audit_evidence_unlock(struct audit_evidence *evidence)
{
    if (evidence->lock >= 0)
        close(evidence->lock);
    evidence->lock = -1;
}

void audit_evidence_release(struct audit_evidence *evidence)
{
    audit_evidence_unlock(evidence);
    buf_release(&evidence->head);
    buf_release(&evidence->beside);
    buf_release(&evidence->pem);
    public_keys_release(&evidence->keys);
}

static enum exit_code unreadable(struct driver *driver, const char *path)
{
    driver_message(driver, "%s cannot be read: %s", path, strerror(errno));
    return EXIT_USAGE;
}

static enum exit_code read_head(
    struct audit_evidence *evidence, struct driver *driver, const char *directory)
{
    const char *path = arena_format(&driver->arena, "%s/audit.head", directory);
    if (path == NULL)
        return driver_failure(driver, "reading the anchors", ERR_MEMORY);
    evidence->proofs.head.name = path;
    evidence->lock = anchor_file_open(path, false);
    if (evidence->lock < 0) /* whether there should be one, the journal says */
        return errno == ENOENT || errno == ENOTDIR ? EXIT_CLEAN : unreadable(driver, path);
    if (file_read(path, &evidence->head) != ERR_OK)
        return unreadable(driver, path);
    evidence->proofs.head.text = buf_str(&evidence->head);
    return EXIT_CLEAN;
}

static enum exit_code read_beside(
    struct audit_evidence *evidence, struct driver *driver, const char *path)
{
    if (path == NULL)
        return EXIT_CLEAN;
    if (file_read(path, &evidence->beside) != ERR_OK)
        return unreadable(driver, path);
    evidence->proofs.beside = (struct anchor_text){ path, buf_str(&evidence->beside) };
    return EXIT_CLEAN;
}

enum exit_code audit_own_key(struct driver *driver, const char *directory, struct buf *out)
{
    struct signing_key key = { 0 };
    const char *reason = NULL;
    const char *path = audit_places_read().key;
    if (path == NULL)
        path = arena_format(&driver->arena, "%s/audit.key", directory);
    if (path == NULL)
        return driver_failure(driver, "reading the key", ERR_MEMORY);
    enum err err = signing_key_open(&key, path, false, &driver->arena, &reason);
    if (err == ERR_OK)
        err = signing_key_public(&key, out);
    signing_key_release(&key);
    if (err == ERR_NOT_FOUND)
        return EXIT_FINDINGS;
    if (err == ERR_MEMORY)
        return driver_failure(driver, "reading the key", err);
    if (err != ERR_OK)
        driver_message(driver, "%s", reason);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_USAGE;
}

static enum exit_code read_keys(
    struct audit_evidence *evidence, struct driver *driver, const struct audit_sources *sources)
{
    const char *given = sources->key;
    const char *directory = sources->directory;
    if (given != NULL && file_read(given, &evidence->pem) != ERR_OK)
        return unreadable(driver, given);
    enum exit_code code =
        given == NULL ? audit_own_key(driver, directory, &evidence->pem) : EXIT_CLEAN;
    if (code == EXIT_FINDINGS && evidence->head.len == 0 && evidence->beside.len == 0)
        return EXIT_CLEAN; /* nothing was signed */
    if (code == EXIT_FINDINGS) {
        driver_message(driver,
            "the key that signs in %s is not there; give the public one with --key FILE, as cdr "
            "audit key printed it",
            directory);
        return EXIT_USAGE;
    }
    if (code != EXIT_CLEAN)
        return code;
    enum err err = public_keys_add(&evidence->keys, buf_str(&evidence->pem));
    if (err == ERR_INVALID || err == ERR_LIMIT) {
        driver_message(driver, "%s: no public Ed25519 keys in PEM, as cdr audit key prints one",
            given == NULL ? directory : given);
        return EXIT_USAGE;
    }
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "reading the keys", err);
}

enum exit_code audit_evidence_read(
    struct audit_evidence *evidence, struct driver *driver, const struct audit_sources *sources)
{
    *evidence = (struct audit_evidence){ .lock = -1,
        .head = BUF_INIT(ANCHORS_BYTES_MAX),
        .beside = BUF_INIT(ANCHORS_BYTES_MAX),
        .pem = BUF_INIT(KEYS_BYTES_MAX) };
    evidence->proofs.keys = &evidence->keys;
    enum exit_code code = read_head(evidence, driver, sources->directory);
    if (code == EXIT_CLEAN)
        code = read_beside(evidence, driver, sources->beside);
    return code == EXIT_CLEAN ? read_keys(evidence, driver, sources) : code;
}
