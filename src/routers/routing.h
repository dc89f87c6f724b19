/* What the drivers and the code around them share while an address is being routed. Private to src/routers. */
#ifndef ROUTERS_ROUTING_H
#define ROUTERS_ROUTING_H

#include "base/arena.h"
#include "base/log.h"
#include "expand/expand.h"
#include "match/list.h"
#include "mail/delivery_error.h"
#include "routers/generic.h"
#include "routers/router.h"
#include "transports/transport.h"

/* --- route.c */

/* Notes why the address at hand fails or is put off, and returns the verdict. */
enum router_verdict routing_say(struct routing *r, enum router_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a text. */
enum router_verdict routing_say_str(struct routing *r, enum router_verdict verdict, struct str text);

/* Shows the address at hand to expansions. */
void routing_show(struct routing *r);

/* Whether addresses are only verified: nothing will be delivered to them. */
static inline bool routing_verifies(const struct routing *r)
{
    return r->purpose == ROUTING_VERIFY_RECIPIENT || r->purpose == ROUTING_VERIFY_SENDER;
}

/* A generated address, at the end of r->children. */
struct mail_recipient *routing_add_child(struct routing *r, struct str address, enum mail_target target);

/* --- preconditions.c: whether the router runs for the address (manual, 3.12) */

enum precondition {
    PRECONDITION_HOLDS,
    PRECONDITION_SKIPS,
    PRECONDITION_DEFERS, /* and it is said why */
};

enum precondition routing_preconditions(struct routing *r);

/* require_files.c */
enum precondition routing_require_files(struct routing *r);

/* percent_hack.c. True: the address that is meant is in r->children. The last percent sign becomes the at sign; what
 * that makes may be of the same kind again. */
bool routing_undo_percent_hack(struct routing *r);

/* --- affix.c: takes prefix and suffix off the local part. False: the router is skipped. */
bool routing_take_affixes(struct routing *r);

/* --- accept_address.c: what every router does with an address that it takes (manual, 15) */

/* errors_to, headers_add and headers_remove; the recipient's properties get them. False: said why, deferred. */
bool routing_take_properties(struct routing *r);

/* The transport that the option names. what: the option's name for error texts; "transport", "file_transport"...
 * NULL: said why, deferred. */
const struct transport_instance *routing_transport(struct routing *r, const struct template *option,
                                                   const char *what);

/* Whether it delivers on this machine. */
bool routing_is_local(const struct transport_instance *transport);

/* Sets what a local delivery runs as. False: said why, deferred. */
bool routing_take_user(struct routing *r, struct mail_recipient *recipient);

/* Gives the address at hand to a transport: NULL for the one of the generic option. hosts may be NULL. */
enum router_verdict routing_accept(struct routing *r, const struct transport_instance *transport,
                                   struct mail_host *hosts);

/* --- rewriting.c: header lines of the message that name the one domain are to name the other. */
void routing_rewrite_domain(struct routing *r, struct str from, struct str to);
/* A generated address as the rewriting rules make it. */
struct str routing_rewrite_child(struct routing *r, struct str address);

/* --- self.c: the first host is this one (manual, 15: self). by_mx: MX records say so. ROUTER_ACCEPT: send anyway. */
enum router_verdict routing_self(struct routing *r, struct str host, bool by_mx);

#endif
