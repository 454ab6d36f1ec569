#include "core/base/text.h"
#include "core/codec/json.h"
#include "dev/files.h"
#include "dev/sim_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { STATE_FILE_MAX = 64 << 20 }; /* 256 keys with the longest policies, escaped */

/* --- reading: what the file lacks or misspells makes the whole file refused, with the member's name */

static bool text_member(struct json object, const char *name, char *out, size_t cap, struct fault *why)
{
    struct bytes text;
    struct writer copy = writer_of((uint8_t *)out, cap - 1);
    if (!json_string(json_member(object, bytes_of_text(name)), &copy) || !writer_done(&copy, &text))
        return fault_set(why, FAULT_INPUT, "member \"%s\" is not a string of at most %zu bytes", name, cap - 1);
    out[text.len] = '\0';
    return true;
}

static bool heap_member(struct json object, const char *name, char **out, struct fault *why)
{
    const struct json value = json_member(object, bytes_of_text(name));
    char *copy = malloc(value.text.len + 1); /* escapes only shrink */
    must(copy != NULL);
    if (!text_member(object, name, copy, value.text.len + 1, why)) {
        free(copy);
        return false;
    }
    *out = copy;
    return true;
}

static bool uint_member(struct json object, const char *name, uint64_t *out, struct fault *why)
{
    return json_u64(json_member(object, bytes_of_text(name)), out) ||
           fault_set(why, FAULT_INPUT, "member \"%s\" is not a number of seconds", name);
}

/* Members that may be absent: see sim_state.h. */
static bool read_foreign(struct sim_key *key, struct json value, struct fault *why)
{
    const struct json origin = json_member(value, BYTES_LIT("origin")),
                      grants = json_member(value, BYTES_LIT("grants"));
    const struct json multi_region = json_member(value, BYTES_LIT("multi_region"));
    memcpy(key->origin, "AWS_KMS", sizeof "AWS_KMS");
    if (json_kind(origin) != JSON_NONE && !text_member(value, "origin", key->origin, sizeof key->origin, why))
        return false;
    if (json_kind(multi_region) != JSON_NONE && !json_bool(multi_region, &key->multi_region))
        return fault_set(why, FAULT_INPUT, "multi_region of key %s is not true or false", key->id);
    if (json_kind(grants) == JSON_NONE)
        return true;
    if (json_kind(grants) != JSON_ARRAY || json_count(grants) > SIM_GRANTS_MAX)
        return fault_set(why, FAULT_INPUT, "grants of key %s is not a list of at most %d", key->id, SIM_GRANTS_MAX);
    key->grants = malloc(grants.text.len + 1);
    must(key->grants != NULL);
    memcpy(key->grants, grants.text.data, grants.text.len);
    key->grants[grants.text.len] = '\0';
    return true;
}

static bool read_key(struct sim_state *state, struct json value, struct fault *why)
{
    struct sim_key *key = &state->keys[state->key_count++];
    char material[65], name[24];
    if (!text_member(value, "id", key->id, sizeof key->id, why) ||
        !text_member(value, "region", key->region, sizeof key->region, why) ||
        !text_member(value, "material", material, sizeof material, why) ||
        !text_member(value, "state", name, sizeof name, why) || !uint_member(value, "created", &key->created_s, why) ||
        !uint_member(value, "deletion", &key->deletion_s, why) || !heap_member(value, "policy", &key->policy, why) ||
        !heap_member(value, "description", &key->description, why))
        return false;
    if (strlen(material) != 64 || !text_read_hex(bytes_of_text(material), key->material))
        return fault_set(why, FAULT_INPUT, "the material of key %s is not 64 hex digits", key->id);
    if (!read_foreign(key, value, why))
        return false;
    for (int i = SIM_KEY_ENABLED; i <= SIM_KEY_PENDING_DELETION; i++) {
        key->state = (enum sim_key_state)i;
        if (strcmp(sim_key_state_name(key->state), name) == 0)
            return true;
    }
    return fault_set(why, FAULT_INPUT, "key %s is in no known state (want Enabled, Disabled or PendingDeletion)",
                     key->id);
}

static bool read_role(struct sim_state *state, struct json value, struct fault *why)
{
    struct sim_role *role = &state->roles[state->role_count++];
    return text_member(value, "name", role->name, sizeof role->name, why) &&
           (json_kind(json_member(value, BYTES_LIT("policy"))) == JSON_NULL ||
            heap_member(value, "policy", &role->policy, why));
}

static bool read_credentials(struct sim_state *state, struct json value, struct fault *why)
{
    struct sim_credentials *one = &state->credentials[state->credentials_count++];
    return text_member(value, "access_key_id", one->access_key_id, sizeof one->access_key_id, why) &&
           text_member(value, "secret", one->secret, sizeof one->secret, why) &&
           text_member(value, "token", one->token, sizeof one->token, why) &&
           text_member(value, "role", one->role, sizeof one->role, why) &&
           text_member(value, "session", one->session, sizeof one->session, why) &&
           uint_member(value, "issued", &one->issued_s, why) && uint_member(value, "expires", &one->expires_s, why);
}

static bool read_list(struct sim_state *state, struct json document, const char *name, size_t max,
                      bool (*read_one)(struct sim_state *, struct json, struct fault *), struct fault *why)
{
    const struct json list = json_member(document, bytes_of_text(name));
    if (json_kind(list) != JSON_ARRAY || json_count(list) > max)
        return fault_set(why, FAULT_INPUT, "member \"%s\" is not a list of at most %zu", name, max);
    struct json_cursor items = json_items(list);
    struct json key, item;
    while (json_next(&items, &key, &item)) {
        if (!read_one(state, item, why))
            return false;
    }
    return true;
}

static bool read_document(struct sim_state *state, struct bytes text, struct fault *why)
{
    struct json document;
    return json_read(text, &document, why) &&
           text_member(document, "account", state->account, sizeof state->account, why) &&
           text_member(document, "partition", state->partition, sizeof state->partition, why) &&
           read_list(state, document, "roles", SIM_ROLES_MAX, read_role, why) &&
           read_list(state, document, "credentials", SIM_CREDENTIALS_MAX, read_credentials, why) &&
           read_list(state, document, "keys", SIM_KEYS_MAX, read_key, why);
}

static int take_lock(const char *folder, struct fault *why)
{
    char path[FILE_PATH_MAX];
    if (!file_path(path, folder, "state.lock", why))
        return -1;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        fault_set(why, FAULT_STATE, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

struct sim_state *sim_state_open(const char *folder, struct fault *why)
{
    char path[FILE_PATH_MAX];
    uint8_t *text = NULL;
    size_t len = 0;
    struct sim_state *state = calloc(1, sizeof *state);
    must(state != NULL);
    state->folder = folder;
    state->lock = take_lock(folder, why);
    if (state->lock < 0 || !file_path(path, folder, "state.json", why))
        goto failed;
    memcpy(state->account, "111122223333", 13); /* the account of AWS's own examples */
    memcpy(state->partition, "aws", 4);
    if (access(path, F_OK) != 0)
        return state;
    if (!file_read(path, STATE_FILE_MAX, &text, &len, why))
        goto failed;
    if (!read_document(state, (struct bytes){ text, len }, why)) {
        fault_prefix(why, ": ");
        fault_prefix(why, path);
        goto failed;
    }
    free(text);
    return state;
failed:
    free(text);
    sim_state_close(state);
    return NULL;
}

/* --- writing */

static void put_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_put_text(json, text);
}

static void put_uint(struct json_writer *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_put_uint(json, value);
}

static void put_key(struct json_writer *json, const struct sim_key *key)
{
    json_begin_object(json);
    put_text(json, "id", key->id);
    put_text(json, "region", key->region);
    put_text(json, "state", sim_key_state_name(key->state));
    put_uint(json, "created", key->created_s);
    put_uint(json, "deletion", key->deletion_s);
    put_text(json, "description", key->description);
    put_text(json, "policy", key->policy);
    put_text(json, "origin", key->origin);
    json_key(json, "multi_region");
    json_put_bool(json, key->multi_region);
    if (key->grants != NULL) {
        json_key(json, "grants");
        json_put_json(json, (struct json){ bytes_of_text(key->grants) });
    }
    json_key(json, "material");
    json_put_digest(json, BYTES_OF(key->material));
    json_end_object(json);
}

static void put_role(struct json_writer *json, const struct sim_role *role)
{
    json_begin_object(json);
    put_text(json, "name", role->name);
    json_key(json, "policy");
    if (role->policy != NULL)
        json_put_text(json, role->policy);
    else
        json_put_null(json);
    json_end_object(json);
}

static void put_credentials(struct json_writer *json, const struct sim_credentials *one)
{
    json_begin_object(json);
    put_text(json, "access_key_id", one->access_key_id);
    put_text(json, "secret", one->secret);
    put_text(json, "token", one->token);
    put_text(json, "role", one->role);
    put_text(json, "session", one->session);
    put_uint(json, "issued", one->issued_s);
    put_uint(json, "expires", one->expires_s);
    json_end_object(json);
}

static void put_document(struct writer *out, const struct sim_state *state)
{
    struct json_writer json = json_writer_of(out);
    json_begin_object(&json);
    put_text(&json, "account", state->account);
    put_text(&json, "partition", state->partition);
    json_key(&json, "roles");
    json_begin_array(&json);
    for (size_t i = 0; i < state->role_count; i++)
        put_role(&json, &state->roles[i]);
    json_end_array(&json);
    json_key(&json, "credentials");
    json_begin_array(&json);
    for (size_t i = 0; i < state->credentials_count; i++)
        put_credentials(&json, &state->credentials[i]);
    json_end_array(&json);
    json_key(&json, "keys");
    json_begin_array(&json);
    for (size_t i = 0; i < state->key_count; i++)
        put_key(&json, &state->keys[i]);
    json_end_array(&json);
    json_end_object(&json);
    writer_text(out, "\n");
}

bool sim_state_save(const struct sim_state *state, struct fault *why)
{
    /* A byte outside printable ASCII takes six at most. */
    size_t cap = 4096 + 1024 * (SIM_KEYS_MAX + SIM_CREDENTIALS_MAX + SIM_ROLES_MAX);
    for (size_t i = 0; i < state->key_count; i++)
        cap += 6 * (strlen(state->keys[i].policy) + strlen(state->keys[i].description)) +
               (state->keys[i].grants != NULL ? strlen(state->keys[i].grants) : 0);
    for (size_t i = 0; i < state->role_count; i++)
        cap += state->roles[i].policy != NULL ? 6 * strlen(state->roles[i].policy) : 0;
    char path[FILE_PATH_MAX];
    uint8_t *buffer = malloc(cap);
    must(buffer != NULL);
    struct writer out = writer_of(buffer, cap);
    struct bytes text;
    put_document(&out, state);
    const bool ok = (writer_done(&out, &text) || fault_set(why, FAULT_INTERNAL, "the state does not fit its buffer")) &&
                    file_path(path, state->folder, "state.json", why) && file_replace(path, text, 0600, why);
    free(buffer);
    return ok;
}

void sim_state_close(struct sim_state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->key_count; i++) {
        free(state->keys[i].policy);
        free(state->keys[i].description);
        free(state->keys[i].grants);
    }
    for (size_t i = 0; i < state->role_count; i++)
        free(state->roles[i].policy);
    if (state->lock >= 0)
        close(state->lock);
    free(state);
}
