/* The spa driver (manual, chapter 40): NTLM, which Microsoft calls Secure Password Authentication. The messages and
 * what proves a password are in ntlm.h; here is who sends which, and when. */
#include "auths/auth.h"

#include <nettle/version.h>
#include <string.h>
#include <time.h>

#include "auths/ntlm.h"
#include "base/secret.h"
#include "base/strlist.h"

enum { INFO_LIMIT = 4096 }; /* octets of target info that a server may make us send back */

struct spa_config {
    const struct template *server_password;
    struct str server_ntlm_versions;
    const struct template *client_username, *client_password, *client_domain;
    unsigned versions; /* of server_ntlm_versions, by init */
};

#define OPTION(name_, type_, default_) \
    {.name = #name_, .type = (type_), .offset = offsetof(struct spa_config, name_), .default_text = (default_)}

static const struct option options[] = {
    OPTION(client_domain, OPTION_TEMPLATE, NULL),
    OPTION(client_password, OPTION_TEMPLATE, NULL),
    OPTION(client_username, OPTION_TEMPLATE, NULL),
    OPTION(server_ntlm_versions, OPTION_STRING, "ntlm : ntlm2 : ntlmv2"),
    OPTION(server_password, OPTION_TEMPLATE, NULL),
};

static const struct {
    const char *name;
    enum ntlm_version version;
} versions[] = {
    {"lm", NTLM_LM}, {"ntlm", NTLM_V1}, {"ntlm2", NTLM_2_SESSION}, {"ntlmv2", NTLM_V2}, {"lmv2", NTLM_LM_V2},
};

static unsigned version_of(struct str name)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (str_is_nocase(name, versions[i].name))
            return versions[i].version;
    return 0;
}

static bool read_versions(struct auth_instance *auth, struct error *err)
{
    struct spa_config *config = auth->instance.config;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct strlist it;
    struct str item;
    bool good = true;

    config->versions = 0;
    strlist_begin(&it, config->server_ntlm_versions, ':');
    while (good && strlist_next(&it, arena, &item)) {
        config->versions |= version_of(item);
        good = version_of(item) != 0 ||
               error_at(err, auth->instance.where,
                        "authenticator %.*s: server_ntlm_versions: \"%.*s\" is none of lm, lmv2, ntlm, ntlm2, ntlmv2",
                        STR_ARG(auth->instance.name), STR_ARG(item));
    }
    arena_free(arena);
    if (good && config->versions == 0)
        return error_at(err, auth->instance.where, "authenticator %.*s: server_ntlm_versions names none",
                        STR_ARG(auth->instance.name));
    return good;
}

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct spa_config *config = auth->instance.config;

    if ((config->client_username == NULL) != (config->client_password == NULL))
        return error_at(err, auth->instance.where,
                        "authenticator %.*s: one of client_username and client_password cannot be set without the "
                        "other",
                        STR_ARG(auth->instance.name));
    auth->server = config->server_password != NULL;
    auth->client = config->client_username != NULL;
    return !auth->server || read_versions(auth, err);
}

/* --- The server */

/* What the server keeps between steps. */
struct serving {
    bool challenged;
    struct ntlm_challenge challenge;
};

/* What we are called, for clients that make it a part of NTLMv2 responses. */
static struct str target_info(struct auth_exchange *x)
{
    struct buffer info = BUFFER_IN(x->arena);
    struct auth_peer peer;
    ptrdiff_t dot;
    struct str label;

    if (!x->host->peer(x, &peer) || str_is_empty(peer.host_name))
        peer.host_name = STR("localhost");
    dot = str_find(peer.host_name, '.');
    label = str_sub(x->arena, peer.host_name, 0, dot < 0 ? peer.host_name.n : (size_t)dot);
    label = ntlm_utf16_upper(x->arena, label);
    ntlm_add_av(&info, NTLM_AV_DOMAIN, label);
    ntlm_add_av(&info, NTLM_AV_COMPUTER, label);
    ntlm_add_av(&info, NTLM_AV_DNS_COMPUTER, ntlm_utf16(x->arena, peer.host_name));
    ntlm_add_av(&info, NTLM_AV_END, STR(""));
    return buffer_str(&info);
}

/* Clients that do not speak of newer responses get what Exim sends. */
static enum auth_verdict challenge(struct auth_exchange *x, struct serving *s)
{
    const struct spa_config *config = x->auth->instance.config;
    struct ntlm_negotiate wish;

    if (!ntlm_read_negotiate(x->in, &wish))
        return AUTH_FAIL;
    s->challenged = true;
    s->challenge = (struct ntlm_challenge){.flags = NTLM_UNICODE | NTLM_NTLM | NTLM_ALWAYS_SIGN,
                                           .target = STR(""), .info = STR("")};
    if ((wish.flags & NTLM_OEM) && !(wish.flags & NTLM_UNICODE))
        s->challenge.flags ^= NTLM_UNICODE | NTLM_OEM;
    if ((wish.flags & NTLM_EXTENDED_SECURITY) && (config->versions & NTLM_2_SESSION))
        s->challenge.flags |= NTLM_EXTENDED_SECURITY;
    if ((wish.flags & (NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO)) && (config->versions & NTLM_V2)) {
        s->challenge.flags |= NTLM_TARGET_INFO | NTLM_TARGET_TYPE_SERVER;
        s->challenge.info = target_info(x);
    }
    random_octets(s->challenge.challenge, sizeof s->challenge.challenge);
    x->out = ntlm_write_challenge(x->arena, &s->challenge);
    return AUTH_MORE;
}

/* Takes the names out of the answer. False: they are malformed. */
static bool read_names(struct auth_exchange *x, const struct ntlm_authenticate *answer, struct ntlm_account *account)
{
    struct str workstation;

    if (!ntlm_text(x->arena, answer->user, answer->flags, &account->user) || str_is_empty(account->user) ||
        !ntlm_text(x->arena, answer->domain, answer->flags, &account->domain) ||
        !ntlm_text(x->arena, answer->workstation, answer->flags, &workstation))
        return false;
    auth_exchange_add(x, account->user);
    x->vars[1] = account->domain;
    x->vars[2] = workstation;
    return true;
}

static enum auth_verdict verify(struct auth_exchange *x, const struct serving *s)
{
    const struct spa_config *config = x->auth->instance.config;
    struct ntlm_authenticate answer;
    struct ntlm_account account;
    enum auth_expand status;

    if (!ntlm_read_authenticate(x->in, &answer) || !read_names(x, &answer, &account))
        return AUTH_FAIL;
    status = x->host->expand(x, config->server_password, &account.password);
    if (status != AUTH_EXPAND_OK)
        return auth_expand_verdict(status);
    if (str_is_empty(account.password)) { /* of a lookup that found nothing, mostly */
        x->host->debug(x, "server_password is empty: nobody can have that password\n");
        return AUTH_FAIL;
    }
    return ntlm_verify(x->arena, &answer, &account, s->challenge.challenge, s->challenge.flags, config->versions)
               ? AUTH_OK
               : AUTH_FAIL;
}

/* Some clients, and Exim, want to be told first that they may begin. */
static enum auth_verdict server(struct auth_exchange *x)
{
    struct serving *s = x->state;

    if (!s)
        s = x->state = ARENA_NEW(x->arena, struct serving);
    if (s->challenged)
        return verify(x, s);
    if (!str_is_null(x->in))
        return challenge(x, s);
    x->out = STR("NTLM supported");
    x->out_is_text = true;
    return AUTH_MORE;
}

/* --- The client */

/* "USER@DOMAIN" names both; else the domain is that of client_domain, or what the server calls its own. */
static bool read_account(struct auth_exchange *x, struct ntlm_account *account, enum auth_verdict *verdict)
{
    const struct spa_config *config = x->auth->instance.config;
    ptrdiff_t at;

    *account = (struct ntlm_account){.domain = STR("")};
    if (!auth_expand_client(x, config->client_username, &account->user, verdict) ||
        !auth_expand_client(x, config->client_password, &account->password, verdict) ||
        (config->client_domain && !auth_expand_client(x, config->client_domain, &account->domain, verdict)))
        return false;
    at = str_find(account->user, '@');
    if (at >= 0) {
        account->domain = str_sub(x->arena, account->user, (size_t)at + 1, account->user.n);
        account->user = str_sub(x->arena, account->user, 0, (size_t)at);
    }
    return true;
}

static enum auth_verdict negotiate(struct auth_exchange *x, const struct ntlm_account *account)
{
    struct ntlm_negotiate wish = {
        .flags = NTLM_UNICODE | NTLM_OEM | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN |
                 NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO,
        .domain = account->domain,
    };

    if (account->domain.n > 0)
        wish.flags |= NTLM_DOMAIN_SUPPLIED;
    x->out = ntlm_write_negotiate(x->arena, &wish);
    return AUTH_MORE;
}

/* Windows counts tenths of microseconds since 1601. */
static uint64_t windows_now(void)
{
    const uint64_t seconds_to_1970 = 11644473600, tenths = 10000000;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec + seconds_to_1970) * tenths + (uint64_t)now.tv_nsec / 100;
}

static enum auth_verdict give_up(struct auth_exchange *x, struct str why)
{
    x->message = why;
    return AUTH_CANCELLED;
}

static enum auth_verdict answer(struct auth_exchange *x, struct ntlm_account *account)
{
    unsigned char random[NTLM_CHALLENGE_OCTETS];
    struct ntlm_authenticate made;
    struct ntlm_challenge got;
    struct str unused;

    if (x->in_undecodable || !ntlm_read_challenge(x->in, &got))
        return give_up(x, STR("bad NTLM challenge in server response"));
    if (got.info.n > INFO_LIMIT || (got.info.n > 0 && !ntlm_find_av(got.info, NTLM_AV_TIMESTAMP, &unused)))
        return give_up(x, STR("bad target info in the server's NTLM challenge"));
    if (str_is_empty(account->domain) && !ntlm_text(x->arena, got.target, got.flags, &account->domain))
        return give_up(x, STR("bad target name in the server's NTLM challenge"));
    random_octets(random, sizeof random);
    made = (struct ntlm_authenticate){
        .flags = got.flags,
        .user = ntlm_encode(x->arena, account->user, got.flags),
        .domain = ntlm_encode(x->arena, account->domain, got.flags),
    };
    made.workstation = made.user; /* as Exim has it */
    ntlm_respond(x->arena, &got, account, random, windows_now(), &made);
    x->out = ntlm_write_authenticate(x->arena, &made);
    return AUTH_MORE;
}

static enum auth_verdict client(struct auth_exchange *x)
{
    struct ntlm_account *account = x->state;
    enum auth_verdict verdict;

    switch (x->steps) {
    case 0:
        account = x->state = ARENA_NEW(x->arena, struct ntlm_account);
        return read_account(x, account, &verdict) ? AUTH_MORE : verdict;
    case 1: /* whatever the server says to that: it may be no base64 */
        return negotiate(x, account);
    case 2:
        return answer(x, account);
    default:
        return give_up(x, STR("the server asked for more than NTLM has"));
    }
}

static void version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: Nettle: Compile: %d.%d\n                         Runtime: %d.%d\n",
                  NETTLE_VERSION_MAJOR, NETTLE_VERSION_MINOR, nettle_version_major(), nettle_version_minor());
}

extern const struct auth_driver auth_driver_spa;
const struct auth_driver auth_driver_spa = {
    .info = {.name = "spa",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct spa_config)},
    .init = init,
    .server = server,
    .client = client,
    .version_report = version_report,
};
AUTH_DRIVER_EXPORT(auth_driver_spa)
