#include "allocation.h"

#include <jansson.h>
#include <limits.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>

static long left = LONG_MAX; /* allocations until one fails */
static bool lasts;
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool must_fail(void)
{
    if (left > 0) {
        left--;
        return false;
    }
    has_failed = true;
    left = lasts ? 0 : LONG_MAX;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

static void *sqlite_malloc(int size)
{
    return malloc((size_t)size);
}

static void *sqlite_realloc(void *old, int size)
{
    return realloc(old, (size_t)size);
}

static int sqlite_size(void *memory)
{
    return memory == NULL ? 0 : (int)malloc_usable_size(memory);
}

static int sqlite_roundup(int size)
{
    return (size + 7) & ~7;
}

static int sqlite_init(void *nothing)
{
    (void)nothing;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *nothing)
{
    (void)nothing;
}

void allocation_libraries(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = sqlite_malloc,
        .xFree = free,
        .xRealloc = sqlite_realloc,
        .xSize = sqlite_size,
        .xRoundup = sqlite_roundup,
        .xInit = sqlite_init,
        .xShutdown = sqlite_shutdown,
    };
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK
        || sqlite3_initialize() != SQLITE_OK)
        abort();
    json_set_alloc_funcs(malloc, free);
}

void allocation_fail(long number, bool is_lasting)
{
    left = number;
    lasts = is_lasting;
    has_failed = false;
}

bool allocation_heal(void)
{
    left = LONG_MAX;
    return has_failed;
}
