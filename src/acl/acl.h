/* Access control lists (manual, chapter 43): compiled when the configuration is read, run by the
 * SMTP reader and by the acl condition. */
#ifndef ACL_ACL_H
#define ACL_ACL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/acl_source.h"
#include "base/complaint.h"
#include "base/error.h"
#include "base/str.h"
#include "expand/expand.h"
#include "expand/scope.h"
#include "mail/address.h"
#include "mail/services.h"

/* Where an ACL runs; conditions and modifiers say in which of these they may be used. */
#define ACL_WHERES(X) \
    X(RCPT, "RCPT") X(MAIL, "MAIL") X(PREDATA, "PREDATA") X(MIME, "MIME") X(DKIM, "DKIM") X(DATA, "DATA") \
    X(PRDR, "PRDR") X(NOTSMTP, "non-SMTP") X(NOTSMTP_START, "non-SMTP-start") X(AUTH, "AUTH") \
    X(ATRN, "ATRN") X(CONNECT, "connection") X(ETRN, "ETRN") X(EXPN, "EXPN") X(HELO, "EHLO or HELO") \
    X(MAILAUTH, "MAILAUTH") \
    X(NOTQUIT, "NOTQUIT") X(QUIT, "QUIT") X(STARTTLS, "STARTTLS") X(VRFY, "VRFY") X(WELLKNOWN, "WELLKNOWN") \
    X(DELIVERY, "delivery") X(UNKNOWN, "unknown")

enum acl_where {
#define X(id, text) ACL_WHERE_##id,
    ACL_WHERES(X)
#undef X
    ACL_WHERE_COUNT
};

/* The name Exim uses in messages ("rejected RCPT", "AUTH", ...). */
const char *acl_where_name(enum acl_where where);

enum acl_result {
    ACL_ACCEPT,
    ACL_DISCARD,
    ACL_DEFER,
    ACL_DENY,
    ACL_DROP,  /* deny and close */
    ACL_ERROR, /* the ACL itself is at fault: a temporary rejection; log_message says why */
};

struct named_lists;   /* src/match */
struct mail_handling; /* src/mail */
struct acl_set;       /* the ACLs of a configuration */

/* Compiles all ACLs. False: err holds the first error with its place, in Exim's words. */
bool acl_compile(struct arena *arena, const struct acl_source *sources, size_t n, struct acl_set **set,
                 struct error *err);

/* An ACL by name, and whether one can consist of that word alone, for checks. */
bool acl_exists(const struct acl_set *set, struct str name);
bool acl_is_verb(struct str word);

/* Reports what can be known to be wrong with conditions and modifiers before anything is run; begin is called
 * before each of them. */
struct acl_complaints {
    void (*begin)(void *ctx, struct str acl, const char *kind);
    struct complaints sink;
};
void acl_complain(const struct acl_set *set, const struct named_lists *named, const struct acl_complaints *complaints);

/* What an ACL asks of whoever runs it. */
struct acl_control; /* acl/control.h: a row of the table of controls */
struct acl_host {
    /* A control with its parameter (behind the slash, STR_NULL: none) takes effect. False: err. */
    bool (*control)(void *owner, const struct acl_control *control, struct str parameter, struct error *err);
    /* add_header: one header line at a time, expanded and checked, without its final newline; a
     * place such as `:after_received:` is still in front. remove_header: a list of names, expanded.
     * Kept for the message. */
    void (*add_header)(void *owner, struct str header);
    void (*remove_header)(void *owner, struct str names);
    /* Waits; buffered output is flushed first unless switched off. seconds >= 0. Not called in -bh. */
    void (*delay)(void *owner, int seconds);
    /* verify = helo: makes sure that an attempt was made to verify the HELO name; the result is left in
     * scope->connection->helo_verified. NULL: what stands there counts. */
    void (*verify_helo)(void *owner);
    /* What log lines about this session begin with: "H=(helo) [address] ". */
    struct str (*log_prefix)(void *owner, struct arena *arena);
};

/* The lines that `warn` has written: each is written once for a message (manual, 44.18). Whoever
 * keeps this sets first to NULL when the message's data are reset, and the arena with it. */
struct acl_warnings {
    struct arena *arena;
    struct acl_warning *first;
};

/* Rates that the ratelimit condition has worked out, so that an event is counted once, however often it is
 * asked about (manual, 44.41). Whoever keeps this sets first to NULL when what it is for, and the arena with it,
 * comes to its end. */
struct acl_rates {
    struct arena *arena;
    struct acl_rate *first;
};

/* What verify = sender has found out about senders, so that it is found out once for a message. Whoever keeps this
 * sets first to NULL when the message's data are reset, and the arena with it. */
struct acl_verified {
    struct acl_verified *next;
    struct str address;
    bool callout;
    enum mail_verify_result result;
    struct str message;      /* why it failed, for the log */
    struct str user_message; /* for the client; STR_NULL: it is not told */
    struct str failure;      /* $sender_verify_failure */
    struct str address_data;
    bool no_details;         /* the option of the last condition that it failed in */
    bool told;               /* whoever runs the ACL sets this once the client and the log have the details */
};
struct acl_verifications {
    struct arena *arena;
    struct acl_verified *first;
};

struct acl_context {
    const struct acl_set *acls;
    struct scope *scope;
    const struct acl_host *host;
    void *owner;          /* for the callbacks */
    enum acl_where where;
    struct str recipient; /* the address under RCPT, VRFY, EXPN; STR_NULL elsewhere */
    struct arena *arena;  /* messages live here */
    struct acl_warnings *warnings; /* NULL: `warn` lines are never suppressed */
    struct address_rules address_rules; /* how addresses in header lines are read */
    bool unqualified_sender_allowed, unqualified_recipient_allowed; /* in header lines */
    bool return_error_details;      /* option smtp_return_error_details */
    struct mail_handling *handling; /* what controls say of the message; NULL: there is none */
    struct arena *handling_arena;   /* ... and where its strings live */
    struct acl_rates *message_rates, *connection_rates; /* NULL: rates are worked out for every ACL */

    const struct mail_services *services; /* for verify = sender and others; NULL: addresses cannot be verified */
    struct acl_verifications *verified;   /* NULL: every verification is made anew */

    struct acl_verified *sender_failed; /* private: becomes acl_outcome.sender_failed */
    struct acl_rates rates;     /* private: those for the ACL that is running */
    unsigned depth;             /* private: ACLs running within each other */
    unsigned log_reject_target; /* private: becomes acl_outcome.log_reject_target */
};

struct acl_outcome {
    enum acl_result result;
    struct str user_message; /* STR_NULL: the default text */
    struct str log_message;  /* STR_NULL: none; may be the same as user_message */
    bool endpass_or_implicit; /* ended without a statement deciding (implicit deny) */
    const char *verb;           /* of the statement that decided; NULL: none did, or a condition went wrong */
    unsigned log_reject_target; /* LOG_MAIN | ...: where a rejection is to be logged; 0: nowhere */
    struct acl_verified *sender_failed; /* a verify = sender that failed last; NULL: none did */
};

/* The names of the predefined macros that tell which conditions and modifiers there are (manual, 6.9):
 * _ACL_COND_HOSTS, _ACL_MOD_DELAY; in the arena, NULL-terminated. */
const char *const *acl_macro_names(struct arena *arena);

/* What Exim has for ACLs and Gatepost has not: kind is "condition", "modifier", "control" or "verify". */
void acl_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx);

/* Runs the ACL that spec names after expansion: a name, an absolute file name, or inline text.
 * A NULL spec accepts. */
void acl_run(struct acl_context *context, const struct template *spec, struct acl_outcome *outcome);

/* The service behind ${acl} and the acl condition (struct scope_services.acl): owner must lead to a
 * struct acl_context through acl_context_of, which whoever assembles the services provides. */
enum match_result acl_run_named(struct acl_context *context, struct str name, const struct str *args,
                                unsigned nargs, struct str *message, struct error *err);

#endif
