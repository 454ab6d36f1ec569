#include "dev/imds_sim.h"

#include "core/base/text.h"
#include "core/codec/json.h"
#include "core/crypto/hmac.h"
#include "dev/sim_state.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    TOKEN_S_MAX = 21600,
    TOKEN_BYTES = 8 + 32,       /* the second at which it ends, big endian, and its MAC */
    TOKEN_TEXT = 56,            /* in base64 */
    CREDENTIALS_S = 6 * 3600,   /* as an instance role's last */
    CREDENTIALS_SPARE_S = 3600, /* new ones before the old run out */
    ISO_DATE = 21,              /* 2026-11-22T15:00:00Z and the NUL */
};

void imds_sim_start(struct imds_sim *imds)
{
    must(RAND_bytes(imds->key, sizeof imds->key) == 1);
}

static void token_make(const struct imds_sim *imds, uint64_t ends_s, uint8_t token[static TOKEN_BYTES])
{
    struct secret32 mac WIPED;
    struct writer out = writer_of(token, TOKEN_BYTES);
    writer_be(&out, ends_s, 8);
    hmac_sha256(BYTES_OF(imds->key), (struct bytes){ token, 8 }, &mac);
    writer_put(&out, BYTES_OF(mac.bytes));
}

static bool token_ok(const struct imds_sim *imds, const struct http_head *head)
{
    struct bytes text;
    uint8_t given[TOKEN_BYTES], wanted[TOKEN_BYTES];
    size_t len = 0;
    if (!http_header(head, BYTES_LIT("x-aws-ec2-metadata-token"), &text) ||
        !text_read_base64(text, given, sizeof given, &len) || len != sizeof given)
        return false;
    struct reader in = reader_of(BYTES_OF(given));
    const uint64_t ends_s = reader_be(&in, 8);
    token_make(imds, ends_s, wanted);
    return secret_equal(BYTES_OF(given), BYTES_OF(wanted)) && ends_s > imds->utc_ms() / 1000;
}

static void give_token(const struct imds_sim *imds, const struct http_head *head, struct http_reply *reply)
{
    struct bytes text;
    uint64_t seconds = 0;
    if (!http_header(head, BYTES_LIT("x-aws-ec2-metadata-token-ttl-seconds"), &text) ||
        !text_read_uint(text, &seconds) || seconds < 1 || seconds > TOKEN_S_MAX) {
        reply->status = 400;
        return;
    }
    uint8_t token[TOKEN_BYTES];
    token_make(imds, imds->utc_ms() / 1000 + seconds, token);
    text_put_base64(&reply->body, BYTES_OF(token));
    snprintf(reply->headers, sizeof reply->headers, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: %u\r\n", (unsigned)seconds);
}

static void iso_date(uint64_t utc_s, char date[static ISO_DATE])
{
    struct tm parts;
    const time_t seconds = (time_t)utc_s;
    gmtime_r(&seconds, &parts);
    must(strftime(date, ISO_DATE, "%Y-%m-%dT%H:%M:%SZ", &parts) == ISO_DATE - 1);
}

static void put_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_put_text(json, text);
}

static void put_credentials(struct writer *out, const struct sim_credentials *credentials)
{
    char issued[ISO_DATE], expires[ISO_DATE];
    iso_date(credentials->issued_s, issued);
    iso_date(credentials->expires_s, expires);
    struct json_writer json = json_writer_of(out);
    json_begin_object(&json);
    put_text(&json, "Code", "Success");
    put_text(&json, "LastUpdated", issued);
    put_text(&json, "Type", "AWS-HMAC");
    put_text(&json, "AccessKeyId", credentials->access_key_id);
    put_text(&json, "SecretAccessKey", credentials->secret);
    put_text(&json, "Token", credentials->token);
    put_text(&json, "Expiration", expires);
    json_end_object(&json);
}

static bool give_credentials(const struct imds_sim *imds, struct http_reply *reply)
{
    struct fault why = { 0 };
    const uint64_t now_s = imds->utc_ms() / 1000;
    struct sim_state *state = sim_state_open(imds->folder, &why);
    const struct sim_credentials *credentials = NULL;
    if (state != NULL)
        credentials = sim_credentials_of_role(state, imds->role, now_s, CREDENTIALS_SPARE_S);
    if (state != NULL && credentials == NULL) {
        credentials = sim_credentials_issue(state, imds->role, imds->instance_id, CREDENTIALS_S, now_s, &why);
        if (credentials != NULL && !sim_state_save(state, &why))
            credentials = NULL;
    }
    if (credentials != NULL)
        put_credentials(&reply->body, credentials);
    sim_state_close(state);
    return credentials != NULL;
}

static void put_identity(const struct imds_sim *imds, struct writer *out)
{
    char zone[64];
    struct json_writer json = json_writer_of(out);
    snprintf(zone, sizeof zone, "%sa", imds->region);
    json_begin_object(&json);
    put_text(&json, "architecture", "x86_64");
    put_text(&json, "availabilityZone", zone);
    put_text(&json, "instanceId", imds->instance_id);
    put_text(&json, "region", imds->region);
    put_text(&json, "version", "2017-09-30");
    json_end_object(&json);
}

static void give_document(const struct imds_sim *imds, struct bytes path, struct http_reply *reply)
{
    static const struct bytes roles = BYTES_INIT("/latest/meta-data/iam/security-credentials/");
    if (bytes_equal(path, roles) || bytes_equal(path, (struct bytes){ roles.data, roles.len - 1 })) {
        writer_text(&reply->body, imds->role);
    } else if (text_starts_with(path, roles) &&
               bytes_equal((struct bytes){ path.data + roles.len, path.len - roles.len }, bytes_of_text(imds->role))) {
        reply->status = give_credentials(imds, reply) ? 200 : 500;
    } else if (bytes_equal(path, BYTES_LIT("/latest/dynamic/instance-identity/document"))) {
        put_identity(imds, &reply->body);
    } else if (bytes_equal(path, BYTES_LIT("/latest/meta-data/placement/region"))) {
        writer_text(&reply->body, imds->region);
    } else if (bytes_equal(path, BYTES_LIT("/latest/meta-data/placement/availability-zone")) ||
               bytes_equal(path, BYTES_LIT("/latest/meta-data/placement/availability-zone/"))) {
        writer_text(&reply->body, imds->region);
        writer_text(&reply->body, "a");
    } else if (bytes_equal(path, BYTES_LIT("/latest/meta-data/instance-id"))) {
        writer_text(&reply->body, imds->instance_id);
    } else {
        reply->status = 404;
    }
}

/* By hand: a header that stands there twice must count too. */
static bool was_forwarded(const struct http_head *head)
{
    for (size_t i = 0; i < head->header_count; i++) {
        if (text_equal_nocase(head->headers[i].name, BYTES_LIT("x-forwarded-for")))
            return true;
    }
    return false;
}

void imds_sim_handle(void *context, const struct http_head *head, struct bytes body, struct http_reply *reply)
{
    const struct imds_sim *imds = context;
    (void)body;
    /* unverified: that the service refuses these, and with which status */
    if (was_forwarded(head))
        reply->status = 403;
    else if (bytes_equal(head->method, BYTES_LIT("PUT")) && bytes_equal(head->target, BYTES_LIT("/latest/api/token")))
        give_token(imds, head, reply);
    else if (!bytes_equal(head->method, BYTES_LIT("GET")))
        reply->status = 405;
    else if (!token_ok(imds, head))
        reply->status = 401;
    else
        give_document(imds, head->target, reply);
}
