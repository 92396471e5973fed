#include "sandbox/ec2.h"
#include "sandbox/operation.h"

enum { TAGS_MAX = 50, TAG_KEY_CHARS_MAX = 128, TAG_VALUE_CHARS_MAX = 256 };

static size_t count_chars(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool tag_is_good(struct call *call, const char *key, const char *value)
{
    if (key[0] == '\0' || count_chars(key) > TAG_KEY_CHARS_MAX)
        return call_refuse(call, 400, "InvalidParameterValue",
            "Tag key '%s' is not of 1 to %d characters", key, TAG_KEY_CHARS_MAX);
    if (value != NULL && count_chars(value) > TAG_VALUE_CHARS_MAX)
        return call_refuse(call, 400, "InvalidParameterValue",
            "The value of tag '%s' is longer than %d characters", key, TAG_VALUE_CHARS_MAX);
    if (strncmp(key, "aws:", 4) == 0)
        return call_refuse(call, 400, "InvalidParameterValue",
            "Tag keys starting with 'aws:' are reserved for internal use");
    return true;
}

json_t *ec2_tags_read(struct call *call, const char *prefix)
{
    json_auto_t *tags = json_object();
    for (size_t n = 1; n <= FORM_PLACE_MAX; n++) {
        const char *key = form_getf(&call->form, "%sTag.%zu.Key", prefix, n);
        const char *value = form_getf(&call->form, "%sTag.%zu.Value", prefix, n);
        if (key == NULL && value == NULL)
            break;
        if (key == NULL) {
            call_refuse(call, 400, "MissingParameter",
                "The request must contain the parameter %sTag.%zu.Key", prefix, n);
            return NULL;
        }
        if (!tag_is_good(call, key, value))
            return NULL;
        if (json_object_get(tags, key) != NULL) {
            call_refuse(
                call, 400, "InvalidParameterValue", "Duplicate tag key '%s' specified.", key);
            return NULL;
        }
        if (json_object_set_new(tags, key, json_string(value == NULL ? "" : value)) != 0) {
            call->err = ERR_MEMORY;
            return NULL;
        }
    }
    if (json_object_size(tags) > TAGS_MAX) {
        call_refuse(call, 400, "TagLimitExceeded", "More than %d tags specified", TAGS_MAX);
        return NULL;
    }
    return json_incref(tags);
}

json_t *ec2_tags_specified(struct call *call, const char *type)
{
    if (!form_hasf(&call->form, "TagSpecification."))
        return json_object();
    if (form_hasf(&call->form, "TagSpecification.2.")) {
        call_refuse(call, 400, "InvalidParameterValue",
            "The same resource type may not be specified more than once in tag specifications");
        return NULL;
    }
    const char *wanted = call_text(call, "TagSpecification.1.ResourceType");
    if (wanted == NULL || strcmp(wanted, type) != 0) {
        call_refuse(call, 400, "InvalidParameterValue",
            "'%s' is not a valid taggable resource type for this operation.",
            wanted == NULL ? "null" : wanted);
        return NULL;
    }
    return ec2_tags_read(call, "TagSpecification.1.");
}

void ec2_write_tags(struct buf *out, const json_t *thing)
{
    markup_open(out, "tagSet");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(thing, "tags"), key, value)
    {
        markup_open(out, "item");
        markup_text(out, "key", key);
        markup_text(out, "value", json_is_string(value) ? json_string_value(value) : "");
        markup_close(out, "item");
    }
    markup_close(out, "tagSet");
}

/* The tagged resources, of any kind. False: refused. */
static bool tagged(struct call *call, struct ec2_list *ret_list)
{
    *ret_list = (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, FORM_PLACE_MAX), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    for (size_t place = 1; place <= FORM_PLACE_MAX; place++) {
        const char *id = form_getf(&call->form, "ResourceId.%zu", place);
        if (id == NULL)
            break;
        enum ec2_kind kind = ec2_kind_of(id);
        if (kind == EC2_KIND_COUNT)
            return call_refuse(call, 400, "InvalidID", "The ID '%s' is not valid", id);
        json_t *thing = ec2_find(call, kind, id);
        if (thing == NULL)
            return false;
        ret_list->items[ret_list->count++] = thing;
    }
    return true;
}

/* The tags of a thing, made when there are none. */
static json_t *tags_of(struct call *call, json_t *thing)
{
    json_t *tags = json_object_get(thing, "tags");
    if (tags == NULL && json_object_set_new(thing, "tags", json_object()) != 0)
        call->err = ERR_MEMORY;
    return tags == NULL ? json_object_get(thing, "tags") : tags;
}

static size_t count_together(const json_t *a, json_t *b)
{
    size_t count = json_object_size(a);
    const char *key;
    json_t *value;
    json_object_foreach(b, key, value) count += json_object_get(a, key) == NULL;
    return count;
}

void sandbox_ec2_create_tags(struct call *call)
{
    json_auto_t *tags = ec2_tags_read(call, "");
    struct ec2_list things;
    if (tags == NULL || !tagged(call, &things))
        return;
    for (size_t at = 0; at < things.count; at++)
        if (count_together(json_object_get(things.items[at], "tags"), tags) > TAGS_MAX) {
            call_refuse(call, 400, "TagLimitExceeded", "More than %d tags", TAGS_MAX);
            return;
        }
    if (!call_may_proceed(call))
        return;
    for (size_t at = 0; at < things.count; at++) {
        json_t *present = tags_of(call, things.items[at]);
        const char *key;
        json_t *value;
        json_object_foreach(tags, key, value) if (!json_equal(json_object_get(present, key), value))
            call_set(call, present, key, json_incref(value));
    }
    markup_flag(&call->body, "return", true);
}

/* Without Tag.N all tags go, but those of aws:. */
static void delete_all_tags(struct call *call, json_t *present)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(present, next, key, value) if (strncmp(key, "aws:", 4) != 0)
        call_unset(call, present, key);
}

/* A key without a value deletes the tag whatever its value is. */
static void delete_named_tags(struct call *call, json_t *present)
{
    for (size_t n = 1; n <= TAGS_MAX; n++) {
        const char *key = form_getf(&call->form, "Tag.%zu.Key", n);
        const char *only = form_getf(&call->form, "Tag.%zu.Value", n);
        if (key == NULL)
            break;
        if (only == NULL || strcmp(world_text(present, key), only) == 0)
            call_unset(call, present, key);
    }
}

void sandbox_ec2_delete_tags(struct call *call)
{
    json_auto_t *tags = ec2_tags_read(call, "");
    struct ec2_list things;
    if (tags == NULL || !tagged(call, &things) || !call_may_proceed(call))
        return;
    for (size_t at = 0; at < things.count; at++) {
        json_t *present = tags_of(call, things.items[at]);
        if (json_object_size(tags) == 0)
            delete_all_tags(call, present);
        else
            delete_named_tags(call, present);
    }
    markup_flag(&call->body, "return", true);
}
