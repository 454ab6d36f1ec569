#include "dev/sim_state.h"

#include "core/base/text.h"
#include "dev/files.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *heap_text(struct bytes text)
{
    char *copy = malloc(text.len + 1);
    must(copy != NULL);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct sim_key *sim_key_find(struct sim_state *state, struct bytes id)
{
    for (size_t i = 0; i < state->key_count; i++) {
        if (bytes_equal(bytes_of_text(state->keys[i].id), id))
            return &state->keys[i];
    }
    return NULL;
}

/* RFC 9562 section 5.4: version 4, random. */
static void uuid_make(char id[static 37])
{
    uint8_t random[16];
    must(RAND_bytes(random, sizeof random) == 1);
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        snprintf(id + at, 3, "%02x", random[i]);
        at += 2;
    }
}

struct sim_key *sim_key_add(struct sim_state *state, const char *region, struct bytes policy, struct bytes description,
                            uint64_t utc_s, struct fault *why)
{
    if (state->key_count == SIM_KEYS_MAX) {
        fault_set(why, FAULT_LIMIT, "%d keys are as many as this stand-in holds", SIM_KEYS_MAX);
        return NULL;
    }
    struct sim_key *key = &state->keys[state->key_count++];
    *key = (struct sim_key){
        .created_s = utc_s, .policy = heap_text(policy), .description = heap_text(description), .origin = "AWS_KMS"
    };
    snprintf(key->region, sizeof key->region, "%s", region);
    uuid_make(key->id);
    must(RAND_bytes(key->material, sizeof key->material) == 1);
    return key;
}

void sim_key_set_policy(struct sim_key *key, struct bytes policy)
{
    char *copy = heap_text(policy);
    free(key->policy);
    key->policy = copy;
}

struct sim_role *sim_role_find(struct sim_state *state, struct bytes name)
{
    for (size_t i = 0; i < state->role_count; i++) {
        if (bytes_equal(bytes_of_text(state->roles[i].name), name))
            return &state->roles[i];
    }
    return NULL;
}

bool sim_role_put(struct sim_state *state, const char *name, struct bytes policy, struct fault *why)
{
    struct sim_role *role = sim_role_find(state, bytes_of_text(name));
    if (role == NULL) {
        if (strlen(name) == 0 || strlen(name) > SIM_NAME_MAX ||
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-") != strlen(name))
            return fault_set(why, FAULT_INPUT, "\"%.80s\" is no role name (want 1 to %d of A-Z a-z 0-9 + = , . @ _ -)",
                             name, SIM_NAME_MAX);
        if (state->role_count == SIM_ROLES_MAX)
            return fault_set(why, FAULT_LIMIT, "%d roles are as many as this stand-in holds", SIM_ROLES_MAX);
        role = &state->roles[state->role_count++];
        *role = (struct sim_role){ 0 };
        snprintf(role->name, sizeof role->name, "%s", name);
    }
    free(role->policy);
    role->policy = policy.len > 0 ? heap_text(policy) : NULL;
    return true;
}

const struct sim_credentials *sim_credentials_find(const struct sim_state *state, struct bytes access_key_id)
{
    for (size_t i = 0; i < state->credentials_count; i++) {
        if (bytes_equal(bytes_of_text(state->credentials[i].access_key_id), access_key_id))
            return &state->credentials[i];
    }
    return NULL;
}

const struct sim_credentials *sim_credentials_of_role(const struct sim_state *state, const char *role, uint64_t utc_s,
                                                      uint64_t spare_s)
{
    const struct sim_credentials *newest = NULL;
    for (size_t i = 0; i < state->credentials_count; i++) {
        const struct sim_credentials *one = &state->credentials[i];
        if (strcmp(one->role, role) == 0 && one->expires_s > utc_s + spare_s &&
            (newest == NULL || one->expires_s > newest->expires_s))
            newest = one;
    }
    return newest;
}

/* `len` characters of an alphabet of 32 or 64, by random bytes. */
static void random_text(char *text, size_t len, const char *alphabet)
{
    const size_t mask = strlen(alphabet) - 1;
    uint8_t random[SIM_TOKEN_LEN];
    must(len <= sizeof random && RAND_bytes(random, (int)len) == 1);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[random[i] & mask];
    text[len] = '\0';
}

static void drop_expired(struct sim_state *state, uint64_t utc_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->credentials_count; i++) {
        if (state->credentials[i].expires_s + 86400 > utc_s)
            state->credentials[kept++] = state->credentials[i];
    }
    state->credentials_count = kept;
}

const struct sim_credentials *sim_credentials_issue(struct sim_state *state, const char *role, const char *session,
                                                    uint64_t seconds, uint64_t utc_s, struct fault *why)
{
    static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (sim_role_find(state, bytes_of_text(role)) == NULL) {
        fault_set(why, FAULT_INPUT, "there is no role \"%.64s\"", role);
        return NULL;
    }
    drop_expired(state, utc_s);
    if (state->credentials_count == SIM_CREDENTIALS_MAX) { /* in the order of their issue */
        state->credentials_count--;
        memmove(&state->credentials[0], &state->credentials[1],
                state->credentials_count * sizeof state->credentials[0]);
    }
    struct sim_credentials *new = &state->credentials[state->credentials_count++];
    *new = (struct sim_credentials){ .issued_s = utc_s, .expires_s = utc_s + seconds };
    snprintf(new->role, sizeof new->role, "%s", role);
    snprintf(new->session, sizeof new->session, "%s", session);
    memcpy(new->access_key_id, "ASIA", 4); /* as temporary ones begin */
    random_text(new->access_key_id + 4, 16, base32);
    random_text(new->secret, 40, base64);
    random_text(new->token, SIM_TOKEN_LEN, base64);
    return new;
}

void sim_key_arn(const struct sim_state *state, const struct sim_key *key, char arn[static SIM_ARN_MAX])
{
    snprintf(arn, SIM_ARN_MAX, "arn:%s:kms:%s:%s:key/%s", state->partition, key->region, state->account, key->id);
}

void sim_role_arn(const struct sim_state *state, const char *role, char arn[static SIM_ARN_MAX])
{
    snprintf(arn, SIM_ARN_MAX, "arn:%s:iam::%s:role/%s", state->partition, state->account, role);
}

void sim_session_arn(const struct sim_state *state, const char *role, const char *session, char arn[static SIM_ARN_MAX])
{
    snprintf(arn, SIM_ARN_MAX, "arn:%s:sts::%s:assumed-role/%s/%s", state->partition, state->account, role, session);
}

const char *sim_key_state_name(enum sim_key_state state)
{
    static const char *const names[] = { "Enabled", "Disabled", "PendingDeletion" };
    return names[state];
}
