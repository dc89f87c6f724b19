/* Writing a message out: the header section as the generic options and the routers want it, and the body, in
 * the form that a transport needs (manual, 24 and 48.17). */
#ifndef TRANSPORTS_WRITE_H
#define TRANSPORTS_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "transports/transport.h"

struct message_writer {
    /* Set by the caller. */
    struct delivery *delivery;  /* ->recipients all want the same headers added and removed */
    bool crlf;                  /* lines end in CR LF */
    bool dots;                  /* a dot is put in front of lines that begin with one (RFC 5321 section 4.5.2) */
    bool end_dot;               /* a line with a dot alone comes last */
    bool no_body, no_headers;   /* besides what headers_only and body_only say */
    struct str check_string, escape_string; /* what begins so, begins with that instead; empty: nothing does */
    int64_t body_limit;         /* octets of the body at most; 0: all */
    bool (*write)(void *ctx, const char *octets, size_t n); /* false: stop; errno says why */
    void *ctx;

    /* Set by message_writer_prepare(). */
    struct str headers; /* the whole section with the empty line, lines ending in LF */
    char **filter;      /* transport_filter: its words, expanded; NULL: none */

    int64_t octets;     /* written so far */
    int64_t lines;
};

/* Works out what has to be expanded, before anything is written. False: err says what failed; the delivery
 * has to be put off. */
bool message_writer_prepare(struct message_writer *writer, struct error *err);

/* Writes the message; the file that message->body_fd stands for may be shared with other processes. False:
 * err says why; what was written may be any part. */
bool message_writer_run(struct message_writer *writer, struct error *err);

/* How many octets message_writer_run() would write, when no transport_filter is set. */
bool message_writer_count(struct message_writer *writer, int64_t *octets, struct error *err);

/* Whether transport_filter changes the message, so that its size is not known beforehand. */
bool message_writer_is_filtered(const struct message_writer *writer);

/* The return path: errors_to of the router or the sender, changed by the option return_path of the transport.
 * False: err. */
bool message_return_path(struct delivery *delivery, struct str *return_path, struct error *err);

/* The words of a command (manual, 29.3), each expanded if that is wanted; $pipe_addresses as a word of its own
 * stands for the addresses of the delivery. The array ends in NULL. NULL: err. */
char **transport_command(struct delivery *delivery, struct str command, bool expand_words, struct error *err);

#endif
