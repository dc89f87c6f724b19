/* Finding the ACL that a string stands for (manual, 44.12): one of the configuration by its name, a file
 * by its absolute name, or the string itself. What is compiled here, while sessions run, is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acl/compiled.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"

/* Texts that differ for every session must not fill the memory of a process that serves many: beyond
 * this many an ACL is compiled for the one use. */
enum { MAX_KEPT = 256 };

/* A file or inline text that was compiled. */
struct kept_acl {
    struct kept_acl *next;
    struct str text;  /* file name or inline text */
    struct stat file; /* the file's state when it was read: it is read again when that has changed */
    const struct acl *acl;
};

struct kept_acls {
    struct arena *arena;
    struct kept_acl *first;
    unsigned n;
};

struct acl_set {
    struct acl **acls; /* sorted by name */
    size_t n;
    struct kept_acls *kept;
};

size_t acl_count(const struct acl_set *set)
{
    return set->n;
}

const struct acl *acl_at(const struct acl_set *set, size_t i)
{
    return set->acls[i];
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp((*(struct acl *const *)a)->name, (*(struct acl *const *)b)->name);
}

static int compare_key(const void *key, const void *acl)
{
    return str_cmp(*(const struct str *)key, (*(struct acl *const *)acl)->name);
}

static void free_kept(void *p)
{
    struct kept_acls *kept = p;

    arena_free(kept->arena);
}

/* The error may be told when the configuration that names the file is gone. */
static bool outlive_sources(struct error *err)
{
    if (err != NULL && err->where.file != NULL)
        err->where.file = str_copy(err->arena, str_of(err->where.file)).s;
    return false;
}

bool acl_compile(struct arena *arena, const struct acl_source *sources, size_t n, struct acl_set **set,
                 struct error *err)
{
    struct acl_set *made = ARENA_NEW(arena, struct acl_set);

    made->acls = ARENA_ARRAY(arena, struct acl *, n);
    made->n = n;
    for (size_t i = 0; i < n; i++) {
        made->acls[i] = acl_compile_lines(arena, sources[i].name, &sources[i].lines, true, err);
        if (made->acls[i] == NULL)
            return outlive_sources(err);
        made->acls[i]->named = true;
    }
    qsort(made->acls, n, sizeof *made->acls, compare_names);
    made->kept = ARENA_NEW(arena, struct kept_acls);
    made->kept->arena = arena_new(ARENA_PLAIN);
    arena_defer(arena, free_kept, made->kept);
    *set = made;
    return true;
}

static const struct acl *find_named(const struct acl_set *set, struct str name)
{
    struct acl **found = NULL;

    if (set->n > 0)
        found = bsearch(&name, set->acls, set->n, sizeof *set->acls, compare_key);
    return found == NULL ? NULL : *found;
}

bool acl_exists(const struct acl_set *set, struct str name)
{
    return find_named(set, name) != NULL;
}

/* --- Kept ones */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static struct kept_acl *find_kept(const struct kept_acls *kept, struct str text)
{
    for (struct kept_acl *k = kept->first; k != NULL; k = k->next)
        if (str_eq(k->text, text))
            return k;
    return NULL;
}

/* Where to compile what comes next: with the kept ones as long as there is room. */
static struct arena *arena_for(const struct acl_context *context)
{
    const struct kept_acls *kept = context->acls->kept;

    return kept->n < MAX_KEPT ? kept->arena : context->arena;
}

static void keep(struct kept_acls *kept, struct kept_acl *old, struct str text, const struct stat *file,
                 const struct acl *acl)
{
    if (kept->n >= MAX_KEPT)
        return;
    kept->n++;
    if (old == NULL) {
        old = ARENA_NEW(kept->arena, struct kept_acl);
        old->text = str_copy(kept->arena, text);
        old->next = kept->first;
        kept->first = old;
    }
    old->file = *file;
    old->acl = acl;
}

/* --- Files */

static bool read_all(int fd, struct buffer *text)
{
    for (;;) {
        ssize_t n = read(fd, buffer_room(text, 4096), 4096);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buffer_added(text, (size_t)n);
    }
}

static const struct acl *compile_file(const struct acl_context *context, struct arena *arena, int fd,
                                      mode_t mode, struct str name, struct error *err)
{
    struct buffer text = BUFFER_IN(context->arena);
    struct source_lines lines;
    struct str copy;

    if (!S_ISREG(mode) && !S_ISDIR(mode)) {
        error_set(err, "ACL file \"%.*s\" is not a regular file", STR_ARG(name));
        return NULL;
    }
    if (!read_all(fd, &text)) {
        error_set(err, "failed to read ACL file \"%.*s\": %s", STR_ARG(name), strerror(errno));
        return NULL;
    }
    debug(DEBUG_acl, "read ACL from file %.*s", STR_ARG(name));
    copy = str_copy(arena, name);
    lines = acl_text_lines(arena, buffer_str(&text), copy.s);
    return acl_compile_lines(arena, copy, &lines, false, err);
}

static const struct acl *find_file(const struct acl_context *context, struct str name, struct error *err)
{
    struct kept_acls *kept = context->acls->kept;
    struct kept_acl *old = find_kept(kept, name);
    struct str path = str_copy(context->arena, name);
    const struct acl *acl;
    struct stat now;
    int fd;

    if (old != NULL && stat(path.s, &now) == 0 && same_file(&now, &old->file))
        return old->acl;
    fd = open(path.s, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* a FIFO must not stop the session */
    if (fd < 0 || fstat(fd, &now) != 0) {
        error_set(err, "failed to open ACL file \"%.*s\": %s", STR_ARG(name), strerror(errno));
        acl = NULL;
    } else {
        acl = compile_file(context, arena_for(context), fd, now.st_mode, name, err);
    }
    if (fd >= 0)
        close(fd);
    if (acl != NULL)
        keep(kept, old, name, &now, acl);
    return acl;
}

/* --- Inline text */

static const struct acl *find_inline(const struct acl_context *context, struct str text, struct error *err)
{
    struct kept_acls *kept = context->acls->kept;
    struct kept_acl *old = find_kept(kept, text);
    struct arena *arena = arena_for(context);
    const struct stat none = {.st_size = 0};
    struct source_lines lines;
    const struct acl *acl;

    if (old != NULL)
        return old->acl;
    lines = acl_text_lines(arena, text, NULL);
    acl = acl_compile_lines(arena, STR_NULL, &lines, false, err);
    if (acl != NULL)
        keep(kept, NULL, text, &none, acl);
    return acl;
}

const struct acl *acl_find(const struct acl_context *context, struct str spec, struct error *err)
{
    const struct acl *acl = NULL;

    while (spec.n > 0 && ascii_is_space(*spec.s)) {
        spec.s++;
        spec.n--;
    }
    if (spec.tainted) {
        log_write(LOG_MAIN | LOG_PANIC, "attempt to use tainted ACL text \"%.*s\"", STR_ARG(spec));
        error_set(err, "internal configuration error");
        return NULL;
    }
    if (str_starts(spec, "/"))
        return find_file(context, spec, err);
    if (str_find(spec, ' ') < 0)
        acl = find_named(context->acls, spec);
    return acl != NULL ? acl : find_inline(context, spec, err);
}
