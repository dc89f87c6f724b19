/* The command line (manual, chapter 5): a table of options. An option of Exim's that this version has
 * no part for is named in one clear error; what has no effect in Exim either is taken and ignored. */
#include "main/command_line.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
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
    SET_DEBUG_OF_DAEMON, /* the same; its subprocesses do not debug */
    SET_TIME,   /* the same for an interval */
    SET_PROTOCOL, /* -p: protocol:host */
    ADD_DEFINE, /* -D */
    SET_NUMBER, /* the enum at offset becomes `number` */
    SET_SELECTION, /* two texts at offset: what follows directly, and the next argument */
    IGNORE,
    REFUSE,     /* known to Exim, not here */
};

struct row {
    const char *option;
    enum shape shape;
    enum action action;
    enum mode mode;
    size_t offset;
    int number;
};

#define MODE(option_, shape_, mode_) {option_, shape_, SET_MODE, mode_, 0, 0}
#define MODE_TEXT(option_, shape_, mode_, field_) {option_, shape_, SET_TEXT, mode_, offsetof(struct command_line, field_), 0}
#define FLAG(option_, field_) {option_, ALONE, SET_FLAG, MODE_NONE, offsetof(struct command_line, field_), 0}
#define TEXT(option_, shape_, field_) {option_, shape_, SET_TEXT, MODE_NONE, offsetof(struct command_line, field_), 0}
#define NO_EFFECT(option_, shape_) {option_, shape_, IGNORE, MODE_NONE, 0, 0}
#define REFUSED(option_, shape_) {option_, shape_, REFUSE, MODE_NONE, 0, 0}
#define NUMBER(option_, field_, number_) \
    {option_, ALONE, SET_NUMBER, MODE_NONE, offsetof(struct command_line, field_), number_}

/* The longest option that fits counts, so the order does not matter. */
static const struct row rows[] = {
    MODE("-bd", ALONE, MODE_DAEMON),
    {"-bdf", ALONE, SET_FLAG, MODE_DAEMON, offsetof(struct command_line, foreground), 0},
    MODE("-be", ALONE, MODE_EXPAND),
    MODE_TEXT("-bem", NEXT, MODE_EXPAND, message_file),
    MODE_TEXT("-bh", NEXT, MODE_TEST, sender_address),
    {"-bhc", NEXT, SET_TEXT_AND_CALLOUTS, MODE_TEST, offsetof(struct command_line, sender_address), 0},
    MODE("-bi", ALONE, MODE_ALIASES),
    MODE_TEXT("-bI:", ATTACHED, MODE_INFO, info),
    MODE("-bm", ALONE, MODE_MESSAGE),
    FLAG("-bnq", no_qualify),
    MODE("-bP", ALONE, MODE_PRINT),
    MODE_TEXT("-bp", ATTACHED, MODE_LIST, list),
    MODE("-brt", ALONE, MODE_RETRY),
    MODE("-brw", ALONE, MODE_REWRITE),
    MODE("-bS", ALONE, MODE_BATCH),
    MODE("-bs", ALONE, MODE_SESSION),
    MODE("-bt", ALONE, MODE_ADDRESS_TEST),
    FLAG("-bV", version),
    MODE("-bv", ALONE, MODE_VERIFY),
    MODE("-bvs", ALONE, MODE_VERIFY_SENDER),
    TEXT("-C", NEXT_OR_ATTACHED, config_files),
    {"-D", ATTACHED, ADD_DEFINE, MODE_NONE, 0, 0},
    TEXT("-d", ATTACHED, debug),
    {"-dd", ATTACHED, SET_DEBUG_OF_DAEMON, MODE_NONE, offsetof(struct command_line, debug), 0},
    TEXT("-f", NEXT_OR_ATTACHED, envelope_sender),
    TEXT("-F", NEXT_OR_ATTACHED, full_name),
    FLAG("-G", no_fixups),
    FLAG("-i", dot_is_data),
    MODE_TEXT("-M", ATTACHED, MODE_MANAGE, manage),
    FLAG("-N", dont_deliver),
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
    NUMBER("-odb", delivery, DELIVERY_BACKGROUND),
    NUMBER("-odf", delivery, DELIVERY_FOREGROUND),
    NUMBER("-odi", delivery, DELIVERY_FOREGROUND),
    NUMBER("-odq", delivery, DELIVERY_QUEUED),
    NUMBER("-odqs", delivery, DELIVERY_REMOTE_QUEUED),
    NUMBER("-ee", errors, ERRORS_MAIL_OK),
    NUMBER("-em", errors, ERRORS_MAIL),
    NUMBER("-ep", errors, ERRORS_PRINT),
    NUMBER("-eq", errors, ERRORS_QUIET),
    NUMBER("-ew", errors, ERRORS_WRITE),
    TEXT("-oA", NEXT, alias_file),
    NUMBER("-oee", errors, ERRORS_MAIL_OK),
    NUMBER("-oem", errors, ERRORS_MAIL),
    NUMBER("-oep", errors, ERRORS_PRINT),
    NUMBER("-oeq", errors, ERRORS_QUIET),
    NUMBER("-oew", errors, ERRORS_WRITE),
    FLAG("-oi", dot_is_data),
    FLAG("-oitrue", dot_is_data),
    {"-or", NEXT_OR_ATTACHED, SET_TIME, MODE_NONE, offsetof(struct command_line, receive_timeout), 0},
    {"-os", NEXT_OR_ATTACHED, SET_TIME, MODE_NONE, offsetof(struct command_line, smtp_receive_timeout), 0},
    FLAG("-ov", verbose),
    TEXT("-oP", NEXT, pid_file),
    TEXT("-oX", NEXT, listen),
    {"-p", ATTACHED, SET_PROTOCOL, MODE_NONE, 0, 0},
    TEXT("-q", ATTACHED, queue_run),
    {"-R", ATTACHED, SET_SELECTION, MODE_NONE, offsetof(struct command_line, recipients_flags), 0},
    TEXT("-r", NEXT_OR_ATTACHED, envelope_sender),
    {"-S", ATTACHED, SET_SELECTION, MODE_NONE, offsetof(struct command_line, senders_flags), 0},
    FLAG("-t", from_headers),
    FLAG("-ti", from_headers_dot),
    FLAG("-tls-on-connect", tls_on_connect),

    /* Sendmail's, without effect in Exim as well. */
    NO_EFFECT("-Ac", ALONE),
    NO_EFFECT("-Am", ALONE),
    NO_EFFECT("-B", ATTACHED),
    NO_EFFECT("-dropcr", ALONE),
    NO_EFFECT("-h", ATTACHED),
    NO_EFFECT("-L", ATTACHED),
    NO_EFFECT("-m", ALONE),
    NO_EFFECT("-O", NEXT),
    NO_EFFECT("-oB", ATTACHED),
    NO_EFFECT("-om", ALONE),
    NO_EFFECT("-oo", ALONE),
    NO_EFFECT("-oY", ALONE), /* there is no such socket */
    NO_EFFECT("-U", ALONE),
    NO_EFFECT("-x", ALONE),
    NO_EFFECT("-X", NEXT),

    REFUSED("-bF", NEXT),
    REFUSED("-bf", NEXT),
    REFUSED("-bfd", NEXT),
    REFUSED("-bfl", NEXT),
    REFUSED("-bfp", NEXT),
    REFUSED("-bfs", NEXT),
    REFUSED("-bmalware", NEXT),
    REFUSED("-bw", ATTACHED),
    REFUSED("-E", ATTACHED),
    REFUSED("-oPX", ALONE),
    REFUSED("-pd", ALONE),
    REFUSED("-ps", ALONE),
    REFUSED("-Tqt", NEXT),
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

/* "protocol:host", or the protocol alone. */
static bool set_protocol(struct arena *arena, struct command_line *cl, const char *value, struct error *err)
{
    size_t n = strcspn(value, ":");

    if (*value == '\0')
        return error_set(err, "exim abandoned: unknown, malformed, or incomplete option -p");
    if (n > 0)
        cl->protocol = str_copy_n(arena, value, n, false).s;
    if (value[n] != '\0' && value[n + 1] != '\0')
        cl->sender_host = value + n + 1;
    return true;
}

static bool apply(struct arena *arena, struct command_line *cl, const struct row *row, const char *value,
                  const char *second, struct error *err)
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
    case SET_DEBUG_OF_DAEMON:
        cl->debug_daemon_alone = true;
        *(const char **)field = value;
        break;
    case SET_TEXT:
    case SET_TIME:
        *(const char **)field = value;
        break;
    case SET_NUMBER:
        *(int *)field = row->number;
        break;
    case SET_SELECTION:
        ((const char **)field)[0] = value;
        ((const char **)field)[1] = second;
        break;
    case SET_PROTOCOL:
        return set_protocol(arena, cl, value, err);
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
    const char *second = NULL;
    int seconds;
    bool next = row && (row->shape == NEXT || (row->shape == NEXT_OR_ATTACHED && *value == '\0'));

    if (row && row->action == REFUSE)
        return apply(arena, cl, row, value, NULL, err);
    if (!row)
        return error_set(err, "exim abandoned: unknown, malformed, or incomplete option %s", argument);
    if (next && !**argv) {
        if (row->action == SET_TIME)
            return error_set(err, "exim: bad time value %s: abandoned", argument);
        if (strncmp(row->option, "-oM", 3) == 0)
            return error_set(err, "exim: data expected after %s", row->option);
        return error_set(err, "exim abandoned: unknown, malformed, or incomplete option %s", argument);
    }
    if (next)
        value = *(*argv)++;
    if (row->action == SET_TIME && !interval_parse(str_of(value), &seconds))
        return error_set(err, "exim: bad time value %s: abandoned", next ? value : argument);
    if (row->action == SET_SELECTION) {
        if (!**argv)
            return error_set(err, "exim: string expected after %s", row->option);
        second = *(*argv)++;
    }
    return apply(arena, cl, row, value, second, err);
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

/* -q with an interval makes a daemon, alone or with -bd; without, one queue run, as -R and -S do. */
static enum mode queue_mode(const struct command_line *cl)
{
    const char *p = cl->queue_run;
    size_t n = p ? strcspn(p, "G") : 0;

    if (!p)
        return cl->recipients_text || cl->senders_text ? MODE_RUN : MODE_NONE;
    if (p[n] == 'G') { /* a queue's name, and behind a slash what would stand in front of it */
        const char *slash = strchr(p + n, '/');

        return slash && slash[1] >= '0' && slash[1] <= '9' ? MODE_DAEMON : MODE_RUN;
    }
    return strpbrk(p, "0123456789") ? MODE_DAEMON : MODE_RUN;
}

/* What is meant when no option says it, and what does not go together. */
static bool settle_mode(struct command_line *cl, struct error *err)
{
    enum mode queue = queue_mode(cl);

    if (cl->from_headers_dot)
        cl->from_headers = cl->dot_is_data = true;
    if ((cl->mode == MODE_LIST || cl->mode == MODE_MANAGE) && cl->queue_run && *cl->queue_run == 'G')
        queue = MODE_NONE; /* the queue that is meant */
    cl->no_listening = queue == MODE_DAEMON && cl->mode == MODE_NONE;
    if (queue != MODE_NONE && !(cl->mode == MODE_DAEMON && queue == MODE_DAEMON) && !set_mode(cl, queue, err))
        return false;
    if (cl->mode == MODE_NONE && cl->version)
        cl->mode = MODE_VERSION;
    if (cl->mode == MODE_NONE && (*cl->arguments || cl->from_headers))
        cl->mode = MODE_MESSAGE;
    if ((*cl->arguments && (cl->mode == MODE_DAEMON || cl->mode == MODE_TEST)) ||
        (cl->from_headers && cl->mode != MODE_MESSAGE))
        return error_set(err, "exim: incompatible command-line options or arguments");
    return true;
}

/* Names that programs call a mail server by, and the options that each stands for (manual, 5.1). */
static const struct {
    const char *name;
    char *options[3];
} program_names[] = {
    {"mailq", {"-bp"}}, {"newaliases", {"-bi"}}, {"rmail", {"-i", "-oee"}}, {"rsmtp", {"-bS"}}, {"runq", {"-q"}},
};

static bool take_name(struct arena *arena, struct command_line *cl, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    for (size_t i = 0; i < sizeof program_names / sizeof *program_names; i++) {
        char *const *option = program_names[i].options;

        while (strcmp(name, program_names[i].name) == 0 && *option)
            if (!take(arena, cl, &option, err))
                return false;
    }
    return true;
}

bool command_line_parse(struct arena *arena, char *const *argv, struct command_line *cl, struct error *err)
{
    *cl = (struct command_line){.defines = ARENA_ARRAY(arena, const char *, 1)};
    if (*argv && !take_name(arena, cl, *argv++, err))
        return false;
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
    return settle_mode(cl, err);
}
