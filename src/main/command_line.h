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
    MODE_VERSION,  /* -bV */
    MODE_INFO,     /* -bI: */
};

struct command_line {
    enum mode mode;
    bool version;                /* -bV was given, alone or with another mode */
    bool foreground;             /* -bdf */
    bool no_labels;              /* -n */
    bool verbose;                /* -v */
    bool tls_on_connect;         /* -tls-on-connect */
    const char *config_files;    /* -C: a colon-separated list; NULL: the compiled-in one */
    const char **defines;        /* -D, NULL-terminated */
    const char *debug;           /* what follows -d; NULL: not given */
    const char *listen;          /* -oX */
    const char *pid_file;        /* -oP */
    const char *info;            /* -bI: */
    const char *envelope_sender; /* -f */
    /* What -oM tells about the caller of -bs. */
    const char *sender_address;  /* -bh and -oMa, the last of them: address[.port] */
    bool test_callouts;          /* -bhc: callouts are made in the test session */
    const char *authenticator;   /* -oMaa */
    const char *authenticated_id; /* -oMai */
    const char *authenticated_sender; /* -oMas */
    const char *interface;       /* -oMi */
    const char *message_reference; /* -oMm */
    const char *protocol;        /* -oMr */
    const char *sender_host;     /* -oMs */
    const char *sender_ident;    /* -oMt */
    char *const *arguments;      /* what follows the options, NULL-terminated */
};

/* Reads argv into cl, which lives as long as the arena and argv. False: err holds what Exim says. */
bool command_line_parse(struct arena *arena, char *const *argv, struct command_line *cl, struct error *err);

/* The options that are known to Exim alone. */
void command_line_unsupported(void (*each)(void *ctx, const char *option), void *ctx);

#endif
