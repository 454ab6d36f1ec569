#include "core/signer/methods.h"
#include "core/signer/provisioning.h"

bool method_provision(struct call *call)
{
    return provisioning_run(call, false);
}
