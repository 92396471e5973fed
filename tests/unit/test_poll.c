/* Alerts that are fetched: whatever a provider does while it is read and wherever we are killed,
 * every version of a record comes in once. */
#include "daemon/poll.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RECORDS_MAX = 20000,
    NOW_MS = 1000 * 1000 * 1000,
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS,
    PAGE = 5,
};

/* ---- a provider ---- */

struct world_record {
    int id;
    int revision;
    int64_t updated_ms;
    int32_t ns;     /* beyond its ms */
    bool is_hidden; /* not there yet, or archived */
};

struct world {
    struct poll_provider provider;
    struct world_record records[RECORDS_MAX];
    size_t count;
    int64_t now_ms;
    size_t asked;    /* pages */
    size_t fail_at;  /* that page fails; 0: none does */
    size_t page_max; /* records of one */
    bool is_unsorted;
    bool says_so;   /* that it is unsorted */
    bool repeats;   /* each page but the first begins with the last record of the one before */
    bool has_holes; /* an empty page before each full one */
    bool loops;     /* the token leads to the same page */
    /* what happens before page `asked` is answered */
    void (*meanwhile)(struct world *world);
    size_t parts;
};

static void world_add(struct world *world, int64_t updated_ms)
{
    assert_true(world->count < RECORDS_MAX);
    world->records[world->count] =
        (struct world_record){ .id = (int)world->count, .updated_ms = updated_ms };
    world->count++;
}

static int by_update(const void *a, const void *b)
{
    const struct world_record *x = *(const struct world_record *const *)a;
    const struct world_record *y = *(const struct world_record *const *)b;
    if (x->updated_ms != y->updated_ms)
        return x->updated_ms < y->updated_ms ? -1 : 1;
    return x->ns != y->ns ? (x->ns < y->ns ? -1 : 1) : x->id - y->id;
}

static enum err world_begin(struct poll_provider *provider, struct arena *arena, size_t *ret_parts,
    int64_t *ret_now_ms, const char **reterr_reason)
{
    struct world *world = (struct world *)provider;
    (void)arena, (void)reterr_reason;
    *ret_parts = world->parts == 0 ? 1 : world->parts;
    *ret_now_ms = world->now_ms;
    return ERR_OK;
}

static size_t world_select(struct world *world, const struct poll_ask *ask,
    const struct world_record *ret_found[static RECORDS_MAX])
{
    size_t count = 0;
    int64_t from_ms = poll_moment_ms(ask->from);
    for (size_t at = 0; at < world->count; at++) {
        const struct world_record *one = &world->records[at];
        bool is_of_part = world->parts < 2 || (size_t)one->id % world->parts == ask->part;
        if (is_of_part && !one->is_hidden && one->updated_ms >= from_ms
            && (!ask->has_until || one->updated_ms < poll_moment_ms(ask->until)))
            ret_found[count++] = one;
    }
    if (!world->is_unsorted)
        qsort(ret_found, count, sizeof(*ret_found), by_update);
    return count;
}

static enum err world_page(struct poll_provider *provider, const struct poll_ask *ask,
    struct arena *arena, struct poll_page *ret_page, const char **reterr_reason)
{
    struct world *world = (struct world *)provider;
    static const struct world_record *found[RECORDS_MAX];
    world->asked++;
    if (world->meanwhile != NULL)
        world->meanwhile(world);
    if (world->fail_at != 0 && world->asked == world->fail_at) {
        *reterr_reason = "it failed";
        return ERR_TRANSPORT;
    }
    size_t most = world->page_max == 0 ? PAGE : world->page_max;
    size_t count = world_select(world, ask, found);
    char token[32] = "";
    memcpy(token, ask->token.ptr, ask->token.len);
    bool was_hole = token[0] == 'h';
    size_t from = token[0] == '\0' ? 0 : (size_t)atoi(token + 1);
    bool is_hole = world->has_holes && !was_hole && from > 0;
    size_t end = is_hole ? from : from + most < count ? from + most : count;
    if (world->repeats && from > 0 && !is_hole)
        from--;
    struct poll_record *records = ARENA_ARRAY(arena, struct poll_record, most + 2);
    assert_non_null(records);
    for (size_t at = from; at < end && from < count; at++) {
        const struct world_record *one = found[at];
        struct poll_moment updated = poll_moment_of_ms(one->updated_ms);
        updated.ns += one->ns;
        records[ret_page->count++] =
            (struct poll_record){ .id = str_from(arena_format(arena, "%d", one->id)),
                .revision = str_from(arena_format(arena, "%d", one->revision)),
                .updated = updated,
                .text = str_from(arena_format(arena, "%d/%d", one->id, one->revision)) };
    }
    ret_page->records = records;
    ret_page->is_unsorted = world->says_so;
    if (is_hole || end < count)
        ret_page->next = str_from(arena_format(arena, "%c%zu", is_hole ? 'h' : 't', end));
    if (world->loops && ask->token.len > 0)
        ret_page->next = arena_copy(arena, ask->token);
    return ERR_OK;
}

/* ---- an inbox: what is on disk ---- */

struct inbox {
    struct poll_sink sink;
    struct world_record kept[RECORDS_MAX];
    size_t count;
    size_t known; /* how often one came in again */
    char cursor[POLL_CURSOR_TEXT_MAX];
    size_t keeps;
    size_t fail_at; /* that keep fails, before or after it is on disk */
    bool fails_after;
};

static bool inbox_has(const struct inbox *inbox, int id, int revision)
{
    for (size_t at = 0; at < inbox->count; at++)
        if (inbox->kept[at].id == id && inbox->kept[at].revision == revision)
            return true;
    return false;
}

static enum err inbox_keep(struct poll_sink *sink, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct inbox *inbox = (struct inbox *)sink;
    bool fails = ++inbox->keeps == inbox->fail_at;
    *ret_new = 0;
    if (fails && !inbox->fails_after)
        return ERR_STORE;
    for (size_t at = 0; at < count; at++) {
        int id = 0, revision = 0;
        assert_int_equal(sscanf(records[at].text.ptr, "%d/%d", &id, &revision), 2);
        if (inbox_has(inbox, id, revision)) {
            inbox->known++;
            continue;
        }
        assert_true(inbox->count < RECORDS_MAX);
        inbox->kept[inbox->count++] = (struct world_record){ .id = id, .revision = revision };
        ++*ret_new;
    }
    if (cursor.len > 0)
        snprintf(inbox->cursor, sizeof(inbox->cursor), "%.*s", STR_ARG(cursor));
    return fails ? ERR_STORE : ERR_OK;
}

/* ---- both, and who reads ---- */

struct scene {
    struct world world;
    struct inbox inbox;
    struct poller poller;
};

static void scene_restart(struct scene *scene)
{
    poll_release(&scene->poller);
    assert_int_equal(poll_begin(&scene->poller, str_from(scene->inbox.cursor), 0, DAY_MS), ERR_OK);
}

static struct scene *scene_new(void)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->world.provider = (struct poll_provider){ world_begin, world_page };
    scene->inbox.sink = (struct poll_sink){ inbox_keep };
    scene->world.now_ms = NOW_MS;
    scene_restart(scene);
    return scene;
}

static void scene_free(struct scene *scene)
{
    poll_release(&scene->poller);
    free(scene);
}

static enum err scene_look(struct scene *scene)
{
    struct arena arena = ARENA_INIT(1024 * 1024);
    const char *reason = NULL;
    size_t found_new = 0;
    enum err err = poll_look(
        &scene->poller, &scene->world.provider, &scene->inbox.sink, &arena, &found_new, &reason);
    arena_release(&arena);
    return err;
}

/* The version of each record that the world has now is in the inbox. */
static void assert_all_in(const struct scene *scene)
{
    for (size_t at = 0; at < scene->world.count; at++) {
        const struct world_record *one = &scene->world.records[at];
        if (!one->is_hidden && !inbox_has(&scene->inbox, one->id, one->revision))
            fail_msg("record %d/%d of %lld is lost", one->id, one->revision,
                (long long)(one->updated_ms - NOW_MS));
    }
}

static void update(struct world *world, size_t at)
{
    world->records[at].revision++;
    world->records[at].updated_ms = world->now_ms;
}

/* ---- moments ---- */

static void moments_keep_nine_digits(void **state)
{
    (void)state;
    struct poll_moment a, b;
    assert_true(poll_moment_parse(STR("2025-04-21T20:51:04.123456789Z"), &a));
    assert_true(poll_moment_parse(STR("2025-04-21T22:51:04.1234567+02:00"), &b));
    assert_int_equal(a.ns, 123456789);
    assert_int_equal(b.ns, 123456700);
    assert_int_equal(a.s, b.s);
    assert_true(poll_moment_compare(b, a) < 0);
    assert_true(poll_moment_parse(STR("2025-04-21T20:51:04Z"), &b));
    assert_int_equal(b.ns, 0);
    assert_int_equal(b.s, a.s);
    assert_false(poll_moment_parse(STR("yesterday"), &a));
    assert_int_equal(poll_moment_ms(poll_moment_of_ms(-1)), -1);
}

static void what_is_no_cursor_is_not_taken_for_the_beginning(void **state)
{
    (void)state;
    static const char *const bad[] = { "{}", "x", "{\"version\":2,\"s\":1,\"ns\":0}",
        "{\"version\":1,\"s\":1,\"ns\":1000000000}", "{\"version\":1,\"s\":1.5,\"ns\":0}",
        "{\"version\":1,\"s\":9223372036854775807,\"ns\":0}" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct poller poller;
        assert_int_equal(poll_begin(&poller, str_from(bad[at]), 0, DAY_MS), ERR_INVALID);
    }
}

/* ---- chains ---- */

static void records_that_share_a_moment_come_in_once(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    for (int at = 0; at < 3 * PAGE; at++) /* across pages */
        world_add(&scene->world, NOW_MS - 60 * MINUTE_MS);
    for (int at = 0; at < PAGE; at++)
        world_add(&scene->world, NOW_MS - 59 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    world_add(&scene->world, NOW_MS - 59 * MINUTE_MS); /* at the boundary, later */
    scene_restart(scene);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    scene_free(scene);
}

static void records_that_differ_by_less_than_a_page_asks_are_all_read(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    for (int at = 0; at < 4 * PAGE; at++) {
        world_add(&scene->world, NOW_MS - 60 * MINUTE_MS);
        scene->world.records[at].ns = at;
    }
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_int_equal(scene->poller.cursor.ns % 1000000, 4 * PAGE - 1);
    scene_free(scene);
}

static void late_arrivals_within_the_overlap_are_found(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    world_add(&scene->world, NOW_MS - 30 * MINUTE_MS);
    world_add(&scene->world, NOW_MS - 20 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    world_add(&scene->world, NOW_MS - 24 * MINUTE_MS);
    scene->world.now_ms += MINUTE_MS;
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(scene->inbox.known, 0); /* what was seen is not handed on again */
    scene_free(scene);
}

static void move_the_first_unread(struct world *world)
{
    world->now_ms += 100;
    if (world->asked < 30)
        update(world, world->asked * 2 % world->count);
}

static void hide_one(struct world *world)
{
    world->records[world->asked % world->count].is_hidden = true;
}

static void pages_that_change_while_they_are_read_lose_nobody(void **state)
{
    (void)state;
    for (int64_t apart_ms = 1000; apart_ms <= 128 * 1000; apart_ms *= 2) {
        struct scene *scene = scene_new();
        for (int at = 0; at < 200; at++)
            world_add(&scene->world, NOW_MS - (200 - at) * apart_ms);
        scene->world.meanwhile = move_the_first_unread;
        assert_int_equal(scene_look(scene), ERR_OK);
        for (int look = 0; look < 5; look++, scene->world.now_ms += MINUTE_MS)
            assert_int_equal(scene_look(scene), ERR_OK);
        assert_all_in(scene);
        scene_free(scene);
    }
}

static void records_that_are_archived_meanwhile_take_nobody_with_them(void **state)
{
    (void)state;
    for (int64_t apart_ms = 1000; apart_ms <= 128 * 1000; apart_ms *= 2) {
        struct scene *scene = scene_new();
        for (int at = 0; at < 200; at++)
            world_add(&scene->world, NOW_MS - (200 - at) * apart_ms);
        scene->world.meanwhile = hide_one;
        for (int look = 0; look < 5; look++, scene->world.now_ms += MINUTE_MS)
            assert_int_equal(scene_look(scene), ERR_OK);
        assert_all_in(scene);
        scene_free(scene);
    }
}

static void many_of_one_moment_that_change_are_read_until_nothing_is_new(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    for (int at = 0; at < 100; at++)
        world_add(&scene->world, NOW_MS - 120 * MINUTE_MS);
    scene->world.meanwhile = hide_one;
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_false(scene->poller.has_cursor); /* tokens were followed: not believed at once */
    scene->world.meanwhile = NULL;
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_true(scene->poller.has_cursor);
    scene_free(scene);
}

static void a_provider_that_does_not_sort_loses_nothing(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    scene->world.is_unsorted = true;
    srand(7);
    for (int at = 0; at < 200; at++)
        world_add(&scene->world, NOW_MS - (rand() % 1000) * MINUTE_MS);
    for (int look = 0; look < 3; look++)
        assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_true(scene->poller.has_cursor);
    scene_free(scene);
}

/* Each page is in order, and the next one begins before it. */
static void pages_that_only_look_sorted_lose_nothing_where_the_provider_says_so(void **state)
{
    (void)state;
    for (int says_so = 0; says_so < 2; says_so++) {
        struct scene *scene = scene_new();
        scene->world.is_unsorted = true;
        scene->world.says_so = says_so == 1;
        for (int page = 0; page < 10; page++)
            for (int at = 0; at < PAGE; at++)
                world_add(&scene->world, NOW_MS - (page * PAGE + PAGE - at + 20) * MINUTE_MS);
        for (int look = 0; look < 3; look++)
            assert_int_equal(scene_look(scene), ERR_OK);
        if (says_so == 1)
            assert_all_in(scene);
        else
            assert_true(scene->inbox.count < scene->world.count);
        scene_free(scene);
    }
}

static void repeated_and_empty_pages_change_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct scene *scene = scene_new();
        scene->world.repeats = (kind & 1) != 0;
        scene->world.has_holes = (kind & 2) != 0;
        for (int at = 0; at < 40; at++)
            world_add(&scene->world, NOW_MS - MINUTE_MS - at); /* in the overlap: by tokens */
        for (int at = 0; at < 40; at++)
            world_add(&scene->world, NOW_MS - 100 * MINUTE_MS); /* and in the past */
        assert_int_equal(scene_look(scene), ERR_OK);
        assert_all_in(scene);
        assert_int_equal(scene->inbox.count, 80);
        assert_int_equal(scene->inbox.known, 0);
        scene_free(scene);
    }
}

static void parts_are_read_to_their_ends_before_the_cursor_moves(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    scene->world.parts = 3;
    for (int at = 0; at < 60; at++)
        world_add(&scene->world, NOW_MS - (100 - at) * MINUTE_MS);
    for (scene->world.fail_at = 1; scene_look(scene) != ERR_OK; scene->world.fail_at++) {
        assert_false(scene->poller.has_cursor);
        scene->world.asked = 0;
    }
    assert_all_in(scene);
    assert_true(scene->poller.has_cursor);
    scene_free(scene);
}

static void pages_without_end_are_an_error(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    scene->world.loops = true;
    for (int at = 0; at < 40; at++)
        world_add(&scene->world, NOW_MS - at);
    assert_int_equal(scene_look(scene), ERR_LIMIT);
    assert_false(scene->poller.has_cursor);
    scene_free(scene);
}

/* ---- the cursor ---- */

static void the_cursor_is_a_moment_of_the_providers_and_never_now(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    world_add(&scene->world, NOW_MS - 300 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_int_equal(poll_moment_ms(scene->poller.cursor), NOW_MS - 300 * MINUTE_MS);
    scene->world.now_ms += 10 * (int64_t)DAY_MS;
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_int_equal(poll_moment_ms(scene->poller.cursor), NOW_MS - 300 * MINUTE_MS);
    world_add(&scene->world, NOW_MS - 299 * MINUTE_MS); /* ten days late, and still found */
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    scene_free(scene);
}

static void where_nothing_was_found_the_beginning_is_kept(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_string_not_equal(scene->inbox.cursor, "");
    scene->world.now_ms += 3 * (int64_t)DAY_MS; /* nobody looked for days */
    world_add(&scene->world, NOW_MS + MINUTE_MS);
    scene_restart(scene);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    scene_free(scene);
}

static void moments_in_the_future_do_not_move_the_cursor(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    world_add(&scene->world, NOW_MS - 60 * MINUTE_MS);
    world_add(&scene->world, NOW_MS + 60 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(poll_moment_ms(scene->poller.cursor), NOW_MS - 60 * MINUTE_MS);
    world_add(&scene->world, NOW_MS - 10 * MINUTE_MS);
    scene->world.now_ms += MINUTE_MS;
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(scene->inbox.known, 0);
    scene_free(scene);
}

static void a_clock_that_goes_back_takes_no_cursor_back(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    world_add(&scene->world, NOW_MS - 10 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    scene->world.now_ms -= 300 * MINUTE_MS;
    world_add(&scene->world, NOW_MS - 9 * MINUTE_MS);
    assert_int_equal(scene_look(scene), ERR_OK);
    assert_all_in(scene);
    assert_int_equal(poll_moment_ms(scene->poller.cursor), NOW_MS - 10 * MINUTE_MS);
    scene_free(scene);
}

/* ---- kills ---- */

static void fill_for_kills(struct scene *scene)
{
    for (int at = 0; at < 30; at++)
        world_add(&scene->world, NOW_MS - (60 - at) * MINUTE_MS);
    for (int at = 0; at < 12; at++)
        world_add(&scene->world, NOW_MS - 20 * MINUTE_MS);
    for (int at = 0; at < 12; at++)
        world_add(&scene->world, NOW_MS - at);
}

/* Killed at the n-th page, or before or after the n-th commit, for every n; then started anew. */
static void a_kill_between_any_two_steps_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        bool was_hit = true;
        for (size_t at = 1; was_hit; at++) {
            struct scene *scene = scene_new();
            fill_for_kills(scene);
            scene->world.fail_at = kind == 0 ? at : 0;
            scene->inbox.fail_at = kind == 0 ? 0 : at;
            scene->inbox.fails_after = kind == 2;
            was_hit = scene_look(scene) != ERR_OK;
            scene->world.fail_at = scene->inbox.fail_at = 0;
            for (int look = 0; look < 3; look++) {
                scene_restart(scene);
                assert_int_equal(scene_look(scene), ERR_OK);
            }
            assert_all_in(scene);
            assert_int_equal(scene->inbox.count, scene->world.count);
            assert_int_equal(scene_look(scene), ERR_OK);
            assert_string_not_equal(scene->inbox.cursor, "");
            assert_true(at < 200);
            scene_free(scene);
        }
    }
}

static void happen_by_chance(struct world *world)
{
    world->now_ms += rand() % 3000;
    size_t some = (size_t)(rand() % 3);
    for (size_t at = 0; at < some && world->count < 2000; at++)
        world_add(world, world->now_ms - rand() % (4 * MINUTE_MS));
    if (world->count > 0 && rand() % 2 == 0)
        update(world, (size_t)rand() % world->count);
}

static void a_long_life_of_changes_failures_and_kills_loses_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 8; seed++) {
        struct scene *scene = scene_new();
        srand(seed);
        scene->world.meanwhile = happen_by_chance;
        scene->world.repeats = seed % 2 == 0;
        scene->world.page_max = 3 + seed;
        for (int look = 0; look < 150; look++) {
            scene->world.fail_at =
                rand() % 4 == 0 ? scene->world.asked + 1 + (size_t)(rand() % 8) : 0;
            scene->inbox.fail_at =
                rand() % 6 == 0 ? scene->inbox.keeps + 1 + (size_t)(rand() % 4) : 0;
            scene->inbox.fails_after = rand() % 2 == 0;
            (void)!scene_look(scene);
            if (rand() % 5 == 0)
                scene_restart(scene);
            scene->world.now_ms += rand() % (2 * MINUTE_MS);
        }
        scene->world.meanwhile = NULL;
        scene->world.fail_at = scene->inbox.fail_at = 0;
        for (int look = 0; look < 3; look++)
            assert_int_equal(scene_look(scene), ERR_OK);
        assert_all_in(scene);
        assert_true(poll_moment_ms(scene->poller.cursor) > NOW_MS);
        scene_free(scene);
    }
}

/* ---- pauses ---- */

static void pauses_grow_to_their_ceiling_and_heed_what_is_asked(void **state)
{
    (void)state;
    assert_in_range(poll_pause_ms(1, 0, 0), 500, 500);
    assert_in_range(poll_pause_ms(1, UINT32_MAX, 0), 999, 1000);
    assert_in_range(poll_pause_ms(3, UINT32_MAX, 0), 3999, 4000);
    assert_in_range(
        poll_pause_ms(1000000, UINT32_MAX, 0), POLL_PAUSE_MS_MAX - 1, POLL_PAUSE_MS_MAX);
    assert_int_equal(poll_pause_ms(1, 0, 7000), 7000);
    assert_int_equal(poll_pause_ms(1, 0, UINT32_MAX), 60 * 60 * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_keep_nine_digits),
        cmocka_unit_test(what_is_no_cursor_is_not_taken_for_the_beginning),
        cmocka_unit_test(records_that_share_a_moment_come_in_once),
        cmocka_unit_test(records_that_differ_by_less_than_a_page_asks_are_all_read),
        cmocka_unit_test(late_arrivals_within_the_overlap_are_found),
        cmocka_unit_test(pages_that_change_while_they_are_read_lose_nobody),
        cmocka_unit_test(records_that_are_archived_meanwhile_take_nobody_with_them),
        cmocka_unit_test(many_of_one_moment_that_change_are_read_until_nothing_is_new),
        cmocka_unit_test(a_provider_that_does_not_sort_loses_nothing),
        cmocka_unit_test(pages_that_only_look_sorted_lose_nothing_where_the_provider_says_so),
        cmocka_unit_test(repeated_and_empty_pages_change_nothing),
        cmocka_unit_test(parts_are_read_to_their_ends_before_the_cursor_moves),
        cmocka_unit_test(pages_without_end_are_an_error),
        cmocka_unit_test(the_cursor_is_a_moment_of_the_providers_and_never_now),
        cmocka_unit_test(where_nothing_was_found_the_beginning_is_kept),
        cmocka_unit_test(moments_in_the_future_do_not_move_the_cursor),
        cmocka_unit_test(a_clock_that_goes_back_takes_no_cursor_back),
        cmocka_unit_test(a_kill_between_any_two_steps_loses_and_doubles_nothing),
        cmocka_unit_test(a_long_life_of_changes_failures_and_kills_loses_nothing),
        cmocka_unit_test(pauses_grow_to_their_ceiling_and_heed_what_is_asked),
    };
    return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
