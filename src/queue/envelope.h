/* The -H file of a message: envelope, status and header lines (manual, 57.1). */
#ifndef QUEUE_ENVELOPE_H
#define QUEUE_ENVELOPE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "mail/message.h"

/* The file's content. */
struct str envelope_write(struct arena *arena, const struct mail_message *message, struct str primary_hostname);

/* Reads it into a message, whose arena and id are set; with_headers false: without the header lines. False: err
 * says what is wrong; the message is then as far as it was read. */
bool envelope_read(struct mail_message *message, struct str content, bool with_headers, struct error *err);

#endif
