/* What ACLs, VRFY and EXPN ask of the routers (manual, 44.33 and 49.7): for struct mail_services. */
#ifndef ROUTERS_VERIFY_H
#define ROUTERS_VERIFY_H

#include "mail/services.h"
#include "routers/router.h"

/* Gets ready to route addresses. The arguments must outlive r; scope->address must be set before the first. */
void routing_begin(struct routing *r, const struct config *config, struct scope *scope, struct arena *arena,
                   enum routing_purpose purpose);

/* The address as the rewriting rules make it, before it is routed. */
struct str router_rewrite(struct routing *r, struct str address, bool sender);

/* Asks the hosts that an address was routed to (manual, 44.45). */
typedef enum mail_verify_result router_callout(const struct config *config, struct scope *scope,
                                               const struct mail_recipient *recipient, struct mail_verify *request);

/* As mail_services.verify. The scope is as before afterwards. callout: is called when the request asks for callouts
 * and routing has found where the address goes; NULL: none is made. */
enum mail_verify_result router_verify(const struct config *config, struct scope *scope, struct mail_verify *request,
                                      router_callout *callout);

/* As mail_services.expand: one level of redirection is shown. */
bool router_expand(const struct config *config, struct scope *scope, struct str address,
                   void (*each)(void *each_ctx, struct str line), void *each_ctx, bool *defer, struct error *err);

#endif
