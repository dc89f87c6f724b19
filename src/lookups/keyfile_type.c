/* What the lookup types over files of keys have in common: see keyfile_type.h. */
#include "lookups/keyfile_type.h"

#include "lookups/keyfile.h"

void *keyfile_type_open(struct str file, struct error *err)
{
    return keyfile_open(file, err);
}

bool keyfile_type_current(const void *handle, struct str file)
{
    const struct keyfile *keyfile = handle;

    return file_version_current(&keyfile->version, file);
}

void keyfile_type_close(void *handle)
{
    keyfile_close(handle);
}
