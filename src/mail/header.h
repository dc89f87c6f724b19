/* The header lines of a message as a list: what the spool file keeps, and expansions see as one text. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "mail/message.h"

/* Which kind of header the line is, by its name; that of "Resent-To:" is that of "To:". */
enum mail_header_type mail_header_type_of(struct str line);

/* Whether the header has that name (without a colon); white space may stand before its colon. */
bool mail_header_is(const struct mail_header *header, const char *name);

/* The same, where a name that ends in * stands for all that begin so, whatever their case. */
bool mail_header_matches(const struct mail_header *header, struct str name);

/* What stands behind the colon, without white space around it, still folded. */
struct str mail_header_value(struct arena *arena, const struct mail_header *header);

/* Adds a header at the end, or at the beginning, of the message's list. text is not copied; it ends in LF. */
struct mail_header *mail_header_append(struct mail_message *message, enum mail_header_type type, struct str text);
struct mail_header *mail_header_prepend(struct mail_message *message, enum mail_header_type type, struct str text);

/* Puts one behind another, whose place it takes when that one becomes HEADER_DELETED. */
struct mail_header *mail_header_insert(struct mail_message *message, struct mail_header *before,
                                       enum mail_header_type type, struct str text);

/* Takes a header section apart and appends copies of its headers. */
void mail_headers_append(struct mail_message *message, struct str text);

/* The first of that name that is not deleted; NULL: none. */
struct mail_header *mail_header_find(const struct mail_message *message, const char *name);

/* All that are not deleted as one text. */
struct str mail_headers_text(struct arena *arena, const struct mail_message *message);

#endif
