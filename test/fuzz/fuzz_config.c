/* Configuration files: whatever the text, reading it ends with an answer, and what was read can be shown.
 * What -bP config shows of a text without macros can be read again, and then shows the same. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "config/config.h"
#include "mail/retry_rules.h"
#include "routers/router.h"
#include "transports/transport.h"

#include "fuzz.h"

/* Enough for the grammar. */
enum { SIZE_LIMIT = 16384 };

/* The files lie in a directory of their own, so that .include can find the text itself, and nothing else. */
static char directory[] = "/tmp/gatepost-fuzz-XXXXXX";
static char path[sizeof directory + 8];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void leave(void)
{
    unlink(path);
    rmdir(directory);
}

static void enter(void)
{
    if (*path)
        return;
    require(mkdtemp(directory) != NULL);
    strcpy(path, directory);
    strcat(path, "/conf");
    atexit(leave);
}

/* Some options are expanded when the file is read: these items reach out of the process. */
static bool reaches_out(struct str text)
{
    static const char *const words[] = {"run", "socket", "perl", "dlfunc", "lookup"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(text.s, text.n, words[i], strlen(words[i])))
            return true;
    return false;
}

/* Reads the text, in which no path can lead anywhere. */
static struct config *read_text(struct str text, struct error *err)
{
    static const struct driver_class *const classes[] = {&auth_class, &router_class, &transport_class, NULL};
    const char *files[] = {path, NULL};
    struct config_request request = {.files = files, .classes = classes, .trusted = true};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    require(fd >= 0 && write(fd, text.s, text.n) == (ssize_t)text.n);
    close(fd);
    return config_read(&request, err);
}

static struct str shown(struct arena *arena, const struct config *config, const char *what, bool admin)
{
    struct buffer out = BUFFER_IN(arena);
    struct error err = ERROR_IN(arena);

    require(config_print(config, str_of(what), STR_NULL, admin, false, &out, &err));
    return buffer_str(&out);
}

/* Whether the lines would mean something else when they are read again. */
static bool reads_the_same_again(const struct config *config)
{
    if (config->macros)
        return false;
    for (size_t i = 0; i < config->text.n; i++)
        if (str_ends(config->text.v[i].text, "\\"))
            return false;
    return true;
}

/* Retry rules compile, or say why not and where. */
static void check_rules(struct arena *arena, const struct config *config)
{
    struct error err = ERROR_IN(arena);
    struct buffer out = BUFFER_IN(arena);
    struct retry_rules rules;

    if (!retry_rules_compile(arena, &config->retry_rules, &rules, &err)) {
        require(err.where.file && err.text.n > 0);
        return;
    }
    for (size_t i = 0; i < rules.n; i++)
        retry_rule_print(&out, &rules.v[i]);
}

/* Every octet of every line has a place, in the part of the line that is given with it. */
static void check_places(const struct config *config)
{
    for (size_t i = 0; i < config->text.n; i++) {
        const struct source_line *line = &config->text.v[i];

        for (size_t offset = 0; line->text.s && offset <= line->text.n; offset += 7) {
            struct config_place place = config_place(config, line->where, line->text, offset);

            require(place.where.line <= line->where.line && place.caret <= place.line.n);
        }
    }
}

static void check(struct arena *arena, struct config *config)
{
    struct error err = ERROR_IN(arena);
    struct str text = shown(arena, config, "config", true);

    shown(arena, config, "all", true);
    shown(arena, config, "all", false);
    shown(arena, config, "config", false);
    shown(arena, config, "authenticators", false);
    shown(arena, config, "routers", true);
    shown(arena, config, "transports", false);
    check_rules(arena, config);
    check_places(config);
    shown(arena, config, "macros", true);
    if (reads_the_same_again(config)) {
        struct config *again = read_text(text, &err);

        require(again && str_eq(shown(arena, again, "config", true), text));
        config_free(again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;
    struct error err;
    struct str text;
    struct config *config;

    enter();
    if (size > SIZE_LIMIT)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    err = ERROR_IN(arena);
    text = str_copy_n(arena, (const char *)data, size, false);
    for (size_t i = 0; i < size; i++)
        if (text.s[i] == '/')
            ((char *)text.s)[i] = '_';
    if (!reaches_out(text)) {
        config = read_text(text, &err);
        require(config || !str_is_empty(config_error_text(arena, &err)));
        if (config)
            check(arena, config);
        config_free(config);
    }
    arena_free(arena);
    return 0;
}
