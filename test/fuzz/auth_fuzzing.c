/* Fuzzing of authenticator drivers: see auth_fuzzing.h. */
#include "auth_fuzzing.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 8, STEPS = 64 };

/* --- The host */

static enum auth_expand expand_double(struct auth_exchange *x, const struct template *t, struct str *value)
{
    *value = STR_NULL;
    if (!t)
        return AUTH_EXPAND_OK;
    if (t->status == AUTH_EXPAND_OK)
        *value = t->value ? t->value(x) : str_of(t->text);
    else
        x->message = str_of(t->text);
    return t->status;
}

static bool peer_double(struct auth_exchange *x, struct auth_peer *peer)
{
    (void)x;
    *peer = (struct auth_peer){
        .host_name = STR("host.test"),
        .remote_name = STR("host.test"),
        .remote_address = STR("127.0.0.1"),
        .local_address = STR("127.0.0.1"),
        .remote_port = 25,
        .local_port = 25,
    };
    return true;
}

static bool binding_double(struct auth_exchange *x, const char *type, struct str *data)
{
    (void)x;
    (void)type;
    *data = STR("thirty-two octets of the channel");
    return true;
}

__attribute__((format(printf, 2, 3))) static void quiet(struct auth_exchange *x, const char *format, ...)
{
    (void)x;
    (void)format;
}

const struct auth_host fuzz_host = {
    .expand = expand_double,
    .peer = peer_double,
    .channel_binding = binding_double,
    .debug = quiet,
    .log = quiet,
    .log_reject = quiet,
};

/* --- Places */

static char place[] = "/tmp/gatepost-fuzz.XXXXXX";

static int remove_entry(const char *name, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(name);
}

static void remove_place(void)
{
    nftw(place, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_place(void)
{
    if (!mkdtemp(place) || atexit(remove_place) != 0)
        abort();
    return place;
}

/* --- Instances */

void fuzz_instance(struct arena *arena, struct auth_instance *auth, const struct auth_driver *driver,
                   const char *mechanism)
{
    *auth = (struct auth_instance){.instance = {.name = STR("fuzz"), .driver = &driver->info, .arena = arena},
                                   .public_name = str_of(mechanism)};
    auth->instance.config = arena_alloc(arena, driver->info.config_size);
}

void fuzz_set_option(struct auth_instance *auth, const char *name, const void *value, size_t size)
{
    const struct driver_info *driver = auth->instance.driver;

    for (size_t i = 0; i < driver->option_count; i++)
        if (strcmp(driver->options[i].name, name) == 0) {
            memcpy((char *)auth->instance.config + driver->options[i].offset, value, size);
            return;
        }
    abort();
}

void fuzz_set_text(struct auth_instance *auth, const char *name, const char *text)
{
    struct str value = str_of(text);

    fuzz_set_option(auth, name, &value, sizeof value);
}

void fuzz_set_template(struct auth_instance *auth, const char *name, const struct template *t)
{
    fuzz_set_option(auth, name, &t, sizeof(const struct template *));
}

bool fuzz_init(struct arena *arena, struct auth_instance *auth)
{
    struct error err = ERROR_IN(arena);

    return auth_class.init(&auth->instance, &err);
}

/* --- Whatever a peer may say */

bool fuzz_next(struct fuzz_input *input, struct str *piece)
{
    size_t n;

    if (input->n < 2)
        return false;
    n = (size_t)input->data[0] | (size_t)input->data[1] << 8;
    input->data += 2;
    input->n -= 2;
    n = n < input->n ? n : input->n;
    *piece = (struct str){(const char *)input->data, n, true};
    input->data += n;
    input->n -= n;
    return true;
}

enum auth_verdict fuzz_server(const struct auth_instance *auth, struct fuzz_input input, struct auth_exchange **x)
{
    struct auth_exchange *exchange = auth_exchange_begin(auth, AUTH_SERVER, &fuzz_host, NULL);
    enum auth_verdict verdict = AUTH_MORE;
    struct str piece;

    if (input.n > 0 && *input.data & 1)
        verdict = auth_exchange_step(exchange, STR_NULL);
    while (verdict == AUTH_MORE && fuzz_next(&input, &piece))
        verdict = auth_exchange_step(exchange, piece);
    if (x)
        *x = exchange;
    else
        auth_exchange_end(exchange);
    return verdict;
}

void fuzz_client(const struct auth_instance *auth, struct fuzz_input input)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_CLIENT, &fuzz_host, NULL);
    enum auth_verdict verdict = auth_exchange_step(x, STR_NULL);
    struct str piece;

    while (verdict == AUTH_MORE && fuzz_next(&input, &piece))
        verdict = piece.n == 1 ? auth_exchange_step_undecodable(x) : auth_exchange_step(x, piece);
    auth_exchange_end(x);
}

/* --- Proofs */

struct str fuzz_whole(struct str message)
{
    return message;
}

struct str fuzz_last_32(struct str message)
{
    return message.n < 32 ? message : (struct str){message.s + message.n - 32, 32, false};
}

struct str fuzz_digest_md5(struct str message)
{
    static const char *const names[] = {"response=", "rspauth="};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        const char *at = message.n > 0 ? memmem(message.s, message.n, names[i], n) : NULL;
        size_t rest = at ? (size_t)(message.s + message.n - at) - n : 0;

        if (at)
            return (struct str){at + n, rest < 32 ? rest : 32, false};
    }
    return STR_NULL;
}

struct str fuzz_scram(struct str message)
{
    return (struct str){message.s, message.n < 2 ? 0 : message.n - 2, false};
}

/* --- Dialogues */

/* The messages of one side: as they were sent, and as they arrived. */
struct way {
    struct str sent[MESSAGES], arrived[MESSAGES];
    size_t n;
};

/* A message on its way, changed as the input says. */
static struct str carry(struct auth_exchange *to, struct way *way, struct str message, bool by_client,
                        struct fuzz_input input)
{
    size_t i = way->n < MESSAGES ? way->n++ : MESSAGES - 1;
    struct str copy = str_copy(to->arena, message);

    for (; input.n >= 4; input.data += 4, input.n -= 4) {
        size_t at = (size_t)input.data[1] | (size_t)input.data[2] << 8;

        if (input.data[0] % (2 * MESSAGES) != 2 * i + !by_client || copy.n == 0)
            continue;
        at %= copy.n;
        if (input.data[3] == 0)
            copy = str_sub(to->arena, copy, 0, at);
        else
            ((char *)(uintptr_t)copy.s)[at] = (char)(copy.s[at] ^ (char)input.data[3]);
    }
    way->sent[i] = str_copy(to->arena, message);
    way->arrived[i] = str_copy(to->arena, copy);
    return copy;
}

static bool same(const struct way *way, fuzz_proof *proof)
{
    for (size_t i = 0; i < way->n; i++) {
        struct str sent = proof(way->sent[i]), arrived = proof(way->arrived[i]);

        if (sent.n > 0 && !str_eq(sent, arrived))
            return false;
    }
    return true;
}

static bool unchanged(const struct way *way)
{
    for (size_t i = 0; i < way->n; i++)
        if (!str_eq(way->sent[i], way->arrived[i]))
            return false;
    return true;
}

/* The server's verdict when the two have said what they have to. */
static enum auth_verdict converse(struct auth_exchange *client, struct auth_exchange *server, struct way *up,
                                  struct way *down, enum auth_verdict *of_client, struct fuzz_input input)
{
    enum auth_verdict verdict;
    struct str out;

    *of_client = auth_exchange_step(client, STR_NULL);
    if (*of_client != AUTH_MORE)
        return AUTH_CANCELLED;
    out = client->out;
    verdict = auth_exchange_step(server, str_is_null(out) ? STR_NULL : carry(server, up, out, true, input));
    for (int steps = 0; verdict == AUTH_MORE && steps < STEPS; steps++) {
        *of_client = auth_exchange_step(client, carry(client, down, server->out, false, input));
        if (*of_client != AUTH_MORE && *of_client != AUTH_OK)
            return AUTH_CANCELLED;
        out = str_is_null(client->out) ? STR("") : client->out;
        verdict = auth_exchange_step(server, carry(server, up, out, true, input));
    }
    return verdict;
}

void fuzz_dialogue(const struct auth_instance *auth, fuzz_proof *of_client, fuzz_proof *of_server,
                   struct fuzz_input input)
{
    struct auth_exchange *server = auth_exchange_begin(auth, AUTH_SERVER, &fuzz_host, NULL);
    struct auth_exchange *client = auth_exchange_begin(auth, AUTH_CLIENT, &fuzz_host, NULL);
    struct way up = {.n = 0}, down = {.n = 0};
    enum auth_verdict client_verdict, verdict = converse(client, server, &up, &down, &client_verdict, input);
    bool content = (client_verdict == AUTH_MORE || client_verdict == AUTH_OK) && !client->unfinished;

    if (verdict == AUTH_OK && !same(&up, of_client))
        abort();
    if (of_server && content && !same(&down, of_server))
        abort();
    if (unchanged(&up) && unchanged(&down) && !(verdict == AUTH_OK && content))
        abort();
    auth_exchange_end(client);
    auth_exchange_end(server);
}
