/* sim_up: what `ensign-sim up` runs, and the files in which it says where. */
#ifndef DEV_SIM_UP_H
#define DEV_SIM_UP_H

#include "dev/sim_parts.h"

#include <limits.h>

enum { DOOR_NSM, DOOR_KMS, DOOR_KMS_UNIX, DOOR_IMDS, DOORS };

struct up {
    char folder[PATH_MAX];
    const char *region, *role_policy;
    struct nsm_plan plan;
    struct hash48 pcrs[NSM_BOOT_PCRS];
    char endpoints[DOORS][PATH_MAX + 32];
    uint16_t kms_port, imds_port;
    char role_arn[192], admin_arn[192];
    struct nsm_device nsm;
    struct kms_sim kms;
    struct imds_sim imds;
    struct door doors[DOORS];
};

/* admin-env: a session of the administrator; the instance role's policy when one was given. Fills in both ARNs. */
bool sim_up_write_admin(struct up *up, struct fault *why) MUST_USE;
bool sim_up_write_settings(const struct up *up, struct fault *why) MUST_USE; /* once the CA is there */
bool sim_up_write_env(const struct up *up, struct fault *why) MUST_USE;      /* once the doors are open */

#endif
