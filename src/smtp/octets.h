/* The octets of a message on their way from DATA, BDAT or standard input into a struct message: lines are found,
 * dots that were put in front of lines are taken away, and nothing is kept longer than it takes to know what it
 * is. Private to src/smtp. */
#ifndef SMTP_OCTETS_H
#define SMTP_OCTETS_H

#include "smtp/message.h"

enum octets_form {
    OCTETS_PLAIN,      /* BDAT, -i: counted, or up to the end of the input; any LF ends a line */
    OCTETS_DOT_ENDS,   /* without SMTP: the same, and a line that is a dot ends the message */
    OCTETS_DOTS,       /* DATA: a line that is a dot ends the message, with CR LF around it; other dots are doubled */
    OCTETS_DOTS_LOCAL, /* the same on standard input, where the first line shows whether LF alone ends lines */
};

struct octets {
    enum octets_form form;
    struct message *message;
    bool ended;      /* the line with the dot has come */
    int lines;       /* so far */
    int64_t bare_lf; /* LFs without a CR, so far */
    /* Inside. */
    bool loose;      /* LF is as good as CR LF */
    bool after_end;  /* a new line begins here, behind a proper end */
    bool begun;      /* the line has octets */
    bool dot;        /* ... so far a dot only, which has not been passed on */
    bool cr;         /* a CR that may belong to the end of the line has not been passed on */
};

/* message: begun, and for the caller to end. */
void octets_begin(struct octets *o, enum octets_form form, struct message *message);

/* Takes what has come, up to the end of the message at most. Returns how many octets were taken: fewer than n only
 * when the message has ended. */
size_t octets_take(struct octets *o, const char *p, size_t n);

/* Nothing else comes: what there is of a line becomes one, unless the message has ended before. */
void octets_end(struct octets *o);

#endif
