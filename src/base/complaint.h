/* What is wrong with a configured string, although only its use would bring it to light: for those who check a
 * configuration beforehand. */
#ifndef BASE_COMPLAINT_H
#define BASE_COMPLAINT_H

#include "base/source.h"
#include "base/str.h"

struct complaint {
    struct source_pos where; /* of the logical line that the string was set in */
    struct str source;       /* the string as it was set */
    size_t offset;           /* the octet in it that the text is about */
    struct str text;
};

struct complaints {
    void (*add)(void *ctx, const struct complaint *complaint);
    void *ctx;
};

#endif
