/* Reading, splitting and indexing files of keys and data: see keyfile.h.
 *
 * The whole file is read: mapping it would end the process when the file is cut short meanwhile. */
#include "lookups/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "lookups/option.h"

enum { READ_SIZE = 64 * 1024, MAX_ENTRIES = UINT32_MAX / 4 };

/* The end of the line that begins at p: its LF, or end. */
static const char *line_end(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));

    return lf ? lf : end;
}

/* Empty lines and comments. They end the item before them: what follows a commented-out entry must not
 * grow onto the one above. (The manual has them ignored within an item; the packaged Exim does this.) */
static bool is_ignored(const char *p, const char *eol)
{
    if (p < eol && *p == '#')
        return true;
    while (p < eol && ascii_is_space(*p))
        p++;
    return p == eol;
}

/* --- Keys */

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The octet an escape stands for (manual, 6.17); *p is behind the backslash and moves over it. */
static char unescape(const char **p, const char *end)
{
    char c = *(*p)++;
    int value = 0;

    switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case 'x':
        for (int i = 0; i < 2 && *p < end && ascii_hex_value(**p) >= 0; i++)
            value = value * 16 + ascii_hex_value(*(*p)++);
        return (char)value;
    default:
        if (!is_octal(c))
            return c;
        value = c - '0';
        for (int i = 0; i < 2 && *p < end && is_octal(**p); i++)
            value = value * 8 + (*(*p)++ - '0');
        return (char)value;
    }
}

/* A key in quotes ends at the next quote or at the end of its line. Returns where the text goes on. */
static const char *quoted_key(struct arena *arena, const char *p, const char *eol,
                              struct keyfile_entry *entry)
{
    char *key = arena_alloc(arena, (size_t)(eol - p) + 1);

    entry->key = key;
    while (p < eol && *p != '"') {
        char c = *p++;
        if (c == '\\' && p < eol)
            c = unescape(&p, eol);
        key[entry->key_n++] = c;
    }
    return p < eol ? p + 1 : p;
}

/* Any other key ends at white space or a colon. */
static const char *plain_key(const char *p, const char *eol, struct keyfile_entry *entry)
{
    entry->key = p;
    while (p < eol && *p != ':' && !ascii_is_space(*p))
        p++;
    entry->key_n = (size_t)(p - entry->key);
    return p;
}

/* --- Reading */

/* Where the item whose first line ends at eol ends: behind its last continuation line. */
static const char *item_end(const char *eol, const char *end)
{
    while (eol < end && eol + 1 < end && ascii_is_space(eol[1])) {
        const char *next = line_end(eol + 1, end);
        if (is_ignored(eol + 1, next))
            break;
        eol = next;
    }
    return eol;
}

static void add_entry(struct keyfile *file, size_t *capacity, struct keyfile_entry entry)
{
    if (file->n == *capacity) {
        size_t old = *capacity;
        *capacity = old ? 2 * old : 64;
        file->entries = arena_grow(file->arena, file->entries, old * sizeof *file->entries,
                                   *capacity * sizeof *file->entries);
    }
    file->entries[file->n++] = entry;
}

static void split(struct keyfile *file, const char *p, const char *end)
{
    size_t capacity = 0;

    while (p < end && file->n < MAX_ENTRIES) {
        const char *eol = line_end(p, end);
        if (!is_ignored(p, eol) && !ascii_is_space(*p)) {
            struct keyfile_entry entry = {0};
            entry.text = *p == '"' ? quoted_key(file->arena, p + 1, eol, &entry) : plain_key(p, eol, &entry);
            eol = item_end(eol, end);
            entry.text_n = (size_t)(eol - entry.text);
            add_entry(file, &capacity, entry);
        }
        p = eol < end ? eol + 1 : end;
    }
}

/* The contents of the descriptor; false: errno says why. */
static bool read_all(int fd, size_t expected, struct buffer *contents)
{
    for (;;) {
        size_t room = expected > contents->n ? expected - contents->n + 1 : READ_SIZE;
        ssize_t n = read(fd, buffer_room(contents, room), room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buffer_added(contents, (size_t)n);
    }
}

static struct keyfile *read_file(int fd, struct str name, struct error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        error_set(err, "failed to stat %.*s (lsearch lookup): %s", STR_ARG(name), strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(err, "%.*s is not a regular file (lsearch lookup)", STR_ARG(name));
        return NULL;
    }
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct buffer contents = BUFFER_IN(arena);
    if (!read_all(fd, (size_t)status.st_size, &contents)) {
        error_set(err, "failed to read %.*s (lsearch lookup): %s", STR_ARG(name), strerror(errno));
        arena_free(arena);
        return NULL;
    }
    struct keyfile *file = ARENA_NEW(arena, struct keyfile);
    *file = (struct keyfile){.arena = arena, .version = file_version_of(&status)};
    struct str text = buffer_str(&contents);
    split(file, text.s, text.s + text.n);
    return file;
}

struct keyfile *keyfile_open(struct str name, struct error *err)
{
    /* Not blocking: the name may be that of a FIFO, which is refused above. */
    int fd = name.n > 0 && name.s[0] == '/' ? open(name.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

    if (fd < 0) {
        file_open_error(err, name, "linear search", name.n > 0 && name.s[0] == '/' ? errno : ENOENT);
        return NULL;
    }
    struct keyfile *file = read_file(fd, name, err);
    close(fd);
    return file;
}

void keyfile_close(struct keyfile *file)
{
    if (file)
        arena_free(file->arena);
}

/* --- Finding */

/* FNV-1a over the octets in lower case. */
static uint32_t hash_key(const char *s, size_t n)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)ascii_lower(s[i])) * 16777619U;
    return hash;
}

static bool same_key(const struct keyfile_entry *entry, const char *s, size_t n)
{
    return str_eq_nocase((struct str){entry->key, entry->key_n, false}, (struct str){s, n, false});
}

/* The place of a key in the index: of the entry that has it, or a free one. */
static size_t index_place(const struct keyfile *file, const char *s, size_t n)
{
    size_t at = hash_key(s, n) & (file->index_size - 1);

    while (file->index[at] != 0 && !same_key(&file->entries[file->index[at] - 1], s, n))
        at = (at + 1) & (file->index_size - 1);
    return at;
}

/* At most half full; the first of several entries with the same key is the one that counts. */
static void make_index(struct keyfile *file)
{
    file->index_size = 8;
    while (file->index_size < 2 * file->n)
        file->index_size *= 2;
    file->index = ARENA_ARRAY(file->arena, uint32_t, file->index_size);
    for (size_t i = 0; i < file->n; i++) {
        size_t at = index_place(file, file->entries[i].key, file->entries[i].key_n);
        if (file->index[at] == 0)
            file->index[at] = (uint32_t)i + 1;
    }
}

const struct keyfile_entry *keyfile_find(struct keyfile *file, struct str key)
{
    if (!file->index)
        make_index(file);
    uint32_t number = file->index[index_place(file, key.s, key.n)];
    return number == 0 ? NULL : &file->entries[number - 1];
}

/* --- Data */

static void trim(const char **p, const char **end)
{
    while (*p < *end && ascii_is_space(**p))
        (*p)++;
    while (*end > *p && ascii_is_space((*end)[-1]))
        (*end)--;
}

struct str keyfile_data(struct arena *arena, const struct keyfile_entry *entry, bool full)
{
    const char *p = entry->text, *end = p + entry->text_n, *eol = line_end(p, end), *last = eol;
    struct buffer data = BUFFER_IN(arena);

    if (full) {
        buffer_add_n(&data, entry->key, entry->key_n);
        while (last > p && ascii_is_space(last[-1]))
            last--;
    } else {
        trim(&p, &last);
        if (p < last && *p == ':')
            p++;
        trim(&p, &last);
    }
    buffer_add_n(&data, p, (size_t)(last - p));
    while (eol < end) {
        p = eol + 1;
        eol = last = line_end(p, end);
        trim(&p, &last);
        buffer_add_char(&data, ' ');
        buffer_add_n(&data, p, (size_t)(last - p));
    }
    return buffer_str(&data);
}

struct str keyfile_result(struct arena *arena, const struct keyfile_entry *entry, struct str options)
{
    struct str ret;

    return keyfile_data(arena, entry, lookup_option(options, "ret", &ret) && str_is(ret, "full"));
}
