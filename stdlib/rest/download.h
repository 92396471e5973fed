/* download.h - results that a provider keeps elsewhere: it hands out an address, which is good for a
 * while, and whoever asks there is not asked who he is.
 *
 * Such a request is of a service of its own (REST_DOWNLOAD_MDE) and says the address as
 *
 *     GET /HOST/PATH?QUERY
 *
 * so that it reads as any other (rest.h) and cannot name a scheme. It is sent without credentials, without
 * following redirects, and only to hosts that keep results of that provider. */
#pragma once

#include "rest/rest.h"

#define REST_DOWNLOAD_MDE "defender-download"

/* Ask for `url`, which a provider handed out, as operation "Download". Its body is NULL when that is no
 * address of https or http, has a user, a fragment or anything but printable ASCII. */
struct request rest_download(struct step *step, const char *service, str target, str url);

/* Whether `host` is one where results of that service are kept: any account of Azure's blob storage, in
 * the public cloud or a national one, for Microsoft does not say which are its own. */
bool rest_is_store(const char *service, str host);

/* Where such a request goes, in `arena`: https, at such a host, or that of the connection's own `base` ("http://127.0.0.1:8470/_microsoft"), and
 * then as this. ptr NULL: it may not be asked, or the arena is full (arena->is_full). */
str rest_download_url(
    struct arena *arena, const char *service, const struct rest_request *request, str base);
