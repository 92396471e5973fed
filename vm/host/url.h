/* url.h - where a URL leads, as far as it can be told from its text. */
#pragma once

#include "base/str.h"

/* Whether its host is this machine by every reading: localhost, 127.0.0.0/8 or ::1, with or
 * without a port, and nobody's name in front. For http and https alone. */
bool url_is_to_this_machine(str url);
/* Whether what is private may be sent there: https to a host that it names, or http to this
 * machine; no user or password in it, nothing but visible ASCII. */
bool url_is_safe(str url);
/* "hooks.example.com" of it, without port, brackets and user; empty where there is none. */
str url_host(str url);
