/* Which recipients go together in one run of a transport (manual, chapter 25, and 30.4): see job.h. */
#include <string.h>

#include "expand/expand.h"
#include "queue/job.h"
#include "routers/generic.h"
#include "transports/appendfile_options.h"
#include "transports/lmtp_options.h"
#include "transports/pipe_options.h"
#include "transports/smtp_options.h"

/* --- What batching depends on */

/* What a transport says about it. */
struct batching {
    int max;                    /* recipients in one run; 0: any number */
    const struct template *id;  /* batch_id */
    bool domains;               /* of several domains (multi_domain) */
};

static bool is_driver(const struct transport_instance *t, const char *name)
{
    return strcmp(t->instance.driver->name, name) == 0;
}

static int expand_int(struct job *job, const struct template *t, int otherwise)
{
    struct str text;
    int n = 0;

    if (!t || expand(&job->scope, t, job->arena, &text, NULL) != EXPAND_OK || text.n == 0 || text.n > 8)
        return otherwise;
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] < '0' || text.s[i] > '9')
            return otherwise;
        n = 10 * n + text.s[i] - '0';
    }
    return n;
}

static bool expand_bool(struct job *job, const struct option_bool *option, bool otherwise)
{
    bool yes = option->value;

    if (option->expanded && expand_truth(&job->scope, option->expanded, &yes, NULL) != EXPAND_OK)
        return otherwise;
    return yes;
}

static struct batching batching_of(struct job *job, const struct transport_instance *t)
{
    const void *config = t->instance.config;

    if (is_driver(t, "appendfile")) {
        const struct appendfile_config *c = config;

        return (struct batching){.max = c->batch_max, .id = c->batch_id, .domains = true};
    }
    if (is_driver(t, "pipe")) {
        const struct pipe_config *c = config;

        return (struct batching){.max = c->batch_max, .id = c->batch_id, .domains = true};
    }
    if (is_driver(t, "lmtp")) {
        const struct lmtp_config *c = config;

        return (struct batching){.max = c->batch_max, .id = c->batch_id, .domains = true};
    }
    if (is_driver(t, "smtp")) {
        const struct smtp_config *c = config;

        return (struct batching){.max = job->queue->options->mua_wrapper ? 0 : expand_int(job, c->max_rcpt, 100),
                                 .domains = expand_bool(job, &c->multi_domain, true)};
    }
    return (struct batching){.max = 1};
}

/* Whether an option of the transport refers to the variable: then it has to have one value in a run. */
static bool mentions(const struct option *options, size_t n, const void *base, const char *variable)
{
    for (size_t i = 0; i < n; i++) {
        const char *field = (const char *)base + options[i].offset;
        struct str text = STR_NULL;

        if (options[i].state != OPTION_USED)
            continue;
        if (options[i].type == OPTION_TEMPLATE || options[i].type == OPTION_HEADERS ||
            options[i].type == OPTION_HEADER_NAMES) {
            const struct template *t = *(const struct template *const *)field;

            text = t ? template_source(t) : STR_NULL;
        } else if (options[i].type == OPTION_COMMAND || options[i].type == OPTION_STRING) {
            text = *(const struct str *)field;
        }
        for (const char *p = text.s; p && (p = strstr(p, variable)); p++)
            if (p > text.s && (p[-1] == '$' || (p[-1] == '{' && p - 1 > text.s && p[-2] == '$')))
                return true;
    }
    return false;
}

static bool transport_mentions(const struct transport_instance *t, const char *variable)
{
    const struct driver_info *driver = t->instance.driver;

    return mentions(driver->options, driver->option_count, t->instance.config, variable) ||
           mentions(transport_class.options, transport_class.option_count, t, variable);
}

/* --- What has to be the same */

static bool same_text(struct str a, struct str b)
{
    return str_is_null(a) == str_is_null(b) && str_eq(a, b);
}

static bool same_hosts(const struct mail_host *a, const struct mail_host *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!str_eq_nocase(a->name, b->name) || !same_text(a->address, b->address) || a->port != b->port ||
            (a->mx != b->mx && (a->mx >= 0) != (b->mx >= 0)))
            return false;
    return !a && !b;
}

static bool same_user(const struct mail_recipient *a, const struct mail_recipient *b)
{
    return a->uid_set == b->uid_set && a->gid_set == b->gid_set && (!a->uid_set || a->uid == b->uid) &&
           (!a->gid_set || a->gid == b->gid) && a->initgroups == b->initgroups;
}

static bool same_way(const struct mail_recipient *a, const struct mail_recipient *b)
{
    return a->transport == b->transport && a->target == b->target &&
           (a->target == TARGET_ADDRESS || str_eq(a->address, b->address)) && same_user(a, b) &&
           same_text(a->properties.errors_address, b->properties.errors_address) &&
           same_text(a->properties.headers_add, b->properties.headers_add) &&
           same_text(a->properties.headers_remove, b->properties.headers_remove) && same_hosts(a->hosts, b->hosts) &&
           same_hosts(a->fallback_hosts, b->fallback_hosts);
}

/* batch_id of a recipient. False: it has none, and goes alone. */
static bool batch_id(struct job *job, const struct mail_recipient *r, const struct template *t, struct str *id)
{
    job_show(job, r);
    return expand(&job->scope, t, job->arena, id, NULL) == EXPAND_OK;
}

/* Does r go with first? */
static bool fits(struct job *job, const struct mail_recipient *first, const struct mail_recipient *r,
                 const struct batching *b, bool one_domain)
{
    struct str a, other;

    if (!same_way(first, r) || (one_domain && !str_eq(first->domain, r->domain)))
        return false;
    if (!b->id)
        return true;
    return batch_id(job, first, b->id, &a) && batch_id(job, r, b->id, &other) && str_eq(a, other);
}

static struct mail_recipient *cut_first(struct recipient_list *list)
{
    struct mail_recipient *first = list->first;

    list->first = first->next;
    if (!list->first)
        list->last = &list->first;
    list->n--;
    first->next = NULL;
    return first;
}

struct mail_recipient *group_take(struct job *job, struct recipient_list *list)
{
    struct mail_recipient *first = cut_first(list), **end = &first->next;
    struct recipient_list rest;
    struct batching b;
    bool one_domain;
    int n = 1;

    job_show(job, first);
    b = batching_of(job, first->transport);
    if (b.max == 1 || list->n == 0 || transport_mentions(first->transport, "local_part"))
        return first;
    one_domain = !b.domains || transport_mentions(first->transport, "domain");
    recipients_init(&rest);
    while (list->n > 0) {
        struct mail_recipient *r = cut_first(list);

        if ((b.max == 0 || n < b.max) && fits(job, first, r, &b, one_domain)) {
            *end = r;
            end = &r->next;
            n++;
        } else {
            recipients_add(&rest, r);
        }
    }
    *list = rest;
    if (list->n == 0)
        list->last = &list->first;
    return first;
}
