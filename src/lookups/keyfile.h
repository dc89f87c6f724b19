/* Files of keys and data as lsearch and its relatives read them (manual, 9.3): a file is read and
 * taken apart once per version, and its keys are indexed. */
#ifndef LOOKUPS_KEYFILE_H
#define LOOKUPS_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "lookups/version.h"

/* One item of the file. Its data may go on over several lines: text reaches from the octet behind the
 * key to the end of the last of them. */
struct keyfile_entry {
    const char *key; /* without quotes and escapes; not NUL-terminated */
    size_t key_n;
    const char *text;
    size_t text_n;
};

struct keyfile {
    struct arena *arena;
    struct file_version version;
    struct keyfile_entry *entries; /* in the order of the file */
    size_t n;
    uint32_t *index; /* hash table: number of an entry plus one, 0: free; NULL: not made yet */
    size_t index_size;
};

/* Reads the file; NULL: err is set in Exim's words. keyfile_close() frees it. */
struct keyfile *keyfile_open(struct str file, struct error *err);
void keyfile_close(struct keyfile *file);

/* The first entry with that key, caseless; NULL: none. The index is made when this is first called. */
const struct keyfile_entry *keyfile_find(struct keyfile *file, struct str key);

/* The data of an entry: continuation lines joined by a space, white space trimmed. full: the whole
 * line, the (unquoted) key included, as ret=full asks for. */
struct str keyfile_data(struct arena *arena, const struct keyfile_entry *entry, bool full);

/* The same for a find function, which has the options of the style at hand. */
struct str keyfile_result(struct arena *arena, const struct keyfile_entry *entry, struct str options);

#endif
