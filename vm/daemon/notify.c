/* notify.c - see notify.h. */
#include "daemon/notify.h"

#include "base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { US_PER_MS = 1000, WATCHDOG_MS_MAX = 3600 * 1000 };

void notify_send(const char *socket_name, const char *state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = socket_name == NULL ? 0 : strlen(socket_name);
    if (length == 0)
        return;
    if (length >= sizeof address.sun_path || (socket_name[0] != '/' && socket_name[0] != '@'))
        return;
    memcpy(address.sun_path, socket_name, length);
    if (socket_name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
        (struct sockaddr *)(void *)&address, size);
    (void)ignored;
    close(fd);
}

uint32_t notify_watchdog_ms(const char *watchdog_usec)
{
    char *end = NULL;
    if (watchdog_usec == NULL || watchdog_usec[0] < '0' || watchdog_usec[0] > '9')
        return 0;
    unsigned long long half_ms = strtoull(watchdog_usec, &end, 10) / US_PER_MS / 2;
    if (*end != '\0')
        return 0;
    return half_ms > WATCHDOG_MS_MAX ? WATCHDOG_MS_MAX : (uint32_t)half_ms;
}
