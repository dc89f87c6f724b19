/* ${authresults{id}}: an Authentication-Results: header line (manual, 11.5; RFC 8601). */
#include <string.h>

#include "base/ascii.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

/* Whether a value can stand as it is: what is neither blank, nor quoted, nor ends something. */
static bool is_plain(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char)value.s[i] <= 32 || value.s[i] == 127 || strchr("\"\\();,<>", value.s[i]) != NULL)
            return false;
    }
    return value.n > 0;
}

/* As it is, or in quotes; what a peer chose never ends the line. */
static void add_value(struct buffer *out, struct str value)
{
    if (is_plain(value)) {
        buffer_add(out, value);
        return;
    }
    buffer_add_char(out, '"');
    for (size_t i = 0; i < value.n; i++) {
        if (value.s[i] == '"' || value.s[i] == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, ascii_is_control(value.s[i]) ? '?' : value.s[i]);
    }
    buffer_add_char(out, '"');
    out->tainted |= value.tainted;
}

/* Does the peer's name lead to its address and back? Only when that has been looked up. */
static void add_iprev(struct buffer *out, const struct scope_connection *peer)
{
    if (peer->host_address.n == 0)
        return;
    if (peer->host_name.n > 0) {
        buffer_add_cstr(out, ";\n\tiprev=pass (");
        buffer_add(out, peer->host_name);
        buffer_add_char(out, ')');
    } else if (peer->host_lookup_deferred) {
        buffer_add_cstr(out, ";\n\tiprev=temperror");
    } else if (peer->host_lookup_failed) {
        buffer_add_cstr(out, ";\n\tiprev=fail");
    } else {
        return;
    }
    buffer_add_cstr(out, " smtp.remote-ip=");
    buffer_add(out, peer->host_address);
}

static void add_auth(struct buffer *out, const struct scope_connection *peer, const struct scope_message *message)
{
    if (peer->host_authenticated.n == 0 || peer->authentication_mechanism.n == 0)
        return;
    buffer_add_cstr(out, ";\n\tauth=pass (");
    buffer_add(out, peer->authentication_mechanism);
    if (peer->authenticated_id.n == 0) {
        buffer_add_cstr(out, ", no id saved)");
    } else {
        buffer_add_cstr(out, ") smtp.auth=");
        add_value(out, peer->authenticated_id);
    }
    if (message != NULL && message->authenticated_sender.n > 0) {
        buffer_add_cstr(out, " smtp.mailfrom=");
        add_value(out, message->authenticated_sender);
    }
}

static enum expand_status apply_authresults(struct evaluation *ev, const struct str *args, unsigned n,
                                            struct buffer *out)
{
    const struct scope_connection *peer = ev->scope->connection;
    (void)n;
    buffer_add_cstr(out, "Authentication-Results: ");
    buffer_add(out, args[0]);
    if (peer != NULL) {
        add_iprev(out, peer);
        add_auth(out, peer, ev->scope->message);
    }
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"authresults", parse_arguments, 1, 1, apply_authresults, NULL, NULL, 0},
};

const struct item_table item_authresults_table = ROWS(rows);
