/* Taking a message over: from what the peer sends to what the queue keeps. Private to src/smtp. */
#ifndef SMTP_RECEIVE_H
#define SMTP_RECEIVE_H

#include "smtp/message.h"

/* Makes s->transaction.mail when the headers are there, fixed up, and writes the body to the spool as it comes.
 * ctx is the session. */
struct message_sink smtp_receive_sink(struct smtp_session *s);

/* Takes away the headers that remove_header has named since the last call, puts those that add_header has added in
 * their places, and shows the header section as it is then to expansions. */
void smtp_receive_change_headers(struct smtp_session *s);

/* After the last ACL: the same once more, and sets the time in the Received: header to now. */
void smtp_receive_finish(struct smtp_session *s);

/* Writes the envelope: from here on the message is the queue's. False: s->transaction.failure says why. */
bool smtp_receive_commit(struct smtp_session *s, const struct message *m);

/* Octets of the message as it is kept: $message_size. */
int64_t smtp_receive_size(const struct smtp_session *s, const struct message *m);

/* Forgets the message that is being written, if there is one. */
void smtp_receive_abandon(struct smtp_session *s);

#endif
