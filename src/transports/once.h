/* Who has had a reply already (manual, 27.1: once). Private to src/transports. */
#ifndef TRANSPORTS_ONCE_H
#define TRANSPORTS_ONCE_H

#include "base/error.h"
#include "base/str.h"

struct once {
    struct str path;
    int repeat;     /* seconds after which somebody may have another one; 0: never */
    int file_size;  /* octets that the file may have; 0: any number */
    int mode;       /* of a new file */
};

enum once_answer { ONCE_SEND, ONCE_SENT_BEFORE, ONCE_FAILED };

/* Whether the address may have a reply now; if so, that is noted. ONCE_FAILED: err. */
enum once_answer once_check(struct arena *arena, const struct once *once, struct str address, struct error *err);

#endif
