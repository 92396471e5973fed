/* settings.c - see settings.h. */
#include "settings.h"

#include "base/attr.h"

static const struct setting settings[] = {
#define SETTING(block, key, kind, need, choices, meaning)                                          \
    { block, key, SETTING_##kind, SETTING_##need, choices, meaning },
#include "settings.def"
#undef SETTING
    { 0 },
};

static const char *const providers[] = {
#define PROVIDER(name, meaning) #name,
#include "settings.def"
#undef PROVIDER
    NULL,
};

const struct setting *setting_at(size_t index)
{
    size_t last = COUNT_OF(settings) - 1;
    return &settings[index < last ? index : last];
}

bool setting_is_in(const struct setting *setting, str keyword, str provider)
{
    str block = str_from(setting->block);
    str rest = str_skip(block, keyword.len);
    if (!str_startswith(block, keyword))
        return false;
    return rest.len == 0 || (rest.ptr[0] == ' ' && str_equal(str_skip(rest, 1), provider));
}

bool setting_is_path(str keyword, str provider, str key)
{
    for (const struct setting *row = settings; row->key != NULL; row++)
        if (row->kind == SETTING_PATH && str_is(key, row->key)
            && setting_is_in(row, keyword, provider))
            return true;
    return false;
}

const char *provider_at(size_t index)
{
    return index < COUNT_OF(providers) ? providers[index] : NULL;
}

bool provider_is(str name)
{
    for (size_t at = 0; providers[at] != NULL; at++)
        if (str_is(name, providers[at]))
            return true;
    return false;
}
