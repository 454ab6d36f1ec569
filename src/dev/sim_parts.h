/* sim_parts: the stand-ins put behind doors, for the subcommands that run them. */
#ifndef DEV_SIM_PARTS_H
#define DEV_SIM_PARTS_H

#include "dev/doors.h"
#include "dev/imds_sim.h"
#include "dev/kms_sim.h"
#include "dev/nsm_sim.h"

/* For struct door's `serve`; the context is the struct nsm_device, kms_sim or imds_sim. */
void sim_serve_nsm(void *context, struct connection *connection);
void sim_serve_kms(void *context, struct connection *connection);
void sim_serve_imds(void *context, struct connection *connection);

/* "0=aabb…" into pcrs[0], which keeps the bytes in `values`. FAULT_INPUT. */
bool sim_pcr_argument(const char *text, struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS],
                      struct fault *why) MUST_USE;
void sim_plan_pcr(struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS], size_t index, struct hash48 pcr);
/* What a given PCR0 leaves open: PCR1 the same and PCR2 that of nothing, as an image with a single ramdisk has them; a
 * zero PCR0, of a debug enclave, leaves them zero. */
void sim_plan_image(struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS], struct hash48 pcr0);
/* PCR0, 1, 2 and 8 of an EIF (it begins with ".eif"), or sim_plan_image of any other file's
 * SHA384(0^48 || SHA384(content)). */
bool sim_plan_measure(const char *path, struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS],
                      struct fault *why) MUST_USE;

bool sim_cms_choice(const char *text, enum kms_cms_choice *choice) MUST_USE; /* alternate, a, b */
/* Documents under that root are believed; on failure says what could not be read. */
bool sim_trust_root(const char *path, struct kms_sim *kms, struct fault *why) MUST_USE;
/* Everything but the folder, the roots and the regions. */
void sim_kms_defaults(struct kms_sim *kms);

#endif
