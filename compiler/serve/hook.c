/* hook.c - see hook.h. */
#include "serve/hook.h"

#include "daemon/sns.h"
#include "event.h"
#include "serve/blocks.h"
#include "suggest.h"

#define TOKEN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* ---- reading the block ---- */

struct reading {
    const struct daemon_block *block;
    const struct program *program;
    struct arena *arena;
    struct arena *secrets; /* wiped */
    const char *reason;
};

static enum err fault(struct reading *reading, const char *key, const char *what)
{
    reading->reason = arena_format(reading->arena, "webhook %.*s: %s: %s",
        STR_ARG(reading->block->name), key, what == NULL ? "it cannot be looked up" : what);
    return ERR_INVALID;
}

static enum err read_key(
    struct reading *reading, const char *key, bool is_standard, struct secret *ret_key)
{
    str text;
    const char *why = NULL;
    if (block_setting(reading->block, key) == NULL)
        return ERR_OK;
    enum err err = block_text(reading->block, key, reading->secrets, &text, &why);
    if (err == ERR_OK)
        err = signature_key(is_standard, text, ret_key, &why);
    if (err == ERR_CREDENTIALS || err == ERR_INVALID)
        (void)fault(reading, key, why);
    return err;
}

/* What is signed with, or sent; `former_secret` is that of `secret` where there is one. */
static enum err read_keys(struct reading *reading, struct hook *hook)
{
    str scheme = block_word(reading->block, "scheme", "standard");
    hook->wants_signature = block_setting(reading->block, "secret") != NULL;
    hook->is_standard = hook->wants_signature && str_is(scheme, "standard");
    hook->wants_token = block_setting(reading->block, "token") != NULL;
    if (!hook->wants_signature && !hook->wants_token
        && block_setting(reading->block, "former_secret") != NULL)
        return fault(reading, "former_secret", "there is no secret or token that it came before");
    if (!hook->wants_signature && block_setting(reading->block, "scheme") != NULL)
        return fault(reading, "scheme", "nothing is signed without `secret`");
    TRY(read_key(reading, "secret", hook->is_standard, &hook->secrets.now));
    TRY(read_key(reading, "token", false, &hook->tokens.now));
    return read_key(reading, "former_secret", hook->is_standard,
        hook->wants_signature ? &hook->secrets.former : &hook->tokens.former);
}

/* `header` is that of the plain HMAC, or else of the token. */
static enum err read_header(struct reading *reading, struct hook *hook)
{
    bool is_hmac = hook->wants_signature && !hook->is_standard;
    hook->signature_header = "X-Hub-Signature-256";
    if (block_setting(reading->block, "header") == NULL)
        return ERR_OK;
    str name = block_word(reading->block, "header", "");
    if (name.len == 0 || !str_all_of(name, TOKEN_LETTERS))
        return fault(reading, "header", "it is no name of a header");
    if (!is_hmac && !hook->wants_token)
        return fault(reading, "header",
            "Standard Webhooks has headers of its own; is it "
            "`scheme = hmac`, or a `token`?");
    const char *copy = arena_copy(reading->arena, name).ptr;
    if (copy == NULL)
        return ERR_MEMORY;
    if (is_hmac)
        hook->signature_header = copy;
    else
        hook->token_header = copy;
    return ERR_OK;
}

static enum err read_source(struct reading *reading, struct hook *hook)
{
    str source = block_word(reading->block, "source", "");
    struct suggestion near = { .word = source };
    if (source.len > 0 && source_find(reading->program, source) == NULL) {
        for (uint32_t at = 0; at < reading->program->source_count; at++)
            suggest(&near, reading->program->sources[at].name);
        return fault(reading, "source",
            near.best.len == 0
                ? "there is no such source; `cdr sources` lists all"
                : arena_format(reading->arena, "there is no source %.*s; did you mean %.*s?",
                    STR_ARG(source), STR_ARG(near.best)));
    }
    hook->source = arena_copy(reading->arena, source);
    return hook->source.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err read_names(struct reading *reading, struct hook *hook)
{
    const char *way = arena_format(reading->arena, "webhook %.*s", STR_ARG(reading->block->name));
    hook->way = (struct way){ .name = str_from(way),
        .silent_after_ms = block_ms(reading->block, "silent_after", 0) };
    hook->name = arena_copy(reading->arena, reading->block->name);
    hook->client_ca = arena_copy(reading->arena, block_word(reading->block, "client_ca", ""));
    hook->topic = arena_copy(reading->arena, block_word(reading->block, "topic", ""));
    if (reading->arena->is_full)
        return ERR_MEMORY;
    if (hook->topic.len > 0 && !sns_is_topic(hook->topic))
        return fault(reading, "topic",
            "it is no ARN of a topic: arn:aws:sns:eu-west-1:111122223333:findings");
    if (hook->client_ca.len > 0 && block_find(reading->program, "tls") == NULL)
        return fault(reading, "client_ca",
            "nobody shows a certificate over plain HTTP; the daemon needs `tls`");
    if (hook->wants_signature || hook->wants_token || hook->client_ca.len > 0
        || hook->topic.len > 0)
        return ERR_OK;
    return fault(reading, "secret", "nothing is asked of senders, so anybody could be one");
}

enum err hook_read(const struct program *program, const struct daemon_block *block,
    struct arena *arena, struct hook *ret_hook, const char **reterr_reason)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(1024 * 1024);
    struct reading reading = {
        .block = block, .program = program, .arena = arena, .secrets = &secrets
    };
    *ret_hook = (struct hook){ .is_standard = false };
    enum err err = read_keys(&reading, ret_hook);
    if (err == ERR_OK)
        err = read_header(&reading, ret_hook);
    if (err == ERR_OK)
        err = read_source(&reading, ret_hook);
    if (err == ERR_OK)
        err = read_names(&reading, ret_hook);
    *reterr_reason = reading.reason == NULL ? err_text(err) : reading.reason;
    return err;
}

void hook_release(struct hook *hook)
{
    signature_keys_release(&hook->secrets);
    signature_keys_release(&hook->tokens);
}

/* ---- asking ---- */

/* The header that a block names has the token as it is, or as a bearer; `Authorization` has the
 * latter alone unless it is named. */
static bool has_token(
    const struct hook *hook, const struct exchange *exchange, const char **reterr_reason)
{
    bool is_named = hook->token_header != NULL;
    str given = exchange_header(exchange, is_named ? hook->token_header : "Authorization");
    bool is_bearer = str_startswith(given, STR("Bearer "));
    str token = is_bearer ? str_skip(given, 7) : STR("");
    if (signature_token_is_right(&hook->tokens, token, reterr_reason))
        return true;
    return is_named && signature_token_is_right(&hook->tokens, given, reterr_reason);
}

static struct signature_standard standard_headers(const struct exchange *exchange)
{
    return (struct signature_standard){ .id = exchange_header(exchange, "webhook-id"),
        .timestamp = exchange_header(exchange, "webhook-timestamp"),
        .signatures = exchange_header(exchange, "webhook-signature") };
}

/* Whether there can be a signature that is right: it is looked at before any body is read. */
static bool may_be_signed(const struct hook *hook, const struct exchange *exchange, int64_t now_ms,
    const char **reterr_reason)
{
    if (!hook->is_standard)
        return signature_hmac_is_plausible(
            exchange_header(exchange, hook->signature_header), reterr_reason);
    struct signature_standard headers = standard_headers(exchange);
    return signature_standard_is_plausible(&headers, now_ms, reterr_reason);
}

bool hook_knows(const struct hook *hook)
{
    return hook->wants_token || hook->client_ca.len > 0;
}

static bool has_authority(const struct exchange *exchange, str client_ca)
{
    for (size_t at = 0; at < exchange->peer_ca_count; at++)
        if (str_equal(exchange->peer_cas[at], client_ca))
            return true;
    return false;
}

bool hook_admits(const struct hook *hook, const struct exchange *exchange, int64_t now_ms,
    const char **reterr_reason)
{
    *reterr_reason = "the client's certificate is not one of client_ca";
    if (hook->client_ca.len > 0 && !has_authority(exchange, hook->client_ca))
        return false;
    if (hook->wants_token && !has_token(hook, exchange, reterr_reason))
        return false;
    if (hook->topic.len > 0
        && !sns_announces(exchange_header(exchange, "x-amz-sns-topic-arn"),
            exchange_header(exchange, "x-amz-sns-message-type"), hook->topic, reterr_reason))
        return false;
    return !hook->wants_signature || may_be_signed(hook, exchange, now_ms, reterr_reason);
}

bool hook_believes(const struct hook *hook, const struct exchange *exchange, int64_t now_ms,
    const char **reterr_reason)
{
    if (!hook->wants_signature)
        return true;
    if (!hook->is_standard)
        return signature_hmac_is_right(&hook->secrets,
            exchange_header(exchange, hook->signature_header), exchange->body, reterr_reason);
    struct signature_standard headers = standard_headers(exchange);
    return signature_standard_is_right(
        &hook->secrets, &headers, exchange->body, now_ms, reterr_reason);
}
