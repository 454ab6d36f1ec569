/* journal_cursor: how far a journal was followed, in a file that outlives the follower:
 *
 *   {"head":"<64 lower-case hex>","seq":12}
 *
 * `seq` is the last entry that was printed and `head` the chain's hash after it, so that whoever goes on can check that
 * it is the same chain, and nothing is printed twice.
 */
#ifndef PARENT_JOURNAL_CURSOR_H
#define PARENT_JOURNAL_CURSOR_H

#include "parent/journal_chain.h"

/* *chain then goes on from there; when there is no such file, from the beginning. FAULT_INPUT with the file's name. */
bool journal_cursor_read(const char *path, struct journal_chain *chain, struct fault *why) MUST_USE;

/* Replaces the file at once. FAULT_INPUT. */
bool journal_cursor_write(const char *path, const struct journal_chain *chain, struct fault *why) MUST_USE;

#endif
