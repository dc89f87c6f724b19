/* Rewriting addresses (manual, chapter 31): rules compiled once, applied to envelopes, header lines, and what
 * clients say in MAIL and RCPT. */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"
#include "expand/scope.h"
#include "mail/message.h"

/* Where an address stands: what a rule applies to is a set of these. */
enum rewrite_place {
    REWRITE_SENDER = 1,
    REWRITE_FROM = 2,
    REWRITE_TO = 4,
    REWRITE_CC = 8,
    REWRITE_BCC = 16,
    REWRITE_REPLY_TO = 32,
    REWRITE_ENV_FROM = 64,
    REWRITE_ENV_TO = 128,
    REWRITE_SMTP = 256, /* the argument of MAIL or RCPT */
    REWRITE_HEADERS = 63,
    REWRITE_ENVELOPE = REWRITE_ENV_FROM | REWRITE_ENV_TO,
};

struct rewrite_rules;

/* Compiles the lines of `begin rewrite`. NULL: err says what is wrong, with its place. */
const struct rewrite_rules *rewrite_compile(struct arena *arena, const struct source_lines *lines,
                                            struct error *err);

/* The same for the transport option headers_rewrite: rules with colons between them, for header lines only. */
const struct rewrite_rules *rewrite_compile_list(struct arena *arena, struct str list, struct source_pos where,
                                                 struct error *err);

/* The places that any of the rules is for; 0 for NULL. */
unsigned rewrite_places(const struct rewrite_rules *rules);

/* The address as the rules make it at the place, which is not REWRITE_SMTP. It is complete: local@domain. Returns
 * the address itself when no rule applies. NULL rules are none. What goes wrong is logged. */
struct str rewrite_address(struct scope *scope, const struct rewrite_rules *rules, struct str address,
                           enum rewrite_place place);

/* The argument of MAIL or RCPT as rules with the flag S make it; the text itself when none applies. */
struct str rewrite_smtp(struct scope *scope, const struct rewrite_rules *rules, struct str text);

/* A header line with its addresses rewritten, each on its own; the line itself when none changes. place: of the
 * header (rewrite_place_of()). complete: addresses without a domain get one. */
struct str rewrite_header(struct scope *scope, const struct rewrite_rules *rules, struct str line,
                          enum rewrite_place place, bool complete);

/* The place of a header's addresses; 0: it has none that are rewritten. */
enum rewrite_place rewrite_place_of(enum mail_header_type type);

/* An address of the envelope of a message that is being received. A header line that is marked as deleted keeps
 * what it was. Returns the address, in the message's arena when it changed. */
struct str rewrite_envelope(struct scope *scope, const struct rewrite_rules *rules, struct mail_message *message,
                            struct str address, enum rewrite_place place);

/* Rewrites the headers of a message that is being received, and completes addresses in them where the message may
 * have incomplete ones: a header that changes is marked as deleted and
 * followed by its new form. */
void rewrite_headers(struct scope *scope, const struct rewrite_rules *rules, struct mail_message *message);

/* Puts one domain in the place of another in the addresses of all headers. True: something changed. */
bool rewrite_headers_domain(struct mail_message *message, struct str from, struct str to);

#endif
