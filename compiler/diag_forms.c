/* diag_forms.c - what the forms of a report share. */
#include "diag_forms.h"

#include "base/limits.h"
#include "base/sha256.h"

#include <stdio.h>

/* GitHub reads this many results of a run and drops the rest. */
enum { SARIF_RESULTS_MAX = 25000, HASH_DIGITS = 16 };
static_assert((int)DIAGNOSTICS_MAX <= (int)SARIF_RESULTS_MAX, "every finding fits one SARIF run");

const struct source *diag_source(const struct sources *sources, span at)
{
    return at.file < sources->count ? &sources->items[at.file] : NULL;
}

str diag_path(str file)
{
    while (str_startswith(file, STR("./")) && file.len > 2)
        file = str_skip(file, 2);
    return file;
}

uint32_t diag_omitted(const struct diag_list *list)
{
    uint32_t counted = list->error_count + list->warning_count;
    uint32_t kept = 0;
    for (const struct diag *diag = list->first; diag != NULL; diag = diag->next)
        kept += diag->severity != DIAG_INFO;
    return counted - kept;
}

bool diag_fails(const struct diag_report *report, const struct diag *diag)
{
    return diag->severity >= report->fail_level;
}

/* Add `line` without its white space: a new indent makes no new finding. */
static void add_line(struct sha256 *sha256, str line)
{
    while (line.len > 0) {
        size_t word = 0;
        while (word < line.len && line.ptr[word] != ' ' && line.ptr[word] != '\t')
            word++;
        sha256_add(sha256, str_first(line, word));
        line = str_skip(line, word + 1);
    }
}

static enum err hash(
    const struct diag_report *report, const struct diag *diag, char ret_hex[static SHA256_HEX_SIZE])
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add_framed(&sha256, str_from(diag_code(diag->id)));
    const struct source *source = diag_source(report->sources, diag->at);
    if (source != NULL) {
        sha256_add_framed(&sha256, diag_path(source->file));
        if (!source->is_outside) /* a hash of a short line would tell it */
            add_line(&sha256, source_line(source, source_place(source, diag->at.start).line));
    }
    return sha256_end_hex(&sha256, ret_hex);
}

/* The number of one more that has the same hash. */
static uint32_t occurrence(const struct diag_fingerprint *all, uint32_t count, const char *hex)
{
    uint32_t same = 1;
    for (uint32_t i = 0; i < count; i++)
        same += memcmp(all[i].text, hex, HASH_DIGITS) == 0;
    return same;
}

enum err diag_fingerprints(const struct diag_report *report, struct arena *arena,
    const struct diag_fingerprint **ret_fingerprints)
{
    struct diag_fingerprint *all =
        ARENA_ARRAY(arena, struct diag_fingerprint, report->diags->count + 1);
    if (all == NULL)
        return ERR_MEMORY;
    uint32_t count = 0;
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next) {
        char hex[SHA256_HEX_SIZE];
        TRY(hash(report, diag, hex));
        (void)snprintf(all[count].text, sizeof all[count].text, "%.*s:%u", HASH_DIGITS, hex,
            occurrence(all, count, hex));
        count++;
    }
    *ret_fingerprints = all;
    return ERR_OK;
}
