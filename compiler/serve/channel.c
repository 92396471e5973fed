/* channel.c - see channel.h. */
#include "serve/channel.h"

#include "daemon/signature.h"
#include "host/url.h"
#include "serve/blocks.h"

enum { SECRET_BYTES_MAX = 256 * 1024 };

struct reading {
    const struct daemon_block *block;
    struct arena *arena;
    const char *reason;
};

static enum err fault(struct reading *reading, const char *key, const char *what)
{
    reading->reason = arena_format(reading->arena, "channel %.*s: %s: %s",
        STR_ARG(reading->block->name), key, what == NULL ? "it cannot be looked up" : what);
    return reading->reason == NULL ? ERR_MEMORY : ERR_INVALID;
}

/* The checker has looked at one that is written out; one that was looked up comes from elsewhere. */
static enum err read_url(struct reading *reading, const char **ret_url)
{
    str text;
    const char *why = NULL;
    enum err err = block_text(reading->block, "url", reading->arena, &text, &why);
    if (err == ERR_CREDENTIALS)
        return fault(reading, "url", why);
    TRY(err);
    if (!url_is_safe(text))
        return fault(reading, "url", "it is no https:// address, or http:// to this machine");
    *ret_url = arena_copy(reading->arena, text).ptr;
    return *ret_url == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err read_key(struct reading *reading, struct secret *ret_key)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(SECRET_BYTES_MAX);
    str text;
    const char *why = NULL;
    enum err err = block_text(reading->block, "secret", &secrets, &text, &why);
    if (err == ERR_OK)
        err = signature_key(true, text, ret_key, &why);
    return err == ERR_CREDENTIALS || err == ERR_INVALID ? fault(reading, "secret", why) : err;
}

static unsigned about_of(const struct daemon_block *block)
{
    unsigned about = 0;
    for (uint32_t at = 0; at < block->setting_count; at++)
        if (str_is(block->settings[at].key, "about"))
            about |= str_is(block->settings[at].text, "alarms") ? ABOUT_ALARMS : ABOUT_APPROVALS;
    return about == 0 ? ABOUT_ALARMS | ABOUT_APPROVALS : about;
}

static enum err read_one(struct reading *reading, struct channel *channel)
{
    const struct daemon_block *block = reading->block;
    int64_t timeout_ms = block_ms(block, "timeout", CHANNEL_TIMEOUT_MS);
    channel->about = about_of(block);
    channel->timeout_ms = (uint32_t)timeout_ms;
    if (timeout_ms > CHANNEL_TIMEOUT_MS_MAX)
        return fault(reading, "timeout", "it is 30s at most: others wait for it");
    channel->name = arena_copy(reading->arena, block->name);
    if (channel->name.ptr == NULL)
        return ERR_MEMORY;
    TRY(read_url(reading, &channel->url));
    return read_key(reading, &channel->key);
}

static enum err read_all(const struct program *program, bool is_sandbox, const struct log *log,
    struct reading *reading, struct channels *channels)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        reading->block = &program->daemon_blocks[at];
        if (!str_is(reading->block->kind, "channel"))
            continue;
        if (channels->count == CHANNELS_MAX)
            return fault(reading, "its block", "there are more than 16 channels");
        struct channel *channel = &channels->items[channels->count++];
        TRY(read_one(reading, channel));
        if (!is_sandbox || url_is_to_this_machine(str_from(channel->url)))
            continue;
        LOG(log, LOG_LEVEL_WARNING,
            "nobody is told by a channel: on the sandbox nothing real is reached",
            LOG_TEXT("channel", channel->name));
        secret_release(&channel->key);
        channels->count--;
    }
    return ERR_OK;
}

enum err channels_read(const struct program *program, bool is_sandbox, const struct log *log,
    struct arena *arena, struct channels *ret_channels, const char **reterr_reason)
{
    struct reading reading = { .arena = arena };
    *ret_channels = (struct channels){ .count = 0 };
    enum err err = read_all(program, is_sandbox, log, &reading, ret_channels);
    *reterr_reason = reading.reason;
    return err;
}

void channels_release(struct channels *channels)
{
    for (uint32_t at = 0; at < CHANNELS_MAX; at++)
        secret_release(&channels->items[at].key);
    channels->count = 0;
}
