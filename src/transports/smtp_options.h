/* What a stanza with `driver = smtp` can be told (manual, chapter 30): a field for each option in use, under the
 * option's own name. This is all that Exim has: what is behind a field may change, the fields do not. */
#ifndef TRANSPORTS_SMTP_OPTIONS_H
#define TRANSPORTS_SMTP_OPTIONS_H

#include "base/option.h"

struct smtp_config {
#define USED(name, type, default_text) OPTION_FIELD_##type name;
#define REFUSED(name, type, default_text)
#define ABSENT(name, type)
#include "transports/smtp_options.def"
#undef USED
#undef REFUSED
#undef ABSENT
};

enum {
    SMTP_OPTION_COUNT = 0
#define USED(name, type, default_text) +1
#define REFUSED(name, type, default_text) +1
#define ABSENT(name, type) +1
#include "transports/smtp_options.def"
#undef USED
#undef REFUSED
#undef ABSENT
};

extern const struct option smtp_options[SMTP_OPTION_COUNT];

#endif
