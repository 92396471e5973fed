/* package.h - the investigation package that Defender itself puts together, fetched.
 *
 * Defender makes one at a time of a machine: one that is being made is waited for. When it is there
 * Defender hands out an address that is good for minutes; what it leads to is kept in the evidence
 * folder of the connection.
 * https://learn.microsoft.com/en-us/defender-endpoint/api/collect-investigation-package
 * https://learn.microsoft.com/en-us/defender-endpoint/api/get-package-sas-uri */
#pragma once

#include "defender/host_step.h"

enum { PACKAGE_HOST, PACKAGE_TO };

enum step_turn package_next(struct step *step, const struct reply *reply);
