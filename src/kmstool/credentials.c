#include "kmstool/credentials.h"

#include "core/kms/kms_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STDIN_MAX = 16384 }; /* what the instance metadata service says takes 2 KiB */

struct aws_credentials *credentials_page(void)
{
    const size_t len = sizeof(struct aws_credentials);
    void *const page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, len, MADV_WIPEONFORK) != 0 || madvise(page, len, MADV_DONTDUMP) != 0) {
        munmap(page, len);
        return NULL;
    }
    return page;
}

static bool store(struct bytes id, struct bytes secret, struct bytes token, struct aws_credentials *credentials,
                  struct fault *why)
{
    if (!kms_access_key_id_ok(id))
        return fault_set(why, FAULT_INPUT, "the access key id is not letters, digits and _, at most %d",
                         AWS_ACCESS_KEY_ID_MAX);
    if (!kms_secret_access_key_ok(secret) || !secret_text_set(&credentials->secret_access_key, secret))
        return fault_set(why, FAULT_INPUT, "the secret access key has characters or a length that AWS never gives");
    if (!kms_session_token_ok(token) || !secret_text_set(&credentials->session_token, token))
        return fault_set(why, FAULT_INPUT, "the session token has characters or a length that AWS never gives");
    memcpy(credentials->access_key_id, id.data, id.len);
    credentials->access_key_id[id.len] = '\0';
    return true;
}

static bool store_texts(char *const texts[3], struct aws_credentials *credentials, struct fault *why)
{
    const bool stored =
        store(bytes_of_text(texts[0]), bytes_of_text(texts[1]), bytes_of_text(texts[2]), credentials, why);
    for (size_t i = 0; i < 3; i++)
        wipe(texts[i], strlen(texts[i]));
    return stored;
}

static bool from_environment(struct aws_credentials *credentials, struct fault *why)
{
    static const char *const names[3] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN" };
    char *texts[3];
    for (size_t i = 0; i < 3; i++) {
        texts[i] = getenv(names[i]);
        if (texts[i] == NULL || texts[i][0] == '\0')
            return fault_set(why, FAULT_INPUT,
                             "no credentials: %s is not set, and neither flags nor "
                             "--credentials-stdin are given",
                             names[i]);
    }
    return store_texts(texts, credentials, why);
}

static bool read_input(uint8_t *buffer, size_t cap, size_t *len)
{
    for (*len = 0; *len < cap;) {
        const ssize_t got = read(STDIN_FILENO, buffer + *len, cap - *len);
        if (got == 0)
            return true;
        if (got > 0)
            *len += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
    return false;
}

static bool member(struct json object, const char *name, struct bytes *text)
{
    return json_plain_string(json_member(object, bytes_of_text(name)), text);
}

static bool from_json(struct bytes text, struct aws_credentials *credentials, struct fault *why)
{
    struct json object;
    struct fault malformed;
    struct bytes id, secret, token;
    if (!json_read(text, &object, &malformed) || json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "standard input is not one JSON object");
    if (!member(object, "AccessKeyId", &id) || !member(object, "SecretAccessKey", &secret) ||
        !(member(object, "Token", &token) || member(object, "SessionToken", &token)))
        return fault_set(why, FAULT_INPUT,
                         "standard input has not all of AccessKeyId, SecretAccessKey and Token (or SessionToken) as "
                         "plain strings");
    return store(id, secret, token, credentials, why);
}

static bool from_stdin(struct aws_credentials *credentials, struct fault *why)
{
    static uint8_t buffer[STDIN_MAX];
    size_t len;
    const bool done =
        read_input(buffer, sizeof buffer, &len)
            ? from_json((struct bytes){ buffer, len }, credentials, why)
            : fault_set(why, FAULT_INPUT, "standard input cannot be read, or holds more than %d bytes", STDIN_MAX - 1);
    wipe(buffer, sizeof buffer);
    return done;
}

bool credentials_read(const struct kmstool_options *options, struct aws_credentials *credentials, struct fault *why)
{
    char *const texts[3] = { options->access_key_id, options->secret_access_key, options->session_token };
    const bool done = options->credentials_on_stdin ? from_stdin(credentials, why)
                      : texts[0] != NULL            ? store_texts(texts, credentials, why)
                                                    : from_environment(credentials, why);
    clearenv();
    return done;
}
