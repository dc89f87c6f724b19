/* The source of one ACL as the configuration reader hands it to the ACL compiler. */
#ifndef BASE_ACL_SOURCE_H
#define BASE_ACL_SOURCE_H

#include "base/source.h"

struct acl_source {
    struct str name;
    struct source_pos where;   /* of the line that names it */
    struct source_lines lines; /* logical lines, macros replaced */
};

#endif
