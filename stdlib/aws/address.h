/* address.h - an http or https address taken apart, and where plain http may go. */
#pragma once

#include "base/str.h"

/* All borrowed from the text. */
struct address {
    bool is_tls;
    str host; /* without brackets */
    str port; /* digits, or empty */
    str authority;
    str path; /* may be empty; with the query, where that was allowed */
};

/* Read `url`. False unless it has the plainest form: what this reads and what libcurl reads must
 * never be two different hosts. Of a path only letters, digits and `path_marks` are taken. */
bool address_read(str url, const char *path_marks, struct address *ret_address);

/* Whether `host` is a loopback address, or localhost. */
bool address_is_loopback(str host);
