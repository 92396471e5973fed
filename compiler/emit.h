/* emit.h - checked trees to a program. */
#pragma once

#include "compile.h"

/* Make the program of trees that check_program accepted. ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err emit_program(
    struct compilation *compilation, const struct program **ret_program);
