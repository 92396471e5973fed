/* answer.h - what cdr approve and cdr reject share: saying yes or no to holds.
 *
 * It works while another cdr is at work on the journal: what people say is recorded beside it.
 */
#pragma once

#include "driver/command.h"

/* Answer the holds that are named, or with --all and --rule those of a rule, and print what was
 * answered. EXIT_FINDINGS: one was refused, or is not there. */
enum exit_code answer_run(
    struct driver *driver, const struct arguments *arguments, bool is_approval);
