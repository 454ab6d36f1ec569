/* credentials: where ensign-kmstool gets AWS credentials from. */
#ifndef KMSTOOL_CREDENTIALS_H
#define KMSTOOL_CREDENTIALS_H

#include "core/kms/credentials.h"
#include "kmstool/options.h"

/* A page that is never dumped and that a forked process finds empty, so that the process which speaks TLS holds the
 * session token that goes through it and no secret access key. NULL: no memory. */
struct aws_credentials *credentials_page(void) MUST_USE;

/* Reads all three from the one place that the options name, checks their characters, and wipes that place: the words of
 * the command line are overwritten, the environment is emptied. FAULT_INPUT, never with a value in its text. */
bool credentials_read(const struct kmstool_options *options, struct aws_credentials *credentials,
                      struct fault *why) MUST_USE;

#endif
