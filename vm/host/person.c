#include "host/person.h"

#include "base/str.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENTRY_BYTES = 16 * 1024, LOGIN_BYTES_MAX = 32 };

/* What the kernel says of a process that no login began. */
#define NO_LOGIN UINT32_MAX

/* False unless `text` is the number of a user: digits, perhaps a newline. */
static bool login_parse(const char *text, uid_t *ret_user)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && number < NO_LOGIN; digits++)
        number = number * 10 + (uint64_t)(text[digits] - '0');
    bool is_whole = text[digits] == '\0' || text[digits] == '\n';
    if (digits == 0 || !is_whole || number >= NO_LOGIN)
        return false;
    *ret_user = (uid_t)number;
    return true;
}

const char *user_name(uid_t user, struct arena *arena)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char bytes[ENTRY_BYTES];
    if (getpwuid_r(user, &entry, bytes, sizeof bytes, &found) == 0 && found != NULL
        && found->pw_name[0] != '\0')
        return arena_format(arena, "%s", found->pw_name);
    return arena_format(arena, "%u", (unsigned)user);
}

static bool is_user(const char *name)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char bytes[ENTRY_BYTES];
    return getpwnam_r(name, &entry, bytes, sizeof bytes, &found) == 0 && found != NULL;
}

const char *person_name_of(
    const char *login, const char *sudo_user, uid_t user, struct arena *arena)
{
    uid_t began;
    if (login_parse(login, &began))
        return user_name(began, arena);
    if (user == 0 && sudo_user != NULL && is_user(sudo_user))
        return arena_format(arena, "%s", sudo_user);
    return user_name(user, arena);
}

const char *person_name(struct arena *arena)
{
    char login[LOGIN_BYTES_MAX] = "";
    int file = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        ssize_t size = read(file, login, sizeof login - 1);
        login[size > 0 ? size : 0] = '\0';
        close(file);
    }
    return person_name_of(login, secure_getenv("SUDO_USER"), getuid(), arena);
}
