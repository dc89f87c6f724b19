/* Parameters of MAIL and RCPT (RFC 5321 section 4.1.2: Mail-parameters). Private to src/smtp. */
#ifndef SMTP_PARAMETERS_H
#define SMTP_PARAMETERS_H

#include "base/str.h"

/* Takes the last "NAME" or "NAME=value" off a command's argument. They are read from the end because the
 * address in front may itself contain spaces. value: STR_NULL when there is no '='. False: what is left is
 * a single word, which is the address. */
bool smtp_last_parameter(struct arena *arena, struct str *text, struct str *name, struct str *value);

#endif
