/* Writing a message out: see write.h. */
#include "transports/write.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "transports/filter.h"
#include "transports/header_section.h"
#include "transports/output.h"

bool message_writer_prepare(struct message_writer *writer, struct error *err)
{
    struct delivery *delivery = writer->delivery;

    writer->headers = STR("");
    if (!delivery->transport->body_only && !writer->no_headers && !header_section(delivery, &writer->headers, err))
        return false;
    if (str_is_empty(delivery->transport->transport_filter))
        return true;
    writer->filter = transport_command(delivery, delivery->transport->transport_filter, true, err);
    if (!writer->filter)
        return error_set(err, "transport_filter: %.*s", STR_ARG(err->text));
    return writer->filter[0][0] == '/' ||
           error_set(err, "transport_filter: \"%s\" is not an absolute path", writer->filter[0]);
}

bool message_writer_is_filtered(const struct message_writer *writer)
{
    return writer->filter != NULL;
}

/* The body from its file, from its own place so that others may read it at the same time. */
static bool write_body(struct message_writer *writer, struct line_output *output)
{
    const struct mail_message *message = writer->delivery->message;
    int64_t at = message->body_offset, left = writer->body_limit > 0 ? writer->body_limit : INT64_MAX;
    char block[16384];
    size_t held = 0;

    for (;;) {
        size_t want = sizeof block - held;
        ssize_t n, taken;

        if (left < (int64_t)want)
            want = (size_t)left;
        n = want > 0 ? pread(message->body_fd, block + held, want, at) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        left -= n;
        taken = line_output_take(output, block, held + (size_t)n, message->spool_wireformat, n == 0);
        if (taken < 0)
            return false;
        if (n == 0)
            return true;
        held = held + (size_t)n - (size_t)taken;
        memmove(block, block + taken, held);
    }
}

static bool write_plain(struct message_writer *writer, struct line_output *output, struct error *err)
{
    bool body = !writer->no_body && !writer->delivery->transport->headers_only;

    errno = 0;
    if (line_output_take(output, writer->headers.s, writer->headers.n, false, true) < 0 ||
        (body && !write_body(writer, output)))
        return error_set(err, "%s", strerror(errno));
    return true;
}

bool message_writer_run(struct message_writer *writer, struct error *err)
{
    struct line_output output;

    writer->octets = writer->lines = 0;
    line_output_begin(&output, writer);
    if (writer->filter ? !message_filter_run(writer, &output, err) : !write_plain(writer, &output, err))
        return false;
    errno = 0;
    return line_output_end(&output) || error_set(err, "%s", strerror(errno));
}

static bool discard(void *ctx, const char *octets, size_t n)
{
    (void)ctx;
    (void)octets;
    (void)n;
    return true;
}

bool message_writer_count(struct message_writer *writer, int64_t *octets, struct error *err)
{
    struct message_writer counting = *writer;

    counting.write = discard;
    if (!message_writer_run(&counting, err))
        return false;
    *octets = counting.octets;
    return true;
}
