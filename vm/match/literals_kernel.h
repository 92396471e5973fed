/* literals_kernel.h - what of a search is done many bytes at a time, once for each set of
 * instructions. All give the same answers; the tests force each in turn.
 */
#pragma once

#include "match/literals_table.h"

enum {
    /* Text is lowered block by block, with what a window and its needles look at behind the last
     * place. */
    BLOCK_PLACES = 512,
    BLOCK_BEHIND = WINDOW_MAX + 64,
    BLOCK_BYTES = BLOCK_PLACES + BLOCK_BEHIND,
    BLOCK_WORDS = BLOCK_PLACES / 64,
    /* What windows at the last places, and the eight bytes from there on, reach into. */
    ZEROS_BEHIND = 16,
};

struct literal_kernel {
    const char *name;
    bool (*is_supported)(void);
    /* Lower `length` bytes, 1 to BLOCK_BYTES - 64, and put ZEROS_BEHIND zeros behind them, or more. Whether all are ASCII.
     * Reads nothing else of the text. */
    bool (*lower)(const char *text, size_t length, char lowered[static BLOCK_BYTES]);
    /* A bit for each place below `places`, 1 to BLOCK_PLACES, whose window the bitmap of the layer has; of
     * layers up to four bytes wide. Writes whole words. */
    void (*probe)(const struct layer *layer, const char lowered[static BLOCK_BYTES], size_t places,
        uint64_t ret_hits[static BLOCK_WORDS]);
};

bool literals_lower_portable(const char *text, size_t length, char lowered[static BLOCK_BYTES]);
bool literals_lower_avx2(const char *text, size_t length, char lowered[static BLOCK_BYTES]);
bool literals_lower_avx512(const char *text, size_t length, char lowered[static BLOCK_BYTES]);
void literals_probe_portable(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS]);
void literals_probe_avx2(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS]);
void literals_probe_avx512(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS]);
