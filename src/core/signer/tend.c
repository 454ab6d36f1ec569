#include "core/signer/signer_state.h"

#include <string.h>

enum { TEND_NSM_MS = 60000 };

/* With the desk held. */
static void remember(struct nsm_facts *nsm, const struct attestation_doc *doc)
{
    *nsm = (struct nsm_facts){ .known = true };
    if (doc->module_id.len <= sizeof nsm->module_id) {
        nsm->module_id_len = doc->module_id.len;
        memcpy(nsm->module_id, doc->module_id.data, doc->module_id.len);
    }
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        struct bytes pcr = doc->pcrs[i];
        if (pcr.len == 0 || pcr.len > NSM_PCR_MAX)
            continue;
        nsm->pcr_len[i] = (uint8_t)pcr.len;
        memcpy(nsm->pcrs[i], pcr.data, pcr.len);
    }
}

/* A first time that is told while a key is in use would let the budget's window jump over the past: only a key that
 * came from a file can be there before the time, and then the clock stays monotonic. */
static bool may_tell(struct signer *signer)
{
    signer_read_lock(signer);
    const bool timeless = signer->holding.provisioned && !clock_is_told(&signer->clock);
    signer_unlock(signer);
    return !timeless;
}

bool signer_attest(struct signer *signer, const struct nsm_request *request, struct writer *response,
                   struct bytes *document, struct fault *why)
{
    const struct outside *outside = signer->outside;
    uint8_t buffer[NSM_REQUEST_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes asked, said;
    struct nsm_response answer;
    struct attestation_doc doc;
    nsm_put_request(&out, request);
    if (!writer_done(&out, &asked))
        return fault_set(why, FAULT_LIMIT, "the attestation request would be too long for the NSM");
    const uint64_t monotonic_ms = outside->monotonic_ms(outside->context);
    if (!outside->nsm(outside->context, asked, response, why))
        return false;
    if (!writer_done(response, &said))
        return fault_set(why, FAULT_REMOTE, "the NSM's answer is too long");
    if (!nsm_read_response(said, NSM_ATTESTATION, &answer, why) || !attestation_doc_read(answer.data, &doc, why))
        return false;
    if (may_tell(signer))
        clock_tell(&signer->clock, doc.timestamp_ms, monotonic_ms);
    signer_lock_desk(signer);
    remember(&signer->nsm, &doc);
    signer_unlock_desk(signer);
    *document = answer.data;
    return true;
}

/* One try a minute, whether it succeeds or not. */
static void tend_clock(struct signer *signer)
{
    const uint64_t now = signer->outside->monotonic_ms(signer->outside->context);
    signer_lock_desk(signer);
    const bool due = !signer->asked_nsm || now - signer->asked_nsm_ms > TEND_NSM_MS;
    if (due) {
        signer->asked_nsm = true;
        signer->asked_nsm_ms = now;
    }
    signer_unlock_desk(signer);
    if (!due)
        return;

    uint8_t buffer[NSM_RESPONSE_MAX];
    struct writer response = writer_of(buffer, sizeof buffer);
    const struct nsm_request request = { .operation = NSM_ATTESTATION };
    struct bytes document;
    struct fault why;
    (void)!signer_attest(signer, &request, &response, &document, &why);
}

/* The key is made without a lock held: it takes up to a second. */
static void tend_recipient(struct signer *signer)
{
    struct rsa_key made = { 0 };
    struct fault why;
    signer_lock_desk(signer);
    const bool wanted = signer->next_recipient.pkey == NULL;
    signer_unlock_desk(signer);
    if (!wanted || !rsa_key_make(&made, &why))
        return;
    signer_lock_desk(signer);
    if (signer->next_recipient.pkey == NULL) {
        signer->next_recipient = made;
        made = (struct rsa_key){ 0 };
    }
    signer_unlock_desk(signer);
    rsa_key_wipe(&made);
}

void signer_tend(struct signer *signer)
{
    tend_clock(signer);
    tend_recipient(signer);
}
