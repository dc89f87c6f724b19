/* The table of the lmtp transport's private options. */
#include "transports/lmtp_options.h"

const struct option lmtp_options[LMTP_OPTION_COUNT] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct lmtp_config, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#include "transports/lmtp_options.def"
#undef USED
#undef REFUSED
};
