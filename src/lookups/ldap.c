/* ldap, ldapdn and ldapm (manual, 9.14 to 9.19), and what the condition ldapauth asks, by the OpenLDAP library. The
 * query is in ldap_query.h, connections are in ldap_connection.h. */
#include <ldap.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/strlist.h"
#include "lookups/ldap_connection.h"
#include "lookups/types.h"

enum { DEFAULT_PORT = LDAP_PORT, DEFAULT_TLS_PORT = LDAPS_PORT };

/* What is wanted of an entry. */
enum wanted {
    ONE_ENTRY,
    NAME_OF_ONE,
    ALL_ENTRIES,
    AUTHENTICATION, /* of the user; nothing is looked up */
};

/* How it went with one server. */
enum attempt {
    ATTEMPT_FOUND,
    ATTEMPT_NOT_FOUND,
    ATTEMPT_BAD,  /* no server could do better; err says why */
    ATTEMPT_NEXT, /* perhaps another one can; err says why this one cannot */
};

/* One query on its way. */
struct inquiry {
    struct arena *arena;
    struct ldap_connections *connections;
    struct ldap_query query;
    LDAPURLDesc *url;
    enum wanted wanted;
    struct buffer result;
    struct str name; /* of the last entry; STR_NULL: there was none */
    unsigned entries;
    bool attributes; /* there were some */
    struct error *err;
};

/* --- Results */

/* Commas are doubled, so that the result is a list; in quotes some characters are escaped. */
static void add_value(struct buffer *out, const struct berval *value, bool quoted)
{
    for (size_t i = 0; i < value->bv_len; i++) {
        char c = value->bv_val[i];

        if (c == ',')
            buffer_add_cstr(out, ",,");
        else if (quoted && c == '\n')
            buffer_add_cstr(out, "\\n");
        else if (quoted && (c == '"' || c == '\\'))
            buffer_printf(out, "\\%c", c);
        else
            buffer_add_char(out, c);
    }
}

/* One attribute of an entry; it is the first of that entry when nothing has been added since `start`. */
static void add_attribute(struct inquiry *q, const char *name, struct berval **values, bool quoted, size_t start)
{
    bool first = q->result.n == start;

    if (quoted) {
        buffer_printf(&q->result, "%s%s=\"", first ? "" : " ", name);
        first = true;
    }
    for (size_t i = 0; values[i]; i++) {
        if (!first)
            buffer_add_char(&q->result, ',');
        first = false;
        add_value(&q->result, values[i], quoted);
    }
    if (quoted)
        buffer_add_char(&q->result, '"');
}

/* A single attribute that was asked for goes without its name. */
static bool asks_for_one(const struct inquiry *q)
{
    return q->url->lud_attrs && q->url->lud_attrs[0] && !q->url->lud_attrs[1];
}

static void add_attributes(struct inquiry *q, LDAP *ldap, LDAPMessage *entry)
{
    bool quoted = !asks_for_one(q);
    BerElement *at = NULL;
    size_t start;

    if (q->attributes && q->result.n > 0)
        buffer_add_char(&q->result, '\n');
    start = q->result.n;
    for (char *name = ldap_first_attribute(ldap, entry, &at); name; name = ldap_next_attribute(ldap, entry, at)) {
        struct berval **values = ldap_get_values_len(ldap, entry, name);

        if (values) {
            q->attributes = true;
            add_attribute(q, name, values, quoted, start);
            ldap_value_free_len(values);
        }
        ldap_memfree(name);
    }
    if (at)
        ber_free(at, 0);
}

static void take_entry(struct inquiry *q, LDAP *ldap, LDAPMessage *entry)
{
    char *name = ldap_get_dn(ldap, entry);

    q->entries++;
    if (name)
        q->name = str_copy(q->arena, str_of(name));
    ldap_memfree(name);
    if (q->wanted != NAME_OF_ONE)
        add_attributes(q, ldap, entry);
}

/* --- The search */

/* The end of the search: what its code means. */
static enum attempt conclude(struct inquiry *q, LDAP *ldap, LDAPMessage *end)
{
    char *text = NULL;
    int code = LDAP_OTHER;
    enum attempt attempt = ATTEMPT_FOUND;

    if (ldap_parse_result(ldap, end, &code, NULL, &text, NULL, NULL, 0) != LDAP_SUCCESS)
        code = LDAP_DECODING_ERROR;
    switch (code) {
    case LDAP_SUCCESS:
    case LDAP_SIZELIMIT_EXCEEDED: /* what there is will do */
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX: /* nothing can have such a name */
    case LDAP_REFERRAL: /* nobody follows it */
        break;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
    case LDAP_TIMELIMIT_EXCEEDED:
        attempt = ATTEMPT_NEXT;
        break;
    default:
        attempt = ATTEMPT_BAD;
    }
    if (attempt != ATTEMPT_FOUND)
        error_set(q->err, "LDAP search failed - error %d: %s%s%s", code, ldap_err2string(code),
                  text && *text ? "/" : "", text ? text : "");
    ldap_memfree(text);
    return attempt;
}

static enum attempt judge(struct inquiry *q)
{
    if (q->entries > 1 && q->wanted != ALL_ENTRIES) {
        error_set(q->err, "LDAP search: more than one entry (%u) was returned (filter not specific enough?)",
                  q->entries);
        return ATTEMPT_BAD;
    }
    if (q->wanted == NAME_OF_ONE)
        return q->entries > 0 ? ATTEMPT_FOUND : ATTEMPT_NOT_FOUND;
    return q->attributes ? ATTEMPT_FOUND : ATTEMPT_NOT_FOUND;
}

/* Takes what comes until the search has ended. */
static enum attempt read_entries(struct inquiry *q, LDAP *ldap, int id)
{
    for (;;) {
        struct timeval buffer;
        LDAPMessage *message = NULL;
        enum attempt attempt;
        int type = ldap_result(ldap, id, LDAP_MSG_ONE, ldap_patience(&q->query, &buffer), &message);

        if (type <= 0) {
            error_set(q->err, type == 0 ? "ldap_result failed: LDAP operation timed out"
                                        : "ldap_result failed: the connection broke");
            return ATTEMPT_NEXT;
        }
        if (type == LDAP_RES_SEARCH_ENTRY)
            take_entry(q, ldap, message);
        if (type == LDAP_RES_SEARCH_RESULT) {
            attempt = conclude(q, ldap, message);
            ldap_msgfree(message);
            return attempt == ATTEMPT_FOUND ? judge(q) : attempt;
        }
        ldap_msgfree(message);
    }
}

static enum attempt search(struct inquiry *q, LDAP *ldap)
{
    const struct ldap_query *query = &q->query;
    struct timeval limit = {.tv_sec = query->time};
    int dereference = query->dereference < 0 ? LDAP_DEREF_NEVER : query->dereference, id, code;

    ldap_set_option(ldap, LDAP_OPT_DEREF, &dereference);
    ldap_set_option(ldap, LDAP_OPT_REFERRALS, query->referrals ? LDAP_OPT_ON : LDAP_OPT_OFF);
    ldap_set_option(ldap, LDAP_OPT_TIMELIMIT, &query->time);
    q->result = BUFFER_IN(q->arena);
    q->name = STR_NULL;
    q->entries = 0;
    q->attributes = false;
    code = ldap_search_ext(ldap, q->url->lud_dn, q->url->lud_scope, q->url->lud_filter, q->url->lud_attrs, 0, NULL,
                           NULL, query->time > 0 ? &limit : NULL, query->size, &id);
    if (code == LDAP_SUCCESS)
        return read_entries(q, ldap, id);
    error_set(q->err, "ldap_search failed: %d, %s", code, ldap_err2string(code));
    return code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR ? ATTEMPT_NEXT : ATTEMPT_BAD;
}

/* Connects, authenticates and searches. A connection that was kept may be dead by now: then once more. */
static enum attempt try_server(struct inquiry *q, const struct ldap_server *server)
{
    enum attempt attempt = ATTEMPT_NEXT;
    bool kept = true;
    LDAP *ldap;

    for (unsigned i = 0; i < 2 && kept && attempt == ATTEMPT_NEXT; i++) {
        switch (ldap_connect_to(q->connections, server, &q->query, &ldap, &kept, q->err)) {
        case LDAP_CONNECTED:
            break;
        case LDAP_REFUSED:
            return q->wanted == AUTHENTICATION ? ATTEMPT_NOT_FOUND : ATTEMPT_NEXT;
        case LDAP_FAILED:
            return ATTEMPT_NEXT;
        }
        if (q->wanted == AUTHENTICATION)
            return ATTEMPT_FOUND;
        attempt = search(q, ldap);
        if (attempt == ATTEMPT_NEXT)
            ldap_disconnect(q->connections, ldap);
    }
    return attempt;
}

/* --- Servers */

/* "HOST", "HOST:PORT" or "/PATH". False: err is set. */
static bool read_server(struct inquiry *q, struct str item, struct ldap_server *server)
{
    ptrdiff_t colon = str_rfind(item, ':'), bracket = str_rfind(item, ']');
    long port = 0;

    *server = (struct ldap_server){.host = item, .ldaps = q->query.ldaps, .socket = str_starts(item, "/"),
                                   .port = q->query.ldaps ? DEFAULT_TLS_PORT : DEFAULT_PORT};
    if (q->query.ldapi && !server->socket)
        return error_set(q->err, "ldapi requires an absolute path (\"%.*s\" given)", STR_ARG(item));
    if (server->socket || colon <= bracket)
        return true;
    for (size_t i = (size_t)colon + 1; i < item.n && port <= UINT16_MAX; i++)
        port = ascii_is_digit(item.s[i]) ? port * 10 + (item.s[i] - '0') : UINT16_MAX + 1L;
    if (port == 0 || port > UINT16_MAX)
        return error_set(q->err, "LDAP server \"%.*s\" has no port that is one", STR_ARG(item));
    server->port = (int)port;
    server->host = str_sub(q->arena, item, 0, (size_t)colon);
    return true;
}

/* The server that the URL names. */
static enum attempt try_named(struct inquiry *q)
{
    struct str host = str_copy(q->arena, str_of(q->url->lud_host));
    struct ldap_server server = {.host = host, .port = q->url->lud_port, .ldaps = q->query.ldaps,
                                 .socket = str_starts(host, "/")};

    if (server.port == 0)
        server.port = server.ldaps ? DEFAULT_TLS_PORT : DEFAULT_PORT;
    if (q->query.ldapi && !server.socket) {
        error_set(q->err, "ldapi requires an absolute path (\"%.*s\" given)", STR_ARG(host));
        return ATTEMPT_BAD;
    }
    return try_server(q, &server);
}

/* Those of a list, one after the other. */
static enum attempt try_listed(struct inquiry *q, struct str list)
{
    enum attempt attempt = ATTEMPT_NEXT;
    struct strlist it;
    struct str item;

    error_set(q->err, "no LDAP servers in the list");
    strlist_begin(&it, list, ':');
    while (attempt == ATTEMPT_NEXT && strlist_next(&it, q->arena, &item)) {
        struct ldap_server server;

        if (read_server(q, item, &server))
            attempt = try_server(q, &server);
    }
    return attempt;
}

static enum attempt try_all(struct inquiry *q)
{
    const struct ldap_server none = {.host = STR_NULL, .port = DEFAULT_PORT};
    struct str list = q->query.servers;

    if (q->url->lud_host && q->url->lud_host[0])
        return try_named(q);
    if (str_is_empty(list))
        list = lookup_settings()->ldap_default_servers;
    return str_is_empty(list) ? try_server(q, &none) : try_listed(q, list);
}

static enum lookup_status inquire(struct inquiry *q)
{
    enum attempt attempt = ATTEMPT_BAD;
    int code = ldap_url_parse(q->query.url.s, &q->url);

    if (code != LDAP_URL_SUCCESS) {
        error_set(q->err, "ldap_url_parse: (error %d) parsing \"%.*s\"", code, STR_ARG(q->query.url));
        return LOOKUP_DEFER;
    }
    attempt = try_all(q);
    ldap_free_urldesc(q->url);
    if (attempt == ATTEMPT_FOUND)
        return LOOKUP_FOUND;
    return attempt == ATTEMPT_NOT_FOUND ? LOOKUP_NOT_FOUND : LOOKUP_DEFER;
}

/* --- The types */

static void *ldap_open_handle(struct str file, struct error *err)
{
    (void)file, (void)err;
    return ldap_connections_new();
}

static void ldap_close_handle(void *handle)
{
    ldap_connections_free(handle);
}

static enum lookup_status find(void *handle, const struct lookup_request *request, enum wanted wanted,
                               struct str *result, struct error *err)
{
    struct inquiry q = {.arena = request->arena, .connections = handle, .wanted = wanted, .err = err};
    enum lookup_status status;

    if (!ldap_query_read(q.arena, request->key, &q.query, err))
        return LOOKUP_DEFER;
    status = inquire(&q);
    if (status == LOOKUP_FOUND) {
        lookup_set_ldap_dn(q.name);
        *result = wanted == NAME_OF_ONE ? q.name : buffer_str(&q.result);
    }
    return status;
}

static enum lookup_status ldap_find(void *handle, const struct lookup_request *request, struct str *result,
                                    struct error *err)
{
    return find(handle, request, ONE_ENTRY, result, err);
}

static enum lookup_status ldapdn_find(void *handle, const struct lookup_request *request, struct str *result,
                                      struct error *err)
{
    return find(handle, request, NAME_OF_ONE, result, err);
}

static enum lookup_status ldapm_find(void *handle, const struct lookup_request *request, struct str *result,
                                     struct error *err)
{
    return find(handle, request, ALL_ENTRIES, result, err);
}

/* Servers take a name without a password for nobody, and let that in: the library is not even asked. */
static enum lookup_status ldap_authenticate(void *handle, struct arena *arena, struct str query, struct error *err)
{
    struct inquiry q = {.arena = arena, .connections = handle, .wanted = AUTHENTICATION, .err = err};

    if (!ldap_query_read(arena, query, &q.query, err))
        return LOOKUP_DEFER;
    if (str_is_null(q.query.user) || str_is_null(q.query.password)) {
        error_set(err, "ldapauth lookups must specify the username and password");
        return LOOKUP_DEFER;
    }
    if (q.query.password.n == 0 || str_find(q.query.password, '\0') >= 0)
        return LOOKUP_NOT_FOUND;
    return inquire(&q);
}

static void ldap_version_report(struct buffer *out)
{
    LDAPAPIInfo info = {.ldapai_info_version = LDAP_API_INFO_VERSION};

    buffer_printf(out, "Library version: LDAP: Compile: %s %d\n", LDAP_VENDOR_NAME, LDAP_VENDOR_VERSION);
    if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) != LDAP_OPT_SUCCESS)
        return;
    buffer_printf(out, "                       Runtime: %s %d\n", info.ldapai_vendor_name,
                  info.ldapai_vendor_version);
    ldap_memfree(info.ldapai_vendor_name);
    ber_memvfree((void **)info.ldapai_extensions);
}

#define LDAP_TYPE(name_, find_, report_) \
    {.name = (name_), .keep_results = true, .open = ldap_open_handle, .find = (find_), .close = ldap_close_handle, \
     .authenticate = ldap_authenticate, .quote = ldap_quote, .quoted = LOOKUP_QUOTED_LDAP, \
     .version_report = (report_)}

const struct lookup_type lookup_ldap = LDAP_TYPE("ldap", ldap_find, ldap_version_report);
const struct lookup_type lookup_ldapdn = LDAP_TYPE("ldapdn", ldapdn_find, NULL);
const struct lookup_type lookup_ldapm = LDAP_TYPE("ldapm", ldapm_find, NULL);
LOOKUP_EXPORT(&lookup_ldap, &lookup_ldapdn, &lookup_ldapm)
