/* Arithmetic for ${eval:...} (manual, 11.6). Inside src/expand only. */
#ifndef EXPAND_ARITHMETIC_H
#define EXPAND_ARITHMETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arithmetic_error {
    const char *text; /* what is wrong */
    size_t at;        /* how many octets had been read */
};

/* The value of an expression with the operators and priorities of C: ~ - (unary), * / %, + -, << >>, &, ^, |.
 * decimal_only: numbers are never octal or hexadecimal. */
bool arithmetic_evaluate(struct str text, bool decimal_only, int64_t *value, struct arithmetic_error *err);

#endif
