/* The items of the verify condition (manual, 44.26): a row of the table in verify.c for each, with its function in
 * a file for it and its kin. Private to src/acl. */
#ifndef ACL_VERIFY_H
#define ACL_VERIFY_H

#include "acl/compiled.h"
#include "base/strlist.h"
#include "mail/services.h"

/* What stands behind `verify =`. */
struct acl_verify {
    struct str value;       /* all of it, for error messages */
    struct str address;     /* of sender=address; STR_NULL: there is none */
    struct strlist options; /* what follows the slashes */
    struct arena *arena;
};

/* The next option. False: no more. */
bool acl_verify_option(struct acl_verify *verify, struct str *option);

/* The answer to an option that the item does not have. */
enum acl_check acl_verify_unknown_option(struct acl_run *run, const struct acl_verify *verify, struct str option);

/* verify_address.c */
enum acl_verified_kind { ACL_VERIFIED_SENDER, ACL_VERIFIED_RECIPIENT, ACL_VERIFIED_HEADER_SENDER };
enum acl_check acl_verify_recipient(struct acl_run *run, struct acl_verify *verify);
enum acl_check acl_verify_sender(struct acl_run *run, struct acl_verify *verify);

/* The options of that kind of verification. */
enum acl_check acl_verify_options(struct acl_run *run, struct acl_verify *verify, struct mail_verify_options *options,
                                  enum acl_verified_kind kind);

/* Has the address verified. False: there is nobody who could, which acl_verify_no_service() says. */
bool acl_verify_ask(struct acl_run *run, struct mail_verify *request, enum mail_verify_result *result);
enum acl_check acl_verify_no_service(struct acl_run *run);

/* verify_header_sender.c */
enum acl_check acl_verify_header_sender(struct acl_run *run, struct acl_verify *verify);

/* verify_session.c */
enum acl_check acl_verify_certificate(struct acl_run *run, struct acl_verify *verify);
enum acl_check acl_verify_helo(struct acl_run *run, struct acl_verify *verify);

/* verify_dns.c */
enum acl_check acl_verify_csa(struct acl_run *run, struct acl_verify *verify);
enum acl_check acl_verify_reverse_host_lookup(struct acl_run *run, struct acl_verify *verify);

/* verify_headers.c */
enum acl_check acl_verify_header_names_ascii(struct acl_run *run, struct acl_verify *verify);
enum acl_check acl_verify_header_syntax(struct acl_run *run, struct acl_verify *verify);
enum acl_check acl_verify_not_blind(struct acl_run *run, struct acl_verify *verify);

#endif
