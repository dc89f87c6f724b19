/* -bem: a message from a file, for expansions to look at. */
#ifndef MAIN_TEST_MESSAGE_H
#define MAIN_TEST_MESSAGE_H

#include <stdbool.h>

#include "main/startup.h"

/* Reads the file as if a local user had submitted it, and shows it to expansions in the scope, whose message and
 * connection are set. False: err says why it cannot be read. */
bool test_message_read(struct program *program, const char *file, struct scope *scope, struct error *err);

#endif
