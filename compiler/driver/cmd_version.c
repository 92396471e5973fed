/* cmd_version.c - cdr version. */
#include "driver/command.h"
#include "driver/json_out.h"
#include "driver/version.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

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
    { OPTION_JSON, OPTION_FLAG, NULL, NULL, NULL, "one object, for programs" },
    { 0 },
};

/* "10.42", without the day that PCRE2 adds. */
static const char *pcre2_number(struct arena *arena)
{
    char text[64] = "";
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof text)
        pcre2_config(PCRE2_CONFIG_VERSION, text);
    str number = str_from(text);
    return arena_copy(arena, str_first(number, str_find(number, ' '))).ptr;
}

bool library_at(size_t index, struct arena *arena, struct library *ret_library)
{
    const struct library libraries[] = {
        { "curl", curl_version_info(CURLVERSION_NOW)->version },
        { "jansson", jansson_version_str() },
        { "microhttpd", MHD_get_version() },
        { "openssl", OpenSSL_version(OPENSSL_VERSION_STRING) },
        { "pcre2", pcre2_number(arena) },
        { "sqlite", sqlite3_libversion() },
    };
    if (index >= COUNT_OF(libraries))
        return false;
    *ret_library = libraries[index];
    return true;
}

static enum exit_code print_json(struct driver *driver)
{
    json_t *libraries = json_object();
    struct library library;
    for (size_t i = 0; library_at(i, &driver->arena, &library); i++)
        json_put(&libraries, library.name, json_from_text(library.version));
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
