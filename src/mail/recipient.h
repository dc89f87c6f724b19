/* A recipient on its way: what routing finds out about an address and what delivery makes of it. Routers fill
 * it in, transports deliver to it, the queue keeps it; none of them needs to know the others for that. */
#ifndef MAIL_RECIPIENT_H
#define MAIL_RECIPIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "expand/scope.h"

struct router_instance;    /* src/routers */
struct transport_instance; /* src/transports */

/* --- Hosts */

enum mail_host_status {
    MAIL_HOST_UNTRIED,
    MAIL_HOST_USABLE,           /* delivery, or a connection, worked */
    MAIL_HOST_UNUSABLE,         /* tried now and failed for now */
    MAIL_HOST_UNUSABLE_EXPIRED, /* its retry time has not come, and it has failed for longer than the rules allow */
};

enum { MAIL_NO_MX = -1, MAIL_NO_PORT = -1 };

/* A host that a message may be handed to. Those of equal preference stand in random order. */
struct mail_host {
    struct mail_host *next;
    struct str name;
    struct str address;      /* STR_NULL: not looked up (yet) */
    struct str certname;     /* the name its certificate must have; STR_NULL: name */
    int port;                /* MAIL_NO_PORT: the transport's */
    int mx;                  /* MX preference; MAIL_NO_MX: from no MX record */
    bool same_as_previous;   /* another address of the host before it (a "+" in route lists) */
    bool dnssec;             /* found in a signed zone */
    enum mail_host_status status;
    bool expired;            /* it has failed for longer than the rules allow, and its retry time has come */
    int64_t first_failed, last_try; /* seconds since 1970; 0: no retry data */
};

/* --- Results */

enum mail_result {
    MAIL_PENDING,
    MAIL_OK,
    MAIL_DEFER,
    MAIL_FAIL,
    MAIL_PANIC, /* something is wrong here, not there: deferred, and said in the panic log */
};

/* What a generated address is, when it is not an address. */
enum mail_target {
    TARGET_ADDRESS,
    TARGET_FILE,      /* /path: for the router's file_transport, or directory_transport when it ends in / */
    TARGET_PIPE,      /* |command */
    TARGET_AUTOREPLY, /* >... */
};

/* RFC 3461 */
enum mail_dsn {
    DSN_NEVER = 1,
    DSN_SUCCESS = 2,
    DSN_FAILURE = 4,
    DSN_DELAY = 8,
};

/* What passes from an address to those generated from it (manual, 15: address_data, errors_to ...). */
struct mail_properties {
    struct str address_data;
    struct str domain_data, local_part_data;
    struct str errors_address; /* STR_NULL: the message's sender */
    struct str headers_add;    /* header lines, each with its newline */
    struct str headers_remove; /* a list of names */
    struct varset *router_vars; /* $r_...: shared, never changed in place */
    bool utf8_message, utf8_downconvert, utf8_downconvert_maybe;
};

struct mail_recipient {
    struct mail_recipient *next;   /* of the list it stands in */
    struct mail_recipient *parent; /* that it was generated from; NULL: the message's own */

    struct str address;       /* as it stands in the envelope or was generated, rewritten: local_part@domain */
    struct str unique;        /* what tells it from other recipients: its key in the spool file and the journal */
    struct str local_part;    /* at the router at hand: in lower case unless caseful_local_part; without affixes */
    struct str caseful_local_part, lower_local_part; /* both forms, affixes included */
    struct str prefix, prefix_v, suffix, suffix_v;
    struct str domain;        /* in lower case */
    enum mail_target target;
    struct mail_properties properties;

    int one_time_parent; /* in the envelope because of one_time: the place of its parent there; -1: it is not */

    const struct router_instance *router;       /* that accepted it; NULL: none */
    const struct router_instance *start_router; /* where routing begins; NULL: at the first */
    const struct transport_instance *transport; /* NULL: it is not to be delivered itself */
    struct mail_host *hosts;                    /* for remote transports; NULL: the transport's own */
    struct mail_host *fallback_hosts;
    struct str self_hostname;

    /* What a local delivery runs as and in: from router and transport. */
    bool uid_set, gid_set, initgroups;
    uid_t uid;
    gid_t gid;
    struct str home_directory, current_directory; /* STR_NULL: none */
    uid_t local_user_uid; /* $local_user_uid; (uid_t)-1: no check_local_user */
    gid_t local_user_gid;

    /* RFC 3461 */
    unsigned dsn_flags;  /* enum mail_dsn */
    struct str dsn_orcpt; /* ORCPT=, as it came; STR_NULL: none */

    /* How it went. */
    enum mail_result result;
    int error;            /* an errno, or one of enum delivery_error, which retry rules and logs know */
    int more_error;       /* goes with it: see delivery_error.h */
    struct str message;   /* for the log, and for the bounce where user_message is not set; STR_NULL: none */
    struct str user_message;
    bool pass_message;    /* the message may be shown to SMTP clients (manual: redirect, :fail:) */
    bool special;         /* freeze: self = freeze, and others */
    bool retry_address;   /* retry data are about the address, not its domain: 4xx to RCPT */
    bool retry_sender;    /* ... and about the message's sender as well (address_retry_include_sender) */
    bool timed_out;       /* its retry time is over: fails now */
    bool ignore_error;    /* unseen deliveries whose failure is nobody's concern */
    bool no_bounce_body;  /* hide_child_in_errmsg and the like */
    bool duplicate;

    /* What a transport found, for the delivery line. */
    const struct mail_host *host_used;
    struct str interface_address;
    int interface_port;
    struct scope_tls tls;       /* of the connection; .active false: none */
    struct str authenticator, authenticated_id; /* A=; STR_NULL: none */
    struct str authenticated_sender;
    struct str confirmation;    /* C=: the response to the end of data */
    bool chunking, pipelining, early_pipelining, prdr, tls_on_connect, dsn_aware;
    bool second_on_connection;  /* "*" behind H=...: the connection was open already */
    struct timeval delivery_time; /* DT= */
    struct str transport_return_message; /* output of a pipe to go into a bounce */
    struct str shadow_message;
};

/* A new recipient; everything else is zero or null. The address is split, its forms made. */
struct mail_recipient *mail_recipient_new(struct arena *arena, struct str address);

/* One generated from parent: what passes down is copied. */
struct mail_recipient *mail_recipient_child(struct arena *arena, struct mail_recipient *parent, struct str address,
                                            enum mail_target target);

/* The one of the envelope that it comes from. */
const struct mail_recipient *mail_recipient_top(const struct mail_recipient *recipient);

#endif
