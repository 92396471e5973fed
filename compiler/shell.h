/* shell.h - words of commands that we print for somebody to paste into a shell. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* The text as one word of a POSIX shell: itself where no character of it means anything to one,
 * else in single quotes, in the arena and ended with NUL. The text itself when the arena is full. */
str shell_word(struct arena *arena, str text);
