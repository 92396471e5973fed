/* diag_junit.c - the JUnit form, as CI systems show tests: a suite a file, a case a finding.
 *
 * A finding fails its case when it makes `cdr check` end with 1. A file without findings
 * is one case that passes; a file that cannot be read is one with an error.
 */
#include "diag_forms.h"
#include "xml_text.h"

struct junit {
    const struct diag_report *report;
    struct buf *out;
};

struct tally {
    uint32_t tests;
    uint32_t failures;
};

static void add_tally(struct junit *junit, struct tally tally, uint32_t errors)
{
    buf_addf(junit->out, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", tally.tests, tally.failures,
        errors);
}

static void begin_suite(struct junit *junit, str name, struct tally tally, uint32_t errors)
{
    buf_add(junit->out, STR("  <testsuite"));
    xml_attribute_add(junit->out, "name", name);
    add_tally(junit, tally, errors);
    buf_add(junit->out, STR(" skipped=\"0\">\n"));
}

static void end_suite(struct junit *junit)
{
    buf_add(junit->out, STR("  </testsuite>\n"));
}

/* A message and its way out, one a line. */
static void add_words(struct junit *junit, const struct diag *diag)
{
    xml_text_add(junit->out, diag->message);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        buf_add(junit->out, STR("\nnote: "));
        xml_text_add(junit->out, note->message);
    }
    if (diag->help.len > 0) {
        buf_add(junit->out, STR("\nhelp: "));
        xml_text_add(junit->out, diag->help);
    }
}

static void add_case(struct junit *junit, const struct diag *diag, str file)
{
    const char *code = diag_code(diag->id);
    const char *severity = diag_severity_name(diag->severity);
    const struct source *source = diag_source(junit->report->sources, diag->at);
    buf_add(junit->out, STR("    <testcase"));
    xml_attribute_add(junit->out, "classname", file);
    if (source == NULL) {
        buf_addf(junit->out, " name=\"%s\"", code);
    } else {
        struct place place = source_place(source, diag->at.start);
        buf_addf(junit->out, " name=\"%s at %u:%u\"", code, place.line, place.column);
        xml_attribute_add(junit->out, "file", file);
        buf_addf(junit->out, " line=\"%u\"", place.line);
    }
    bool fails = diag_fails(junit->report, diag);
    buf_addf(junit->out, ">\n      %s", fails ? "<failure" : "<system-out>");
    if (fails) {
        buf_addf(junit->out, " type=\"%s\"", severity);
        xml_attribute_add(junit->out, "message", diag->message);
        buf_add_byte(junit->out, '>');
    } else {
        buf_addf(junit->out, "%s: ", severity);
    }
    add_words(junit, diag);
    buf_addf(junit->out, "</%s>\n    </testcase>\n", fails ? "failure" : "system-out");
}

/* The findings from `first` on that are in the same file. */
static struct tally tally_of(
    const struct diag_report *report, const struct diag *first, uint32_t file)
{
    struct tally tally = { 0, 0 };
    for (const struct diag *diag = first; diag != NULL && diag->at.file == file;
         diag = diag->next) {
        tally.tests++;
        tally.failures += diag_fails(report, diag);
    }
    return tally;
}

/* The suite of one file, whose findings begin at `diag`; the first that is not its own. */
static const struct diag *add_suite(
    struct junit *junit, const struct diag *diag, uint32_t file, str name)
{
    struct tally tally = tally_of(junit->report, diag, file);
    bool is_clean = tally.tests == 0;
    tally.tests += is_clean;
    begin_suite(junit, name, tally, 0);
    if (is_clean) {
        buf_add(junit->out, STR("    <testcase"));
        xml_attribute_add(junit->out, "classname", name);
        buf_add(junit->out, STR(" name=\"no findings\""));
        xml_attribute_add(junit->out, "file", name);
        buf_add(junit->out, STR("/>\n"));
    }
    for (; diag != NULL && diag->at.file == file; diag = diag->next)
        add_case(junit, diag, name);
    end_suite(junit);
    return diag;
}

static void add_unread(struct junit *junit, const struct diag_unread *unread)
{
    str name = diag_path(unread->file);
    begin_suite(junit, name, (struct tally){ 1, 0 }, 1);
    buf_add(junit->out, STR("    <testcase"));
    xml_attribute_add(junit->out, "classname", name);
    buf_add(junit->out, STR(" name=\"can be read\""));
    xml_attribute_add(junit->out, "file", name);
    buf_add(junit->out, STR(">\n      <error type=\"unreadable\""));
    xml_attribute_add(junit->out, "message", str_from(unread->reason));
    buf_add(junit->out, STR("/>\n    </testcase>\n"));
    end_suite(junit);
}

static void add_suites(struct junit *junit)
{
    const struct sources *sources = junit->report->sources;
    const struct diag *diag = junit->report->diags->first;
    for (uint32_t file = 0; file < sources->count; file++) {
        const struct source *source = &sources->items[file];
        if (!source->is_shipped || (diag != NULL && diag->at.file == file))
            diag = add_suite(junit, diag, file, diag_path(source->file));
    }
    while (diag != NULL)
        diag = add_suite(junit, diag, diag->at.file, STR("cdr"));
    for (size_t i = 0; i < junit->report->unread_count; i++)
        add_unread(junit, &junit->report->unread[i]);
}

/* What the suites add up to. */
static struct tally tally_all(const struct diag_report *report)
{
    const struct diag *diag = report->diags->first;
    struct tally all = { (uint32_t)report->unread_count, 0 };
    for (uint32_t file = 0; file < report->sources->count; file++) {
        struct tally tally = tally_of(report, diag, file);
        all.tests += tally.tests > 0 || report->sources->items[file].is_shipped ? tally.tests : 1;
        for (; diag != NULL && diag->at.file == file; diag = diag->next)
            all.failures += diag_fails(report, diag);
    }
    for (; diag != NULL; diag = diag->next) {
        all.tests++;
        all.failures += diag_fails(report, diag);
    }
    return all;
}

enum err diag_junit_print(const struct diag_report *report, struct buf *out)
{
    struct junit junit = { report, out };
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cdr check\""));
    add_tally(&junit, tally_all(report), (uint32_t)report->unread_count);
    buf_add(out, STR(">\n"));
    add_suites(&junit);
    buf_add(out, STR("</testsuites>\n"));
    return out->err;
}
