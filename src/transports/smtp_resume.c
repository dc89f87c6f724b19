/* Resuming TLS sessions: see smtp_resume.h. */
#include "transports/smtp_resume.h"

#include <time.h>

#include "base/log.h"
#include "expand/expand.h"
#include "hints/hints.h"
#include "tls/tls.h"

enum { KEPT_SECONDS = 2 * 60 * 60 };

/* What tells servers behind one name from each other; empty: nothing does. */
static struct str extract(struct remote *r)
{
    struct scope *scope = r->scope;
    struct str name = STR("");

    if (!r->options->host_name_extract || str_is_empty(r->hello))
        return name;
    scope->item = r->hello;
    scope->in_item = true;
    if (expand(scope, r->options->host_name_extract, r->arena, &name, NULL) != EXPAND_OK)
        name = STR("");
    scope->item = STR_NULL;
    scope->in_item = false;
    return name;
}

static struct str key_of(struct remote *r)
{
    return str_printf(r->arena, "tls-session %.*s:%d %.*s", STR_ARG(r->host->name), r->port, STR_ARG(extract(r)));
}

struct str smtp_resume_session(struct remote *r)
{
    struct hints *hints = r->scope->process->hints;
    struct error err = ERROR_IN(r->arena);
    struct hints_record record;

    if (!hints || hints_get(hints, HINTS_MISC, key_of(r), r->arena, &record, &err) != HINTS_FOUND)
        return STR_NULL;
    return record.value;
}

void smtp_resume_keep(struct remote *r)
{
    struct hints *hints = r->scope->process->hints;
    struct error err = ERROR_IN(r->arena);
    struct hints_record record = {.key = key_of(r), .expires = time(NULL) + KEPT_SECONDS};

    if (hints && tls_session(r->client.tls, r->arena, &record.value) &&
        !hints_put(hints, HINTS_MISC, &record, &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
}
