/* sim_state: what the stand-ins know, in one JSON file, FOLDER/state.json: the account, its roles with their identity
 * policies, the credentials that were issued, the KMS keys with their material and policies.
 *
 * Every use opens the file under a lock, so that several programs and a person with an editor see one truth, and
 * replaces it whole, so that a crash leaves the old or the new. The file holds test secrets: mode 0600.
 */
#ifndef DEV_SIM_STATE_H
#define DEV_SIM_STATE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum {
    SIM_KEYS_MAX = 256,
    SIM_ROLES_MAX = 32,
    SIM_CREDENTIALS_MAX = 256,
    SIM_ARN_MAX = 192,
    SIM_NAME_MAX = 64, /* of a role or a session, as IAM has it */
    SIM_TOKEN_LEN = 400,
    SIM_GRANTS_MAX = 100, /* of one key */
};

enum sim_key_state { SIM_KEY_ENABLED, SIM_KEY_DISABLED, SIM_KEY_PENDING_DELETION };

struct sim_key {
    char id[37]; /* a UUID in lower case */
    char region[32];
    uint8_t material[32];
    enum sim_key_state state;
    uint64_t created_s, deletion_s; /* deletion_s: 0 unless pending */
    char *policy, *description;     /* owned by the state */
    /* What no operation makes here, and whoever edits the file may: a key as it would have come from elsewhere. */
    char origin[24];   /* as KMS says Origin; AWS_KMS unless edited */
    bool multi_region; /* a primary without replicas */
    char *grants; /* a JSON array of KMS's GrantListEntry; owned by the state, NULL: none. Listed, never judged by */
};

struct sim_role {
    char name[SIM_NAME_MAX + 1];
    char *policy; /* an identity policy, owned by the state; NULL: none */
};

struct sim_credentials {
    char access_key_id[32], secret[64], token[SIM_TOKEN_LEN + 1];
    char role[SIM_NAME_MAX + 1], session[SIM_NAME_MAX + 1];
    uint64_t issued_s, expires_s;
};

struct sim_state {
    int lock;
    const char *folder;
    char account[13], partition[16];
    size_t key_count, role_count, credentials_count;
    struct sim_key keys[SIM_KEYS_MAX];
    struct sim_role roles[SIM_ROLES_MAX];
    struct sim_credentials credentials[SIM_CREDENTIALS_MAX];
};

/* On the heap, to be closed with sim_state_close; NULL on failure. No file yet: an empty state of account 111122223333.
 * `folder` must outlive it. */
struct sim_state *sim_state_open(const char *folder, struct fault *why) MUST_USE;
bool sim_state_save(const struct sim_state *state, struct fault *why) MUST_USE;
void sim_state_close(struct sim_state *state); /* accepts NULL */

/* Pointers into the state, NULL when there is none, or for the add functions no room (FAULT_LIMIT). */
struct sim_key *sim_key_find(struct sim_state *state, struct bytes id) MUST_USE;
struct sim_key *sim_key_add(struct sim_state *state, const char *region, struct bytes policy, struct bytes description,
                            uint64_t utc_s, struct fault *why) MUST_USE;
void sim_key_set_policy(struct sim_key *key, struct bytes policy);
struct sim_role *sim_role_find(struct sim_state *state, struct bytes name) MUST_USE;
/* Adds the role or replaces its policy (an empty one: none). */
bool sim_role_put(struct sim_state *state, const char *name, struct bytes policy, struct fault *why) MUST_USE;
const struct sim_credentials *sim_credentials_find(const struct sim_state *state, struct bytes access_key_id) MUST_USE;
/* The role's newest that live longer than `spare_s`. */
const struct sim_credentials *sim_credentials_of_role(const struct sim_state *state, const char *role, uint64_t utc_s,
                                                      uint64_t spare_s) MUST_USE;
/* Temporary credentials of a role's session. Those that ran out a day ago make room, and then the oldest. */
const struct sim_credentials *sim_credentials_issue(struct sim_state *state, const char *role, const char *session,
                                                    uint64_t seconds, uint64_t utc_s, struct fault *why) MUST_USE;

void sim_key_arn(const struct sim_state *state, const struct sim_key *key, char arn[static SIM_ARN_MAX]);
void sim_role_arn(const struct sim_state *state, const char *role, char arn[static SIM_ARN_MAX]);
void sim_session_arn(const struct sim_state *state, const char *role, const char *session,
                     char arn[static SIM_ARN_MAX]);
const char *sim_key_state_name(enum sim_key_state state); /* as KMS says KeyState */

#endif
