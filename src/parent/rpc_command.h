/* rpc_command: what the commands that call a signer once have in common. */
#ifndef PARENT_RPC_COMMAND_H
#define PARENT_RPC_COMMAND_H

#include "core/base/arena.h"
#include "parent/command.h"
#include "parent/signer_client.h"

enum { RPC_FILE_MAX = FRAME_MAX };

/* --json, or the output goes to no terminal. */
bool wants_json(const struct arguments *arguments) MUST_USE;

/* The one client of this process, opened; NULL: said, and *code is the program's. */
struct signer_client *rpc_open(const struct command *command, const struct arguments *arguments,
                               enum exit_code *code) MUST_USE;

/* Sends what was begun. False: said, and *code is the program's. */
bool rpc_send(struct signer_client *client, struct json *result, enum exit_code *code) MUST_USE;

/* The text of a member that must be a plain string ("0x…", base64). False: said, and *code is the program's. */
bool rpc_text(struct json result, const char *name, struct bytes *text, enum exit_code *code) MUST_USE;

/* A JSON object from a file or standard input, at most RPC_FILE_MAX bytes; a view that holds until the next call.
 * False: said, and *code is the program's. */
bool rpc_read_object(const char *path, struct json *object, enum exit_code *code) MUST_USE;

#endif
