/* node.h - what the grammar's actions call: nodes that need more than a copy. */
#pragma once

#include "literal.h"
#include "parse.h"

/* A type as written: `ip`, `list of text`. */
struct type_words {
    str name;
    span at;
    bool is_list;
};

/* until 2027-01-31 reason "CHG-8812", as written. */
struct until {
    str date;
    span date_at;
    str reason;
    span reason_at;
};

/* Zeroed memory of the parse; leaves the parse when the arena is full. */
void *parse_alloc(struct parse *parse, size_t size, size_t align);
void *parse_copy(struct parse *parse, const void *content, size_t size, size_t align);

/* Note the edition of the file; -1 when it is no whole number. */
void parse_edition(struct parse *parse, span at, const struct literal *number);
/* Append an item to the tree. It is partial when there was a mistake since the last one. */
void parse_add_item(struct parse *parse, struct item *item);
/* What the mistakes were in is lost: the next item has none of them. */
void parse_forget_mistakes(struct parse *parse);
/* A whole number above zero, or a diagnostic and 1. */
int64_t parse_count(struct parse *parse, span at, const struct literal *number);
/* A whole number from zero, or a diagnostic and 0. */
int64_t parse_whole(struct parse *parse, span at, const struct literal *number);
/* What is written after an alert of a test; `at` is marked when it was said before. */
void alert_repeat(struct parse *parse, struct ast_check *alert, int64_t times,
    struct ast_duration every, span at);
void alert_delay(struct parse *parse, struct ast_check *alert, struct ast_duration after, span at);
/* Whether the token at `at` is a text and not a word. */
bool span_is_quoted(const struct parse *parse, span at);

/* A literal, in the arena of the parse; NULL when it is full. */
struct expr *literal_node(struct parse *parse, span at, const struct literal *literal);
struct expr *literal_bool(struct parse *parse, span at, bool boolean);
/* `token` is /re/ims as written; \/ is read here, unknown flags are reported. */
struct expr *regex_node(struct parse *parse, span at, str token);
/* Give a test the operand in front of it and what else was written around. */
struct expr *test_finish(
    struct expr *test, span at, enum quantifier quantifier, struct expr *left, bool cased);
/* `first` with `second` after it; either may be NULL. */
struct clause *clauses_join(struct clause *first, struct clause *second);

/* A node in the parse's arena; leaves the parse when that is full. */
#define NODE(type, ...)                                                                            \
    ((struct type *)parse_copy(                                                                    \
        parse, &(struct type){ __VA_ARGS__ }, sizeof(struct type), alignof(struct type)))
#define FIRST(list, node) ((list).first = (list).last = (node))
#define APPEND(list, node)                                                                         \
    do {                                                                                           \
        __typeof__((list).last) appended_ = (node); /* once: it may make one */                    \
        if ((list).last == NULL)                                                                   \
            (list).first = appended_;                                                              \
        else                                                                                       \
            (list).last->next = appended_;                                                         \
        (list).last = appended_;                                                                   \
    } while (0)
