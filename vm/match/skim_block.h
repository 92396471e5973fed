/* skim_block.h - what 64 bytes of text are: bit i is byte i. */
#pragma once

#include <stdint.h>

struct skim_block {
    uint64_t quotes; /* escaped ones too; so with the brackets in strings */
    uint64_t backslashes;
    uint64_t opens;
    uint64_t closes;
    uint64_t odd;
};

/* Brackets differ from braces in one bit alone: [ is 0x5B and { 0x7B, ] is 0x5D and } 0x7D. Nothing
 * else becomes one of them when that bit is set. */
enum { BRACKET_BIT = 0x20 };
