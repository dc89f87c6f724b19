/* Fixed-point numbers with three decimals, kept as thousandths (manual, 6.15). */
#ifndef BASE_FIXED_H
#define BASE_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buffer;

/* Reads digits, and decimals behind a point; those beyond the third are read and dropped. Gives how many
 * octets were used, 0 when text does not begin with a digit. too_large is set when the number does not fit an
 * int, else left alone. */
size_t fixed_read(struct str text, int *thousandths, bool *too_large);

/* At least one decimal: 1.0, 2.25. Nothing is added for a negative number, which stands for none. */
void fixed_add(struct buffer *out, int thousandths);

#endif
