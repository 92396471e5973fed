/* check_environment.c - environments: named sets of cloud resources, and the tags that they
 * are told by.
 *
 * An environment stands for a plain condition on fields of the alert, and `not in` for one
 * that holds where a part is there and different. Both are made here, so that the machine,
 * the proofs and `explain` know nothing of environments: expand.c writes them out.
 */
#include "check_pass.h"

#include "base/fold.h"
#include "base/limits.h"

#include <stdlib.h>

struct provider {
    const char *name;
    bool has_places; /* the forms of its accounts and regions are known */
};

static const struct provider providers[] = { { "aws", true }, { "azure", false },
    { "gcp", false } };

static const char *const keys[] = { "accounts", "regions", "tags" };
enum part { PART_ACCOUNTS, PART_REGIONS, PART_TAGS, PARTS };

static const struct provider *provider_find(str name)
{
    for (size_t at = 0; at < COUNT_OF(providers); at++)
        if (str_is(name, providers[at].name))
            return &providers[at];
    return NULL;
}

static enum part part_find(str key)
{
    int part = 0;
    while (part < PARTS && !str_is(key, keys[part]))
        part++;
    return (enum part)part;
}

/* ---- what is written ---- */

static struct diag *report_part(struct check *check, span at, const char *message, str word)
{
    struct diag *diag = diag_add(check->diags, DIAG_ENVIRONMENT_PART, at, "%s", message);
    if (word.len == 0)
        return diag;
    struct suggestion near = { .word = word };
    for (size_t i = 0; i < COUNT_OF(providers); i++)
        suggest(&near, str_from(providers[i].name));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        suggest(&near, str_from(keys[i]));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, at, near.best);
    } else {
        diag_help(check->diags, diag,
            "an entry is a provider (aws, azure, gcp), then what must hold: `accounts [..]` or "
            "`accounts organization`, `regions [..]`, `tags { key = \"value\" }`");
    }
    return diag;
}

static int by_text(const void *a, const void *b)
{
    const struct expr *first = *(const struct expr *const *)a;
    const struct expr *second = *(const struct expr *const *)b;
    int order = fold_compare(value_str(first->literal.value), value_str(second->literal.value));
    return order != 0 ? order
                      : (first->at.start > second->at.start) - (first->at.start < second->at.start);
}

/* There may be very many, so they are sorted and not compared pair by pair. */
static void look_for_doubles(struct check *check, const struct expr *elements)
{
    size_t count = 0;
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    for (const struct expr *one = elements; one != NULL; one = one->next)
        count++;
    const struct expr **texts = ARENA_ARRAY(&scratch, const struct expr *, count + 1);
    if (!check_ok(check, texts == NULL ? ERR_MEMORY : ERR_OK))
        return;
    count = 0;
    for (const struct expr *one = elements; one != NULL; one = one->next)
        if (one->kind == EXPR_LITERAL && one->literal.type == TYPE_TEXT)
            texts[count++] = one;
    qsort(texts, count, sizeof *texts, by_text);
    for (size_t at = 1; at < count; at++)
        if (fold_compare(
                value_str(texts[at - 1]->literal.value), value_str(texts[at]->literal.value))
            == 0)
            diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, texts[at]->at, "this is named twice");
}

/* Texts that stand for accounts or regions of AWS. */
static void check_places(struct check *check, const struct ast_place *place, enum type type)
{
    const char *form = type == TYPE_ACCOUNT ? "an account has twelve digits, in quotes: "
                                              "\"111122223333\""
                                            : "a region is written \"eu-west-1\"";
    for (const struct expr *one = place->values->elements; one != NULL; one = one->next) {
        bool is_text = one->kind == EXPR_LITERAL && one->literal.type == TYPE_TEXT;
        value fitted = VALUE_NONE;
        if (is_text
            && !check_ok(check, value_convert(check->arena, one->literal.value, type, &fitted)))
            return;
        if (fitted.kind == VALUE_ABSENT) {
            struct diag *diag = diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, one->at,
                "this is no %s of AWS", type_name(type));
            diag_help(check->diags, diag, "%s", form);
        } else if (type == TYPE_REGION) {
            check_region_known(check, one->at, value_str(fitted));
        }
    }
    look_for_doubles(check, place->values->elements);
    if (place->values->elements == NULL)
        diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, place->at,
            "an empty list would let no resource in");
}

static bool is_text_list(const struct expr *list)
{
    for (const struct expr *one = list->elements; one != NULL; one = one->next)
        if (one->kind != EXPR_LITERAL || one->literal.type != TYPE_TEXT)
            return false;
    return list->elements != NULL;
}

static void check_tags(struct check *check, const struct ast_place *place)
{
    for (const struct pair *pair = place->pairs; pair != NULL; pair = pair->next) {
        const struct expr *v = pair->value;
        bool is_text = v->kind == EXPR_LIST
                           ? is_text_list(v)
                           : v->kind == EXPR_LITERAL && v->literal.type == TYPE_TEXT;
        if (!is_text) {
            struct diag *diag = diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, v->at,
                "the value of a tag is text in quotes, or a list of such");
            diag_help(check->diags, diag, "write `%.*s = \"..\"`", STR_ARG(pair->key));
        }
        for (const struct pair *before = place->pairs; before != pair; before = before->next)
            if (str_equal(before->key, pair->key))
                diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, pair->key_at,
                    "the tag `%.*s` is named twice", STR_ARG(pair->key));
    }
}

/* `accounts organisation`: the word is one part to the parser, and so is what it belongs to. */
static bool is_organization_misspelt(
    struct check *check, const struct ast_place *accounts, const struct provider *provider)
{
    const struct ast_place *word = accounts->next;
    struct suggestion near = { .word = word == NULL ? STR("") : word->key };
    suggest(&near, STR("organization"));
    if (near.best.len == 0 || !provider->has_places || accounts->values != NULL
        || accounts->pairs != NULL || accounts->is_organization || word->values != NULL
        || word->pairs != NULL)
        return false;
    struct diag *diag = diag_add(check->diags, DIAG_ENVIRONMENT_PART, word->key_at,
        "accounts have no `%.*s`", STR_ARG(word->key));
    diag_help(check->diags, diag, "did you mean `organization`?");
    diag_set_guess(check->diags, diag, word->key_at, near.best);
    return true;
}

/* Accounts, regions or tags of an entry of `provider`. */
static void check_part(struct check *check, const struct ast_place *place, enum part part,
    const struct provider *provider)
{
    bool is_tags = part == PART_TAGS;
    if (place->is_organization && (part != PART_ACCOUNTS || !provider->has_places)) {
        struct diag *diag = report_part(
            check, place->at, "only accounts of aws are those of an organization", STR(""));
        diag_help(check->diags, diag, "write `aws accounts organization`");
    } else if (place->is_organization) {
        return;
    } else if (is_tags ? place->pairs == NULL : place->values == NULL) {
        struct diag *diag = report_part(
            check, place->at, is_tags ? "tags stand in braces" : "a list belongs here", STR(""));
        diag_help(check->diags, diag,
            is_tags                 ? "write `tags { env = \"prod\" }`"
            : part == PART_ACCOUNTS ? "write `%s [\"..\", \"..\"]`, or `accounts organization`"
                                    : "write `%s [\"..\", \"..\"]`",
            keys[part]);
    } else if (is_tags) {
        check_tags(check, place);
    } else if (provider->has_places) {
        check_places(check, place, part == PART_ACCOUNTS ? TYPE_ACCOUNT : TYPE_REGION);
    } else {
        struct diag *diag = diag_add(check->diags, DIAG_ENVIRONMENT_VALUE, place->at,
            "%s of %s are not read by this build, so no resource would be in", keys[part],
            provider->name);
        diag_help(check->diags, diag, "name the provider alone, or say which tags");
    }
}

static void check_environment_mode(
    struct check *check, struct item *item, const struct ast_place *place)
{
    if (item->environment.mode != NULL) {
        diag_add(check->diags, DIAG_GIVEN_TWICE, place->at, "the environment says this twice");
        return;
    }
    item->environment.mode = place;
    item->environment.ceiling = check_mode(check, place->word, place->word_at);
}

/* The parts in order: a provider begins an entry, and each part is said once in it. */
static void check_parts(struct check *check, struct item *item)
{
    const struct provider *provider = NULL;
    const struct ast_place *said[PARTS] = { NULL };
    uint32_t errors = check->diags->error_count;
    for (const struct ast_place *place = item->environment.places; place != NULL;
         place = place->next) {
        enum part part = part_find(place->key);
        bool is_alone = place->values == NULL && place->pairs == NULL && !place->is_organization;
        if (place->word.len > 0) {
            check_environment_mode(check, item, place);
        } else if (part == PARTS && is_alone && provider_find(place->key) != NULL) {
            provider = provider_find(place->key);
            memset(said, 0, sizeof said);
        } else if (part == PARTS) {
            report_part(check, place->key_at,
                is_alone ? "no provider is called so" : "an environment has no such part",
                place->key);
        } else if (provider == NULL) {
            report_part(check, place->key_at, "an entry begins with its provider: `aws`", STR(""));
            return;
        } else if (said[part] != NULL) {
            struct diag *diag = diag_add(check->diags, DIAG_GIVEN_TWICE, place->key_at,
                "`%s` is said twice in one entry", keys[part]);
            diag_help(check->diags, diag, "name the provider again to begin another entry");
        } else {
            said[part] = place;
            if (part == PART_ACCOUNTS && is_organization_misspelt(check, place, provider))
                place = place->next;
            else
                check_part(check, place, part, provider);
        }
    }
    if (provider == NULL && check->diags->error_count == errors) {
        struct diag *diag = report_part(check, item->name_at, "nothing is in it", STR(""));
        diag_help(check->diags, diag, "write a provider: `environment %.*s { aws }`",
            STR_ARG(item->name));
    }
}

/* ---- what it means ---- */

struct maker {
    struct check *check;
    bool is_outside; /* `not in` */
};

static struct expr *make(struct maker *maker, struct expr expr)
{
    struct expr *made = ARENA_NEW(maker->check->arena, struct expr);
    if (check_ok(maker->check, made == NULL ? ERR_MEMORY : ERR_OK))
        *made = expr;
    return made;
}

static struct expr *join(
    struct maker *maker, enum expr_kind kind, struct expr *left, struct expr *right)
{
    if (left == NULL || right == NULL)
        return left == NULL ? right : left;
    return make(maker,
        (struct expr){ .kind = kind, .at = right->at, .binary = { .left = left, .right = right } });
}

/* A path of two words, and of a third in brackets when it is not empty. */
static struct expr *make_field(
    struct maker *maker, span at, const char *first, const char *second, str index)
{
    struct path_part *parts = ARENA_ARRAY(maker->check->arena, struct path_part, 3);
    if (!check_ok(maker->check, parts == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    parts[0] = (struct path_part){ &parts[1], str_from(first), at, false };
    parts[1] = (struct path_part){ index.len > 0 ? &parts[2] : NULL, str_from(second), at, false };
    parts[2] = (struct path_part){ NULL, index, at, true };
    return make(maker, (struct expr){ .kind = EXPR_FIELD, .at = at, .path = parts });
}

/* field = value, or field in [..]; the other way round outside. */
static struct expr *make_test(struct maker *maker, span at, struct expr *field, struct expr *right)
{
    bool is_list = right != NULL && right->kind == EXPR_LIST;
    enum test inside = is_list ? TEST_IN : TEST_EQUAL;
    enum test outside = is_list ? TEST_NOT_IN : TEST_NOT_EQUAL;
    if (field == NULL || right == NULL)
        return NULL;
    return make(maker,
        (struct expr){ .kind = EXPR_TEST,
            .at = at,
            .test = {
                .test = maker->is_outside ? outside : inside, .left = field, .right = right } });
}

/* A copy that the two conditions do not share: the check writes into it. */
static struct expr *copy_right(struct maker *maker, const struct expr *right)
{
    struct expr *made = make(maker, *right);
    if (made == NULL || made->kind != EXPR_LIST)
        return made;
    struct expr **last = &made->elements;
    for (const struct expr *one = right->elements; one != NULL; one = one->next) {
        *last = make(maker, *one);
        if (*last == NULL)
            return NULL;
        last = &(*last)->next;
    }
    return made;
}

static struct expr *make_provider(struct maker *maker, const struct ast_place *place)
{
    struct expr *name =
        make(maker, (struct expr){ .kind = EXPR_LITERAL,
                        .at = place->key_at,
                        .literal = { .value = value_text(place->key), .type = TYPE_TEXT } });
    return make_test(
        maker, place->key_at, make_field(maker, place->key_at, "cloud", "provider", STR("")), name);
}

/* Whatever account: which ones are of the organization only AWS can say, and into those that are
 * not no step goes. So every one is inside, and none outside; one that is not known may be. */
static struct expr *make_organization(struct maker *maker, const struct ast_place *place)
{
    struct expr *field = make_field(maker, place->at, "cloud", "account", STR(""));
    struct expr *any =
        make(maker, (struct expr){ .kind = EXPR_LITERAL,
                        .at = place->at,
                        .literal = { .value = value_text(STR("*")), .type = TYPE_TEXT } });
    if (maker->is_outside || field == NULL || any == NULL)
        return NULL;
    return make(maker, (struct expr){ .kind = EXPR_TEST,
                           .at = place->at,
                           .test = { .test = TEST_LIKE, .left = field, .right = any } });
}

/* All tags of a part must be so; outside, one that is different is enough. */
static struct expr *make_part(struct maker *maker, const struct ast_place *place)
{
    enum expr_kind both = maker->is_outside ? EXPR_OR : EXPR_AND;
    enum part part = part_find(place->key);
    struct expr *made = NULL;
    if (part == PARTS)
        return make_provider(maker, place);
    if (place->is_organization)
        return make_organization(maker, place);
    if (part != PART_TAGS)
        return make_test(maker, place->at,
            make_field(
                maker, place->at, "cloud", part == PART_ACCOUNTS ? "account" : "region", STR("")),
            copy_right(maker, place->values));
    for (const struct pair *pair = place->pairs; pair != NULL; pair = pair->next)
        made = join(maker, both, made,
            make_test(maker, pair->at,
                make_field(maker, pair->key_at, "resource", "tags", pair->key),
                copy_right(maker, pair->value)));
    return made;
}

/* Inside: one entry of which every part holds. Outside: of each entry some part is there and
 * different. */
static struct expr *make_condition(struct check *check, const struct item *item, bool is_outside)
{
    struct maker maker = { check, is_outside };
    enum expr_kind parts = is_outside ? EXPR_OR : EXPR_AND;
    enum expr_kind entries = is_outside ? EXPR_AND : EXPR_OR;
    struct expr *all = NULL;
    struct expr *entry = NULL;
    for (const struct ast_place *place = item->environment.places; place != NULL;
         place = place->next) {
        if (place->word.len > 0)
            continue; /* `mode`: of the whole */
        if (part_find(place->key) == PARTS) {
            all = join(&maker, entries, all, entry);
            entry = NULL;
        }
        entry = join(&maker, parts, entry, make_part(&maker, place));
    }
    return join(&maker, entries, all, entry);
}

void check_environment(struct check *check, struct item *item)
{
    uint32_t errors = check->diags->error_count;
    if (item->environment.is_checked || item->is_partial)
        return;
    item->environment.is_checked = true;
    check_parts(check, item);
    if (check->diags->error_count > errors)
        return;
    /* What is seen where the environment is used is not seen in it. */
    struct check inner = *check;
    inner.item = item;
    inner.macro = NULL;
    inner.steps = NULL;
    for (int is_outside = 0; is_outside < 2 && inner.err == ERR_OK; is_outside++) {
        struct expr *made = make_condition(&inner, item, is_outside == 1);
        if (inner.err == ERR_OK)
            check_condition(&inner, made);
        if (inner.err == ERR_OK && inner.diags->error_count == errors)
            *(is_outside == 1 ? &item->environment.outside : &item->environment.inside) = made;
    }
    check->err = inner.err;
    check->lookups = inner.lookups;
    check->unsaid = inner.unsaid;
}

/* ---- where it is used ---- */

static bool is_resource(const struct expr *expr)
{
    return path_is_word(expr) && str_is(expr->path->text, "resource");
}

/* The environment that the word means, or NULL. */
static struct item *environment_named(const struct check *check, const struct expr *expr)
{
    if (expr == NULL || !path_is_word(expr))
        return NULL;
    const struct name *name = scope_find(check->scope, expr->at.file, expr->path->text);
    return name == NULL || name->item->kind != ITEM_ENVIRONMENT ? NULL : name->item;
}

static void report_no_environment(struct check *check, const struct expr *right)
{
    str word = path_is_word(right) ? right->path->text : STR("");
    struct suggestion near = { .word = word };
    uint32_t next = 0;
    if (word.len > 0 && check_is_lost(check, right->at.file, word))
        return;
    for (const struct name *name; (name = scope_next(check->scope, &next)) != NULL;)
        if (name->item->kind == ITEM_ENVIRONMENT && scope_sees(check->scope, right->at.file, name))
            suggest(&near, name->text);
    struct diag *diag = diag_add(check->diags, DIAG_NOT_AN_ENVIRONMENT, right->at,
        "`resource in` asks for an environment, and this is none");
    const struct name *elsewhere = word.len == 0 ? NULL : scope_find_any(check->scope, word);
    while (elsewhere != NULL && elsewhere->item->kind != ITEM_ENVIRONMENT)
        elsewhere = elsewhere->elsewhere;
    if (elsewhere != NULL) {
        help_with_use(check, diag, right->at.file, elsewhere->item);
    } else if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, right->at, near.best);
    } else {
        diag_help(check->diags, diag,
            "declare one: `environment production { aws accounts [\"111122223333\"] }`; one field "
            "of the resource is `resource.id`, `resource.type` or `resource.tags[\"..\"]`");
    }
}

static void report_no_resource(
    struct check *check, const struct expr *expr, const struct item *item)
{
    struct diag *diag = diag_add(check->diags, DIAG_NOT_AN_ENVIRONMENT, expr->test.left->at,
        "only `resource` can be in an environment");
    diag_note(check->diags, diag, item->name_at, "`%.*s` is one", STR_ARG(item->name));
    diag_help(check->diags, diag,
        "write `resource %s %.*s`: that asks for the account, the region and the tags that the "
        "alert tells",
        test_name(expr->test.test), STR_ARG(item->name));
    diag_set_guess(check->diags, diag, expr->test.left->at, STR("resource"));
}

bool check_environment_test(struct check *check, struct expr *expr)
{
    struct expr *right = expr->test.right;
    if (expr->test.test != TEST_IN && expr->test.test != TEST_NOT_IN)
        return false;
    struct item *item = environment_named(check, right);
    bool asks_resource = is_resource(expr->test.left);
    if (item == NULL && !asks_resource)
        return false;
    if (refuse_in_source(check, expr->at))
        return true;
    if (item == NULL) {
        report_no_environment(check, right);
        return true;
    }
    check_environment(check, item);
    if (item->environment.inside == NULL || item->environment.outside == NULL) {
        check->unsaid++; /* its own mistake is reported where it stands */
        return true;
    }
    right->means = MEANING_ENVIRONMENT;
    right->is.declaration = item;
    right->type = TYPE_COUNT;
    if (!asks_resource)
        report_no_resource(check, expr, item);
    else if (expr->test.quantifier != QUANTIFIER_NONE || expr->test.cased)
        diag_add(check->diags, DIAG_WRONG_TEST, expr->at,
            "`any`, `all` and `cased` say nothing about an environment");
    return true;
}

/* ---- tags ---- */

bool check_tag(struct check *check, struct expr *expr)
{
    const struct path_part *part = expr->path->next;
    if (!str_is(expr->path->text, "resource") || part == NULL || part->is_index
        || !str_is(part->text, "tags"))
        return false;
    const struct path_part *key = part->next;
    if (check->in_source) {
        diag_add(check->diags, DIAG_SOURCE_READS_RAW, expr->at,
            "a source makes `resource.tags`, it cannot read them");
        return true;
    }
    if (key != NULL && key->is_index && key->next == NULL && key->text.len > 0) {
        expr->means = MEANING_TAG;
        expr->is.path = key->text;
        expr->type = TYPE_TEXT;
        expr->is_untrusted = true;
        return true;
    }
    struct diag *diag = diag_add(check->diags, DIAG_TAG_KEY, expr->at,
        key == NULL ? "which tag? `resource.tags` are all of them"
                    : "a tag is named by one text in brackets");
    bool is_word = key != NULL && !key->is_index && key->next == NULL;
    const char *named = arena_format(
        check->arena, "resource.tags[\"%.*s\"]", STR_ARG(is_word ? key->text : STR("env")));
    if (!check_ok(check, named == NULL ? ERR_MEMORY : ERR_OK))
        return true;
    diag_help(check->diags, diag, "write `%s`", named);
    if (is_word)
        diag_set_fix(check->diags, diag, expr->at, str_from(named));
    return true;
}
