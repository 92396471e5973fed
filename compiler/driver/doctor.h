/* doctor.h - what `cdr doctor` looks at: one row a finding. */
#pragma once

#include "driver/settings.h"

struct compilation;

enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_PROBLEM };

struct symptom {
    const char *name; /* "data directory" */
    enum health health;
    const char *says;
    const char *help; /* what to do, or NULL */
};

enum { SYMPTOMS_MAX = 256 };

struct checkup {
    struct driver *driver;
    const struct arguments *arguments;
    const struct config *config; /* NULL: none, or it is broken */
    struct symptom symptoms[SYMPTOMS_MAX];
    size_t count;
};

/* Add a row; `help` may be NULL. The texts live as long as the driver. One past the last
 * is left out. */
void checkup_add(struct checkup *checkup, enum health health, const char *name, const char *help,
    const char *says, ...) PRINTF_LIKE(5, 6);

/* The installation: version, tables, clock, terminal, locale. */
void doctor_installation(struct checkup *checkup);
/* Where settings come from, and whether rules are where they say. */
void doctor_settings(struct checkup *checkup);
/* The data directory (NULL: none is given): who may write, its journal, room, who is at work. */
void doctor_data(struct checkup *checkup, const char *directory);
/* Whether another process holds the lock of the directory. */
bool doctor_data_is_locked(const char *directory, struct arena *arena);
/* Everything that the daemon is told by its config: rules and their tests, secrets, certificates,
 * addresses, the data directory, connections and what they may (serve/doctor_*.c). */
void doctor_daemon(struct checkup *checkup, const char *config);
/* Connections to EDRs that the rules of a compiled program have: secrets, token, clock, what the client
 * may beside what the rules need, the folder for evidence, exclusions. Only `is_online` asks. */
void doctor_edrs(struct checkup *checkup, struct compilation *compilation, bool is_online);
/* Credentials, found or not and where; only `is_online` asks AWS about them. */
void doctor_aws(struct checkup *checkup, bool is_online);
