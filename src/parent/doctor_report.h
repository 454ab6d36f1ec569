/* doctor_report: the lines of `ensign doctor` on standard output. */
#ifndef PARENT_DOCTOR_REPORT_H
#define PARENT_DOCTOR_REPORT_H

#include "parent/doctor.h"

/* For people a line a check and its remedy below it; or {"checks": [{"check", "found", "remedy", "state"}], "worst"}.
 * The worst state of all: what could not be checked is no worse than ok. */
enum doctor_state doctor_report_put(const struct doctor_line *lines, size_t count, bool as_json);

#endif
