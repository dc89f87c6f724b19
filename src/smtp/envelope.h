/* What MAIL and RCPT have in common. Private to src/smtp. */
#ifndef SMTP_ENVELOPE_H
#define SMTP_ENVELOPE_H

#include "mail/address.h"
#include "smtp/state.h"

/* How addresses are read, as the options have it; allow_null is not set. */
struct address_rules smtp_address_rules(const struct main_options *options);

/* The argument of MAIL or RCPT, without its parameters, as rewriting rules with the flag S make it. */
struct str smtp_rewrite(struct smtp_session *s, struct str text);

/* Makes the message at hand an international one, or ends that: $message_smtputf8, $received_protocol, and domains in
 * UTF-8 are allowed (manual, 60.1). */
void smtp_allow_utf8(struct smtp_session *s, bool allowed);

/* Reads an address by the rules that the options set. The result is in the scratch arena. */
bool smtp_parse_address(struct smtp_session *s, struct str text, bool allow_null, struct address *address,
                        struct error *err);

/* Who sends what a local caller sends who is not trusted: the caller, unless untrusted_set_sender lets it be another
 * (manual, 5.2: -bs). */
struct str smtp_sender_of_caller(struct smtp_session *s, struct str given);

/* Makes it the address that is being checked: $local_part, $domain. */
void smtp_set_address(struct smtp_session *s, const struct address *recipient);

/* Refuses an address without a domain: reply and log line. who: "sender", "recipient" or "verify", for the
 * log; text: the command's argument. */
void smtp_refuse_unqualified(struct smtp_session *s, const char *who, struct str address, struct str text);

#endif
