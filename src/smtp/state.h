/* A session while it runs: what the files of src/smtp share. Private to src/smtp. */
#ifndef SMTP_STATE_H
#define SMTP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "auths/auth.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/stream.h"
#include "expand/expand.h"
#include "mail/message.h"
#include "match/list.h"
#include "smtp/ratelimit.h"
#include "smtp/services.h"
#include "smtp/session.h"
#include "tls/tls.h"

enum {
    /* Octets of a command line. RFC 5321 asks for 512, service extensions for more; Exim takes 16384. */
    SMTP_COMMAND_LIMIT = 16384,
    /* Octets of base64 in an AUTH command or answer (RFC 4954 section 4). */
    SMTP_AUTH_LIMIT = 12288,
    /* Commands that $smtp_command_history and the log remember. */
    SMTP_HISTORY = 20,
};

struct smtp_session;
struct smtp_submission; /* smtp/submit.h */
struct server_tls; /* server_tls.h */
struct smtp_chunks;
struct submission_bad_address; /* smtp/submission_report.h */

/* Whether more input may have come when a command is answered (RFC 2920 section 3.1, RFC 3030). */
enum smtp_follow {
    FOLLOW_NEVER,     /* the peer has to wait for the answer */
    FOLLOW_PIPELINED, /* where PIPELINING was announced */
    FOLLOW_EARLY,     /* where the beginning of the session may be pipelined, too */
    FOLLOW_ALWAYS,    /* what follows belongs to the command, or does not matter */
};

/* Whether a command counts for smtp_accept_max_nonmail (manual, 49.6). */
enum smtp_count {
    COUNT_NEVER,
    COUNT_ALWAYS,
    COUNT_AFTER_HELO, /* not the first HELO or EHLO before a message */
    COUNT_AFTER_RSET, /* not the first RSET before a message */
    COUNT_AFTER_AUTH, /* not the first AUTH */
};

/* A command that the server knows (commands.c has the table). */
struct smtp_command {
    const char *word; /* what the line begins with: "MAIL FROM:" */
    const char *name; /* what the history calls it: "MAIL" */
    bool argument;    /* may be followed by something */
    enum smtp_follow follow;
    enum smtp_count counted;
    void (*handle)(struct smtp_session *s);
};

/* Values worked out once for all sessions (settings.c). */
struct smtp_prepared {
    struct arena *session, *transaction, *scratch; /* reused by one session after another */
    const struct auth_instance **servers;          /* the authenticators with a server side */
    const struct auth_instance *by_tls; /* the one that runs behind the TLS handshake; NULL: none */
    struct str *mechanisms; /* their public names, in upper case */
    size_t server_count;
    struct smtp_ratelimit mail_limit, rcpt_limit;
    const struct template **etrn_arguments; /* of smtp_etrn_command */
    size_t etrn_argument_count;
    struct server_tls *tls;
    const struct template *date; /* of the Received: header */
};

/* The part of a session that ends with its mail transaction. */
struct smtp_transaction {
    struct str raw_sender; /* as the client gave it, before qualification */
    bool sender_given;
    bool discarded;               /* an ACL discarded recipients: the message is taken without any left */
    const char *discarded_by;     /* "MAIL", "RCPT", "DATA" */
    struct str discard_reason;    /* of the MAIL ACL; STR_NULL: none given */
    bool discard_all;             /* ... which discards every recipient */
    size_t recipient_capacity;
    bool too_many_recipients;     /* logged already */
    struct str rcpt_response; /* what all RCPT commands so far were refused with; STR_NULL: no command yet */
    bool rcpt_response_same;
    double rcpt_delay;            /* seconds: smtp_ratelimit_rcpt */
    bool eightbit, body_given;    /* BODY= */
    struct smtp_chunks *chunks;   /* the message that is coming by BDAT (data.c); NULL: none is */
    int64_t chunk_total;          /* its octets so far */
    int64_t data_begun_ms;        /* when the message began to come (monotonic) */
    struct buffer added_headers;  /* add_header of ACLs */
    struct buffer removed_headers; /* remove_header of ACLs: lists of names, each with a NUL behind it */
    struct mail_handling handling; /* controls of ACLs */
    bool sender_set_untrusted;    /* by a local caller who may not */
    struct submission_bad_address *bad_addresses; /* -t: in header lines */
    struct mail_header *received; /* its Received: line of this machine */
    bool sender_is_caller;        /* a local caller, who has said nothing else */
    bool smtputf8;                /* the message is an international one (RFC 6531) */
    struct mail_message *mail;    /* what is being taken over, from the end of its headers on; or NULL */
    struct mail_incoming *incoming; /* ... and where it is written; NULL: nowhere */
    struct str failure;           /* why it cannot be written; STR_NULL: it can */
    int failure_errno;
    struct str dsn_envid;         /* ENVID=; STR_NULL: not given */
    int dsn_ret;                  /* RET=: DSN_RET_... */
    struct str prdr_verdict;      /* the last reply after replies for recipients; STR_NULL: there are none of these */
    struct scope_recipient *recipients_before_prdr; /* ... and who the recipients were; NULL: who they are */
    size_t recipients_count_before_prdr;
    struct str reject_log;        /* envelope and headers of a message that has arrived */
    struct str fake_reply;        /* control = fakereject, fakedefer: the text; STR_NULL: not asked for */
    int fake_code;
};

struct smtp_session {
    const struct smtp_settings *settings;
    const struct main_options *options;
    const struct smtp_prepared *prepared;
    const struct smtp_peer *peer;
    const struct smtp_submission *submission; /* a message that comes without SMTP; NULL: a session */
    struct fd_channel channel;
    struct tls_connection *tls; /* NULL: in clear */
    struct stream stream;

    struct arena *arena;             /* lives as long as the session */
    struct arena *transaction_arena; /* until the mail transaction ends */
    struct arena *scratch;           /* until the next command */

    struct scope scope;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_address address;
    struct scope_acl acl;
    struct smtp_acl_owner acl_owner;
    struct acl_warnings warnings;
    struct acl_verifications verified; /* senders */
    struct acl_rates message_rates, connection_rates;

    /* The command at hand. */
    struct str line;      /* without its ending and trailing white space */
    struct str log_line;  /* the same, printable, and of AUTH no more than the mechanism */
    struct str argument;
    const struct smtp_command *command; /* NULL: none that is known */

    const struct smtp_command *history[SMTP_HISTORY]; /* a ring */
    unsigned history_count;

    /* What was agreed on. */
    int timeout;              /* seconds for a command or a line of data; 0: none */
    int64_t size_limit;       /* octets; 0: none */
    int message_limit;        /* smtp_accept_max_per_connection; 0: none */
    bool helo_seen, esmtp;
    bool helo_required, helo_verify_required, helo_verify_wanted, helo_verify_tried, helo_junk_allowed;
    bool early_pipelining;    /* the client need not wait for the greeting, nor for the answer to EHLO */
    bool early_advertised;    /* ... and that was said in answer to the last EHLO */
    bool early_used, pipelining_used; /* the client did not wait */
    bool sender_unqualified_allowed, recipient_unqualified_allowed;
    bool pipelining_advertised, dsn_advertised, chunking_advertised, auth_advertised, tls_advertised;
    bool smtputf8_advertised;
    bool *advertised;         /* of prepared->servers: announced in answer to the last EHLO */
    bool log_connection;      /* smtp_connection lines are wanted for this host */
    const struct auth_instance *authenticator; /* that succeeded; NULL: none (or -oMaa) */
    int64_t started_ms;       /* monotonic */

    /* Controls that ACLs set. */
    bool enforce_sync, multiline_responses, delay_flush, pipelining_allowed, auth_unadvertised_allowed;

    /* Counters. */
    int mail_count;           /* MAIL commands */
    int message_count;        /* messages taken over */
    bool overloaded;          /* one of them waits because the load was high (queue_only_load_latch) */
    int nonmail_count, unknown_count, error_count;
    bool nonmail_checked, nonmail_limited; /* smtp_accept_max_nonmail_hosts */
    bool rset_free, helo_free, auth_free;  /* the next one of these is not counted */
    bool ratelimit_checked, ratelimited;   /* smtp_ratelimit_hosts */
    double mail_delay;                     /* seconds: smtp_ratelimit_mail */

    /* Errors that pipelining makes a client commit do not count against it. The first two are about the
     * command before the one at hand, the others are what that one leaves behind. */
    bool after_rcpt, after_refused_mail;
    bool was_rcpt, was_refused_mail;
    bool mask_unknown;                /* an AUTH command was refused: what follows may be its data */
    bool notquit_done;

    struct smtp_transaction transaction;

    bool done;
    enum smtp_end end;
};

/* --- session.c */

void smtp_session_begin(struct smtp_session *s, const struct smtp_settings *settings, const struct smtp_peer *peer);
void smtp_session_finish(struct smtp_session *s);

/* One more for the message at hand, with nothing that RCPT can say besides. */
void smtp_add_recipient(struct smtp_session *s, struct str address);

/* No further command is read. */
void smtp_session_end(struct smtp_session *s, enum smtp_end end);

/* Forgets what belongs to the command before: its memory is used again. */
void smtp_forget_command(struct smtp_session *s);

/* Forgets the mail transaction, if any, and everything that belongs to it. */
void smtp_transaction_reset(struct smtp_session *s);

/* Works out $received_protocol again. */
void smtp_set_protocol(struct smtp_session *s);

/* --- lists.c: host lists, as options use them */

/* Is the peer in the list? A list that cannot be checked counts as not matching, which is logged where
 * it is the configuration's fault. option: its name, for the log. */
bool smtp_host_in(struct smtp_session *s, const struct list *list, const char *option);

/* --- input.c */

enum smtp_input {
    SMTP_INPUT_LINE,
    SMTP_INPUT_TOO_LONG, /* the line was thrown away */
    SMTP_INPUT_GONE,     /* the session has ended: the peer is lost or silent, and that is logged */
};

/* Sends what is waiting to be sent and reads a line of at most `limit` octets. */
enum smtp_input smtp_read_line(struct smtp_session *s, size_t limit, enum line_ending ending,
                               struct str *line);

/* What has come already, for the log: a first part of it, without what may be AUTH data. */
struct str smtp_waiting_input(struct smtp_session *s);

/* The connection is lost, or timed out, while a command was expected: log, notquit ACL, 421. */
void smtp_input_lost(struct smtp_session *s);
void smtp_input_timeout(struct smtp_session *s);

/* The moment at which the peer is given up. */
int64_t smtp_deadline(const struct smtp_session *s);

/* --- auth.c */

/* Who the client is by its certificate, if there is an authenticator for that and the certificate was verified. */
void smtp_authenticate_by_tls(struct smtp_session *s);

/* --- helo.c, auth_advertise.c */

/* Names the mechanisms in the answer to EHLO, in the order of the configuration. False: there are none. */
bool smtp_auth_advertise(struct smtp_session *s, struct buffer *reply);

/* --- Command handlers */

void smtp_auth(struct smtp_session *s);
void smtp_bdat(struct smtp_session *s);
void smtp_data(struct smtp_session *s);
void smtp_ehlo(struct smtp_session *s);
void smtp_etrn(struct smtp_session *s);
void smtp_expn(struct smtp_session *s);
void smtp_helo(struct smtp_session *s);
void smtp_help(struct smtp_session *s);
void smtp_mail(struct smtp_session *s);
void smtp_noop(struct smtp_session *s);
void smtp_quit(struct smtp_session *s);
void smtp_rcpt(struct smtp_session *s);
void smtp_rset(struct smtp_session *s);
void smtp_starttls(struct smtp_session *s);
void smtp_vrfy(struct smtp_session *s);

#endif
