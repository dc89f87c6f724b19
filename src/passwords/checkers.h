/* The password checkers of the table, one file each. */
#ifndef PASSWORDS_CHECKERS_H
#define PASSWORDS_CHECKERS_H

#include "passwords/password.h"

extern const struct password_checker password_checker_crypteq;
extern const struct password_checker password_checker_pam;
extern const struct password_checker password_checker_pwcheck;
extern const struct password_checker password_checker_radius;
extern const struct password_checker password_checker_saslauthd;

#endif
