/* The values of the main options: a field for each one in use, under the option's own name. */
#ifndef CONFIG_MAIN_OPTIONS_H
#define CONFIG_MAIN_OPTIONS_H

#include "base/option.h"

/* The C type of an option's field (base/option.h). */
#define OPTION_FIELD_STRING struct str
#define OPTION_FIELD_TEMPLATE const struct template *
#define OPTION_FIELD_INT_TEMPLATE const struct template *
#define OPTION_FIELD_TIME_TEMPLATE const struct template *
#define OPTION_FIELD_TEMPLATE_LIST struct option_templates
#define OPTION_FIELD_BOOL bool
#define OPTION_FIELD_INT int
#define OPTION_FIELD_MKINT int
#define OPTION_FIELD_KINT int
#define OPTION_FIELD_OCTAL int
#define OPTION_FIELD_TIME int
#define OPTION_FIELD_TIME_LIST struct option_times
#define OPTION_FIELD_FIXED int
#define OPTION_FIELD_UID struct option_id
#define OPTION_FIELD_GID struct option_id
#define OPTION_FIELD_UID_LIST struct option_ids
#define OPTION_FIELD_GID_LIST struct option_ids
#define OPTION_FIELD_DOMAIN_LIST const struct list *
#define OPTION_FIELD_HOST_LIST const struct list *
#define OPTION_FIELD_ADDRESS_LIST const struct list *
#define OPTION_FIELD_LOCAL_PART_LIST const struct list *
#define OPTION_FIELD_REWRITE struct str

struct main_options {
#define USED(name, type, default_text) OPTION_FIELD_##type name;
#define REFUSED(name, type, default_text)
#define SYNONYM(name, option)
#include "config/main_options.def"
#undef USED
#undef REFUSED
#undef SYNONYM
};

#endif
