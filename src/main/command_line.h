/* The command line (manual, chapter 5). */
#ifndef MAIN_COMMAND_LINE_H
#define MAIN_COMMAND_LINE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum mode {
    MODE_NONE,     /* nothing asked for: the usage text */
    MODE_DAEMON,   /* -bd, -bdf */
    MODE_TEST,     /* -bh: a session that only pretends */
    MODE_SESSION,  /* -bs: SMTP on standard input and output */
    MODE_EXPAND,   /* -be */
    MODE_PRINT,    /* -bP */
    MODE_RETRY,    /* -brt */
    MODE_REWRITE,  /* -brw */
    MODE_ADDRESS_TEST,  /* -bt */
    MODE_VERIFY,        /* -bv */
    MODE_VERIFY_SENDER, /* -bvs */
    MODE_BATCH,    /* -bS: batched SMTP */
    MODE_MESSAGE,  /* a message on standard input: -bm, -t, or recipients as arguments */
    MODE_LIST,     /* -bp */
    MODE_MANAGE,   /* -M */
    MODE_RUN,      /* -q, -R, -S: one queue run */
    MODE_VERSION,  /* -bV */
    MODE_INFO,     /* -bI: */
    MODE_ALIASES,  /* -bi */
};

/* How errors in a message on standard input are told (-oe; manual, 5.2). */
enum error_mode {
    ERRORS_MAIL,         /* -oem: to the sender; exit code 1. The default */
    ERRORS_MAIL_OK,      /* -oee: to the sender; exit code 0 when that could be done */
    ERRORS_WRITE,        /* -oew: as -oem */
    ERRORS_PRINT,        /* -oep: on standard error */
    ERRORS_QUIET,        /* -oeq: as -oep */
};

/* When messages are delivered that come in (-od). */
enum delivery_mode {
    DELIVERY_UNSAID,        /* as the options of the configuration say; if they do not, at once */
    DELIVERY_BACKGROUND,    /* -odb */
    DELIVERY_FOREGROUND,    /* -odf, -odi */
    DELIVERY_QUEUED,        /* -odq */
    DELIVERY_REMOTE_QUEUED, /* -odqs */
};

struct command_line {
    enum mode mode;
    bool version;                /* -bV was given, alone or with another mode */
    bool foreground;             /* -bdf */
    bool no_listening;           /* -q with an interval, without -bd: a daemon for queue runs alone */
    bool no_labels;              /* -n */
    bool verbose;                /* -v */
    const char *config_files;    /* -C: a colon-separated list; NULL: the compiled-in one */
    const char **defines;        /* -D, NULL-terminated */
    const char *debug;           /* what follows -d and -dd; NULL: not given */
    bool debug_daemon_alone;     /* -dd: the processes that a daemon starts do not debug */
    const char *listen;          /* -oX */
    const char *pid_file;        /* -oP */
    const char *info;            /* -bI: */
    const char *envelope_sender; /* -f, -r */
    const char *full_name;       /* -F */
    enum delivery_mode delivery; /* -od */
    enum error_mode errors;      /* -oe, -e */
    const char *receive_timeout, *smtp_receive_timeout; /* -or, -os: intervals, instead of the options; NULL: not given */
    const char *alias_file;      /* -oA, with -bi; NULL: none */
    bool dot_is_data;            /* -i, -oi: a line with a dot alone does not end a message */
    bool from_headers, from_headers_dot; /* -t, -ti */
    bool no_qualify;             /* -bnq */
    bool no_fixups;              /* -G */
    bool dont_deliver;           /* -N */
    bool tls_on_connect;         /* -tls-on-connect */
    const char *list;            /* what follows -bp */
    const char *manage;          /* what follows -M */
    const char *queue_run;       /* what follows -q; NULL: no queue runs */
    const char *recipients_flags, *recipients_text; /* -R: its letters and its argument */
    const char *senders_flags, *senders_text;       /* -S */
    const char *message_file;    /* -bem */
    /* What -oM tells about the caller of -bs. */
    const char *sender_address;  /* -bh and -oMa, the last of them: address[.port] */
    bool test_callouts;          /* -bhc: callouts are made in the test session */
    const char *authenticator;   /* -oMaa */
    const char *authenticated_id; /* -oMai */
    const char *authenticated_sender; /* -oMas */
    const char *interface;       /* -oMi */
    const char *message_reference; /* -oMm */
    const char *protocol;        /* -oMr, -p */
    const char *sender_host;     /* -oMs, -p */
    const char *sender_ident;    /* -oMt */
    char *const *arguments;      /* what follows the options, NULL-terminated */
};

/* Reads argv into cl, which lives as long as the arena and argv. False: err holds what Exim says. */
bool command_line_parse(struct arena *arena, char *const *argv, struct command_line *cl, struct error *err);

/* The options that are known to Exim alone. */
void command_line_unsupported(void (*each)(void *ctx, const char *option), void *ctx);

#endif
