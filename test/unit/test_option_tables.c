/* The tables of options: in the order in which they are searched, with defaults that can be read. */
#include "auths/auth.h"
#include "base/arena.h"
#include "config/config.h"
#include "testing.h"
#include "transports/transport.h"

static void check_table(const char *what, const struct option *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(rows[i - 1].name, rows[i].name) >= 0)
            fail_msg("%s: %s stands behind %s", what, rows[i].name, rows[i - 1].name);
        if (rows[i].state == OPTION_USED && rows[i].type == OPTION_BOOL && rows[i].default_text)
            assert_string_equal(rows[i].default_text, "yes");
    }
}

struct checked {
    const struct driver_class *class;
    size_t drivers;
};

static void check_driver(void *ctx, const char *name, bool module)
{
    struct checked *checked = ctx;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    const struct driver_info *driver = module ? NULL : checked->class->find(str_of(name), &err);

    if (driver) {
        assert_string_equal(driver->name, name);
        check_table(name, driver->options, driver->option_count);
        checked->drivers++;
    }
    arena_free(arena);
}

static void are_in_order(void **state)
{
    static const struct driver_class *const classes[] = {&auth_class, &transport_class};
    size_t count;
    const struct option *rows = main_option_table(&count);

    (void)state;
    check_table("main", rows, count);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct checked checked = {classes[i], 0};

        check_table(classes[i]->section, classes[i]->options, classes[i]->option_count);
        classes[i]->each(check_driver, &checked);
        assert_true(checked.drivers > 0 || classes[i] == &auth_class); /* a build may have no authenticator, or none built in */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
