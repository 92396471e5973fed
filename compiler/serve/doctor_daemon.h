/* doctor_daemon.h - what the files of `cdr doctor --config FILE.cdr` share. */
#pragma once

#include "driver/doctor.h"
#include "serve/rule_sets.h"

/* "webhook hook", in the driver's arena. */
const char *doctor_block_name(struct checkup *checkup, const struct daemon_block *block);
/* Files of certificates: readable, of their key, and not over. */
void doctor_certificates(struct checkup *checkup, const struct program *program);
/* Connections: who we are, whose clock is off, which accounts let us in, what we may. */
void doctor_connections(struct checkup *checkup, struct rule_set *set);
