#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signer_state.h"

bool method_journal(struct call *call)
{
    static const char *const known[] = { "after", "limit", NULL };
    uint64_t after = 0, limit = JOURNAL_ANSWER_MAX;
    if (!params_only(call, known) || !params_u64(call, "after", &after) || !params_u64(call, "limit", &limit))
        return false;
    signer_lock_ledger(call->signer);
    journal_put(&call->signer->journal, after, limit, call->result);
    signer_unlock_ledger(call->signer);
    return true;
}
