/* Replies of servers: see smtp_reply.h. */
#include "transports/smtp_reply.h"

#include "base/ascii.h"
#include "base/buffer.h"

/* Three digits, and a hyphen where more lines follow; a line may end behind the code. */
static bool is_reply_line(struct str line, bool *last)
{
    if (line.n < 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!ascii_is_digit(line.s[i]))
            return false;
    *last = line.n == 3 || line.s[3] != '-';
    return line.n == 3 || line.s[3] == ' ' || line.s[3] == '-';
}

static int code_of(struct str line)
{
    return 100 * (line.s[0] - '0') + 10 * (line.s[1] - '0') + (line.s[2] - '0');
}

static enum smtp_reply_status status_of(enum line_status status)
{
    switch (status) {
    case LINE_OK:
        return SMTP_REPLY_OK;
    case LINE_TOO_LONG:
        return SMTP_REPLY_MALFORMED;
    case LINE_TIMEOUT:
        return SMTP_REPLY_TIMEOUT;
    case LINE_END:
    case LINE_ERROR:
        break;
    }
    return SMTP_REPLY_CLOSED;
}

enum smtp_reply_status smtp_reply_read(struct stream *in, struct arena *arena, int64_t deadline,
                                       struct smtp_reply *reply)
{
    struct buffer text = BUFFER_IN(arena);
    enum smtp_reply_status status;
    bool last = false;

    reply->code = 0;
    do {
        struct str line;

        status = status_of(stream_read_line(in, arena, SMTP_REPLY_LINE, LINE_LF, deadline, &line));
        if (status != SMTP_REPLY_OK && status != SMTP_REPLY_MALFORMED)
            break;
        if (text.n > 0)
            buffer_add_char(&text, '\n');
        buffer_add(&text, line);
        if (status == SMTP_REPLY_OK && (!is_reply_line(line, &last) || text.n > SMTP_REPLY_TOTAL))
            status = SMTP_REPLY_MALFORMED;
        if (status == SMTP_REPLY_OK && reply->code == 0)
            reply->code = code_of(line);
    } while (status == SMTP_REPLY_OK && !last);
    text.tainted = true;
    reply->text = buffer_str(&text);
    return status;
}
