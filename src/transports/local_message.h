/* A message as local transports write it: with a prefix, a suffix, or as batched SMTP (manual, 26.2, 29.5, 49.10).
 * Private to src/transports. */
#ifndef TRANSPORTS_LOCAL_MESSAGE_H
#define TRANSPORTS_LOCAL_MESSAGE_H

#include "transports/write.h"

struct local_message {
    struct message_writer writer;
    struct str before, after; /* written as they are */
};

struct local_message_options {
    const struct template *prefix, *suffix; /* NULL: none */
    struct str check_string, escape_string;
    bool use_bsmtp, use_crlf;
};

/* Works out all that has to be expanded. False: err. */
bool local_message_prepare(struct local_message *m, struct delivery *delivery,
                           const struct local_message_options *options, struct error *err);

/* Writes all of it to the descriptor. False: err, and errno. */
bool local_message_write(struct local_message *m, int fd, struct error *err);

/* Octets written. */
int64_t local_message_octets(const struct local_message *m);

/* All recipients of the delivery have this result. */
void delivery_result(struct delivery *delivery, enum mail_result result, int error, struct str message);

#endif
