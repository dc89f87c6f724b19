/* Checking authenticators: those that nobody will ever be offered, or succeed with. */
#include <string.h>

#include "auths/auth.h"
#include "base/ascii.h"
#include "base/truth.h"
#include "config/settings.h"
#include "expand/expand.h"
#include "main/check.h"
#include "match/list.h"

/* RFC 4422 section 3.1 */
enum { MECHANISM_LONGEST = 20 };

/* Without which of its options a driver serves nobody, and goes to no server. */
static const struct need {
    const char *driver, *server, *client;
} needs[] = {
    {"cram_md5", "server_secret", "client_secret"},
    {"cyrus_sasl", "server_mech", "client_username"},
    {"dovecot", "server_socket", NULL},
    {"external", "server_condition", "client_send"},
    {"gsasl", "server_mech", "client_username"},
    {"heimdal_gssapi", "server_service", NULL},
    {"plaintext", "server_condition", "client_send"},
    {"spa", "server_password", "client_password"},
    {"tls", "server_condition", NULL},
};

static const struct need *find_need(const struct auth_instance *auth)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (strcmp(needs[i].driver, auth->instance.driver->name) == 0)
            return &needs[i];
    return NULL;
}

/* Whether a string that begins so was set, in one of the tables. */
static bool any_set(const struct option *options, size_t count, const void *base, const char *prefix)
{
    for (size_t i = 0; i < count; i++) {
        const struct template *const *field = option_field(&options[i], base);

        if (field && options[i].type == OPTION_TEMPLATE && !options[i].default_text && *field &&
            strncmp(options[i].name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

static bool has_side(const struct auth_instance *auth, const char *prefix)
{
    const struct driver_info *driver = auth->instance.driver;

    return any_set(auth_class.options, auth_class.option_count, auth, prefix) ||
           any_set(driver->options, driver->option_count, auth->instance.config, prefix);
}

static bool always_false(const struct template *t)
{
    struct str value;

    return t && template_constant(t, &value) && truth_of(value) == TRUTH_NO;
}

/* One of the sides has options, but not the one that makes it a side. */
static void check_side(struct checker *c, const struct auth_instance *auth, bool active, const char *prefix,
                       const char *option, const char *consequence)
{
    if (!active && option && has_side(auth, prefix))
        check_warn(c, auth->instance.where, "authenticator %.*s %s: %s is not set", STR_ARG(auth->instance.name),
                   consequence, option);
}

static void check_sides(struct checker *c, const struct auth_instance *auth)
{
    const struct need *need = find_need(auth);

    if (!need)
        return;
    check_side(c, auth, auth->server, "server_", need->server, "is never offered to clients");
    check_side(c, auth, auth->client, "client_", need->client, "is never used with servers");
    if (!auth->server && !auth->client && !has_side(auth, "server_") && !has_side(auth, "client_"))
        check_warn(c, auth->instance.where, "authenticator %.*s does nothing: neither a server nor a client option is set",
                   STR_ARG(auth->instance.name));
}

static void check_conditions(struct checker *c, const struct auth_instance *auth)
{
    if (auth->server && always_false(auth->server_advertise_condition))
        check_warn(c, template_where(auth->server_advertise_condition),
                   "authenticator %.*s is never offered to clients: server_advertise_condition is always false",
                   STR_ARG(auth->instance.name));
    if (auth->server && always_false(auth->server_condition))
        check_warn(c, template_where(auth->server_condition),
                   "authenticator %.*s never succeeds: server_condition is always false", STR_ARG(auth->instance.name));
    if (auth->client && always_false(auth->client_condition))
        check_warn(c, template_where(auth->client_condition),
                   "authenticator %.*s is never used with servers: client_condition is always false",
                   STR_ARG(auth->instance.name));
}

static void check_name(struct checker *c, const struct auth_instance *auth)
{
    struct str name = auth->public_name;
    bool good = name.n > 0 && name.n <= MECHANISM_LONGEST;

    for (size_t i = 0; good && i < name.n; i++)
        good = ascii_is_alnum(name.s[i]) || name.s[i] == '-' || name.s[i] == '_';
    if (!good)
        check_warn(c, auth->instance.where,
                   "authenticator %.*s: public_name is no name of a mechanism (1 to %d letters, digits, - and _)",
                   STR_ARG(auth->instance.name), (int)MECHANISM_LONGEST);
}

void check_authenticators(struct checker *c)
{
    const struct config *config = c->program->config;
    bool offered = false;

    for (const struct driver_instance *i = config_drivers(config, auth_class.section); i; i = i->next) {
        const struct auth_instance *auth = (const struct auth_instance *)i;

        check_sides(c, auth);
        check_conditions(c, auth);
        check_name(c, auth);
        offered |= auth->server;
    }
    if (offered && str_is_empty(list_source(config->main.auth_advertise_hosts)))
        check_warn(c, (struct source_pos){config->file.s, 0},
                   "no authenticator is ever offered to clients: auth_advertise_hosts is empty");
}
