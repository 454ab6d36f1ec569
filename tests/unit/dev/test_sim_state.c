#include "dev/files.h"
#include "dev/kms_blob.h"
#include "dev/sim_state.h"
#include "folder.h"

#include <pthread.h>
#include <sys/stat.h>

#define NOW_S ((uint64_t)1795359600)

static void what_is_put_in_comes_out_again(void)
{
    static const char awkward[] = "{\"Sid\": \"quotes \\\" and \xc3\xa9\"}\n";
    struct fault why = { 0 };
    char id[37], token[SIM_TOKEN_LEN + 1], path[128];
    uint8_t material[32];
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL && state->key_count == 0 && strcmp(state->account, "111122223333") == 0);
    CHECK(sim_role_put(state, "Admin", bytes_of_text(awkward), &why));
    CHECK(sim_role_put(state, "Bare", BYTES_LIT(""), &why));
    CHECK(!sim_role_put(state, "no/slash", BYTES_LIT(""), &why) && why.code == FAULT_INPUT);
    struct sim_key *key = sim_key_add(state, "us-east-2", bytes_of_text(awkward), BYTES_LIT("words"), NOW_S, &why);
    CHECK(key != NULL && strlen(key->id) == 36 && key->id[14] == '4');
    memcpy(id, key->id, sizeof id);
    memcpy(material, key->material, sizeof material);
    const struct sim_credentials *issued = sim_credentials_issue(state, "Admin", "me", 60, NOW_S, &why);
    CHECK(issued != NULL);
    memcpy(token, issued->token, sizeof token);
    CHECK(sim_credentials_issue(state, "Nobody", "me", 60, NOW_S, &why) == NULL);
    CHECK(sim_state_save(state, &why));
    sim_state_close(state);

    state = sim_state_open(folder, &why);
    CHECK(state != NULL);
    if (state == NULL)
        return;
    key = sim_key_find(state, bytes_of_text(id));
    CHECK(key != NULL && memcmp(key->material, material, sizeof material) == 0 && strcmp(key->policy, awkward) == 0);
    CHECK(key != NULL && key->state == SIM_KEY_ENABLED && key->created_s == NOW_S);
    CHECK(strcmp(sim_role_find(state, BYTES_LIT("Admin"))->policy, awkward) == 0);
    CHECK(sim_role_find(state, BYTES_LIT("Bare"))->policy == NULL);
    CHECK(sim_credentials_of_role(state, "Admin", NOW_S, 59) != NULL);
    CHECK(sim_credentials_of_role(state, "Admin", NOW_S, 60) == NULL);
    CHECK(strcmp(sim_credentials_of_role(state, "Admin", NOW_S, 0)->token, token) == 0);
    sim_state_close(state);
    struct stat found;
    snprintf(path, sizeof path, "%s/state.json", folder);
    CHECK(stat(path, &found) == 0 && (found.st_mode & 0777) == 0600);
}

static void what_is_not_saved_is_not_kept(void)
{
    struct fault why = { 0 };
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_put(state, "Passing", BYTES_LIT(""), &why));
    sim_state_close(state);
    state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_find(state, BYTES_LIT("Passing")) == NULL);
    sim_state_close(state);
}

static void the_oldest_credentials_make_room(void)
{
    struct fault why = { 0 };
    char first[32] = "", second[32] = "";
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_put(state, "Busy", BYTES_LIT(""), &why));
    state->credentials_count = 0;
    for (size_t i = 0; i <= SIM_CREDENTIALS_MAX; i++) {
        const struct sim_credentials *one = sim_credentials_issue(state, "Busy", "s", 3600, NOW_S, &why);
        CHECK(one != NULL);
        if (i < 2)
            snprintf(i == 0 ? first : second, sizeof first, "%s", one->access_key_id);
    }
    CHECK(sim_credentials_find(state, bytes_of_text(first)) == NULL);
    CHECK(sim_credentials_find(state, bytes_of_text(second)) != NULL);
    CHECK(sim_credentials_issue(state, "Busy", "s", 3600, NOW_S + 3600 + 86400, &why) != NULL);
    CHECK(state->credentials_count == 1); /* the others ran out a day ago */
    sim_state_close(state);
}

static void *add_roles(void *argument)
{
    const char *prefix = argument;
    for (int i = 0; i < 8; i++) {
        char name[32];
        struct fault why = { 0 };
        snprintf(name, sizeof name, "%s%d", prefix, i);
        struct sim_state *state = sim_state_open(folder, &why);
        CHECK(state != NULL && sim_role_put(state, name, BYTES_LIT(""), &why) && sim_state_save(state, &why));
        sim_state_close(state);
    }
    return NULL;
}

static void two_at_once_lose_nothing(void)
{
    struct fault why = { 0 };
    pthread_t threads[2];
    static char prefixes[2][4] = { "one", "two" };
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, add_roles, prefixes[i]) == 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL && state->role_count == 2 + 16);
    sim_state_close(state);
}

static void a_spoilt_file_is_told_and_left_alone(void)
{
    struct fault why = { 0 };
    char path[FILE_PATH_MAX];
    uint8_t *text = NULL;
    size_t len = 0;
    CHECK(file_path(path, folder, "state.json", &why));
    CHECK(file_replace(path, BYTES_LIT("{\"account\":\"1\",\"partition\":\"aws\",\"roles\":[],\"keys\":{}}"), 0600,
                       &why));
    CHECK(sim_state_open(folder, &why) == NULL && why.code == FAULT_INPUT);
    CHECK(strstr(why.text, "state.json: member \"credentials\" is not a list") != NULL);
    CHECK(file_read(path, 1000, &text, &len, &why) && len > 40);
    free(text);
}

static void blobs_open_with_their_key_and_context_alone(void)
{
    struct sim_key key = { .id = "1234abcd-12ab-34cd-56ef-1234567890ab", .material = { 1 } };
    struct sim_key other = { .id = "1234abcd-12ab-34cd-56ef-1234567890ac", .material = { 1 } };
    struct kms_context context = {
        .count = 2, .pairs = { { BYTES_LIT("a"), BYTES_LIT("1") }, { BYTES_LIT("b"), BYTES_LIT("2") } }
    };
    const struct kms_context exchanged = { .count = 2, .pairs = { context.pairs[1], context.pairs[0] } };
    const struct kms_context none = { 0 };
    /* The same bytes end to end, otherwise cut: lengths are part of what is authenticated. */
    const struct kms_context moved = {
        .count = 2, .pairs = { { BYTES_LIT("a1"), BYTES_LIT("") }, { BYTES_LIT("b"), BYTES_LIT("2") } }
    };
    const struct kms_context joined = { .count = 1,
                                        .pairs = { { BYTES_LIT("a"), BYTES_LIT("1\0\0\0\0b\0\0\0\0"
                                                                               "2") } } };
    uint8_t buffer[KMS_BLOB_MAX], plaintext[KMS_PLAINTEXT_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes blob = { NULL, 0 };
    size_t len = 0;
    char id[37];
    CHECK(kms_blob_seal(&key, &context, BYTES_LIT("secret"), &out) && writer_done(&out, &blob));
    CHECK(blob.len == KMS_BLOB_HEAD + 6 + 16);
    CHECK(kms_blob_key_id(blob, id) && strcmp(id, key.id) == 0);
    CHECK(kms_blob_open(&key, &context, blob, plaintext, &len) && len == 6 && memcmp(plaintext, "secret", 6) == 0);
    CHECK(kms_blob_open(&key, &exchanged, blob, plaintext, &len));
    CHECK(!kms_blob_open(&key, &none, blob, plaintext, &len));
    CHECK(!kms_blob_open(&key, &moved, blob, plaintext, &len));
    CHECK(!kms_blob_open(&key, &joined, blob, plaintext, &len));
    CHECK(!kms_blob_open(&other, &context, blob, plaintext, &len));
    for (size_t i = 0; i < blob.len; i++) {
        buffer[i] ^= 1;
        CHECK(!kms_blob_open(&key, &context, blob, plaintext, &len));
        buffer[i] ^= 1;
    }
    CHECK(!kms_blob_open(&key, &context, (struct bytes){ blob.data, blob.len - 1 }, plaintext, &len));
    CHECK(!kms_blob_key_id((struct bytes){ blob.data, KMS_BLOB_HEAD + 15 }, id));
    out = writer_of(buffer, sizeof buffer);
    CHECK(!kms_blob_seal(&key, &context, BYTES_LIT(""), &out));
}

int main(void)
{
    folder_begin();
    what_is_put_in_comes_out_again();
    what_is_not_saved_is_not_kept();
    the_oldest_credentials_make_room();
    two_at_once_lose_nothing();
    a_spoilt_file_is_told_and_left_alone();
    blobs_open_with_their_key_and_context_alone();
    return failures != 0;
}
