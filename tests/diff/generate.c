/* generate.c - random alerts and conditions, and how both are written. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const struct key_info keys[KEY_COUNT] = {
    [KEY_HOST] = { "hn", "host.name", TEXT, false },
    [KEY_TITLE] = { "ti", "alert.title", TEXT, false },
    [KEY_USER] = { "un", "user.name", TEXT, false },
    [KEY_CMD] = { "cl", "process.cmdline", TEXT, false },
    [KEY_SRC] = { "si", "src.ip", ADDRESS, false },
    [KEY_IPS] = { "hi", "host.ip", ADDRESS, true },
    [KEY_SEVERITY] = { "se", "severity", LEVEL, false },
    [KEY_TIME] = { "at", "time", MOMENT, false },
    [KEY_TECHNIQUES] = { "te", "attack.technique", TEXT, true },
    [KEY_N] = { "n", "raw[\"n\"]", ABSENT, false },
    [KEY_ANY] = { "any", "raw[\"any\"]", ABSENT, true },
    [KEY_LITERAL] = { "a.b", "raw[\"a.b\"]", ABSENT, false },
    [KEY_NESTED] = { NULL, "raw[\"c.d\"]", ABSENT, false },
};

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
uint32_t draw(struct random *random, uint32_t limit)
{
    uint64_t z = (random->state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (uint32_t)((z ^ (z >> 31)) % limit);
}

static bool one_in(struct random *random, uint32_t n)
{
    return draw(random, n) == 0;
}

/* ---- alerts ---- */

static const char *const words[] = { "a", "b", "ab", "A", "aB", "ba", "", "abc", "a*b", "a?", "\\a",
    "5", "5.0", "05", "true", "STRASSE", "Straße", "É", "é", "K", "Σ", "ς", "a b", "high",
    "10.0.0.1" };

static struct datum random_text(struct random *random)
{
    struct datum datum = { .kind = TEXT };
    snprintf(datum.text, sizeof datum.text, "%s", words[draw(random, COUNT_OF(words))]);
    if (one_in(random, 3))
        strncat(datum.text, words[draw(random, COUNT_OF(words))],
            sizeof datum.text - strlen(datum.text) - 1);
    return datum;
}

static struct datum random_number(struct random *random)
{
    struct datum datum = { .kind = NUMBER };
    int whole = (int)draw(random, 12) - 2;
    if (one_in(random, 3))
        snprintf(datum.text, sizeof datum.text, "%d.5", whole);
    else
        snprintf(datum.text, sizeof datum.text, "%d", whole);
    datum.number = strtod(datum.text, NULL);
    return datum;
}

static struct datum random_address(struct random *random)
{
    struct datum datum = { .kind = ADDRESS };
    datum.address = (draw(random, 2) ? 10U : 192U) << 24 | draw(random, 3) << 16
                    | draw(random, 2) << 8 | draw(random, 4);
    return datum;
}

static struct datum random_truth(struct random *random)
{
    return (struct datum){ .kind = TRUTH, .truth = one_in(random, 2) };
}

static struct datum random_scalar(struct random *random, enum kind kind)
{
    struct datum datum = { .kind = kind };
    switch (kind) {
    case ADDRESS:
        return random_address(random);
    case LEVEL:
        datum.level = (int)draw(random, 5);
        return datum;
    case MOMENT: /* an hour of 2026-01-01 */
        datum.number = draw(random, 24);
        return datum;
    case TEXT:
        return random_text(random);
    case NUMBER:
        return random_number(random);
    case ABSENT:
    case NIL:
    case TRUTH:
    case MANY:
        break;
    }
    return one_in(random, 3)   ? random_truth(random)
           : one_in(random, 2) ? random_number(random)
                               : random_text(random);
}

static struct datum random_list(struct random *random, struct alert *alert, enum kind kind)
{
    struct datum list = { .kind = MANY, .items = alert->pool + alert->pool_used };
    list.count = (int)draw(random, 4);
    for (int i = 0; i < list.count; i++)
        alert->pool[alert->pool_used++] = kind != ABSENT && one_in(random, 6)
                                              ? (struct datum){ .kind = NIL }
                                              : random_scalar(random, kind);
    return list;
}

void alert_make(struct random *random, struct alert *alert)
{
    alert->pool_used = 0;
    for (int key = 0; key < KEY_COUNT; key++) {
        struct datum *value = &alert->values[key];
        enum kind kind = keys[key].kind;
        *value = (struct datum){ .kind = ABSENT };
        if (one_in(random, 5))
            continue;
        if (one_in(random, 12))
            value->kind = NIL;
        else if (key == KEY_N)
            *value = random_number(random);
        else if (keys[key].is_list && !one_in(random, 3))
            *value = random_list(random, alert, kind);
        else
            *value = random_scalar(random, kind);
    }
    /* Vendors quote numbers. */
    if (alert->values[KEY_N].kind == NUMBER && one_in(random, 2))
        alert->values[KEY_N].kind = TEXT;
    /* A field that does not fit its type is absent. */
    if (one_in(random, 20))
        alert->values[KEY_SRC] = (struct datum){ .kind = TEXT, .text = "nowhere" };
    if (one_in(random, 20))
        alert->values[KEY_SEVERITY] = (struct datum){ .kind = TEXT, .text = "awful" };
}

static void print_json_text(const char *text, FILE *out)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

static const char *const levels[] = { "informational", "low", "medium", "high", "critical" };

static void print_address(uint32_t address, FILE *out)
{
    fprintf(
        out, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

static void print_datum(const struct datum *datum, FILE *out)
{
    switch (datum->kind) {
    case ABSENT:
    case NIL:
        fputs("null", out);
        break;
    case TRUTH:
        fputs(datum->truth ? "true" : "false", out);
        break;
    case NUMBER:
        fputs(datum->text, out);
        break;
    case TEXT:
        print_json_text(datum->text, out);
        break;
    case ADDRESS:
        putc('"', out);
        print_address(datum->address, out);
        putc('"', out);
        break;
    case LEVEL:
        fprintf(out, "\"%s\"", levels[datum->level]);
        break;
    case MOMENT:
        fprintf(out, "\"2026-01-01T%02d:30:00Z\"", (int)datum->number);
        break;
    case MANY:
        putc('[', out);
        for (int i = 0; i < datum->count; i++) {
            fputs(i > 0 ? "," : "", out);
            print_datum(&datum->items[i], out);
        }
        putc(']', out);
        break;
    }
}

void alert_print(const struct alert *alert, FILE *out)
{
    fputs("{\"kind\":\"diff\"", out);
    for (int key = 0; key < KEY_COUNT; key++) {
        if (alert->values[key].kind == ABSENT || keys[key].json == NULL)
            continue;
        fprintf(out, ",\"%s\":", keys[key].json);
        print_datum(&alert->values[key], out);
    }
    if (alert->values[KEY_NESTED].kind != ABSENT) {
        fputs(",\"c\":{\"d\":", out);
        print_datum(&alert->values[KEY_NESTED], out);
        fputs("}", out);
    }
    fputs("}", out);
}

/* ---- conditions ---- */

static const enum key text_keys[] = { KEY_HOST, KEY_TITLE, KEY_USER, KEY_CMD, KEY_TECHNIQUES };

static enum key random_text_key(struct random *random)
{
    return text_keys[draw(random, COUNT_OF(text_keys))];
}

static enum how_many random_quantifier(struct random *random, enum key key)
{
    return keys[key].is_list ? (enum how_many)draw(random, 3) : BARE;
}

static void random_values(struct random *random, struct node *node, enum kind kind, int least)
{
    node->value_count = least + (int)draw(random, 3);
    for (int i = 0; i < node->value_count; i++)
        node->values[i] = random_scalar(random, kind);
}

static void make_compare(struct random *random, struct node *node)
{
    static const enum kind kinds[] = { TEXT, TEXT, LEVEL, ADDRESS, NUMBER, MOMENT };
    enum kind kind = kinds[draw(random, COUNT_OF(kinds))];
    node->form = FORM_COMPARE;
    node->key = kind == LEVEL       ? KEY_SEVERITY
                : kind == ADDRESS   ? (one_in(random, 2) ? KEY_SRC : KEY_IPS)
                : kind == MOMENT    ? KEY_TIME
                : kind == NUMBER    ? (one_in(random, 2)   ? KEY_N
                                       : one_in(random, 2) ? KEY_ANY
                                                           : KEY_NESTED)
                : one_in(random, 4) ? (one_in(random, 2) ? KEY_ANY : KEY_LITERAL)
                                    : random_text_key(random);
    bool has_order = kind == LEVEL || kind == NUMBER || kind == MOMENT;
    node->op = (enum op)draw(random, has_order ? GREATER_EQUAL + 1 : DIFFERENT + 1);
    /* Above the highest and below the lowest there is nothing: the checker says so. */
    node->values[0] = random_scalar(random, kind);
    node->value_count = 1;
    node->is_cased = kind == TEXT && one_in(random, 4);
    node->quantifier = random_quantifier(random, node->key);
}

static void make_in(struct random *random, struct node *node)
{
    bool is_number = one_in(random, 3);
    node->form = FORM_IN;
    node->key = is_number ? KEY_N : random_text_key(random);
    node->is_negated = one_in(random, 2);
    node->is_cased = !is_number && one_in(random, 4);
    node->quantifier = random_quantifier(random, node->key);
    random_values(random, node, is_number ? NUMBER : TEXT, 1);
}

static void make_pattern(struct random *random, struct node *node)
{
    node->form = FORM_PATTERN;
    node->key = one_in(random, 5) ? KEY_ANY : random_text_key(random);
    node->op = (enum op)(CONTAINS + draw(random, 4));
    node->is_cased = one_in(random, 3);
    node->quantifier = random_quantifier(random, node->key);
    node->patterns = (enum how_many)draw(random, 3);
    random_values(random, node, TEXT, 1);
    if (node->patterns == BARE)
        node->value_count = 1;
}

static void make_small(struct random *random, struct node *node)
{
    static const enum form forms[] = { FORM_BETWEEN, FORM_NETWORK, FORM_REGEX, FORM_EXISTS,
        FORM_NULL, FORM_ANYWHERE, FORM_FIELDS, FORM_HOUR, FORM_LENGTH, FORM_TRUE };
    node->form = forms[draw(random, COUNT_OF(forms))];
    node->is_negated = one_in(random, 2);
    node->low = (int)draw(random, 10);
    node->high = node->low + (int)draw(random, 5);
    node->key = node->form == FORM_BETWEEN   ? KEY_N
                : node->form == FORM_TRUE    ? KEY_ANY
                : node->form == FORM_NETWORK ? (one_in(random, 2) ? KEY_SRC : KEY_IPS)
                : node->form == FORM_EXISTS || node->form == FORM_NULL
                    ? (enum key)draw(random, KEY_COUNT)
                    : random_text_key(random);
    /* `time` is always there: when the alert has none it is when it came. */
    if (node->form == FORM_EXISTS && node->key == KEY_TIME)
        node->key = KEY_HOST;
    if (node->form == FORM_NETWORK || node->form == FORM_BETWEEN || node->form == FORM_REGEX
        || node->form == FORM_FIELDS)
        node->quantifier = random_quantifier(random, node->key);
    if (node->form == FORM_LENGTH && keys[node->key].is_list)
        node->key = KEY_HOST;
    if (node->form == FORM_ANYWHERE) {
        node->op = (enum op)(CONTAINS + draw(random, 4));
        node->patterns = (enum how_many)draw(random, 3);
        node->is_cased = one_in(random, 3);
        random_values(random, node, TEXT, 1);
        if (node->patterns == BARE)
            node->value_count = 1;
    }
    if (node->form == FORM_FIELDS) {
        static const enum op ops[] = { EQUAL, DIFFERENT, CONTAINS, STARTS, ENDS };
        node->op = ops[draw(random, COUNT_OF(ops))];
        node->other = text_keys[draw(random, COUNT_OF(text_keys) - 1)];
        node->is_cased = one_in(random, 3);
    }
    if (node->form == FORM_NETWORK) {
        node->values[0] = random_address(random);
        node->high = 8 * (1 + (int)draw(random, 4));
        node->values[0].address &= UINT32_MAX << (32 - node->high);
    }
    if (node->form == FORM_HOUR)
        node->high = node->high > 23 ? 23 : node->high;
}

static const char *const regexes[] = { "a", "^a", "b$", "^$", "[ab]+c", "a.b", "(a|5)", "x*" };

struct node *node_make(struct random *random, int depth)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        abort();
    uint32_t chosen = draw(random, depth > 0 ? 10 : 4);
    if (chosen >= 4) {
        static const enum form forms[] = { FORM_AND, FORM_OR, FORM_AND, FORM_NOT, FORM_LET,
            FORM_MACRO };
        node->form = forms[chosen - 4];
        node->left = node_make(random, depth - 1);
        if (node->form == FORM_AND || node->form == FORM_OR)
            node->right = node_make(random, depth - 1);
    } else if (chosen == 0) {
        make_compare(random, node);
    } else if (chosen == 1) {
        make_in(random, node);
    } else if (chosen == 2) {
        make_pattern(random, node);
    } else {
        make_small(random, node);
        if (node->form == FORM_REGEX)
            node->low = (int)draw(random, COUNT_OF(regexes));
    }
    return node;
}

void node_free(struct node *node)
{
    if (node == NULL)
        return;
    node_free(node->left);
    node_free(node->right);
    free(node);
}

/* ---- writing ---- */

/* Beside `like`, what would be a wildcard is one; a backslash says the next is itself. */
static void print_value(const struct datum *value, bool is_glob, FILE *out)
{
    if (value->kind == MOMENT)
        fprintf(out, "2026-01-01T%02d:30:00Z", (int)value->number);
    else if (value->kind == LEVEL)
        fputs(levels[value->level], out);
    else if (value->kind == TEXT && is_glob) {
        putc('"', out);
        for (const char *at = value->text; *at != '\0'; at++)
            fprintf(out, *at == '\\' ? "\\\\" : "%c", *at);
        putc('"', out);
    } else
        print_datum(value, out);
}

static void print_values(const struct node *node, FILE *out)
{
    putc('[', out);
    for (int i = 0; i < node->value_count; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_value(&node->values[i], node->op == LIKE, out);
    }
    putc(']', out);
}

static const char *const op_words[] = { "=", "!=", "<", "<=", ">", ">=", "contains", "startswith",
    "endswith", "like" };
static const char *const how_words[] = { "", "any ", "all " };

static void print_patterns(const struct node *node, FILE *out)
{
    fprintf(out, "%s %s", op_words[node->op], how_words[node->patterns]);
    if (node->patterns == BARE)
        print_value(&node->values[0], node->op == LIKE, out);
    else
        print_values(node, out);
}

static void print_leaf(const struct node *node, FILE *out)
{
    const char *field = keys[node->key].field;
    const char *not = node->is_negated ? "not " : "";
    if (node->form != FORM_EXISTS && node->form != FORM_NULL)
        fputs(how_words[node->quantifier], out);
    switch (node->form) {
    case FORM_COMPARE:
        fprintf(out, "%s %s ", field, op_words[node->op]);
        print_value(&node->values[0], false, out);
        break;
    case FORM_IN:
        fprintf(out, "%s %sin ", field, not );
        print_values(node, out);
        break;
    case FORM_BETWEEN:
        fprintf(out, "%s %sin %d..%d", field, not, node->low, node->high);
        break;
    case FORM_NETWORK:
        fprintf(out, "%s %sin \"", field, not );
        print_address(node->values[0].address, out);
        fprintf(out, "/%d\"", node->high);
        break;
    case FORM_PATTERN:
        fprintf(out, "%s ", field);
        print_patterns(node, out);
        break;
    case FORM_REGEX:
        fprintf(out, "%s matches /%s/%s", field, regexes[node->low], node->is_negated ? "i" : "");
        break;
    case FORM_EXISTS:
        fprintf(out, "%s %s", node->is_negated ? "missing" : "exists", field);
        break;
    case FORM_NULL:
        fprintf(out, "%s is null", field);
        break;
    case FORM_ANYWHERE:
        fputs("anywhere ", out);
        print_patterns(node, out);
        break;
    case FORM_FIELDS:
        fprintf(out, "%s %s %s", field, op_words[node->op], keys[node->other].field);
        break;
    case FORM_HOUR:
        fprintf(out, "hour(time) %sin %d..%d", not, node->low, node->high);
        break;
    case FORM_LENGTH:
        fprintf(out, "len(%s) > %d", field, node->low);
        break;
    case FORM_TRUE:
        fprintf(out, "%s %s true", field, node->is_negated ? "!=" : "=");
        break;
    case FORM_NOT:
    case FORM_AND:
    case FORM_OR:
    case FORM_LET:
    case FORM_MACRO:
        break;
    }
    if (node->is_cased)
        fputs(" cased", out);
}

void node_print(const struct node *node, FILE *out)
{
    if (node->form == FORM_NOT) {
        fputs("not (", out);
        node_print(node->left, out);
        fputs(")", out);
    } else if (node->form == FORM_AND || node->form == FORM_OR) {
        fputs("(", out);
        node_print(node->left, out);
        fputs(node->form == FORM_AND ? ") and (" : ") or (", out);
        node_print(node->right, out);
        fputs(")", out);
    } else if (node->form == FORM_LET) {
        fprintf(out, "let_%d", node->declared);
    } else if (node->form == FORM_MACRO) {
        fprintf(out, "macro_%d(\"a\")", node->declared);
    } else {
        print_leaf(node, out);
    }
}

void node_declare(struct node *node, int *declared, FILE *out)
{
    if (node == NULL)
        return;
    node_declare(node->left, declared, out);
    node_declare(node->right, declared, out);
    if (node->form != FORM_LET && node->form != FORM_MACRO)
        return;
    node->declared = (*declared)++;
    fprintf(out,
        node->form == FORM_LET ? "let let_%d = " : "macro macro_%d(x : text) = x = \"A\" and (",
        node->declared);
    node_print(node->left, out);
    fputs(node->form == FORM_LET ? "\n" : ")\n", out);
}
