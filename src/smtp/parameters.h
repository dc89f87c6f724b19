/* Parameters of MAIL and RCPT (RFC 5321 section 4.1.2: Mail-parameters). Private to src/smtp. */
#ifndef SMTP_PARAMETERS_H
#define SMTP_PARAMETERS_H

#include "base/str.h"

struct smtp_parameter {
    struct str rest;  /* what is in front of it */
    struct str word;  /* the whole of it: "NAME" or "NAME=value" */
    struct str name;
    struct str value; /* STR_NULL when there is no '=' */
};

/* Takes the last parameter off a command's argument. They are read from the end because the address in
 * front may itself contain spaces. False: there is a single word, which is the address. */
bool smtp_last_parameter(struct arena *arena, struct str text, struct smtp_parameter *parameter);

#endif
