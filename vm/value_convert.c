/* What fits a type, and what it becomes. Identifiers are checked strictly: they choose
 * what a response acts on, so text that only resembles one is absent. */
#include "value.h"

#include "base/fold.h"
#include "base/time.h"
#include "base/utf8.h"
#include "ip.h"
#include "number.h"

enum { IDENTIFIER_BYTES_MAX = 256, ROLE_ARN_BYTES_MAX = 600, ROLE_NAME_BYTES_MAX = 64 };

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || is_digit(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_role_name_char(char c)
{
    return is_lower(c) || is_upper_or_digit(c) || (c != '\0' && strchr("_+=,.@-", c) != NULL);
}

static bool is_arn_char(char c)
{
    return c > ' ' && c < 0x7F;
}

static bool all_are(str text, bool (*is)(char))
{
    for (size_t i = 0; i < text.len; i++)
        if (!is(text.ptr[i]))
            return false;
    return true;
}

/* What the EC2 API calls an id: a prefix and 8 (old) or 17 hex digits. */
static bool is_ec2_id(str text, str prefix)
{
    str digits = str_skip(text, prefix.len);
    return str_startswith(text, prefix) && (digits.len == 8 || digits.len == 17)
           && all_are(digits, is_hex);
}

static bool is_account(str text)
{
    return text.len == 12 && all_are(text, is_digit);
}

/* eu-west-1, us-gov-east-1: two letters, words, one digit. */
static bool is_region(str text)
{
    if (text.len < 6 || !is_lower(text.ptr[0]) || !is_lower(text.ptr[1])
        || !is_digit(text.ptr[text.len - 1]) || text.ptr[text.len - 2] != '-')
        return false;
    str words = { text.ptr + 2, text.len - 4 }; /* "-west", "-gov-east" */
    if (words.ptr[0] != '-' || words.ptr[words.len - 1] == '-')
        return false;
    for (size_t i = 1; i < words.len; i++)
        if (!is_lower(words.ptr[i]) && (words.ptr[i] != '-' || words.ptr[i - 1] == '-'))
            return false;
    return true;
}

static bool take_until(str *text, char byte, str *ret_part)
{
    size_t at = str_find(*text, byte);
    if (at == text->len)
        return false;
    *ret_part = str_first(*text, at);
    *text = str_skip(*text, at + 1);
    return true;
}

static bool is_role_name(str text)
{
    return text.len >= 1 && text.len <= ROLE_NAME_BYTES_MAX && all_are(text, is_role_name_char);
}

/* arn:PARTITION:iam::ACCOUNT:role/PATH/NAME */
static bool is_role_arn(str text)
{
    str partition;
    str account;
    if (text.len > ROLE_ARN_BYTES_MAX || !str_startswith(text, STR("arn:aws")))
        return false;
    text = str_skip(text, strlen("arn:"));
    if (!take_until(&text, ':', &partition) || !str_startswith(text, STR("iam::")))
        return false;
    for (size_t i = 0; i < partition.len; i++)
        if (!is_lower(partition.ptr[i]) && partition.ptr[i] != '-')
            return false;
    text = str_skip(text, strlen("iam::"));
    if (!take_until(&text, ':', &account) || !is_account(account)
        || !str_startswith(text, STR("role/")))
        return false;
    size_t slash = str_find_last(text, '/');
    return all_are(text, is_arn_char) && is_role_name(str_skip(text, slash + 1));
}

/* IAM's unique ids: AKIA for a user's key, ASIA for a temporary one. */
static bool is_access_key(str text)
{
    return text.len >= 16 && text.len <= 128
           && (str_startswith(text, STR("AKIA")) || str_startswith(text, STR("ASIA")))
           && all_are(text, is_upper_or_digit);
}

/* Characters that draw nothing or turn the writing direction: a name with them is not
 * the name that a person reads. U+FFFD stands for what had to be mended. */
static bool is_invisible(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x00AD
           || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E)
           || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || point == UTF8_REPLACEMENT;
}

static bool is_space(uint32_t point)
{
    return point == ' ' || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A)
           || point == 0x202F || point == 0x205F || point == 0x3000;
}

/* A name as a provider keeps it: something to read from end to end. */
static bool is_plain_name(str text)
{
    uint32_t first;
    uint32_t last;
    uint32_t point;
    if (text.len == 0 || text.len > IDENTIFIER_BYTES_MAX)
        return false;
    utf8_decode(text, &first, NULL);
    utf8_decode_last(text, &last);
    if (is_space(first) || is_space(last))
        return false;
    for (size_t at = 0; at < text.len;) {
        at += utf8_decode(str_skip(text, at), &point, NULL);
        if (is_invisible(point))
            return false;
    }
    return true;
}

static bool identifier_fits(str text, enum type type)
{
    if (type == TYPE_ACCOUNT)
        return is_account(text);
    if (type == TYPE_REGION)
        return is_region(text);
    if (type == TYPE_INSTANCE)
        return is_ec2_id(text, STR("i-"));
    if (type == TYPE_SECURITY_GROUP)
        return is_ec2_id(text, STR("sg-"));
    if (type == TYPE_ROLE)
        return is_role_arn(text) || is_role_name(text);
    if (type == TYPE_ACCESS_KEY)
        return is_access_key(text);
    return is_plain_name(text); /* host, user */
}

/* Numbers and truth as the text that spells them: vendors disagree about quoting. */
static enum err to_text(struct arena *arena, value v, value *ret_value)
{
    if (v.kind == VALUE_TEXT) {
        *ret_value = v;
    } else if (v.kind == VALUE_BOOL || number_is(v) || v.kind == VALUE_IP
               || v.kind == VALUE_SEVERITY || v.kind == VALUE_VERDICT) {
        str text = value_print(arena, v);
        if (text.ptr == NULL)
            return ERR_MEMORY;
        *ret_value = value_text(text);
    }
    return ERR_OK;
}

static enum err to_identifier(struct arena *arena, value v, enum type type, value *ret_value)
{
    value text = VALUE_NONE;
    TRY(to_text(arena, v, &text));
    if (text.kind == VALUE_TEXT && identifier_fits(value_str(text), type))
        *ret_value = text;
    return ERR_OK;
}

static enum err to_ip(struct arena *arena, value v, enum value_kind kind, value *ret_value)
{
    struct ip parsed;
    if (v.kind == kind || (kind == VALUE_CIDR && v.kind == VALUE_IP)) {
        *ret_value = v;
        ret_value->kind = kind;
        return ERR_OK;
    }
    if (v.kind != VALUE_TEXT
        || !(
            kind == VALUE_IP ? ip_parse(value_str(v), &parsed) : cidr_parse(value_str(v), &parsed)))
        return ERR_OK;
    struct ip *ip = ARENA_NEW(arena, struct ip);
    if (ip == NULL)
        return ERR_MEMORY;
    *ip = parsed;
    *ret_value = (value){ .kind = kind, .ip = ip };
    return ERR_OK;
}

/* A raw number or truth may come quoted. */
static value unquote(value v)
{
    str text = value_str(v);
    value number;
    if (v.kind != VALUE_TEXT)
        return v;
    if (number_parse(text, &number))
        return number;
    if (fold_equal(text, STR("true")) || fold_equal(text, STR("false")))
        return value_bool(fold_equal(text, STR("true")));
    return v;
}

static value to_number(value v, enum type type)
{
    value number = unquote(v);
    if (type == TYPE_BOOL)
        return number.kind == VALUE_BOOL ? number : VALUE_NONE;
    if (type == TYPE_DECIMAL && number.kind == VALUE_INTEGER)
        return (value){ .kind = VALUE_DECIMAL, .decimal = (double)number.integer };
    if (type == TYPE_DECIMAL)
        return number.kind == VALUE_DECIMAL ? number : VALUE_NONE;
    if (number.kind == VALUE_DECIMAL && number.decimal >= -9007199254740992.0
        && number.decimal <= 9007199254740992.0) {
        int64_t whole = (int64_t)number.decimal; /* 7.0 is a whole number, 7.5 is none */
        return (double)whole == number.decimal ? value_integer(whole) : VALUE_NONE;
    }
    return number.kind == VALUE_INTEGER ? number : VALUE_NONE;
}

static value to_word(value v, enum type type)
{
    enum severity severity;
    enum verdict verdict;
    if (type == TYPE_SEVERITY) {
        if (v.kind == VALUE_SEVERITY)
            return v;
        if (severity_find(value_str(v), &severity))
            return (value){ .kind = VALUE_SEVERITY, .integer = severity };
    } else {
        if (v.kind == VALUE_VERDICT)
            return v;
        if (verdict_find(value_str(v), &verdict))
            return (value){ .kind = VALUE_VERDICT, .integer = verdict };
    }
    return VALUE_NONE;
}

static value to_moment(value v, enum type type)
{
    int64_t ms;
    enum value_kind kind = type == TYPE_TIME ? VALUE_TIME : VALUE_DURATION;
    if (v.kind == kind)
        return v;
    bool fits =
        v.kind == VALUE_TEXT
        && (type == TYPE_TIME ? time_parse(value_str(v), &ms) : duration_parse(value_str(v), &ms));
    return fits ? (value){ .kind = kind, .milliseconds = ms } : VALUE_NONE;
}

static enum err scalar_convert(struct arena *arena, value v, enum type type, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (v.kind == VALUE_NULL) { /* `is null` still sees it */
        *ret_value = v;
        return ERR_OK;
    }
    switch (type) {
    case TYPE_RAW:
        *ret_value = v;
        return ERR_OK;
    case TYPE_BOOL:
    case TYPE_INTEGER:
    case TYPE_DECIMAL:
        *ret_value = to_number(v, type);
        return ERR_OK;
    case TYPE_TEXT:
    case TYPE_SOURCE:
        return to_text(arena, v, ret_value);
    case TYPE_IP:
        return to_ip(arena, v, VALUE_IP, ret_value);
    case TYPE_CIDR:
        return to_ip(arena, v, VALUE_CIDR, ret_value);
    case TYPE_TIME:
    case TYPE_DURATION:
        *ret_value = to_moment(v, type);
        return ERR_OK;
    case TYPE_SEVERITY:
    case TYPE_VERDICT:
        *ret_value = to_word(v, type);
        return ERR_OK;
    case TYPE_REGEX:
        if (v.kind == VALUE_REGEX)
            *ret_value = v;
        return ERR_OK;
    case TYPE_ZONE: /* its name is no zone: only the compiler reads the database */
        if (v.kind == VALUE_ZONE)
            *ret_value = v;
        return ERR_OK;
    case TYPE_ACCOUNT:
    case TYPE_REGION:
    case TYPE_HOST:
    case TYPE_INSTANCE:
    case TYPE_ROLE:
    case TYPE_SECURITY_GROUP:
    case TYPE_USER:
    case TYPE_ACCESS_KEY:
        return to_identifier(arena, v, type, ret_value);
    case TYPE_COUNT:
        return ERR_OK;
    }
    return ERR_OK;
}

enum err value_convert(struct arena *arena, value v, enum type type, value *ret_value)
{
    const value *items = value_items(v);
    bool is_empty_list = v.kind == VALUE_LIST && v.count == 0; /* it may have no items at all */
    if (type == TYPE_RAW || is_empty_list) {
        *ret_value = v;
        return ERR_OK;
    }
    if (items == NULL)
        return scalar_convert(arena, v, type, ret_value);
    value *converted = ARENA_ARRAY(arena, value, v.count);
    uint32_t count = 0;
    bool has_null = false;
    if (converted == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < v.count; i++) {
        TRY(scalar_convert(arena, items[i], type, &converted[count]));
        has_null = has_null || converted[count].kind == VALUE_NULL;
        count += converted[count].kind != VALUE_ABSENT && converted[count].kind != VALUE_NULL;
    }
    if (count > 0)
        *ret_value = value_list(converted, count);
    else
        *ret_value = has_null ? (value){ .kind = VALUE_NULL } : VALUE_NONE;
    return ERR_OK;
}
