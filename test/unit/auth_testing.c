/* A host and an instance for tests of authenticator drivers: see auth_testing.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"

static enum auth_expand fake_expand(struct auth_exchange *x, const struct template *t, struct str *value)
{
    if (!t) {
        *value = STR_NULL;
        return AUTH_EXPAND_OK;
    }
    if (t->status != AUTH_EXPAND_OK) {
        x->message = str_of(t->text);
        return t->status;
    }
    *value = t->value ? t->value(x) : str_of(t->text);
    return AUTH_EXPAND_OK;
}

char auth_debug_text[4096];

__attribute__((format(printf, 2, 3))) static void fake_debug(struct auth_exchange *x, const char *format, ...)
{
    size_t n = strlen(auth_debug_text);
    va_list args;

    (void)x;
    va_start(args, format);
    vsnprintf(auth_debug_text + n, sizeof auth_debug_text - n, format, args);
    va_end(args);
}

__attribute__((format(printf, 2, 3))) static void fake_log(struct auth_exchange *x, const char *format, ...)
{
    (void)x;
    (void)format;
    fail_msg("a driver has no reason to log here");
}

static bool fake_peer(struct auth_exchange *x, struct auth_peer *peer)
{
    (void)x;
    *peer = (struct auth_peer){.host_name = STR("host.test")};
    return true;
}

const struct auth_host auth_test_host = {
    .expand = fake_expand, .peer = fake_peer, .debug = fake_debug, .log = fake_log};

void auth_set_option(struct auth_fixture *f, const char *name, const void *value, size_t size)
{
    const struct driver_info *driver = f->auth.instance.driver;

    for (size_t i = 0; i < driver->option_count; i++)
        if (strcmp(driver->options[i].name, name) == 0) {
            memcpy((char *)f->auth.instance.config + driver->options[i].offset, value, size);
            return;
        }
    fail_msg("no option %s", name);
}

void auth_set_template(struct auth_fixture *f, const char *name, const struct template *t)
{
    auth_set_option(f, name, &t, sizeof(const struct template *));
}

int auth_setup(void **state, const struct auth_driver *driver)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct auth_fixture *f = ARENA_NEW(arena, struct auth_fixture);

    f->arena = arena;
    f->auth.instance.name = STR("test");
    f->auth.instance.driver = &driver->info;
    f->auth.instance.config = arena_alloc(arena, driver->info.config_size);
    f->auth.public_name = STR("X-TEST");
    auth_debug_text[0] = '\0';
    *state = f;
    return 0;
}

int auth_teardown(void **state)
{
    struct auth_fixture *f = *state;

    arena_free(f->arena);
    return 0;
}

static struct auth_exchange *begin(struct auth_fixture *f, enum auth_side side)
{
    struct error err = ERROR_IN(f->arena);

    assert_true(auth_class.init(&f->auth.instance, &err));
    assert_true(side == AUTH_SERVER ? f->auth.server : f->auth.client);
    return auth_exchange_begin(&f->auth, side, f->host ? f->host : &auth_test_host, NULL);
}

struct auth_exchange *auth_begin_server(struct auth_fixture *f)
{
    return begin(f, AUTH_SERVER);
}

struct auth_exchange *auth_begin_client(struct auth_fixture *f)
{
    return begin(f, AUTH_CLIENT);
}
