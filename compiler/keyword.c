/* keyword.c - the words of the language. */
#include "keyword.h"

static const struct keyword keywords[KEYWORD_COUNT] = {
#define KEYWORD(word_, kind_, meaning_)                                                            \
    [KEYWORD_OF_##word_] = { #word_, KEYWORD_##kind_, meaning_ },
#include "keywords.def"
#undef KEYWORD
};

const struct keyword *keyword_at(int index)
{
    return &keywords[index];
}

/* Below zero when `word` comes before `keyword`, above when after. */
static int compare(str word, const char *keyword)
{
    size_t len = strlen(keyword);
    int order = memcmp(word.ptr, keyword, word.len < len ? word.len : len);
    if (order != 0 || word.len == len)
        return order;
    return word.len < len ? -1 : 1;
}

int keyword_find(str word)
{
    int low = 0;
    int high = word.len == 0 ? 0 : KEYWORD_COUNT;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = compare(word, keywords[middle].word);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return KEYWORD_COUNT;
}

bool keyword_is(str word, enum keyword_kind kind)
{
    int index = keyword_find(word);
    return index < KEYWORD_COUNT && keywords[index].kind == kind;
}
