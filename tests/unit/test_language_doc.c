/* docs/language.md says what this build accepts, so each of its examples is compiled:
 * ```cdr must pass without a warning, ```cdr error=CDR0209 must have exactly that mistake,
 * ```cdr warning=CDR0301 that finding. Those that are files (file=, append=) are checked where
 * the page is run: tests/cli/language_page.sh. */
#include "compiled.h"
#include "lint/lint.h"

static const char *option_of(const char *info, const char *name)
{
    const char *found = strstr(info, name);
    return found == NULL ? NULL : found + strlen(name);
}

/* Whether the finding that counts most, and no other of its kind, has this code. */
static bool has_only(const struct compilation *compilation, const char *code)
{
    const struct diag *diag = compilation->diags.first;
    while (diag != NULL && diag_severity(diag->id) == DIAG_INFO)
        diag = diag->next;
    return diag != NULL && compilation->diags.error_count + compilation->diags.warning_count == 1
           && strncmp(code, diag_code(diag->id), strlen("CDR0000")) == 0;
}

static void is_as_the_page_says(const char *info, const char *text, int line)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const char *error = option_of(info, "error=");
    const char *warning = option_of(info, "warning=");
    compile_rules(&compilation, text);
    assert_int_equal(lint_program(&compilation, NULL), ERR_OK);
    const struct diag_list *diags = &compilation.diags;
    bool is_right = (error != NULL) == (compilation.program == NULL);
    if (error != NULL || warning != NULL)
        is_right = is_right && has_only(&compilation, error != NULL ? error : warning);
    else
        is_right = is_right && diags->warning_count == 0;
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
            if (option_of(info, "file=") == NULL && option_of(info, "append=") == NULL)
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
