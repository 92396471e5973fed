#include "host/signing.h"

#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0600, PEM_BYTES_MAX = 16 * 1024, RAW_BYTES = 32 };

static void bio_release(BIO **bio)
{
    BIO_free(*bio);
}

static void context_release(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static enum err refuse(struct arena *arena, enum err err, const char **reterr_reason,
    const char *path, const char *what)
{
    const char *reason = arena_format(arena, "%s: %s", path, what);
    *reterr_reason = reason == NULL ? err_text(ERR_MEMORY) : reason;
    return reason == NULL ? ERR_MEMORY : err;
}

/* Name the key by its public half. ERR_INVALID: it is of another kind. */
static enum err key_name(struct signing_key *key)
{
    uint8_t raw[RAW_BYTES];
    size_t length = sizeof raw;
    char hex[SHA256_HEX_SIZE];
    if (EVP_PKEY_get_id(key->key) != EVP_PKEY_ED25519
        || EVP_PKEY_get_raw_public_key(key->key, raw, &length) != 1 || length != sizeof raw)
        return ERR_INVALID;
    TRY(sha256_hex((str){ (const char *)raw, sizeof raw }, hex));
    snprintf(key->id, sizeof key->id, "%.*s", KEY_ID_DIGITS, hex);
    return ERR_OK;
}

static bool write_all(int file, str text)
{
    while (text.len > 0) {
        ssize_t written = write(file, text.ptr, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = str_skip(text, (size_t)written);
    }
    return true;
}

/* Make the entry of `path` in its directory durable. */
static bool parent_sync(const char *path, struct arena *arena)
{
    size_t slash = str_find_last(str_from(path), '/');
    const char *parent = path[slash] == '\0' ? "." : arena_format(arena, "%.*s/", (int)slash, path);
    int directory = parent == NULL ? -1 : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    bool is_synced = fsync(directory) == 0;
    close(directory);
    return is_synced;
}

/* Make the new file `path` of `text`, whole or not at all. False with errno. */
static bool file_make(const char *path, str text, struct arena *arena)
{
    const char *fresh = arena_format(arena, "%s.new", path);
    if (fresh == NULL) {
        errno = ENOMEM;
        return false;
    }
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file < 0)
        return false;
    bool is_written = write_all(file, text) && fsync(file) == 0;
    close(file);
    return is_written && rename(fresh, path) == 0 && parent_sync(path, arena);
}

static enum err key_make(
    struct signing_key *key, const char *path, struct arena *arena, const char **reterr_reason)
{
    CLEANUP(bio_release) BIO *pem = BIO_new(BIO_s_secmem());
    char *text = NULL;
    key->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pem == NULL || key->key == NULL
        || PEM_write_bio_PrivateKey(pem, key->key, NULL, NULL, 0, NULL, NULL) != 1)
        return refuse(arena, ERR_MEMORY, reterr_reason, path, "OpenSSL made no key");
    long length = BIO_get_mem_data(pem, &text);
    if (!file_make(path, (str){ text, (size_t)length }, arena))
        return refuse(arena, ERR_IO, reterr_reason, path, strerror(errno));
    return key_name(key);
}

/* A key in a file is not asked for its password: nobody may be there to answer. */
static int no_password(char *out, int size, int is_for_writing, void *self)
{
    (void)out;
    (void)size;
    (void)is_for_writing;
    (void)self;
    return 0;
}

static enum err key_read(struct signing_key *key, int file, const char *path, struct arena *arena,
    const char **reterr_reason)
{
    struct stat status;
    char text[PEM_BYTES_MAX];
    if (fstat(file, &status) != 0)
        return refuse(arena, ERR_IO, reterr_reason, path, strerror(errno));
    /* A key that is lent, as systemd does by an ACL, shows its reader in the bits of the group. */
    mode_t others = S_IRWXO | (status.st_uid == geteuid() ? S_IRWXG : S_IWGRP);
    if ((status.st_mode & others) != 0)
        return refuse(arena, ERR_INVALID, reterr_reason, path,
            "others may read or write this key (chmod 600)");
    ssize_t length = read(file, text, sizeof text);
    if (length < 0)
        return refuse(arena, ERR_IO, reterr_reason, path, strerror(errno));
    CLEANUP(bio_release) BIO *pem = BIO_new_mem_buf(text, (int)length);
    key->key = pem == NULL ? NULL : PEM_read_bio_PrivateKey(pem, NULL, no_password, NULL);
    explicit_bzero(text, sizeof text);
    ERR_clear_error();
    enum err err = key->key == NULL ? ERR_INVALID : key_name(key);
    if (err == ERR_INVALID)
        return refuse(arena, err, reterr_reason, path,
            "no private Ed25519 key without a password (openssl genpkey -algorithm ed25519)");
    return err;
}

enum err signing_key_open(struct signing_key *key, const char *path, bool may_make,
    struct arena *arena, const char **reterr_reason)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file >= 0) {
        enum err err = key_read(key, file, path, arena, reterr_reason);
        close(file);
        return err;
    }
    if (errno != ENOENT)
        return refuse(arena, ERR_IO, reterr_reason, path, strerror(errno));
    if (!may_make)
        return refuse(arena, ERR_NOT_FOUND, reterr_reason, path, strerror(errno));
    return key_make(key, path, arena, reterr_reason);
}

enum err signing_key_sign(
    const struct signing_key *key, str text, uint8_t ret_signature[static SIGNATURE_BYTES])
{
    CLEANUP(context_release) EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = SIGNATURE_BYTES;
    bool is_signed = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1
                     && EVP_DigestSign(context, ret_signature, &length,
                            (const unsigned char *)text.ptr, text.len)
                            == 1;
    return is_signed && length == SIGNATURE_BYTES ? ERR_OK : ERR_MEMORY;
}

enum err signing_key_public(const struct signing_key *key, struct buf *out)
{
    CLEANUP(bio_release) BIO *pem = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (pem == NULL || PEM_write_bio_PUBKEY(pem, key->key) != 1)
        return ERR_MEMORY;
    long length = BIO_get_mem_data(pem, &text);
    buf_add(out, (str){ text, (size_t)length });
    return out->err;
}

void signing_key_release(struct signing_key *key)
{
    EVP_PKEY_free(key->key);
    *key = (struct signing_key){ 0 };
}

enum err public_keys_add(struct public_keys *keys, str pem)
{
    CLEANUP(bio_release) BIO *text = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (text == NULL)
        return ERR_MEMORY;
    uint32_t before = keys->count;
    for (;;) {
        EVP_PKEY *key = PEM_read_bio_PUBKEY(text, NULL, no_password, NULL);
        ERR_clear_error();
        if (key == NULL)
            return keys->count > before ? ERR_OK : ERR_INVALID;
        if (keys->count == PUBLIC_KEYS_MAX) {
            EVP_PKEY_free(key);
            return ERR_LIMIT;
        }
        struct signing_key *item = &keys->items[keys->count++];
        item->key = key;
        TRY(key_name(item));
    }
}

const struct signing_key *public_keys_find(const struct public_keys *keys, str id)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (str_is(id, keys->items[i].id))
            return &keys->items[i];
    return NULL;
}

bool public_key_verifies(
    const struct signing_key *key, str text, const uint8_t signature[static SIGNATURE_BYTES])
{
    CLEANUP(context_release) EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_valid = context != NULL
                    && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1
                    && EVP_DigestVerify(context, signature, SIGNATURE_BYTES,
                           (const unsigned char *)text.ptr, text.len)
                           == 1;
    ERR_clear_error();
    return is_valid;
}

void public_keys_release(struct public_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        signing_key_release(&keys->items[i]);
    keys->count = 0;
}
