#include "base/sha256.h"

#include <openssl/evp.h>

enum err sha256_begin(struct sha256 *sha256)
{
    sha256->err = ERR_OK;
    sha256->context = EVP_MD_CTX_new();
    if (sha256->context == NULL)
        return ERR_MEMORY;
    if (EVP_DigestInit_ex(sha256->context, EVP_sha256(), NULL) != 1) {
        sha256_release(sha256);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void sha256_add(struct sha256 *sha256, str bytes)
{
    if (sha256->context == NULL)
        sha256->err = ERR_INVALID;
    else if (bytes.len > 0 && EVP_DigestUpdate(sha256->context, bytes.ptr, bytes.len) != 1)
        sha256->err = ERR_MEMORY;
}

void sha256_add_framed(struct sha256 *sha256, str bytes)
{
    char length[8];
    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (char)((uint64_t)bytes.len >> (8 * i) & 0xFF);
    sha256_add(sha256, (str){ length, sizeof length });
    sha256_add(sha256, bytes);
}

enum err sha256_end(struct sha256 *sha256, uint8_t ret_bytes[static SHA256_BYTES])
{
    enum err err = sha256->context == NULL ? ERR_INVALID : sha256->err;
    if (err == ERR_OK && EVP_DigestFinal_ex(sha256->context, ret_bytes, NULL) != 1)
        err = ERR_MEMORY;
    sha256_release(sha256);
    return err;
}

enum err sha256_end_hex(struct sha256 *sha256, char ret_hex[static SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SHA256_BYTES] = { 0 };
    TRY(sha256_end(sha256, bytes));
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        ret_hex[2 * i] = digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_hex[SHA256_HEX_SIZE - 1] = '\0';
    return ERR_OK;
}

void sha256_release(struct sha256 *sha256)
{
    EVP_MD_CTX_free(sha256->context);
    sha256->context = NULL;
}

enum err sha256_hex(str bytes, char ret_hex[static SHA256_HEX_SIZE])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, bytes);
    return sha256_end_hex(&sha256, ret_hex);
}
