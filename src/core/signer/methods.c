#include "core/signer/methods.h"

/* clang-format off */
const struct method methods[] = {
    { "address",              NEEDS_KEY,     SIGNER_QUICK,       method_address          },
    { "attestation",          NEEDS_NOTHING, SIGNER_MAY_WAIT,    method_attestation      },
    { "generate",             NEEDS_NOTHING, SIGNER_MAY_BE_SLOW, method_generate         },
    { "journal",              NEEDS_NOTHING, SIGNER_QUICK,       method_journal          },
    { "policy",               NEEDS_NOTHING, SIGNER_QUICK,       method_policy           },
    { "provision",            NEEDS_NOTHING, SIGNER_MAY_BE_SLOW, method_provision        },
    { "sealed",               NEEDS_KEY,     SIGNER_QUICK,       method_sealed           },
    { "sign_message_defunct", NEEDS_KEY,     SIGNER_QUICK,       method_sign_message     },
    { "sign_ticket",          NEEDS_KEY,     SIGNER_QUICK,       method_sign_ticket      },
    { "sign_transaction",     NEEDS_KEY,     SIGNER_QUICK,       method_sign_transaction },
    { "sign_typed_data",      NEEDS_KEY,     SIGNER_QUICK,       method_sign_typed_data  },
    { "status",               NEEDS_NOTHING, SIGNER_QUICK,       method_status           },
};
/* clang-format on */
const size_t method_count = sizeof methods / sizeof methods[0];

const struct method *method_find(struct json name)
{
    for (size_t i = 0; i < method_count; i++)
        if (json_string_is(name, bytes_of_text(methods[i].name)))
            return &methods[i];
    return NULL;
}
