/* requests.h - the calls that steps make to Defender for Endpoint and Microsoft Graph, one builder an
 * operation.
 *
 * Each request lives in step->arena; its body.ptr is NULL when that is full (act/step.h). Operations are
 * called as the vendor's pages call them; members of bodies are spelled as these do, because
 * Defender tells their case apart. https://learn.microsoft.com/en-us/defender-endpoint/api/
 */
#pragma once

#include "rest/rest.h"

enum { MACHINE_ACTIONS_LISTED = 100 };

/* Defender for Endpoint; `machine` is its 40 hex digits, `action` the id of a machine action. */
struct request mde_get_machine(struct step *step, str machine);
/* Those whose last address is `ip`, the first hundred. */
/* A page of all: `top` of them after `skip`. */
struct request mde_list_machines(struct step *step, size_t skip, size_t top);
struct request mde_find_machines(struct step *step, str ip);
/* The newest MACHINE_ACTIONS_LISTED of that machine. */
struct request mde_list_machine_actions(struct step *step, str machine);
struct request mde_get_machine_action(struct step *step, str machine, str action);
struct request mde_cancel_machine_action(struct step *step, str machine, str action, str comment);
/* `isolation`: "Full" or "Selective". */
struct request mde_isolate(struct step *step, str machine, str comment, const char *isolation);
struct request mde_unisolate(struct step *step, str machine, str comment);
struct request mde_restrict_code_execution(struct step *step, str machine, str comment);
struct request mde_unrestrict_code_execution(struct step *step, str machine, str comment);
/* `scan`: "Quick" or "Full". */
struct request mde_run_antivirus_scan(
    struct step *step, str machine, str comment, const char *scan);
struct request mde_stop_and_quarantine_file(struct step *step, str machine, str comment, str sha1);
struct request mde_collect_investigation_package(struct step *step, str machine, str comment);
struct request mde_get_package_uri(struct step *step, str machine, str action);
/* `hash`: a file's SHA-1 or SHA-256. */
struct request mde_get_file(struct step *step, str hash);
struct request mde_get_alert(struct step *step, str alert);
/* `member` is what is set: "status" or "comment". */
struct request mde_update_alert(struct step *step, str alert, const char *member, str text);

/* Microsoft Graph; `user` is an object id or a principal name. */
struct request graph_get_user(struct step *step, str user);
/* With the time before which its sessions are void. */
struct request graph_get_user_sessions(struct step *step, str user);
struct request graph_enable_user(struct step *step, str user, bool is_enabled);
struct request graph_revoke_sessions(struct step *step, str user);
struct request graph_get_alert(struct step *step, str alert);
struct request graph_set_alert_status(struct step *step, str alert, str status);
struct request graph_comment_alert(struct step *step, str alert, str text);
