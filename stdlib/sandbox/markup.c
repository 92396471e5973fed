#include "sandbox/markup.h"
#include "base/percent.h"

/* U+FFFE and U+FFFF are text in UTF-8 and none in XML. */
static bool is_no_character(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

static void escape(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (is_no_character(text)) {
            buf_add(out, STR("\xef\xbf\xbd"));
            text += 2;
        } else if (byte == '&')
            buf_add(out, STR("&amp;"));
        else if (byte == '<')
            buf_add(out, STR("&lt;"));
        else if (byte == '>')
            buf_add(out, STR("&gt;"));
        else if (byte == '"')
            buf_add(out, STR("&quot;"));
        else if (byte == '\r')
            buf_add(out, STR("&#13;"));
        else if (byte < 0x20 && byte != '\t' && byte != '\n')
            buf_add(out, STR("\xef\xbf\xbd"));
        else
            buf_add_byte(out, *text);
    }
}

void markup_open(struct buf *out, const char *tag)
{
    buf_addf(out, "<%s>", tag);
}

void markup_close(struct buf *out, const char *tag)
{
    buf_addf(out, "</%s>", tag);
}

void markup_text(struct buf *out, const char *tag, const char *text)
{
    if (text == NULL)
        return;
    markup_open(out, tag);
    escape(out, text);
    markup_close(out, tag);
}

void markup_number(struct buf *out, const char *tag, long long number)
{
    buf_addf(out, "<%s>%lld</%s>", tag, number, tag);
}

void markup_flag(struct buf *out, const char *tag, bool flag)
{
    markup_text(out, tag, flag ? "true" : "false");
}

void markup_encoded(struct buf *out, const char *tag, const char *text)
{
    markup_open(out, tag);
    percent_encode(out, str_from(text), "");
    markup_close(out, tag);
}
