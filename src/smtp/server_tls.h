/* TLS as the main options ask for it: contexts, made ahead where nothing in them depends on the connection.
 * Private to src/smtp. */
#ifndef SMTP_SERVER_TLS_H
#define SMTP_SERVER_TLS_H

#include "smtp/state.h"
#include "tls/tls.h"

/* For all sessions; goes with the arena. No file is read yet. */
struct server_tls *server_tls_new(struct arena *arena, const struct main_options *options,
                                  const struct scope_process *process);

/* Reads certificates and all else ahead, as smtp_settings_prepare_tls() says. */
bool server_tls_prepare(struct server_tls *tls, struct error *err);

/* Whether files of the context that was made ahead have changed; what they are. */
bool server_tls_is_stale(const struct server_tls *tls);
void server_tls_files(const struct server_tls *tls, void (*each)(void *ctx, const char *path), void *ctx);

struct tls_ticket_keys *server_tls_keys(const struct server_tls *tls);

/* The context for the session's connection: the one made ahead, or one for what the options expand to now. It is
 * kept by the cache; whoever needs it for longer keeps it himself. NULL: err says why there is none. */
struct tls_context *server_tls_context(struct smtp_session *s, struct error *err);

/* Does the client's SNI decide about certificates (manual, 43.12)? */
bool server_tls_wants_sni(const struct server_tls *tls);

#endif
