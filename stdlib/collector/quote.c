/* quote.c - any text as one word of a shell; see collector.h. */
#include "collector/collector.h"

#include "base/buf.h"
#include "base/utf8.h"

enum { QUOTED_BYTES_MAX = 4 * 1024 * 1024 };

/* What means something to who hands a script on, cut in two within the quotes: parameters of Systems
 * Manager, the marks of rest/late.h. */
static const struct {
    const char *text;
    size_t cut_at;
} handed_on[] = { { "{{", 1 }, { "}}", 1 }, { "cdr-late-", 3 } };

static bool is_cut(str text, size_t at)
{
    for (size_t mark = 0; mark < COUNT_OF(handed_on); mark++)
        if (at >= handed_on[mark].cut_at
            && str_startswith(
                str_skip(text, at - handed_on[mark].cut_at), str_from(handed_on[mark].text)))
            return true;
    return false;
}

/* POSIX, Shell Command Language, 2.2.2: within single quotes only a single quote is special. */
static void quote_posix(struct buf *out, str text)
{
    buf_add_byte(out, '\'');
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '\'')
            buf_add(out, STR("'\\'"));
        else if (is_cut(text, at))
            buf_add(out, STR("''"));
        buf_add_byte(out, text.ptr[at]);
    }
    buf_add_byte(out, '\'');
}

/* What PowerShell reads as a single quote (about_Quoting_Rules; CharTraits.cs of its source). */
static bool is_single_quote(uint32_t point)
{
    return point == '\'' || (point >= 0x2018 && point <= 0x201B);
}

/* Within single quotes two of them are one, of whichever kind: the second counts. */
static void quote_powershell(struct buf *out, str text)
{
    buf_add_byte(out, '\'');
    while (text.len > 0) {
        uint32_t point;
        size_t bytes = utf8_decode(text, &point, NULL);
        if (is_single_quote(point))
            buf_add(out, str_first(text, bytes));
        buf_add(out, str_first(text, bytes));
        text = str_skip(text, bytes);
    }
    buf_add_byte(out, '\'');
}

str collector_quote(struct arena *arena, enum platform platform, str text)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(QUOTED_BYTES_MAX);
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return (str){ NULL, 0 };
    if (platform == PLATFORM_WINDOWS)
        quote_powershell(&out, text);
    else
        quote_posix(&out, text);
    return out.err == ERR_OK ? arena_copy(arena, buf_str(&out)) : (str){ NULL, 0 };
}
