/* What main options say to lookup types: a part of the loaded configuration. */
#include "base/arena.h"
#include "lookups/lookup.h"

static struct {
    struct arena *arena; /* of the strings */
    struct lookup_settings settings;
} loaded = {.settings = {.sqlite_lock_timeout = 5, .ldap_version = -1}};

void lookup_configure(const struct lookup_settings *settings)
{
    struct arena *arena = arena_new(ARENA_SECRET);

    arena_free(loaded.arena);
    loaded.arena = arena;
    loaded.settings = *settings;
    loaded.settings.sqlite_dbfile = str_copy(arena, settings->sqlite_dbfile);
    loaded.settings.redis_servers = str_copy(arena, settings->redis_servers);
    loaded.settings.ldap_default_servers = str_copy(arena, settings->ldap_default_servers);
    loaded.settings.ldap_ca_cert_dir = str_copy(arena, settings->ldap_ca_cert_dir);
    loaded.settings.ldap_ca_cert_file = str_copy(arena, settings->ldap_ca_cert_file);
    loaded.settings.ldap_cert_file = str_copy(arena, settings->ldap_cert_file);
    loaded.settings.ldap_cert_key = str_copy(arena, settings->ldap_cert_key);
    loaded.settings.ldap_cipher_suite = str_copy(arena, settings->ldap_cipher_suite);
    loaded.settings.ldap_require_cert = str_copy(arena, settings->ldap_require_cert);
}

const struct lookup_settings *lookup_settings(void)
{
    return &loaded.settings;
}
