/* skim_block.h - what 64 bytes of text are, whether in strings or not: bit i is byte i. */
#pragma once

#include <stdint.h>

struct skim_block {
    uint64_t quotes; /* escaped ones too */
    uint64_t backslashes;
    uint64_t opens;
    uint64_t closes;
    uint64_t odd; /* \ and what is not printable ASCII */
};

/* What a strict reading asks for, too. */
struct skim_marks {
    uint64_t commas;
    uint64_t colons;
    uint64_t spaces; /* all four kinds */
    uint64_t digits;
    uint64_t zeros;
};

/* Brackets differ from braces in one bit alone: [ is 0x5B and { 0x7B, ] is 0x5D and } 0x7D. Nothing
 * else becomes one of them when that bit is set. */
enum { BRACKET_BIT = 0x20 };
