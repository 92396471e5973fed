/* embedded.h - the scripts of this folder, without their comments (embed.awk). Lines with their
 * newlines, ending at NULL. */
#pragma once

extern const char *const collector_sh[];
extern const char *const place_sh[];
extern const char *const start_sh[];
extern const char *const status_sh[];
extern const char *const clean_sh[];
extern const char *const collector_ps1[];
extern const char *const place_ps1[];
extern const char *const start_ps1[];
extern const char *const status_ps1[];
extern const char *const clean_ps1[];
