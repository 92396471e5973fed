/* plan.c - see plan.h. */
#include "collector/plan.h"

#include "collector/artifacts.h"

#include <jansson.h>

enum { SECONDS_MAX = 2 * 3600, SECONDS_ELSE = 240 };

/* What bounds a collection: member of the plan, variable of the script, bytes in the plan's unit. */
static const struct {
    const char *member;
    const char *variable;
    long long most;
    long long unit;
} bounds[] = {
    { "time", "CDR_SECONDS", SECONDS_MAX, 1 },
    { "since", "CDR_SINCE", 10 * 366 * 86400LL, 1 },
    { "most", "CDR_MOST", 100000, 1 },
    { "file_mb", "CDR_FILE_MAX", 4096, 1024 * 1024 },
    { "archive_mb", "CDR_TOTAL_MAX", 65536, 1024 * 1024 },
};

/* NAME='text' on a line of its own. False: it has a NUL, or memory is short. */
static bool assign(struct buf *out, struct arena *arena, const char *name, str text)
{
    str quoted = collector_quote(arena, PLATFORM_LINUX, text);
    if (quoted.ptr == NULL)
        return false;
    buf_addf(out, "%s=", name);
    buf_add(out, quoted);
    buf_add_byte(out, '\n');
    return true;
}

/* The texts of `list` on a line each: CDR_FILES, and CDR_TAKE, which has no blanks in it. */
static bool assign_list(struct buf *out, struct arena *arena, const char *name, const json_t *list)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(PLAN_BYTES_MAX);
    size_t at;
    const json_t *element;
    json_array_foreach(list, at, element)
    {
        str line = { json_string_value(element), json_string_length(element) };
        if (line.ptr == NULL || str_find(line, '\n') != line.len)
            return false;
        buf_add(&text, line);
        buf_add_byte(&text, '\n');
    }
    return text.err == ERR_OK && assign(out, arena, name, buf_str(&text));
}

/* Offset of `{output}`, or text.len. */
static size_t find_output(str text)
{
    size_t at = 0;
    while (at < text.len && !str_startswith(str_skip(text, at), STR("{output}")))
        at++;
    return at;
}

/* One word of the command; where it says {output}, the directory to write to. */
static bool add_word(struct buf *out, struct arena *arena, str word)
{
    do {
        size_t at = find_output(word);
        str quoted = collector_quote(arena, PLATFORM_LINUX, str_first(word, at));
        if (quoted.ptr == NULL)
            return false;
        buf_add(out, quoted);
        if (at < word.len)
            buf_add(out, STR("\"$own_output\""));
        word = str_skip(word, at + sizeof("{output}") - 1);
    } while (word.len > 0);
    return true;
}

/* own_tool: the user's collector, word by word. */
static bool add_command(struct buf *out, struct arena *arena, const json_t *command)
{
    size_t at;
    const json_t *word;
    buf_add(out, STR("own_tool() { within \"$seconds\""));
    json_array_foreach(command, at, word)
    {
        str text = { json_string_value(word), json_string_length(word) };
        buf_add_byte(out, ' ');
        if (text.ptr == NULL || !add_word(out, arena, text))
            return false;
    }
    buf_add(out, STR("; }\n"));
    return true;
}

static bool add_part(struct buf *out, struct arena *arena, const json_t *part)
{
    for (size_t at = 0; at < COUNT_OF(bounds); at++) {
        const json_t *number = json_object_get(part, bounds[at].member);
        long long value = json_integer_value(number);
        if (number != NULL && (value < 1 || value > bounds[at].most))
            return false;
        if (number != NULL)
            buf_addf(out, "%s=%lld\n", bounds[at].variable, value * bounds[at].unit);
    }
    const json_t *command = json_object_get(part, "command");
    return assign_list(out, arena, "CDR_TAKE", json_object_get(part, "take"))
           && assign_list(out, arena, "CDR_FILES", json_object_get(part, "files"))
           && (command == NULL || add_command(out, arena, command));
}

/* Its last part: as the words of its command call it, whatever it was called on the way. */
static str base_name(str file)
{
    return str_skip(file, str_find_last(file, '/') == file.len ? 0 : str_find_last(file, '/') + 1);
}

static bool write_posix(
    struct buf *out, struct arena *arena, const json_t *plan, const struct collection *what)
{
    const json_t *part = json_object_get(plan, "linux");
    str name = str_from(json_string_value(json_object_get(plan, "profile")));
    str own = str_from(json_string_value(json_object_get(plan, "collector")));
    str sum = str_from(json_string_value(json_object_get(part, "sha256")));
    str file = str_from(json_string_value(json_object_get(part, "file")));
    buf_addf(out, "CDR_SENT=%lld\n", (long long)what->sent_s);
    return assign(out, arena, "CDR_PROFILE", name.len > 0 ? name : own)
           && assign(out, arena, "CDR_TOOL", what->tool) && assign(out, arena, "CDR_TOOL_SUM", sum)
           && assign(out, arena, "CDR_TOOL_NAME", base_name(file)) && add_part(out, arena, part);
}

static void add_base64(struct buf *out, str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at;
        uint32_t group = (uint32_t)(unsigned char)bytes.ptr[at] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)bytes.ptr[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)bytes.ptr[at + 2] : 0;
        buf_add_byte(out, digits[group >> 18]);
        buf_add_byte(out, digits[group >> 12 & 63]);
        buf_add_byte(out, left > 1 ? digits[group >> 6 & 63] : '=');
        buf_add_byte(out, left > 2 ? digits[group & 63] : '=');
    }
}

/* All of it ASCII: a file of a script without a mark of its encoding is read in the host's code page,
 * where other bytes become quotation marks. */
static void write_powershell(struct buf *out, str plan, const struct collection *what)
{
    buf_addf(out, "$CdrSent = %lld\n", (long long)what->sent_s);
    buf_add(out, STR("$CdrPlan = '"));
    add_base64(out, plan);
    buf_add(out, STR("'\n$CdrTool = '"));
    add_base64(out, what->tool);
    buf_add(out, STR("'\n"));
}

bool plan_write(
    struct buf *out, struct arena *arena, enum platform platform, const struct collection *what)
{
    str text = what->plan.len > 0 ? what->plan : collector_profile(STR("quick"));
    json_auto_t *plan = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (text.len > PLAN_BYTES_MAX
        || !json_is_object(json_object_get(plan, platform_name(platform))))
        return false;
    if (platform == PLATFORM_WINDOWS)
        write_powershell(out, text, what);
    else if (!write_posix(out, arena, plan, what))
        return false;
    return out->err == ERR_OK;
}

/* ".exe", where the file has such an end; else nothing. */
static str end_of(str file)
{
    enum { END_MAX = 5 };
    str end = str_skip(file, str_find_last(file, '.'));
    bool is_plain = end.len > 1 && end.len <= END_MAX
                    && str_all_of(str_skip(end, 1), "abcdefghijklmnopqrstuvwxyz0123456789");
    return is_plain ? end : STR("");
}

str collector_tool_name(struct arena *arena, str file, str sha256)
{
    const char *name =
        arena_format(arena, "cdr-%.*s%.*s", STR_ARG(str_first(sha256, 16)), STR_ARG(end_of(file)));
    return name == NULL ? (str){ NULL, 0 } : str_from(name);
}

bool collector_needs(
    struct arena *arena, enum platform platform, str plan, struct collector_tool *ret_tool)
{
    str text = plan.len > 0 ? plan : collector_profile(STR("quick"));
    json_auto_t *read = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *part = json_object_get(read, platform_name(platform));
    if (!json_is_object(part))
        return false;
    json_int_t seconds = json_integer_value(json_object_get(part, "time"));
    *ret_tool = (struct collector_tool){
        .seconds = seconds > 0 && seconds <= SECONDS_MAX ? (uint32_t)seconds : SECONDS_ELSE,
        .file = arena_copy(arena, str_from(json_string_value(json_object_get(part, "file")))),
        .sha256 = arena_copy(arena, str_from(json_string_value(json_object_get(part, "sha256")))),
    };
    return ret_tool->file.ptr != NULL && ret_tool->sha256.ptr != NULL;
}
