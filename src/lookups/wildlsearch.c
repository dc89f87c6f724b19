/* wildlsearch and nwildlsearch (manual, 9.3): as lsearch, but the keys are patterns (`*` in front,
 * regular expressions, even lookups), tried from the top. wildlsearch expands each of them first. */
#include "lookups/keyfile.h"
#include "lookups/keyfile_type.h"
#include "lookups/types.h"

static enum lookup_status find(const struct keyfile *file, const struct lookup_request *request, bool expand,
                               struct str *result, struct error *err)
{
    const struct lookup_services *services = request->services;

    if (!services || !services->match_pattern) {
        error_set(err, "patterns cannot be matched here");
        return LOOKUP_DEFER;
    }
    for (size_t i = 0; i < file->n; i++) {
        const struct keyfile_entry *entry = &file->entries[i];
        struct str pattern = str_copy_n(request->arena, entry->key, entry->key_n, false);
        enum lookup_status status =
            services->match_pattern(services->ctx, request->key, pattern, expand, err);
        if (status == LOOKUP_NOT_FOUND)
            continue;
        if (status == LOOKUP_FOUND)
            *result = keyfile_result(request->arena, entry, request->options);
        return status;
    }
    return LOOKUP_NOT_FOUND;
}

static enum lookup_status find_expanding(void *handle, const struct lookup_request *request,
                                         struct str *result, struct error *err)
{
    return find(handle, request, true, result, err);
}

static enum lookup_status find_as_written(void *handle, const struct lookup_request *request,
                                          struct str *result, struct error *err)
{
    return find(handle, request, false, result, err);
}

const struct lookup_type lookup_wildlsearch = {
    .name = "wildlsearch",
    .single_key = true,
    .keep_results = true,
    .open = keyfile_type_open,
    .current = keyfile_type_current,
    .find = find_expanding,
    .close = keyfile_type_close,
};

const struct lookup_type lookup_nwildlsearch = {
    .name = "nwildlsearch",
    .single_key = true,
    .keep_results = true,
    .open = keyfile_type_open,
    .current = keyfile_type_current,
    .find = find_as_written,
    .close = keyfile_type_close,
};
