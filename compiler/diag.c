/* diag.c - diagnostics as data. */
#include "diag.h"

#include "base/limits.h"

#include <stdarg.h>

static const struct {
    const char *name;
    const char *code;
    enum diag_severity severity;
    const char *summary;
    const char *explanation;
} infos[DIAG_COUNT] = {
#define DIAG(id, code_, severity_, summary_, explanation_)                                         \
    [DIAG_##id] = { #id, code_, DIAG_##severity_, summary_, explanation_ },
#include "diagnostics.def"
#undef DIAG
};

const char *diag_code(enum diag_id id)
{
    return infos[id].code;
}

const char *diag_name(enum diag_id id)
{
    return infos[id].name;
}

enum diag_severity diag_severity(enum diag_id id)
{
    return infos[id].severity;
}

const char *diag_severity_name(enum diag_severity severity)
{
    switch (severity) {
    case DIAG_INFO:
        return "info";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "error";
}

const char *diag_summary(enum diag_id id)
{
    return infos[id].summary;
}

const char *diag_explanation(enum diag_id id)
{
    return infos[id].explanation;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_code(str text, const char *code)
{
    size_t at = 0;
    while (at < text.len && code[at] != '\0' && upper(text.ptr[at]) == code[at])
        at++;
    return at == text.len && code[at] == '\0';
}

enum diag_id diag_find(str code)
{
    for (int id = 0; id < DIAG_COUNT; id++)
        if (is_code(code, infos[id].code))
            return (enum diag_id)id;
    return DIAG_COUNT;
}

/* Formatted text in the list's arena; ptr is NULL when that is full. */
PRINTF_LIKE(2, 0)
static str message_format(struct arena *arena, const char *format, va_list args)
{
    const char *text = arena_vformat(arena, format, args);
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

static void count(struct diag_list *list, enum diag_severity severity, uint32_t by)
{
    list->error_count += severity == DIAG_ERROR ? by : 0;
    list->warning_count += severity == DIAG_WARNING ? by : 0;
}

static struct diag *scratch(struct diag_list *list)
{
    list->scratch = (struct diag){ 0 };
    return &list->scratch;
}

struct diag *diag_add(struct diag_list *list, enum diag_id id, span at, const char *format, ...)
{
    count(list, diag_severity(id), 1);
    bool is_info = diag_severity(id) == DIAG_INFO;
    if (list->count >= (is_info ? DIAGNOSTICS_MAX / 2 : DIAGNOSTICS_MAX))
        return scratch(list);
    struct diag *diag = ARENA_NEW(list->arena, struct diag);
    if (diag == NULL)
        return scratch(list);

    va_list args;
    va_start(args, format);
    str message = message_format(list->arena, format, args);
    va_end(args);
    if (message.ptr == NULL)
        return scratch(list);

    *diag = (struct diag){
        .id = id, .severity = diag_severity(id), .at = at, .message = message, .help = STR("")
    };
    if (list->last == NULL)
        list->first = diag;
    else
        list->last->next = diag;
    list->last = diag;
    list->count++;
    return diag;
}

void diag_weigh(struct diag_list *list, struct diag *diag, enum diag_severity severity)
{
    count(list, diag->severity, UINT32_MAX); /* one less */
    count(list, severity, 1);
    diag->severity = severity;
}

void diag_drop(struct diag_list *list, struct diag *before, struct diag *diag)
{
    if (before == NULL)
        list->first = diag->next;
    else
        before->next = diag->next;
    if (list->last == diag)
        list->last = before;
    count(list, diag->severity, UINT32_MAX); /* one less */
    list->count--;
}

void diag_note(struct diag_list *list, struct diag *diag, span at, const char *format, ...)
{
    if (diag == NULL || diag == &list->scratch)
        return;
    struct diag_note *note = ARENA_NEW(list->arena, struct diag_note);
    if (note == NULL)
        return;
    va_list args;
    va_start(args, format);
    str message = message_format(list->arena, format, args);
    va_end(args);
    if (message.ptr == NULL)
        return;

    *note = (struct diag_note){ .at = at, .message = message };
    struct diag_note **last = &diag->notes;
    while (*last != NULL)
        last = &(*last)->next;
    *last = note;
}

void diag_help(struct diag_list *list, struct diag *diag, const char *format, ...)
{
    if (diag == NULL || diag == &list->scratch)
        return;
    va_list args;
    va_start(args, format);
    str help = message_format(list->arena, format, args);
    va_end(args);
    if (help.ptr != NULL)
        diag->help = help;
}

static void set_fix(struct diag_list *list, struct diag *diag, span at, str text, bool is_guess)
{
    if (diag == NULL || diag == &list->scratch)
        return;
    struct diag_fix *fix = ARENA_NEW(list->arena, struct diag_fix);
    str copy = arena_copy(list->arena, text);
    if (fix == NULL || copy.ptr == NULL)
        return;
    *fix = (struct diag_fix){ .at = at, .text = copy, .message = diag->help, .is_guess = is_guess };
    diag->fix = fix;
}

void diag_set_fix(struct diag_list *list, struct diag *diag, span at, str text)
{
    set_fix(list, diag, at, text, false);
}

void diag_set_guess(struct diag_list *list, struct diag *diag, span at, str text)
{
    set_fix(list, diag, at, text, true);
}

/* Whether a belongs before b or may stay before it. */
static bool in_order(const struct diag *a, const struct diag *b)
{
    if (a->at.file != b->at.file)
        return a->at.file < b->at.file;
    if (a->at.start != b->at.start)
        return a->at.start < b->at.start;
    return a->id <= b->id;
}

static struct diag *merge(struct diag *a, struct diag *b)
{
    struct diag *first = NULL;
    struct diag **end = &first;
    while (a != NULL && b != NULL) {
        struct diag **from = in_order(a, b) ? &a : &b;
        *end = *from;
        end = &(*end)->next;
        *from = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Merge sort from the bottom up: stable, and no recursion on the number of mistakes.
 * runs[i] is a sorted run of 2^i diagnostics. */
void diag_sort(struct diag_list *list)
{
    struct diag *runs[32] = { NULL };
    struct diag *next = NULL;
    for (struct diag *diag = list->first; diag != NULL; diag = next) {
        next = diag->next;
        diag->next = NULL;
        struct diag *run = diag;
        size_t size = 0;
        for (; size < COUNT_OF(runs) - 1 && runs[size] != NULL; size++) {
            run = merge(runs[size], run);
            runs[size] = NULL;
        }
        runs[size] = run;
    }

    struct diag *sorted = NULL;
    for (size_t size = 0; size < COUNT_OF(runs); size++)
        sorted = merge(runs[size], sorted);
    list->first = sorted;
    list->last = sorted;
    while (list->last != NULL && list->last->next != NULL)
        list->last = list->last->next;
}

static bool is_outside(const struct sources *sources, span at)
{
    return at.file < sources->count && sources->items[at.file].is_outside;
}

void diag_hide(struct diag_list *list, const struct sources *sources)
{
    for (struct diag *diag = list->first; diag != NULL; diag = diag->next) {
        for (struct diag_note *note = diag->notes; note != NULL; note = note->next)
            if (is_outside(sources, note->at))
                note->message = STR("it is about this place");
        if (diag->fix != NULL && is_outside(sources, diag->fix->at))
            diag->fix = NULL;
        if (!is_outside(sources, diag->at))
            continue;
        diag->message = str_from(diag_summary(diag->id));
        diag->help =
            STR("the file is outside of the folder of the rules and of the current one, so "
                "nothing of it is shown");
        diag->notes = NULL;
    }
}
