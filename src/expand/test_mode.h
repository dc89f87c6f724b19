/* Expansion testing, the heart of -be (manual, 5.2). */
#ifndef EXPAND_TEST_MODE_H
#define EXPAND_TEST_MODE_H

#include "base/str.h"

struct scope;

/* One line of input or one argument: what is printed for it, without a newline at the end: the value or
 * `Failed: ...`. `set acl_m_x = value` sets a variable of scope->connection or scope->message and gives
 * STR_NULL: nothing is printed. The result lives in the arena. */
struct str expand_test_line(struct scope *scope, struct str line, struct arena *arena);

#endif
