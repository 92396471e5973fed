/* compiled.h - rules and alerts for tests: text to program, JSON to event. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "compile.h"
#include "event.h"
#include "interp.h"

#include <stdio.h>
#include <stdlib.h>

/* 2026-01-01T00:00:00Z */
#define TEST_RECEIVED_MS INT64_C(1767225600000)

/* Compile `text` as the file test.cdr. Whoever calls releases it. */
static inline void compile_rules(struct compilation *compilation, const char *text)
{
    assert_int_equal(compile_begin(compilation), ERR_OK);
    assert_int_equal(compile_text(compilation, STR("test.cdr"), str_from(text)), ERR_OK);
    assert_int_equal(compile_program(compilation), ERR_OK);
}

static inline void print_diags(const struct compilation *compilation)
{
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next) {
        const struct source *source = &compilation->sources.items[diag->at.file];
        struct place place = source_place(source, diag->at.start);
        print_error("%.*s:%u:%u: %s: %.*s\n", STR_ARG(source->file), place.line, place.column,
            diag_code(diag->id), STR_ARG(diag->message));
    }
}

/* As compile_rules, for rules that must have no errors. */
static inline const struct program *compile_good(struct compilation *compilation, const char *text)
{
    compile_rules(compilation, text);
    if (compilation->program == NULL) {
        print_error("%s\n", text);
        print_diags(compilation);
    }
    assert_non_null(compilation->program);
    return compilation->program;
}

/* The alert `json` as an event of `program`, all in `arena`. */
static inline struct event read_alert(
    const struct program *program, struct arena *arena, const char *json)
{
    const struct projection *projection;
    struct event event;
    struct json_fault fault = { 0 };
    assert_int_equal(
        projection_new(arena, program->paths, program->path_count, &projection), ERR_OK);
    enum err err = event_read(
        program, projection, str_from(json), STR(""), TEST_RECEIVED_MS, arena, &event, &fault);
    if (err != ERR_OK)
        print_error("%s: %s\n", fault.reason == NULL ? err_text(err) : fault.reason, json);
    assert_int_equal(err, ERR_OK);
    return event;
}

/* As compile_good, with the fragments of every leaf. */
static inline void compile_probed(struct compilation *compilation, const char *text)
{
    compilation->wants_probes = true;
    compile_good(compilation, text);
    assert_non_null(compilation->probes);
}

/* Whether the only rule of `text` fires for the alert. */
static inline bool fires(const char *text, const char *json)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    const struct program *program = compile_good(&compilation, text);
    struct event event = read_alert(program, &arena, json);
    bool matches = false;
    assert_int_equal(program->rule_count, 1);
    assert_int_equal(rule_matches(program, &program->rules[0], &event, &arena, &matches), ERR_OK);
    return matches;
}
