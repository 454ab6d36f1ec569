/* imds_sim: the instance metadata service, version 2 only (FACTS F.1): a token by PUT, then the instance role's
 * temporary credentials and the identity document with it. Requests that came through a proxy are refused, as AWS says.
 */
#ifndef DEV_IMDS_SIM_H
#define DEV_IMDS_SIM_H

#include "dev/http_server.h"

struct imds_sim {
    const char *folder; /* of the state: where the role is, and its credentials are kept */
    const char *role, *region, *instance_id;
    uint8_t key[32]; /* of the tokens' MAC: a restart makes earlier tokens worthless, as one must expect */
    uint64_t (*utc_ms)(void);
};

void imds_sim_start(struct imds_sim *imds); /* makes the key */

/* An http_handler; `context` is a struct imds_sim. */
void imds_sim_handle(void *context, const struct http_head *head, struct bytes body, struct http_reply *reply);

#endif
