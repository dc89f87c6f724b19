/* What the lookup types over files of keys have in common. */
#ifndef LOOKUPS_KEYFILE_TYPE_H
#define LOOKUPS_KEYFILE_TYPE_H

#include "lookups/lookup.h"

/* The open, current and close functions of a type whose handle is a struct keyfile. */
void *keyfile_type_open(struct str file, struct error *err);
bool keyfile_type_current(const void *handle, struct str file);
void keyfile_type_close(void *handle);

#endif
