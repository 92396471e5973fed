/* hooks_client_cas.c - see hooks.h: whose certificates webhooks take. */
#include "driver/files.h"
#include "serve/blocks.h"
#include "serve/hooks.h"

#include <errno.h>

enum { CLIENT_CA_BYTES_MAX = 1024 * 1024 };

static bool is_there(const struct client_ca *cas, size_t count, str name)
{
    for (size_t at = 0; at < count; at++)
        if (str_equal(cas[at].name, name))
            return true;
    return false;
}

static enum err read_ca(const struct daemon_block *block, str name, struct arena *arena,
    struct client_ca *ret_ca, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf pem = BUF_INIT(CLIENT_CA_BYTES_MAX);
    ret_ca->name = arena_copy(arena, name);
    if (ret_ca->name.ptr == NULL)
        return ERR_MEMORY;
    enum err err = file_read(ret_ca->name.ptr, &pem);
    if (err != ERR_OK) {
        *reterr_reason = arena_format(arena, "webhook %.*s: client_ca: %.*s: %s",
            STR_ARG(block->name), STR_ARG(name), err == ERR_IO ? strerror(errno) : err_text(err));
        return ERR_IO;
    }
    ret_ca->pem = arena_copy(arena, buf_str(&pem));
    return ret_ca->pem.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err hooks_client_cas(const struct program *program, struct arena *arena,
    const struct client_ca **ret_cas, size_t *ret_count, const char **reterr_reason)
{
    size_t count = 0;
    struct client_ca *cas = ARENA_ARRAY(arena, struct client_ca, program->daemon_block_count + 1);
    if (cas == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        str name = block_word(block, "client_ca", "");
        if (str_is(block->kind, "webhook") && name.len > 0 && !is_there(cas, count, name))
            TRY(read_ca(block, name, arena, &cas[count++], reterr_reason));
    }
    *ret_cas = cas;
    *ret_count = count;
    return ERR_OK;
}
