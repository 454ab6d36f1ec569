/* Whatever the metadata service says, nothing of it steers what is asked next: the path of a role's credentials is the
 * list's and one name, a header is one line, and nothing is asked with a token that was not given. The exchange stands
 * here in libcurl's place (the linker's --wrap).
 *
 *   u8 status of each answer: bits 0 to 2 clear: 200 | the token, the roles, the credentials, each ended by a NUL
 */
#include "fuzz.h"

#include "core/base/text.h"
#include "parent/credentials_source.h"
#include "parent/http_client.h"

enum { ANSWERS = 3 };

static struct bytes answers[ANSWERS];
static unsigned statuses, asked;

bool __wrap_http_exchange(const struct http_call *call, unsigned *status, struct writer *body, struct fault *why);

bool __wrap_http_exchange(const struct http_call *call, unsigned *status, struct writer *body, struct fault *why)
{
    static const char list[] = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    static const char token[] = "X-aws-ec2-metadata-token: ";
    (void)why;
    must(asked < ANSWERS && call->direct && call->header_count == 1);
    must(text_is_printable(bytes_of_text(call->headers[0])) && text_is_printable(bytes_of_text(call->url)));
    if (asked == 0) {
        must(strcmp(call->method, "PUT") == 0 && strcmp(call->url, "http://169.254.169.254/latest/api/token") == 0);
    } else {
        const struct bytes given = text_trim(answers[0]);
        must(strcmp(call->method, "GET") == 0 && strncmp(call->url, list, sizeof list - 1) == 0);
        must(strncmp(call->headers[0], token, sizeof token - 1) == 0 && given.len > 0);
        must(bytes_equal(bytes_of_text(call->headers[0] + sizeof token - 1), given));
        const char *const role = call->url + sizeof list - 1;
        must((role[0] == '\0') == (asked == 1) && strpbrk(role, "/?#%\\&:") == NULL);
        must(strcmp(role, ".") != 0 && strcmp(role, "..") != 0);
    }
    writer_put(body, answers[asked]);
    *status = statuses >> asked & 1 ? 404 : 200;
    asked++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct aws_credentials credentials = { 0 };
    struct fault why = { 0 };
    if (len == 0)
        return 0;
    uint8_t *const input = exact_copy(data + 1, len - 1);
    struct bytes rest = { input, len - 1 };
    for (size_t i = 0; i < ANSWERS; i++) {
        const uint8_t *const end = rest.len > 0 ? memchr(rest.data, '\0', rest.len) : NULL;
        const size_t part = end != NULL ? (size_t)(end - rest.data) : rest.len;
        answers[i] = (struct bytes){ rest.data, part };
        rest = (struct bytes){ rest.data + part + (end != NULL), rest.len - part - (end != NULL) };
    }
    statuses = data[0] & 7;
    asked = 0;
    if (imds_credentials(&credentials, &why))
        must(asked == ANSWERS && statuses == 0 && credentials.access_key_id[0] != '\0');
    else
        must((why.code == FAULT_REMOTE || why.code == FAULT_INPUT) && text_is_printable(bytes_of_text(why.text)));
    aws_credentials_wipe(&credentials);
    free(input);
    return 0;
}
