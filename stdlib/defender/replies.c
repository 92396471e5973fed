#include "defender/replies.h"

bool reply_is_missing(const struct answer *answer)
{
    return answer->heard == HEARD_ERROR
           && (str_endswith(answer->code, STR("NotFound")) || str_is(answer->code, "HTTP404"));
}
