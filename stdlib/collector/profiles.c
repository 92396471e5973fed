/* profiles.c - the profiles that are there without being declared, as plans (plan.h). */
#include "collector/collector.h"

#define QUICK_BOUNDS "\"archive_mb\":64,\"file_mb\":1,\"most\":500,\"since\":604800"
#define QUICK_TIME ",\"time\":240}"
#define FULL_SIZES "\"archive_mb\":384,\"file_mb\":16"
#define FULL_BOUNDS ",\"most\":2000,\"since\":2592000"
#define FULL_TIME ",\"time\":900}"

static const char quick[] =
    "{\"linux\":{" QUICK_BOUNDS
    ",\"take\":[\"autostart\",\"connections\",\"containers\",\"firewall\",\"histories\","
    "\"journal\",\"logins\",\"logs\",\"network\",\"open_files\",\"processes\",\"programs\","
    "\"recent_files\",\"scheduled_tasks\",\"services\",\"system\",\"users\"]" QUICK_TIME
    ",\"profile\":\"quick\",\"windows\":{" QUICK_BOUNDS
    ",\"take\":[\"autostart\",\"connections\",\"dns_cache\",\"firewall\",\"histories\","
    "\"hotfixes\",\"logins\",\"network\",\"prefetch\",\"processes\",\"recent_files\","
    "\"scheduled_tasks\",\"services\",\"system\",\"users\"]" QUICK_TIME "}";

static const char full[] =
    "{\"linux\":{" FULL_SIZES
    ",\"files\":[\"/var/log/messages\",\"/var/log/syslog\",\"/var/log/cron\","
    "\"/var/log/dpkg.log\",\"/var/log/yum.log\",\"/var/log/dnf.log\",\"/var/log/kern.log\","
    "\"/var/log/cloud-init-output.log\"]" FULL_BOUNDS
    ",\"take\":[\"autostart\",\"connections\",\"containers\",\"firewall\",\"histories\","
    "\"journal\",\"logins\",\"logs\",\"memory_maps\",\"network\",\"open_files\",\"processes\","
    "\"programs\",\"recent_content\",\"recent_files\",\"scheduled_tasks\",\"services\","
    "\"system\",\"users\"]" FULL_TIME ",\"profile\":\"full\",\"windows\":{" FULL_SIZES FULL_BOUNDS
    ",\"take\":[\"autostart\",\"connections\",\"dns_cache\",\"firewall\",\"histories\","
    "\"hotfixes\",\"logins\",\"logs\",\"network\",\"prefetch\",\"processes\",\"programs\","
    "\"recent_files\",\"scheduled_tasks\",\"services\",\"system\",\"users\"]" FULL_TIME "}";

str collector_profile(str name)
{
    if (str_is(name, "quick"))
        return str_from(quick);
    return str_is(name, "full") ? str_from(full) : STR("");
}
