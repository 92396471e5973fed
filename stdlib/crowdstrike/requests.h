/* requests.h - requests of the Falcon API, one builder an operation, named as its description names
 * them (rest/rest.h says how they are written). Whatever an id is made of, it becomes a member of a
 * JSON text or a percent-encoded value, and nothing else.
 */
#pragma once

#include "act/step.h"

/* Of one page: all of it must fit REPLY_BYTES_MAX, whatever the description allows (10,000 and 1,000). */
enum {
    FALCON_DEVICES_PAGE = 200, /* a record has some 8 KiB */
    FALCON_ALERTS_PAGE = 20,   /* an alert has up to some 100 KiB */
    FALCON_IDS_MAX = 100,      /* in one query string */
};

/* One device by its agent id; hidden ones are not shown. */
struct request falcon_get_device(struct step *step, str id);
/* Whether agents are connected: online, offline, unknown. */
struct request falcon_get_online(struct step *step, const str *ids, size_t count);
/* A page of devices: `filter` of FQL or empty, `offset` as the page before said or empty. Filter and
 * order are the same on every page, as the API wants it. */
struct request falcon_list_devices(struct step *step, str filter, str offset);
/* "contain" or "lift_containment" */
struct request falcon_act_on_device(struct step *step, str id, const char *action);

/* One alert by its composite id, hidden ones too. */
struct request falcon_get_alert(struct step *step, str id);
/* `name`: "update_status", "append_comment". */
struct request falcon_update_alert(struct step *step, str id, const char *name, str text);
/* A page of alerts, oldest first; `after` as the page before said, or empty. */
struct request falcon_list_alerts(struct step *step, str filter, str after);

/* Response policies by their ids: whether Real Time Response is allowed. */
struct request falcon_get_response_policies(struct step *step, const str *ids, size_t count);
