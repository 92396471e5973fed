/* hosts.h - the instances that an environment selects now, asked of AWS. */
#pragma once

#include "compile.h"
#include "driver/command.h"
#include "driver/connect.h"

/* One instance; texts are AWS's, and what people wrote into its tags. */
struct host {
    str account;
    str region;
    str id;
    str state; /* "running" */
    str name;  /* its tag Name, or empty */
    str private_ip;
    str public_ip;
    const struct xml *tags; /* items with key and value; NULL: none */
};

/* Whom to tell. */
struct hosts_report {
    /* Each instance, as it is found. */
    enum err (*host)(struct hosts_report *report, const struct host *host);
    /* In place of that: each region of each account, with the way there. After ERR_TRANSPORT,
     * ERR_REFUSED, ERR_CREDENTIALS and ERR_LIMIT, with a sentence, it is told as unlisted and the
     * others follow. NULL: instances are listed. */
    enum err (*place)(struct hosts_report *report, struct transport *transport, str account,
        str region, const char **reterr_reason);
    /* An account or a region of it (else empty) that could not be listed. */
    void (*unlisted)(struct hosts_report *report, str account, str region, const char *reason);
};

/* Every instance that is in `environment`, an item of `compilation`, which was compiled: in the
 * accounts and regions that its entries name, else those that there are; what is in is what
 * `resource in` says of an alert about it. ERR_NOT_FOUND: no entry is of AWS; ERR_CREDENTIALS,
 * ERR_TRANSPORT, ERR_REFUSED with a sentence in `arena`: which accounts there are cannot be known;
 * ERR_STOPPED, ERR_MEMORY, ERR_INVALID (a fault of ours), and what report->host returns. */
MUST_CHECK enum err hosts_list(const struct compilation *compilation,
    const struct item *environment, struct connector *connector, struct arena *arena,
    struct hosts_report *report, const char **reterr_reason);

/* The environment of that name. Files may each have one: then they must say the same. NULL: there is
 * none, which is told. */
const struct item *hosts_environment(
    struct driver *driver, const struct compilation *compilation, str name);
