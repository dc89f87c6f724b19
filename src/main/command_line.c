/* The command line (manual, chapter 5): a table of options. An option of Exim's that this version has
 * no part for is named in one clear error; what has no effect in Exim either is taken and ignored. */
#include "main/command_line.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/strlist.h"

#include "build_config.h"

enum shape {
    ALONE,    /* -bd */
    NEXT,     /* -oX value: the next argument */
    ATTACHED, /* -dvalue: what follows directly, possibly nothing */
    NEXT_OR_ATTACHED, /* -Cvalue or -C value */
};

enum action {
    SET_MODE,   /* the mode is `mode` */
    SET_FLAG,   /* the bool at offset becomes true */
    SET_TEXT,   /* the const char * at offset becomes the value */
    SET_TEXT_AND_CALLOUTS, /* the same, and callouts are made */
    ADD_DEFINE, /* -D */
    IGNORE,
    REFUSE,     /* known to Exim, not here */
};

struct row {
    const char *option;
    enum shape shape;
    enum action action;
    enum mode mode;
    size_t offset;
};

#define MODE(option_, shape_, mode_) {option_, shape_, SET_MODE, mode_, 0}
#define MODE_TEXT(option_, shape_, mode_, field_) {option_, shape_, SET_TEXT, mode_, offsetof(struct command_line, field_)}
#define FLAG(option_, field_) {option_, ALONE, SET_FLAG, MODE_NONE, offsetof(struct command_line, field_)}
#define TEXT(option_, shape_, field_) {option_, shape_, SET_TEXT, MODE_NONE, offsetof(struct command_line, field_)}
#define NO_EFFECT(option_, shape_) {option_, shape_, IGNORE, MODE_NONE, 0}
#define REFUSED(option_, shape_) {option_, shape_, REFUSE, MODE_NONE, 0}

/* The longest option that fits counts, so the order does not matter. */
static const struct row rows[] = {
    MODE("-bd", ALONE, MODE_DAEMON),
    {"-bdf", ALONE, SET_FLAG, MODE_DAEMON, offsetof(struct command_line, foreground)},
    MODE("-be", ALONE, MODE_EXPAND),
    MODE_TEXT("-bh", NEXT, MODE_TEST, sender_address),
    {"-bhc", NEXT, SET_TEXT_AND_CALLOUTS, MODE_TEST, offsetof(struct command_line, sender_address)},
    MODE_TEXT("-bI:", ATTACHED, MODE_INFO, info),
    MODE("-bP", ALONE, MODE_PRINT),
    MODE("-brt", ALONE, MODE_RETRY),
    MODE("-brw", ALONE, MODE_REWRITE),
    MODE("-bs", ALONE, MODE_SESSION),
    MODE("-bt", ALONE, MODE_ADDRESS_TEST),
    FLAG("-bV", version),
    MODE("-bv", ALONE, MODE_VERIFY),
    MODE("-bvs", ALONE, MODE_VERIFY_SENDER),
    TEXT("-C", NEXT_OR_ATTACHED, config_files),
    {"-D", ATTACHED, ADD_DEFINE, MODE_NONE, 0},
    TEXT("-d", ATTACHED, debug),
    TEXT("-f", NEXT_OR_ATTACHED, envelope_sender),
    FLAG("-n", no_labels),
    FLAG("-v", verbose),
    TEXT("-oMa", NEXT, sender_address),
    TEXT("-oMaa", NEXT, authenticator),
    TEXT("-oMai", NEXT, authenticated_id),
    TEXT("-oMas", NEXT, authenticated_sender),
    TEXT("-oMi", NEXT, interface),
    TEXT("-oMm", NEXT, message_reference),
    TEXT("-oMr", NEXT, protocol),
    TEXT("-oMs", NEXT, sender_host),
    TEXT("-oMt", NEXT, sender_ident),
    TEXT("-oP", NEXT, pid_file),
    TEXT("-oX", NEXT, listen),
    FLAG("-tls-on-connect", tls_on_connect),

    /* Sendmail's, without effect in Exim as well, or about deliveries that a session here never starts. */
    NO_EFFECT("-Ac", ALONE),
    NO_EFFECT("-Am", ALONE),
    NO_EFFECT("-B", ATTACHED),
    NO_EFFECT("-ex", ALONE),
    NO_EFFECT("-h", ATTACHED),
    NO_EFFECT("-i", ALONE),
    NO_EFFECT("-L", ATTACHED),
    NO_EFFECT("-m", ALONE),
    NO_EFFECT("-O", NEXT),
    NO_EFFECT("-oA", NEXT),
    NO_EFFECT("-oB", ATTACHED),
    NO_EFFECT("-odb", ALONE),
    NO_EFFECT("-odf", ALONE),
    NO_EFFECT("-odi", ALONE),
    NO_EFFECT("-odq", ALONE),
    NO_EFFECT("-odqs", ALONE),
    NO_EFFECT("-oee", ALONE),
    NO_EFFECT("-oem", ALONE),
    NO_EFFECT("-oep", ALONE),
    NO_EFFECT("-oeq", ALONE),
    NO_EFFECT("-oew", ALONE),
    NO_EFFECT("-oi", ALONE),
    NO_EFFECT("-oitrue", ALONE),
    NO_EFFECT("-om", ALONE),
    NO_EFFECT("-oo", ALONE),
    NO_EFFECT("-ov", ALONE),
    NO_EFFECT("-U", ALONE),
    NO_EFFECT("-x", ALONE),
    NO_EFFECT("-X", NEXT),

    REFUSED("-bem", NEXT),
    REFUSED("-bF", NEXT),
    REFUSED("-bf", NEXT),
    REFUSED("-bfd", NEXT),
    REFUSED("-bfl", NEXT),
    REFUSED("-bfp", NEXT),
    REFUSED("-bfs", NEXT),
    REFUSED("-bi", ALONE),
    REFUSED("-bm", ALONE),
    REFUSED("-bmalware", NEXT),
    REFUSED("-bnq", ALONE),
    REFUSED("-bp", ATTACHED),
    REFUSED("-bS", ALONE),
    REFUSED("-bw", ATTACHED),
    REFUSED("-dd", ATTACHED),
    REFUSED("-dropcr", ALONE),
    REFUSED("-E", ATTACHED),
    REFUSED("-F", NEXT),
    REFUSED("-G", ATTACHED),
    REFUSED("-M", ATTACHED),
    REFUSED("-N", ALONE),
    REFUSED("-oPX", ALONE),
    REFUSED("-or", ATTACHED),
    REFUSED("-os", ATTACHED),
    REFUSED("-oY", ALONE),
    REFUSED("-p", ATTACHED),
    REFUSED("-q", ATTACHED),
    REFUSED("-R", ATTACHED),
    REFUSED("-r", NEXT_OR_ATTACHED),
    REFUSED("-S", ATTACHED),
    REFUSED("-Tqt", NEXT),
    REFUSED("-t", ALONE),
    REFUSED("-ti", ALONE),
    REFUSED("-z", NEXT),
};

void command_line_unsupported(void (*each)(void *ctx, const char *option), void *ctx)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].action == REFUSE)
            each(ctx, rows[i].option);
}

static bool fits(const struct row *row, const char *argument)
{
    size_t n = strlen(row->option);

    if (strncmp(row->option, argument, n) != 0)
        return false;
    return argument[n] == '\0' || row->shape == ATTACHED || row->shape == NEXT_OR_ATTACHED;
}

static const struct row *find(const char *argument)
{
    const struct row *best = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fits(&rows[i], argument) && (!best || strlen(rows[i].option) > strlen(best->option)))
            best = &rows[i];
    return best;
}

/* Two different modes cannot be asked for at once; -bV goes with any. */
static bool set_mode(struct command_line *cl, enum mode mode, struct error *err)
{
    if (mode == MODE_NONE)
        return true;
    if (cl->mode != MODE_NONE && cl->mode != mode)
        return error_set(err, "exim: incompatible command-line options or arguments");
    cl->mode = mode;
    return true;
}

static bool add_define(struct arena *arena, struct command_line *cl, const char *value, struct error *err)
{
    size_t n = 0;
    const char **grown;

    while (cl->defines[n])
        n++;
    if (DISABLE_D_OPTION)
        return error_set(err, "exim: -D is disabled in this build");
    if (*value < 'A' || *value > 'Z')
        return error_set(err, "exim: macro name set by -D must start with an upper case letter");
    for (size_t i = 0; i < n; i++)
        if (strcspn(cl->defines[i], " =") == strcspn(value, " =") &&
            strncmp(cl->defines[i], value, strcspn(value, " =")) == 0)
            return error_set(err, "exim: duplicated -D in command line");
    grown = ARENA_ARRAY(arena, const char *, n + 2);
    memcpy(grown, cl->defines, n * sizeof *grown);
    grown[n] = value;
    cl->defines = grown;
    return true;
}

static bool apply(struct arena *arena, struct command_line *cl, const struct row *row, const char *value,
                  struct error *err)
{
    char *field = (char *)cl + row->offset;

    if (!set_mode(cl, row->mode, err))
        return false;
    switch (row->action) {
    case SET_FLAG:
        *(bool *)field = true;
        break;
    case SET_TEXT_AND_CALLOUTS:
        cl->test_callouts = true;
        *(const char **)field = value;
        break;
    case SET_TEXT:
        *(const char **)field = value;
        break;
    case ADD_DEFINE:
        return add_define(arena, cl, value, err);
    case REFUSE:
        return error_set(err, "exim abandoned: option %s is known to Exim but not supported by gatepost", row->option);
    case SET_MODE:
    case IGNORE:
        break;
    }
    return true;
}

/* Takes the option at *argv and moves on behind it and its value. */
static bool take(struct arena *arena, struct command_line *cl, char *const **argv, struct error *err)
{
    const char *argument = *(*argv)++;
    const struct row *row = find(argument);
    const char *value = row ? argument + strlen(row->option) : "";
    bool next = row && (row->shape == NEXT || (row->shape == NEXT_OR_ATTACHED && *value == '\0'));

    if (row && row->action == REFUSE)
        return apply(arena, cl, row, value, err);
    if (!row)
        return error_set(err, "exim abandoned: unknown, malformed, or incomplete option %s", argument);
    if (next && !**argv) {
        if (strncmp(row->option, "-oM", 3) == 0)
            return error_set(err, "exim: data expected after %s", row->option);
        return error_set(err, "exim abandoned: unknown, malformed, or incomplete option %s", argument);
    }
    if (next)
        value = *(*argv)++;
    return apply(arena, cl, row, value, err);
}

/* Whether -C may name the files of the list: ALT_CONFIG_PREFIX of Local/Makefile confines them (manual, 5.2). */
static bool config_files_allowed(struct arena *arena, const char *list, struct error *err)
{
    struct str prefix = STR(ALT_CONFIG_PREFIX);
    struct strlist it;
    struct str item;

    if (str_is_empty(prefix) || strcmp(list, CONFIGURE_FILE) == 0)
        return true;
    strlist_begin(&it, str_of(list), ':');
    while (strlist_next(&it, arena, &item))
        if (strncmp(item.s, prefix.s, prefix.n) != 0 || strstr(item.s, "/../"))
            return error_set(err, "exim: -C may name only files that begin with \"%s\" and hold no \"/../\"", prefix.s);
    return true;
}

bool command_line_parse(struct arena *arena, char *const *argv, struct command_line *cl, struct error *err)
{
    *cl = (struct command_line){.defines = ARENA_ARRAY(arena, const char *, 1)};
    argv++;
    while (*argv && **argv == '-') {
        if (strcmp(*argv, "--") == 0) {
            argv++;
            break;
        }
        if (!take(arena, cl, &argv, err))
            return false;
    }
    cl->arguments = argv;
    if (cl->config_files && !config_files_allowed(arena, cl->config_files, err))
        return false;
    if (cl->mode == MODE_NONE && cl->version)
        cl->mode = MODE_VERSION;
    if (cl->envelope_sender && cl->mode != MODE_RETRY && cl->mode != MODE_ADDRESS_TEST && cl->mode != MODE_VERIFY &&
        cl->mode != MODE_VERIFY_SENDER)
        return error_set(err, "exim abandoned: option -f is known to Exim but not supported by gatepost");
    if (*argv && (cl->mode == MODE_DAEMON || cl->mode == MODE_TEST))
        return error_set(err, "exim: incompatible command-line options or arguments");
    if (*argv && cl->mode == MODE_NONE)
        return error_set(err, "exim abandoned: a message on the standard input is known to Exim but not supported by gatepost");
    return true;
}
