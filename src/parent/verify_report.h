/* verify_report: what `ensign verify` prints: every check on a line, the document's own facts, the image's settings. */
#ifndef PARENT_VERIFY_REPORT_H
#define PARENT_VERIFY_REPORT_H

#include "parent/verify_plan.h"

struct verify_time {
    char text[32]; /* 2026-11-22T15:00:00Z */
};
struct verify_time verify_time_text(uint64_t utc_ms) MUST_USE;

void verify_report_put(const struct verify_plan *plan, const struct judge_report *report, bool as_json);

#endif
