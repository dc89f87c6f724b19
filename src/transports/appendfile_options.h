/* What a stanza with `driver = appendfile` can be told (manual, chapter 26): a field for each option in use, under the
 * option's own name. This is all that Exim has: what is behind a field may change, the fields do not. */
#ifndef TRANSPORTS_APPENDFILE_OPTIONS_H
#define TRANSPORTS_APPENDFILE_OPTIONS_H

#include "base/option.h"

struct appendfile_config {
#define USED(name, type, default_text) OPTION_FIELD_##type name;
#define REFUSED(name, type, default_text)
#include "transports/appendfile_options.def"
#undef USED
#undef REFUSED
};

enum {
    APPENDFILE_OPTION_COUNT = 0
#define USED(name, type, default_text) +1
#define REFUSED(name, type, default_text) +1
#include "transports/appendfile_options.def"
#undef USED
#undef REFUSED
};

extern const struct option appendfile_options[APPENDFILE_OPTION_COUNT];

#endif
