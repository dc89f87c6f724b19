/* Rewriting: arbitrary rules and arbitrary header lines. Rules that compile are applied to a header line, to an
 * address and to what a client may say; without rules a line stays as it is. Lookups and the like are forbidden.
 * Input: the rule up to the first newline, then the header line. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/rewrite.h"
#include "match/list.h"

#include "fuzz.h"

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};

static void apply(struct scope *scope, const struct rewrite_rules *rules, struct str line)
{
    static const enum rewrite_place places[] = {REWRITE_FROM, REWRITE_TO};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        rewrite_header(scope, rules, line, places[i], true);
        if (!str_eq(rewrite_header(scope, NULL, line, places[i], false), line))
            abort();
    }
    rewrite_address(scope, rules, STR("local@domain.test"), REWRITE_ENV_TO);
    rewrite_smtp(scope, rules, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *lf = size ? memchr(text, '\n', size) : NULL;
    size_t rule = lf ? (size_t)(lf - text) : size;
    struct arena *arena = arena_new(ARENA_PLAIN);
    const struct scope_process process = {.qualify_domain = STR("q.test"), .qualify_recipient = STR("r.test")};
    struct scope scope = {
        .arena = arena,
        .services = &services,
        .lists = named_lists_new(arena),
        .process = &process,
        .forbid = ~0U,
    };
    struct source_line line = {.text = str_copy_n(arena, text, rule, 0), .where = {"conf", 1}};
    const struct source_lines lines = {&line, 1};
    struct error err = ERROR_IN(arena);
    const struct rewrite_rules *rules = rewrite_compile(arena, &lines, &err);

    if (rules && lf)
        apply(&scope, rules, str_copy_n(arena, lf + 1, size - rule - 1, 1));
    arena_free(arena);
    return 0;
}
