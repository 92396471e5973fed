#include "rest/settings.h"

#include "host/url.h"

enum { ID_BYTES_MAX = 128, FOLDER_BYTES_MAX = 1024 };

bool rest_id_is_plain(str id)
{
    return id.len > 0 && id.len <= ID_BYTES_MAX && id.ptr[0] != '.'
           && str_all_of(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
}

enum err rest_url_check(str url, str *ret_base, const char **reterr_reason)
{
    bool has_more = str_find(url, '?') < url.len || str_find(url, '#') < url.len
                    || str_find(url, '"') < url.len || str_find(url, '\\') < url.len;
    if (!url_is_safe(url) || has_more) {
        *reterr_reason = "url of the connection is no address like https://host: no plain http to "
                         "another machine, no user, query or special characters";
        return ERR_CREDENTIALS;
    }
    while (str_endswith(url, STR("/")))
        url.len--;
    *ret_base = url;
    return ERR_OK;
}

const char *rest_evidence_fault(str folder)
{
    if (folder.len == 0)
        return NULL;
    bool is_odd = folder.len > FOLDER_BYTES_MAX || folder.ptr[0] != '/';
    for (size_t at = 0; at < folder.len; at++)
        is_odd |= (unsigned char)folder.ptr[at] < ' ' || folder.ptr[at] == 0x7F;
    return is_odd ? "evidence of the connection is no folder on this machine, \"/..\"" : NULL;
}
