/* The table of the appendfile transport's private options. */
#include "transports/appendfile_options.h"

const struct option appendfile_options[APPENDFILE_OPTION_COUNT] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct appendfile_config, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#include "transports/appendfile_options.def"
#undef USED
#undef REFUSED
};
