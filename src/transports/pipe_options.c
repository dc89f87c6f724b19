/* The table of the pipe transport's private options. */
#include "transports/pipe_options.h"

const struct option pipe_options[PIPE_OPTION_COUNT] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct pipe_config, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#include "transports/pipe_options.def"
#undef USED
#undef REFUSED
};
