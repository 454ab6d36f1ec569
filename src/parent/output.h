/* output: what a command says. Results go to standard output, everything else to standard error.
 *
 * Text that came from a peer is shown with everything outside printable ASCII replaced, so that no answer can steer a
 * terminal.
 */
#ifndef PARENT_OUTPUT_H
#define PARENT_OUTPUT_H

#include "core/codec/json.h"

void say_error(const struct fault *why);                                         /* "ensign: …" */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "warning: …" */
void say_warning_json(struct json text);                                         /* the same, of a JSON string */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* a plain line on stderr */

/* What somebody typed, to be repeated in a message: itself, or, when it holds 64 hex digits in a row, words in its
 * place. A private key that was given where a name belongs must not stand in a log. */
const char *shown_word(const char *typed) MUST_USE;

bool output_is_terminal(void) MUST_USE;

void put_line_text(const char *text); /* one line on standard output */
void put_line_bytes(struct bytes text);
void put_json_pretty(struct json value); /* json_pretty and a line end */
void put_json_line(struct json value);   /* as it is, on one line */
void put_printable(struct json string);  /* a JSON string's text, made harmless; other values as JSON */

/* "name    value" for every member, for people: objects opened as "outer.inner", a line for each item of an array, wei
 * (names in _wei) as ETH, times (names in time_ms and expires) as dates, null as a dash. */
void put_table(struct json object);

#endif
