/* The table of the autoreply transport's private options. */
#include "transports/autoreply_options.h"

const struct option autoreply_options[AUTOREPLY_OPTION_COUNT] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct autoreply_config, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#include "transports/autoreply_options.def"
#undef USED
#undef REFUSED
};
