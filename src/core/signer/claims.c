#include "core/signer/claims.h"

#include "core/base/text.h"
#include "core/eth/address.h"

/* The longest: every claim, the longest ARN. The NSM must take it. */
_Static_assert(sizeof("payments-signer:0x;mode=strict;policy-sha256=;policy-bound=false;key-origin=generated;kms-key="
                      ";sealed-sha256=;journal=;trust-roots=custom;insecure") -
                       1 + 40 + 3 * 64 + SETTINGS_KMS_KEY_MAX <=
                   NSM_USER_DATA_MAX,
               "user_data fits the NSM");

static void put_digest(struct writer *out, const char *name, const struct hash32 *digest)
{
    writer_text(out, name);
    text_put_hex(out, BYTES_OF(digest->bytes));
}

static void put_provisioned(struct writer *out, const struct holding *holding)
{
    writer_text(out, holding->policy_bound ? ";policy-bound=true" : ";policy-bound=false");
    writer_text(out, holding->origin == KEY_GENERATED ? ";key-origin=generated" : ";key-origin=imported");
    if (holding->kms_key[0] == '\0')
        return;
    writer_text(out, ";kms-key=");
    writer_text(out, holding->kms_key);
    put_digest(out, ";sealed-sha256=", &holding->ciphertext_sha256);
}

void claims_put(struct writer *out, const struct signer *signer)
{
    const struct holding *holding = &signer->holding;
    const bool custom_roots = signer->settings->trust_roots_len > 0;
    struct hash32 digest;
    const struct policy *policy = signer_policy(signer, &digest);

    writer_text(out, "payments-signer:");
    if (holding->provisioned)
        writer_text(out, address_lower(key_slot_address(signer->slot)).text);
    else
        writer_text(out, "unprovisioned");
    if (signer->settings->mode == MODE_OPEN && policy == NULL && !custom_roots && !holding->insecure)
        return;

    writer_text(out, signer->settings->mode == MODE_STRICT ? ";mode=strict" : ";mode=open");
    if (policy != NULL)
        put_digest(out, ";policy-sha256=", &digest);
    if (holding->provisioned)
        put_provisioned(out, holding);
    put_digest(out, ";journal=", &signer->journal.head);
    if (custom_roots)
        writer_text(out, ";trust-roots=custom");
    if (holding->insecure)
        writer_text(out, ";insecure");
}
