/* Lists: arbitrary texts compiled as lists of every kind and matched with arbitrary subjects. Whatever the
 * text, the answer is one of four; a list that is not expanded answers the same whichever way it came; and
 * an exclamation mark turns the answer of an item round. Nothing outside is touched: lookups are forbidden,
 * names have no addresses. Input: kind, length of the subject, subject, list. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "match/list.h"

#include "fuzz.h"

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};
static const struct source_pos nowhere = {NULL, 0};

/* In place of the system's: no names are asked for. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **results)
{
    (void)name, (void)service, (void)hints, (void)results;
    return EAI_NONAME;
}

static enum match_result match(struct scope *scope, enum list_kind kind, struct str subject, struct str text)
{
    struct error err = ERROR_IN(scope->arena);
    struct str value;
    enum match_result result =
        list_match(scope, list_compile(scope->arena, kind, text, nowhere), subject, &value, &err);

    if (result != MATCH_NO && result != MATCH_YES && result != MATCH_DEFER)
        abort();
    return result;
}

/* The service takes what needs no expanding, and match_ip knows no host names: else both ways are one. */
static void check_service(struct scope *scope, enum list_kind kind, struct str subject, struct str text)
{
    static const enum match_kind kinds[] = {
        [LIST_DOMAIN] = MATCH_DOMAIN_LIST,
        [LIST_HOST] = MATCH_HOST_LIST,
        [LIST_ADDRESS] = MATCH_ADDRESS_LIST,
        [LIST_LOCAL_PART] = MATCH_LOCAL_PART_LIST,
    };
    struct error err = ERROR_IN(scope->arena);
    struct str value;
    enum match_result result = list_match_text(scope, kinds[kind], subject, text, &value, &err);
    bool plain = !memchr(text.s, '$', text.n) && !memchr(text.s, '\\', text.n);

    if (plain && kind != LIST_HOST && result != match(scope, kind, subject, text))
        abort();
    list_match_text(scope, MATCH_PATTERN, subject, text, &value, &err);
}

static void check_negation(struct scope *scope, enum list_kind kind, struct str subject, struct str text)
{
    static const char special[] = ":<!+$\\/";

    if (kind == LIST_HOST || text.n == 0)
        return;
    for (size_t i = 0; i < text.n; i++)
        if (memchr(special, text.s[i], sizeof special) || (unsigned char)text.s[i] <= ' ')
            return;
    enum match_result as_is = match(scope, kind, subject, text);
    enum match_result negated = match(scope, kind, subject, str_join(scope->arena, STR("!"), text));
    if (as_is == MATCH_DEFER ? negated != MATCH_DEFER : (as_is == MATCH_YES) != (negated == MATCH_NO))
        abort();
}

static void define(struct named_lists *lists)
{
    named_lists_add(lists, LIST_DOMAIN, STR("d"), STR("a.b : *.c : ^x"), false, false, nowhere, NULL);
    named_lists_add(lists, LIST_DOMAIN, STR("e"), STR("! +d : ${lc:A}"), false, false, nowhere, NULL);
    named_lists_add(lists, LIST_DOMAIN, STR("r"), STR("+r"), false, true, nowhere, NULL);
    named_lists_add(lists, LIST_HOST, STR("h"), STR("10.0.0.0/8 : !1.2.3.4"), false, false, nowhere, NULL);
    named_lists_add(lists, LIST_ADDRESS, STR("a"), STR("+caseful : x@+d"), false, false, nowhere, NULL);
    named_lists_add(lists, LIST_LOCAL_PART, STR("l"), STR("joe : ^j"), false, false, nowhere, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct arena *arena = arena_new(ARENA_PLAIN);
    enum list_kind kind = (enum list_kind)(data[0] % (LIST_LOCAL_PART + 1));
    size_t n = data[1] < size - 2 ? data[1] : size - 2;
    struct str subject = str_copy_n(arena, (const char *)data + 2, n, true);
    struct str text = str_copy_n(arena, (const char *)data + 2 + n, size - 2 - n, false);
    struct scope_process process = {.primary_hostname = STR("mail.test")};
    struct scope scope = {
        .arena = arena,
        .services = &services,
        .process = &process,
        .lists = named_lists_new(arena),
        .match_cache = match_cache_new(arena),
        .forbid = ~0U,
    };
    struct error err = ERROR_IN(arena);
    struct str value;

    log_configure(&(struct log_settings){.panic_path = STR("/dev/null")});
    define((struct named_lists *)scope.lists);
    match(&scope, kind, subject, text);
    check_service(&scope, kind, subject, text);
    check_negation(&scope, kind, subject, text);
    list_named_text(&scope, text, 0, &value, &err);
    arena_free(arena);
    return 0;
}
