/* stream: whole reads and writes on non-blocking sockets, each with a deadline. For clients and helpers; the server has
 * its own loop.
 *
 * All fail with FAULT_REMOTE: out of time, closed too early, or the kernel's reason. Writing to a closed socket raises
 * no signal. */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

uint64_t io_now_ms(void); /* CLOCK_MONOTONIC */

/* Waits for poll's `events` (or an error, which the next call on the socket will tell of). */
bool io_wait(int fd, short events, uint64_t deadline_ms, struct fault *why) MUST_USE;

bool stream_write(int fd, struct bytes bytes, uint64_t deadline_ms, struct fault *why) MUST_USE;
bool stream_read(int fd, uint8_t *out, size_t len, uint64_t deadline_ms, struct fault *why) MUST_USE; /* exactly len */
/* At least one byte, at most cap; *len 0 at the end of the stream. */
bool stream_read_some(int fd, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms, struct fault *why) MUST_USE;

/* One frame out, one frame back (core/codec/frame.h). `cap` bounds the answer; the view is into `buffer`, which may
 * hold the request: it is sent whole before anything is read. A request over FRAME_MAX is FAULT_LIMIT. */
bool stream_call(int fd, struct bytes request, uint8_t *buffer, size_t cap, struct bytes *answer, uint64_t deadline_ms,
                 struct fault *why) MUST_USE;

#endif
