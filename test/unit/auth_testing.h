/* Tests of authenticator drivers: a host whose templates are plain functions and texts, and an instance as the
 * configuration reader would leave it. Included behind cmocka.h. */
#ifndef AUTH_TESTING_H
#define AUTH_TESTING_H

#include "auths/auth.h"
#include "auths/exchange.h"
#include "base/arena.h"

/* What this host takes for a compiled template: how the expansion ends, and its text. */
struct template {
    enum auth_expand status;
    struct str (*value)(struct auth_exchange *x); /* instead of text */
    const char *text;
};

/* The drivers, which may be in modules of the program. */
extern const struct auth_driver auth_driver_cram_md5;
extern const struct auth_driver auth_driver_external;
extern const struct auth_driver auth_driver_plaintext;
extern const struct auth_driver auth_driver_spa;
extern const struct auth_driver auth_driver_tls;

/* Its host_name is "host.test"; log lines are failures of the test. */
extern const struct auth_host auth_test_host;

/* What drivers wrote for debugging since auth_setup(). */
extern char auth_debug_text[4096];

struct auth_fixture {
    struct arena *arena;
    struct auth_instance auth; /* called "test", of the mechanism "X-TEST" */
    const struct auth_host *host; /* NULL: auth_test_host */
};

/* A fixture for the driver as the test's state; for cmocka's setup and teardown. */
int auth_setup(void **state, const struct auth_driver *driver);
int auth_teardown(void **state);

/* Sets a private option to the value of `size` octets. */
void auth_set_option(struct auth_fixture *f, const char *name, const void *value, size_t size);

/* Sets a private option that is expanded. */
void auth_set_template(struct auth_fixture *f, const char *name, const struct template *t);

/* Initialises the instance, which must then serve (or be a client), and begins an exchange. */
struct auth_exchange *auth_begin_server(struct auth_fixture *f);
struct auth_exchange *auth_begin_client(struct auth_fixture *f);

#endif
