/* suggest.c - Damerau-Levenshtein distance over names, bounded in length. */
#include "suggest.h"

enum { WORD_MAX = 64, DISTANCE_MAX = 2, SHORT_WORD = 3 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

unsigned edit_distance(str a, str b, unsigned most)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (a.len > WORD_MAX || b.len > WORD_MAX || difference > most)
        return most + 1;

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *second = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.ptr[i - 1]);
            char y = lower(b.ptr[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && y == lower(a.ptr[i - 2]))
                row[j] = least(row[j], second[j - 2] + 1, row[j]);
        }
    }
    unsigned distance = rows[a.len % 3][b.len];
    return distance > most ? most + 1 : distance;
}

/* Of equally near names the one that people mistype so: swapped or wrong letters are more
 * frequent than lost ones, and a first letter is seldom wrong. */
static unsigned strangeness(str word, str candidate)
{
    return (word.len != candidate.len ? 2 : 0)
           + (lower(word.ptr[0]) != lower(candidate.ptr[0]) ? 1 : 0);
}

void suggest(struct suggestion *suggestion, str candidate)
{
    str word = suggestion->word;
    unsigned most = word.len <= SHORT_WORD ? 1 : DISTANCE_MAX;
    unsigned distance = edit_distance(word, candidate, most);
    if (distance > most || candidate.len == 0 || word.len == 0)
        return;
    bool is_nearer = suggestion->best.len == 0 || distance < suggestion->distance
                     || (distance == suggestion->distance
                         && strangeness(word, candidate) < strangeness(word, suggestion->best));
    if (is_nearer) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
