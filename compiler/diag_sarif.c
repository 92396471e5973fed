/* diag_sarif.c - the SARIF form: OASIS Static Analysis Results Interchange Format 2.1.0,
 * as code scanning of GitHub and editors read it.
 *
 * One run; columns count code points from 1; only the rules that were broken are listed.
 */
#include "base/json_writer.h"
#include "diag_forms.h"

/* What the first digits of a code are about; the table at the head of diagnostics.def. */
static const struct {
    const char *prefix;
    const char *tag;
} topics[] = {
    { "CDR00", "syntax" },
    { "CDR01", "names-and-types" },
    { "CDR02", "steps" },
    { "CDR03", "lint" },
    { "CDR09", "not-in-this-build" },
};

struct sarif {
    struct json_writer json;
    const struct diag_report *report;
    uint32_t rule_of[DIAG_COUNT]; /* the index of a rule among those listed, plus 1 */
    uint32_t rule_count;
};

static const char *level_of(enum diag_id id)
{
    switch (diag_severity(id)) {
    case DIAG_INFO:
        return "note";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "error";
}

/* ---- pieces ---- */

static void add_message(struct json_writer *json, const char *key, str text)
{
    json_open(json, key, '{');
    json_text(json, "text", text);
    json_close(json, '}');
}

/* RFC 3986: what is neither unreserved nor a slash is percent-encoded, so that no name
 * has a scheme, a query or a fragment by accident. */
static bool is_plain_in_uri(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/'
           || c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_uri(struct sarif *sarif, str file)
{
    static const char hex[] = "0123456789ABCDEF";
    CLEANUP(buf_release) struct buf uri = BUF_INIT(sarif->json.out->limit);
    str path = diag_path(file);
    if (str_startswith(path, STR("/")))
        buf_add(&uri, STR("file://"));
    for (size_t i = 0; i < path.len; i++) {
        unsigned char byte = (unsigned char)path.ptr[i];
        if (is_plain_in_uri(path.ptr[i])) {
            buf_add_byte(&uri, path.ptr[i]);
            continue;
        }
        buf_add_byte(&uri, '%');
        buf_add_byte(&uri, hex[byte >> 4]);
        buf_add_byte(&uri, hex[byte & 15]);
    }
    if (uri.err != ERR_OK && sarif->json.out->err == ERR_OK)
        sarif->json.out->err = uri.err;
    json_text(&sarif->json, "uri", buf_str(&uri));
}

static void add_artifact(struct sarif *sarif, const char *key, str file)
{
    json_open(&sarif->json, key, '{');
    add_uri(sarif, file);
    json_close(&sarif->json, '}');
}

static void add_region(struct sarif *sarif, const char *key, const struct source *source, span at)
{
    struct place start = source_place(source, at.start);
    struct place end = source_place(source, at.end);
    json_open(&sarif->json, key, '{');
    json_number(&sarif->json, "startLine", start.line);
    json_number(&sarif->json, "startColumn", start.column);
    json_number(&sarif->json, "endLine", end.line);
    json_number(&sarif->json, "endColumn", end.column);
    json_close(&sarif->json, '}');
}

/* The members of a location; nothing for a place outside of every file. */
static void add_physical(struct sarif *sarif, span at)
{
    const struct source *source = diag_source(sarif->report->sources, at);
    if (source == NULL)
        return;
    json_open(&sarif->json, "physicalLocation", '{');
    add_artifact(sarif, "artifactLocation", source->file);
    add_region(sarif, "region", source, at);
    json_close(&sarif->json, '}');
}

/* ---- the tool and its rules ---- */

/* UNKNOWN_NAME is called UnknownName there. */
static void add_rule_name(struct json_writer *json, const char *name)
{
    char text[64];
    size_t len = 0;
    bool is_first = true;
    for (const char *c = name; *c != '\0' && len < sizeof text; c++) {
        bool is_letter = *c >= 'A' && *c <= 'Z';
        if (*c != '_')
            text[len++] = is_letter && !is_first ? (char)(*c - 'A' + 'a') : *c;
        is_first = *c == '_';
    }
    json_text(json, "name", (str){ text, len });
}

static void add_rule(struct sarif *sarif, enum diag_id id)
{
    struct json_writer *json = &sarif->json;
    const char *code = diag_code(id);
    json_open(json, NULL, '{');
    json_text(json, "id", str_from(code));
    add_rule_name(json, diag_name(id));
    add_message(json, "shortDescription", str_from(diag_summary(id)));
    add_message(json, "fullDescription", str_from(diag_summary(id)));
    json_open(json, "help", '{');
    json_text(json, "text", str_from(diag_explanation(id)));
    json_text(json, "markdown", str_from(diag_explanation(id)));
    json_close(json, '}');
    json_open(json, "defaultConfiguration", '{');
    json_text(json, "level", str_from(level_of(id)));
    json_close(json, '}');
    json_open(json, "properties", '{');
    json_open(json, "tags", '[');
    for (size_t i = 0; i < COUNT_OF(topics); i++)
        if (str_startswith(str_from(code), str_from(topics[i].prefix)))
            json_text(json, NULL, str_from(topics[i].tag));
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
}

static void add_tool(struct sarif *sarif)
{
    struct json_writer *json = &sarif->json;
    json_open(json, "tool", '{');
    json_open(json, "driver", '{');
    json_text(json, "name", STR("cdr"));
    if (sarif->report->version != NULL)
        json_text(json, "version", str_from(sarif->report->version));
    json_open(json, "rules", '[');
    for (const struct diag *diag = sarif->report->diags->first; diag != NULL; diag = diag->next) {
        if (sarif->rule_of[diag->id] > 0)
            continue;
        sarif->rule_of[diag->id] = ++sarif->rule_count;
        add_rule(sarif, diag->id);
    }
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
}

/* ---- how the run went ---- */

static void add_notification(struct sarif *sarif, const char *level, str message, str file)
{
    struct json_writer *json = &sarif->json;
    json_open(json, NULL, '{');
    json_text(json, "level", str_from(level));
    add_message(json, "message", message);
    if (file.len > 0) {
        json_open(json, "locations", '[');
        json_open(json, NULL, '{');
        json_open(json, "physicalLocation", '{');
        add_artifact(sarif, "artifactLocation", file);
        json_close(json, '}');
        json_close(json, '}');
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void add_invocation(struct sarif *sarif)
{
    struct json_writer *json = &sarif->json;
    const struct diag_report *report = sarif->report;
    uint32_t omitted = diag_omitted(report->diags);
    json_open(json, "invocations", '[');
    json_open(json, NULL, '{');
    json_bool(json, "executionSuccessful", report->unread_count == 0);
    json_open(json, "toolExecutionNotifications", '[');
    for (size_t i = 0; i < report->unread_count; i++)
        add_notification(
            sarif, "error", str_from(report->unread[i].reason), report->unread[i].file);
    if (omitted > 0) {
        CLEANUP(buf_release) struct buf text = BUF_INIT(json->out->limit);
        buf_addf(&text, "%u more findings are not listed", omitted);
        add_notification(sarif, "warning", buf_str(&text), STR(""));
    }
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
}

static void add_artifacts(struct sarif *sarif)
{
    const struct sources *sources = sarif->report->sources;
    json_open(&sarif->json, "artifacts", '[');
    for (uint32_t file = 0; file < sources->count; file++) {
        if (sources->items[file].is_shipped)
            continue;
        json_open(&sarif->json, NULL, '{');
        add_artifact(sarif, "location", sources->items[file].file);
        json_close(&sarif->json, '}');
    }
    json_close(&sarif->json, ']');
}

/* ---- results ---- */

static void add_fix(struct sarif *sarif, const struct diag_fix *fix)
{
    struct json_writer *json = &sarif->json;
    const struct source *source = diag_source(sarif->report->sources, fix->at);
    if (source == NULL)
        return;
    json_open(json, "fixes", '[');
    json_open(json, NULL, '{');
    add_message(json, "description", fix->message);
    json_open(json, "artifactChanges", '[');
    json_open(json, NULL, '{');
    add_artifact(sarif, "artifactLocation", source->file);
    json_open(json, "replacements", '[');
    json_open(json, NULL, '{');
    add_region(sarif, "deletedRegion", source, fix->at);
    add_message(json, "insertedContent", fix->text);
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
}

static void add_related(struct sarif *sarif, const struct diag *diag)
{
    struct json_writer *json = &sarif->json;
    uint32_t id = 0;
    json_open(json, "relatedLocations", '[');
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        json_open(json, NULL, '{');
        json_number(json, "id", ++id);
        add_physical(sarif, note->at);
        add_message(json, "message", note->message);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* The message with its way out: readers of SARIF show nothing else of a result. */
static void add_result_message(struct json_writer *json, const struct diag *diag)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(json->out->limit);
    buf_add(&text, diag->message);
    if (diag->help.len > 0) {
        buf_add(&text, STR("\nhelp: "));
        buf_add(&text, diag->help);
    }
    if (text.err != ERR_OK && json->out->err == ERR_OK)
        json->out->err = text.err;
    add_message(json, "message", buf_str(&text));
}

static void add_result(
    struct sarif *sarif, const struct diag *diag, const struct diag_fingerprint *fingerprint)
{
    struct json_writer *json = &sarif->json;
    json_open(json, NULL, '{');
    json_text(json, "ruleId", str_from(diag_code(diag->id)));
    json_number(json, "ruleIndex", sarif->rule_of[diag->id] - 1);
    json_text(json, "level", str_from(level_of(diag->id)));
    add_result_message(json, diag);
    json_open(json, "locations", '[');
    if (diag_source(sarif->report->sources, diag->at) != NULL) {
        json_open(json, NULL, '{');
        add_physical(sarif, diag->at);
        json_close(json, '}');
    }
    json_close(json, ']');
    if (diag->notes != NULL)
        add_related(sarif, diag);
    json_open(json, "partialFingerprints", '{');
    json_text(json, "primaryLocationLineHash", str_from(fingerprint->text));
    json_close(json, '}');
    if (diag->fix != NULL)
        add_fix(sarif, diag->fix);
    json_close(json, '}');
}

enum err diag_sarif_print(const struct diag_report *report, struct buf *out)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(report->diags->arena->limit);
    const struct diag_fingerprint *fingerprints;
    TRY(diag_fingerprints(report, &arena, &fingerprints));
    struct sarif sarif = { .json = { .out = out }, .report = report };
    struct json_writer *json = &sarif.json;
    json_open(json, NULL, '{');
    json_text(json, "$schema",
        STR("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
            "sarif-schema-2.1.0.json"));
    json_text(json, "version", STR("2.1.0"));
    json_open(json, "runs", '[');
    json_open(json, NULL, '{');
    add_tool(&sarif);
    add_invocation(&sarif);
    json_text(json, "columnKind", STR("unicodeCodePoints"));
    add_artifacts(&sarif);
    json_open(json, "results", '[');
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next)
        add_result(&sarif, diag, fingerprints++);
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
    buf_add_byte(out, '\n');
    return out->err;
}
