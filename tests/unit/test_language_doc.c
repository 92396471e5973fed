/* docs/language.md says what this build accepts, so each of its examples is compiled:
 * ```cdr must pass, ```cdr error=CDR0209 must have exactly that mistake. */
#include "compiled.h"

static void is_as_the_page_says(const char *info, const char *text, int line)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const char *expected = strstr(info, "error=");
    compile_rules(&compilation, text);
    bool is_right = expected == NULL
                        ? compilation.program != NULL
                        : compilation.diags.error_count == 1
                              && strncmp(expected + strlen("error="),
                                     diag_code(compilation.diags.first->id), strlen("CDR0000"))
                                     == 0;
    if (!is_right) {
        print_error("docs/language.md:%d\n%s", line, text);
        print_diags(&compilation);
    }
    assert_true(is_right);
}

static void each_example_of_the_language_page_is_as_it_says(void **state)
{
    (void)state;
    FILE *page = fopen("docs/language.md", "r");
    char *read = NULL;
    size_t size = 0;
    char info[128] = "";
    struct buf example = BUF_INIT(65536);
    int line = 0;
    int start = 0;
    int examples = 0;
    assert_non_null(page);
    while (getline(&read, &size, page) > 0) {
        line++;
        if (start == 0 && strncmp(read, "```cdr", 6) == 0) {
            snprintf(info, sizeof info, "%s", read);
            start = line;
        } else if (start > 0 && strncmp(read, "```", 3) == 0) {
            is_as_the_page_says(info, example.ptr, start);
            buf_clear(&example);
            start = 0;
            examples++;
        } else if (start > 0) {
            buf_add(&example, str_from(read));
        }
    }
    buf_release(&example);
    free(read);
    fclose(page);
    assert_true(examples >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_example_of_the_language_page_is_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
