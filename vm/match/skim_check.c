/* skim_check.c - see skim_check.h. */
#include "match/skim_check.h"

#include "number.h"

size_t skim_check_number(str json, size_t at)
{
    size_t end = at + number_bytes(str_skip(json, at));
    return end > at && end < json.len && check_delimits(json.ptr[end]) ? end : 0;
}

size_t skim_check_near_end(str json, size_t at)
{
    static const str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };
    str text = str_skip(json, at);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (text.len > words[i].len && str_startswith(text, words[i]))
            return check_delimits(text.ptr[words[i].len]) ? at + words[i].len : 0;
    return skim_check_number(json, at);
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool skim_check_escape(str json, size_t at)
{
    str escape = str_skip(json, at);
    if (escape.len == 0 || escape.ptr[0] == '\0' || strchr("/bfnrtu", escape.ptr[0]) == NULL)
        return false;
    if (escape.ptr[0] != 'u')
        return true;
    for (size_t i = 1; i <= 4; i++)
        if (i >= escape.len || !is_hex((unsigned char)escape.ptr[i]))
            return false;
    return true;
}

/* ---- a whole text, byte by byte ---- */

/* What the bytes in front of a word leave behind. */
struct quoting {
    bool in_string;
    bool is_escaped; /* the next byte */
};

static void add_outside(struct skim_word *word, char c, uint64_t place)
{
    word->opens |= c == '{' || c == '[' ? place : 0;
    word->closes |= c == '}' || c == ']' ? place : 0;
    word->commas |= c == ',' ? place : 0;
    word->colons |= c == ':' ? place : 0;
    word->spaces |= c == ' ' || c == '\t' || c == '\n' || c == '\r' ? place : 0;
    word->digits |= c >= '0' && c <= '9' ? place : 0;
    word->zeros |= c == '0' ? place : 0;
}

static struct skim_word word_at(str json, size_t at, struct quoting *quoting)
{
    struct skim_word word = { .quotes = 0 };
    for (unsigned bit = 0; bit < SKIM_WORD_BYTES; bit++, at++) {
        char c = at < json.len ? json.ptr[at] : ' ';
        uint64_t place = (uint64_t)1 << bit;
        bool is_escaped = quoting->is_escaped;
        bool is_quote = c == '"' && !is_escaped;
        quoting->is_escaped = c == '\\' && !is_escaped;
        quoting->in_string = quoting->in_string != is_quote;
        word.quotes |= is_quote ? place : 0;
        word.in_string |= quoting->in_string ? place : 0;
        word.escaped_others |= is_escaped && c != '"' && c != '\\' ? place : 0;
        if (!quoting->in_string && !is_quote)
            add_outside(&word, c, place);
    }
    return word;
}

bool skim_check(str json)
{
    struct skim_check check = check_start(json);
    struct quoting quoting = { .in_string = false };
    if (json.len > ALERT_BYTES_MAX || json.ptr == NULL)
        return false;
    for (size_t at = 0; at < json.len; at += SKIM_WORD_BYTES) {
        struct skim_word word = word_at(json, at, &quoting);
        check_word(&check, &word);
    }
    return check_end(&check);
}
