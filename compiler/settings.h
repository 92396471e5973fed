/* settings.h - what may stand in `channel`, `collector`, `connection`, `daemon`, `profile` and
 * `role` blocks: the rows of
 * settings.def. The checker refuses what has no row; the daemon reads what has one. */
#pragma once

#include "base/str.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_PATH,  /* a text: a file or directory, from where the file is that says so */
    SETTING_TEXTS, /* a text, or a list of them */
    SETTING_WORD,
    SETTING_WORDS,   /* a word, or a list of them; quotes may be left out of both */
    SETTING_URL,     /* https; http only to this machine */
    SETTING_ADDRESS, /* host:port */
    SETTING_DURATION,
    SETTING_REGION,
    SETTING_ACCOUNT,
    SETTING_ROLE, /* an ARN */
    SETTING_ROLE_NAME,
    SETTING_SECRET,    /* env("NAME"), file("path"), credential("name"): never written out */
    SETTING_NUMBER,    /* whole, within `choices`: "1 500" */
    SETTING_SECONDS,   /* a duration within `choices`, in seconds */
    SETTING_ARTIFACTS, /* a word of stdlib/collector/artifacts.def, or a list of them */
    SETTING_PATTERNS,  /* a text, or a list: whole paths on a host, in which * and ? are patterns */
    SETTING_COMMAND,   /* a list of texts: a program of what was sent, and what it is given */
    SETTING_SHA256,    /* 64 hex digits */
    SETTING_BLOCK,     /* key { .. } */
    SETTING_BLOCKS,    /* key NAME { .. }, once for each name */
};

enum setting_need { SETTING_OPTIONAL, SETTING_REQUIRED, SETTING_ONE_OF };

struct setting {
    const char *block;
    const char *key;
    enum setting_kind kind;
    enum setting_need need;
    const char *choices; /* words with spaces between, or NULL */
    const char *meaning;
};

/* The rows in their order; `key` is NULL past the last. */
const struct setting *setting_at(size_t index);
/* Whether the row belongs to the block `keyword`, of that provider (or empty). */
bool setting_is_in(const struct setting *setting, str keyword, str provider);
/* Whether that key of the block is a path. */
bool setting_is_path(str keyword, str provider, str key);
/* Providers by name; NULL past the last. */
const char *provider_at(size_t index);
bool provider_is(str name);
