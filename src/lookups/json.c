/* json (manual, 9.3): an element of a JSON file. The key is a list of selectors, each of which picks a member
 * of an object by its name or an element of an array by its number, counted from zero. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/strlist.h"
#include "lookups/types.h"
#include "lookups/version.h"

/* Few decimal fractions have an exact binary form: more digits than these would show it. */
enum { REAL_DIGITS = 15, INDEX_DIGITS = 9 };

struct document {
    struct arena *arena;
    json_t *root; /* NULL: the file is not JSON */
    struct str fault;
    struct file_version version;
};

/* --- Opening: the file is read and taken apart once per version */

static struct document *read_document(struct str file, int fd, const struct stat *status)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct document *document = ARENA_NEW(arena, struct document);
    json_error_t error;

    *document = (struct document){.arena = arena, .version = file_version_of(status)};
    document->root = json_loadfd(fd, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!document->root)
        document->fault =
            str_printf(arena, "json: line %d of %.*s: %s", error.line, STR_ARG(file), error.text);
    return document;
}

static void *json_open(struct str file, struct error *err)
{
    int fd = open(file.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct document *document;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        file_open_error(err, file, "json search", errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        file_open_error(err, file, "json search", EISDIR);
        return NULL;
    }
    document = read_document(file, fd, &status);
    close(fd);
    return document;
}

static bool json_current(const void *handle, struct str file)
{
    return file_version_current(&((const struct document *)handle)->version, file);
}

static void json_close(void *handle)
{
    struct document *document = handle;

    json_decref(document->root);
    arena_free(document->arena);
}

/* --- Finding */

/* A selector of digits alone is a number, which objects do not have. */
static bool is_number(struct str selector)
{
    for (size_t i = 0; i < selector.n; i++)
        if (!ascii_is_digit(selector.s[i]))
            return false;
    return selector.n > 0;
}

/* NULL: there is no such element. */
static const json_t *pick(const json_t *value, struct str selector)
{
    if (is_number(selector))
        return selector.n > INDEX_DIGITS ? NULL : json_array_get(value, strtoul(selector.s, NULL, 10));
    if (memchr(selector.s, '\0', selector.n))
        return NULL;
    return json_object_get(value, selector.s);
}

/* The text of an element: that of a string is what is between its quotes. False: there is no memory. */
static bool text_of(struct arena *arena, const json_t *value, struct str *text)
{
    char *dumped;

    if (json_is_string(value)) {
        *text = str_copy_n(arena, json_string_value(value), json_string_length(value), false);
        return true;
    }
    dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS));
    if (!dumped)
        return false;
    *text = str_copy(arena, str_of(dumped));
    free(dumped);
    return true;
}

static enum lookup_status json_find(void *handle, const struct lookup_request *request, struct str *result,
                                    struct error *err)
{
    const struct document *document = handle;
    const json_t *value = document->root;
    struct strlist selectors;
    struct str selector;

    if (!value) {
        error_set(err, "%.*s", STR_ARG(document->fault));
        return LOOKUP_DEFER;
    }
    strlist_begin(&selectors, request->key, ':');
    while (value && strlist_next(&selectors, request->arena, &selector))
        value = pick(value, selector);
    if (!value)
        return LOOKUP_NOT_FOUND;
    if (text_of(request->arena, value, result))
        return LOOKUP_FOUND;
    error_set(err, "json: no memory for the text of an element");
    return LOOKUP_DEFER;
}

static void json_version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: Jansson: Compile: %s\n", JANSSON_VERSION);
    buffer_printf(out, "                          Runtime: %s\n", jansson_version_str());
}

const struct lookup_type lookup_json = {
    .name = "json",
    .single_key = true,
    .open = json_open,
    .current = json_current,
    .find = json_find,
    .close = json_close,
    .version_report = json_version_report,
};
LOOKUP_EXPORT(&lookup_json)
