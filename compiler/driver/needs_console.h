/* needs_console.h - needs at CrowdStrike and Microsoft, in the words of their consoles. */
#pragma once

#include "driver/console.h"
#include "driver/needs.h"
#include "driver/output.h"

#include <jansson.h>

/* "Hosts: Read, Write", below each who needs it to act and who to take back. */
void needs_console_text(struct output *out, const struct compilation *compilation,
    const struct needs *needs, str provider);
/* The same lines without who: what is ticked in the console, for `cdr setup`; `indent` before each. */
void needs_console_list(
    struct output *out, const struct needs *needs, str provider, const char *indent);
/* [{"name": "Hosts", "access": ["Read", "Write"]}]: an element for each group. NULL when out of memory. */
json_t *needs_console_json(const struct needs *needs, str provider);
