/* A thousand ways to spoil an audit log, at random: each is found. AUDIT_SEED=N repeats a run. */
#include "audit_fixture.h"

#include <inttypes.h>

enum { ENTRIES = 60, OLDER_ENTRIES = 23, TAMPERINGS = 1000 };

/* A log as it was written, kept in memory, and a directory to spoil copies of it in. */
struct original {
    struct fixture f;
    str journal;
    str older; /* the journal OLDER_ENTRIES long */
    str head;
    str key;
    uint64_t random;
};

static uint64_t next(struct original *o)
{
    o->random ^= o->random << 13;
    o->random ^= o->random >> 7;
    o->random ^= o->random << 17;
    return o->random;
}

/* From `low` to `high`, both included. */
static int64_t pick(struct original *o, int64_t low, int64_t high)
{
    return low + (int64_t)(next(o) % (uint64_t)(high - low + 1));
}

static const char *path(struct original *o, const char *name, struct arena *arena)
{
    return in(o->f.directory, name, arena);
}

static str journal_now(struct original *o)
{
    store_close(o->f.store); /* the last connection writes everything to journal.db */
    o->f.store = NULL;
    return file_text(path(o, "journal.db", &o->f.arena), &o->f.arena);
}

static void original_make(struct original *o)
{
    o->f = fixture_new();
    entries_add(o->f.store, 1, OLDER_ENTRIES, 3000);
    o->older = journal_now(o);
    reopen(&o->f);
    entries_add(o->f.store, OLDER_ENTRIES + 1, ENTRIES, 3000);
    o->journal = journal_now(o);
    o->head = file_text(path(o, "audit.head", &o->f.arena), &o->f.arena);
}

static void original_restore(struct original *o, struct arena *arena)
{
    (void)unlink(path(o, "journal.db-wal", arena));
    (void)unlink(path(o, "journal.db-shm", arena));
    file_put(path(o, "journal.db", arena), o->journal);
    file_put(path(o, "audit.head", arena), o->head);
}

/* ---- the log ---- */

static void edit_text(struct original *o, struct arena *arena)
{
    int64_t seq = pick(o, 1, ENTRIES);
    int64_t at = pick(o, 1, 100);
    journal_spoil(o->f.directory,
        arena_format(arena,
            "UPDATE audit SET entry = substr(entry, 1, %" PRId64 " - 1)"
            " || char((unicode(substr(entry, %" PRId64 ", 1)) + %" PRId64 ") %% 95 + 32)"
            " || substr(entry, %" PRId64 " + 1) WHERE seq = %" PRId64,
            at, at, pick(o, 64, 157), at, seq),
        arena);
}

static void edit_hash(struct original *o, struct arena *arena)
{
    int64_t byte = pick(o, 0, 31);
    journal_spoil(o->f.directory,
        arena_format(arena,
            "UPDATE audit SET hash = CAST(substr(hash, 1, %" PRId64 ")"
            " || CASE substr(hash, %" PRId64 ", 1) WHEN x'07' THEN x'08' ELSE x'07' END"
            " || substr(hash, %" PRId64 ") AS BLOB) WHERE seq = %" PRId64,
            byte, byte + 1, byte + 2, pick(o, 1, ENTRIES)),
        arena);
}

static void delete_one(struct original *o, struct arena *arena)
{
    journal_spoil(o->f.directory,
        arena_format(arena, "DELETE FROM audit WHERE seq = %" PRId64, pick(o, 1, ENTRIES)), arena);
}

static void swap_two(struct original *o, struct arena *arena)
{
    int64_t a = pick(o, 1, ENTRIES - 1);
    int64_t b = pick(o, a + 1, ENTRIES);
    journal_spoil(o->f.directory,
        arena_format(arena,
            "UPDATE audit SET seq = 1000000 WHERE seq = %" PRId64 ";"
            "UPDATE audit SET seq = %" PRId64 " WHERE seq = %" PRId64 ";"
            "UPDATE audit SET seq = %" PRId64 " WHERE seq = 1000000",
            a, a, b, b),
        arena);
}

static void insert_one(struct original *o, struct arena *arena)
{
    int64_t at = pick(o, 1, ENTRIES);
    journal_spoil(o->f.directory,
        arena_format(arena,
            "UPDATE audit SET seq = -seq - 1 WHERE seq >= %" PRId64 ";"
            "UPDATE audit SET seq = -seq WHERE seq < 0;"
            "INSERT INTO audit SELECT %" PRId64 ", entry, hash FROM audit WHERE seq = %" PRId64,
            at, at, at + 1),
        arena);
}

static void insert_outside(struct original *o, struct arena *arena)
{
    journal_spoil(o->f.directory,
        arena_format(arena,
            "INSERT INTO audit SELECT %" PRId64 ", entry, hash FROM audit"
            " WHERE seq = %" PRId64,
            pick(o, 0, 1) == 0 ? -pick(o, 0, 9) : pick(o, ENTRIES + 2, ENTRIES + 9),
            pick(o, 1, ENTRIES)),
        arena);
}

static void renumber(struct original *o, struct arena *arena)
{
    journal_spoil(o->f.directory,
        arena_format(arena,
            "UPDATE audit SET seq = -seq - 1 WHERE seq >= %" PRId64 ";"
            "UPDATE audit SET seq = -seq WHERE seq < 0",
            pick(o, 1, ENTRIES)),
        arena);
}

static void cut_end(struct original *o, struct arena *arena)
{
    journal_spoil(o->f.directory,
        arena_format(arena, "DELETE FROM audit WHERE seq >= %" PRId64, pick(o, 1, ENTRIES)), arena);
}

static void delete_and_close_up(struct original *o, struct arena *arena)
{
    int64_t at = pick(o, 1, ENTRIES - 1);
    journal_spoil(o->f.directory,
        arena_format(arena,
            "DELETE FROM audit WHERE seq = %" PRId64 ";"
            "UPDATE audit SET seq = -seq + 1 WHERE seq > %" PRId64 ";"
            "UPDATE audit SET seq = -seq WHERE seq < 0",
            at, at),
        arena);
}

static void older_copy(struct original *o, struct arena *arena)
{
    file_put(path(o, "journal.db", arena), o->older);
}

/* Every entry from one on with another text and the hashes that fit: what somebody does who knows
 * how the chain is made, and has not the key. */
static void rewrite_end(struct original *o, struct arena *arena)
{
    int64_t from = pick(o, 1, ENTRIES);
    reopen(&o->f);
    struct audit_row *rows;
    size_t count;
    uint8_t hash[SHA256_BYTES];
    assert_int_equal(audit_page(o->f.store, 0, ENTRIES, arena, &rows, &count), ERR_OK);
    assert_int_equal(audit_origin(store_id(o->f.store), hash), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT(AUDIT_ENTRY_BYTES_MAX);
        struct audit_said said;
        sqlite3_stmt *update = NULL;
        assert_int_equal(audit_text_read(rows[i].text, arena, &said), ERR_OK);
        if (rows[i].seq >= from)
            said.entry.who = STR("somebody-else");
        assert_int_equal(audit_text_write(&text, &said), ERR_OK);
        assert_int_equal(audit_hash(hash, buf_str(&text), hash), ERR_OK);
        assert_int_equal(
            sqlite3_prepare_v2(o->f.store->db,
                "UPDATE audit SET entry = ?1, hash = ?2 WHERE seq = ?3", -1, &update, NULL),
            SQLITE_OK);
        sqlite3_bind_text(update, 1, text.ptr, (int)text.len, SQLITE_STATIC);
        sqlite3_bind_blob(update, 2, hash, SHA256_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(update, 3, rows[i].seq);
        assert_int_equal(sqlite3_step(update), SQLITE_DONE);
        sqlite3_finalize(update);
    }
    store_close(o->f.store);
    o->f.store = NULL;
}

/* ---- the anchors ---- */

static size_t head_lines(const struct original *o)
{
    size_t lines = 0;
    for (size_t i = 0; i < o->head.len; i++)
        lines += o->head.ptr[i] == '\n';
    return lines;
}

/* Line `index` from 0, with its newline. */
static str head_line(const struct original *o, size_t index)
{
    str text = o->head;
    for (; index > 0; index--)
        text = str_skip(text, str_find(text, '\n') + 1);
    return str_first(text, str_find(text, '\n') + 1);
}

static void head_put(struct original *o, const str *lines, size_t count, struct arena *arena)
{
    struct buf text = BUF_INIT(1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_add(&text, lines[i]);
    file_put(path(o, "audit.head", arena), buf_str(&text));
    buf_release(&text);
}

static str *head_split(const struct original *o, size_t *ret_count, struct arena *arena)
{
    *ret_count = head_lines(o);
    str *lines = ARENA_ARRAY(arena, str, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++)
        lines[i] = head_line(o, i);
    return lines;
}

static void edit_head(struct original *o, struct arena *arena)
{
    str text = arena_copy(arena, o->head);
    char *byte = (char *)(uintptr_t)text.ptr + pick(o, 0, (int64_t)text.len - 1);
    *byte = (char)((unsigned char)*byte ^ (unsigned char)pick(o, 1, 255));
    file_put(path(o, "audit.head", arena), text);
}

static void delete_line(struct original *o, struct arena *arena)
{
    size_t count;
    str *lines = head_split(o, &count, arena);
    lines[pick(o, 0, (int64_t)count - 1)] = STR("");
    head_put(o, lines, count, arena);
}

static void swap_lines(struct original *o, struct arena *arena)
{
    size_t count;
    str *lines = head_split(o, &count, arena);
    size_t a = (size_t)pick(o, 0, (int64_t)count - 2);
    size_t b = (size_t)pick(o, (int64_t)a + 1, (int64_t)count - 1);
    str line = lines[a];
    lines[a] = lines[b];
    lines[b] = line;
    head_put(o, lines, count, arena);
}

static void repeat_line(struct original *o, struct arena *arena)
{
    size_t count;
    str *lines = head_split(o, &count, arena);
    lines[count] = lines[pick(o, 0, (int64_t)count - 1)];
    head_put(o, lines, count + 1, arena);
}

static void cut_lines(struct original *o, struct arena *arena)
{
    size_t count;
    str *lines = head_split(o, &count, arena);
    head_put(o, lines, (size_t)pick(o, 0, (int64_t)count - 1), arena);
}

static void cut_bytes(struct original *o, struct arena *arena)
{
    file_put(path(o, "audit.head", arena),
        str_first(o->head, (size_t)pick(o, 0, (int64_t)o->head.len - 1)));
}

/* The last anchor again, of an end that was cut off, signed with another key. */
static void forge(struct original *o, struct arena *arena)
{
    size_t count;
    const char *reason = NULL;
    struct signing_key key = { 0 };
    struct anchor anchor;
    struct buf line = BUF_INIT(ANCHOR_BYTES_MAX);
    str *lines = head_split(o, &count, arena);
    const char *file = arena_format(arena, "%s/forged.key", o->f.scratch.path);
    assert_int_equal(signing_key_open(&key, file, true, arena, &reason), ERR_OK);
    assert_true(anchor_read(str_first(lines[count - 1], lines[count - 1].len - 1), &anchor));
    anchor.seq--;
    assert_int_equal(anchor_write(&anchor, &key, &line), ERR_OK);
    lines[count - 1] = buf_str(&line);
    head_put(o, lines, count, arena);
    cut_end(o, arena);
    signing_key_release(&key);
    buf_release(&line);
}

static const struct {
    const char *name;
    void (*spoil)(struct original *o, struct arena *arena);
} tamperings[] = {
    { "edit a text", edit_text },
    { "edit a hash", edit_hash },
    { "delete an entry", delete_one },
    { "swap two entries", swap_two },
    { "insert an entry", insert_one },
    { "insert an entry before or behind all", insert_outside },
    { "renumber", renumber },
    { "cut off the end", cut_end },
    { "delete an entry and close up", delete_and_close_up },
    { "put an older copy in place", older_copy },
    { "rewrite the end with right hashes", rewrite_end },
    { "edit an anchor", edit_head },
    { "delete an anchor", delete_line },
    { "swap two anchors", swap_lines },
    { "repeat an anchor", repeat_line },
    { "cut off the last anchors", cut_lines },
    { "cut the anchors in a line", cut_bytes },
    { "forge an anchor", forge },
};

static void a_thousand_tamperings_are_all_found(void **state)
{
    (void)state;
    struct original o = { 0 };
    const char *given = getenv("AUDIT_SEED");
    uint64_t seed =
        given == NULL ? (uint64_t)getpid() * 2654435761U + 1 : strtoull(given, NULL, 10);
    o.random = seed | 1;
    print_message("AUDIT_SEED=%" PRIu64 "\n", seed);
    original_make(&o);
    for (int i = 0; i < TAMPERINGS; i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        size_t which = (size_t)i % COUNT_OF(tamperings);
        original_restore(&o, &arena);
        tamperings[which].spoil(&o, &arena);
        struct audit_report report = log_check(o.f.directory, NULL, &arena);
        if (report.found == 0)
            fail_msg("not found: %s, number %d", tamperings[which].name, i);
    }
    CLEANUP(arena_release) struct arena arena = { 0 };
    original_restore(&o, &arena);
    struct audit_report report = log_check(o.f.directory, NULL, &arena);
    assert_whole(&report);
    fixture_release(&o.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_tamperings_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
