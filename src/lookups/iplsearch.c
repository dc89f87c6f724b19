/* iplsearch (manual, 9.3): as lsearch, but the keys are IP addresses and networks, and the first one
 * that the address lies in is taken. `*` is a key for defaults. */
#include "base/ip.h"
#include "lookups/keyfile.h"
#include "lookups/keyfile_type.h"
#include "lookups/types.h"

struct network {
    struct ip ip; /* no bits: the key is no network */
    unsigned length;
};

struct iplsearch {
    struct keyfile *file;
    struct network *networks; /* one for each entry */
};

static struct network parse_key(const struct keyfile_entry *entry)
{
    struct network network = {0};
    int length;

    if (ip_parse_net((struct str){entry->key, entry->key_n, false}, &network.ip, &length))
        network.length = length < 0 ? network.ip.bits : (unsigned)length;
    return network;
}

static void *iplsearch_open(struct str name, struct error *err)
{
    struct keyfile *file = keyfile_open(name, err);

    if (!file)
        return NULL;
    struct iplsearch *handle = ARENA_NEW(file->arena, struct iplsearch);
    handle->file = file;
    handle->networks = ARENA_ARRAY(file->arena, struct network, file->n);
    for (size_t i = 0; i < file->n; i++)
        handle->networks[i] = parse_key(&file->entries[i]);
    return handle;
}

static bool iplsearch_current(const void *handle, struct str file)
{
    return file_version_current(&((const struct iplsearch *)handle)->file->version, file);
}

static void iplsearch_close(void *handle)
{
    keyfile_close(((struct iplsearch *)handle)->file);
}

/* The number of the first entry the address lies in, or that of `*`; file->n: there is none. */
static size_t find_entry(const struct iplsearch *handle, struct str key, const struct ip *ip)
{
    const struct keyfile *file = handle->file;
    size_t i = 0;

    for (; i < file->n; i++) {
        const struct network *network = &handle->networks[i];
        const struct keyfile_entry *entry = &file->entries[i];
        if (ip->bits == 0 ? entry->key_n == key.n && entry->key[0] == '*'
                          : ip_in_net(ip, &network->ip, network->length))
            break;
    }
    return i;
}

static enum lookup_status iplsearch_find(void *handle_, const struct lookup_request *request,
                                         struct str *result, struct error *err)
{
    const struct iplsearch *handle = handle_;
    struct ip ip = {0};

    if (!str_is(request->key, "*") && !ip_parse(request->key, &ip)) {
        error_set(
            err,
            "\"%.*s\" is not a valid iplsearch key (an IP address, with optional CIDR mask, is wanted): "
            "in a host list, use net-iplsearch as the search type",
            STR_ARG(request->key));
        return LOOKUP_DEFER;
    }
    ip_unmap(&ip);
    size_t i = find_entry(handle, request->key, &ip);
    if (i == handle->file->n)
        return LOOKUP_NOT_FOUND;
    *result = keyfile_result(request->arena, &handle->file->entries[i], request->options);
    return LOOKUP_FOUND;
}

const struct lookup_type lookup_iplsearch = {
    .name = "iplsearch",
    .single_key = true,
    .keep_results = true,
    .open = iplsearch_open,
    .current = iplsearch_current,
    .find = iplsearch_find,
    .close = iplsearch_close,
};
