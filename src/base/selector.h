/* Settings made of names with plus and minus in front: log_selector and -d. */
#ifndef BASE_SELECTOR_H
#define BASE_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct selector_set {
    const char *setting;      /* "log_selector", for error texts */
    const char *const *names; /* bit number i is names[i] */
    size_t n;
    uint64_t all;             /* what +all switches on; -all switches everything off */
};

/* Changes bits as the text says: `+name -name`, with or without white space between. False: err names
 * what is wrong, in Exim's words; the bits are then as they were. */
bool selector_parse(const struct selector_set *set, struct str text, uint64_t *bits, struct error *err);

#endif
