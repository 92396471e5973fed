/* Who is calling. */
#include "sandbox/markup.h"
#include "sandbox/operation.h"

void sandbox_sts_get_caller_identity(struct call *call)
{
    markup_text(&call->body, "Arn", world_text(call->credential, "arn"));
    markup_text(&call->body, "UserId", world_text(call->credential, "userId"));
    markup_text(&call->body, "Account", call_account_id(call));
}
