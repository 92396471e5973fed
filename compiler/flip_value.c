/* flip_value.c - see flip_value.h. */
#include "flip_value.h"

#include "base/buf.h"
#include "ip.h"
#include "match/regex.h"
#include "number.h"

/* What a leaf asks, taken apart: `target OPCODE right`, or BETWEEN right and high. */
struct question {
    enum opcode opcode;
    uint8_t flags;
    const struct expr *target;
    value right;
    value high;
};

struct guess {
    const struct program *program;
    const struct event *event;
    struct arena *arena;
    const struct question *question;
    struct flip_value *items;
    uint32_t count;
    bool is_example;
    enum err err;
};

value flip_current(
    const struct program *program, const struct event *event, const struct expr *target)
{
    if (target->means == MEANING_FIELD)
        return event->fields[target->is.field];
    for (uint32_t at = 0; at < program->path_count && at < event->raw.count; at++)
        if (str_equal(program->paths[at], target->is.path))
            return event->raw.values[at];
    return VALUE_NONE;
}

/* ---- the question ---- */

static bool is_target(const struct expr *expr)
{
    if (expr->kind != EXPR_FIELD)
        return false;
    if (expr->means == MEANING_FIELD)
        return expr->is.field != FIELD_RECEIVED;
    return expr->means == MEANING_RAW;
}

/* A field, or the one that a function makes something of: lower(host.name). */
static const struct expr *target_of(const struct expr *operand)
{
    while (operand->kind == EXPR_CALL && operand->means != MEANING_CONSTANT
           && operand->call.arguments != NULL)
        operand = operand->call.arguments;
    return is_target(operand) ? operand : NULL;
}

static enum opcode mirrored(enum opcode opcode)
{
    switch ((int)opcode) {
    case OP_LESS:
        return OP_GREATER;
    case OP_LESS_EQUAL:
        return OP_GREATER_EQUAL;
    case OP_GREATER:
        return OP_LESS;
    case OP_GREATER_EQUAL:
        return OP_LESS_EQUAL;
    case OP_EQUAL:
    case OP_NOT_EQUAL:
        return opcode;
    default:
        return OP_COUNT;
    }
}

static const value *constant_at(const struct program *program, uint32_t at)
{
    const struct instruction *in = &program->code[at];
    return in->opcode == OP_CONSTANT ? &program->constants[in->a] : NULL;
}

/* The two sides of a test as constants of the program; a field beside a field has the value
 * that the other one has in the alert. */
static bool ask_sides(const struct program *program, const struct probe_leaf *leaf,
    const struct event *event, uint32_t test_at, struct question *question)
{
    const struct expr *left = leaf->expr->kind == EXPR_TEST ? leaf->expr->test.left : leaf->expr;
    const struct expr *right = leaf->expr->kind == EXPR_TEST ? leaf->expr->test.right : NULL;
    bool is_between = question->opcode == OP_BETWEEN || question->opcode == OP_NOT_BETWEEN;
    const value *last = test_at == leaf->value ? NULL : constant_at(program, test_at - 1);
    const value *first = constant_at(program, leaf->value);
    question->target = target_of(left);
    if (question->opcode == OP_IS_NULL)
        return question->target != NULL;
    if (question->target != NULL && last != NULL) {
        const value *low = is_between ? constant_at(program, test_at - 2) : last;
        question->right = low == NULL ? VALUE_NONE : *low;
        question->high = *last;
        return low != NULL;
    }
    if (is_between || right == NULL)
        return false;
    if (question->target != NULL && is_target(right)) {
        question->right = flip_current(program, event, right);
        if (question->right.kind != VALUE_ABSENT && question->right.kind != VALUE_NULL)
            return true;
    }
    question->opcode = mirrored(question->opcode);
    question->target = target_of(right);
    question->right = first != NULL     ? *first
                      : is_target(left) ? flip_current(program, event, left)
                                        : VALUE_NONE;
    return question->opcode != OP_COUNT && question->target != NULL
           && question->right.kind != VALUE_ABSENT;
}

/* Take the leaf apart; false when no value of one field is an answer. */
static bool ask(const struct program *program, const struct probe_leaf *leaf,
    const struct event *event, struct question *question)
{
    uint32_t end = leaf->value;
    if (leaf->value == NO_INDEX || leaf->reads_results)
        return false;
    while (program->code[end].opcode != OP_RETURN)
        end++;
    uint32_t test_at = end - 3; /* before NOT NOT RETURN */
    *question = (struct question){ .opcode = (enum opcode)program->code[test_at].opcode,
        .flags = program->code[test_at].flags };
    if (leaf->expr->kind == EXPR_EXISTS) {
        question->target = target_of(leaf->expr->exists.operand);
        return question->target != NULL;
    }
    bool is_test = question->opcode >= OP_EQUAL && question->opcode <= OP_IS_NULL;
    return is_test && ask_sides(program, leaf, event, test_at, question);
}

/* ---- values of a type ---- */

static enum type type_of(const struct expr *target)
{
    return target->means == MEANING_FIELD ? field_info(target->is.field)->type : TYPE_RAW;
}

/* The value as the target may hold it; absent when it cannot. */
static value fitted(struct guess *guess, value v)
{
    value made = v;
    enum type type = type_of(guess->question->target);
    bool is_plain = v.kind == VALUE_TEXT || v.kind == VALUE_BOOL || number_is(v);
    if (v.kind == VALUE_NULL)
        return v;
    if (type == TYPE_RAW && is_plain)
        return v;
    if (v.kind != VALUE_TEXT && !is_plain) {
        str text = value_print(guess->arena, v);
        if (text.ptr == NULL)
            guess->err = ERR_MEMORY;
        made = value_text(text);
    }
    if (type != TYPE_RAW && guess->err == ERR_OK)
        guess->err = value_convert(guess->arena, made, type, &made);
    return made;
}

static bool is_known_source(const struct program *program, str name)
{
    for (uint32_t at = 0; at < program->source_count; at++)
        if (str_equal(program->sources[at].name, name))
            return true;
    return false;
}

static void add(struct guess *guess, value v)
{
    const struct expr *target = guess->question->target;
    if (guess->count == FLIP_VALUES_MAX || guess->err != ERR_OK)
        return;
    value to = v.kind == VALUE_ABSENT ? v : fitted(guess, v);
    if (guess->err != ERR_OK || (to.kind == VALUE_ABSENT && v.kind != VALUE_ABSENT)
        || value_same(to, flip_current(guess->program, guess->event, target)))
        return;
    bool is_source = target->means == MEANING_FIELD && target->is.field == FIELD_SOURCE;
    if (is_source && !is_known_source(guess->program, value_str(to)))
        return;
    for (uint32_t at = 0; at < guess->count; at++)
        if (value_same(guess->items[at].to, to))
            return;
    guess->items[guess->count++] = (struct flip_value){ target, to, guess->is_example };
}

static void add_text(struct guess *guess, const char *text)
{
    add(guess, value_text(str_from(text)));
}

/* Some value of the target's type, whatever it is compared with. */
static void add_samples(struct guess *guess)
{
    static const char *const samples[TYPE_COUNT] = {
        [TYPE_BOOL] = "true",
        [TYPE_INTEGER] = "1",
        [TYPE_DECIMAL] = "1",
        [TYPE_IP] = "192.0.2.1",
        [TYPE_CIDR] = "192.0.2.0/24",
        [TYPE_DURATION] = "1m",
        [TYPE_SEVERITY] = "medium",
        [TYPE_VERDICT] = "suspicious",
        [TYPE_ACCOUNT] = "111122223333",
        [TYPE_REGION] = "eu-west-1",
        [TYPE_HOST] = "host-1",
        [TYPE_INSTANCE] = "i-0123456789abcdef0",
        [TYPE_ROLE] = "arn:aws:iam::111122223333:role/other",
        [TYPE_SECURITY_GROUP] = "sg-0123456789abcdef0",
        [TYPE_USER] = "user-1",
        [TYPE_ACCESS_KEY] = "AKIA0123456789ABCDEF",
    };
    enum type type = type_of(guess->question->target);
    guess->is_example = true;
    if (type == TYPE_TIME)
        add(guess, (value){ .kind = VALUE_TIME, .milliseconds = guess->event->received_ms });
    else if (type == TYPE_SOURCE && guess->program->source_count > 0)
        add(guess, value_text(guess->program->sources[0].name));
    else
        add_text(guess, samples[type] == NULL ? "other" : samples[type]);
}

/* ---- the answers ---- */

static uint32_t ordinals_of(enum value_kind kind)
{
    return kind == VALUE_SEVERITY ? SEVERITY_COUNT : kind == VALUE_VERDICT ? VERDICT_COUNT : 0;
}

static int64_t shifted(int64_t number, int64_t by)
{
    int64_t sum;
    return __builtin_add_overflow(number, by, &sum) ? number : sum;
}

/* Values from `v` on upwards or downwards, `v` itself only when it is included. */
static void add_beside(struct guess *guess, value v, int direction, bool is_included)
{
    uint32_t ordinals = ordinals_of(v.kind);
    if (is_included)
        add(guess, v);
    if (v.kind == VALUE_DECIMAL) {
        v.decimal += direction;
        add(guess, v);
    } else if (v.kind == VALUE_INTEGER) {
        v.integer = shifted(v.integer, direction);
        add(guess, v);
    } else if (v.kind == VALUE_TIME || v.kind == VALUE_DURATION) {
        v.milliseconds = shifted(v.milliseconds, direction * INT64_C(1000));
        add(guess, v);
    }
    for (uint32_t turn = 0; turn < ordinals; turn++) {
        v.integer += direction;
        if (v.integer >= 0 && v.integer < ordinals)
            add(guess, v);
    }
}

static void add_order(struct guess *guess, enum opcode opcode, bool wanted)
{
    bool is_up = (opcode == OP_GREATER || opcode == OP_GREATER_EQUAL) == wanted;
    bool is_included = (opcode == OP_GREATER_EQUAL || opcode == OP_LESS_EQUAL) == wanted;
    add_beside(guess, guess->question->right, is_up ? 1 : -1, is_included);
}

/* The pattern of `like` without what is special in it. */
static value glob_text(struct guess *guess, str glob)
{
    char *text = arena_alloc(guess->arena, glob.len + 1, 1);
    size_t len = 0;
    if (text == NULL) {
        guess->err = ERR_MEMORY;
        return VALUE_NONE;
    }
    for (size_t at = 0; at < glob.len; at++) {
        if (glob.ptr[at] == '\\' && at + 1 < glob.len)
            text[len++] = glob.ptr[++at];
        else if (glob.ptr[at] == '?')
            text[len++] = 'x';
        else if (glob.ptr[at] != '*')
            text[len++] = glob.ptr[at];
    }
    return value_text((str){ text, len });
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* A regular expression that is but a word, without what anchors and escapes; absent for any
 * other. */
static value regex_word(struct guess *guess, value v)
{
    str regex = regex_text(guess->program->regexes[v.integer]);
    str pattern = str_first(str_skip(regex, 1), str_find_last(str_skip(regex, 1), '/'));
    char *text = arena_alloc(guess->arena, pattern.len + 1, 1);
    size_t len = 0;
    if (text == NULL) {
        guess->err = ERR_MEMORY;
        return VALUE_NONE;
    }
    for (size_t at = 0; at < pattern.len; at++) {
        char c = pattern.ptr[at];
        bool is_escape = c == '\\' && at + 1 < pattern.len;
        if (is_escape ? is_word_byte(pattern.ptr[at + 1]) : strchr("[](){}|*+?", c) != NULL)
            return VALUE_NONE;
        if (is_escape)
            text[len++] = pattern.ptr[++at];
        else if (c != '^' && c != '$')
            text[len++] = c;
    }
    return value_text((str){ text, len });
}

static void add_pattern(struct guess *guess, value pattern)
{
    value word = pattern.kind == VALUE_REGEX ? regex_word(guess, pattern) : VALUE_NONE;
    if (word.kind == VALUE_TEXT)
        add(guess, word);
    else if (pattern.kind == VALUE_REGEX)
        return;
    else if (guess->question->opcode == OP_LIKE && pattern.kind == VALUE_TEXT)
        add(guess, glob_text(guess, value_str(pattern)));
    else
        add(guess, pattern);
}

/* contains all ["a", "b"]: "a b". */
static void add_all_patterns(struct guess *guess, const value *items, uint32_t count)
{
    CLEANUP(buf_release) struct buf joined = BUF_INIT(ALERT_BYTES_MAX);
    for (uint32_t at = 0; at < count; at++) {
        buf_add(&joined, at > 0 ? STR(" ") : STR(""));
        buf_add(&joined, value_str(items[at]));
    }
    str text = arena_copy(guess->arena, buf_str(&joined));
    if (joined.err == ERR_LIMIT)
        return;
    if (text.ptr == NULL || joined.err != ERR_OK)
        guess->err = ERR_MEMORY;
    else
        add(guess, value_text(text));
}

/* Elements tried of a list; the first is as good as any, unless another leaf excludes it. */
enum { ELEMENTS_TRIED = 3 };

static void add_patterns(struct guess *guess, value right)
{
    const value *items = value_items(right);
    bool is_all = (guess->question->flags & FLAG_ALL_RIGHT) != 0;
    guess->is_example = guess->question->opcode != OP_EQUAL;
    if (items == NULL)
        add_pattern(guess, right);
    for (uint32_t at = 0; items != NULL && at < right.count && at < ELEMENTS_TRIED; at++)
        add_pattern(guess, items[at]);
    if (items != NULL && is_all)
        add_all_patterns(guess, items, right.count);
}

static value without_network(struct arena *arena, value v, enum err *err)
{
    if (v.kind != VALUE_CIDR)
        return v;
    struct ip *ip = ARENA_NEW(arena, struct ip);
    if (ip == NULL) {
        *err = ERR_MEMORY;
        return VALUE_NONE;
    }
    *ip = *v.ip;
    ip->bytes[15] |= ip->bits < 127; /* the first address after the network's own */
    ip->bits = 128;
    return (value){ .kind = VALUE_IP, .ip = ip };
}

static void add_members(struct guess *guess, value right)
{
    const value *items = value_items(right);
    uint32_t count = items == NULL ? 1 : right.count;
    items = items == NULL ? &right : items;
    guess->is_example = count > 1 || items[0].kind == VALUE_CIDR;
    for (uint32_t at = 0; at < count && at < ELEMENTS_TRIED; at++)
        add(guess, without_network(guess->arena, items[at], &guess->err));
}

/* Something else than `right`, or than its elements. */
static void add_other(struct guess *guess, value right)
{
    const value *items = value_items(right);
    value like = items != NULL && right.count > 0 ? items[right.count - 1] : right;
    enum type type = type_of(guess->question->target);
    guess->is_example = true;
    if (like.kind == VALUE_BOOL)
        add(guess, value_bool(!like.boolean));
    for (uint32_t at = 0; at < ordinals_of(like.kind); at++)
        add(guess, (value){ .kind = like.kind, .integer = at });
    for (uint32_t at = 0; type == TYPE_SOURCE && at < guess->program->source_count; at++)
        add(guess, value_text(guess->program->sources[at].name));
    if (number_is(like) || like.kind == VALUE_TIME || like.kind == VALUE_DURATION) {
        add_beside(guess, like, 1, false);
        add_beside(guess, like, -1, false);
    }
    if (type != TYPE_SOURCE)
        add_samples(guess);
    if (like.kind == VALUE_IP || like.kind == VALUE_CIDR) {
        add_text(guess, "198.51.100.1");
        add_text(guess, "2001:db8::1");
    }
    if (type == TYPE_TEXT || type == TYPE_RAW)
        add_text(guess, "another");
}

/* Values that pass the positive test, or do not: `!=` is asked as `=`. */
static void add_values(struct guess *guess, enum opcode opcode, bool wanted)
{
    const struct question *question = guess->question;
    guess->is_example = true;
    switch ((int)opcode) {
    case OP_EQUAL:
        guess->is_example = !wanted;
        if (wanted)
            add(guess, question->right);
        else
            add_other(guess, question->right);
        return;
    case OP_IN:
        if (wanted)
            add_members(guess, question->right);
        else
            add_other(guess, question->right);
        return;
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        guess->is_example = false; /* the nearest */
        add_order(guess, opcode, wanted);
        return;
    case OP_BETWEEN:
        guess->is_example = false;
        add_beside(guess, question->right, -1, wanted);
        add_beside(guess, question->high, 1, wanted);
        return;
    case OP_IS_NULL:
        guess->is_example = !wanted;
        if (wanted)
            add(guess, (value){ .kind = VALUE_NULL });
        else
            add_samples(guess);
        return;
    default:
        if (wanted)
            add_patterns(guess, question->right);
        else
            add_other(guess, question->right);
        return;
    }
}

static enum opcode positive(enum opcode opcode)
{
    switch ((int)opcode) {
    case OP_NOT_EQUAL:
        return OP_EQUAL;
    case OP_NOT_IN:
        return OP_IN;
    case OP_NOT_BETWEEN:
        return OP_BETWEEN;
    default:
        return opcode;
    }
}

enum err flip_values(const struct program *program, const struct probe_leaf *leaf, bool wanted,
    const struct event *event, struct arena *arena,
    struct flip_value ret_values[static FLIP_VALUES_MAX], uint32_t *ret_count)
{
    struct question question;
    *ret_count = 0;
    if (!ask(program, leaf, event, &question))
        return ERR_OK;
    struct guess guess = { .program = program,
        .event = event,
        .arena = arena,
        .question = &question,
        .items = ret_values };
    if (question.opcode == OP_EXISTS || question.opcode == OP_MISSING) {
        if (wanted == (question.opcode == OP_EXISTS))
            add_samples(&guess);
        else
            add(&guess, VALUE_NONE);
    } else {
        enum opcode asked = positive(question.opcode);
        add_values(&guess, asked, asked == question.opcode ? wanted : !wanted);
        guess.is_example = false;
        if (guess.count == FLIP_VALUES_MAX && !wanted)
            guess.count--;
        if (!wanted)
            add(&guess, VALUE_NONE);
    }
    *ret_count = guess.count;
    return guess.err;
}
