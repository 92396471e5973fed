/* cmd_version.c - cdr version. */
#include "driver/command.h"
#include "driver/json_out.h"

#include <curl/curl.h>
#include <sqlite3.h>

#ifndef CDR_VERSION
#define CDR_VERSION "0.1.0"
#endif

/* The edition of the language that this build reads: `cdr 1`. */
enum { LANGUAGE_EDITION = 1 };

const char *driver_version(void)
{
    return CDR_VERSION;
}

static const struct option options[] = {
    { OPTION_JSON, OPTION_FLAG, NULL, NULL, NULL, NULL, "one object, for programs" },
    { 0 },
};

static enum exit_code print_json(struct driver *driver)
{
    json_t *libraries = json_object();
    json_put(&libraries, "curl", json_from_text(curl_version_info(CURLVERSION_NOW)->version));
    json_put(&libraries, "sqlite", json_from_text(sqlite3_libversion()));
    json_put(&libraries, "jansson", json_from_text(jansson_version_str()));
    json_t *json = json_object();
    json_put(&json, "name", json_from_text("cdr"));
    json_put(&json, "version", json_from_text(CDR_VERSION));
    json_put(&json, "language", json_integer(LANGUAGE_EDITION));
    json_put(&json, "compiler", json_from_text(__VERSION__));
    json_put(&json, "libraries", libraries);
    enum err err = json_add_line(&driver->out.buf, json);
    json_decref(json);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the version", err);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (option_is_given(arguments, OPTION_JSON))
        return print_json(driver);
    output_addf(&driver->out, "cdr %s (language edition %d)\n", CDR_VERSION, LANGUAGE_EDITION);
    return EXIT_CLEAN;
}

static const struct example examples[] = {
    { "cdr version --json", "versions of cdr and of its libraries, for programs" },
    { 0 },
};

const struct command version_command = {
    .name = "version",
    .operands = "",
    .summary = "which build this is",
    .options = options,
    .examples = examples,
    .group = GROUP_CDR,
    .reads_no_settings = true,
    .run = run,
};
