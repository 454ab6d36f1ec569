#include "parent/doctor_report.h"

#include "parent/output.h"

#include <stdio.h>

static void put_json(const struct doctor_line *lines, size_t count, enum doctor_state worst)
{
    static uint8_t room[1 << 17];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    json_begin_object(&json);
    json_key(&json, "checks");
    json_begin_array(&json);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&json);
        json_key(&json, "check");
        json_put_text(&json, lines[i].name);
        json_key(&json, "found");
        json_put_text(&json, lines[i].found);
        json_key(&json, "remedy");
        if (lines[i].remedy != NULL)
            json_put_text(&json, lines[i].remedy);
        else
            json_put_null(&json);
        json_key(&json, "state");
        json_put_text(&json, doctor_state_name(lines[i].state));
        json_end_object(&json);
    }
    json_end_array(&json);
    json_key(&json, "worst");
    json_put_text(&json, doctor_state_name(worst));
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
}

enum doctor_state doctor_report_put(const struct doctor_line *lines, size_t count, bool as_json)
{
    enum doctor_state worst = DOCTOR_OK;
    size_t counts[DOCTOR_FAULT + 1] = { 0 };
    for (size_t i = 0; i < count; i++) {
        counts[lines[i].state]++;
        if (lines[i].state > worst && lines[i].state != DOCTOR_NOT_HERE)
            worst = lines[i].state;
    }
    if (as_json) {
        put_json(lines, count, worst);
        return worst;
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-18s  %-11s  %s\n", doctor_state_name(lines[i].state), lines[i].name, lines[i].found);
        if (lines[i].remedy != NULL)
            (void)printf("%33s-> %s\n", "", lines[i].remedy);
    }
    (void)printf("\n%zu ok, %zu warnings, %zu faults, %zu not checkable here\n", counts[DOCTOR_OK],
                 counts[DOCTOR_WARNING], counts[DOCTOR_FAULT], counts[DOCTOR_NOT_HERE]);
    return worst;
}
