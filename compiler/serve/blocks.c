/* blocks.c - see blocks.h. */
#include "serve/blocks.h"

#include "aws/environment.h"
#include "driver/setting_text.h"

const struct connection_setting *block_setting(const struct daemon_block *block, const char *key)
{
    for (uint32_t at = 0; block != NULL && at < block->setting_count; at++)
        if (str_is(block->settings[at].key, key))
            return &block->settings[at];
    return NULL;
}

const struct daemon_block *block_find(const struct program *program, const char *kind)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        if (str_is(program->daemon_blocks[at].kind, kind))
            return &program->daemon_blocks[at];
    return NULL;
}

enum err block_text(const struct daemon_block *block, const char *key, struct arena *arena,
    str *ret_text, const char **reterr_reason)
{
    const struct connection_setting *setting = block_setting(block, key);
    const struct aws_environment *environment = aws_environment_process();
    *ret_text = STR("");
    return setting == NULL
               ? ERR_OK
               : setting_text(setting, environment, arena, arena, ret_text, reterr_reason);
}

str block_word(const struct daemon_block *block, const char *key, const char *otherwise)
{
    const struct connection_setting *setting = block_setting(block, key);
    return setting == NULL ? str_from(otherwise) : setting->text;
}

int64_t block_ms(const struct daemon_block *block, const char *key, int64_t otherwise)
{
    const struct connection_setting *setting = block_setting(block, key);
    return setting == NULL ? otherwise : setting->duration_ms;
}

bool block_address(str text, struct arena *arena, const char **ret_address, uint16_t *ret_port)
{
    size_t colon = str_find_last(text, ':');
    str host = str_first(text, colon);
    str digits = str_skip(text, colon + 1);
    uint32_t port = 0;
    if (colon == text.len || host.len == 0 || digits.len == 0 || digits.len > 5
        || !str_all_of(digits, "0123456789"))
        return false;
    for (size_t at = 0; at < digits.len; at++)
        port = port * 10 + (uint32_t)(digits.ptr[at] - '0');
    if (str_startswith(host, STR("[")) && str_endswith(host, STR("]")))
        host = str_first(str_skip(host, 1), host.len - 2);
    *ret_address = arena_copy(arena, host).ptr;
    *ret_port = (uint16_t)port;
    return port <= UINT16_MAX && *ret_address != NULL;
}
