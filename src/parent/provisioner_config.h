/* provisioner_config: /etc/ensign/provision.conf, read into what is to be demanded of the enclave, what it is then
 * given, and when. Its names are the flags of `ensign provision` and `ensign verify`, and a few of its own. */
#ifndef PARENT_PROVISIONER_CONFIG_H
#define PARENT_PROVISIONER_CONFIG_H

#include "parent/config_file.h"
#include "parent/provision_params.h"
#include "parent/signer_client.h"
#include "parent/verify_plan.h"

#define PROVISIONER_CONFIG_PATH "/etc/ensign/provision.conf"

struct provisioner_config {
    struct config_file file;
    struct provision_order order;
    struct verify_plan plan; /* but nonce, time, address and policy, which each judging sets */
    bool knows_policy;       /* plan.digest is the policy's; else what a signer states is taken as it is */
    uint64_t interval_ms, retry_least_ms, retry_most_ms;
    struct signer_client client;
    uint8_t scratch[PROVISION_SCRATCH];
};

extern const struct flag_table provisioner_config_table;

/* From the heap; NULL: FAULT_INPUT, with the file's name. */
struct provisioner_config *provisioner_config_read(const char *path, struct fault *why) MUST_USE;
void provisioner_config_free(struct provisioner_config *config); /* NULL is allowed */

#endif
