#include "talk/xml.h"

#include "base/buf.h"
#include "base/limits.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

/* What the callbacks build. */
struct reader {
    struct arena *arena;
    xmlParserCtxtPtr parser;
    struct xml *root;
    struct xml *open; /* innermost element that has not ended */
    struct buf text;  /* since it began */
    enum err err;
};

static void reader_stop(struct reader *reader, enum err err)
{
    reader->err = err;
    xmlStopParser(reader->parser);
}

/* A document type may define entities and name other files; no reply has one. */
static void on_document_type(
    void *self, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    reader_stop(self, ERR_INVALID);
}

static void element_append(struct reader *reader, struct xml *node)
{
    struct xml *parent = reader->open;
    node->parent = parent;
    if (parent == NULL)
        reader->root = node;
    else if (parent->last == NULL)
        parent->child = node;
    else
        parent->last->next = node;
    if (parent != NULL)
        parent->last = node;
    reader->open = node;
}

static void on_start(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
    int namespaces_count, const xmlChar **namespaces, int attributes_count, int defaulted_count,
    const xmlChar **attributes)
{
    (void)prefix;
    (void)uri;
    (void)namespaces_count;
    (void)namespaces;
    (void)attributes_count;
    (void)defaulted_count;
    (void)attributes;
    struct reader *reader = self;
    if (reader->err != ERR_OK)
        return;
    struct xml *node = ARENA_NEW(reader->arena, struct xml);
    str copy =
        node == NULL ? (str){ NULL, 0 } : arena_copy(reader->arena, str_from((const char *)name));
    if (copy.ptr == NULL) {
        reader_stop(reader, ERR_MEMORY);
        return;
    }
    *node = (struct xml){ .name = copy, .text = { "", 0 } };
    element_append(reader, node);
    buf_clear(&reader->text);
}

/* libxml2 may go on after a failed allocation and end with another complaint. */
static void on_error(void *self, xmlErrorPtr error)
{
    struct reader *reader = self;
    if (error->code == XML_ERR_NO_MEMORY && reader->err == ERR_OK)
        reader->err = ERR_MEMORY;
}

static void on_text(void *self, const xmlChar *text, int len)
{
    struct reader *reader = self;
    buf_add(&reader->text, (str){ (const char *)text, (size_t)len });
    if (reader->text.err != ERR_OK && reader->err == ERR_OK)
        reader_stop(reader, reader->text.err);
}

static void on_end(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name;
    (void)prefix;
    (void)uri;
    struct reader *reader = self;
    struct xml *node = reader->open;
    if (reader->err != ERR_OK || node == NULL)
        return;
    if (node->child == NULL && reader->text.len > 0) {
        node->text = arena_copy(reader->arena, buf_str(&reader->text));
        if (node->text.ptr == NULL) {
            reader_stop(reader, ERR_MEMORY);
            return;
        }
    }
    buf_clear(&reader->text);
    reader->open = node->parent;
}

static void reader_run(struct reader *reader)
{
    xmlParserCtxtPtr parser = reader->parser;
    *parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_document_type,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .serror = on_error,
    };
    parser->userData = reader;
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int failed = xmlParseDocument(parser);
    if (reader->err != ERR_OK)
        return;
    if (failed != 0 || !parser->wellFormed || reader->root == NULL || reader->open != NULL)
        reader->err = ERR_INVALID;
}

static enum err reader_parse(struct reader *reader, str body)
{
    reader->parser = xmlCreateMemoryParserCtxt(body.ptr, (int)body.len);
    if (reader->parser == NULL)
        return ERR_MEMORY;
    reader_run(reader);
    xmlFreeDoc(reader->parser->myDoc); /* never made here; libxml2 leaves it to its user */
    xmlFreeParserCtxt(reader->parser);
    return reader->err;
}

enum err xml_parse(struct arena *arena, str body, const struct xml **ret_root)
{
    if (body.len > REPLY_BYTES_MAX)
        return ERR_LIMIT;
    if (body.len == 0)
        return ERR_INVALID;
    struct reader reader = { .arena = arena, .text = BUF_INIT(REPLY_BYTES_MAX) };
    /* What fails outside of a parser, libxml2 prints by a handler of the thread: ours for
     * the time being. */
    xmlStructuredErrorFunc was = xmlStructuredError;
    void *was_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(&reader, on_error);
    enum err err = reader_parse(&reader, body);
    xmlSetStructuredErrorFunc(was_context, was);
    buf_release(&reader.text);
    if (err == ERR_OK)
        *ret_root = reader.root;
    return err;
}

static const struct xml *named_from(const struct xml *node, str name)
{
    while (node != NULL && !str_equal(node->name, name))
        node = node->next;
    return node;
}

const struct xml *xml_find(const struct xml *node, const char *path)
{
    for (str rest = str_from(path); node != NULL && rest.len > 0;) {
        str name = str_first(rest, str_find(rest, '/'));
        rest = str_skip(rest, name.len + 1);
        node = named_from(node->child, name);
    }
    return node;
}

const struct xml *xml_next(const struct xml *node)
{
    return node == NULL ? NULL : named_from(node->next, node->name);
}

str xml_text(const struct xml *node, const char *path)
{
    const struct xml *found = xml_find(node, path);
    return found == NULL ? (str){ "", 0 } : found->text;
}

bool xml_error(const struct xml *root, str *ret_code, str *ret_message)
{
    static const struct {
        const char *root;
        const char *path;
    } shapes[] = {
        { "Response", "Errors/Error" },
        { "ErrorResponse", "Error" },
        { "ErrorResponse", "Errors/Error" },
        { "Error", "" },
    };
    for (size_t at = 0; at < COUNT_OF(shapes) && root != NULL; at++) {
        const struct xml *error = xml_find(root, shapes[at].path);
        if (!str_is(root->name, shapes[at].root) || error == NULL)
            continue;
        *ret_code = xml_text(error, "Code");
        *ret_message = xml_text(error, "Message");
        return true;
    }
    return false;
}
