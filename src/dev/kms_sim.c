#include "dev/kms_sim.h"

#include "core/base/text.h"
#include "io/log.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Strings and decoded blobs of one request, and the policies' hex: several times the longest body. */
enum { ARENA_BYTES = 4 * HTTP_REQUEST_BODY_MAX };

/* clang-format off */
static const struct {
    const char *name;
    kms_operation *run;
} operations[] = {
    { "CreateKey",                       kms_op_create_key },
    { "DescribeKey",                     kms_op_describe_key },
    { "ListKeys",                        kms_op_list_keys },
    { "PutKeyPolicy",                    kms_op_put_key_policy },
    { "GetKeyPolicy",                    kms_op_get_key_policy },
    { "ListKeyPolicies",                 kms_op_list_key_policies },
    { "ListGrants",                      kms_op_list_grants },
    { "EnableKey",                       kms_op_enable_key },
    { "DisableKey",                      kms_op_disable_key },
    { "ScheduleKeyDeletion",             kms_op_schedule_key_deletion },
    { "CancelKeyDeletion",               kms_op_cancel_key_deletion },
    { "Encrypt",                         kms_op_encrypt },
    { "Decrypt",                         kms_op_decrypt },
    { "GenerateDataKey",                 kms_op_generate_data_key },
    { "GenerateDataKeyWithoutPlaintext", kms_op_generate_data_key_without_plaintext },
    { "GenerateRandom",                  kms_op_generate_random },
    { "ReEncrypt",                       kms_op_re_encrypt },
    { "CreateGrant",                     kms_op_absent },
    { "DeriveSharedSecret",              kms_op_absent },
    { "GenerateDataKeyPair",             kms_op_absent },
    { "GenerateDataKeyPairWithoutPlaintext", kms_op_absent },
    { "ImportKeyMaterial",               kms_op_absent },
    { "ReplicateKey",                    kms_op_absent },
    { "UpdatePrimaryRegion",             kms_op_absent },
};
/* clang-format on */

bool kms_refuse(struct kms_exchange *exchange, const char *error, const char *format, ...)
{
    va_list arguments;
    exchange->error = error;
    exchange->has_text = true;
    va_start(arguments, format);
    vsnprintf(exchange->text, sizeof exchange->text, format, arguments);
    va_end(arguments);
    return false;
}

bool kms_refuse_silently(struct kms_exchange *exchange, const char *error)
{
    exchange->error = error;
    exchange->has_text = false;
    return false;
}

/* "TrentService.Decrypt" */
static kms_operation *find_operation(const struct http_head *head, const char **name)
{
    static const struct bytes service = BYTES_INIT("TrentService.");
    struct bytes target, type;
    if (!bytes_equal(head->method, BYTES_LIT("POST")) || !bytes_equal(head->target, BYTES_LIT("/")) ||
        !http_header(head, BYTES_LIT("content-type"), &type) ||
        !text_equal_nocase(type, BYTES_LIT("application/x-amz-json-1.1")) ||
        !http_header(head, BYTES_LIT("x-amz-target"), &target) || !text_starts_with(target, service))
        return NULL;
    const struct bytes operation = { target.data + service.len, target.len - service.len };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (bytes_equal(operation, bytes_of_text(operations[i].name))) {
            *name = operations[i].name;
            return operations[i].run;
        }
    }
    return NULL;
}

static bool run(struct kms_exchange *exchange, const struct http_head *head, struct bytes body)
{
    struct fault why = { 0 };
    kms_operation *operation = find_operation(head, &exchange->operation);
    if (operation == NULL)
        return kms_refuse_silently(exchange, "UnknownOperationException"); /* unverified: that there is no text */
    exchange->state = sim_state_open(exchange->sim->folder, &why);
    if (exchange->state == NULL) {
        snprintf(exchange->note, sizeof exchange->note, "%s", why.text);
        return kms_refuse(exchange, "KMSInternalException", "the state cannot be read");
    }
    if (!kms_authenticate(exchange, head, body))
        return false;
    if (!json_read(body, &exchange->request, &why) || json_kind(exchange->request) != JSON_OBJECT)
        return kms_refuse_silently(exchange, "SerializationException"); /* unverified: that there is no text */
    json_begin_object(&exchange->answer);
    if (!operation(exchange))
        return false;
    json_end_object(&exchange->answer);
    if (exchange->changed && !sim_state_save(exchange->state, &why)) {
        snprintf(exchange->note, sizeof exchange->note, "%s", why.text);
        return kms_refuse(exchange, "KMSInternalException", "the state cannot be kept");
    }
    return true;
}

static void put_refusal(const struct kms_exchange *exchange, struct http_reply *reply)
{
    struct json_writer json = json_writer_of(&reply->body);
    /* Every error seen came with 400, server-side ones excepted. */
    reply->status = strcmp(exchange->error, "KMSInternalException") == 0 ? 500 : 400;
    json_begin_object(&json);
    json_key(&json, "__type");
    json_put_text(&json, exchange->error);
    if (exchange->has_text) {
        json_key(&json, strcmp(exchange->error, "AccessDeniedException") == 0 ? "Message" : "message");
        json_put_text(&json, exchange->text);
    }
    json_end_object(&json);
}

/* What was asked and what came of it; policy notes are what the service would never say. */
static void log_exchange(struct kms_exchange *exchange)
{
    text_make_printable(exchange->note);
    const char *caller = exchange->caller.credentials != NULL ? exchange->caller.session_arn : "somebody unknown";
    const char *operation = exchange->operation != NULL ? exchange->operation : "an unknown operation";
    if (exchange->error == NULL)
        log_line(LOG_LINE_INFO, "kms: %s by %s: done", operation, caller);
    else
        log_line(LOG_LINE_WARN, "kms: %s by %s: %s%s%s", operation, caller, exchange->error,
                 exchange->note[0] != '\0' ? ": " : "", exchange->note);
}

void kms_sim_handle(void *context, const struct http_head *head, struct bytes body, struct http_reply *reply)
{
    struct kms_sim *sim = context;
    uint8_t *memory = malloc(ARENA_BYTES), id[16];
    must(memory != NULL && RAND_bytes(id, sizeof id) == 1);
    struct arena arena = arena_of(memory, ARENA_BYTES);
    struct kms_exchange *exchange = calloc(1, sizeof *exchange);
    must(exchange != NULL);
    exchange->sim = sim;
    exchange->arena = &arena;
    exchange->utc_ms = sim->utc_ms();
    exchange->has_body = true;
    exchange->answer = json_writer_of(&reply->body);

    reply->content_type = "application/x-amz-json-1.1";
    snprintf(reply->headers, sizeof reply->headers,
             "x-amzn-RequestId: %02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x\r\n", id[0], id[1],
             id[2], id[3], id[4], id[5], id[6] & 15, id[7], id[8] & 15, id[9], id[10], id[11], id[12], id[13], id[14],
             id[15]);
    const bool done = run(exchange, head, body);
    if (!done || !exchange->has_body)
        reply->body = writer_of(reply->body.data, reply->body.cap);
    if (!done)
        put_refusal(exchange, reply);
    log_exchange(exchange);
    sim_state_close(exchange->state);
    free(exchange);
    free(memory);
}
