/* The values of the main options: a field for each one in use, under the option's own name. */
#ifndef CONFIG_MAIN_OPTIONS_H
#define CONFIG_MAIN_OPTIONS_H

#include "base/option.h"

struct main_options {
#define USED(name, type, default_text) OPTION_FIELD_##type name;
#define REFUSED(name, type, default_text)
#define ABSENT(name, type)
#define SYNONYM(name, option)
#include "config/main_options.def"
#undef USED
#undef REFUSED
#undef ABSENT
#undef SYNONYM
};

#endif
