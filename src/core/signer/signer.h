/* signer: the whole state of the program, and the one door to it: a request's JSON in, an answer's JSON out.
 *
 * Any number of threads may call signer_answer at once, each with its own arena and writer. Provisioning never keeps
 * signers waiting for KMS: what it stores, it stores at the end, at once.
 */
#ifndef CORE_SIGNER_SIGNER_H
#define CORE_SIGNER_SIGNER_H

#include "core/base/outside.h"
#include "core/codec/frame.h"
#include "core/signer/settings.h"

enum {
    SIGNER_ARENA = 3 << 20, /* what answering a request of FRAME_MAX may need */
    SIGNER_ANSWER_MAX = FRAME_MAX,
};

struct signer; /* about 2 MB, mostly untouched: the caller gives the memory, zeroed and aligned to 16 */
size_t signer_size(void) MUST_USE;

/* `settings`, `outside` and `page` must outlive the signer. `page`: see key_slot.h. `version` goes into status.
 * Blinds the curve's context with random bytes from outside when nobody has yet; so the first call comes from the one
 * thread there is. */
struct signer *signer_start(void *memory, const struct settings *settings, const struct outside *outside, void *page,
                            size_t page_len, const char *version);

enum signer_turn {
    SIGNER_ANSWERED,
    SIGNER_WAITS,   /* for the NSM: call again where others need not wait behind it */
    SIGNER_IS_SLOW, /* provisioning and its like wait for KMS: call again from the thread for slow requests */
};

/* What the caller can spare. */
enum signer_pace { SIGNER_QUICK, SIGNER_MAY_WAIT, SIGNER_MAY_BE_SLOW };

/* Answers one request body. Always answers: a refusal is an answer. `answer` needs SIGNER_ANSWER_MAX. The arena is
 * wiped before the call returns; wiping the request is the caller's. Nothing has happened when another
 * turn than SIGNER_ANSWERED comes back. */
enum signer_turn signer_answer(struct signer *signer, struct bytes request, enum signer_pace pace, struct arena *arena,
                               struct writer *answer) MUST_USE;

/* An error answer made by the server itself (too long, too slow). */
void signer_put_fault(struct writer *answer, const struct fault *why);

/* Makes the RSA key for the next provisioning when there is none, and refreshes the time from a new attestation
 * document when the last is over a minute old. For the slow thread, whenever idle. */
void signer_tend(struct signer *signer);

/* A key is there. Any thread may ask. */
bool signer_is_provisioned(struct signer *signer) MUST_USE;

/* True once the lease has ended: the key is already wiped and the program must end. Ask about once a second; from the
 * lease's end on nothing is signed, asked or not. */
bool signer_lease_ended(struct signer *signer) MUST_USE;

#ifdef ENSIGN_INSECURE_KEY
/* Wiring tests only (meson option insecure_key): loads a key that did not come from KMS, under the settings' policy if
 * they have one. Told in status and attestation. FAULT_INPUT, FAULT_STATE. */
bool signer_load_insecure_key(struct signer *signer, const struct secret_text *plaintext, struct fault *why) MUST_USE;
#endif

#endif
