#include "aws/profile_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum line_kind { LINE_EMPTY, LINE_SECTION, LINE_PAIR, LINE_NESTED, LINE_BAD, LINE_END };

/* Walks the lines of a file. */
struct lines {
    str rest;
    unsigned number;   /* of the line last taken, from 1 */
    bool has_section;  /* a pair may stand here */
    size_t key_indent; /* of the last pair of the section; SIZE_MAX: none yet */
    str section;       /* of LINE_SECTION */
    str key, value;    /* of LINE_PAIR, and of the block that LINE_NESTED is in */
    str nested_key, nested_value;
    const char *fault; /* of LINE_BAD */
};

static struct lines lines_of(const struct profile_file *file)
{
    str text = { file->text == NULL ? "" : file->text, file->len };
    if (str_startswith(text, STR("\xef\xbb\xbf")))
        text = str_skip(text, 3);
    return (struct lines){ .rest = text, .key_indent = SIZE_MAX };
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

static str trim(str text)
{
    while (text.len > 0 && is_space(text.ptr[0]))
        text = str_skip(text, 1);
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static enum line_kind bad(struct lines *lines, const char *fault)
{
    lines->fault = fault;
    return LINE_BAD;
}

static enum line_kind section_read(struct lines *lines, str line)
{
    size_t end = str_find(line, ']');
    if (end == line.len)
        return bad(lines, "a section begins with `[` and has no `]`");
    lines->section = trim(str_first(str_skip(line, 1), end - 1));
    lines->has_section = true;
    lines->key_indent = SIZE_MAX;
    return LINE_SECTION;
}

static enum line_kind pair_read(struct lines *lines, str line, size_t indent)
{
    size_t equals = str_find(line, '='), colon = str_find(line, ':');
    size_t end = equals < colon ? equals : colon;
    if (!lines->has_section)
        return bad(lines, "a setting stands before the first section");
    if (end == line.len || end == 0)
        return bad(lines, "a line is neither `[section]` nor `key = value`");
    lines->key = trim(str_first(line, end));
    lines->value = trim(str_skip(line, end + 1));
    lines->key_indent = indent;
    return LINE_PAIR;
}

/* Passed over where it is no pair: other tools put what they like there. */
static enum line_kind nested_read(struct lines *lines, str line)
{
    size_t end = str_find(line, '=');
    lines->nested_key = trim(str_first(line, end));
    lines->nested_value = trim(str_skip(line, end + 1));
    return LINE_NESTED;
}

static enum line_kind lines_next(struct lines *lines)
{
    if (lines->rest.len == 0)
        return LINE_END;
    str whole = str_first(lines->rest, str_find(lines->rest, '\n'));
    lines->rest = str_skip(lines->rest, whole.len + 1);
    lines->number++;
    str line = trim(whole);
    if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
        return LINE_EMPTY;
    size_t indent = (size_t)(line.ptr - whole.ptr);
    if (lines->key_indent != SIZE_MAX && indent > lines->key_indent)
        return nested_read(lines, line);
    return line.ptr[0] == '[' ? section_read(lines, line) : pair_read(lines, line, indent);
}

/* --- reading --- */

static enum err fail(struct arena *arena, enum err err, const char **reterr_reason,
    const char *path, const char *words)
{
    *reterr_reason = arena_format(arena, "%s: %s", path, words);
    return *reterr_reason == NULL ? ERR_MEMORY : err;
}

/* All bytes of `stream`, at most PROFILE_FILE_BYTES_MAX, in memory that is not moved: no
 * copy of a secret is left behind. */
static enum err stream_read(FILE *stream, struct profile_file *file)
{
    file->text = malloc(PROFILE_FILE_BYTES_MAX + 1);
    if (file->text == NULL)
        return ERR_MEMORY;
    file->len = fread(file->text, 1, PROFILE_FILE_BYTES_MAX + 1, stream);
    if (ferror(stream))
        return ERR_IO;
    return file->len > PROFILE_FILE_BYTES_MAX ? ERR_LIMIT : ERR_OK;
}

static enum err check_form(
    const struct profile_file *file, struct arena *arena, const char **reterr_reason)
{
    struct lines lines = lines_of(file);
    enum line_kind kind;
    do
        kind = lines_next(&lines);
    while (kind != LINE_END && kind != LINE_BAD);
    if (kind == LINE_END)
        return ERR_OK;
    *reterr_reason = arena_format(arena, "%s:%u: %s", file->path, lines.number, lines.fault);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
}

enum err profile_file_read(const char *path, struct arena *arena, struct profile_file *ret_file,
    const char **reterr_reason)
{
    struct profile_file file = { .path = path };
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL && (errno == ENOENT || errno == ENOTDIR)) {
        *ret_file = file;
        return ERR_OK;
    }
    if (stream == NULL)
        return fail(arena, ERR_IO, reterr_reason, path, strerror(errno));
    setvbuf(stream, NULL, _IONBF, 0); /* stdio keeps no copy either */
    enum err err = stream_read(stream, &file);
    if (err == ERR_IO)
        err = fail(arena, ERR_IO, reterr_reason, path, strerror(errno));
    else if (err == ERR_LIMIT)
        err = fail(arena, ERR_IO, reterr_reason, path, "over 1 MiB, so not a file of profiles");
    fclose(stream);
    if (err == ERR_OK)
        err = check_form(&file, arena, reterr_reason);
    if (err != ERR_OK)
        profile_file_release(&file);
    else
        *ret_file = file;
    return err;
}

void profile_file_release(struct profile_file *file)
{
    if (file->text != NULL)
        explicit_bzero(file->text, file->len);
    free(file->text);
    file->text = NULL;
    file->len = 0;
}

/* --- asking --- */

/* Whether `section` is `[kind name]`, quotes around the name allowed. */
static bool section_is_named(str section, str kind, str wanted)
{
    if (!str_startswith(section, kind) || section.len == kind.len
        || !is_space(section.ptr[kind.len]))
        return false;
    str name = trim(str_skip(section, kind.len));
    bool is_quoted =
        name.len >= 2 && name.ptr[0] == name.ptr[name.len - 1] && strchr("\"'", name.ptr[0]);
    if (is_quoted)
        name = str_first(str_skip(name, 1), name.len - 2);
    return str_equal(name, wanted);
}

static bool section_is(str section, str profile, bool is_config)
{
    if (!is_config)
        return str_equal(section, profile);
    if (str_is(profile, "default") && str_is(section, "default"))
        return true;
    return section_is_named(section, STR("profile"), profile);
}

static bool key_is(str key, const char *name)
{
    return key.len == strlen(name) && strncasecmp(key.ptr, name, key.len) == 0;
}

bool profile_file_has(const struct profile_file *file, str profile, bool is_config)
{
    struct lines lines = lines_of(file);
    for (enum line_kind kind; (kind = lines_next(&lines)) != LINE_END;)
        if (kind == LINE_SECTION && section_is(lines.section, profile, is_config))
            return true;
    return false;
}

bool profile_file_get(
    const struct profile_file *file, str profile, bool is_config, const char *key, str *ret_value)
{
    struct lines lines = lines_of(file);
    str value = { "", 0 };
    bool inside = false;
    for (enum line_kind kind; (kind = lines_next(&lines)) != LINE_END;) {
        if (kind == LINE_SECTION)
            inside = section_is(lines.section, profile, is_config);
        else if (kind == LINE_PAIR && inside && key_is(lines.key, key))
            value = lines.value;
    }
    if (value.len == 0)
        return false;
    *ret_value = value;
    return true;
}

bool profile_file_has_services(const struct profile_file *file, str services)
{
    struct lines lines = lines_of(file);
    for (enum line_kind kind; (kind = lines_next(&lines)) != LINE_END;)
        if (kind == LINE_SECTION && section_is_named(lines.section, STR("services"), services))
            return true;
    return false;
}

bool profile_file_nested(const struct profile_file *file, str services, const char *block,
    const char *key, str *ret_value)
{
    struct lines lines = lines_of(file);
    str value = { "", 0 };
    bool inside = false;
    for (enum line_kind kind; (kind = lines_next(&lines)) != LINE_END;) {
        if (kind == LINE_SECTION)
            inside = section_is_named(lines.section, STR("services"), services);
        else if (kind == LINE_NESTED && inside && key_is(lines.key, block)
                 && key_is(lines.nested_key, key))
            value = lines.nested_value;
    }
    if (value.len == 0)
        return false;
    *ret_value = value;
    return true;
}
