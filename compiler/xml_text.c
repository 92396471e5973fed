/* xml_text.c - see xml_text.h. */
#include "xml_text.h"

#include "excerpt.h"

/* A character of XML, or a reference to it. */
static void add_byte(struct buf *out, char byte)
{
    switch (byte) {
    case '&':
        buf_add(out, STR("&amp;"));
        break;
    case '<':
        buf_add(out, STR("&lt;"));
        break;
    case '>':
        buf_add(out, STR("&gt;"));
        break;
    case '"':
        buf_add(out, STR("&quot;"));
        break;
    default:
        buf_add_byte(out, byte);
    }
}

void xml_text_add(struct buf *out, str text)
{
    CLEANUP(buf_release) struct buf scratch = BUF_INIT(out->limit);
    excerpt_add_safe(&scratch, text);
    str safe = buf_str(&scratch);
    for (size_t i = 0; i < safe.len; i++) {
        str rest = str_skip(safe, i);
        bool is_no_character =
            str_startswith(rest, STR("\xEF\xBF\xBE")) || str_startswith(rest, STR("\xEF\xBF\xBF"));
        add_byte(out, is_no_character ? '?' : safe.ptr[i]);
        i += is_no_character ? 2 : 0;
    }
    if (out->err == ERR_OK)
        out->err = scratch.err;
}

void xml_attribute_add(struct buf *out, const char *name, str text)
{
    buf_addf(out, " %s=\"", name);
    xml_text_add(out, text);
    buf_add_byte(out, '"');
}
