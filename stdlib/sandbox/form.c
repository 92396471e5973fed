#include "sandbox/form.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

static bool is_utf8(const char *text, size_t len)
{
    json_t *string = json_stringn(text, len); /* NULL when it is not */
    json_decref(string);
    return string != NULL;
}

/* Undo the encoding. False for a bad escape, a control character or what is not UTF-8. */
static bool decode(str text, struct arena *arena, const char **ret_text)
{
    char *out = arena_alloc(arena, text.len + 1, 1);
    if (out == NULL) {
        *ret_text = NULL;
        return true;
    }
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        if (byte == '+')
            byte = ' ';
        if (byte == '%') {
            int high = at + 2 < text.len ? hex_digit(text.ptr[at + 1]) : -1;
            int low = at + 2 < text.len ? hex_digit(text.ptr[at + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            byte = (char)(high * 16 + low);
            at += 2;
        }
        unsigned char raw = (unsigned char)byte;
        if ((raw < 0x20 && raw != '\t' && raw != '\n' && raw != '\r') || raw == 0x7f)
            return false;
        out[len++] = byte;
    }
    *ret_text = out;
    return is_utf8(out, len);
}

static size_t count_parts(str body)
{
    size_t count = 1;
    for (size_t at = 0; at < body.len; at++)
        count += body.ptr[at] == '&';
    return count;
}

static enum form_fault parse_one(str part, struct arena *arena, struct form *form)
{
    size_t equals = str_find(part, '=');
    struct form_parameter *parameter = &form->parameters[form->count];
    if (!decode(str_first(part, equals), arena, &parameter->name)
        || !decode(str_skip(part, equals + 1), arena, &parameter->value))
        return FORM_ENCODING;
    if (parameter->name == NULL || parameter->value == NULL)
        return FORM_MEMORY;
    if (parameter->name[0] == '\0' || strlen(parameter->name) > FORM_NAME_BYTES_MAX
        || form_get(form, parameter->name) != NULL)
        return FORM_ENCODING;
    form->count++;
    return FORM_OK;
}

enum form_fault form_parse(str body, struct arena *arena, struct form *ret_form)
{
    *ret_form = (struct form){ 0 };
    if (body.len == 0)
        return FORM_OK;
    size_t most = count_parts(body);
    if (most > FORM_PARAMETERS_MAX)
        return FORM_TOO_MANY;
    ret_form->parameters = ARENA_ARRAY(arena, struct form_parameter, most);
    if (ret_form->parameters == NULL)
        return FORM_MEMORY;
    for (str rest = body; rest.len > 0;) {
        str part = str_first(rest, str_find(rest, '&'));
        rest = str_skip(rest, part.len + 1);
        if (part.len == 0)
            continue;
        enum form_fault fault = parse_one(part, arena, ret_form);
        if (fault != FORM_OK)
            return fault;
    }
    return FORM_OK;
}

const char *form_get(const struct form *form, const char *name)
{
    for (size_t at = 0; at < form->count; at++)
        if (strcmp(form->parameters[at].name, name) == 0)
            return form->parameters[at].value;
    return NULL;
}

const char *form_getf(const struct form *form, const char *format, ...)
{
    char name[FORM_NAME_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    return length < 0 || length >= (int)sizeof(name) ? NULL : form_get(form, name);
}

bool form_hasf(const struct form *form, const char *format, ...)
{
    char start[FORM_NAME_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(start, sizeof(start), format, args);
    va_end(args);
    if (length < 0 || length >= (int)sizeof(start))
        return false;
    for (size_t at = 0; at < form->count; at++)
        if (strncmp(form->parameters[at].name, start, (size_t)length) == 0)
            return true;
    return false;
}

/* The number that is the whole segment at `text`, with *ret_len digits; -1 for others. */
static long place_of(const char *text, size_t *ret_len)
{
    size_t len = strspn(text, "0123456789");
    *ret_len = len;
    if (len == 0 || (text[len] != '.' && text[len] != '\0'))
        return -1;
    return len > 4 || text[0] == '0' ? FORM_PLACE_MAX + 1 : strtol(text, NULL, 10);
}

void form_shape(const char *name, char *shape)
{
    bool at_start = true;
    while (*name != '\0') {
        size_t digits;
        if (at_start && place_of(name, &digits) >= 0) {
            *shape++ = 'N';
            name += digits;
            at_start = false;
            continue;
        }
        at_start = *name == '.';
        *shape++ = *name++;
    }
    *shape = '\0';
}

/* Whether some parameter has place `place` where `name` has one, at `before`. */
static bool has_place(const struct form *form, const char *name, size_t before, long place)
{
    return form_getf(form, "%.*s%ld", (int)before, name, place) != NULL
           || form_hasf(form, "%.*s%ld.", (int)before, name, place);
}

static bool places_are_good(const struct form *form, const char *name)
{
    for (const char *at = strchr(name, '.'); at != NULL; at = strchr(at, '.')) {
        at++;
        size_t digits;
        long place = place_of(at, &digits);
        if (place < 0)
            continue;
        if (place == 0 || place > FORM_PLACE_MAX
            || (place > 1 && !has_place(form, name, (size_t)(at - name), place - 1)))
            return false;
    }
    return true;
}

const char *form_bad_place(const struct form *form)
{
    for (size_t at = 0; at < form->count; at++)
        if (!places_are_good(form, form->parameters[at].name))
            return form->parameters[at].name;
    return NULL;
}
