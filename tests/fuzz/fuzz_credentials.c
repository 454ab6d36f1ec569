/* What AWS's endpoints and standard input give as credentials: taken, the three texts are of AWS's characters, looked
 * at one by one; refused, the reason repeats nothing of them. The parent's reader and ensign-kmstool's agree wherever
 * both look: what the second takes the first takes too, to the same texts. */
#include "fuzz.h"

#include "core/base/text.h"
#include "core/codec/json.h"
#include "kmstool/credentials.h"
#include "parent/credentials_source.h"

#include <sys/mman.h>
#include <unistd.h>

static bool only(struct bytes text, const char *alphabet)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\0' || strchr(alphabet, text.data[i]) == NULL)
            return false;
    return true;
}

#define TURNED  "ABCDEFGHIJKLMNOPQRSTUVWXYZAabcdefghijklmnopqrstuvwxyza01234567890"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void check_taken(const struct aws_credentials *credentials, bool needs_token)
{
    const struct bytes id = bytes_of_text(credentials->access_key_id),
                       secret = secret_text_view(&credentials->secret_access_key),
                       token = secret_text_view(&credentials->session_token);
    must(id.len >= 1 && id.len <= 128 && only(id, LETTERS "_"));
    must(secret.len >= 1 && secret.len <= 128);
    for (size_t i = 0; i < secret.len; i++)
        must(secret.data[i] > ' ' && secret.data[i] < 0x7f);
    must((token.len >= 1 || !needs_token) && only(token, LETTERS "+/=_-.:%"));
}

/* Every letter and digit of the secret values becomes the next of its kind: other secrets of the same form. */
static void turn_letters(struct bytes text)
{
    static const char *const names[] = { "SecretAccessKey", "Token", "SessionToken" };
    struct json document;
    struct fault unused;
    struct bytes value;
    if (!json_read(text, &document, &unused))
        return;
    for (size_t i = 0; i < 3; i++) {
        if (!json_plain_string(json_member(document, bytes_of_text(names[i])), &value))
            continue;
        uint8_t *const letters = (uint8_t *)(uintptr_t)value.data;
        for (size_t j = 0; j < value.len; j++) {
            const char *const at = letters[j] == '\0' ? NULL : strchr(TURNED, letters[j]);
            if (at != NULL)
                letters[j] = (uint8_t)at[1];
        }
    }
}

/* The reason is the same whatever the secret was. */
static void check_refused(struct bytes text, bool (*read)(struct bytes, struct aws_credentials *, struct fault *),
                          const struct fault *why)
{
    struct aws_credentials unused = { 0 };
    struct fault again = { 0 };
    must((why->code == FAULT_INPUT || why->code == FAULT_REMOTE) && text_is_printable(bytes_of_text(why->text)));
    uint8_t *const copy = exact_copy(text.data, text.len);
    turn_letters((struct bytes){ copy, text.len });
    must(!read((struct bytes){ copy, text.len }, &unused, &again) && strcmp(again.text, why->text) == 0);
    aws_credentials_wipe(&unused);
    free(copy);
}

static bool from_endpoint(struct bytes text, struct aws_credentials *credentials, struct fault *why)
{
    return credentials_from_json(text, "fuzzer", credentials, why);
}

static bool from_stdin(struct bytes text, struct aws_credentials *credentials, struct fault *why)
{
    static const struct kmstool_options options = { .credentials_on_stdin = true };
    const int file = memfd_create("stdin", MFD_CLOEXEC);
    must(file >= 0 && write(file, text.data, text.len) == (ssize_t)text.len && lseek(file, 0, SEEK_SET) == 0);
    must(dup2(file, STDIN_FILENO) == STDIN_FILENO && close(file) == 0);
    return credentials_read(&options, credentials, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct aws_credentials parent = { 0 }, tool = { 0 };
    struct fault why = { 0 }, tool_why = { 0 };
    uint8_t *const input = exact_copy(data, len);
    const struct bytes text = { input, len };
    const bool taken = from_endpoint(text, &parent, &why);
    if (taken)
        check_taken(&parent, true);
    else
        check_refused(text, from_endpoint, &why);
    if (from_stdin(text, &tool, &tool_why))
        check_taken(&tool, true);
    else
        check_refused(text, from_stdin, &tool_why);
    if (taken && tool_why.code == FAULT_NONE) {
        must(strcmp(parent.access_key_id, tool.access_key_id) == 0);
        must(secret_equal(secret_text_view(&parent.secret_access_key), secret_text_view(&tool.secret_access_key)));
    }
    aws_credentials_wipe(&parent);
    aws_credentials_wipe(&tool);
    free(input);
    return 0;
}
