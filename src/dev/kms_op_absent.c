#include "dev/kms_sim.h"

#include <stdio.h>

bool kms_op_absent(struct kms_exchange *exchange)
{
    struct sim_key *key;
    struct kms_context context;
    struct kms_recipient recipient;
    char action[64];
    (void)snprintf(action, sizeof action, "kms:%s", exchange->operation);
    if (!kms_key_member(exchange, "KeyId", true, &key) ||
        !kms_context_member(exchange, "EncryptionContext", &context) || !kms_recipient_member(exchange, &recipient) ||
        !kms_may(exchange, action, key, &context, recipient.present ? recipient.pcrs_hex : NULL) ||
        !kms_key_usable(exchange, key))
        return false;
    return kms_refuse(exchange, "UnsupportedOperationException", "%s is allowed, but this stand-in does not do it.",
                      exchange->operation);
}
