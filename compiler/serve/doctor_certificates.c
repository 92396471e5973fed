/* doctor_certificates.c - see doctor_daemon.h. */
#include "serve/doctor_daemon.h"

#include "aws/environment.h"
#include "base/time.h"
#include "driver/files.h"
#include "driver/setting_text.h"
#include "serve/blocks.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { CERTIFICATE_BYTES_MAX = 1024 * 1024, SECRET_BYTES_MAX = 256 * 1024, SOON_DAYS = 30 };

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* The first certificate of a file; NULL with words. */
static X509 *certificate_read(struct checkup *checkup, const char *name, str path)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(CERTIFICATE_BYTES_MAX);
    const char *file = arena_copy(&checkup->driver->arena, path).ptr;
    enum err err = file == NULL ? ERR_MEMORY : file_read(file, &text);
    if (err != ERR_OK) {
        checkup_add(checkup, HEALTH_PROBLEM, name, "make it readable for who runs cdr",
            "%.*s cannot be read: %s", STR_ARG(path),
            err == ERR_IO ? strerror(errno) : err_text(err));
        return NULL;
    }
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (certificate == NULL)
        checkup_add(checkup, HEALTH_PROBLEM, name, "PEM: -----BEGIN CERTIFICATE-----",
            "%.*s has no certificate in it", STR_ARG(path));
    return certificate;
}

/* Measured by the driver's clock. */
static void look_at_time(
    struct checkup *checkup, const char *name, str path, const X509 *certificate)
{
    struct clock *clock = checkup->driver->clock;
    time_t now = (time_t)(clock->now_ms(clock) / 1000);
    time_t soon = now + (time_t)SOON_DAYS * 24 * 3600;
    const ASN1_TIME *end = X509_get0_notAfter(certificate);
    const ASN1_TIME *begin = X509_get0_notBefore(certificate);
    int days = 0, seconds = 0;
    ASN1_TIME *from = ASN1_TIME_set(NULL, now);
    bool is_told = from != NULL && ASN1_TIME_diff(&days, &seconds, from, end) == 1;
    ASN1_TIME_free(from);
    if (!is_told || X509_cmp_time(end, &now) <= 0)
        checkup_add(checkup, HEALTH_PROBLEM, name, "renew it: nobody will connect",
            "the certificate %.*s is over", STR_ARG(path));
    else if (X509_cmp_time(begin, &now) > 0)
        checkup_add(checkup, HEALTH_PROBLEM, name, "look at the clock too",
            "the certificate %.*s has not begun", STR_ARG(path));
    else
        checkup_add(checkup, X509_cmp_time(end, &soon) <= 0 ? HEALTH_WARNING : HEALTH_OK, name,
            X509_cmp_time(end, &soon) <= 0 ? "renew it soon" : NULL,
            "the certificate %.*s is good for %d days", STR_ARG(path), days);
}

/* Whether the key is that of the certificate. A key that cannot be looked up was told before. */
static void look_at_key(struct checkup *checkup, const char *name,
    const struct connection_setting *setting, const X509 *certificate)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(SECRET_BYTES_MAX);
    const char *reason = NULL;
    str text;
    if (setting_text(
            setting, aws_environment_process(), &secrets, &checkup->driver->arena, &text, &reason)
        != ERR_OK)
        return;
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    CLEANUP(free_key)
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    if (key == NULL)
        checkup_add(checkup, HEALTH_PROBLEM, name, "PEM, without a password",
            "`%.*s` is no private key", STR_ARG(setting->key));
    else if (X509_check_private_key(certificate, key) != 1)
        checkup_add(checkup, HEALTH_PROBLEM, name, "name the two that belong together",
            "`%.*s` is not the key of the certificate", STR_ARG(setting->key));
}

static void look_at(struct checkup *checkup, const struct daemon_block *block, const char *setting)
{
    const struct connection_setting *file = block_setting(block, setting);
    const struct connection_setting *key = block_setting(block, "key");
    const char *name = doctor_block_name(checkup, block);
    if (file == NULL)
        return;
    CLEANUP(free_certificate) X509 *certificate = certificate_read(checkup, name, file->text);
    if (certificate == NULL)
        return;
    look_at_time(checkup, name, file->text, certificate);
    if (key != NULL && strcmp(setting, "certificate") == 0)
        look_at_key(checkup, name, key, certificate);
}

void doctor_certificates(struct checkup *checkup, const struct program *program)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        look_at(checkup, &program->daemon_blocks[at], "certificate");
        look_at(checkup, &program->daemon_blocks[at], "client_ca");
    }
}
