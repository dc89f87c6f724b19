/* Lists of servers: see servers.h. */
#include "lookups/servers.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/strlist.h"
#include "lookups/option.h"

static const char old_prefix[] = "servers=";

static struct str skip_space(struct str text)
{
    while (text.n > 0 && ascii_is_space(*text.s)) {
        text.s++;
        text.n--;
    }
    return text;
}

static bool split_query(const struct lookup_request *request, const char *database, struct str *servers,
                        struct str *query, struct error *err)
{
    struct str rest = skip_space(request->key);

    if (!str_starts(rest, old_prefix))
        return true;
    ptrdiff_t semicolon = str_find(rest, ';');
    if (semicolon < 0)
        return error_set(err, "missing ; after \"servers=\" in %s lookup", database);
    size_t from = sizeof old_prefix - 1, end = (size_t)semicolon;
    *servers = str_sub(request->arena, rest, from, end - from);
    rest = (struct str){rest.s + end + 1, rest.n - end - 1, rest.tainted};
    *query = str_copy(request->arena, skip_space(rest));
    return true;
}

bool servers_of_request(const struct lookup_request *request, const char *database, const char *option,
                        struct str value, struct str *servers, struct str *query, struct error *err)
{
    *servers = STR_NULL;
    *query = request->key;
    if (lookup_option(request->options, "servers", servers))
        *servers = str_copy(request->arena, *servers);
    else if (!split_query(request, database, servers, query, err))
        return false;
    if (str_is_null(*servers))
        *servers = value;
    if (servers->tainted)
        return error_set(err, "%s servers \"%.*s\" are tainted", database, STR_ARG(*servers));
    if (str_is_empty(*servers))
        return error_set(err, "no %s servers defined (%s option)", database, option);
    return true;
}

size_t servers_host_length(struct str server)
{
    ptrdiff_t closing = server.n > 0 && server.s[0] == '(' ? str_find(server, ')') : -1;
    size_t n = closing > 0 ? (size_t)closing : 0;

    while (n < server.n && server.s[n] != '/')
        n++;
    return n;
}

bool servers_complete(struct arena *arena, struct str item, struct str value, struct str *server)
{
    size_t n = servers_host_length(item);
    struct strlist list;

    *server = item;
    if (n < item.n)
        return true;
    strlist_begin(&list, value, ':');
    while (strlist_next(&list, arena, server))
        if (servers_host_length(*server) == n && str_starts(*server, item.s))
            return true;
    return false;
}
