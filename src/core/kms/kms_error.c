#include "core/kms/kms_api.h"

#include "core/base/text.h"

enum { ERROR_NAME_MAX = 256 };

#define TRY_AGAIN \
    "provision again: nothing is retried here, because each request needs a new attestation document and key"
#define WRONG_SECRET \
    "the secret access key does not belong to the access key id; or the clock: a request bears the time of its " \
    "attestation document, and one that arrives minutes late is refused"

/* Names of the service's model and of AWS's front end. Each hint says what usually causes it, the likeliest first. */
static const struct kms_error errors[] = {
    { "AccessDeniedException",
      "the key policy or the role's policy does not allow this: usually a measurement (PCR) or an encryption-context "
      "condition that does not fit this image and this policy, or a role without the permission" },
    { "InvalidCiphertextException", "the ciphertext was not sealed under this encryption context (another policy, or "
                                    "none was bound), or is damaged" },
    { "IncorrectKeyException", "the ciphertext was sealed under another KMS key than the one named" },
    { "NotFoundException", "there is no such KMS key in this region and account, or the key id is misspelt" },
    { "InvalidArnException", "the KMS key ARN is misspelt, or is of another region" },
    { "DisabledException", "the KMS key is disabled" },
    { "KMSInvalidStateException", "the KMS key is pending deletion or import, or otherwise not usable now" },
    { "InvalidKeyUsageException", "the KMS key is not a symmetric encryption key, or not for this algorithm" },
    { "KeyUnavailableException", "the KMS key is not available just now; " TRY_AGAIN },
    { "DependencyTimeoutException", "KMS timed out; " TRY_AGAIN },
    { "KMSInternalException", "KMS failed inside; " TRY_AGAIN },
    { "ServiceUnavailable", "KMS is not available just now; " TRY_AGAIN },
    { "ServiceUnavailableException", "KMS is not available just now; " TRY_AGAIN },
    { "ThrottlingException", "too many requests to KMS in this account and region; wait, then " TRY_AGAIN },
    { "ExpiredTokenException", "the credentials have expired: fetch new ones and provision again" },
    { "UnrecognizedClientException", "the credentials are not known to AWS: wrong, revoked, or of another partition" },
    { "InvalidClientTokenId", "the credentials are not known to AWS: wrong, revoked, or of another partition" },
    { "InvalidSignatureException", WRONG_SECRET },
    { "SignatureDoesNotMatch", WRONG_SECRET },
    { "RequestExpired", "the request came too late: the connection is slow, or the clock" },
    { "MissingAuthenticationTokenException", "the credentials did not arrive whole" },
    { "IncompleteSignatureException", "the credentials did not arrive whole" },
    { "OptInRequired", "the account is not signed up for KMS in this region" },
    { "InvalidGrantTokenException", "a grant token is not valid" },
    { "DryRunOperationException", "the request asked only whether it would be allowed" },
    { "UnsupportedOperationException", "this KMS key or region does not answer to attested enclaves" },
    { "ValidationException",
      "KMS did not take the request as formed: usually the attestation document (a debug enclave?), else the key id" },
    { "SerializationException", "KMS could not read the request" },
    { "UnknownOperationException", "the host that answered is not KMS as we know it" },
};

static const struct kms_error unknown_of_client = {
    "UnknownError", "KMS refused for a reason that is not on our list: look for the request in CloudTrail"
};
static const struct kms_error unknown_of_server = { "UnknownError",
                                                    "KMS or what stands before it is in trouble; " TRY_AGAIN };

const struct kms_error *kms_error_at(size_t index)
{
    return index < sizeof errors / sizeof *errors ? &errors[index] : NULL;
}

/* The name in "com.amazonaws.kms#Name:http://…": what follows the last '#', up to a ':'. */
static struct bytes bare_name(struct bytes type)
{
    for (size_t i = 0; i < type.len; i++)
        if (type.data[i] == ':')
            type.len = i;
    for (size_t i = type.len; i > 0; i--)
        if (type.data[i - 1] == '#')
            return (struct bytes){ type.data + i, type.len - i };
    return type;
}

struct kms_error kms_error_read(unsigned http_status, struct bytes body)
{
    uint8_t buffer[ERROR_NAME_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes type;
    struct json object;
    struct fault malformed;
    if (json_read(body, &object, &malformed) && json_string(json_member(object, BYTES_LIT("__type")), &out) &&
        writer_done(&out, &type))
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (bytes_equal(bare_name(type), bytes_of_text(errors[i].name)))
                return errors[i];
    return http_status >= 500 ? unknown_of_server : unknown_of_client;
}
