/* notify.h - telling the service manager how the daemon is (systemd's protocol: sd_notify(3)). */
#pragma once

#include <stdint.h>

/* Send "READY=1", "WATCHDOG=1", "STOPPING=1", .. to `socket`, the value of NOTIFY_SOCKET: a path, or
 * one in the abstract namespace that begins with "@". NULL: nobody listens. Who does not hear it is no
 * reason to fail. */
void notify_send(const char *socket, const char *state);
/* How often the manager wants to hear WATCHDOG=1, by the text of WATCHDOG_USEC: half of it in ms; 0:
 * never. */
uint32_t notify_watchdog_ms(const char *watchdog_usec);
