/* setting_text.c - see setting_text.h. */
#include "driver/setting_text.h"

#include "driver/files.h"

#include <errno.h>
#include <string.h>

static enum err fail(const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return ERR_CREDENTIALS;
}

static enum err read_file(const struct connection_setting *setting, const char *path,
    struct arena *arena, struct arena *reasons, str *ret_text, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SETTING_TEXT_BYTES_MAX);
    enum err err = strcmp(path, "-") == 0 ? ERR_INVALID : file_read(path, &text);
    if (err == ERR_OK) {
        str whole = buf_str(&text);
        whole = str_first(whole, whole.len - str_endswith(whole, STR("\n")));
        whole = str_first(whole, whole.len - str_endswith(whole, STR("\r")));
        *ret_text = arena_copy(arena, whole);
    }
    const char *why = err == ERR_IO ? strerror(errno) : err_text(err);
    if (text.len > 0)
        explicit_bzero(text.ptr, text.len);
    if (err == ERR_MEMORY || (err == ERR_OK && ret_text->ptr == NULL))
        return ERR_MEMORY;
    if (err == ERR_OK)
        return ERR_OK;
    return fail(arena_format(
                    reasons, "`%.*s` cannot be read from %s: %s", STR_ARG(setting->key), path, why),
        reterr_reason);
}

static enum err read_credential(const struct connection_setting *setting,
    const struct aws_environment *environment, struct arena *arena, struct arena *reasons,
    str *ret_text, const char **reterr_reason)
{
    const char *directory = aws_environment_get(environment, "CREDENTIALS_DIRECTORY");
    if (directory == NULL)
        return fail(arena_format(reasons,
                        "`%.*s` is a credential of the service manager, and "
                        "CREDENTIALS_DIRECTORY is not set",
                        STR_ARG(setting->key)),
            reterr_reason);
    if (memchr(setting->text.ptr, '/', setting->text.len) != NULL)
        return fail(
            arena_format(reasons, "`%.*s`: a credential is one name", STR_ARG(setting->key)),
            reterr_reason);
    const char *path = arena_format(arena, "%s/%.*s", directory, STR_ARG(setting->text));
    return path == NULL ? ERR_MEMORY
                        : read_file(setting, path, arena, reasons, ret_text, reterr_reason);
}

enum err setting_text(const struct connection_setting *setting,
    const struct aws_environment *environment, struct arena *arena, struct arena *reasons,
    str *ret_text, const char **reterr_reason)
{
    str name = arena_copy(arena, setting->text);
    if (name.ptr == NULL)
        return ERR_MEMORY;
    enum err err = ERR_OK;
    *ret_text = name;
    if (setting->way == WAY_ENV) {
        const char *text = aws_environment_get(environment, name.ptr);
        if (text == NULL)
            return fail(arena_format(reasons, "`%.*s`: %s is not set in the environment; export it",
                            STR_ARG(setting->key), name.ptr),
                reterr_reason);
        *ret_text = arena_copy(arena, str_from(text));
    } else if (setting->way == WAY_FILE) {
        err = read_file(setting, name.ptr, arena, reasons, ret_text, reterr_reason);
    } else if (setting->way == WAY_CREDENTIAL) {
        err = read_credential(setting, environment, arena, reasons, ret_text, reterr_reason);
    }
    if (err != ERR_OK)
        return err;
    if (ret_text->ptr == NULL)
        return ERR_MEMORY;
    return ret_text->len > 0 ? ERR_OK
                             : fail(arena_format(reasons, "`%.*s` is empty", STR_ARG(setting->key)),
                                 reterr_reason);
}

const struct connection_setting *settings_copy(
    struct arena *arena, const struct connection_code *connection)
{
    uint32_t count = connection == NULL ? 0 : connection->setting_count;
    struct connection_setting *settings =
        ARENA_ARRAY(arena, struct connection_setting, (size_t)count + 1);
    for (uint32_t at = 0; settings != NULL && at < count; at++) {
        settings[at] = connection->settings[at];
        settings[at].key = arena_copy(arena, settings[at].key);
        settings[at].text = arena_copy(arena, settings[at].text);
    }
    return arena->is_full ? NULL : settings;
}

bool settings_are(const struct connection_setting *settings, uint32_t count,
    const struct connection_code *connection)
{
    if (count != (connection == NULL ? 0 : connection->setting_count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        const struct connection_setting *other = &connection->settings[at];
        if (settings[at].way != other->way || settings[at].duration_ms != other->duration_ms
            || !str_equal(settings[at].key, other->key)
            || !str_equal(settings[at].text, other->text))
            return false;
    }
    return true;
}
