/* The AUTH exchange: arbitrary answers of a peer, through base64 as the SMTP reader does it, into the server
 * and the client steps of the plaintext driver. Whatever the peer sends, only the right user name and
 * password authenticate. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auths/auth.h"
#include "auths/exchange.h"
#include "base/arena.h"
#include "base/base64.h"

#include "fuzz.h"

/* What this host takes for a compiled template. */
struct template {
    enum auth_expand status;
    const char *text;
};

static const struct template plain_check = {AUTH_EXPAND_OK, "plain"}, login_check = {AUTH_EXPAND_OK, "login"};
static const struct template prompts[] = {
    {AUTH_EXPAND_OK, ":"}, {AUTH_EXPAND_OK, "User : Pass"}, {AUTH_EXPAND_FAILED, "oops"}, {AUTH_EXPAND_OK, ""},
};
static const struct template answers[] = {
    {AUTH_EXPAND_OK, "^user^secret"}, {AUTH_EXPAND_OK, ""}, {AUTH_EXPAND_FORCED, ""}, {AUTH_EXPAND_OK, "^^^"},
};

static bool right(const struct auth_exchange *x, unsigned at)
{
    return str_is(x->vars[at], "user") && str_is(x->vars[at + 1], "secret");
}

static enum auth_expand expand_double(struct auth_exchange *x, const struct template *t, struct str *value)
{
    if (!t) {
        *value = STR_NULL;
        return AUTH_EXPAND_OK;
    }
    if (t == &plain_check)
        *value = right(x, 1) ? STR("yes") : STR("no");
    else if (t == &login_check)
        *value = right(x, 0) ? STR("yes") : STR("no");
    else
        *value = str_of(t->text);
    x->message = STR("text");
    return t->status;
}

__attribute__((format(printf, 2, 3))) static void quiet(struct auth_exchange *x, const char *format, ...)
{
    (void)x;
    (void)format;
}

static const struct auth_host host = {.expand = expand_double, .debug = quiet, .log = quiet};

static void set_option(struct auth_instance *auth, const char *name, const void *value, size_t size)
{
    const struct driver_info *driver = auth->instance.driver;

    for (size_t i = 0; i < driver->option_count; i++)
        if (strcmp(driver->options[i].name, name) == 0)
            memcpy((char *)auth->instance.config + driver->options[i].offset, value, size);
}

/* The next line of the input, decoded; false: no more, or not base64. */
static bool next_line(struct arena *arena, const uint8_t **data, size_t *size, struct str *decoded)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t n = end ? (size_t)(end - *data) : *size;
    struct str line = str_copy_n(arena, (const char *)*data, n, true);

    if (*size == 0)
        return false;
    n += end != NULL;
    *data += n;
    *size -= n;
    return base64_decode(arena, line, decoded);
}

static void serve(struct arena *arena, struct auth_instance *auth, const uint8_t *data, size_t size)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_SERVER, &host, NULL);
    struct str in = STR_NULL;
    enum auth_verdict verdict;

    if (size > 0 && *data == '!')
        verdict = auth_exchange_step(x, STR_NULL);
    else
        verdict = next_line(arena, &data, &size, &in) ? auth_exchange_step(x, in) : AUTH_BAD_DATA;
    while (verdict == AUTH_MORE && next_line(arena, &data, &size, &in))
        verdict = auth_exchange_step(x, in);
    if (verdict == AUTH_OK && !right(x, auth->server_condition == &plain_check ? 1 : 0))
        abort();
    auth_exchange_end(x);
}

static void use(struct arena *arena, struct auth_instance *auth, const uint8_t *data, size_t size)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_CLIENT, &host, NULL);
    enum auth_verdict verdict = auth_exchange_step(x, STR_NULL);
    struct str in;

    while (verdict == AUTH_MORE && size > 0)
        verdict = next_line(arena, &data, &size, &in) ? auth_exchange_step(x, in) : auth_exchange_step_undecodable(x);
    auth_exchange_end(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;
    const struct template *list[4], *prompt;
    struct option_templates send = {.v = list};
    struct auth_instance auth = {.instance = {.name = STR("fuzz")}, .public_name = STR("FUZZ")};
    const struct auth_driver *driver = auth_driver_find(STR("plaintext"), NULL);
    struct error err = ERROR_IN(NULL);
    bool ignore;

    if (size < 2 || !driver)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    auth.instance.driver = &driver->info;
    auth.instance.config = arena_alloc(arena, driver->info.config_size);
    prompt = &prompts[data[0] & 3];
    ignore = data[0] & 4;
    send.n = 1 + (data[0] >> 3 & 3);
    for (size_t i = 0; i < send.n; i++)
        list[i] = &answers[data[1] >> 2 * i & 3];
    auth.server_condition = data[0] & 128 ? &plain_check : &login_check;
    set_option(&auth, "server_prompts", &prompt, sizeof prompt);
    set_option(&auth, "client_send", &send, sizeof send);
    set_option(&auth, "client_ignore_invalid_base64", &ignore, sizeof ignore);
    if (auth_class.init(&auth.instance, &err)) {
        serve(arena, &auth, data + 2, size - 2);
        use(arena, &auth, data + 2, size - 2);
    }
    arena_free(arena);
    return 0;
}
