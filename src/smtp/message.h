/* A message as it arrives: header section and body. Private to src/smtp. */
#ifndef SMTP_MESSAGE_H
#define SMTP_MESSAGE_H

#include "smtp/state.h"

enum message_problem {
    MESSAGE_FINE,
    MESSAGE_TOO_BIG,         /* message_size_limit */
    MESSAGE_HEADER_TOO_BIG,  /* header_maxsize */
    MESSAGE_HEADER_LINE_TOO_LONG, /* header_line_maxsize */
};

struct message_limits {
    int64_t size;         /* octets; 0: none */
    int64_t headers;      /* of the whole header section; 0: none */
    int64_t header_line;  /* of one header with its continuations; 0: none */
    bool ignore_from_line; /* a first line "From ..." may be no part of the message */
    size_t visible;        /* octets at either end of the body that expansions see: only these are kept */
};

struct message;

/* What wants to have the message as it comes. */
struct message_sink {
    /* The first line, which begins with "From ": is it no part of the message? Asked where the limits say so. */
    bool (*from_line)(void *ctx, struct str line);
    /* The header section is complete. */
    void (*headers)(void *ctx, struct message *m);
    /* Octets of the body, lines ending in LF. */
    void (*body)(void *ctx, const char *p, size_t n);
    void *ctx;
};

struct message {
    struct message_limits limits;
    const struct message_sink *sink; /* NULL: none */
    enum message_problem problem; /* the first one met; lines are then only counted */
    struct buffer headers;  /* lines end in LF */
    struct buffer head;     /* the beginning of the body */
    struct buffer tail;     /* its end, and some octets before */
    bool in_body;
    bool ended_in_headers;  /* there was neither an empty line nor a body */
    bool empty_line;        /* there was one behind the headers */
    int64_t size;           /* octets so far, line ends as LF */
    int64_t body_size;
    int header_lines, body_lines;
    int received_headers;
    int zeros;              /* NULs in the body */
    size_t longest_line;
    size_t header_begin;    /* of the latest header */
    int64_t lines;
    struct buffer line;     /* of the header section: the one that is coming */
    size_t line_n;          /* octets of the line that is coming */
};

void message_begin(struct message *m, struct arena *arena, const struct message_limits *limits,
                   const struct message_sink *sink);

/* There is no further line. */
void message_end(struct message *m);

/* Takes octets of a line, of which none is an LF. A CR ends a line, too (manual, 48.2). */
void message_add_part(struct message *m, const char *p, size_t n);

/* The line ends here. counted: as lines of this message do; a line that ends otherwise does not count as one. */
void message_end_line(struct message *m, bool counted);

/* Shows the message to expansions, but for its header lines. */
void message_publish(const struct message *m, struct smtp_session *s);

/* What the reject log gets besides the line: envelope and headers, these marked by their kind (manual,
 * 53.15: rejected_header). Empty when that is not selected. */
struct str message_for_reject_log(const struct message *m, struct smtp_session *s);

#endif
