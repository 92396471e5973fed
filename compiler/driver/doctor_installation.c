/* doctor_installation.c - see doctor.h: this cdr on this machine. */
#include "driver/doctor.h"

#include "base/time.h"
#include "compile.h"
#include "driver/version.h"
#include "match/regex.h"
#include "registry.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MS_PER_S = 1000, CLOCK_SLACK_MS = 24 * 3600 * 1000 };

static void look_at_build(struct checkup *checkup)
{
    struct arena *arena = &checkup->driver->arena;
    const char *libraries = "";
    struct library library;
    for (size_t i = 0; library_at(i, arena, &library); i++)
        libraries = arena_format(
            arena, "%s%s%s %s", libraries, i == 0 ? "" : ", ", library.name, library.version);
    checkup_add(checkup, HEALTH_OK, "cdr", NULL, "version %s", driver_version());
    checkup_add(checkup, HEALTH_OK, "libraries", NULL, "%s", libraries == NULL ? "" : libraries);
}

/* Where the kernel or the service manager lets no process make code, nothing is wrong. */
static void look_at_regexes(struct checkup *checkup)
{
    checkup_add(checkup, HEALTH_OK, "regexes", NULL, "%s",
        regex_has_machine_code()
            ? "run as machine code"
            : "interpreted, several times slower: this process may not make machine "
              "code (systemd: MemoryDenyWriteExecute)");
}

/* The tables keep their promises, and the sources of the binary compile. */
static void look_at_tables(struct checkup *checkup)
{
    static const char broken[] = "this cdr is not what was released: install it anew";
    const char *fault = registry_fault();
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum err err = compile_begin(&compilation);
    if (err == ERR_OK)
        err = compile_program(&compilation);
    if (fault != NULL)
        checkup_add(checkup, HEALTH_PROBLEM, "steps", broken, "the table is broken: %s", fault);
    else if (err != ERR_OK || compilation.program == NULL)
        checkup_add(
            checkup, HEALTH_PROBLEM, "sources", broken, "the shipped sources do not compile");
    else
        checkup_add(checkup, HEALTH_OK, "sources", NULL, "%u shipped, all compile",
            compilation.program->source_count);
}

/* A clock before the day on which cdr was put here is certainly wrong. */
static void look_at_clock(struct checkup *checkup)
{
    char now_text[TIME_TEXT_MAX];
    struct stat self;
    int64_t now_ms = checkup->driver->clock->now_ms(checkup->driver->clock);
    str now = time_format(now_ms / MS_PER_S * MS_PER_S, now_text);
    if (stat("/proc/self/exe", &self) != 0)
        return;
    int64_t made_ms = (int64_t)self.st_mtime * MS_PER_S;
    if (now_ms + CLOCK_SLACK_MS < made_ms)
        checkup_add(checkup, HEALTH_PROBLEM, "clock",
            "set it: signatures of requests and times of alerts depend on it",
            "it says %.*s, which is before this cdr was installed", STR_ARG(now));
    else
        checkup_add(checkup, HEALTH_OK, "clock", NULL, "%.*s", STR_ARG(now));
}

static void look_at_terminal(struct checkup *checkup)
{
    const struct output *out = &checkup->driver->out;
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    if (isatty(out->fd) != 1)
        checkup_add(checkup, HEALTH_OK, "terminal", NULL, "output goes to a file or a program; %s",
            out->has_color ? "coloured" : "no colour");
    else
        checkup_add(checkup, HEALTH_OK, "terminal", NULL, "%s; %s%s",
            term == NULL ? "TERM is not set" : term, out->has_color ? "coloured" : "no colour",
            no_color != NULL && no_color[0] != '\0' ? " (NO_COLOR)" : "");
}

static void look_at_locale(struct checkup *checkup)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0) {
        checkup_add(checkup, HEALTH_WARNING, "locale", "set LC_ALL to one of locale -a",
            "what LANG or LC_* name is not installed");
        return;
    }
    const char *codes = nl_langinfo_l(CODESET, locale);
    bool is_utf8 = strcmp(codes, "UTF-8") == 0;
    checkup_add(checkup, is_utf8 ? HEALTH_OK : HEALTH_WARNING, "locale",
        is_utf8 ? NULL : "cdr writes UTF-8: set LC_ALL=C.UTF-8", "%s", codes);
    freelocale(locale);
}

void doctor_installation(struct checkup *checkup)
{
    look_at_build(checkup);
    look_at_tables(checkup);
    look_at_regexes(checkup);
    look_at_clock(checkup);
    look_at_terminal(checkup);
    look_at_locale(checkup);
}
