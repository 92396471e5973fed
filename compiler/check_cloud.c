/* check_cloud.c - values that have a form at AWS which no type has: regions that there are, places
 * for evidence, boundaries. What can be seen in the rules is said before an alert comes.
 */
#include "check_pass.h"

#include "arn.h"
#include "aws/evidence_place.h"
#include "aws/region.h"
#include "constant.h"

void check_region_known(struct check *check, span at, str region)
{
    struct suggestion near = { .word = region };
    const char *name;
    if (aws_region_is_known(region))
        return;
    for (size_t index = 0; (name = aws_region_at(index)) != NULL; index++)
        suggest(&near, str_from(name));
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_REGION, at,
        "this build knows no region %.*s of AWS", STR_ARG(region));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean \"%.*s\"?", STR_ARG(near.best));
        return;
    }
    diag_help(check->diags, diag, "if AWS has opened it since this build was made, it is right");
}

void check_evidence_place(
    struct check *check, span at, const char *name, str url, bool may_be_folder)
{
    struct evidence_place place;
    const char *fault = evidence_place_fault(url, &place);
    if (fault == NULL || (may_be_folder && str_startswith(url, STR("/"))))
        return;
    struct diag *diag = diag_add(
        check->diags, DIAG_EVIDENCE_PLACE, at, "`%s` names no place for evidence: %s", name, fault);
    diag_help(check->diags, diag,
        may_be_folder ? "write a folder, \"/var/lib/cdr/evidence\", or a bucket and a path in it: "
                        "\"s3://bucket/prefix\""
                      : "write a bucket and a path in it: \"s3://bucket/prefix\"");
}

static void check_boundary(struct check *check, span at, str text)
{
    struct arn arn;
    if (arn_read(text, &arn) && str_is(arn.service, "iam")
        && str_startswith(arn.resource, STR("policy/")))
        return;
    struct diag *diag =
        diag_add(check->diags, DIAG_BOUNDARY, at, "`boundary` takes the ARN of a policy");
    diag_help(check->diags, diag,
        "write \"arn:aws:iam::111122223333:policy/NAME\"; without `boundary` none is put");
}

void check_cloud_argument(struct check *check, const struct builtin *builtin,
    const struct param *param, const struct expr *expr)
{
    value v;
    enum type from;
    bool is_template = expr->kind == EXPR_LITERAL && expr->literal.parts != NULL;
    bool is_aws = builtin->provider != NULL && strcmp(builtin->provider, "aws") == 0;
    if ((!is_aws && builtin->ways == NULL) || is_template || !constant_of(expr, &v, &from)
        || v.kind != VALUE_TEXT)
        return;
    if (param->type == TYPE_REGION)
        check_region_known(check, expr->at, value_str(v));
    else if (!is_aws && str_startswith(value_str(v), STR("/")))
        return; /* a folder, where an EDR collects */
    else if (param->setting != NULL && strcmp(param->setting, "evidence") == 0)
        check_evidence_place(check, expr->at, param->name, value_str(v), !is_aws);
    else if (strcmp(param->name, "boundary") == 0)
        check_boundary(check, expr->at, value_str(v));
}
