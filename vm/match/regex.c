#include "match/regex.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>

/* JIT_BYTES_MAX: of a compiled pattern, most have a few hundred; machine code is ten times that. */
enum {
    PATTERN_BYTES_MAX = 16 * 1024,
    PARENS_MAX = 100,
    SCRATCH_BYTES_MAX = 64 * 1024 * 1024,
    JIT_BYTES_MAX = 16 * 1024
};

/* The same pattern in the forms that a match may want, each made by the first that does. */
enum form {
    FORM_FAST,         /* machine code */
    FORM_FAST_METERED, /* machine code that counts its work */
    FORM_METERED,      /* interpreted, and counts its work */
    FORM_COUNT,
};

struct regex {
    pcre2_code *code; /* interpreted */
    /* Owned; NULL before the first match; `code` when there can be none. */
    pcre2_code *_Atomic *forms;
    str text; /* /pattern/flags */
    str pattern;
    uint32_t options;
};

/* ---- what we refuse ---- */

/* A construct at the front that makes the cost depend on what was matched before, hands
 * control elsewhere, or takes the limits off. */
static const char *group_fault(str rest)
{
    if (str_startswith(rest, STR("(*")))
        return "verbs such as (*LIMIT_MATCH=..) are not allowed";
    if (!str_startswith(rest, STR("(?")) || rest.len < 3)
        return NULL;
    char c = rest.ptr[2];
    char d = rest.len > 3 ? rest.ptr[3] : '\0';
    bool is_signed_digit = (c == '+' || c == '-') && d >= '0' && d <= '9';
    if (c == 'C')
        return "callouts are not allowed";
    if (c == 'R' || c == '&' || (c >= '0' && c <= '9') || is_signed_digit || (c == 'P' && d == '>'))
        return "recursion into a group is not allowed";
    if (c == 'P' && d == '=')
        return "a reference to what a group matched is not allowed";
    return c == '(' ? "conditional groups are not allowed" : NULL;
}

static const char *escape_fault(char c)
{
    if (c == 'C')
        return "\\C, half a character, is not allowed";
    if ((c >= '1' && c <= '9') || c == 'g' || c == 'k')
        return "a reference to what a group matched is not allowed";
    return NULL;
}

/* Bytes of the class that begins at the front: `]` right after `[` or `[^` is a member. */
static size_t class_bytes(str rest)
{
    size_t at = 1;
    at += at < rest.len && rest.ptr[at] == '^';
    at += at < rest.len && rest.ptr[at] == ']';
    while (at < rest.len && rest.ptr[at] != ']') {
        if (rest.ptr[at] == '[' && at + 1 < rest.len && rest.ptr[at + 1] == ':') {
            const char *end = memmem(rest.ptr + at, rest.len - at, ":]", 2);
            at = end == NULL ? at + 1 : (size_t)(end - rest.ptr) + 2;
        } else {
            at += rest.ptr[at] == '\\' ? 2 : 1;
        }
    }
    return at + 1;
}

static size_t quoted_bytes(str rest)
{
    const char *end = memmem(rest.ptr, rest.len, "\\E", 2);
    return end == NULL ? rest.len : (size_t)(end - rest.ptr) + 2;
}

/* The first thing we refuse, or NULL. What PCRE2 itself refuses is left to it; a class that
 * this reads otherwise than PCRE2 errs to the strict side or not at all, because PCRE2 is
 * told to refuse \C and counts its steps whatever the pattern. */
static const char *pattern_fault(str pattern, size_t *reterr_at)
{
    for (size_t at = 0; at < pattern.len;) {
        str rest = str_skip(pattern, at);
        const char *reason = NULL;
        size_t bytes = 1;
        if (rest.ptr[0] == '(')
            reason = group_fault(rest);
        else if (rest.ptr[0] == '[')
            bytes = class_bytes(rest);
        else if (rest.ptr[0] == '\\' && rest.len > 1 && rest.ptr[1] == 'Q')
            bytes = quoted_bytes(rest);
        else if (rest.ptr[0] == '\\' && rest.len > 1) {
            reason = escape_fault(rest.ptr[1]);
            bytes = 2;
        }
        if (reason != NULL) {
            *reterr_at = at;
            return reason;
        }
        at += bytes;
    }
    return NULL;
}

/* ---- compiling ---- */

static void *arena_malloc(size_t size, void *arena)
{
    return arena_alloc(arena, size, alignof(max_align_t));
}

static void arena_free(void *memory, void *arena)
{
    (void)memory; /* goes with its arena */
    (void)arena;
}

static bool read_flags(str flags, uint32_t *ret_options)
{
    for (size_t i = 0; i < flags.len; i++) {
        if (flags.ptr[i] == 'i')
            *ret_options |= PCRE2_CASELESS;
        else if (flags.ptr[i] == 'm')
            *ret_options |= PCRE2_MULTILINE;
        else if (flags.ptr[i] == 's')
            *ret_options |= PCRE2_DOTALL;
        else
            return false;
    }
    return true;
}

static enum err refuse(const char *reason, size_t at, const char **reterr_reason, size_t *reterr_at)
{
    *reterr_reason = reason;
    *reterr_at = at;
    return ERR_INVALID;
}

static enum err compile(struct arena *arena, struct regex *regex, str pattern, uint32_t options,
    const char **reterr_reason, size_t *reterr_at)
{
    pcre2_general_context *memory = pcre2_general_context_create(arena_malloc, arena_free, arena);
    pcre2_compile_context *context = memory == NULL ? NULL : pcre2_compile_context_create(memory);
    if (context == NULL)
        return ERR_MEMORY;
    pcre2_set_parens_nest_limit(context, PARENS_MAX);
    int code;
    PCRE2_SIZE at = 0;
    regex->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &code, &at, context);
    if (regex->code != NULL)
        return ERR_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)
        return ERR_MEMORY;
    PCRE2_UCHAR message[256];
    int length = pcre2_get_error_message(code, message, sizeof message);
    str reason = { (const char *)message, length < 0 ? 0 : (size_t)length };
    str copy = arena_copy(arena, length < 0 ? STR("not a regular expression") : reason);
    return copy.ptr == NULL ? ERR_MEMORY : refuse(copy.ptr, at, reterr_reason, reterr_at);
}

/* They are no memory of the arena: it is not for several threads. */
static void release_forms(void *self)
{
    const struct regex *regex = self;
    for (int form = 0; form < FORM_COUNT; form++) {
        pcre2_code *made = atomic_load(&regex->forms[form]);
        if (made != regex->code)
            pcre2_code_free(made);
    }
}

static enum err source_text(struct arena *arena, str pattern, str flags, str *ret_text)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(3 * PATTERN_BYTES_MAX);
    buf_add_byte(&out, '/');
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '\\' && i + 1 < pattern.len)
            buf_add_byte(&out, pattern.ptr[i++]);
        else if (pattern.ptr[i] == '/')
            buf_add_byte(&out, '\\');
        buf_add_byte(&out, pattern.ptr[i]);
    }
    buf_add_byte(&out, '/');
    buf_add(&out, flags);
    *ret_text = out.err == ERR_OK ? arena_copy(arena, buf_str(&out)) : (str){ NULL, 0 };
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err regex_new(struct arena *arena, str pattern, str flags, struct regex **ret_regex,
    const char **reterr_reason, size_t *reterr_at)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    size_t at = 0;
    if (pattern.len > PATTERN_BYTES_MAX)
        return refuse("longer than 16 KB", PATTERN_BYTES_MAX, reterr_reason, reterr_at);
    if (!read_flags(flags, &options))
        return refuse("flags are i, m and s", pattern.len, reterr_reason, reterr_at);
    const char *fault = pattern_fault(pattern, &at);
    if (fault != NULL)
        return refuse(fault, at, reterr_reason, reterr_at);
    struct regex *regex = ARENA_NEW(arena, struct regex);
    if (regex == NULL)
        return ERR_MEMORY;
    TRY(source_text(arena, pattern, flags, &regex->text));
    regex->pattern = arena_copy(arena, pattern);
    regex->options = options;
    regex->forms = ARENA_ARRAY(arena, pcre2_code * _Atomic, FORM_COUNT);
    if (regex->pattern.ptr == NULL || regex->forms == NULL
        || !arena_add_guest(arena, release_forms, regex))
        return ERR_MEMORY;
    TRY(compile(arena, regex, pattern, options, reterr_reason, reterr_at));
    *ret_regex = regex;
    return ERR_OK;
}

/* ---- its forms ---- */

/* The pattern compiled once more; regex->code where that cannot be. Not made of regex->code itself:
 * another thread may be reading it, and its memory is the arena's. Machine code that minds text
 * that is no UTF-8 does not find \W in what is no ASCII (PCRE2 10.42, measured): this one is for
 * UTF-8 alone. */
static pcre2_code *make_form(const struct regex *regex, enum form form)
{
    uint32_t options = regex->options;
    int code;
    PCRE2_SIZE at;
    size_t bytes = 0;
    bool is_fast = form != FORM_METERED;
    if (pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &bytes) != 0
        || (is_fast && bytes > JIT_BYTES_MAX))
        return regex->code;
    if (is_fast)
        options &= ~(uint32_t)PCRE2_MATCH_INVALID_UTF;
    if (form != FORM_FAST)
        options |= PCRE2_AUTO_CALLOUT;
    pcre2_code *made = pcre2_compile(
        (PCRE2_SPTR)regex->pattern.ptr, regex->pattern.len, options, &code, &at, NULL);
    if (made != NULL && (!is_fast || pcre2_jit_compile(made, PCRE2_JIT_COMPLETE) == 0))
        return made;
    pcre2_code_free(made);
    return regex->code;
}

/* Of threads that get here at once, the first one's is kept. */
static pcre2_code *form_of(const struct regex *regex, enum form form)
{
    pcre2_code *known = atomic_load_explicit(&regex->forms[form], memory_order_acquire);
    if (known != NULL)
        return known;
    pcre2_code *made = make_form(regex, form);
    if (atomic_compare_exchange_strong(&regex->forms[form], &known, made))
        return made;
    if (made != regex->code)
        pcre2_code_free(made);
    return known;
}

/* ---- the work of a match ----
 *
 * PCRE2 counts steps from each place where a match may begin, and not the characters that a step
 * runs over: /[a-z]+[b-z]/ interpreted on 64 KB of one letter takes 27 s and no limit is reached
 * (10.42). So a match has a budget of its own. On a short subject the places are few, and the limit
 * from each is its part of the budget. On a longer one PCRE2 calls us before each item of the
 * pattern (callouts; those of authors are refused): we pay for the call and for each character
 * between it and the last one. What one match may cost at most is then about 0.1 s. */

struct budget {
    size_t short_bytes; /* a subject up to here is short */
    uint32_t steps;     /* on a short subject, from all places */
    int64_t units;      /* on a longer one: a character is 1, a call CALL_UNITS */
};

/* Measured (W2's machine): a call takes 15 ns interpreted and 6 ns in machine code. */
enum { CALL_UNITS = 16 };
static const struct budget slow_budget = { 256, 8 * 1000 * 1000, 50 * 1000 * 1000 };
static const struct budget fast_budget = { 512, 20 * 1000 * 1000, 150 * 1000 * 1000 };

struct meter {
    int64_t units; /* left */
    size_t at;     /* in the subject, at the last call */
};

static int pay(pcre2_callout_block *call, void *self)
{
    struct meter *meter = self;
    size_t at = call->current_position;
    meter->units -= CALL_UNITS + (int64_t)(at > meter->at ? at - meter->at : meter->at - at);
    meter->at = at;
    return meter->units < 0 ? PCRE2_ERROR_CALLOUT : 0;
}

/* From one place, where nobody counts more than that. */
static uint32_t match_limit(const struct budget *budget, size_t bytes)
{
    size_t part = budget->steps / (bytes + 1);
    return part < REGEX_MATCH_LIMIT ? (uint32_t)part : REGEX_MATCH_LIMIT;
}

/* What PCRE2 needs of one match, in `memory`. */
struct attempt {
    pcre2_match_data *data;
    pcre2_match_context *limits;
    struct meter meter;
};

static enum err begin(struct attempt *attempt, pcre2_general_context *memory,
    const struct budget *budget, size_t bytes, bool is_metered)
{
    *attempt = (struct attempt){ .meter = { .units = budget->units } };
    if (memory == NULL)
        return ERR_MEMORY;
    attempt->data = pcre2_match_data_create(1, memory);
    attempt->limits = pcre2_match_context_create(memory);
    if (attempt->data == NULL || attempt->limits == NULL)
        return ERR_MEMORY;
    pcre2_set_match_limit(
        attempt->limits, is_metered ? REGEX_MATCH_LIMIT : match_limit(budget, bytes));
    pcre2_set_depth_limit(attempt->limits, REGEX_DEPTH_LIMIT);
    pcre2_set_heap_limit(attempt->limits, REGEX_HEAP_KB);
    pcre2_set_callout(attempt->limits, pay, &attempt->meter);
    return ERR_OK;
}

/* ---- matching ---- */

/* Room for what PCRE2 notes of one match. */
struct notes {
    alignas(max_align_t) unsigned char bytes[1024];
    size_t used;
};

static void *notes_malloc(size_t size, void *self)
{
    struct notes *notes = self;
    size_t start = (notes->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (start > sizeof notes->bytes || size > sizeof notes->bytes - start)
        return NULL;
    notes->used = start + size;
    return notes->bytes + start;
}

static void notes_free(void *memory, void *self)
{
    (void)memory;
    (void)self;
}

static enum err verdict(int found, bool *ret_matches)
{
    *ret_matches = found >= 0;
    if (found >= 0 || found == PCRE2_ERROR_NOMATCH)
        return ERR_OK;
    return found == PCRE2_ERROR_NOMEMORY ? ERR_MEMORY : ERR_UNDECIDED;
}

enum err regex_matches_slowly(const struct regex *regex, str subject, bool *ret_matches)
{
    /* PCRE2's frames are given back at once: many regexes on one alert cost no memory of it. */
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(SCRATCH_BYTES_MAX);
    struct attempt attempt;
    if (subject.len > REGEX_SUBJECT_MAX)
        return ERR_UNDECIDED;
    const pcre2_code *code =
        subject.len <= slow_budget.short_bytes ? regex->code : form_of(regex, FORM_METERED);
    TRY(begin(&attempt, pcre2_general_context_create(arena_malloc, arena_free, &scratch),
        &slow_budget, subject.len, code != regex->code));
    int found =
        pcre2_match(code, (PCRE2_SPTR)subject.ptr, subject.len, 0, 0, attempt.data, attempt.limits);
    return verdict(found, ret_matches);
}

enum err regex_matches(const struct regex *regex, str subject, bool *ret_matches)
{
    struct notes notes;
    struct attempt attempt;
    notes.used = 0;
    if (subject.len > REGEX_SUBJECT_MAX)
        return ERR_UNDECIDED;
    bool is_short = subject.len <= fast_budget.short_bytes;
    const pcre2_code *fast = form_of(regex, is_short ? FORM_FAST : FORM_FAST_METERED);
    if (fast == regex->code || utf8_valid_bytes(subject) < subject.len)
        return regex_matches_slowly(regex, subject, ret_matches);
    TRY(begin(&attempt, pcre2_general_context_create(notes_malloc, notes_free, &notes),
        &fast_budget, subject.len, !is_short));
    int found = pcre2_jit_match(
        fast, (PCRE2_SPTR)subject.ptr, subject.len, 0, 0, attempt.data, attempt.limits);
    return found == PCRE2_ERROR_JIT_STACKLIMIT ? regex_matches_slowly(regex, subject, ret_matches)
                                               : verdict(found, ret_matches);
}

bool regex_has_machine_code(void)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *made = pcre2_compile((PCRE2_SPTR) "a", 1, 0, &code, &at, NULL);
    bool has_it = made != NULL && pcre2_jit_compile(made, PCRE2_JIT_COMPLETE) == 0;
    pcre2_code_free(made);
    return has_it;
}

enum err regex_required(const struct regex *regex, struct required *ret_required)
{
    return required_read(regex->pattern, regex->options & PCRE2_CASELESS, ret_required);
}

str regex_text(const struct regex *regex)
{
    return regex->text;
}
