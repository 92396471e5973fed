/* collector.c - the scripts of a collector, put together; see collector.h. */
#include "collector/collector.h"

#include "collector/artifacts.h"
#include "collector/embedded.h"
#include "collector/plan.h"

#include <stdio.h>

enum { SCRIPT_BYTES_MAX = 128 * 1024, FENCES_MAX = 1000 };

/* What a platform's scripts are. */
static const struct {
    const char *const *place;
    const char *const *start;
    const char *const *status;
    const char *const *clean;
    const char *const *collect;
    const char *directory; /* and the key */
    const char *status_name;
    const char *archive_name;
    const char *key; /* the line before `place`, up to the key */
} platforms[] = {
    [PLATFORM_LINUX] = { place_sh, start_sh, status_sh, clean_sh, collector_sh, "/tmp/cdr-",
        "/status.json", "/triage.tar.gz", "CDR_KEY='" },
    [PLATFORM_WINDOWS] = { place_ps1, start_ps1, status_ps1, clean_ps1, collector_ps1,
        "C:\\Windows\\Temp\\cdr-", "\\status.json", "\\triage.zip", "$CdrKey = '" },
};

static bool is_key(str key)
{
    return key.len > 0 && key.len <= 64 && str_all_of(key, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

static void add_lines(struct buf *out, const char *const *lines)
{
    for (; *lines != NULL; lines++)
        buf_add(out, str_from(*lines));
}

static str copy_of(struct arena *arena, const struct buf *text)
{
    return text->err == ERR_OK ? arena_copy(arena, buf_str(text)) : (str){ NULL, 0 };
}

static void add_place(struct buf *out, enum platform platform, str key)
{
    buf_add(out, str_from(platforms[platform].key));
    buf_add(out, key);
    buf_add(out, STR("'\n"));
    add_lines(out, platforms[platform].place);
}

/* The address, which may hold whatever a line can, and the plan. */
static bool add_collector(
    struct buf *out, struct arena *arena, enum platform platform, const struct collection *what)
{
    bool is_windows = platform == PLATFORM_WINDOWS;
    if (str_find(what->put_url, '\n') != what->put_url.len)
        return false;
    buf_add(out, is_windows ? STR("$CdrPut = '") : STR("IFS= read -r CDR_PUT <<'CDR_END'\n"));
    buf_add(out, what->put_url);
    buf_add(out, is_windows ? STR("'\n") : STR("\nCDR_END\n"));
    if (is_windows && str_find(what->put_url, '\'') != what->put_url.len)
        return false;
    if (!plan_write(out, arena, platform, what))
        return false;
    add_lines(out, platforms[platform].collect);
    return true;
}

/* Whether `text` has `line` in it anywhere. */
static bool has(str text, const char *line)
{
    return text.len > 0 && memmem(text.ptr, text.len, line, strlen(line)) != NULL;
}

/* A here document ends at a line that the script has nowhere. */
static void add_posix(struct buf *out, str script)
{
    char fence[32] = "CDR_SCRIPT";
    for (int number = 0; number < FENCES_MAX && has(script, fence); number++)
        snprintf(fence, sizeof(fence), "CDR_SCRIPT_%d", number);
    buf_addf(out, "cat >\"$new\" <<'%s'\n", fence);
    buf_add(out, script);
    buf_addf(out, "%s\nlaunch\n", fence);
}

/* A here-string ends at a line that begins with '@; the script is ours, and has none. */
static void add_powershell(struct buf *out, str script)
{
    buf_add(out, STR("$script = @'\n"));
    buf_add(out, script);
    buf_add(out, STR("'@\nLaunch $script\n"));
}

str collector_start_script(
    struct arena *arena, enum platform platform, const struct collection *what)
{
    CLEANUP(buf_release) struct buf script = BUF_INIT(SCRIPT_BYTES_MAX);
    CLEANUP(buf_release) struct buf text = BUF_INIT(SCRIPT_BYTES_MAX);
    if (!is_key(what->key) || !add_collector(&script, arena, platform, what)
        || script.err != ERR_OK)
        return (str){ NULL, 0 };
    add_place(&text, platform, what->key);
    add_lines(&text, platforms[platform].start);
    if (platform == PLATFORM_WINDOWS)
        add_powershell(&text, buf_str(&script));
    else
        add_posix(&text, buf_str(&script));
    return copy_of(arena, &text);
}

str collector_run_script(struct arena *arena, const struct collection *what)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SCRIPT_BYTES_MAX);
    if (!plan_write(&text, arena, PLATFORM_LINUX, what))
        return (str){ NULL, 0 };
    add_lines(&text, collector_sh);
    return copy_of(arena, &text);
}

static str small_script(
    struct arena *arena, enum platform platform, str key, const char *const *lines)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SCRIPT_BYTES_MAX);
    if (!is_key(key))
        return (str){ NULL, 0 };
    add_place(&text, platform, key);
    add_lines(&text, lines);
    return copy_of(arena, &text);
}

str collector_status_script(struct arena *arena, enum platform platform, str key)
{
    return small_script(arena, platform, key, platforms[platform].status);
}

str collector_clean_script(struct arena *arena, enum platform platform, str key)
{
    return small_script(arena, platform, key, platforms[platform].clean);
}

static str path_of(struct arena *arena, enum platform platform, str key, const char *name)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SCRIPT_BYTES_MAX);
    if (!is_key(key))
        return (str){ NULL, 0 };
    buf_add(&text, str_from(platforms[platform].directory));
    buf_add(&text, key);
    buf_add(&text, str_from(name));
    return copy_of(arena, &text);
}

str collector_status_path(struct arena *arena, enum platform platform, str key)
{
    return path_of(arena, platform, key, platforms[platform].status_name);
}

str collector_archive_path(struct arena *arena, enum platform platform, str key)
{
    return path_of(arena, platform, key, platforms[platform].archive_name);
}
