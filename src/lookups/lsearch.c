/* lsearch (manual, 9.3): keys of a text file, taken literally but for case. */
#include "lookups/keyfile.h"
#include "lookups/keyfile_type.h"
#include "lookups/types.h"

static enum lookup_status find(void *handle, const struct lookup_request *request, struct str *result,
                               struct error *err)
{
    const struct keyfile_entry *entry = keyfile_find(handle, request->key);

    (void)err;
    if (!entry)
        return LOOKUP_NOT_FOUND;
    *result = keyfile_result(request->arena, entry, request->options);
    return LOOKUP_FOUND;
}

const struct lookup_type lookup_lsearch = {
    .name = "lsearch",
    .single_key = true,
    .open = keyfile_type_open,
    .current = keyfile_type_current,
    .find = find,
    .close = keyfile_type_close,
};
