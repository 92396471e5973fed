/* audit_fixture.h - audit logs that tests write, spoil and check. */
#pragma once

#include "act/audit_check.h"
#include "act/audit_entries.h"
#include "store_fixture.h"

/* The whole of a file, in `arena`; what cannot be read is empty. */
static inline str file_text(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return STR("");
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = arena_alloc(arena, size + 1, 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return (str){ text, size };
}

static inline void file_put(const char *path, str text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static inline const char *in(const char *directory, const char *name, struct arena *arena)
{
    return arena_format(arena, "%s/%s", directory, name);
}

/* Entries number `from` to `to`, each in a transaction of its own, `step_ms` apart. */
static inline void entries_add(struct store *store, int64_t from, int64_t to, int64_t step_ms)
{
    static const char *const events[] = { "admitted", "held", "refused", "shadowed" };
    for (int64_t i = from; i <= to; i++) {
        char target[32];
        int64_t seq = 0;
        snprintf(target, sizeof target, "role/web-%d", (int)i);
        struct audit_entry entry = { .event = events[i % 4],
            .who = STR("cdr"),
            .at_ms = 1800000000000 + i * step_ms,
            .step = -1,
            .rule = STR("stolen_role"),
            .target = str_from(target),
            .reason = STR("over a limit: \"10 targets in 1h\"") };
        assert_int_equal(audit_append(store, &entry, &seq), ERR_OK);
        assert_int_equal(seq, i);
    }
}

/* Check the log in `directory` as the command does: anchors first. `beside` may be NULL. */
static inline struct audit_report log_check(
    const char *directory, const char *beside, struct arena *arena)
{
    struct public_keys keys = { 0 };
    struct signing_key key = { 0 };
    struct buf pem = BUF_INIT(4096);
    struct audit_report report;
    struct store *store = NULL;
    const char *reason = "";
    struct audit_proofs proofs = { .keys = &keys };
    if (signing_key_open(&key, in(directory, "audit.key", arena), false, arena, &reason)
        == ERR_OK) {
        assert_int_equal(signing_key_public(&key, &pem), ERR_OK);
        assert_int_equal(public_keys_add(&keys, buf_str(&pem)), ERR_OK);
    }
    proofs.head =
        (struct anchor_text){ "audit.head", file_text(in(directory, "audit.head", arena), arena) };
    if (beside != NULL)
        proofs.beside = (struct anchor_text){ "beside", file_text(beside, arena) };
    if (store_open_reader(directory, arena, &store, &reason) != ERR_OK)
        fail_msg("%s", reason);
    assert_int_equal(audit_check(store, &proofs, arena, &report), ERR_OK);
    store_close(store);
    signing_key_release(&key);
    public_keys_release(&keys);
    buf_release(&pem);
    return report;
}

static inline void assert_whole(const struct audit_report *report)
{
    if (report->found > 0)
        fail_msg("%s: %s", audit_fault_name(report->findings[0].fault), report->findings[0].text);
}

/* Whether a finding of that kind is there. */
static inline bool found(const struct audit_report *report, enum audit_fault fault)
{
    for (uint32_t i = 0; i < report->kept; i++)
        if (report->findings[i].fault == fault)
            return true;
    return false;
}

/* Run SQL in the journal of `directory` as somebody who has sqlite3 would. */
static inline void journal_spoil(const char *directory, const char *sql, struct arena *arena)
{
    sqlite3 *db = NULL;
    char *error = NULL;
    assert_int_equal(sqlite3_open(in(directory, "journal.db", arena), &db), SQLITE_OK);
    if (sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}
