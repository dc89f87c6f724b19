/* From the lines of the spool to the lines that a transport writes: their ends, their beginnings. Private to
 * src/transports. */
#ifndef TRANSPORTS_OUTPUT_H
#define TRANSPORTS_OUTPUT_H

#include "transports/write.h"

struct line_output {
    struct message_writer *writer;
    bool line_start;
    char out[8192];
    size_t n;
};

void line_output_begin(struct line_output *o, struct message_writer *writer);

/* Takes what it can of n octets, whose lines end in LF, or in CR LF when wire is true. Unless `final`, some of
 * the last octets may have to be given again with what follows. Returns how many were taken; -1: writing
 * failed. */
ssize_t line_output_take(struct line_output *o, const char *p, size_t n, bool wire, bool final);

/* Completes the last line, if need be, and writes what is left. */
bool line_output_end(struct line_output *o);

#endif
