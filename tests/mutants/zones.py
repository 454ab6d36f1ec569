"""What is mutated: the code that decides, zone by zone. Paths are from src/."""

ZONES = {
    "policy": ["core/policy/policy_gate.c", "core/policy/policy_read.c", "core/policy/policy_flat.c",
               "core/policy/policy_put.c", "core/policy/policy_words.c", "core/policy/policy_warnings.c",
               "core/policy/allowlist.c"],
    "budget": ["core/policy/budget.c", "core/policy/charged_tickets.c"],
    "ticket": ["core/policy/ticket.c", "core/policy/ticket_rules.c", "core/policy/ticket_broker.c",
               "core/policy/redeem_call.c"],
    "abi": ["core/codec/abi.c"],
    "rlp": ["core/codec/rlp.c", "core/eth/tx_list.c"],
    "cbor": ["core/codec/cbor.c"],
    "cms": ["core/kms/cms.c"],
    "unseal": ["core/kms/unseal.c", "core/kms/unseal_answer.c", "core/kms/unseal_request.c"],
    "settings": ["core/signer/settings.c"],
    "attestation": ["core/nitro/attestation_doc.c", "core/nitro/nsm_fields.c", "core/nitro/nsm_request.c",
                    "core/nitro/nsm_response.c", "verify/ec_library.c", "verify/judge.c", "verify/signer_judge.c", "verify/user_data.c",
                    "verify/x509_chain.c"],
}
