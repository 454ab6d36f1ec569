#include "parent/provisioner_round.h"

#include "core/base/secret.h"
#include "core/base/text.h"
#include "io/stream.h"
#include "parent/credentials.h"

#include <string.h>
#include <unistd.h>

/* One connection and the time it may take. */
struct call {
    struct provisioner_config *config;
    int fd;
    uint64_t deadline_ms;
};

uint64_t provisioner_renews_in_ms(const struct provisioner *provisioner)
{
    const uint64_t half_s = provisioner->lease_s / 2;
    if (provisioner->lease_ends == 0)
        return UINT64_MAX;
    /* A lease whose length nobody has told is renewed at once, which tells it. */
    if (provisioner->lease_s == 0 || provisioner->left_s < half_s)
        return 0;
    const uint64_t over_s = provisioner->left_s - half_s; /* whole seconds are told: half is gone when less are left */
    return over_s < UINT64_MAX / 1000 ? (over_s + 1) * 1000 : UINT64_MAX;
}

static enum exit_code send_call(const struct call *call, struct json *result, struct fault *why)
{
    struct signer_client *const client = &call->config->client;
    struct bytes request;
    enum exit_code code = EXIT_CODE_INPUT;
    if (signer_end(client, &request, why))
        code = signer_ask(client, call->fd, request, call->deadline_ms, result, why);
    signer_abandon(client);
    return code;
}

/* What the signer says of itself, unproved. */
static enum exit_code look(const struct call *call, struct provisioner *provisioner, bool *holds, struct fault *why)
{
    struct json status;
    (void)signer_begin(&call->config->client, "status");
    const enum exit_code code = send_call(call, &status, why);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct json lease = json_member(status, BYTES_LIT("lease"));
    if (!json_bool(json_member(status, BYTES_LIT("provisioned")), holds) ||
        (json_kind(lease) == JSON_OBJECT &&
         (!json_u64(json_member(lease, BYTES_LIT("seconds_left")), &provisioner->left_s) ||
          !json_u64(json_member(lease, BYTES_LIT("expires")), &provisioner->lease_ends)))) {
        (void)fault_set(why, FAULT_REMOTE, "what answered is no signer: its status lacks provisioned or lease");
        return EXIT_CODE_UNREACHED;
    }
    if (json_kind(lease) != JSON_OBJECT)
        provisioner->lease_s = provisioner->left_s = provisioner->lease_ends = 0;
    return EXIT_CODE_DONE;
}

/* An empty signer may be about to get its policy from us; a signer that holds a key must have the one we know of. */
static void set_demands(struct provisioner_config *config, const struct user_data *data)
{
    struct signer_demands *const signer = &config->plan.signer;
    const bool is_empty = data->address.len == 0;
    signer->address = is_empty ? (struct bytes){ NULL, 0 } : bytes_of_text(config->plan.address);
    signer->policy_sha256 = data->policy_sha256;
    if (config->knows_policy && !(is_empty && data->policy_sha256.len == 0))
        signer->policy_sha256 = bytes_of_text(config->plan.digest.text);
}

static bool judge_signer(struct provisioner_config *config, struct judge_report *report, struct user_data *data,
                         struct fault *why)
{
    struct verify_plan *const plan = &config->plan;
    plan->demands.nonce =
        (struct optional_bytes){ .present = true, .bytes = { plan->evidence.nonce, plan->evidence.nonce_len } };
    verify_plan_now(plan);
    (void)judge(evidence_document(&plan->evidence), &plan->demands, report);
    *data = (struct user_data){ .bare = false };
    if (report->genuine && report->doc.user_data.present && user_data_read(report->doc.user_data.bytes, data, why))
        set_demands(config, data);
    const bool states = signer_judge(&plan->signer, report, data);
    if (report->believed && states)
        return true;
    const struct judge_check *const wrong = judge_first_failure(report);
    must(wrong != NULL);
    return fault_set(why, FAULT_POLICY, "this is not the signer that is meant, and it gets no credentials: %s: %s",
                     wrong->name, wrong->found);
}

static enum exit_code attest(const struct call *call, struct provisioner *provisioner, bool *holds,
                             uint64_t *attested_ms, struct fault *why)
{
    static struct judge_report report;
    struct user_data data;
    struct json result;
    evidence_begin(&call->config->client, &call->config->plan.evidence);
    enum exit_code code = send_call(call, &result, why);
    if (code == EXIT_CODE_DONE)
        code = evidence_take(result, &call->config->plan.evidence, why);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!judge_signer(call->config, &report, &data, why))
        return EXIT_CODE_REFUSED;
    *holds = data.address.len > 0;
    *attested_ms = report.doc.timestamp_ms;
    provisioner->policy = (struct digest_text){ .text = "" };
    if (data.policy_sha256.len == sizeof provisioner->policy.text - 1)
        memcpy(provisioner->policy.text, data.policy_sha256.data, data.policy_sha256.len);
    else if (call->config->knows_policy)
        provisioner->policy = call->config->plan.digest; /* that it is about to get */
    return EXIT_CODE_DONE;
}

static bool holds_piece_of(const char *text, const struct secret_text *secret)
{
    enum { PIECE = 12 };
    const struct bytes all = secret_text_view(secret);
    for (size_t i = 0; all.len >= PIECE && i <= all.len - PIECE; i++)
        if (memmem(text, strlen(text), all.data + i, PIECE) != NULL)
            return true;
    return false;
}

/* A refusal's text is the peer's, and goes to a log that others read than may read the credentials. */
static void keep_secret(const struct aws_credentials *credentials, struct fault *why)
{
    if (holds_piece_of(why->text, &credentials->secret_access_key) ||
        holds_piece_of(why->text, &credentials->session_token))
        (void)fault_set(why, why->code,
                        "the signer refused, and a credential stands in its message, which is not repeated");
}

static void take_answer(struct json answer, uint64_t attested_ms, struct provisioner *provisioner)
{
    struct bytes digest;
    uint8_t read[sizeof(struct hash32)];
    uint64_t ends = 0;
    provisioner->warning_count = json_count(json_member(answer, BYTES_LIT("warnings")));
    provisioner->lease_s = provisioner->left_s = provisioner->lease_ends = 0;
    if (json_u64(json_member(answer, BYTES_LIT("lease_expires")), &ends) && ends > attested_ms / 1000) {
        provisioner->lease_ends = ends;
        provisioner->lease_s = provisioner->left_s = ends - attested_ms / 1000;
    }
    /* Of a flat policy nobody has told the digest before. */
    if (provisioner->policy.text[0] == '\0' &&
        json_plain_string(json_member(answer, BYTES_LIT("policy_sha256")), &digest) && digest.len == 2 * sizeof read &&
        text_read_hex(digest, read))
        memcpy(provisioner->policy.text, digest.data, digest.len);
}

static enum exit_code provision(const struct call *call, struct provisioner *provisioner, uint64_t attested_ms,
                                struct fault *why)
{
    struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
    struct provisioner_config *const config = call->config;
    struct json answer;
    const char *source;
    if (!credentials_find(CREDENTIALS_TEMPORARY, &credentials, &source, why))
        return EXIT_CODE_INPUT;
    struct json_writer *const params = signer_begin(&config->client, "provision");
    if (!provision_params_put(params, &config->file.arguments, &config->order, &credentials, why)) {
        signer_abandon(&config->client);
        return EXIT_CODE_INPUT;
    }
    const enum exit_code code = send_call(call, &answer, why);
    if (code == EXIT_CODE_DONE)
        take_answer(answer, attested_ms, provisioner);
    else
        keep_secret(&credentials, why);
    return code;
}

static enum exit_code act(const struct call *call, struct provisioner *provisioner, enum round_event *event,
                          struct fault *why)
{
    bool holds = false;
    uint64_t attested_ms = 0;
    enum exit_code code = look(call, provisioner, &holds, why);
    if (code != EXIT_CODE_DONE)
        return code;
    *event = ROUND_HOLDS;
    if (holds && provisioner->is_known && provisioner_renews_in_ms(provisioner) > 0)
        return EXIT_CODE_DONE;
    code = attest(call, provisioner, &holds, &attested_ms, why);
    if (code != EXIT_CODE_DONE)
        return code;
    const bool has_lease = provisioner->lease_ends != 0;
    *event = !holds ? ROUND_PROVISIONED : has_lease ? ROUND_RENEWED : ROUND_FOUND;
    if (*event != ROUND_FOUND)
        code = provision(call, provisioner, attested_ms, why);
    return code;
}

enum exit_code provisioner_round(struct provisioner *provisioner, struct provisioner_config *config,
                                 enum round_event *event, struct fault *why)
{
    struct call call = { .config = config, .deadline_ms = io_now_ms() + config->client.timeout_ms };
    call.fd = endpoint_connect(&config->client.endpoint, call.deadline_ms, why);
    if (call.fd < 0) {
        provisioner->is_known = false;
        return EXIT_CODE_UNREACHED;
    }
    const enum exit_code code = act(&call, provisioner, event, why);
    (void)close(call.fd);
    provisioner->is_known = code == EXIT_CODE_DONE;
    return code;
}
