#include "dev/nsm_sim.h"

#include "core/base/text.h"
#include "dev/clock.h"
#include "io/stream.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum {
    RANDOM_LEN = 256,             /* what hardware gives for one GetRandom */
    FIELD_MAX = 1024,             /* AWS's hardware test sends this much of each and expects success (FACTS A.4) */
    CLIENT_MS = 24 * 3600 * 1000, /* an enclave keeps its device open for as long as it lives */
    ANSWER_MS = 10000,
};

struct hash48 nsm_pcr_extend(const struct hash48 *old, struct bytes data)
{
    uint8_t joined[sizeof old->bytes + NSM_REQUEST_MAX];
    must(data.len <= NSM_REQUEST_MAX);
    memcpy(joined, old->bytes, sizeof old->bytes);
    if (data.len > 0)
        memcpy(joined + sizeof old->bytes, data.data, data.len);
    return sha384((struct bytes){ joined, sizeof old->bytes + data.len });
}

struct hash48 nsm_pcr_of_text(struct bytes text)
{
    return nsm_pcr_extend(&(struct hash48){ { 0 } }, text);
}

struct hash48 nsm_pcr_of_content(struct bytes content)
{
    const struct hash48 digest = sha384(content);
    return nsm_pcr_of_text(BYTES_OF(digest.bytes));
}

static bool set_names(const struct nsm_plan *plan, struct nsm_device *device, struct fault *why)
{
    const char *module_id = plan->module_id != NULL ? plan->module_id : "i-0e5160000000051e0-enc0190e51651e51e51";
    const char *enclave = strstr(module_id, "-enc");
    const size_t instance_len = enclave != NULL ? (size_t)(enclave - module_id) : 0;
    if (instance_len == 0 || instance_len >= sizeof device->instance_id || strlen(module_id) > NSM_MODULE_ID_MAX)
        return fault_set(why, FAULT_INPUT, "module id \"%.40s\" (want i-<17 hex digits>-enc<16 hex digits>)",
                         module_id);
    if (strlen(plan->region) >= sizeof device->region)
        return fault_set(why, FAULT_INPUT, "region \"%.40s\" is too long", plan->region);
    snprintf(device->module_id, sizeof device->module_id, "%s", module_id);
    snprintf(device->instance_id, sizeof device->instance_id, "%.*s", (int)instance_len, module_id);
    snprintf(device->region, sizeof device->region, "%s", plan->region);
    return true;
}

bool nsm_device_open(const struct nsm_plan *plan, uint64_t utc_ms, struct nsm_device *device, struct fault *why)
{
    *device = (struct nsm_device){ 0 };
    if (!set_names(plan, device, why))
        return false;
    if (plan->role_arn != NULL)
        device->pcrs[3] = nsm_pcr_of_text(bytes_of_text(plan->role_arn));
    device->pcrs[4] = nsm_pcr_of_text(bytes_of_text(device->instance_id));
    for (size_t i = 0; i < NSM_BOOT_PCRS; i++) {
        device->locked[i] = true;
        const struct optional_bytes given = plan->pcrs[i];
        if (given.present && given.bytes.len != sizeof device->pcrs[i].bytes)
            return fault_set(why, FAULT_INPUT, "PCR%zu of %zu bytes (want 48)", i, given.bytes.len);
        if (given.present)
            memcpy(device->pcrs[i].bytes, given.bytes.data, sizeof device->pcrs[i].bytes);
    }
    pthread_mutex_init(&device->mutex, NULL);
    return nsm_pki_open(plan->folder, utc_ms / 1000, &device->pki, why);
}

void nsm_device_close(struct nsm_device *device)
{
    nsm_pki_free(&device->pki);
    pthread_mutex_destroy(&device->mutex);
}

/* The name of the error, or NULL: then `response` is filled. Data of the response point into `buffer`. */
static const char *attest(struct nsm_device *device, const struct nsm_request *request, uint64_t utc_ms,
                          struct writer *buffer, struct nsm_response *response)
{
    if (request->user_data.bytes.len > FIELD_MAX || request->nonce.bytes.len > FIELD_MAX ||
        request->public_key.bytes.len > FIELD_MAX)
        return "InputTooLarge";
    if (request->public_key.present && request->public_key.bytes.len == 0)
        return "InvalidArgument";
    struct fault why = { 0 };
    const struct nsm_names names = { device->region, device->instance_id, device->module_id };
    /* A certificate that begins at this very second would be refused by a clock one second behind. */
    if (!nsm_pki_renew(&device->pki, &names, utc_ms / 1000 - 3, &why))
        return "InternalError";
    struct nsm_document document = { .module_id = bytes_of_text(device->module_id),
                                     .timestamp_ms = utc_ms,
                                     .certificate = identity_der(&device->pki.chain[NSM_LEAF]),
                                     .cabundle_count = NSM_LEAF,
                                     .public_key = request->public_key,
                                     .user_data = request->user_data,
                                     .nonce = request->nonce };
    memcpy(document.pcrs, device->pcrs, sizeof document.pcrs);
    memcpy(document.locked, device->locked, sizeof document.locked);
    for (size_t i = 0; i < NSM_LEAF; i++)
        document.cabundle[i] = identity_der(&device->pki.chain[i]);
    if (!nsm_document_put(buffer, &document, device->pki.chain[NSM_LEAF].key, &why))
        return why.code == FAULT_LIMIT ? "InputTooLarge" : "InternalError";
    return writer_done(buffer, &response->data) ? NULL : "InternalError";
}

static const char *lock(struct nsm_device *device, uint16_t index)
{
    if (index >= NSM_PCR_COUNT)
        return "InvalidIndex";
    if (device->locked[index])
        return "ReadOnlyIndex";
    device->locked[index] = true;
    return NULL;
}

static const char *extend(struct nsm_device *device, const struct nsm_request *request, struct nsm_response *response)
{
    if (request->index >= NSM_PCR_COUNT)
        return "InvalidIndex";
    if (device->locked[request->index])
        return "ReadOnlyIndex";
    struct hash48 *pcr = &device->pcrs[request->index];
    *pcr = nsm_pcr_extend(pcr, request->data);
    response->data = BYTES_OF(pcr->bytes);
    return NULL;
}

static void describe(const struct nsm_device *device, struct nsm_response *response)
{
    response->version_major = 1;
    response->max_pcrs = NSM_PCR_COUNT;
    response->module_id = bytes_of_text(device->module_id);
    response->digest = BYTES_LIT("SHA384");
    for (uint16_t i = 0; i < NSM_PCR_COUNT; i++) {
        if (device->locked[i])
            response->locked_pcrs[response->locked_count++] = i;
    }
}

static const char *act(struct nsm_device *device, const struct nsm_request *request, uint64_t utc_ms,
                       struct writer *buffer, struct nsm_response *response)
{
    switch (request->operation) {
    case NSM_DESCRIBE_NSM:
        describe(device, response);
        return NULL;
    case NSM_GET_RANDOM:
        if (RAND_bytes(buffer->data, RANDOM_LEN) != 1)
            return "InternalError";
        response->data = (struct bytes){ buffer->data, RANDOM_LEN };
        return NULL;
    case NSM_DESCRIBE_PCR:
        if (request->index >= NSM_PCR_COUNT)
            return "InvalidIndex";
        response->lock = device->locked[request->index];
        response->data = BYTES_OF(device->pcrs[request->index].bytes);
        return NULL;
    case NSM_EXTEND_PCR:
        return extend(device, request, response);
    case NSM_LOCK_PCR:
        return lock(device, request->index);
    case NSM_LOCK_PCRS: /* the range that ends before `index`; what is locked already stays so */
        if (request->index > NSM_PCR_COUNT)
            return "InvalidIndex";
        for (size_t i = 0; i < request->index; i++)
            device->locked[i] = true;
        return NULL;
    case NSM_ATTESTATION:
        return attest(device, request, utc_ms, buffer, response);
    }
    return "InvalidOperation";
}

void nsm_device_answer(struct nsm_device *device, struct bytes request, uint64_t utc_ms, struct writer *response)
{
    struct nsm_request read;
    struct fault why = { 0 };
    if (request.len > NSM_REQUEST_MAX) {
        nsm_put_error(response, "InputTooLarge");
        return;
    }
    if (!nsm_read_request(request, &read, &why)) {
        nsm_put_error(response, "InvalidOperation");
        return;
    }
    uint8_t buffer[NSM_DOCUMENT_CAP];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct nsm_response made = { .operation = read.operation };
    pthread_mutex_lock(&device->mutex);
    const char *error = act(device, &read, utc_ms, &out, &made);
    if (error != NULL)
        nsm_put_error(response, error);
    else
        nsm_put_response(response, &made);
    pthread_mutex_unlock(&device->mutex);
}

void nsm_device_serve(struct nsm_device *device, int fd)
{
    struct fault why = { 0 };
    uint8_t header[4], request[NSM_REQUEST_MAX], framed[4 + NSM_RESPONSE_MAX];
    while (stream_read(fd, header, sizeof header, io_now_ms() + CLIENT_MS, &why)) {
        struct reader in = reader_of(BYTES_OF(header));
        const size_t len = (size_t)reader_be(&in, sizeof header);
        struct writer out = writer_of(framed + 4, sizeof framed - 4);
        struct bytes answer;
        if (len > sizeof request) { /* the rest cannot be told from a next request */
            nsm_put_error(&out, "InputTooLarge");
        } else {
            if (!stream_read(fd, request, len, io_now_ms() + ANSWER_MS, &why))
                return;
            nsm_device_answer(device, (struct bytes){ request, len }, clock_utc_ms(), &out);
        }
        if (!writer_done(&out, &answer)) {
            out = writer_of(framed + 4, sizeof framed - 4);
            nsm_put_error(&out, "InternalError");
            if (!writer_done(&out, &answer))
                return;
        }
        struct writer length = writer_of(framed, 4);
        writer_be(&length, answer.len, 4);
        if (!stream_write(fd, (struct bytes){ framed, 4 + answer.len }, io_now_ms() + ANSWER_MS, &why) ||
            len > sizeof request)
            return;
    }
}
