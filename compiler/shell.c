/* shell.c - see shell.h. */
#include "shell.h"

#include <string.h>

static bool is_plain(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9') || byte >= 0x80
           || (byte != '\0' && strchr("._/-+:@%,=", byte) != NULL);
}

str shell_word(struct arena *arena, str text)
{
    size_t plain = 0;
    while (plain < text.len && is_plain((unsigned char)text.ptr[plain]))
        plain++;
    if (plain == text.len && text.len > 0)
        return text;
    char *word = arena_array(arena, text.len + 1, 4, 1); /* a quote becomes '\'' */
    if (word == NULL)
        return text;
    size_t written = 0;
    word[written++] = '\'';
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '\'') {
            memcpy(word + written, "'\\'", 3);
            written += 3;
        }
        word[written++] = text.ptr[at];
    }
    word[written++] = '\'';
    word[written] = '\0';
    return (str){ word, written };
}
