/* The query and the content of a request to a family of edr.h, taken apart and held against the
 * shapes of its row. */
#include "base/percent.h"
#include "sandbox/edr.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* One word of a shape (edr.h). */
struct shape {
    str name;
    bool is_needed;
    bool is_many;
    str type;   /* empty: text */
    str values; /* empty: any */
};

static struct shape shape_of(str word)
{
    struct shape shape = { 0 };
    size_t end = 0;
    while (end < word.len && strchr("!+:=", word.ptr[end]) == NULL)
        end++;
    shape.name = str_first(word, end);
    for (word = str_skip(word, end); word.len > 0 && strchr("!+", word.ptr[0]) != NULL;
         word = str_skip(word, 1))
        *(word.ptr[0] == '!' ? &shape.is_needed : &shape.is_many) = true;
    if (word.len > 0)
        *(word.ptr[0] == ':' ? &shape.type : &shape.values) = str_skip(word, 1);
    return shape;
}

/* The next word of `shapes`, which is shortened; false at the end. */
static bool next_shape(str *shapes, struct shape *ret_shape)
{
    *shapes = str_trim(*shapes, " ");
    if (shapes->len == 0)
        return false;
    str word = str_first(*shapes, str_find(*shapes, ' '));
    *shapes = str_skip(*shapes, word.len);
    *ret_shape = shape_of(word);
    return true;
}

static bool find_shape(const char *shapes, const char *name, struct shape *ret_shape)
{
    str rest = str_from(shapes);
    while (next_shape(&rest, ret_shape))
        if (str_is(ret_shape->name, name))
            return true;
    return false;
}

static bool is_integer(const char *text)
{
    char *end;
    errno = 0;
    (void)strtoll(text, &end, 10);
    return (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && *end == '\0' && errno == 0;
}

/* Whether `values` ("contain|lift") has `text`; none is any. */
static bool is_among(str values, const char *text)
{
    bool is_any = values.len == 0;
    while (values.len > 0 && !is_any) {
        str one = str_first(values, str_find(values, '|'));
        values = str_skip(values, one.len + 1);
        is_any = str_is(one, text);
    }
    return is_any;
}

static bool text_fits(const struct shape *shape, const char *text)
{
    if (str_is(shape->type, "integer"))
        return is_integer(text);
    if (str_is(shape->type, "boolean"))
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return is_among(shape->values, text);
}

static bool refuse_name(
    struct edr_call *call, enum edr_refusal why, const char *format, const char *name)
{
    const char *sentence = arena_format(call->arena, "%s: %s", format, name);
    return edr_refuse_as(call, why, sentence);
}

static size_t count_of(const struct edr_pair *pairs, size_t count, str name)
{
    size_t found = 0;
    for (size_t at = 0; at < count; at++)
        found += str_is(name, pairs[at].name);
    return found;
}

/* Hold the pairs of a query, a form or the names of parts against `shapes`. */
static bool pairs_fit(struct edr_call *call, const struct edr_pair *pairs, size_t count,
    const char *shapes, enum edr_refusal why)
{
    struct shape shape;
    for (size_t at = 0; at < count && strcmp(shapes, "*") != 0; at++) {
        if (!find_shape(shapes, pairs[at].name, &shape))
            return refuse_name(call, why, "unknown parameter", pairs[at].name);
        if (!shape.is_many && count_of(pairs, count, shape.name) > 1)
            return refuse_name(call, why, "parameter is there twice", pairs[at].name);
        if (!str_is(shape.type, "file") && !text_fits(&shape, pairs[at].value))
            return refuse_name(call, why, "invalid value of parameter", pairs[at].name);
    }
    for (str rest = str_from(shapes); next_shape(&rest, &shape);)
        if (shape.is_needed && count_of(pairs, count, shape.name) == 0)
            return refuse_name(
                call, why, "missing parameter", arena_copy(call->arena, shape.name).ptr);
    return true;
}

/* Undo the encoding of a name or a value. NULL: what text does not hold. */
static const char *decoded(struct edr_call *call, str text)
{
    str plain;
    if (percent_decode(call->arena, text, true, &plain) != ERR_OK)
        return NULL;
    json_auto_t *utf8 = json_stringn(plain.ptr, plain.len); /* NULL when it is not */
    return utf8 == NULL || memchr(plain.ptr, '\0', plain.len) != NULL ? NULL : plain.ptr;
}

/* "a=1&b=2" taken apart. */
static bool read_pairs(struct edr_call *call, str text, enum edr_refusal why,
    struct edr_pair **ret_pairs, size_t *ret_count)
{
    *ret_pairs = ARENA_ARRAY(call->arena, struct edr_pair, EDR_PAIRS_MAX);
    if (*ret_pairs == NULL)
        return edr_refuse_as(call, EDR_BROKEN, "out of memory");
    while (text.len > 0) {
        str one = str_first(text, str_find(text, '&'));
        text = str_skip(text, one.len + 1);
        size_t equals = str_find(one, '=');
        const char *name = decoded(call, str_first(one, equals));
        const char *value = decoded(call, str_skip(one, equals + 1));
        if (name == NULL || value == NULL || name[0] == '\0' || *ret_count == EDR_PAIRS_MAX)
            return edr_refuse_as(call, why, "the parameters are not encoded as they must be");
        (*ret_pairs)[(*ret_count)++] = (struct edr_pair){ name, value };
    }
    return true;
}

static bool is_texts(const json_t *value)
{
    size_t index;
    json_t *element;
    json_array_foreach(value, index, element) if (!json_is_string(element)) return false;
    return json_is_array(value);
}

static bool value_fits(const struct shape *shape, const json_t *value)
{
    if (str_is(shape->type, "integer"))
        return json_is_integer(value);
    if (str_is(shape->type, "boolean"))
        return json_is_boolean(value);
    if (str_is(shape->type, "texts"))
        return is_texts(value);
    if (str_is(shape->type, "list"))
        return json_is_array(value);
    if (str_is(shape->type, "object"))
        return json_is_object(value);
    return str_is(shape->type, "any")
           || (json_is_string(value) && is_among(shape->values, json_string_value(value)));
}

/* Hold the object against the row's shapes. Names of members are compared exactly. */
static bool members_fit(struct edr_call *call)
{
    const char *shapes = call->operation->members;
    const char *name;
    json_t *value;
    struct shape shape;
    json_object_foreach(call->input, name, value)
    {
        if (strcmp(shapes, "*") == 0)
            break;
        if (!find_shape(shapes, name, &shape))
            return refuse_name(call, EDR_BAD_BODY, "unknown member", name);
        if (!value_fits(&shape, value))
            return refuse_name(call, EDR_BAD_BODY, "invalid value of member", name);
    }
    for (str rest = str_from(shapes); next_shape(&rest, &shape);)
        if (shape.is_needed
            && json_object_getn(call->input, shape.name.ptr, shape.name.len) == NULL)
            return refuse_name(
                call, EDR_BAD_BODY, "missing member", arena_copy(call->arena, shape.name).ptr);
    return true;
}

/* Whether the content type is `type`, whatever parameters follow it. */
static bool is_type(const struct edr_call *call, const char *type)
{
    str given = edr_header_of(call, "Content-Type");
    given = str_trim(str_first(given, str_find(given, ';')), " ");
    return given.len == strlen(type) && strncasecmp(given.ptr, type, given.len) == 0;
}

static bool read_json(struct edr_call *call)
{
    str body = call->request->body;
    if (!is_type(call, "application/json"))
        return edr_refuse_as(call, EDR_BAD_TYPE, "The content is to be application/json.");
    if (body.len > EDR_BODY_BYTES_MAX)
        return edr_refuse_as(call, EDR_TOO_LONG, "The content is too long.");
    call->input = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(call->input))
        return edr_refuse_as(call, EDR_BAD_BODY, "The content is no JSON object.");
    return members_fit(call);
}

static bool read_form(struct edr_call *call)
{
    if (!is_type(call, "application/x-www-form-urlencoded"))
        return edr_refuse_as(
            call, EDR_BAD_TYPE, "The content is to be application/x-www-form-urlencoded.");
    if (call->request->body.len > EDR_BODY_BYTES_MAX)
        return edr_refuse_as(call, EDR_TOO_LONG, "The content is too long.");
    return read_pairs(call, call->request->body, EDR_BAD_BODY, &call->form, &call->form_count)
           && pairs_fit(call, call->form, call->form_count, call->operation->members, EDR_BAD_BODY);
}

/* The value of name="value" in a Content-Disposition, in the arena; NULL: none. */
static const char *disposition(struct edr_call *call, str head, const char *name)
{
    const char *mark = arena_format(call->arena, "; %s=\"", name);
    const char *at = mark == NULL ? NULL : memmem(head.ptr, head.len, mark, strlen(mark));
    if (at == NULL)
        return NULL;
    str value = str_skip(head, (size_t)(at - head.ptr) + strlen(mark));
    return arena_copy(call->arena, str_first(value, str_find(value, '"'))).ptr;
}

/* One part: head lines, an empty one, content. */
static bool read_part(struct edr_call *call, str part)
{
    const char *end = memmem(part.ptr, part.len, "\r\n\r\n", 4);
    if (end == NULL || call->parts_count == EDR_PARTS_MAX)
        return false;
    str head = str_first(part, (size_t)(end - part.ptr));
    struct edr_part *read = &call->parts[call->parts_count++];
    read->name = disposition(call, head, "name");
    read->filename = disposition(call, head, "filename");
    read->content = str_skip(part, head.len + 4);
    return read->name != NULL;
}

/* RFC 7578 as clients write it: parts between "--boundary" and "--boundary--". */
static bool split_parts(struct edr_call *call, const char *mark)
{
    str rest = call->request->body;
    size_t len = strlen(mark); /* "\r\n--boundary" */
    if (!str_startswith(rest, (str){ mark + 2, len - 2 }))
        return false;
    rest = str_skip(rest, len - 2);
    while (str_startswith(rest, STR("\r\n"))) {
        rest = str_skip(rest, 2);
        const char *end = memmem(rest.ptr, rest.len, mark, len);
        if (end == NULL || !read_part(call, str_first(rest, (size_t)(end - rest.ptr))))
            return false;
        rest = str_skip(rest, (size_t)(end - rest.ptr) + len);
    }
    return str_startswith(rest, STR("--")) && str_trim(str_skip(rest, 2), "\r\n").len == 0;
}

static bool read_parts(struct edr_call *call)
{
    str type = edr_header_of(call, "Content-Type");
    const char *at = memmem(type.ptr, type.len, "boundary=", 9);
    if (!is_type(call, "multipart/form-data") || at == NULL)
        return edr_refuse_as(call, EDR_BAD_TYPE, "The content is to be multipart/form-data.");
    if (call->request->body.len > EDR_PARTS_BYTES_MAX)
        return edr_refuse_as(call, EDR_TOO_LONG, "The content is too long.");
    str boundary = str_skip(type, (size_t)(at - type.ptr) + 9);
    boundary = str_trim(str_first(boundary, str_find(boundary, ';')), " \"");
    const char *mark = arena_format(call->arena, "\r\n--%.*s", STR_ARG(boundary));
    if (mark == NULL || boundary.len == 0 || !split_parts(call, mark))
        return edr_refuse_as(call, EDR_BAD_BODY, "The parts are not of the form.");
    struct edr_pair names[EDR_PARTS_MAX];
    for (size_t n = 0; n < call->parts_count; n++) {
        const char *value = arena_copy(call->arena, call->parts[n].content).ptr;
        names[n] = (struct edr_pair){ call->parts[n].name, value == NULL ? "" : value };
    }
    return pairs_fit(call, names, call->parts_count, call->operation->members, EDR_BAD_BODY);
}

static bool read_none(struct edr_call *call)
{
    return call->request->body.len == 0
           || edr_refuse_as(call, EDR_BAD_BODY, "There is content where none is read.");
}

bool edr_read(struct edr_call *call)
{
    static bool (*const readers[])(struct edr_call * call) = {
        [EDR_NONE] = read_none,
        [EDR_JSON] = read_json,
        [EDR_FORM] = read_form,
        [EDR_PARTS] = read_parts,
    };
    return read_pairs(call, call->request->query, EDR_BAD_QUERY, &call->query, &call->query_count)
           && pairs_fit(call, call->query, call->query_count, call->operation->query, EDR_BAD_QUERY)
           && readers[call->operation->content](call);
}

static const char *value_of(const struct edr_pair *pairs, size_t count, const char *name, size_t n)
{
    for (size_t at = 0; at < count; at++)
        if (strcmp(pairs[at].name, name) == 0 && n-- == 0)
            return pairs[at].value;
    return NULL;
}

const char *edr_place(const struct edr_call *call, const char *name)
{
    return value_of(call->places, call->places_count, name, 0);
}

const char *edr_query(const struct edr_call *call, const char *name)
{
    return value_of(call->query, call->query_count, name, 0);
}

const char *edr_query_at(const struct edr_call *call, const char *name, size_t n)
{
    return value_of(call->query, call->query_count, name, n);
}

const char *edr_form(const struct edr_call *call, const char *name)
{
    return value_of(call->form, call->form_count, name, 0);
}

const struct edr_part *edr_part(const struct edr_call *call, const char *name)
{
    for (size_t at = 0; at < call->parts_count; at++)
        if (strcmp(call->parts[at].name, name) == 0)
            return &call->parts[at];
    return NULL;
}

json_t *edr_member(const struct edr_call *call, const char *name)
{
    return json_object_get(call->input, name);
}

const char *edr_text(const struct edr_call *call, const char *name)
{
    return json_string_value(edr_member(call, name));
}

bool edr_number(struct edr_call *call, const char *name, long long least, long long most,
    long long fallback, long long *ret_number)
{
    const char *text = edr_query(call, name);
    const json_t *member = edr_member(call, name);
    *ret_number = text != NULL     ? strtoll(text, NULL, 10)
                  : member != NULL ? json_integer_value(member)
                                   : fallback;
    if (*ret_number >= least && *ret_number <= most)
        return true;
    return edr_refuse_as(call, text != NULL ? EDR_BAD_QUERY : EDR_BAD_BODY,
        arena_format(call->arena, "%s is to be from %lld to %lld", name, least, most));
}
