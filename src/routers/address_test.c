/* Showing what becomes of an address: see address_test.h. */
#include "routers/address_test.h"

#include "routers/verifying.h"

struct test {
    struct routing *r;
    struct buffer *out;
    struct mail_recipient *local, *remote; /* routed, the latest first */
    struct address_set *shown;
    enum address_test_result result;
};

static void note(struct test *t, enum address_test_result result)
{
    if (result > t->result)
        t->result = result;
}

/* --- Printing */

static void print_ancestors(struct test *t, const struct mail_recipient *recipient)
{
    for (const struct mail_recipient *a = recipient->parent; a; a = a->parent)
        buffer_printf(t->out, "\n    <-- %.*s", STR_ARG(a->address));
}

static size_t address_width(const struct mail_host *host)
{
    static const char unset[] = "[unset]";

    return str_is_null(host->address) ? sizeof unset - 1 : host->address.n;
}

/* Names and addresses in columns. */
static void print_hosts(struct test *t, const struct mail_host *hosts)
{
    size_t names = 0, addresses = 0;

    for (const struct mail_host *h = hosts; h; h = h->next) {
        names = h->name.n > names ? h->name.n : names;
        addresses = address_width(h) > addresses ? address_width(h) : addresses;
    }
    for (const struct mail_host *h = hosts; h; h = h->next) {
        buffer_printf(t->out, "  host %-*.*s ", (int)names, STR_ARG(h->name));
        if (str_is_null(h->address))
            buffer_printf(t->out, "%*s", (int)addresses + 2, "");
        else
            buffer_printf(t->out, "[%.*s]%*s", STR_ARG(h->address), (int)(addresses - h->address.n), "");
        if (h->mx >= 0)
            buffer_printf(t->out, " MX=%d", h->mx);
        if (h->port != MAIL_NO_PORT)
            buffer_printf(t->out, " port=%d", h->port);
        buffer_add_char(t->out, '\n');
    }
}

/* An address that goes to a transport, or was accepted for being verified only. */
static void print_routed(struct test *t, const struct mail_recipient *recipient)
{
    const struct transport_instance *transport = recipient->transport;
    struct str name = transport ? transport->instance.name : STR("unset");

    buffer_add(t->out, recipient->address);
    if (!address_set_add(t->shown, recipient->unique))
        buffer_add_cstr(t->out, "   [duplicate, would not be delivered]");
    print_ancestors(t, recipient);
    buffer_printf(t->out, "\n  router = %.*s, transport = %.*s\n", STR_ARG(recipient->router->instance.name),
                  STR_ARG(name));
    print_hosts(t, recipient->hosts);
}

/* A delivery to a file or a pipe. */
static void print_delivery(struct test *t, const struct mail_recipient *child)
{
    buffer_printf(t->out, "%.*s -> %.*s", STR_ARG(child->parent->address), STR_ARG(child->address));
    if (child->error == DELIVERY_FORBIDDEN)
        buffer_add_cstr(t->out, " *** forbidden ***\n");
    else if (child->transport)
        buffer_printf(t->out, "\n  transport = %.*s\n", STR_ARG(child->transport->instance.name));
    else
        buffer_printf(t->out, "\n*** Error in setting up pipe, file, or autoreply:\n%.*s\n", STR_ARG(child->message));
}

static void print_refused(struct test *t, const struct mail_recipient *recipient, const char *how)
{
    buffer_printf(t->out, "%.*s %s: ", STR_ARG(recipient->address), how);
    buffer_add(t->out, recipient->message);
    print_ancestors(t, recipient);
    buffer_add_char(t->out, '\n');
}

static const char *failing(const struct test *t)
{
    return t->r->purpose == ROUTING_TEST ? "is undeliverable" : "failed to verify";
}

/* --- Routing */

static void keep(struct mail_recipient **list, struct mail_recipient *recipient)
{
    recipient->next = *list;
    *list = recipient;
}

/* The address at hand has been routed. */
static void sort_in(struct test *t, enum routing_result result)
{
    struct mail_recipient *recipient = t->r->recipient;
    bool redirected = t->r->children != NULL && !recipient->transport;

    switch (result) {
    case ROUTED:
        if (!redirected)
            keep(recipient->transport && !routing_is_local(recipient->transport) ? &t->remote : &t->local, recipient);
        break;
    case ROUTED_DISCARDED:
        if (t->r->children)
            break; /* unseen: it goes on */
        buffer_printf(t->out, "mail to %.*s is discarded\n",
                      STR_ARG(mail_recipient_top(recipient)->address));
        break;
    case ROUTED_FAIL:
        print_refused(t, recipient, failing(t));
        note(t, ADDRESS_TEST_FAILED);
        break;
    case ROUTED_DEFER:
        print_refused(t, recipient, "cannot be resolved at this time");
        note(t, ADDRESS_TEST_DEFERRED);
        break;
    }
}

/* Children come before what is waiting. */
static struct mail_recipient *put_in_front(struct mail_recipient *children, struct mail_recipient *waiting)
{
    struct mail_recipient **last = &children;

    while (*last)
        last = &(*last)->next;
    *last = waiting;
    return children;
}

enum address_test_result address_test_route(struct routing *r, struct str address, struct address_set *shown,
                                            struct buffer *out)
{
    struct test t = {.r = r, .out = out, .shown = shown};
    struct mail_recipient *waiting = mail_recipient_new(r->arena, address);

    while (waiting) {
        r->recipient = waiting;
        waiting = waiting->next;
        r->recipient->next = NULL;
        if (r->recipient->target != TARGET_ADDRESS) {
            print_delivery(&t, r->recipient);
            continue;
        }
        r->children = NULL;
        sort_in(&t, route_recipient(r));
        waiting = put_in_front(r->children, waiting);
    }
    for (const struct mail_recipient *recipient = t.local; recipient; recipient = recipient->next)
        print_routed(&t, recipient);
    for (const struct mail_recipient *recipient = t.remote; recipient; recipient = recipient->next)
        print_routed(&t, recipient);
    return t.result;
}

enum address_test_result address_test_verify(struct routing *r, struct str address, struct buffer *out)
{
    struct verified verified;

    verify_by_routing(r, address, true, &verified);
    buffer_add(out, address);
    switch (verified.result) {
    case ROUTED:
    case ROUTED_DISCARDED:
        buffer_add_cstr(out, " verified\n");
        return ADDRESS_TEST_FINE;
    case ROUTED_FAIL:
        buffer_add_cstr(out, " failed to verify: ");
        break;
    case ROUTED_DEFER:
        buffer_add_cstr(out, " cannot be resolved at this time: ");
        break;
    }
    buffer_add(out, verified.recipient->message);
    buffer_add_char(out, '\n');
    return verified.result == ROUTED_FAIL ? ADDRESS_TEST_FAILED : ADDRESS_TEST_DEFERRED;
}
