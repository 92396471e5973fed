/* test_person.c - who is told to have done something. */
#include "host/person.h"

#include "base/attr.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void the_login_counts_more_than_sudo_and_the_process(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    static const struct {
        const char *login;
        const char *sudo_user;
        uid_t user;
        const char *name;
    } cases[] = {
        { "0", "daemon", 1, "root" },
        { "1\n", NULL, 0, "daemon" },
        { "4294967295", "daemon", 0, "daemon" },
        { "", "daemon", 0, "daemon" },
        { "4294967295", NULL, 0, "root" },
        { "", "daemon", 2, "bin" },        /* only root cannot be lied to by itself */
        { "", "no-such-user", 0, "root" }, /* nor by a name that nobody has */
        { "", "", 0, "root" },
        { "12junk", NULL, 0, "root" },
        { "99999999999999999999", NULL, 0, "root" },
        { "-1", NULL, 0, "root" },
        { "3987654321", NULL, 0, "3987654321" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name =
            person_name_of(cases[i].login, cases[i].sudo_user, cases[i].user, &arena);
        assert_string_equal(name, cases[i].name);
    }
}

static void this_process_is_somebodys(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    char login[32] = "";
    int file = open("/proc/self/loginuid", O_RDONLY);
    if (file >= 0) {
        ssize_t size = read(file, login, sizeof login - 1);
        login[size > 0 ? size : 0] = '\0';
        close(file);
    }
    const char *name = person_name(&arena);
    assert_non_null(name);
    if (login[0] != '\0' && strcmp(login, "4294967295") != 0) {
        assert_string_equal(name, person_name_of(login, NULL, 0, &arena));
        return;
    }
    const struct passwd *user = getpwuid(getuid());
    if (user != NULL && getuid() != 0)
        assert_string_equal(name, user->pw_name);
}

static void a_full_arena_is_no_name(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    assert_null(person_name_of("0", NULL, 0, &arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_login_counts_more_than_sudo_and_the_process),
        cmocka_unit_test(this_process_is_somebodys),
        cmocka_unit_test(a_full_arena_is_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
