/* model.h - random alerts and conditions as plain trees, for the naive evaluator.
 *
 * Nothing here is shared with the compiler or the machine: a condition is made as a tree,
 * printed as a rule, and judged on the tree, by what docs/language.md says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- what an alert holds ---- */

enum kind { ABSENT, NIL, TRUTH, NUMBER, TEXT, MANY, MOMENT, ADDRESS, LEVEL };

struct datum {
    enum kind kind;
    bool truth;
    double number;
    char text[48]; /* of TEXT; of NUMBER as the alert writes it */
    struct datum *items;
    int count;
    uint32_t address; /* IPv4 */
    int level;        /* of severities, from 0 */
};

/* The keys of a random alert, and the canonical field that the source maps each to. */
enum key {
    KEY_HOST,
    KEY_TITLE,
    KEY_USER,
    KEY_CMD,
    KEY_SRC,
    KEY_IPS,
    KEY_SEVERITY,
    KEY_TIME,
    KEY_TECHNIQUES,
    KEY_N,       /* raw only: a number, or text that spells one */
    KEY_ANY,     /* raw only: anything */
    KEY_LITERAL, /* raw only: the key "a.b" as written */
    KEY_NESTED,  /* raw only: the path a.b, where the literal key is not there */
    KEY_COUNT
};

struct key_info {
    const char *json;  /* the key in the alert; NULL: of a path */
    const char *field; /* as a rule writes it */
    enum kind kind;    /* what the field's type holds; ABSENT: raw */
    bool is_list;
};
extern const struct key_info keys[KEY_COUNT];

struct alert {
    struct datum values[KEY_COUNT];
    struct datum pool[64]; /* elements of lists */
    int pool_used;
};

/* ---- what a rule asks ---- */

enum form {
    FORM_COMPARE,  /* key OP value */
    FORM_IN,       /* key in list */
    FORM_BETWEEN,  /* key in a..b */
    FORM_NETWORK,  /* key in "a.b.c.d/n" */
    FORM_PATTERN,  /* key contains value .. */
    FORM_REGEX,    /* key matches /re/ */
    FORM_EXISTS,   /* exists key, missing key */
    FORM_NULL,     /* key is null */
    FORM_ANYWHERE, /* anywhere contains value */
    FORM_FIELDS,   /* key OP key */
    FORM_HOUR,     /* hour(time) in a..b */
    FORM_LENGTH,   /* len(key) > n */
    FORM_TRUE,     /* raw = true */
    FORM_NOT,
    FORM_AND,
    FORM_OR,
    FORM_LET,   /* a let whose body is `left` */
    FORM_MACRO, /* a macro of one parameter whose body is `left` */
};

enum op {
    EQUAL,
    DIFFERENT,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    CONTAINS,
    STARTS,
    ENDS,
    LIKE
};
enum how_many { BARE, ANY, EVERY };

struct node {
    enum form form;
    struct node *left;
    struct node *right;
    enum key key;
    enum key other;
    enum op op;
    enum how_many quantifier;
    enum how_many patterns; /* of FORM_PATTERN and FORM_ANYWHERE: BARE, or any/all of values */
    bool is_negated;        /* not in, missing */
    bool is_cased;
    struct datum values[4];
    int value_count;
    int low, high; /* of FORM_BETWEEN, FORM_HOUR, FORM_LENGTH; the bits of FORM_NETWORK */
    int declared;  /* which let or macro of the file */
};

struct random {
    uint64_t state;
};
/* From 0 to below `limit`. */
uint32_t draw(struct random *random, uint32_t limit);

/* generate.c */
void alert_make(struct random *random, struct alert *alert);
void alert_print(const struct alert *alert, FILE *out);
/* A condition of at most `depth` levels; nodes are malloc'ed and freed by node_free. */
struct node *node_make(struct random *random, int depth);
void node_free(struct node *node);
/* Number the lets and macros below `node` from *declared on, and print their items. */
void node_declare(struct node *node, int *declared, FILE *out);
void node_print(const struct node *node, FILE *out);

/* naive.c: by the book, slowly. */
bool node_holds(const struct node *node, const struct alert *alert);
