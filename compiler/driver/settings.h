/* settings.h - what was not said on the command line: CDR_<FLAG> in the environment, then
 * cdr.json, then the default.
 *
 * A flag that lets cdr act (--mode, --again), opens a door (--listen) or names one object is
 * read from the command line alone; where state is kept (--data) and what who takes a
 * role must say (--external-id), also from the environment. A file from a foreign repository can
 * so change how things look and where rules are, and never what happens to an account.
 */
#pragma once

#include "driver/config.h"

enum setting_reach { REACH_COMMAND_LINE, REACH_ENVIRONMENT, REACH_FILE };

/* The least trusted place that the flag is read from. */
enum setting_reach setting_reach(enum option_id id);

/* "CDR_FAIL_LEVEL", in the arena, or NULL. */
const char *setting_variable(enum option_id id, struct arena *arena);

/* Find and read the configuration that --config, --isolated and CDR_CONFIG ask for.
 * *ret_config: NULL for none. Errors as config_read. */
MUST_CHECK enum err settings_load(struct driver *driver, const struct arguments *arguments,
    const struct config **ret_config, const char **reterr_reason);

/* Add to `arguments` what the command line does not say; each with its origin. ERR_INVALID:
 * *reterr_reason says which value is wrong and where it stands. ERR_MEMORY. */
MUST_CHECK enum err settings_add(struct driver *driver, const struct config *config,
    struct arguments *arguments, const char **reterr_reason);

/* After a failure: say which values came from elsewhere than the command line. */
void settings_tell(struct driver *driver, const struct arguments *arguments);
