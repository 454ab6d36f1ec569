/* options: the command line of ensignd, read strictly. Everything that loosens or tightens trust is in the settings,
 * which are measured; here is only where things are. */
#ifndef ENCLAVE_OPTIONS_H
#define ENCLAVE_OPTIONS_H

#include "core/base/fault.h"
#include "enclave/server.h"
#include "enclave/workers.h"
#include "io/endpoint.h"

enum options_kind { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
    enum options_kind kind;
    const char *settings; /* NULL: not given */
    struct endpoint listen[SERVER_LISTENERS_MAX];
    unsigned listen_count; /* at least 1 */
    const char *nsm;       /* NULL: the kernel's device where there is one */
    bool has_kms_stream;
    struct endpoint kms_stream;
    uint32_t parent_cid;
    unsigned workers;              /* 0: one a core */
    const char *insecure_key_file; /* NULL except in a build with insecure_key */
};

extern const char OPTIONS_HELP_TEXT[];

/* FAULT_INPUT: what was found, what is wanted. Texts point into argv. */
bool options_read(int argc, char *const *argv, struct options *options, struct fault *why) MUST_USE;

#endif
