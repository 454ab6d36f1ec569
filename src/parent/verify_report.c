#include "parent/verify_report.h"

#include "core/base/text.h"
#include "parent/json_pretty.h"
#include "parent/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPORT_MAX = 1 << 16 };

static const char chain_only_note[] =
    "only form, chain, times and signature were judged: some Nitro enclave made this document, whose is not said";

struct verify_time verify_time_text(uint64_t utc_ms)
{
    struct verify_time found = { "" };
    const time_t seconds = (time_t)(utc_ms / 1000);
    struct tm utc;
    if (utc_ms / 1000 > INT32_MAX * (uint64_t)64 || gmtime_r(&seconds, &utc) == NULL ||
        strftime(found.text, sizeof found.text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        (void)snprintf(found.text, sizeof found.text, "a time far away");
    return found;
}

static void put_optional(struct json_writer *json, const char *name, struct optional_bytes field)
{
    json_key(json, name);
    if (field.present)
        json_put_hex(json, field.bytes);
    else
        json_put_null(json);
}

static void put_document(struct json_writer *json, const struct attestation_doc *doc)
{
    char name[8];
    json_key(json, "document");
    json_begin_object(json);
    json_key(json, "module_id");
    json_put_string(json, doc->module_id);
    put_optional(json, "nonce", doc->nonce);
    json_key(json, "pcrs");
    json_begin_object(json);
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        if (doc->pcrs[i].len == 0)
            continue;
        (void)snprintf(name, sizeof name, "%zu", i);
        json_key(json, name);
        json_put_digest(json, doc->pcrs[i]);
    }
    json_end_object(json);
    put_optional(json, "public_key", doc->public_key);
    json_key(json, "timestamp_ms");
    json_put_uint(json, doc->timestamp_ms);
    json_key(json, "user_data");
    if (doc->user_data.present && text_is_printable(doc->user_data.bytes))
        json_put_string(json, doc->user_data.bytes);
    else if (doc->user_data.present)
        json_put_hex(json, doc->user_data.bytes);
    else
        json_put_null(json);
    json_end_object(json);
}

static void put_json(const struct verify_plan *plan, const struct judge_report *report)
{
    const size_t cap = REPORT_MAX + 2 * plan->image.settings.text.len;
    uint8_t *room = malloc(cap);
    struct writer out = writer_of(room, room == NULL ? 0 : cap);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    json_begin_object(&json);
    json_key(&json, "believed");
    json_put_bool(&json, report->believed);
    json_key(&json, "chain_only");
    json_put_bool(&json, plan->chain_only);
    json_key(&json, "checks");
    json_begin_array(&json);
    for (size_t i = 0; i < report->count; i++) {
        json_begin_object(&json);
        json_key(&json, "check");
        json_put_text(&json, report->checks[i].name);
        json_key(&json, "found");
        json_put_text(&json, report->checks[i].found);
        json_key(&json, "ok");
        json_put_bool(&json, report->checks[i].ok);
        json_end_object(&json);
    }
    json_end_array(&json);
    if (report->genuine)
        put_document(&json, &report->doc);
    json_key(&json, "freshness_shown");
    json_put_bool(&json, report->genuine && !plan->stored && plan->demands.nonce.present);
    if (plan->has_image && json_kind(plan->image.settings) == JSON_OBJECT) {
        json_key(&json, "image_settings");
        json_put_json(&json, plan->image.settings);
    } else if (plan->has_image) {
        json_key(&json, "image_settings_missing");
        json_put_text(&json, plan->image.no_settings);
    }
    if (plan->chain_only) {
        json_key(&json, "note");
        json_put_text(&json, chain_only_note);
    }
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
    free(room);
}

static void put_settings(const struct verify_plan *plan)
{
    if (json_kind(plan->image.settings) != JSON_OBJECT) {
        (void)printf("\nsettings of %s: %s\n", plan->image_path, plan->image.no_settings);
        return;
    }
    (void)printf("\nsettings of %s, measured in its PCR0:\n", plan->image_path);
    put_json_pretty(plan->image.settings);
}

void verify_report_put(const struct verify_plan *plan, const struct judge_report *report, bool as_json)
{
    if (as_json) {
        put_json(plan, report);
        return;
    }
    for (size_t i = 0; i < report->count; i++)
        (void)printf("%-6s %-12s %s\n", report->checks[i].ok ? "ok" : "WRONG", report->checks[i].name,
                     report->checks[i].found);
    if (plan->has_image)
        put_settings(plan);
    if (plan->chain_only)
        (void)printf("\n%s\n", chain_only_note);
    (void)printf("\n%s\n", report->believed ? "all that was asked for holds" : "NOT what was asked for");
}
