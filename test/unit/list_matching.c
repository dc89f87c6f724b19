/* What the tests of list matching have in common: see list_matching.h. */
#include "list_matching.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "lookups/lookup.h"
#include "testing.h"

enum { STAMP = sizeof "2026-11-21 00:10:11 " - 1 };

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};

int list_matching_setup(void **state)
{
    if (temp_files_setup(state) != 0)
        return -1;
    struct temp_files *files = *state;
    struct list_matching *t = ARENA_NEW(files->arena, struct list_matching);

    t->files = files;
    t->arena = files->arena;
    t->lists = named_lists_new(t->arena);
    t->process = (struct scope_process){.primary_hostname = STR("mail.test")};
    t->scope = (struct scope){
        .arena = t->arena, .services = &services, .lists = t->lists, .process = &t->process};
    t->main_log = temp_path(files, "mainlog");
    log_configure(&(struct log_settings){.main_path = t->main_log,
                                         .panic_path = temp_path(files, "paniclog"),
                                         .selectors = (uint64_t)1 << LOG_SEL_host_lookup_failed});
    *state = t;
    return 0;
}

int list_matching_teardown(void **state)
{
    struct list_matching *t = *state;

    log_close();
    search_close();
    *state = t->files;
    return temp_files_teardown(state);
}

const char *match_outcome(struct list_matching *t, enum match_result result, struct str value,
                          struct error *err)
{
    struct buffer out = BUFFER_IN(t->arena);

    switch (result) {
    case MATCH_NO:
        return "no";
    case MATCH_DEFER:
        return str_printf(t->arena, "defer %.*s", STR_ARG(err->text)).s;
    case MATCH_ERROR:
        return str_printf(t->arena, "error %.*s", STR_ARG(err->text)).s;
    case MATCH_YES:
        break;
    }
    buffer_printf(&out, "[%.*s]", STR_ARG(value));
    for (unsigned i = 0; i < t->scope.capture_count; i++)
        buffer_printf(&out, "[%.*s]", STR_ARG(t->scope.captures[i]));
    return buffer_str(&out).s;
}

const char *list_outcome(struct list_matching *t, enum list_kind kind, struct str subject, const char *list)
{
    struct error err = ERROR_IN(t->arena);
    struct str value;
    const struct list *compiled =
        list_compile(t->arena, kind, str_of(in_directory(t, list)), (struct source_pos){NULL, 0});

    t->scope.capture_count = 0;
    enum match_result result = list_match(&t->scope, compiled, subject, &value, &err);
    return match_outcome(t, result, value, &err);
}

void define_list(struct list_matching *t, enum list_kind kind, const char *name, const char *text)
{
    struct error err = ERROR_IN(t->arena);

    assert_true(named_lists_add(t->lists, kind, str_of(name), str_of(in_directory(t, text)), false, false,
                                (struct source_pos){NULL, 0}, &err));
}

const char *logged(struct list_matching *t)
{
    struct buffer out = BUFFER_IN(t->arena);
    char line[1024];
    FILE *log = fopen(t->main_log.s, "r");

    if (!log)
        return "";
    while (fgets(line, sizeof line, log))
        buffer_add_cstr(&out, line + STAMP);
    fclose(log);
    assert_int_equal(truncate(t->main_log.s, 0), 0);
    return buffer_str(&out).s;
}

const char *in_directory(struct list_matching *t, const char *text)
{
    struct buffer out = BUFFER_IN(t->arena);

    for (; *text; text++) {
        if (*text == '~')
            buffer_add_cstr(&out, t->files->directory);
        else
            buffer_add_char(&out, *text);
    }
    return buffer_str(&out).s;
}
