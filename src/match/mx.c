/* Items of domain lists that ask whether this host takes the domain's mail: @mx_any, @mx_primary and
 * @mx_secondary, perhaps with /ignore=ADDRESSES behind (manual, 10.9). */
#include <string.h>

#include "base/hosts.h"
#include "match/interfaces.h"
#include "match/walk.h"

struct question {
    struct matching *m;
    struct str ignored; /* the addresses that do not count; STR_NULL: none */
};

static bool is_ignored(void *ctx, const struct host *host)
{
    const struct question *question = ctx;

    return !str_is_null(question->ignored) &&
           list_match_text(question->m->scope, MATCH_HOST_LIST, host->address, question->ignored, NULL, NULL) ==
               MATCH_YES;
}

static bool is_local(void *ctx, const struct host *host)
{
    return is_local_host(((const struct question *)ctx)->m->scope, host);
}

enum found match_mx_item(struct matching *m, const struct item *item)
{
    struct question question = {.m = m, .ignored = STR_NULL};
    const struct host_request request = {.arena = m->scope->arena,
                                         .name = m->folded,
                                         .mx = true,
                                         .ignored = is_ignored,
                                         .is_local = is_local,
                                         .ctx = &question};
    struct host_answer answer;
    struct str text = item->text;
    ptrdiff_t slash = str_find(text, '/');
    bool primary = str_starts_nocase(text, "@mx_primary"), secondary = str_starts_nocase(text, "@mx_secondary");
    bool found;

    if (slash >= 0) {
        size_t n = (size_t)slash + sizeof "/ignore=" - 1;
        question.ignored = (struct str){text.s + n, text.n - n, text.tainted};
    }
    switch (host_find_mail(&request, &answer)) {
    case HOSTS_LOCAL:
        found = !secondary;
        break;
    case HOSTS_AGAIN:
        error_set(m->err, "DNS lookup of \"%.*s\" deferred", STR_ARG(m->folded));
        return FOUND_DEFER;
    default:
        found = !primary && answer.local_removed;
    }
    if (!found)
        return FOUND_NO;
    m->value = item->text;
    match_set_captures(m, &m->folded, 1);
    return FOUND_YES;
}
