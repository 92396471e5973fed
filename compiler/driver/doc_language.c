/* doc_language.c - see doc.h: the tables of the language as a page. */
#include "driver/doc.h"

#include "keyword.h"
#include "registry.h"

struct field_row {
    const char *name;
    enum type type;
    bool is_untrusted;
    const char *meaning;
};

struct type_row {
    const char *name;
    bool is_identifier;
    const char *meaning;
};

static void add_fields(struct buf *out)
{
    static const struct field_row rows[] = {
#define FIELD(id, name, type, untrusted, meaning) { name, TYPE_##type, untrusted, meaning },
#include "fields.def"
#undef FIELD
    };
    buf_add(out, STR("\n## Fields\n\nText that an attacker may have written may fill a message and "
                     "does not choose a target.\n\n"
                     "| field | type | written by an attacker? | meaning |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_addf(out, "| `%s` | %s | %s | %s |\n", rows[i].name, type_name(rows[i].type),
            rows[i].is_untrusted ? "perhaps" : "no", rows[i].meaning);
    buf_add(out, STR("| `raw[\"a.b\"]` | raw | perhaps | the vendor's own JSON: the literal key, "
                     "then the path |\n"));
}

static void add_types(struct buf *out)
{
    static const struct type_row rows[] = {
#define TYPE(id, name, kind, identifier, meaning) { name, identifier, meaning },
#include "types.def"
#undef TYPE
    };
    buf_add(out, STR("\n## Types\n\nOnly an identifier selects a target.\n\n"
                     "| type | identifier? | meaning |\n|---|---|---|\n"));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_addf(out, "| %s | %s | %s |\n", rows[i].name, rows[i].is_identifier ? "yes" : "no",
            rows[i].meaning);
}

static void add_functions(struct buf *out)
{
    const struct function *row;
    buf_add(out, STR("\n## Functions\n\n| function | gives | does |\n|---|---|---|\n"));
    for (size_t i = 0; (row = function_at(i)) != NULL; i++) {
        buf_addf(out, "| `%s(", row->name);
        for (uint32_t param = 0; param < row->params_count; param++)
            buf_addf(out, "%s%s%s%s", param == 0 ? "" : ", ",
                param + row->optional_count >= row->params_count ? "[" : "",
                type_name(row->params[param]),
                param + row->optional_count >= row->params_count ? "]" : "");
        buf_addf(out, ")` | %s | %s |\n", type_name(row->returns), row->doc);
    }
}

static void add_texts(struct buf *out, const char *title, const char *const *texts, size_t room)
{
    for (size_t i = 0; i < room && texts[i] != NULL; i++)
        buf_addf(out, "%s`%s`", i == 0 ? title : ", ", texts[i]);
    if (texts[0] != NULL)
        buf_add(out, STR(".\n"));
}

/* `who` begins the line of a way. */
static void add_needs(struct buf *out, const char *who, const struct builtin *row)
{
    char needs[80];
    char undo[80];
    snprintf(needs, sizeof needs, "\n%sNeeds ", who);
    snprintf(undo, sizeof undo, "\n%sTo take back: ", who);
    add_texts(out, needs, row->permissions.apply, BUILTIN_PERMISSIONS_MAX);
    add_texts(out, undo, row->permissions.undo, BUILTIN_PERMISSIONS_MAX);
}

static void add_step(struct buf *out, const struct builtin *row)
{
    buf_addf(out, "\n### %s %s\n\n%s\n\nEffect: %s%s%s%s.", verb_name(row->verb), row->name,
        row->doc, builtin_is_alone(row) ? "changes nothing" : effect_name(row->effect),
        row->inverse == NULL ? "" : ", taken back by `", row->inverse == NULL ? "" : row->inverse,
        row->inverse == NULL ? "" : "`");
    if (row->provider != NULL)
        buf_addf(out, " Provider: %s.", row->provider);
    for (uint32_t at = 0; row->ways != NULL && row->ways[at] != NULL; at++)
        buf_addf(out, "%s%s%s", at == 0 ? " Providers: " : ", ", row->ways[at]->provider,
            row->ways[at + 1] == NULL ? "." : "");
    if (builtin_is_alone(row))
        buf_add(out, STR(" Needs no connection."));
    if (row->missing != NULL)
        buf_addf(out, " Not connected in this build: %s.", row->missing);
    buf_add(out, STR("\n\n"));
    for (uint32_t i = 0; i < builtin_param_count(row); i++) {
        const struct param *param = &row->params[i];
        if (param->is_filled)
            continue;
        buf_addf(out, "- `%s`: %s%s; %s%s", param->name, param->is_list ? "list of " : "",
            type_name(param->type), param->doc,
            param->need == PARAM_REQUIRED ? "; the rule must give it" : "");
        if (param->choices != NULL)
            buf_addf(out, param->fills ? "; always there: `%s`" : "; one of `%s`", param->choices);
        buf_add_byte(out, '\n');
    }
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(row, at)) != NULL; at++) {
        char who[64] = "";
        if (at > 0)
            snprintf(who, sizeof who, "By %s. ", part->provider);
        add_needs(out, who, part);
    }
}

static void add_keywords(struct buf *out)
{
    static const char *const kinds[] = { [KEYWORD_RESERVED] = "reserved",
        [KEYWORD_ITEM] = "begins an item",
        [KEYWORD_VERB] = "begins a step",
        [KEYWORD_CONTEXTUAL] = "in its place" };
    buf_add(out, STR("\n## Words\n\n| word | kind | meaning |\n|---|---|---|\n"));
    for (int i = 0; i < KEYWORD_COUNT; i++)
        buf_addf(out, "| `%s` | %s | %s |\n", keyword_at(i)->word, kinds[keyword_at(i)->kind],
            keyword_at(i)->meaning);
}

void doc_language(struct buf *out)
{
    buf_add(
        out, STR("# Reference\n\nThis page is made by `cdr doc --language` from the tables that "
                 "the compiler reads.\n"));
    add_fields(out);
    add_types(out);
    add_functions(out);
    add_keywords(out);
    const struct builtin *row;
    buf_add(out, STR("\n## Steps\n"));
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++)
        if (row->verb < VERB_UNDO)
            add_step(out, row);
    buf_add(out, STR("\n## Sources\n\n"));
    struct shipped_source source;
    for (size_t i = 0; (source = shipped_source_at(i)).file != NULL; i++)
        buf_addf(out, "- `%s`\n", source.file);
}
