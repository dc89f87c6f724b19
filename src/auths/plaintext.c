/* The plaintext driver (manual, chapter 34): PLAIN (RFC 4616), LOGIN and any mechanism that an
 * administrator makes of prompts and NUL-separated strings. Whether the strings are right is for the
 * generic server_condition to say. */
#include "auths/auth.h"

#include <string.h>

#include "base/strlist.h"

struct plaintext_config {
    const struct template *server_prompts;
    struct option_templates client_send;
    bool client_ignore_invalid_base64;
};

static const struct option options[] = {
    {.name = "client_ignore_invalid_base64",
     .type = OPTION_BOOL,
     .offset = offsetof(struct plaintext_config, client_ignore_invalid_base64)},
    {.name = "client_send", .type = OPTION_TEMPLATE_LIST, .offset = offsetof(struct plaintext_config, client_send)},
    {.name = "server_prompts", .type = OPTION_TEMPLATE, .offset = offsetof(struct plaintext_config, server_prompts)},
};

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct plaintext_config *config = auth->instance.config;

    (void)err;
    auth->server = auth->server_condition != NULL;
    auth->client = config->client_send.n > 0;
    return true;
}

/* The peer's data: strings separated by NULs. A NUL at the very end ends the last string rather than
 * beginning an empty one. */
static void add_strings(struct auth_exchange *x)
{
    const char *p = x->in.s, *end = str_end(x->in);

    do {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        const char *stop = nul ? nul : end;

        auth_exchange_add(x, str_copy_n(x->arena, p, (size_t)(stop - p), x->in.tainted));
        p = nul ? nul + 1 : end;
    } while (p < end);
}

/* The prompt with that number (from 0). False: there are fewer. */
static bool prompt(struct auth_exchange *x, struct str prompts, unsigned number, struct str *item)
{
    struct strlist it;

    strlist_begin(&it, prompts, ':');
    while (strlist_next(&it, x->arena, item))
        if (number-- == 0)
            return true;
    return false;
}

/* Each step takes what the client sent and asks for what is still missing. */
static enum auth_verdict server(struct auth_exchange *x)
{
    const struct plaintext_config *config = x->auth->instance.config;
    struct str *prompts = x->state;

    if (!prompts) {
        prompts = x->state = ARENA_NEW(x->arena, struct str);
        if (x->host->expand(x, config->server_prompts, prompts) != AUTH_EXPAND_OK)
            return AUTH_DEFER;
    }
    if (!str_is_null(x->in))
        add_strings(x);
    return prompt(x, *prompts, x->count, &x->out) ? AUTH_MORE : AUTH_OK;
}

/* A single circumflex stands for NUL, a doubled one for itself. */
static struct str circumflexes(struct arena *arena, struct str text)
{
    struct buffer b = BUFFER_IN(arena);

    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] != '^') {
            buffer_add_char(&b, text.s[i]);
        } else if (i + 1 < text.n && text.s[i + 1] == '^') {
            buffer_add_char(&b, '^');
            i++;
        } else {
            buffer_add_char(&b, '\0');
        }
    }
    return buffer_str(&b);
}

/* The server's latest prompt becomes the next $authN before the next string is expanded. */
static enum auth_verdict client(struct auth_exchange *x)
{
    const struct plaintext_config *config = x->auth->instance.config;
    enum auth_verdict verdict;
    struct str text;

    if (x->steps > 0) {
        if (x->in_undecodable && !config->client_ignore_invalid_base64) {
            x->message = STR("invalid base64 string in server response");
            return AUTH_CANCELLED;
        }
        auth_exchange_add(x, x->in_undecodable ? STR("") : x->in);
    }
    if (x->steps >= config->client_send.n)
        return AUTH_UNEXPECTED;
    if (!auth_expand_client(x, config->client_send.v[x->steps], &text, &verdict))
        return verdict;
    if (x->steps > 0 || text.n > 0)
        x->out = circumflexes(x->arena, text);
    return AUTH_MORE;
}

extern const struct auth_driver auth_driver_plaintext;
const struct auth_driver auth_driver_plaintext = {
    .info = {.name = "plaintext",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct plaintext_config)},
    .init = init,
    .server = server,
    .client = client,
};
AUTH_DRIVER_EXPORT(auth_driver_plaintext)
