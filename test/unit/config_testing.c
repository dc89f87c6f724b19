/* Reading configurations from texts, for the tests of src/config. */
#include "config_testing.h"

#include "base/buffer.h"

struct gadget {
    struct str a_string;
    const struct template *a_template, *an_int_template, *a_time_template;
    struct option_templates a_template_list;
    bool a_bool, a_true_bool;
    struct option_bool a_bool_template, a_tristate;
    struct option_account a_user, a_group;
    const struct template *a_condition, *some_headers, *some_names, *some_variables;
    int an_int, an_mkint, an_octal, a_kint, a_time, a_fixed;
    struct option_times a_time_list;
    struct option_id a_uid, a_gid;
    struct option_ids a_uid_list, a_gid_list;
    const struct list *a_domain_list, *a_host_list, *an_address_list, *a_local_part_list;
    struct str a_rewrite;
};

struct thing {
    struct driver_instance instance;
    struct str public_name;
    const struct template *condition;
};

#define ROW(field_, type_, default_) \
    {#field_, OPTION_##type_, OPTION_USED, offsetof(struct gadget, field_), default_}

static const struct option gadget_options[] = {
    ROW(a_bool, BOOL, NULL),
    ROW(a_bool_template, BOOL_TEMPLATE, "yes"),
    ROW(a_condition, CONDITION, NULL),
    ROW(a_domain_list, DOMAIN_LIST, NULL),
    ROW(a_fixed, FIXED, NULL),
    ROW(a_gid, GID, NULL),
    ROW(a_gid_list, GID_LIST, NULL),
    ROW(a_group, GROUP_TEMPLATE, NULL),
    ROW(a_host_list, HOST_LIST, "*"),
    ROW(a_kint, KINT, "10M"),
    ROW(a_local_part_list, LOCAL_PART_LIST, NULL),
    {"a_refused", OPTION_STRING, OPTION_REFUSED, 0, "usual"},
    ROW(a_rewrite, REWRITE, NULL),
    ROW(a_string, STRING, NULL),
    ROW(a_template, TEMPLATE, NULL),
    ROW(a_template_list, TEMPLATE_LIST, NULL),
    ROW(a_time, TIME, "5m"),
    ROW(a_time_list, TIME_LIST, NULL),
    ROW(a_time_template, TIME_TEMPLATE, NULL),
    ROW(a_tristate, TRISTATE, "yes"),
    ROW(a_true_bool, BOOL, "yes"),
    ROW(a_uid, UID, NULL),
    ROW(a_uid_list, UID_LIST, NULL),
    ROW(a_user, USER_TEMPLATE, NULL),
    ROW(an_address_list, ADDRESS_LIST, NULL),
    ROW(an_int, INT, "7"),
    ROW(an_int_template, INT_TEMPLATE, NULL),
    ROW(an_mkint, MKINT, NULL),
    ROW(an_octal, OCTAL, "0600"),
    ROW(some_headers, HEADERS, NULL),
    ROW(some_names, HEADER_NAMES, NULL),
    ROW(some_variables, VARIABLES, NULL),
};

static const struct driver_info gadget = {
    .name = "gadget",
    .options = gadget_options,
    .option_count = sizeof gadget_options / sizeof *gadget_options,
    .config_size = sizeof(struct gadget),
};

static const struct option thing_options[] = {
    {"condition", OPTION_TEMPLATE, OPTION_USED, offsetof(struct thing, condition), NULL},
    {"public_name", OPTION_STRING, OPTION_USED, offsetof(struct thing, public_name), NULL},
};

static const struct driver_info *find(struct str name, struct error *err)
{
    if (str_is(name, gadget.name))
        return &gadget;
    error_set(err, "cannot find thing driver \"%.*s\"", STR_ARG(name));
    return NULL;
}

static void each(void (*report)(void *ctx, const char *name, bool module), void *ctx)
{
    report(ctx, gadget.name, false);
}

/* Two names are refused, one with its place and one without. */
static bool init(struct driver_instance *instance, struct error *err)
{
    struct thing *thing = (struct thing *)instance;

    if (str_is(thing->public_name, "bad"))
        return error_at(err, instance->where, "a bad thing");
    if (str_is(thing->public_name, "worse"))
        return error_set(err, "a worse thing");
    return true;
}

static bool check(const struct driver_instance *first, struct error *err)
{
    size_t n = 0;

    for (; first; first = first->next)
        n++;
    return n <= 3 || error_set(err, "%zu things are too many", n);
}

const struct driver_class things_class = {
    .section = "things",
    .noun = "thing",
    .instance_size = sizeof(struct thing),
    .options = thing_options,
    .option_count = sizeof thing_options / sizeof *thing_options,
    .find = find,
    .each = each,
    .init = init,
    .check = check,
};

int bench_setup(void **state)
{
    struct temp_files *files;
    struct config_bench *bench;

    if (temp_files_setup((void **)&files) != 0)
        return -1;
    bench = ARENA_NEW(files->arena, struct config_bench);
    bench->files = files;
    bench->arena = files->arena;
    bench->admin = true;
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    struct config_bench *bench = *state;
    void *files = bench->files;

    return temp_files_teardown(&files);
}

const char *bench_file(struct config_bench *bench, const char *name, const char *text)
{
    struct buffer b = BUFFER_IN(bench->arena);
    const char *mark;

    while ((mark = strstr(text, "@DIR@")) != NULL) {
        buffer_add_n(&b, text, (size_t)(mark - text));
        buffer_add_cstr(&b, bench->files->directory);
        text = mark + strlen("@DIR@");
    }
    buffer_add_cstr(&b, text);
    return temp_file(bench->files, name, buffer_str(&b).s).s;
}

static const char *describe(struct config_bench *bench, const struct error *err)
{
    const char *name = err->where.file ? strrchr(err->where.file, '/') + 1 : NULL;

    if (!name)
        return err->text.s;
    if (strcmp(name, "conf") == 0)
        return str_printf(bench->arena, "%u: %s", err->where.line, err->text.s).s;
    return str_printf(bench->arena, "%s:%u: %s", name, err->where.line, err->text.s).s;
}

struct config *bench_read(struct config_bench *bench, const char *text, const char **error)
{
    static const struct driver_class *const classes[] = {&things_class, NULL};
    static const char *const predefined[] = {"_ACL_COND_HOSTS", NULL};
    const char *files[] = {bench_file(bench, "conf", text), NULL};
    struct error err = ERROR_IN(bench->arena);
    struct config_request request = {
        .files = files,
        .defines = bench->defines,
        .classes = classes,
        .predefined = predefined,
        .trusted = true,
    };
    struct config *config = config_read(&request, &err);

    if (!config) {
        assert_false(str_is_empty(err.text));
        *error = describe(bench, &err);
    }
    return config;
}

struct config *bench_good(struct config_bench *bench, const char *text)
{
    const char *error = "";
    struct config *config = bench_read(bench, text, &error);

    if (!config)
        fail_msg("%s\n%s", text, error);
    return config;
}

const char *show(struct config_bench *bench, const char *text, const char *what)
{
    const char *error, *space = strchr(what, ' ');
    struct config *config = bench_read(bench, text, &error);
    struct str word = space ? str_copy_n(bench->arena, what, (size_t)(space - what), false) : str_of(what);
    struct buffer out = BUFFER_IN(bench->arena);
    struct error err = ERROR_IN(bench->arena);

    if (!config)
        return error;
    if (!config_print(config, word, space ? str_of(space + 1) : STR_NULL, bench->admin, bench->no_labels,
                      &out, &err))
        buffer_printf(&out, "! %s\n", err.text.s);
    config_free(config);
    if (out.n > 0)
        buffer_cut(&out, out.n - 1); /* the newline at the end */
    return buffer_str(&out).s;
}

void check_cases(struct config_bench *bench, const struct config_case *cases, size_t count)
{
    unsigned failed = 0;

    for (size_t i = 0; i < count; i++) {
        const char *got = show(bench, cases[i].text, cases[i].what);

        if (strcmp(got, cases[i].expected) != 0) {
            print_error("%s\n--- %s\n    got: %s\nexpected: %s\n", cases[i].text, cases[i].what, got,
                        cases[i].expected);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}
