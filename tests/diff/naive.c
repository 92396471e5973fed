/* naive.c - what a condition means, by docs/language.md, as slowly and plainly as can be.
 *
 * Texts of the generator use few letters, so folding is a table of the pairs among them.
 */
#include "model.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* ---- fields ---- */

/* Vendors write null and "" for what an alert lacks. */
static bool says_something(const struct datum *value)
{
    return value->kind != ABSENT && value->kind != NIL
           && (value->kind != TEXT || value->text[0] != '\0');
}

enum { ELEMENTS_MAX = 4 };

/* What a field of the alert is to a rule: a value of its type, or absent. The elements of a
 * list that say something are in `kept`. */
static struct datum field_of(const struct alert *alert, enum key key, struct datum *kept)
{
    struct datum value = alert->values[key];
    enum kind kind = keys[key].kind;
    if (key == KEY_TIME && value.kind != MOMENT)
        return (struct datum){ .kind = MOMENT, .number = -1 }; /* when it came: midnight sharp */
    if (kind == ABSENT)
        return value;
    if (value.kind == MANY) {
        int count = 0;
        for (int i = 0; i < value.count; i++)
            if (says_something(&value.items[i]))
                kept[count++] = value.items[i];
        value.items = kept;
        value.count = count;
        value.kind = count > 0 ? MANY : ABSENT;
    } else if (value.kind != kind || !says_something(&value)) {
        value.kind = ABSENT;
    }
    return value;
}

/* The values that a test looks at, one after the other. */
struct elements {
    const struct datum *items;
    int count;
    struct datum only;
};

static void elements_of(const struct datum *value, struct elements *ret_elements)
{
    *ret_elements = (struct elements){ .only = *value };
    if (value->kind == MANY) {
        ret_elements->items = value->items;
        ret_elements->count = value->count;
    } else if (value->kind != ABSENT && value->kind != NIL) {
        ret_elements->items = &ret_elements->only;
        ret_elements->count = 1;
    }
}

/* ---- text ---- */

static void fold(const char *text, bool is_cased, char *ret_folded)
{
    static const char *const pairs[][2] = { { "É", "é" }, { "Σ", "σ" }, { "ς", "σ" },
        { "K", "k" } };
    while (*text != '\0') {
        size_t used = 1;
        *ret_folded = is_cased ? *text : (char)tolower((unsigned char)*text);
        if ((unsigned char)*text >= 0x80) {
            const char *to = NULL;
            for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !is_cased; i++)
                if (strncmp(text, pairs[i][0], strlen(pairs[i][0])) == 0) {
                    to = pairs[i][1];
                    used = strlen(pairs[i][0]);
                }
            if (to != NULL) {
                ret_folded += strlen(strcpy(ret_folded, to)) - 1;
            } else {
                *ret_folded = *text;
            }
        }
        ret_folded++;
        text += used;
    }
    *ret_folded = '\0';
}

/* Bytes of the character that `text` begins with. */
static size_t width(const char *text)
{
    size_t bytes = 1;
    while (((unsigned char)text[bytes] & 0xC0) == 0x80)
        bytes++;
    return bytes;
}

static bool glob_covers(const char *glob, const char *text)
{
    if (*glob == '\0')
        return *text == '\0';
    if (*glob == '*')
        return glob_covers(glob + 1, text)
               || (*text != '\0' && glob_covers(glob, text + width(text)));
    if (*text == '\0')
        return false;
    if (*glob == '?')
        return glob_covers(glob + 1, text + width(text));
    return *glob == *text && glob_covers(glob + 1, text + 1);
}

static bool text_test(enum op op, const char *left, const char *right, bool is_cased)
{
    char a[256];
    char b[256];
    fold(left, is_cased, a);
    fold(right, is_cased, b);
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    switch (op) {
    case EQUAL:
        return strcmp(a, b) == 0;
    case CONTAINS:
        return strstr(a, b) != NULL;
    case STARTS:
        return strncmp(a, b, b_len) == 0;
    case ENDS:
        return a_len >= b_len && strcmp(a + a_len - b_len, b) == 0;
    case LIKE:
        return glob_covers(b, a);
    case DIFFERENT:
    case LESS:
    case LESS_EQUAL:
    case GREATER:
    case GREATER_EQUAL:
        break;
    }
    return false;
}

/* ---- one value against one ---- */

/* A number, or on raw values text that spells one the way JSON does. */
static bool spells_number(const struct datum *value, double *ret_number)
{
    char *end;
    const char *digits = value->text + (value->text[0] == '-');
    if (value->kind != NUMBER && value->kind != TEXT)
        return false;
    if (!isdigit((unsigned char)digits[0])
        || (digits[0] == '0' && isdigit((unsigned char)digits[1])))
        return false;
    *ret_number = strtod(value->text, &end);
    return *end == '\0';
}

static bool ordered(enum op op, double left, double right)
{
    switch (op) {
    case EQUAL:
        return left == right;
    case LESS:
        return left < right;
    case LESS_EQUAL:
        return left <= right;
    case GREATER:
        return left > right;
    case GREATER_EQUAL:
        return left >= right;
    case DIFFERENT:
    case CONTAINS:
    case STARTS:
    case ENDS:
    case LIKE:
        break;
    }
    return false;
}

/* `op` is not DIFFERENT: whoever asks for that asks for equal elements. */
static bool compare(
    const struct datum *left, enum op op, const struct datum *right, bool is_cased, bool is_raw)
{
    double a;
    double b;
    if (right->kind == ADDRESS)
        return left->kind == ADDRESS && left->address == right->address;
    if (right->kind == LEVEL)
        return left->kind == LEVEL && ordered(op, left->level, right->level);
    if (right->kind == MOMENT)
        return left->kind == MOMENT && ordered(op, left->number, right->number);
    if (right->kind == NUMBER)
        return (is_raw || left->kind == NUMBER) && spells_number(left, &a)
               && ordered(op, a, right->number);
    if (left->kind == TEXT)
        return text_test(op, left->text, right->text, is_cased);
    if (left->kind == NUMBER && is_raw)
        return spells_number(right, &b) && ordered(op, left->number, b);
    if (left->kind == TRUTH && is_raw)
        return op == EQUAL
               && text_test(EQUAL, left->truth ? "true" : "false", right->text, is_cased);
    return false;
}

/* ---- leaves ---- */

typedef bool (*element_test)(const struct node *node, const struct datum *element);

static bool any_of(const struct elements *elements, element_test test, const struct node *node)
{
    for (int i = 0; i < elements->count; i++)
        if (test(node, &elements->items[i]))
            return true;
    return false;
}

static bool every_of(
    const struct elements *elements, element_test test, const struct node *node, bool is_negated)
{
    for (int i = 0; i < elements->count; i++)
        if (test(node, &elements->items[i]) == is_negated)
            return false;
    return elements->count > 0;
}

/* A test that may be the negated one of its kind: `!=`, `not in`. */
static bool quantified(
    const struct node *node, const struct elements *elements, element_test test, bool is_negated)
{
    if (!is_negated)
        return node->quantifier == EVERY ? every_of(elements, test, node, false)
                                         : any_of(elements, test, node);
    if (elements->count == 0)
        return false;
    if (node->quantifier == ANY) { /* some element is another */
        for (int i = 0; i < elements->count; i++)
            if (!test(node, &elements->items[i]))
                return true;
        return false;
    }
    return every_of(elements, test, node, true);
}

static bool is_raw(enum key key)
{
    return keys[key].kind == ABSENT;
}

static bool test_equal(const struct node *node, const struct datum *element)
{
    enum op op = node->op == DIFFERENT ? EQUAL : node->op;
    return compare(element, op, &node->values[0], node->is_cased, is_raw(node->key));
}

static bool test_in(const struct node *node, const struct datum *element)
{
    for (int i = 0; i < node->value_count; i++)
        if (compare(element, EQUAL, &node->values[i], node->is_cased, is_raw(node->key)))
            return true;
    return false;
}

static bool test_between(const struct node *node, const struct datum *element)
{
    double number;
    return spells_number(element, &number) && number >= node->low && number <= node->high;
}

static bool test_network(const struct node *node, const struct datum *element)
{
    uint32_t mask = UINT32_MAX << (32 - node->high);
    return element->kind == ADDRESS && (element->address & mask) == node->values[0].address;
}

static bool test_regex(const struct node *node, const struct datum *element)
{
    static const char *const patterns[] = { "a", "^a", "b$", "^$", "[ab]+c", "a.b", "(a|5)", "x*" };
    regex_t regex;
    if (element->kind != TEXT)
        return false;
    if (regcomp(&regex, patterns[node->low],
            REG_EXTENDED | REG_NOSUB | (node->is_negated ? REG_ICASE : 0))
        != 0)
        abort();
    bool is_found = regexec(&regex, element->text, 0, NULL, 0) == 0;
    regfree(&regex);
    return is_found;
}

static bool test_true(const struct node *node, const struct datum *element)
{
    (void)node;
    return (element->kind == TRUTH && element->truth)
           || (element->kind == TEXT && text_test(EQUAL, element->text, "true", false));
}

/* Each pattern may meet another element. */
static bool holds_pattern(
    const struct node *node, const struct elements *elements, const struct datum *pattern)
{
    int met = 0;
    for (int i = 0; i < elements->count; i++)
        met += elements->items[i].kind == TEXT
               && text_test(node->op, elements->items[i].text, pattern->text, node->is_cased);
    return node->quantifier == EVERY ? met > 0 && met == elements->count : met > 0;
}

static bool holds_patterns(const struct node *node, const struct elements *elements)
{
    int met = 0;
    if (node->quantifier == EVERY && node->patterns == ANY) { /* each element meets one of them */
        for (int i = 0; i < elements->count; i++) {
            struct elements one = { .items = &elements->items[i], .count = 1 };
            bool is_met = false;
            for (int at = 0; at < node->value_count; at++)
                is_met = is_met || holds_pattern(node, &one, &node->values[at]);
            met += is_met;
        }
        return elements->count > 0 && met == elements->count;
    }
    for (int at = 0; at < node->value_count; at++)
        met += holds_pattern(node, elements, &node->values[at]);
    return node->patterns == EVERY ? met == node->value_count : met > 0;
}

static bool anywhere_in(const struct node *node, const struct alert *alert, const char *pattern)
{
    static const char *const level_words[] = { "informational", "low", "medium", "high",
        "critical" };
    char text[64];
    for (int key = -1; key < KEY_COUNT; key++) {
        static const struct datum kind = { .kind = TEXT, .text = "diff" };
        struct elements elements;
        elements_of(key < 0 ? &kind : &alert->values[key], &elements);
        for (int i = 0; i < elements.count; i++) {
            const struct datum *leaf = &elements.items[i];
            if (leaf->kind == NIL)
                continue;
            if (leaf->kind == TRUTH)
                strcpy(text, leaf->truth ? "true" : "false");
            else if (leaf->kind == ADDRESS)
                snprintf(text, sizeof text, "%u.%u.%u.%u", leaf->address >> 24,
                    leaf->address >> 16 & 255, leaf->address >> 8 & 255, leaf->address & 255);
            else if (leaf->kind == LEVEL)
                strcpy(text, level_words[leaf->level]);
            else if (leaf->kind == MOMENT)
                snprintf(text, sizeof text, "2026-01-01T%02d:30:00Z", (int)leaf->number);
            else
                strcpy(text, leaf->text);
            if (text_test(node->op, text, pattern, node->is_cased))
                return true;
        }
    }
    return false;
}

static bool holds_anywhere(const struct node *node, const struct alert *alert)
{
    int met = 0;
    for (int at = 0; at < node->value_count; at++)
        met += anywhere_in(node, alert, node->values[at].text);
    return node->patterns == EVERY ? met == node->value_count : met > 0;
}

static bool holds_fields(
    const struct node *node, const struct elements *elements, const struct datum *other)
{
    struct node beside = *node;
    if (other->kind != TEXT)
        return false;
    beside.values[0] = *other;
    beside.value_count = 1;
    return quantified(&beside, elements, test_equal, node->op == DIFFERENT);
}

static bool holds_hour(const struct node *node, const struct datum *time)
{
    int hour = time->number < 0 ? 0 : (int)time->number;
    return (hour >= node->low && hour <= node->high) != node->is_negated;
}

static int characters(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text += width(text))
        count++;
    return count;
}

static bool leaf_holds(const struct node *node, const struct alert *alert)
{
    struct datum kept[ELEMENTS_MAX];
    struct datum kept_other[ELEMENTS_MAX];
    struct datum value = field_of(alert, node->key, kept);
    struct datum other = field_of(alert, node->other, kept_other);
    struct elements elements;
    elements_of(&value, &elements);
    switch (node->form) {
    case FORM_COMPARE:
        return quantified(node, &elements, test_equal, node->op == DIFFERENT);
    case FORM_IN:
        return quantified(node, &elements, test_in, node->is_negated);
    case FORM_BETWEEN:
        return quantified(node, &elements, test_between, node->is_negated);
    case FORM_NETWORK:
        return quantified(node, &elements, test_network, node->is_negated);
    case FORM_REGEX:
        return quantified(node, &elements, test_regex, false);
    case FORM_TRUE:
        return quantified(node, &elements, test_true, node->is_negated);
    case FORM_PATTERN:
        return holds_patterns(node, &elements);
    case FORM_EXISTS:
        return (value.kind != ABSENT) != node->is_negated;
    case FORM_NULL:
        return value.kind == NIL;
    case FORM_ANYWHERE:
        return holds_anywhere(node, alert);
    case FORM_FIELDS:
        return holds_fields(node, &elements, &other);
    case FORM_HOUR:
        value = field_of(alert, KEY_TIME, kept);
        return holds_hour(node, &value);
    case FORM_LENGTH:
        return value.kind == TEXT && characters(value.text) > node->low;
    case FORM_NOT:
    case FORM_AND:
    case FORM_OR:
    case FORM_LET:
    case FORM_MACRO:
        break;
    }
    return false;
}

bool node_holds(const struct node *node, const struct alert *alert)
{
    if (node->form == FORM_NOT)
        return !node_holds(node->left, alert);
    if (node->form == FORM_AND)
        return node_holds(node->left, alert) && node_holds(node->right, alert);
    if (node->form == FORM_OR)
        return node_holds(node->left, alert) || node_holds(node->right, alert);
    if (node->form == FORM_LET || node->form == FORM_MACRO)
        return node_holds(node->left, alert);
    return leaf_holds(node, alert);
}
