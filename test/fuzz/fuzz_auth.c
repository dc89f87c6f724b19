/* The AUTH exchange: arbitrary answers of a peer, through base64 as the SMTP reader does it, into the server
 * and the client steps of the plaintext driver. Whatever the peer sends, only the right user name and
 * password authenticate. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth_fuzzing.h"
#include "base/base64.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_plaintext;

static bool right(const struct auth_exchange *x, unsigned at)
{
    return str_is(x->vars[at], "user") && str_is(x->vars[at + 1], "secret");
}

static struct str check_plain(struct auth_exchange *x)
{
    return right(x, 1) ? STR("yes") : STR("no");
}

static struct str check_login(struct auth_exchange *x)
{
    return right(x, 0) ? STR("yes") : STR("no");
}

static const struct template plain_check = {.value = check_plain}, login_check = {.value = check_login};
static const struct template prompts[] = {
    {.text = ":"}, {.text = "User : Pass"}, {AUTH_EXPAND_FAILED, NULL, "oops"}, {.text = ""},
};
static const struct template answers[] = {
    {.text = "^user^secret"}, {.text = ""}, {AUTH_EXPAND_FORCED, NULL, ""}, {.text = "^^^"},
};

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
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_SERVER, &fuzz_host, NULL);
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
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_CLIENT, &fuzz_host, NULL);
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
    struct auth_instance auth;
    bool ignore;

    if (size < 2)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    fuzz_instance(arena, &auth, &auth_driver_plaintext, "FUZZ");
    prompt = &prompts[data[0] & 3];
    ignore = data[0] & 4;
    send.n = 1 + (data[0] >> 3 & 3);
    for (size_t i = 0; i < send.n; i++)
        list[i] = &answers[data[1] >> 2 * i & 3];
    auth.server_condition = data[0] & 128 ? &plain_check : &login_check;
    fuzz_set_option(&auth, "server_prompts", &prompt, sizeof prompt);
    fuzz_set_option(&auth, "client_send", &send, sizeof send);
    fuzz_set_option(&auth, "client_ignore_invalid_base64", &ignore, sizeof ignore);
    if (fuzz_init(arena, &auth)) {
        serve(arena, &auth, data + 2, size - 2);
        use(arena, &auth, data + 2, size - 2);
    }
    arena_free(arena);
    return 0;
}
