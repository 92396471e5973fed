/* plan.c - see plan.h. */
#include "act/plan.h"

#include "act/governor.h"
#include "base/buf.h"
#include "base/json_writer.h"
#include "base/sha256.h"
#include "bytecode.h"
#include "value_json.h"

#include <stdlib.h>
#include <string.h>

static void add_number(struct sha256 *sha, uint64_t number)
{
    sha256_add_framed(sha, (str){ (const char *)&number, sizeof number });
}

static void add_request(struct sha256 *sha, const struct request *request)
{
    sha256_add_framed(sha, str_from(request->service));
    sha256_add_framed(sha, str_from(request->operation));
    sha256_add_framed(sha, request->region);
    sha256_add_framed(sha, request->target);
    sha256_add_framed(sha, request->body);
}

static enum err fact_digest(const struct fact *fact, uint8_t digest[static SHA256_BYTES])
{
    CLEANUP(sha256_release) struct sha256 sha = { 0 };
    TRY(sha256_begin(&sha));
    add_number(&sha, fact->field);
    add_number(&sha, fact->is_gap);
    sha256_add_framed(&sha, fact->key);
    sha256_add_framed(&sha, fact->text);
    return sha256_end(&sha, digest);
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_BYTES);
}

/* Who the target is. Names, tags and addresses are not in the hash: who has the target's own role
 * may change them, and would make every approval void. They are judged anew before a step
 * acts (governor.h). */
static bool is_identity(uint32_t field)
{
    static const enum field identities[] = { FIELD_HOST_ID, FIELD_USER_ID, FIELD_CLOUD_ACCOUNT,
        FIELD_RESOURCE_ID, FIELD_INSTANCE_ID, FIELD_ROLE_ARN, FIELD_ACCESS_KEY_ID };
    for (size_t i = 0; i < COUNT_OF(identities); i++)
        if (field == (uint32_t)identities[i])
            return true;
    return false;
}

/* Sorted, because a provider lists them in whatever order it likes. */
static enum err add_facts(struct sha256 *sha, const struct fact *facts, struct arena *arena)
{
    size_t count = 0;
    for (const struct fact *fact = facts; fact != NULL; fact = fact->next)
        count++;
    uint8_t *digests = arena_alloc(arena, (count + 1) * SHA256_BYTES, 1);
    if (digests == NULL)
        return ERR_MEMORY;
    size_t kept = 0;
    for (const struct fact *fact = facts; fact != NULL; fact = fact->next)
        if (is_identity(fact->field))
            TRY(fact_digest(fact, digests + kept++ * SHA256_BYTES));
    qsort(digests, kept, SHA256_BYTES, compare_digests);
    sha256_add_framed(sha, (str){ (const char *)digests, kept * SHA256_BYTES });
    return ERR_OK;
}

static void add_cause(struct sha256 *sha, const struct step_cause *cause)
{
    sha256_add_framed(sha, cause == NULL ? STR("") : cause->program->hash);
    sha256_add_framed(sha, cause == NULL ? STR("") : cause->rule->id);
    sha256_add_framed(sha, cause == NULL ? STR("") : cause->rule->name);
    sha256_add_framed(sha, cause == NULL ? STR("") : cause->alert);
    add_number(sha, cause == NULL ? 0 : (uint64_t)cause->code->for_ms);
}

enum err plan_hash(const struct plan *plan, const struct step_order *order, str store_id,
    struct arena *arena, str *ret_hash)
{
    CLEANUP(sha256_release) struct sha256 sha = { 0 };
    char hex[SHA256_HEX_SIZE];
    str args;
    TRY(values_to_json(arena, order->args, builtin_param_count(order->row), &args));
    TRY(sha256_begin(&sha));
    sha256_add_framed(&sha, store_id);
    add_number(&sha, (uint64_t)order->run);
    add_number(&sha, order->index);
    add_cause(&sha, order->cause);
    sha256_add_framed(&sha, str_from(order->row->name));
    sha256_add_framed(&sha, args);
    sha256_add_framed(&sha, plan->target);
    sha256_add_framed(&sha, plan->identity);
    sha256_add_framed(&sha, plan->region);
    TRY(add_facts(&sha, plan->facts, arena));
    add_number(&sha, plan->change_count);
    for (const struct plan_change *change = plan->changes; change != NULL; change = change->next) {
        add_request(&sha, &change->request);
        sha256_add_framed(&sha, change->undo);
    }
    TRY(sha256_end_hex(&sha, hex));
    *ret_hash = arena_copy(arena, str_from(hex));
    return ret_hash->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
static_assert(PLAN_HASH_DIGITS + 1 == SHA256_HEX_SIZE, "a plan's hash is a SHA-256");

/* How long it is to be so, and how long it may take; what is not said is not there. */
static void write_times(struct json_writer *json, const struct step_code *code)
{
    if (code->for_ms > 0)
        json_number(json, "for_ms", (uint64_t)code->for_ms);
    if (code->timeout_ms > 0)
        json_number(json, "timeout_ms", (uint64_t)code->timeout_ms);
}

static void write_fact(struct json_writer *json, const struct fact *fact)
{
    json_open(json, NULL, '{');
    json_text(json, "field", str_from(field_info((enum field)fact->field)->name));
    if (fact->key.len > 0)
        json_text(json, "key", fact->key);
    json_text(json, fact->is_gap ? "gap" : "text", fact->text);
    json_close(json, '}');
}

static void write_change(struct json_writer *json, const struct plan_change *change)
{
    const struct request *request = &change->request;
    json_open(json, NULL, '{');
    json_text(json, "service", str_from(request->service));
    json_text(json, "operation", str_from(request->operation));
    json_text(json, "region", request->region);
    json_text(json, "target", request->target);
    json_text(json, "body", request->body);
    if (change->undo.len > 0)
        json_raw(json, "undo", change->undo);
    json_close(json, '}');
}

enum err plan_to_json(
    const struct plan *plan, const struct step_order *order, struct arena *arena, str *ret_json)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(STEP_BYTES_MAX);
    struct json_writer json = { .out = &out };
    str args;
    TRY(values_to_json(arena, order->args, builtin_param_count(order->row), &args));
    json_open(&json, NULL, '{');
    json_text(&json, "builtin", str_from(order->row->name));
    json_raw(&json, "args", args);
    json_text(&json, "target", plan->target);
    json_text(&json, "found", plan->found);
    json_text(&json, "identity", plan->identity);
    json_text(&json, "region", plan->region);
    json_text(&json, "result", plan->result);
    if (order->cause != NULL)
        write_times(&json, order->cause->code);
    json_open(&json, "facts", '[');
    for (const struct fact *fact = plan->facts; fact != NULL; fact = fact->next)
        write_fact(&json, fact);
    json_close(&json, ']');
    json_open(&json, "changes", '[');
    for (const struct plan_change *change = plan->changes; change != NULL; change = change->next)
        write_change(&json, change);
    json_close(&json, ']');
    json_close(&json, '}');
    TRY(out.err);
    *ret_json = arena_copy(arena, buf_str(&out));
    return ret_json->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
