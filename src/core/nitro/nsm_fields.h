/* nsm_fields: what requests to the NSM and its responses are made of: names of operations, and named fields. Within
 * core/nitro only; nsm_api.h is the door.
 */
#ifndef CORE_NITRO_NSM_FIELDS_H
#define CORE_NITRO_NSM_FIELDS_H

#include "core/nitro/nsm_api.h"

enum { NSM_OPERATIONS = NSM_ATTESTATION + 1 };

struct nsm_operation_row {
    const char *name;
    bool bare_request, bare_response; /* a text alone, no map of one */
};
extern const struct nsm_operation_row nsm_operations[NSM_OPERATIONS];

bool nsm_name_is(struct bytes text, const char *name) MUST_USE;

void nsm_put_name(struct writer *out, const char *name);
void nsm_put_named_uint(struct writer *out, const char *name, uint16_t value);
void nsm_put_named_bytes(struct writer *out, const char *name, struct bytes bytes);

uint16_t nsm_read_u16(struct reader *in); /* fails the reader above 65535 */

/* A field stands once: false, and the reader has failed, when it was seen before. */
bool nsm_first_time(struct reader *in, bool *seen) MUST_USE;

#endif
