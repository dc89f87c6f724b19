/* What main options say to password checkers: a part of the loaded configuration. */
#include "passwords/password.h"

static struct password_settings loaded = {.timeout = 30};

void password_configure(const struct password_settings *settings)
{
    loaded = *settings;
}

const struct password_settings *password_settings(void)
{
    return &loaded;
}
