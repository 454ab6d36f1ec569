/* kms_sim: AWS KMS's JSON 1.1 API (FACTS C) on the keys of a state folder: SigV4 verified, key and identity policies
 * judged, attestation documents verified whole, plaintexts for recipients enveloped as the service does.
 *
 * Error names and texts are the service's where they were recorded (FACTS C.4). Where nobody here has seen the real
 * one, the source says `unverified` beside it.
 */
#ifndef DEV_KMS_SIM_H
#define DEV_KMS_SIM_H

#include "core/base/arena.h"
#include "core/codec/json.h"
#include "core/kms/kms_api.h"
#include "dev/http_server.h"
#include "dev/kms_cms.h"
#include "dev/sim_state.h"
#include "verify/judge.h"

#include <stdatomic.h>

enum {
    KMS_REGIONS_MAX = 8,
    KMS_TEXT_MAX = 512,
};

enum kms_cms_choice { KMS_CMS_ALTERNATE, KMS_CMS_ONLY_A, KMS_CMS_ONLY_B };

struct kms_sim {
    const char *folder; /* of the state */
    size_t region_count;
    const char *regions[KMS_REGIONS_MAX];
    struct judge_demands demands; /* roots, age; utc_ms is set for each request */
    enum kms_cms_choice cms;
    atomic_uint answers_enveloped;
    uint64_t (*utc_ms)(void);
};

/* An http_handler; `context` is a struct kms_sim. Logs one line a request to standard error: operation, caller,
 * outcome, and what kept a policy from allowing. */
void kms_sim_handle(void *context, const struct http_head *head, struct bytes body, struct http_reply *reply);

/* --- what the operations' files share */

struct kms_caller {
    const struct sim_credentials *credentials;
    char principal_arn[SIM_ARN_MAX], session_arn[SIM_ARN_MAX];
    const char *region; /* of the signature's scope: one of sim->regions */
};

/* One request that is being answered. */
struct kms_exchange {
    struct kms_sim *sim;
    struct sim_state *state;
    struct kms_caller caller;
    const char *operation;
    struct json request;
    struct arena *arena;
    uint64_t utc_ms;
    struct json_writer answer;
    bool has_body; /* a few operations answer with nothing at all */
    bool changed;  /* the state is to be saved */
    /* a refusal */
    const char *error; /* NULL: none */
    char text[KMS_TEXT_MAX];
    bool has_text;
    char note[KMS_TEXT_MAX]; /* for the log only; what is not printable is replaced there */
};

/* Each refuses with that name and text and returns false, so that a check is one line. */
bool kms_refuse(struct kms_exchange *exchange, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool kms_refuse_silently(struct kms_exchange *exchange, const char *error); /* no text, as InvalidCiphertextException */

/* kms_auth.c: whose request it is. */
bool kms_authenticate(struct kms_exchange *exchange, const struct http_head *head, struct bytes body) MUST_USE;

/* kms_access.c: may the caller do this? `key` NULL: an operation without one. `pcrs_hex` as in key_policy.h. */
bool kms_may(struct kms_exchange *exchange, const char *action, const struct sim_key *key,
             const struct kms_context *context, const struct bytes *pcrs_hex) MUST_USE;
/* Reads a policy text and refuses with MalformedPolicyDocumentException what cannot be judged, names nobody, or would
 * lock the caller out (unless `bypass`). `key` NULL: it is about to be made. */
bool kms_policy_ok(struct kms_exchange *exchange, const struct sim_key *key, struct bytes text, bool bypass) MUST_USE;

/* kms_request.c: members of the request. The first two refuse one, and return false. */
bool kms_wrong_type(struct kms_exchange *exchange, const char *member, const char *wanted);
bool kms_constraint(struct kms_exchange *exchange, const char *member, const char *value, const char *what);
struct kms_recipient {
    bool present;
    struct bytes spki;
    struct bytes pcrs_hex[NSM_PCR_COUNT];
};
bool kms_key_member(struct kms_exchange *exchange, const char *member, bool required, struct sim_key **key) MUST_USE;
bool kms_text_member(struct kms_exchange *exchange, const char *member, size_t max, struct bytes *text) MUST_USE;
bool kms_blob_member(struct kms_exchange *exchange, const char *member, size_t max, struct bytes *blob) MUST_USE;
bool kms_bool_member(struct kms_exchange *exchange, const char *member, bool *truth) MUST_USE;
bool kms_uint_member(struct kms_exchange *exchange, const char *member, uint64_t *value, bool *present) MUST_USE;
/* Limit and Marker of what is listed; the marker is the number of items already given. */
struct kms_page {
    uint64_t first, limit; /* items from `first` on, so many at most */
};
bool kms_page_members(struct kms_exchange *exchange, uint64_t standard, uint64_t max, struct kms_page *page) MUST_USE;
void kms_put_page_end(struct kms_exchange *exchange, bool more, uint64_t next); /* NextMarker and Truncated */
bool kms_context_member(struct kms_exchange *exchange, const char *member, struct kms_context *context) MUST_USE;
bool kms_recipient_member(struct kms_exchange *exchange,
                          struct kms_recipient *recipient) MUST_USE; /* kms_recipient.c */
/* Only SYMMETRIC_DEFAULT, which is also what an absent member means. */
bool kms_algorithm_member(struct kms_exchange *exchange, const char *member) MUST_USE;
/* Grant tokens that are not there, and a dry run that would have succeeded. To be called last before acting. */
bool kms_dry_run_ok(struct kms_exchange *exchange) MUST_USE;
bool kms_key_usable(struct kms_exchange *exchange, const struct sim_key *key) MUST_USE; /* enabled */

/* The operations, by name. */
typedef bool kms_operation(struct kms_exchange *exchange);
kms_operation kms_op_create_key, kms_op_describe_key, kms_op_list_keys, kms_op_put_key_policy, kms_op_get_key_policy,
    kms_op_list_key_policies, kms_op_enable_key, kms_op_disable_key, kms_op_schedule_key_deletion,
    kms_op_cancel_key_deletion; /* kms_op_keys.c */
kms_operation kms_op_encrypt, kms_op_decrypt, kms_op_generate_data_key, kms_op_generate_data_key_without_plaintext,
    kms_op_generate_random, kms_op_re_encrypt; /* kms_op_crypto.c */
kms_operation kms_op_list_grants;              /* kms_op_grants.c */
/* kms_op_absent.c: what is judged as the service does, and, where it is allowed, said not to be done here. */
kms_operation kms_op_absent;

#endif
