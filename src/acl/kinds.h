/* The functions behind the rows of the table of conditions and modifiers (kinds.c). Private to src/acl. */
#ifndef ACL_KINDS_H
#define ACL_KINDS_H

#include "acl/compiled.h"

/* Conditions. */
enum acl_check acl_check_authenticated(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_condition(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_dnslists(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_domains(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_encrypted(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_hosts(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_local_parts(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_nested(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_ratelimit(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_recipients(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_seen(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_sender_domains(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_senders(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_check_verify(struct acl_run *run, const struct acl_item *item, struct str value);
bool acl_verify_inspect(struct str fixed, struct error *err);

/* Modifiers. */
enum acl_check acl_do_add_header(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_continue(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_control(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_delay(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_endpass(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_log_message(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_log_reject_target(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_logwrite(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_message(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_queue(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_remove_header(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_set(struct acl_run *run, const struct acl_item *item, struct str value);
enum acl_check acl_do_udpsend(struct acl_run *run, const struct acl_item *item, struct str value);

/* What verify does not do, for acl_unsupported(). */
void acl_verify_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx);

#endif
