/* limits.h - every ceiling of the language and its machine, each with its reason. */
#pragma once

#include <stdint.h>

enum {
    /* Text. Spans are 32-bit offsets; a rule file a person can review is far below. */
    SOURCE_BYTES_MAX = 16 * 1024 * 1024,
    /* Memory of one compilation: 10,000 rules need about a tenth of it. */
    COMPILE_BYTES_MAX = 512 * 1024 * 1024,
    /* Parentheses and blocks within each other; bison's stack grows no further. */
    NESTING_MAX = 64,
    /* Bytes of a name: it must fit a message and a column of a report. */
    NAME_BYTES_MAX = 128,
    /* Nodes that the macros of one condition may grow to: no macro bombs. */
    EXPANSION_NODES_MAX = 10000,
    /* Nodes of one condition, values of lists not counted: what is proved about it costs
     * up to the square of that. */
    CONDITION_NODES_MAX = 50000,
    LIST_VALUES_MAX = 1000000,
    /* The file of one list: a million SHA-256 in hex, twice over. */
    LIST_FILE_BYTES_MAX = 128 * 1024 * 1024,
    /* Files that files name: how many are used by others, how far a chain of `use` reaches,
     * and their bytes together, those of lists too: half of what a compilation may take. */
    USED_FILES_MAX = 10000,
    USE_DEPTH_MAX = 64,
    USED_BYTES_MAX = 256 * 1024 * 1024,
    /* What base64 and its like make of a written text, and how many texts: 5 signs in 5 places. */
    ENCODED_BYTES_MAX = 64 * 1024,
    VARIANTS_MAX = 3125,
    /* Arguments of a call, pieces of a text with {values}, words of a path. */
    ARGUMENTS_MAX = 64,
    TEMPLATE_PARTS_MAX = 64,
    PATH_PARTS_MAX = 32,
    /* Diagnostics kept of one run; later ones are counted. */
    DIAGNOSTICS_MAX = 1000,

    /* Alerts. Defender and GuardDuty stay below 256 KB; a string of a megabyte fits, with an
     * alert around it. */
    ALERT_BYTES_MAX = 2 * 1024 * 1024,
    ALERT_DEPTH_MAX = 64,
    /* Memory of one alert: its text unescaped, slots, values. An alert of ALERT_BYTES_MAX that is
     * nothing but arrays of digits holds half as many values of 16 bytes each; slots that grow
     * by doubling take up to four times that, and its fields a copy or two. */
    EVENT_BYTES_MAX = 128 * 1024 * 1024,
    /* Elements of arrays that one path may collect. Past it the array is one text, never
     * cut: nothing hides behind a long array. */
    SLOT_VALUES_MAX = 65536,
    /* Names of one field that a target goes by, by its own or as an alert says: a network
     * interface has 50 addresses and a finding of Security Hub names 32 resources. Each is compared
     * with all the others. With more, whether it is protected is for a person to say. */
    TARGET_NAMES_MAX = 256,

    /* Tests. Alerts of one test, those of its files included, and the years that its clock
     * may go on; what it remembers of the steps that ran. */
    TEST_ALERTS_MAX = 10000,
    TEST_YEARS_MAX = 100,
    TEST_BYTES_MAX = 64 * 1024 * 1024,

    /* Machine. The budget is per rule and alert: jumps only go forward, so it is
     * reached by long lists and long texts alone. */
    STACK_MAX = 256,
    INSTRUCTION_BUDGET = 1000000,
    REGEX_MATCH_LIMIT = 100000,
    REGEX_DEPTH_LIMIT = 10000, /* groups that repeat: `(..)*` over 10,000 turns */
    REGEX_HEAP_KB = 16 * 1024,
    REGEX_SUBJECT_MAX = 64 * 1024,

    /* Steps. */
    ROLE_MEMBERS_MAX = 10000,
    APPROVAL_STAGES_MAX = 16,
    APPROVAL_ROLES_MAX = 16, /* of one stage */
    LIMITS_MAX = 32,         /* of a rule, and of `defaults` */
    STEP_PARAMS_MAX = 12,
    STEP_STATE_BYTES_MAX = 16 * 1024,
    STEP_TURNS_MAX = 1000,
    STEP_BYTES_MAX = 32 * 1024 * 1024,
    REQUEST_BYTES_MAX = 256 * 1024,
    REPLY_BYTES_MAX = 4 * 1024 * 1024,
};
