/* Messages (manual, 44.21): the texts that `message` and `log_message` give to a decided statement, the
 * lines that `warn` logs, and header lines. */
#include <string.h>

#include "acl/compiled.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"

/* Expands the text of a message modifier with $acl_verify_message being what was said before. STR_NULL:
 * there is none; a failure is logged, a forced one is not. */
static struct str expand_message(struct acl_run *run, const struct acl_item *item, struct str before)
{
    struct acl_context *context = run->context;
    struct scope *scope = context->scope;
    struct error err = ERROR_IN(context->arena);
    struct str text = STR_NULL;
    enum expand_status status;

    if (item == NULL)
        return STR_NULL;
    scope->acl->acl_verify_message = before;
    status = expand(scope, item->u.value, context->arena, &text, &err);
    scope->acl->acl_verify_message = STR_NULL;
    if (status == EXPAND_FAILED || status == EXPAND_DEFER)
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand ACL message \"%.*s\": %.*s", STR_ARG(item->text),
                  STR_ARG(err.text));
    return status == EXPAND_OK && !str_is_empty(text) ? text : STR_NULL;
}

/* Are the statement's texts for conditions that turned out so? Those of accept and discard that fail without
 * `endpass` are forgotten at the next statement, but when there is none they go with the implicit deny. */
static bool texts_are_for(const struct acl_verb *verb, enum acl_check status)
{
    if (status == CHECK_TRUE)
        return verb->id != VERB_REQUIRE;
    return (status == CHECK_FALSE || status == CHECK_DROP) && (verb->id == VERB_REQUIRE || verb->endpass);
}

/* The peer is turned away: the statement's own texts replace what conditions said; the log message goes in
 * front of that. */
static void use_refusal_texts(struct acl_run *run)
{
    struct str user = run->user_text, log = run->log_text, own;

    own = expand_message(run, run->message, user);
    if (!str_is_null(own))
        run->user_text = own;
    own = expand_message(run, run->log_message, str_is_null(log) ? user : log);
    if (!str_is_null(own))
        run->log_text = str_is_null(log) ? own : str_join3(run->context->arena, own, STR(": "), log);
}

/* An accept, discard or warn whose conditions are true owes nothing to what they said. With `endpass` the
 * message is for the failure only. */
static void use_success_texts(struct acl_run *run)
{
    struct str user = run->user_text, log = run->log_text;

    run->user_text = run->endpass ? STR_NULL : expand_message(run, run->message, user);
    run->log_text = expand_message(run, run->log_message, log);
}

void acl_use_messages(struct acl_run *run, enum acl_check status)
{
    const struct acl_verb *verb = run->statement->verb;

    if (!texts_are_for(verb, status))
        return;
    if (verb->id == VERB_WARN) {
        use_success_texts(run);
        return;
    }
    if (status == CHECK_TRUE && verb->endpass)
        use_success_texts(run);
    else
        use_refusal_texts(run);
    if (str_is_null(run->log_text))
        run->log_text = run->user_text;
}

/* --- warn */

struct acl_warning {
    struct acl_warning *next;
    struct str text;
};

/* Whether the line was written for this message already; notes that it is now. */
static bool warned_before(struct acl_warnings *warnings, struct str text)
{
    struct acl_warning *w;

    if (warnings == NULL)
        return false;
    for (w = warnings->first; w != NULL; w = w->next)
        if (str_eq(w->text, text))
            return true;
    w = ARENA_NEW(warnings->arena, struct acl_warning);
    w->text = str_copy(warnings->arena, text);
    w->next = warnings->first;
    warnings->first = w;
    return false;
}

static struct str prefix(const struct acl_context *context)
{
    return context->host->log_prefix(context->owner, context->arena);
}

void acl_warn(struct acl_run *run)
{
    struct acl_context *context = run->context;

    if (!str_is_null(run->log_text)) {
        struct str line = str_join3(context->arena, prefix(context), STR("Warning: "), run->log_text);

        if (!warned_before(context->warnings, line))
            log_write_str(LOG_MAIN, line);
    }
    if (!str_is_null(run->user_text) && (ACL_RECEIVING & (UINT32_C(1) << context->where)))
        acl_add_headers(context, run->user_text);
    else if (!str_is_null(run->user_text))
        log_write(LOG_MAIN | LOG_PANIC,
                  "ACL \"warn\" with \"message\" setting found in a non-message (%s) ACL: "
                  "cannot specify header lines here: message ignored", acl_where_name(context->where));
}

void acl_warn_skipped(struct acl_run *run)
{
    bool said = !str_is_empty(run->log_text);

    if (log_selected(LOG_SEL_acl_warn_skipped))
        log_write(LOG_MAIN, "%.*sWarning: ACL \"warn\" statement skipped: condition test deferred%s%.*s",
                  STR_ARG(prefix(run->context)), said ? ": " : "", STR_ARG(run->log_text));
}

/* --- Header lines (44.24) */

/* Such as `:at_start:`, at the beginning of s, in any case; "": none is there. */
static const char *place_of(const char *s, size_t n)
{
    static const char *const places[] = {":at_start:", ":after_received:", ":at_start_rfc:", ":at_end:"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (n >= strlen(places[i]) && strncasecmp(s, places[i], strlen(places[i])) == 0)
            return places[i];
    return "";
}

/* Is there a header name with a colon right behind it (RFC 5322, 2.2)? */
static bool has_name(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i] > ' ' && s[i] < 127 && s[i] != ':')
        i++;
    return i > 0 && i < n && s[i] == ':';
}

static void add_header(struct acl_context *context, const char *s, size_t n, bool tainted)
{
    struct buffer line = BUFFER_IN(context->arena);
    const char *place = place_of(s, n), *end = s + n;

    s += strlen(place);
    while (*place && s < end && ascii_is_space(*s))
        s++;
    buffer_add_cstr(&line, place);
    if (!has_name(s, (size_t)(end - s)))
        buffer_add_cstr(&line, "X-ACL-Warn: ");
    buffer_add_n(&line, s, (size_t)(end - s));
    line.tainted = tainted;
    context->host->add_header(context->owner, buffer_str(&line));
}

void acl_add_headers(struct acl_context *context, struct str text)
{
    const char *p = text.s, *end = str_end(text);

    while (p < end && *p == '\n')
        p++;
    while (end > p && end[-1] == '\n')
        end--;
    while (p < end) {
        const char *from = p;

        /* A newline before white space continues the line. */
        while (p < end && (*p != '\n' || p[1] == ' ' || p[1] == '\t'))
            p++;
        add_header(context, from, (size_t)(p - from), text.tainted);
        p++;
    }
}
