/* err.h - failures of the host. Values of `enum err` are returned, never kept. */
#pragma once

enum err {
    ERR_OK,
#define ERR(name, meaning) ERR_##name,
#include "base/errors.def"
#undef ERR
};

/* The meaning in words, without a full stop; never NULL, static. */
const char *err_text(enum err err);
