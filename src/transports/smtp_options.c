/* The table of the smtp transport's private options. */
#include "transports/smtp_options.h"

const struct option smtp_options[SMTP_OPTION_COUNT] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct smtp_config, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#define ABSENT(name_, type_) {#name_, OPTION_##type_, OPTION_ABSENT, 0, NULL},
#include "transports/smtp_options.def"
#undef USED
#undef REFUSED
#undef ABSENT
};
