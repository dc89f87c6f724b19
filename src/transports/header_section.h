/* The header section of a message as it is written out. Private to src/transports. */
#ifndef TRANSPORTS_HEADER_SECTION_H
#define TRANSPORTS_HEADER_SECTION_H

#include "transports/write.h"

/* The section with what the generic options add and take away, and the empty line behind it (manual, 48.17).
 * False: err. */
bool header_section(struct delivery *delivery, struct str *section, struct error *err);

#endif
