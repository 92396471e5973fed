/* suggest.c - see suggest.h. */
#include "driver/suggest.h"

#include <ctype.h>

enum { WORD_MAX = 64, EDITS_MAX = 2 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int letter(str word, size_t at)
{
    return tolower((unsigned char)word.ptr[at]);
}

/* Edits between two words of at most WORD_MAX bytes: insert, delete, replace, or swap
 * two neighbours (optimal string alignment). */
static size_t edits(str a, str b)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = letter(a, i - 1) == letter(b, j - 1);
            now[j] = least(least(now[j - 1], above[j]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2)
                && letter(a, i - 2) == letter(b, j - 1))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

void suggest_offer(struct suggestion *suggestion, str candidate)
{
    str word = suggestion->word;
    if (word.len == 0 || word.len > WORD_MAX || candidate.len > WORD_MAX)
        return;
    size_t distance = edits(word, candidate);
    if (distance > EDITS_MAX || distance * 2 > word.len)
        return;
    if (suggestion->best.len > 0 && distance >= suggestion->distance)
        return;
    suggestion->best = candidate;
    suggestion->distance = distance;
}
