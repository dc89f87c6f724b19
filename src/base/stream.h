/* Buffered reading and writing of lines on a descriptor or on something that behaves like one
 * (a TLS connection), with limits and deadlines. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* What lies below a stream. read and write return octets, 0 for the end (read only), -1 for an
 * error, -2 when the deadline has passed. ready: octets are waiting to be read (the end of input is none);
 * NULL: nobody can tell. */
struct channel {
    ssize_t (*read)(struct channel *c, void *p, size_t n, int64_t deadline);
    ssize_t (*write)(struct channel *c, const void *p, size_t n, int64_t deadline);
    bool (*ready)(struct channel *c);
};

/* Whether octets are waiting there. */
bool channel_has_input(struct channel *c);

/* A channel over descriptors (a socket: both the same; a pipe: one each, -1 for none). Sockets raise
 * no SIGPIPE; for pipes the process has to ignore it (main does). */
struct fd_channel {
    struct channel channel;
    int in, out;
    bool out_is_socket;
};
void fd_channel_init(struct fd_channel *c, int in, int out);

enum line_status {
    LINE_OK,
    LINE_TOO_LONG, /* drained up to and including its ending; *line holds its first `limit` octets */
    LINE_END,      /* end of input; *line holds an unfinished line, if any */
    LINE_TIMEOUT,  /* the deadline has passed; *line holds what came in time and is gone from the stream */
    LINE_ERROR,    /* errno says which; *line as for LINE_TIMEOUT */
};

/* What ends a line. */
enum line_ending {
    LINE_LF,   /* LF, a CR before it is dropped too: what a person's terminal sends */
    LINE_CRLF, /* CR LF only: a bare LF or CR is part of the line */
};

struct stream {
    struct channel *channel;
    char *in;
    size_t in_at, in_n, in_capacity;
    char *out;
    size_t out_n, out_capacity;
    bool failed; /* writing failed: the peer is gone; later writes do nothing */
    bool bare_lf; /* the last line read ended in a bare LF (LINE_LF only) */
};

/* Buffers are the stream's own (malloc): stream_free() wipes and frees them, not the channel. */
void stream_init(struct stream *s, struct channel *channel);
void stream_free(struct stream *s);

/* Another channel from here on (STARTTLS); flush first. Input that was read already but not used is thrown
 * away (RFC 3207 section 6); returns how many octets that were. */
size_t stream_switch(struct stream *s, struct channel *channel);

/* The next line of at most `limit` octets without its ending, copied into the arena, tainted. */
enum line_status stream_read_line(struct stream *s, struct arena *arena, size_t limit,
                                  enum line_ending ending, int64_t deadline, struct str *line);

/* Up to n octets as they come; 0 at the end, -1 error, -2 deadline. */
ssize_t stream_read(struct stream *s, void *p, size_t n, int64_t deadline);

/* What has come and is to be read next, at least one octet of it, waiting when there is nothing: valid until
 * something else is done with the stream, except for skipping. LINE_OK, or why there is nothing. */
enum line_status stream_peek(struct stream *s, int64_t deadline, struct str *there);

/* The first n octets of that are done with. */
void stream_skip(struct stream *s, size_t n);

/* Whether octets are there already: in the buffer, or waiting at the channel too. The end of input is none. */
bool stream_has_input(const struct stream *s);
bool stream_input_ready(const struct stream *s);

/* Adds to the output buffer; flushes when it is full, and the deadline is for that. */
void stream_write(struct stream *s, struct str v, int64_t deadline);

/* Sends what is buffered. False: failed, now or before, or the deadline has passed; either way part
 * of the output is lost and the stream counts as failed from here on. */
bool stream_flush(struct stream *s, int64_t deadline);

#endif
