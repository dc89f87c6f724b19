/* Who calls: the login behind the process and what -oM says (manual, 5.2). */
#include "main/caller.h"

#include "base/arena.h"
#include "base/ip.h"
#include "mail/id.h"

static bool parse_port(struct str digits, int *port)
{
    *port = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.s[i] < '0' || digits.s[i] > '9')
            return false;
        *port = *port * 10 + digits.s[i] - '0';
        if (*port > 65535)
            return false;
    }
    return digits.n > 0;
}

bool caller_address(struct arena *arena, struct str text, bool full, struct str *address, int *port)
{
    ptrdiff_t close = str_rfind(text, ']'), dot = str_rfind(text, '.');
    struct str host = text, digits = STR_NULL;
    struct ip ip;

    *port = 0;
    if (str_starts(text, "[") && close > 0) {
        host = str_sub(arena, text, 1, (size_t)close - 1);
        if ((size_t)close + 1 < text.n) {
            if (text.s[close + 1] != ':')
                return false;
            digits = str_sub(arena, text, (size_t)close + 2, text.n);
        }
    } else if (!ip_parse(text, &ip) && dot > 0) {
        host = str_sub(arena, text, 0, (size_t)dot);
        digits = str_sub(arena, text, (size_t)dot + 1, text.n);
    }
    if (!str_is_null(digits) && !parse_port(digits, port))
        return false;
    if (!ip_parse(host, &ip))
        return false;
    *address = full && ip.bits > 32 ? ip_format_full(arena, &ip, ':') : ip_format(arena, &ip);
    return true;
}

static bool set_address(struct arena *arena, const char *text, bool full, struct str *address, int *port,
                        struct error *err)
{
    if (!text || caller_address(arena, str_of(text), full, address, port))
        return true;
    return error_set(err, "exim abandoned: \"%s\" is not an IP address", text);
}

/* Only -bh pretends to be a remote host whose user nobody knows. */
bool caller_describe(const struct program *program, const struct command_line *cl,
                     struct scope_connection *connection, struct error *err)
{
    struct arena *arena = program->arena;
    const char *host = cl->sender_address;
    bool test = cl->mode == MODE_TEST;

    if (cl->message_reference && !mail_id_is_any(str_of(cl->message_reference)))
        return error_set(err, "-oMm must be a valid message ID");
    if (!set_address(arena, host, test, &connection->host_address, &connection->host_port, err) ||
        !set_address(arena, cl->interface, test, &connection->interface_address, &connection->interface_port, err))
        return false;
    connection->is_test = test;
    connection->is_local = !host;
    if (!connection->is_test)
        connection->ident = program->caller_login;
    if (!connection->is_test && !host)
        connection->authenticated_id = connection->ident;
    if (cl->sender_ident)
        connection->ident = str_of(cl->sender_ident);
    if (cl->sender_host) {
        connection->host_name = str_of(cl->sender_host);
        connection->host_name_looked_up = true;
    }
    if (cl->authenticator)
        connection->host_authenticated = str_of(cl->authenticator);
    if (cl->authenticated_id)
        connection->authenticated_id = str_of(cl->authenticated_id);
    return true;
}
