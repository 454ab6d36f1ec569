/* log: one line to standard error, "program: [warning: |error: ]text". Only programs' own files log; libraries return
 * faults. Nothing secret and nothing that a peer sent is ever logged. */
#ifndef IO_LOG_H
#define IO_LOG_H

enum { LOG_LINE_MAX = 1024 }; /* bytes, with the newline */

enum log_level { LOG_LINE_INFO, LOG_LINE_WARN, LOG_LINE_ERROR };

void log_name(const char *program); /* once, static text */
/* Written in one call, so that lines of several threads do not mix; cut at LOG_LINE_MAX; control characters become '?'.
 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
