#include "core/base/text.h"
#include "parent/context_flags.h"
#include "parent/credentials.h"
#include "parent/kms_client.h"
#include "parent/output.h"
#include "parent/policy_file.h"
#include "parent/rpc_command.h"
#include "parent/sealed_file.h"

#include <string.h>
#include <unistd.h>

enum { SCRATCH = 256 * 1024 };

/* Where it is, the machine can run enclaves, so it is the parent, which must never have the administrator's power. */
static const char nitro_device[] = "/dev/nitro_enclaves";

static const struct flag flags[] = {
    { .name = "from", .value = "FILE", .help = "the policy that the ciphertext is bound to now (wanted)" },
    { .name = "to", .value = "FILE", .help = "the policy that it shall be bound to (wanted)" },
    { .name = "kms-key-id",
      .value = "ARN",
      .help = "seal it under this KMS key from now on (default: the one it is under)" },
    FLAG_ENCRYPTION_CONTEXT,
    { .name = "here", .help = "do it even on an instance that runs enclaves" },
    { .name = "timeout", .value = "SECONDS", .help = "give up on KMS after so long (default 30, at most 600)" },
    FLAG_JSON,
};

struct order {
    struct digest_text from, to;
    struct sealed_file sealed;
    struct kms_context before, after;
    struct bytes to_key;
    struct kms_client client;
};

static bool check_flags(const struct arguments *arguments, struct order *order, struct fault *why)
{
    uint64_t seconds = KMS_CLIENT_TIMEOUT_S;
    const char *key = argument(arguments, "kms-key-id");
    struct kms_key_arn arn;
    if (!argument_is_given(arguments, "from") || !argument_is_given(arguments, "to"))
        return fault_set(why, FAULT_INPUT,
                         "--from FILE and --to FILE are wanted: the policy now, and the policy to be");
    if (key != NULL && !kms_key_arn_read(bytes_of_text(key), &arn))
        return fault_set(why, FAULT_INPUT, "--kms-key-id wants a key's ARN, found '%.80s'", key);
    if (key != NULL)
        order->to_key = bytes_of_text(key);
    if (!argument_u64(arguments, "timeout", 1, SIGNER_TIMEOUT_MAX_S, &seconds, why))
        return false;
    order->client.timeout_ms = (long)seconds * 1000;
    return true;
}

static bool check_place(const struct arguments *arguments, struct fault *why)
{
    if (access(nitro_device, F_OK) != 0 || argument_is_given(arguments, "here"))
        return true;
    return fault_set(why, FAULT_INPUT,
                     "this machine runs enclaves (%s is here): whoever is root on it then has the KMS administrator's "
                     "credentials, and with them the key. Rebind on another machine, or say --here if you mean it",
                     nitro_device);
}

static bool read_policies(const struct arguments *arguments, struct order *order, struct fault *why)
{
    static struct policy policy;
    if (!policy_file_read(argument(arguments, "from"), &policy, why))
        return false;
    order->from = policy_digest_text(&policy);
    if (!policy_file_read(argument(arguments, "to"), &policy, why))
        return false;
    order->to = policy_digest_text(&policy);
    return strcmp(order->from.text, order->to.text) != 0 ||
           fault_set(why, FAULT_INPUT, "--from and --to are the same policy: there is nothing to move");
}

static bool add_digest(struct kms_context *context, const struct digest_text *digest, struct fault *why)
{
    return kms_context_add(context, KMS_POLICY_CONTEXT, (struct bytes){ (const uint8_t *)digest->text, 64 }) ||
           fault_set(why, FAULT_INPUT, "over %d pairs of encryption context", KMS_CONTEXT_PAIRS_MAX);
}

static bool read_contexts(const struct arguments *arguments, struct arena *arena, struct order *order,
                          struct fault *why)
{
    struct kms_context others = { .count = 0 };
    if (order->sealed.has_context && argument_is_given(arguments, "encryption-context"))
        return fault_set(why, FAULT_INPUT,
                         "the file says under which context it was sealed; leave out --encryption-context");
    if (order->sealed.has_context ? !sealed_file_pairs(&order->sealed, order->from.text, &others, why)
                                  : !context_flags_read(arguments, arena, &others, why))
        return false;
    order->before = order->after = others;
    return add_digest(&order->before, &order->from, why) && add_digest(&order->after, &order->to, why);
}

static bool read_sealed(const struct arguments *arguments, struct arena *arena, struct order *order,
                        enum exit_code *code, struct fault *why)
{
    struct json object;
    char key[KMS_KEY_ID_MAX + 1];
    if (!rpc_read_object(arguments->operands[0], &object, code)) {
        why->code = FAULT_NONE;
        return false;
    }
    *code = EXIT_CODE_INPUT;
    if (!sealed_file_read(object, arena, &order->sealed, why)) {
        (void)fault_prefix(why, ": ");
        return fault_prefix(why, arguments->operands[0]);
    }
    if (order->to_key.len == 0)
        order->to_key = order->sealed.key_id;
    must(order->sealed.key_id.len < sizeof key && order->to_key.len < sizeof key);
    memcpy(key, order->to_key.data, order->to_key.len);
    key[order->to_key.len] = '\0';
    struct kms_key_arn from, to;
    must(kms_key_arn_read(order->sealed.key_id, &from) && kms_key_arn_read(order->to_key, &to));
    if (!bytes_equal(from.region, to.region))
        return fault_set(why, FAULT_INPUT, "KMS re-encrypts within one Region; the two keys are in %.*s and %.*s",
                         (int)from.region.len, (const char *)from.region.data, (int)to.region.len,
                         (const char *)to.region.data);
    return kms_choose_region(NULL, key, order->client.region, why) && read_contexts(arguments, arena, order, why);
}

static void put_request(struct writer *out, const struct order *order)
{
    struct json_writer json = json_writer_of(out);
    json_begin_object(&json);
    json_key(&json, "CiphertextBlob");
    json_put_string(&json, order->sealed.ciphertext_b64);
    json_key(&json, "DestinationEncryptionContext");
    context_put(&json, &order->after);
    json_key(&json, "DestinationKeyId");
    json_put_string(&json, order->to_key);
    json_key(&json, "SourceEncryptionContext");
    context_put(&json, &order->before);
    json_key(&json, "SourceKeyId");
    json_put_string(&json, order->sealed.key_id);
    json_end_object(&json);
}

static bool read_answer(const struct order *order, struct json answer, struct bytes *ciphertext_b64, struct fault *why)
{
    static uint8_t ciphertext[KMS_CIPHERTEXT_MAX];
    size_t len = 0;
    if (!json_plain_string(json_member(answer, BYTES_LIT("CiphertextBlob")), ciphertext_b64) ||
        !text_read_base64(*ciphertext_b64, ciphertext, sizeof ciphertext, &len) || len == 0)
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextBlob of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    if (!json_string_is(json_member(answer, BYTES_LIT("SourceKeyId")), order->sealed.key_id))
        return fault_set(why, FAULT_REMOTE, "KMS opened the ciphertext with another key than the one asked for");
    if (!json_string_is(json_member(answer, BYTES_LIT("KeyId")), order->to_key))
        return fault_set(why, FAULT_REMOTE, "KMS sealed under another key than the one asked for");
    return true;
}

static void put_result(const struct order *order, struct bytes ciphertext_b64)
{
    static uint8_t room[65536];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    json_begin_object(&json);
    if (order->sealed.address.len > 0) {
        json_key(&json, "address");
        json_put_string(&json, order->sealed.address);
    }
    json_key(&json, "ciphertext_b64");
    json_put_string(&json, ciphertext_b64);
    json_key(&json, "encryption_context");
    context_put(&json, &order->after);
    json_key(&json, "key_id");
    json_put_string(&json, order->to_key);
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
    say_note("the old ciphertext opens under the old policy until the key policy no longer allows\n%s: "
             "`ensign kms-policy` with the new policy alone writes such a one",
             order->from.text);
}

static enum exit_code move(struct order *order)
{
    static uint8_t request[KMS_REQUEST_MAX];
    struct writer out = writer_of(request, sizeof request);
    struct bytes body, ciphertext_b64;
    struct json answer;
    struct fault why;
    put_request(&out, order);
    must(writer_done(&out, &body));
    enum exit_code code = kms_call(&order->client, "ReEncrypt", body, &answer, &why);
    if (code == EXIT_CODE_DONE && !read_answer(order, answer, &ciphertext_b64, &why))
        code = EXIT_CODE_UNREACHED;
    if (code != EXIT_CODE_DONE)
        return command_failed(code, &why);
    put_result(order, ciphertext_b64);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct order order;
    static uint8_t scratch[SCRATCH];
    struct arena arena = arena_of(scratch, sizeof scratch);
    struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
    enum exit_code code = EXIT_CODE_INPUT;
    const char *source;
    struct fault why;
    if (!check_flags(arguments, &order, &why))
        return command_misused("rebind", &why);
    if (!check_place(arguments, &why) || !read_policies(arguments, &order, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    if (!read_sealed(arguments, &arena, &order, &code, &why))
        return why.code == FAULT_NONE ? code : command_failed(code, &why);
    if (!credentials_find(CREDENTIALS_ANY, &credentials, &source, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    order.client.credentials = &credentials;
    return move(&order);
}

const struct command command_rebind = {
    .name = "rebind",
    .operands = "SEALED|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "move a sealed key to a new policy, inside KMS",
    .about = "Has KMS re-encrypt the ciphertext in SEALED (what encrypt, rebind, sealed or\n"
             "provision --generate printed) from the context of one policy to that of another.\n"
             "The key is never seen: for one that was generated inside it is the only way.\n"
             "Prints the new sealed key; the old file stays as it was.\n"
             "\n"
             "With the KMS administrator's credentials, from where `ensign encrypt` takes them;\n"
             "on an instance that runs enclaves it refuses without --here. The old ciphertext\n"
             "goes on opening until the key policy names the new policy alone.",
    .examples =
        "  ensign rebind --from policy.json --to new-policy.json sealed.json > new-sealed.json\n"
        "  ensign sealed --endpoint vsock://16:5000 | ensign rebind --from a.json --to b.json - > new-sealed.json",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
