/* The table of main options. */
#include "config/main_options.h"

#include "config/config.h"

#include "build_config.h"

static const struct option rows[] = {
#define USED(name_, type_, default_) \
    {#name_, OPTION_##type_, OPTION_USED, offsetof(struct main_options, name_), default_},
#define REFUSED(name_, type_, default_) {#name_, OPTION_##type_, OPTION_REFUSED, 0, default_},
#define ABSENT(name_, type_) {#name_, OPTION_##type_, OPTION_ABSENT, 0, NULL},
#define SYNONYM(name_, option_) {#name_, OPTION_STRING, OPTION_SYNONYM, 0, #option_},
#include "config/main_options.def"
#undef USED
#undef REFUSED
#undef ABSENT
#undef SYNONYM
};

const struct option *main_option_table(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}
