#include "sandbox/sandbox.h"

static const struct sandbox_account accounts[] = {
    { "111122223333", "AKIASANDBOX111122", "sandbox-secret-of-111122223333" },
    { "444455556666", "AKIASANDBOX444455", "sandbox-secret-of-444455556666" },
};

bool sandbox_account_at(uint32_t index, struct sandbox_account *ret_account)
{
    if (index >= COUNT_OF(accounts))
        return false;
    *ret_account = accounts[index];
    return true;
}
