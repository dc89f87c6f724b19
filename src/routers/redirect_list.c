/* Lists of aliases and forwards: see redirect_list.h. */
#include "routers/redirect_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "mail/address.h"

enum {
    DEEPEST_INCLUDE = 20,
    LARGEST_FILE = 64 << 20, /* octets */
};

struct reader {
    struct arena *arena;
    const struct redirect_rules *rules;
    struct redirect_result *result;
    struct redirect_item **last;
    struct redirect_fault **last_fault;
    struct error *err;
    unsigned depth; /* of included files */
};

static enum redirect_kind read_list(struct reader *r, struct str list);

/* --- From the list to its items */

/* Between items: white space, commas, comments that fill a line or follow a comma. */
static const char *skip_between(const char *p, const char *end)
{
    while (p < end) {
        if (*p == '#')
            while (p < end && *p != '\n')
                p++;
        else if (*p == ',' || ascii_is_space(*p))
            p++;
        else
            break;
    }
    return p;
}

/* Behind a quoted string or a comment, which may hold the separators. */
static const char *skip_quoted(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : p;
}

static const char *skip_comment(const char *p, const char *end)
{
    int depth = 0;

    do {
        depth += (*p == '(') - (*p == ')');
        if (*p == '\\' && p + 1 < end)
            p++;
        p++;
    } while (p < end && depth > 0);
    return p;
}

/* The commas of a source route do not end the item: they come before its colon. */
static const char *skip_route(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && *q != ':' && *q != '\n')
        q++;
    return q < end && *q == ':' ? q : p;
}

static const char *item_end(const char *p, const char *end)
{
    if (p < end && *p == '@')
        p = skip_route(p, end);
    while (p < end && *p != ',' && *p != '\n') {
        if (*p == '"')
            p = skip_quoted(p, end);
        else if (*p == '(')
            p = skip_comment(p, end);
        else if (*p == '\\' && p + 1 < end)
            p += 2;
        else if (*p == '<' && p + 1 < end && p[1] == '@')
            p = skip_route(p + 1, end);
        else
            p++;
    }
    return p;
}

static struct str slice(struct reader *r, struct str of, const char *from, const char *to)
{
    return str_trim(r->arena, str_copy_n(r->arena, from, (size_t)(to - from), of.tainted));
}

/* An item that is wholly in double quotes, without them and its escapes. */
static struct str unquote(struct reader *r, struct str item)
{
    struct buffer b = BUFFER_IN(r->arena);

    if (item.n < 2 || *item.s != '"' || skip_quoted(item.s, item.s + item.n) != item.s + item.n ||
        item.s[item.n - 1] != '"')
        return item;
    b.tainted = item.tainted;
    for (size_t i = 1; i + 1 < item.n; i++) {
        if (item.s[i] == '\\' && i + 2 < item.n)
            i++;
        buffer_add_char(&b, item.s[i]);
    }
    return str_trim(r->arena, buffer_str(&b));
}

static void add_item(struct reader *r, enum mail_target target, struct str text)
{
    struct redirect_item *item = ARENA_NEW(r->arena, struct redirect_item);

    item->target = target;
    item->text = text;
    *r->last = item;
    r->last = &item->next;
}

/* --- Addresses, files and pipes */

static bool parse(struct reader *r, struct str text, struct address *address, struct error *why)
{
    static const struct address_rules rules = {.allow_domain_literals = true, .allow_utf8_domains = true};

    return address_parse(r->arena, text, &rules, address, why);
}

/* A malformed item: skipped where that is wanted. False: it is the end of it. */
static bool malformed(struct reader *r, struct str why, struct str item)
{
    struct redirect_fault *fault;

    if (!r->rules->skip_errors)
        return error_set(r->err, "%.*s in \"%.*s\"", STR_ARG(why), STR_ARG(item));
    fault = ARENA_NEW(r->arena, struct redirect_fault);
    fault->why = str_copy(r->arena, why);
    fault->item = str_copy(r->arena, item);
    *r->last_fault = fault;
    r->last_fault = &fault->next;
    return true;
}

/* A path or a command, unless it is an address with a domain (an X.400 address may begin with a slash). */
static bool is_target(struct reader *r, struct str item, enum mail_target *target)
{
    struct error why = ERROR_IN(r->arena);
    struct address address;

    if (item.n == 0 || (*item.s != '/' && *item.s != '|'))
        return false;
    *target = *item.s == '/' ? TARGET_FILE : TARGET_PIPE;
    return !parse(r, item, &address, &why) || str_is_null(address.domain);
}

/* Nothing but a comment: it names nobody. */
static bool is_only_comment(struct str item)
{
    return item.n > 0 && *item.s == '(' && skip_comment(item.s, item.s + item.n) == item.s + item.n;
}

/* False: malformed, and that is the end of it. */
static bool read_address(struct reader *r, struct str item, bool backslash, struct str raw)
{
    struct error why = ERROR_IN(r->arena);
    struct address address;

    if (is_only_comment(item))
        return true;
    if (!parse(r, item, &address, &why))
        return malformed(r, why.text, raw);
    if (!str_is_null(address.domain)) {
        /* The backslash counts in front of a bare local part only. */
        if (backslash)
            address.text = str_join(r->arena, STR("\\"), address.text);
        add_item(r, TARGET_ADDRESS, address.text);
        return true;
    }
    add_item(r, TARGET_ADDRESS,
             str_join3(r->arena, address.text, STR("@"),
                       backslash ? r->rules->incoming_domain : r->rules->qualify_domain));
    return true;
}

static bool read_plain(struct reader *r, struct str raw)
{
    struct str item = unquote(r, raw);
    bool backslash = item.n > 0 && *item.s == '\\';
    enum mail_target target;

    if (backslash)
        item = str_sub(r->arena, item, 1, item.n);
    if (!backslash && is_target(r, item, &target)) {
        add_item(r, target, item);
        return true;
    }
    return read_address(r, item, backslash, raw);
}

/* --- Special items */

static const char *not_permitted(const char *name, struct str rest, struct reader *r)
{
    return str_printf(r->arena, "\"%s%.*s\" is not permitted", name, STR_ARG(rest)).s;
}

/* Reads a whole regular file. False: err. */
static bool read_file(struct reader *r, struct str path, struct str *content)
{
    struct buffer b = BUFFER_IN(r->arena);
    int fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat found;
    ssize_t got = 1;

    if (fd < 0 || fstat(fd, &found) < 0) {
        error_set(r->err, "failed to open included file %.*s: %s", STR_ARG(path), strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!S_ISREG(found.st_mode) || found.st_size > LARGEST_FILE) {
        close(fd);
        return error_set(r->err, "included file %.*s is not a regular file in the %.*s directory", STR_ARG(path),
                         STR_ARG(r->rules->include_directory));
    }
    while (got > 0) {
        char *room = buffer_room(&b, 8192);

        got = read(fd, room, 8192);
        if (got > 0)
            buffer_added(&b, (size_t)got);
    }
    close(fd);
    *content = buffer_str(&b);
    return got == 0 || error_set(r->err, "error while reading included file %.*s: %s", STR_ARG(path), strerror(errno));
}

/* Opens nothing that a component of the path which is a symbolic link may lead out of the directory to. */
static bool has_links(struct str directory, struct str path)
{
    char *copy = strndup(path.s, path.n), *end;
    struct stat found;
    bool links = false;

    if (copy == NULL)
        return true;
    for (end = copy + directory.n; *end && !links;) {
        char kept;

        end += *end == '/';
        end += strcspn(end, "/");
        kept = *end;
        *end = '\0';
        links = lstat(copy, &found) < 0 || S_ISLNK(found.st_mode);
        *end = kept;
    }
    free(copy);
    return links;
}

static bool check_include(struct reader *r, struct str path)
{
    struct str directory = r->rules->include_directory;

    if (path.n == 0 || *path.s != '/')
        return error_set(r->err, "included file \"%.*s\" is not an absolute path", STR_ARG(path));
    if (path.tainted)
        return error_set(r->err, "Tainted name '%.*s' for file read not permitted", STR_ARG(path));
    if (r->depth >= DEEPEST_INCLUDE)
        return error_set(r->err, "included file %.*s is nested too deep", STR_ARG(path));
    if (str_is_null(directory))
        return true;
    if (strncmp(path.s, directory.s, directory.n) != 0 || path.s[directory.n] != '/')
        return error_set(r->err, "included file %.*s is not in directory %.*s", STR_ARG(path), STR_ARG(directory));
    return !has_links(directory, path) ||
           error_set(r->err, "failed to open %.*s (component of included file); could be symbolic link",
                     STR_ARG(path));
}

static enum redirect_kind include(struct reader *r, struct str path)
{
    struct str content;
    enum redirect_kind kind;

    if (r->rules->forbid_include) {
        error_set(r->err, "included files not permitted");
        return REDIRECT_ERROR;
    }
    path = unquote(r, path);
    if (!check_include(r, path) || !read_file(r, path, &content))
        return REDIRECT_ERROR;
    r->depth++;
    kind = read_list(r, content);
    r->depth--;
    return kind;
}

/* :fail: and :defer:, whose text is the rest of the list. */
static enum redirect_kind refusal(struct reader *r, struct str rest, bool fail)
{
    if (!(fail ? r->rules->allow_fail : r->rules->allow_defer)) {
        error_set(r->err, "%s", not_permitted(fail ? ":fail:" : ":defer:", rest, r));
        return REDIRECT_ERROR;
    }
    r->result->message = str_trim(r->arena, rest);
    return fail ? REDIRECT_FAIL : REDIRECT_DEFER;
}

static bool begins(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* Whether an item begins here that is special; *kind is what it makes of the list, REDIRECT_ADDRESSES to go on at
 * *p. */
static bool read_special(struct reader *r, struct str list, const char **p, enum redirect_kind *kind)
{
    const char *end = list.s + list.n, *stop = item_end(*p, end);

    *kind = REDIRECT_ADDRESSES;
    if (begins(*p, end, ":fail:") || begins(*p, end, ":defer:")) {
        bool fail = (*p)[1] == 'f';

        *p += strlen(fail ? ":fail:" : ":defer:");
        *kind = refusal(r, str_copy_n(r->arena, *p, (size_t)(end - *p), list.tainted), fail);
    } else if (begins(*p, end, ":blackhole:")) {
        *kind = REDIRECT_BLACKHOLE;
        if (r->rules->forbid_blackhole) {
            error_set(r->err, "\":blackhole:\" is not permitted");
            *kind = REDIRECT_ERROR;
        }
    } else if (begins(*p, end, ":include:")) {
        *kind = include(r, slice(r, list, *p + strlen(":include:"), stop));
        *p = stop;
    } else if (str_is(slice(r, list, *p, stop), ":unknown:")) {
        *p = stop;
    } else {
        return false;
    }
    return true;
}

/* --- The list */

static enum redirect_kind read_list(struct reader *r, struct str list)
{
    const char *p = list.s, *end = str_end(list);

    while ((p = skip_between(p, end)) < end) {
        enum redirect_kind kind;
        const char *stop;

        if (*p == ':' && read_special(r, list, &p, &kind)) {
            if (kind != REDIRECT_ADDRESSES)
                return kind;
            continue;
        }
        stop = item_end(p, end);
        if (!read_plain(r, slice(r, list, p, stop)))
            return REDIRECT_ERROR;
        p = stop;
    }
    return REDIRECT_ADDRESSES;
}

enum redirect_kind redirect_list_read(struct arena *arena, struct str list, const struct redirect_rules *rules,
                                      struct redirect_result *result, struct error *err)
{
    struct reader r = {.arena = arena, .rules = rules, .result = result, .err = err};

    *result = (struct redirect_result){.message = STR_NULL};
    r.last = &result->items;
    r.last_fault = &result->faults;
    result->kind = read_list(&r, list);
    if (result->kind == REDIRECT_ADDRESSES && !result->items)
        result->kind = REDIRECT_NOTHING;
    return result->kind;
}
