/* Variables about the message: its sender, its recipients, its headers as a whole. */
#include <inttypes.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/strlist.h"
#include "expand/headers.h"
#include "expand/variables.h"

/* --- The sender */

GETTER(get_sender_address_local_part)
{
    (void)variable;
    *value = STR("");
    const struct scope_message *message = ev->scope->message;
    if (message == NULL)
        return EXPAND_OK;
    ptrdiff_t at = str_rfind(message->sender_address, '@');
    *value = at < 0 ? message->sender_address : str_sub(ev->arena, message->sender_address, 0, (size_t)at);
    if (str_is_null(*value))
        *value = STR("");
    return EXPAND_OK;
}

GETTER(get_sender_address_domain)
{
    (void)variable;
    *value = STR("");
    const struct scope_message *message = ev->scope->message;
    ptrdiff_t at = message == NULL ? -1 : str_rfind(message->sender_address, '@');
    if (at >= 0)
        *value = str_sub(ev->arena, message->sender_address, (size_t)at + 1, message->sender_address.n);
    return EXPAND_OK;
}

/* --- Recipients */

GETTER(get_recipients)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    struct buffer list = BUFFER_IN(ev->arena);
    for (size_t i = 0; message != NULL && message->recipients != NULL && i < message->recipients_count; i++) {
        if (i > 0)
            buffer_add_cstr(&list, ", ");
        buffer_add(&list, message->recipients[i].address);
    }
    *value = buffer_str(&list);
    return EXPAND_OK;
}

/* The same as a list that can be taken apart whatever is in the addresses. */
GETTER(get_recipients_list)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    struct buffer list = BUFFER_IN(ev->arena);
    for (size_t i = 0; message != NULL && message->recipients != NULL && i < message->recipients_count; i++)
        strlist_add(&list, message->recipients[i].address, ':', i == 0);
    *value = buffer_str(&list);
    return EXPAND_OK;
}

GETTER(get_recipients_count)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    *value = str_printf(ev->arena, "%zu", message == NULL ? 0 : message->recipients_count);
    return EXPAND_OK;
}

/* --- The message itself */

GETTER(get_message_headers_raw)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    *value = message == NULL || str_is_null(message->headers) ? STR("") : message->headers;
    return EXPAND_OK;
}

/* White space at the end of every header goes; that in front of its continuation lines stays. */
static struct str without_trailing_space(struct arena *arena, struct str headers)
{
    struct buffer out = BUFFER_IN(arena);
    const char *p = headers.s, *end = p + headers.n;

    out.tainted = headers.tainted;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *next = lf ? lf + 1 : end;

        buffer_add_n(&out, p, (size_t)(next - p));
        p = next;
        if (p < end && (*p == ' ' || *p == '\t'))
            continue;
        while (out.n > 0 && ascii_is_space(out.s[out.n - 1]))
            buffer_cut(&out, out.n - 1);
        if (p < end)
            buffer_add_char(&out, '\n');
    }
    return buffer_str(&out);
}

GETTER(get_message_headers)
{
    struct str raw;
    get_message_headers_raw(ev, variable, &raw);
    return header_decode(ev, without_trailing_space(ev->arena, raw), HEADER_BASIC, value);
}

/* Reply-To: when there is one with something in it, else From:; nothing is decoded. */
GETTER(get_reply_address)
{
    (void)variable;
    *value = header_first(ev, STR("reply-to"));
    if (value->n == 0)
        *value = header_first(ev, STR("from"));
    return EXPAND_OK;
}

GETTER(get_message_smtputf8)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    *value = message != NULL && message->message_smtputf8.n > 0 ? message->message_smtputf8 : STR("no");
    return EXPAND_OK;
}

GETTER(get_max_received_linelength)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    *value = message != NULL && message->max_received_linelength.n > 0 ? message->max_received_linelength
                                                                       : STR("0");
    return EXPAND_OK;
}

GETTER(get_received_time)
{
    (void)variable;
    const struct scope_message *message = ev->scope->message;
    *value = str_printf(ev->arena, "%" PRId64, message == NULL ? 0 : (int64_t)message->received_time.tv_sec);
    return EXPAND_OK;
}
