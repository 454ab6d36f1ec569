/* log: one line to standard error, with a level. Only programs' own files log; libraries return faults. Nothing secret
 * and nothing that a peer sent is ever logged. */
#ifndef IO_LOG_H
#define IO_LOG_H

enum log_level { LOG_LINE_INFO, LOG_LINE_WARN, LOG_LINE_ERROR };

void log_name(const char *program); /* once, static text */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
