#include "core/base/text.h"
#include "core/eth/address.h"
#include "parent/context_flags.h"
#include "parent/credentials.h"
#include "parent/eth_key.h"
#include "parent/input_file.h"
#include "parent/kms_client.h"
#include "parent/output.h"
#include "parent/policy_file.h"
#include "parent/rpc_command.h"

#include <string.h>
#include <unistd.h>

enum { SCRATCH = 256 * 1024, KEY_FILE_MAX = 1024 };

/* Where it is, the machine can run enclaves, so it is the parent that a signer must not trust. */
static const char nitro_device[] = "/dev/nitro_enclaves";

static const struct flag flags[] = {
    { .name = "kms-key-id",
      .value = "ARN",
      .help = "the KMS key that seals; a key's ARN is best: an alias can be moved "
              "(wanted)" },
    { .name = "policy",
      .value = "FILE",
      .help = "bind the key to this policy: its digest goes into the encryption "
              "context" },
    FLAG_ENCRYPTION_CONTEXT,
    { .name = "key-file",
      .value = "FILE|-",
      .help = "the private key: 0x and 64 hex digits, in a file or on standard "
              "input" },
    { .name = "new", .help = "make a new key; it is never shown or stored, only sealed" },
    { .name = "region", .value = "REGION", .help = "of the KMS key, when --kms-key-id is no ARN; else $AWS_REGION" },
    { .name = "here", .help = "do it even on an instance that runs enclaves" },
    { .name = "timeout", .value = "SECONDS", .help = "give up on KMS after so long (default 30, at most 600)" },
    FLAG_JSON,
};

struct order {
    const char *key_id;
    struct kms_context context;
    struct kms_client client;
};

static bool check_place(const struct arguments *arguments, struct fault *why)
{
    if (access(nitro_device, F_OK) != 0 || argument_is_given(arguments, "here"))
        return true;
    return fault_set(why, FAULT_INPUT,
                     "this machine runs enclaves (%s is here): a key that passes through it in the clear "
                     "is known to whoever is root on it, which is whom the enclave keeps it from. Seal "
                     "it on another machine, have the enclave make one (ensign provision --generate), "
                     "or say --here if you mean it",
                     nitro_device);
}

static bool check_flags(const struct arguments *arguments, struct order *order, struct fault *why)
{
    uint64_t seconds = KMS_CLIENT_TIMEOUT_S;
    const bool from_file = argument_is_given(arguments, "key-file"), make = argument_is_given(arguments, "new");
    order->key_id = argument(arguments, "kms-key-id");
    if (order->key_id == NULL)
        return fault_set(why, FAULT_INPUT, "no KMS key named; give --kms-key-id with its ARN");
    if (!kms_key_id_ok(bytes_of_text(order->key_id)))
        return fault_set(why, FAULT_INPUT, "--kms-key-id '%.64s' is no key id, key ARN, alias name or alias ARN",
                         shown_word(order->key_id));
    if (from_file == make)
        return fault_set(why, FAULT_INPUT, "give one of --key-file FILE, --key-file - (standard input) and --new%s",
                         from_file ? ", not two" : "");
    if (!argument_u64(arguments, "timeout", 1, SIGNER_TIMEOUT_MAX_S, &seconds, why))
        return false;
    order->client.timeout_ms = (long)seconds * 1000;
    if (!kms_choose_region(argument(arguments, "region"), order->key_id, order->client.region, why))
        return false;
    return order->client.region[0] != '\0' ||
           fault_set(why, FAULT_INPUT, "no region; give --kms-key-id as an ARN, or --region, or set AWS_REGION");
}

static bool read_context(const struct arguments *arguments, struct arena *arena, struct order *order, struct fault *why)
{
    static struct policy policy;
    static struct digest_text digest;
    const char *path = argument(arguments, "policy");
    if (path != NULL) {
        if (!policy_file_read(path, &policy, why))
            return false;
        digest = policy_digest_text(&policy);
    }
    if (!context_flags_read(arguments, arena, &order->context, why))
        return false;
    if (path != NULL &&
        !kms_context_add(&order->context, KMS_POLICY_CONTEXT, (struct bytes){ (uint8_t *)digest.text, 64 }))
        return fault_set(why, FAULT_INPUT, "over %d pairs of encryption context", KMS_CONTEXT_PAIRS_MAX);
    return true;
}

static bool get_key(const struct arguments *arguments, struct secret32 *key, struct address *address, struct fault *why)
{
    struct secret_text text WIPED_TEXT = { .len = 0 };
    const char *path = argument(arguments, "key-file");
    struct bytes contents;
    if (path == NULL) {
        eth_key_make(key, address);
        return true;
    }
    if (file_is_open_to_others(path))
        say_warning("%s can be read by others on this machine; a key file is for its owner alone (chmod 600)", path);
    if (!input_file_read(path, text.bytes, KEY_FILE_MAX, &contents, why))
        return false;
    text.len = contents.len;
    return eth_key_read(&text, key, address, why);
}

/* {"EncryptionContext":{…},"KeyId":"…","Plaintext":"<base64>"} into `out`, whose buffer the caller wipes. */
static void put_request(struct writer *out, const struct order *order, const struct secret32 *key)
{
    uint8_t text[ETH_KEY_TEXT];
    struct writer text_out = writer_of(text, sizeof text);
    struct json_writer json = json_writer_of(out);
    eth_key_put(&text_out, key);
    must(!text_out.failed && text_out.len == sizeof text);
    json_begin_object(&json);
    if (order->context.count > 0) {
        json_key(&json, "EncryptionContext");
        context_put(&json, &order->context);
    }
    json_key(&json, "KeyId");
    json_put_text(&json, order->key_id);
    json_key(&json, "Plaintext");
    json_put_base64(&json, BYTES_OF(text));
    json_end_object(&json);
    wipe(text, sizeof text);
}

static bool read_answer(const struct order *order, struct json answer, struct bytes *ciphertext_b64,
                        struct bytes *key_arn, struct fault *why)
{
    static uint8_t ciphertext[KMS_CIPHERTEXT_MAX];
    struct kms_key_arn arn, asked;
    size_t len;
    if (!json_plain_string(json_member(answer, BYTES_LIT("CiphertextBlob")), ciphertext_b64) ||
        !text_read_base64(*ciphertext_b64, ciphertext, sizeof ciphertext, &len) || len == 0)
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextBlob of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    if (!json_plain_string(json_member(answer, BYTES_LIT("KeyId")), key_arn) || !kms_key_arn_read(*key_arn, &arn))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no key ARN as KeyId");
    if (kms_key_arn_read(bytes_of_text(order->key_id), &asked) && !bytes_equal(*key_arn, bytes_of_text(order->key_id)))
        return fault_set(why, FAULT_REMOTE, "KMS sealed under another key than the one asked for");
    return true;
}

static void put_result(const struct arguments *arguments, const struct order *order, const struct address *address,
                       struct bytes ciphertext_b64, struct bytes key_arn)
{
    static uint8_t room[65536];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    json_begin_object(&json);
    json_key(&json, "address");
    json_put_text(&json, address_eip55(address).text);
    json_key(&json, "ciphertext_b64");
    json_put_string(&json, ciphertext_b64);
    json_key(&json, "encryption_context");
    context_put(&json, &order->context);
    json_key(&json, "key_id");
    json_put_string(&json, key_arn);
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
    if (!argument_is_given(arguments, "policy"))
        say_warning(
            "sealed without --policy: a strict signer will not open it, and an open one opens it under any policy");
}

static enum exit_code seal(const struct arguments *arguments, struct order *order, const struct secret32 *key,
                           const struct address *address)
{
    static uint8_t request[KMS_REQUEST_MAX];
    struct writer out = writer_of(request, sizeof request);
    struct bytes body, ciphertext_b64, key_arn;
    struct json answer;
    struct fault why;
    enum exit_code code;
    put_request(&out, order, key);
    must(writer_done(&out, &body));
    code = kms_call(&order->client, "Encrypt", body, &answer, &why);
    wipe(request, sizeof request);
    if (code == EXIT_CODE_DONE && !read_answer(order, answer, &ciphertext_b64, &key_arn, &why))
        code = EXIT_CODE_UNREACHED;
    if (code != EXIT_CODE_DONE)
        return command_failed(code, &why);
    put_result(arguments, order, address, ciphertext_b64, key_arn);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct order order;
    static uint8_t scratch[SCRATCH];
    struct arena arena = arena_of(scratch, sizeof scratch);
    struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
    struct secret32 key WIPED;
    struct address address;
    const char *source;
    struct fault why;
    if (!check_flags(arguments, &order, &why))
        return command_misused("encrypt", &why);
    if (!check_place(arguments, &why) || !read_context(arguments, &arena, &order, &why) ||
        !credentials_find(CREDENTIALS_ANY, &credentials, &source, &why) || !get_key(arguments, &key, &address, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    order.client.credentials = &credentials;
    return seal(arguments, &order, &key, &address);
}

const struct command command_encrypt = {
    .name = "encrypt",
    .operands = "",
    .summary = "seal an Ethereum key with KMS, under a policy",
    .about = "Has KMS encrypt a private key, with the policy's digest in the encryption context,\n"
             "so that it opens only in an enclave that enforces this very policy. Prints the\n"
             "ciphertext, which is no secret, the address, the context and the KMS key as JSON.\n"
             "The key comes from a file, from standard input, or is made on the spot; it is\n"
             "never an argument, since arguments are seen by every process of the machine.\n"
             "\n"
             "Run it on a machine that you trust with the key. On an instance that runs enclaves\n"
             "it refuses without --here. AWS credentials come from the environment (a session\n"
             "token is not needed here), the container's endpoint, or the metadata service; the\n"
             "AWS CLI's come over with: eval \"$(aws configure export-credentials --format env)\".\n"
             "AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL and AWS_CA_BUNDLE are honoured.",
    .examples =
        "  ensign encrypt --kms-key-id arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \\\n"
        "      --policy policy.json --new > sealed.json\n"
        "  ensign encrypt --kms-key-id \"$KMS_KEY_ARN\" --policy policy.json --key-file - < key.txt > sealed.json",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
