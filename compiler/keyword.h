/* keyword.h - the words of the language; the rows are in grammar/keywords.def. */
#pragma once

#include "base/str.h"

enum keyword_kind {
    KEYWORD_RESERVED,
    KEYWORD_ITEM,
    KEYWORD_VERB,
    KEYWORD_CONTEXTUAL,
};

struct keyword {
    const char *word;
    enum keyword_kind kind;
    const char *meaning;
};

enum {
#define KEYWORD(word, kind, meaning) KEYWORD_OF_##word,
#include "keywords.def"
#undef KEYWORD
    KEYWORD_COUNT
};

/* In alphabetical order; static. `index` is below KEYWORD_COUNT. */
const struct keyword *keyword_at(int index);
/* The index of a word as written, or KEYWORD_COUNT. */
int keyword_find(str word);
/* Whether `word` is a keyword of that kind. */
bool keyword_is(str word, enum keyword_kind kind);
