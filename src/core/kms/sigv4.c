#include "core/kms/sigv4.h"

#include "core/base/fault.h"
#include "core/base/text.h"
#include "core/crypto/hmac.h"
#include "core/crypto/sha2.h"

#include <string.h>

enum { HEX_OF_SHA256 = 64, DAY = 8 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

static bool is_graphic(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    return true;
}

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Order of the lower-case names. */
static int compare_names(struct bytes a, struct bytes b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return lower(a.data[i]) < lower(b.data[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

static void put_lower(struct writer *out, struct bytes name)
{
    if (name.len == 0 || !is_graphic(name))
        writer_fail(out);
    for (size_t i = 0; i < name.len; i++)
        writer_u8(out, lower(name.data[i]));
}

static void put_value(struct writer *out, struct bytes value)
{
    bool pending_space = false, begun = false;
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.data[i];
        if (is_control(c))
            writer_fail(out);
        if (c == ' ' || c == '\t') {
            pending_space = begun;
            continue;
        }
        if (pending_space)
            writer_u8(out, ' ');
        writer_u8(out, c);
        begun = true;
        pending_space = false;
    }
}

struct order {
    uint8_t indices[HTTP_HEADERS_MAX];
    size_t count;
};

/* Stable, so that values of one name stay in order of arrival. */
static struct order sorted(const struct sigv4_request *request)
{
    struct order order = { .count = request->header_count };
    for (size_t i = 0; i < order.count; i++) {
        size_t at = i;
        while (at > 0 && compare_names(request->headers[order.indices[at - 1]].name, request->headers[i].name) > 0) {
            order.indices[at] = order.indices[at - 1];
            at--;
        }
        order.indices[at] = (uint8_t)i;
    }
    return order;
}

static bool repeats(const struct sigv4_request *request, const struct order *order, size_t at)
{
    return at > 0 &&
           compare_names(request->headers[order->indices[at - 1]].name, request->headers[order->indices[at]].name) == 0;
}

static void put_headers(struct writer *out, const struct sigv4_request *request, const struct order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct http_header *header = &request->headers[order->indices[i]];
        if (repeats(request, order, i)) {
            writer_u8(out, ',');
        } else {
            if (i > 0)
                writer_u8(out, '\n');
            put_lower(out, header->name);
            writer_u8(out, ':');
        }
        put_value(out, header->value);
    }
    writer_text(out, "\n\n");
}

static void put_names(struct writer *out, const struct sigv4_request *request, const struct order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        if (repeats(request, order, i))
            continue;
        if (i > 0)
            writer_u8(out, ';');
        put_lower(out, request->headers[order->indices[i]].name);
    }
}

static void put_line(struct writer *out, struct bytes text)
{
    if (!is_graphic(text))
        writer_fail(out);
    writer_put(out, text);
    writer_u8(out, '\n');
}

void sigv4_put_canonical_request(struct writer *out, const struct sigv4_request *request)
{
    if (request->header_count == 0 || request->header_count > HTTP_HEADERS_MAX) {
        writer_fail(out);
        return;
    }
    const struct order order = sorted(request);
    const struct hash32 body = sha256(request->body);
    put_line(out, request->method);
    put_line(out, request->path);
    put_line(out, request->query);
    put_headers(out, request, &order);
    put_names(out, request, &order);
    writer_u8(out, '\n');
    text_put_hex(out, BYTES_OF(body.bytes));
}

static void put_scope(struct writer *out, const struct sigv4_request *request)
{
    writer_put(out, (struct bytes){ request->date.data, DAY });
    writer_u8(out, '/');
    writer_put(out, request->region);
    writer_u8(out, '/');
    writer_put(out, request->service);
    writer_text(out, "/aws4_request");
}

static bool date_ok(struct bytes date)
{
    if (date.len != SIGV4_DATE)
        return false;
    for (size_t i = 0; i < SIGV4_DATE; i++) {
        const bool digit = date.data[i] >= '0' && date.data[i] <= '9';
        if (i == DAY ? date.data[i] != 'T' : i == SIGV4_DATE - 1 ? date.data[i] != 'Z' : !digit)
            return false;
    }
    return true;
}

static bool scope_part_ok(struct bytes part)
{
    for (size_t i = 0; i < part.len; i++) {
        const uint8_t c = lower(part.data[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return part.len > 0 && part.len < SIGV4_SCOPE_MAX / 3;
}

static void hash_chunk(void *context, struct bytes chunk)
{
    struct sha256_state *state = (struct sha256_state *)context;
    sha256_add(state, chunk);
}

bool sigv4_put_string_to_sign(struct writer *out, const struct sigv4_request *request)
{
    if (!date_ok(request->date) || !scope_part_ok(request->region) || !scope_part_ok(request->service))
        return false;

    uint8_t buffer[512]; /* the session token, a header, passes through */
    struct sha256_state state = sha256_start();
    struct writer canonical = writer_of(buffer, sizeof buffer);
    canonical.drain = hash_chunk;
    canonical.context = &state;
    sigv4_put_canonical_request(&canonical, request);
    struct bytes last;
    const bool whole = writer_done(&canonical, &last);
    const struct hash32 digest = sha256_end(&state);
    wipe(buffer, sizeof buffer);
    if (!whole)
        return false;

    writer_text(out, algorithm);
    writer_u8(out, '\n');
    writer_put(out, request->date);
    writer_u8(out, '\n');
    put_scope(out, request);
    writer_u8(out, '\n');
    text_put_hex(out, BYTES_OF(digest.bytes));
    return !out->failed;
}

static void derive_key(const struct sigv4_request *request, const struct secret_text *secret, struct secret32 *key)
{
    static const char prefix[] = "AWS4";
    WIPED_TEXT struct secret_text first = { 0 };
    must(secret->len <= SECRET_TEXT_MAX - strlen(prefix));
    memcpy(first.bytes, prefix, strlen(prefix));
    memcpy(first.bytes + strlen(prefix), secret->bytes, secret->len);
    first.len = strlen(prefix) + secret->len;

    const struct bytes day = { request->date.data, DAY };
    WIPED struct secret32 of_day, of_region, of_service;
    hmac_sha256(secret_text_view(&first), day, &of_day);
    hmac_sha256(BYTES_OF(of_day.bytes), request->region, &of_region);
    hmac_sha256(BYTES_OF(of_region.bytes), request->service, &of_service);
    hmac_sha256(BYTES_OF(of_service.bytes), BYTES_LIT("aws4_request"), key);
}

bool sigv4_sign(const struct sigv4_request *request, const struct secret_text *secret_access_key,
                char signature[static 65])
{
    uint8_t buffer[SIGV4_STRING_TO_SIGN_MAX];
    struct writer string = writer_of(buffer, sizeof buffer);
    struct bytes to_sign;
    if (secret_access_key->len > SECRET_TEXT_MAX - 4 || !sigv4_put_string_to_sign(&string, request) ||
        !writer_done(&string, &to_sign))
        return false;

    WIPED struct secret32 key, mac;
    derive_key(request, secret_access_key, &key);
    hmac_sha256(BYTES_OF(key.bytes), to_sign, &mac);
    struct writer hex = writer_of((uint8_t *)signature, HEX_OF_SHA256);
    text_put_hex(&hex, BYTES_OF(mac.bytes));
    must(!hex.failed);
    signature[HEX_OF_SHA256] = '\0';
    return true;
}

bool sigv4_put_authorization(struct writer *out, const struct sigv4_request *request,
                             const struct aws_credentials *credentials)
{
    char signature[HEX_OF_SHA256 + 1];
    if (!sigv4_sign(request, &credentials->secret_access_key, signature))
        return false;
    const struct order order = sorted(request);
    writer_text(out, algorithm);
    writer_text(out, " Credential=");
    writer_text(out, credentials->access_key_id);
    writer_u8(out, '/');
    put_scope(out, request);
    writer_text(out, ", SignedHeaders=");
    put_names(out, request, &order);
    writer_text(out, ", Signature=");
    writer_text(out, signature);
    return !out->failed;
}
