/* json_writer.c - see json_writer.h. */
#include "base/json_writer.h"

#include "base/json_text.h"

#include <inttypes.h>

/* What comes before a value: a comma after the one before it, and its name. */
static void begin(struct json_writer *json, const char *key)
{
    if (json->needs_comma)
        buf_add_byte(json->out, ',');
    json->needs_comma = true;
    if (key == NULL)
        return;
    json_text_add(json->out, str_from(key));
    buf_add_byte(json->out, ':');
}

void json_open(struct json_writer *json, const char *key, char bracket)
{
    begin(json, key);
    buf_add_byte(json->out, bracket);
    json->needs_comma = false;
}

void json_close(struct json_writer *json, char bracket)
{
    buf_add_byte(json->out, bracket);
    json->needs_comma = true;
}

void json_text(struct json_writer *json, const char *key, str text)
{
    begin(json, key);
    json_text_add(json->out, text);
}

void json_number(struct json_writer *json, const char *key, uint64_t number)
{
    begin(json, key);
    buf_addf(json->out, "%" PRIu64, number);
}

void json_bool(struct json_writer *json, const char *key, bool value)
{
    begin(json, key);
    buf_add(json->out, value ? STR("true") : STR("false"));
}

void json_raw(struct json_writer *json, const char *key, str text)
{
    begin(json, key);
    buf_add(json->out, text);
}
