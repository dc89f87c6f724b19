/* Folding of long reply texts. */
#ifndef SMTP_FOLD_H
#define SMTP_FOLD_H

#include "base/str.h"

/* Breaks lines of more than 75 octets as Exim does: behind a colon that a space follows, else at a space,
 * if there is one in the second half; else at the first space behind; the space is replaced by a newline.
 * White space behind a newline goes, and empty lines with it. */
struct str smtp_fold(struct arena *arena, struct str text);

#endif
