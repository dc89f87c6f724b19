/* The header lines of the message, one by one, for conditions that look at them. Private to src/acl. */
#ifndef ACL_HEADER_LINES_H
#define ACL_HEADER_LINES_H

#include "acl/compiled.h"
#include "mail/address.h"
#include "mail/header.h"

struct header_line {
    struct str all;  /* with continuations, and the final newline */
    struct str name; /* what stands in front of the colon */
    struct str body; /* behind it, without leading white space, with the final newline */
    enum mail_header_type type;
};

/* All of them; empty where there is no message. */
struct str header_lines(const struct acl_run *run);

/* Takes a header off the text. False: no more. */
bool header_line_take(struct str *text, struct header_line *header);

/* How addresses in headers are read: by the configuration's rules, but literals are taken, and <> is none. */
struct address_rules header_address_rules(const struct acl_context *context);

/* Keeps why a test of headers failed, for the log; and for the peer where smtp_return_error_details is set: user,
 * or the same where user is STR_NULL. Returns the status. */
enum acl_check header_test_failed(struct acl_run *run, enum acl_check status, struct str user, struct str text);

#endif
