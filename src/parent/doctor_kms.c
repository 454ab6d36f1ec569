#include "io/stream.h"
#include "parent/doctor.h"
#include "parent/kms_probe.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    CLOCK_OFF_MS = 240000,   /* KMS refuses what is signed five minutes off */
    CLOCK_DRIFTS_MS = 30000, /* what no clock that is kept right does */
};

/* A connection through the proxy, or -1. */
static int connect_proxy(const struct doctor *doctor, uint64_t deadline_ms, struct fault *why)
{
    struct endpoint endpoint;
    return endpoint_read(doctor->proxy, &endpoint, why) ? endpoint_connect(&endpoint, deadline_ms, why) : -1;
}

void doctor_proxy(struct doctor *doctor, struct doctor_line *line)
{
    struct fault why;
    const int fd = connect_proxy(doctor, io_now_ms() + doctor->timeout_ms, &why);
    doctor->proxy_is_up = fd >= 0;
    if (fd < 0) {
        doctor_say(
            line, DOCTOR_FAULT,
            "systemctl restart ensign-proxy, or: ensign proxy 8000 kms.REGION.amazonaws.com 443. Where it runs and "
            "this fails: modprobe vsock_loopback lets the parent reach its own vsock ports",
            "%.200s: %.250s", doctor->proxy, why.text);
        return;
    }
    (void)close(fd);
    doctor_say(line, DOCTOR_OK, NULL, "something listens at %.200s", doctor->proxy);
}

void doctor_kms(struct doctor *doctor, struct doctor_line *line)
{
    char host[KMS_HOST_MAX];
    struct fault why;
    const char *bundle = getenv("AWS_CA_BUNDLE");
    const uint64_t deadline_ms = io_now_ms() + doctor->timeout_ms;
    if (!doctor->proxy_is_up) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `proxy`", "there is no way to it");
        return;
    }
    if (!doctor_knows_region(doctor, line))
        return;
    kms_host(bytes_of_text(doctor->region), host);
    const int fd = connect_proxy(doctor, deadline_ms, &why);
    const bool reached = fd >= 0 && kms_probe(fd, host, bundle != NULL && bundle[0] != '\0' ? bundle : NULL,
                                              deadline_ms, &doctor->kms_date_s, &why);
    doctor->kms_at_ms = doctor_utc_ms();
    if (fd >= 0)
        (void)close(fd);
    if (reached)
        doctor_say(line, DOCTOR_OK, NULL, "%s answers through the proxy, its certificate is for that name", host);
    else
        doctor_say(
            line, DOCTOR_FAULT,
            "see that the proxy leads to that host on port 443, and that the instance reaches it: route, security "
            "group, name server, VPC endpoint",
            "%s is not reached through the proxy: %.300s", host, why.text);
}

/* By how much this machine's clock is ahead of another's. */
struct lead {
    bool known;
    int64_t ms;
};

static int64_t magnitude(struct lead lead)
{
    return !lead.known ? 0 : lead.ms < 0 ? -lead.ms : lead.ms;
}

void doctor_clock(struct doctor *doctor, struct doctor_line *line)
{
    const struct lead module = { doctor->genuine, (int64_t)(doctor->document_at_ms - doctor->report.doc.timestamp_ms) };
    const struct lead kms = { doctor->kms_date_s != 0, (int64_t)(doctor->kms_at_ms - doctor->kms_date_s * 1000) };
    const bool by_kms = magnitude(kms) > magnitude(module) || !module.known;
    const struct lead worse = by_kms ? kms : module;
    if (!worse.known) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `document` and `kms`",
                   "neither a document's time nor KMS's is there to compare with");
        return;
    }
    const char *whose = by_kms ? "KMS's" : "the security module's";
    const char *direction = worse.ms < 0 ? "behind" : "ahead of";
    const unsigned long long seconds = (unsigned long long)magnitude(worse) / 1000;
    doctor->clock_is_off = magnitude(worse) >= CLOCK_OFF_MS;
    if (magnitude(worse) < CLOCK_DRIFTS_MS)
        doctor_say(line, DOCTOR_OK, NULL, "this machine's and %s agree within %llu s", whose, seconds + 1);
    else
        doctor_say(
            line, doctor->clock_is_off ? DOCTOR_FAULT : DOCTOR_WARNING,
            "have it kept right: systemctl enable --now chronyd, with the instance's time source 169.254.169.123",
            "this machine's is %llu s %s %s%s", seconds, direction, whose,
            doctor->clock_is_off ? "; KMS refuses what is signed five minutes off" : "");
}
