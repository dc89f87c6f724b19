/* cdb (manual, 9.3): constant databases in D. J. Bernstein's format (https://cr.yp.to/cdb/cdb.txt).
 *
 * The first 2048 octets are 256 pairs of numbers: where a hash table lies, and how many slots it has. A slot
 * is a hash and where its record lies, 0 for an empty one. A record is the length of its key, that of its
 * data, the key, the data. Numbers are 32 bits wide, least significant octet first. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "lookups/types.h"
#include "lookups/version.h"

enum { TABLES = 256, PAIR = 8, HEADER = TABLES * PAIR };

struct cdb {
    struct arena *arena;
    struct str name;
    int fd; /* read, not mapped: a file that somebody cuts short must not end the process */
    struct file_version version;
    uint8_t header[HEADER];
};

static uint32_t number(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Reads n octets at that place: 1; 0 when the file ends before; -1: errno says why. */
static int read_at(int fd, void *octets, size_t n, uint64_t at)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, (char *)octets + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : 0;
        done += (size_t)got;
    }
    return 1;
}

/* --- Opening */

static struct cdb *begin(struct str file, int fd, struct error *err)
{
    struct stat status;
    struct arena *arena;
    struct cdb *cdb;
    int read;

    if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        file_open_error(err, file, "cdb lookup", S_ISDIR(status.st_mode) ? EISDIR : errno);
        return NULL;
    }
    arena = arena_new(ARENA_PLAIN);
    cdb = ARENA_NEW(arena, struct cdb);
    *cdb = (struct cdb){.arena = arena, .name = str_copy(arena, file), .fd = fd};
    cdb->version = file_version_of(&status);
    read = read_at(fd, cdb->header, HEADER, 0);
    if (read == 1)
        return cdb;
    if (read == 0)
        error_set(err, "failed to open %.*s for cdb lookup: too short for a cdb file", STR_ARG(file));
    else
        file_open_error(err, file, "cdb lookup", errno);
    arena_free(arena);
    return NULL;
}

static void *cdb_open(struct str file, struct error *err)
{
    int fd = open(file.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct cdb *cdb;

    if (fd < 0) {
        file_open_error(err, file, "cdb lookup", errno);
        return NULL;
    }
    cdb = begin(file, fd, err);
    if (!cdb)
        close(fd);
    return cdb;
}

static bool cdb_current(const void *handle, struct str file)
{
    return file_version_current(&((const struct cdb *)handle)->version, file);
}

static void cdb_close(void *handle)
{
    struct cdb *cdb = handle;

    close(cdb->fd);
    arena_free(cdb->arena);
}

/* --- Finding */

static uint32_t hash_of(struct str key)
{
    uint32_t hash = 5381;

    for (size_t i = 0; i < key.n; i++)
        hash = ((hash << 5) + hash) ^ (uint8_t)key.s[i];
    return hash;
}

/* What the file says where a read of it did not succeed. */
static enum lookup_status broken(const struct cdb *cdb, int read, struct error *err)
{
    if (read < 0)
        error_set(err, "cdb: cannot read %.*s: %s", STR_ARG(cdb->name), strerror(errno));
    else
        error_set(err, "cdb: corrupt cdb file %.*s (too short)", STR_ARG(cdb->name));
    return LOOKUP_DEFER;
}

/* The data of a record, when it is the key's. As Exim does, a NUL ends it. */
static enum lookup_status read_record(const struct cdb *cdb, const struct lookup_request *request,
                                      uint64_t at, struct str *result, struct error *err)
{
    struct str key = request->key;
    uint8_t lengths[PAIR];
    int read = read_at(cdb->fd, lengths, sizeof lengths, at);

    if (read != 1)
        return broken(cdb, read, err);
    if (number(lengths) != key.n)
        return LOOKUP_NOT_FOUND;
    uint64_t n = number(lengths + 4), data = at + PAIR + key.n;
    if (data + n > (uint64_t)cdb->version.size)
        return broken(cdb, 0, err);
    char *octets = arena_alloc(request->arena, (key.n > n ? key.n : n) + 1);
    read = read_at(cdb->fd, octets, key.n, at + PAIR);
    if (read == 1 && memcmp(octets, key.s, key.n) != 0)
        return LOOKUP_NOT_FOUND;
    if (read == 1)
        read = read_at(cdb->fd, octets, n, data);
    if (read != 1)
        return broken(cdb, read, err);
    octets[n] = '\0';
    *result = str_of(octets);
    return LOOKUP_FOUND;
}

static enum lookup_status cdb_find(void *handle, const struct lookup_request *request, struct str *result,
                                   struct error *err)
{
    const struct cdb *cdb = handle;
    uint32_t hash = hash_of(request->key);
    const uint8_t *entry = cdb->header + hash % TABLES * PAIR;
    uint64_t table = number(entry), slots = number(entry + 4);

    if (table + slots * PAIR > (uint64_t)cdb->version.size)
        return broken(cdb, 0, err);
    for (uint64_t i = 0; i < slots; i++) {
        uint64_t slot = ((hash >> 8) + i) % slots;
        uint8_t pair[PAIR];
        int read = read_at(cdb->fd, pair, sizeof pair, table + slot * PAIR);
        if (read != 1)
            return broken(cdb, read, err);
        uint32_t record = number(pair + 4);
        if (record == 0)
            return LOOKUP_NOT_FOUND;
        if (number(pair) != hash)
            continue;
        enum lookup_status status = read_record(cdb, request, record, result, err);
        if (status != LOOKUP_NOT_FOUND)
            return status;
    }
    return LOOKUP_NOT_FOUND;
}

const struct lookup_type lookup_cdb = {
    .name = "cdb",
    .single_key = true,
    .open = cdb_open,
    .current = cdb_current,
    .find = cdb_find,
    .close = cdb_close,
};
LOOKUP_EXPORT(&lookup_cdb)
