/* What an expansion may see: facts about the process, the connection, the message and the address
 * at hand, and the services that the rooms above provide. Passed explicitly everywhere; a part
 * that does not exist (no connection in -be, no message before MAIL) is a NULL pointer. */
#ifndef EXPAND_SCOPE_H
#define EXPAND_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/source.h"
#include "base/str.h"

struct arena;
struct channel;
struct named_lists; /* src/match */
struct list;        /* src/match */
struct match_cache; /* src/match */
struct hints;       /* src/hints */
struct rewrite_rules; /* src/mail */
struct scope;

enum { SCOPE_AUTH_VARS = 4, SCOPE_ACL_ARGS = 9, SCOPE_CAPTURES = 21 };

/* Named variables that configuration sets: $acl_c_x, $acl_m_x. */
struct varset {
    struct arena *arena;
    struct variable *first;
};
/* Sets (copying name and value) and gets; false: never set. The name is the whole one, as it stands behind
 * the dollar: acl_c_x. */
void varset_set(struct varset *set, struct str name, struct str value);
/* The same for a set that shares what it began with with others: those do not see it. */
void varset_push(struct varset *set, struct str name, struct str value);
bool varset_get(const struct varset *set, struct str name, struct str *value);
void varset_each(const struct varset *set, void (*each)(void *ctx, struct str name, struct str value), void *ctx);

/* The process and its configuration: one for the process. */
struct scope_process {
    struct str primary_hostname, qualify_domain, qualify_recipient, spool_directory, log_file_path;
    struct str config_file, config_dir, exim_path, version_number, compile_date, compile_number;
    struct str smtp_active_hostname_default;
    unsigned exim_uid, exim_gid;
    struct str bounce_return_size_limit; /* as digits */
    struct str initial_cwd;       /* $initial_cwd: where the process was started */
    struct str headers_charset;   /* what $h_ headers are decoded into; STR_NULL: UTF-8 */
    bool long_encoded_words;      /* encoded words of any length are decoded (check_rfc2047_length is off) */
    bool strict_acl_vars;
    bool strip_trailing_dot;
    bool allow_utf8_domains;      /* the option */
    struct str lookup_open_max;
    struct str local_interfaces, extra_local_interfaces; /* the options; STR_NULL: not set */
    struct hints *hints;          /* the hints store; NULL: there is none */
    const struct rewrite_rules *rewrite_rules; /* of the configuration; NULL: none */
    const struct list *hosts_treat_as_local; /* the option; NULL: not set */
    struct str host_lookup_order; /* the option */
};

/* TLS of one direction ($tls_in_*, $tls_out_*). */
struct scope_tls {
    bool active;
    struct str cipher, cipher_std, ver, peerdn, sni, ocsp, resumption;
    int bits;
    bool certificate_verified;
    bool verify_tried;          /* ... or not, although the peer was asked for one */
    struct str peercert, ourcert; /* PEM; STR_NULL: none */
};

/* One SMTP connection or local submission. */
struct scope_connection {
    struct str host_address; /* $sender_host_address: STR_NULL for a local caller */
    int host_port;
    struct str host_name;      /* $sender_host_name, when it is known */
    bool host_name_looked_up;  /* ... or known to be unknown */
    struct str *host_aliases;  /* its other names */
    size_t host_alias_count;
    struct str csa_status;     /* $csa_status: what verify = csa has found */
    struct dnslist_entry *dnslists; /* what DNS lists have said (acl/dnslist_lookup.h) */
    bool host_dnssec;          /* $sender_host_dnssec: name and address were validated */
    bool host_lookup_failed, host_lookup_deferred;
    struct str host_lookup_message; /* why it failed, for the log */
    struct str interface_address; /* $received_ip_address */
    int interface_port;
    struct str ident;             /* $sender_ident */
    struct str helo_name;         /* $sender_helo_name */
    bool helo_verified, helo_dnssec;
    struct str active_hostname;   /* $smtp_active_hostname */
    struct str host_authenticated; /* $sender_host_authenticated: name of the authenticator */
    struct str authenticated_id, authenticated_fail_id;
    bool authentication_failed;   /* $authentication_failed */
    struct str authentication_mechanism; /* public name used, for ${authresults} */
    struct str received_protocol;
    struct str smtp_command;      /* $smtp_command: the whole line */
    struct str smtp_command_argument;
    struct str smtp_command_history; /* $smtp_command_history */
    int connection_count;         /* $smtp_count_at_connection_start */
    struct str notquit_reason;    /* $smtp_notquit_reason */
    struct str connection_id;     /* $connection_id */
    struct scope_tls tls_in;
    struct timeval started;
    bool is_local;                /* -bs by a local caller, without -oMa */
    bool is_test;                 /* -bh ($host_checking) */
    bool prdr_requested;
    struct str proxy_local_address, proxy_external_address;
    int proxy_local_port, proxy_external_port;
    bool proxy_session;           /* it came by way of a proxy, which may not have said from where */
    struct varset acl_c;
};

/* A recipient that was accepted. */
struct scope_recipient {
    struct str address;
    unsigned dsn_flags;   /* NOTIFY=: enum mail_dsn (mail/recipient.h) */
    struct str dsn_orcpt; /* ORCPT=, as it came; STR_NULL: not given */
};

/* One message, from MAIL on. */
struct scope_message {
    struct str sender_address; /* $sender_address; the empty string is the null sender */
    bool sender_set;
    struct str sender_address_data;
    struct str authenticated_sender;
    struct str message_id;     /* $message_exim_id */
    int64_t size;              /* $message_size; -1: not known */
    int64_t body_size;
    int rcpt_count, rcpt_defer_count, rcpt_fail_count;
    struct scope_recipient *recipients; /* $recipients: NULL until they are complete, from DATA on */
    size_t recipients_count;
    struct str headers;        /* raw header section: lines ending in LF, no blank line behind */
    struct str body, body_end; /* $message_body, $message_body_end (already cut to their size) */
    int linecount, body_linecount, body_zerocount;
    int received_count;
    struct timeval received_time;
    struct str message_smtputf8;
    struct varset acl_m;
    struct str max_received_linelength;
    struct str received_for;   /* $received_for: while the Received: header is made */
    struct str headers_added;  /* $headers_added: by add_header so far */
    struct str bounce_recipient, warn_message_delay, warn_message_recipients; /* while these are made */
};

/* The address being checked or delivered. */
struct scope_address {
    struct str local_part, domain;         /* $local_part, $domain */
    struct str local_part_data, domain_data;
    struct str local_part_prefix, local_part_suffix;
    struct str local_part_prefix_v, local_part_suffix_v; /* what their wildcards matched */
    struct str address_data, original_local_part, original_domain;
    struct str parent_local_part, parent_domain;         /* that it was generated from */
    struct str home;                                     /* $home */
    struct str local_user_uid, local_user_gid;           /* as digits; STR_NULL: no check_local_user */
    struct str host, host_address;         /* $host, $host_address: client side */
    int host_port;
    struct str sending_ip_address, sending_port; /* of our end of the connection; STR_NULL: not known */
    struct str transport_name, router_name;
    struct str self_hostname, address_file, address_pipe;
    struct str return_path;                /* $return_path, of a delivery */
    struct str inode;                      /* $inode: of the file that is being written */
    struct str recipient_data, sender_data;
};

/* What an ACL leaves for expansions. */
struct scope_acl {
    const char *verb;          /* of the statement being processed; NULL: none is */
    struct source_pos where;   /* ... and its place; an inline ACL has no file */
    struct str args[SCOPE_ACL_ARGS];
    unsigned nargs;
    struct str acl_verify_message;
    struct str dnslist_domain, dnslist_matched, dnslist_text, dnslist_value;
    struct str sender_rate, sender_rate_limit, sender_rate_period;
    struct str recipient_verify_failure, sender_verify_failure;
    struct str verify_mode;
    struct str host_data;      /* $host_data: what a hosts condition found by a lookup */
};

/* An event being handled ($event_name, $event_data, $event_defer_errno). */
struct scope_event {
    struct str name, data;
    int defer_errno;
};

enum match_kind {
    MATCH_DOMAIN_LIST,
    MATCH_HOST_LIST, /* match_ip: addresses only, never names */
    MATCH_ADDRESS_LIST,
    MATCH_LOCAL_PART_LIST,
    MATCH_PATTERN,     /* a key of a (n)wildlsearch file: one item, no separators, named lists or files */
};
enum match_result { MATCH_NO, MATCH_YES, MATCH_DEFER, MATCH_ERROR };

/* What expansions ask of the rooms above. One constant table for the program. */
struct scope_services {
    /* Is subject in the list whose text is `list`, which is not expanded (named lists in it are)? value:
     * data of the matching item for $value. When it fails and err's text is STR_NULL, the reason has been
     * logged; Exim then shows "NULL" in its place. */
    enum match_result (*match)(struct scope *scope, enum match_kind kind, struct str subject, struct str list,
                               struct str *value, struct error *err);
    /* Runs an ACL for ${acl} and the acl condition. Yes: accept, no: deny or discard; message: what
     * `message =` gave. */
    enum match_result (*acl)(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                             struct str *message, struct error *err);
    /* Text of a named list. kind: 'd', 'h', 'a', 'l', or 0 for any. False: there is none. */
    bool (*named_list)(struct scope *scope, struct str name, char kind, struct str *value, struct error *err);
    /* Looks up the peer's name when an expansion needs $sender_host_name. */
    void (*find_host_name)(struct scope *scope);
    /* TLS, as a client, over the connection of readsocket; host: the service's name. It ends with the arena; `below`
     * must live as long. NULL: err. The member may be NULL: there is no TLS. */
    struct channel *(*tls)(struct arena *arena, struct channel *below, struct str host, int64_t deadline,
                           struct error *err);
};

/* What expansions must not do in this scope, as bits of scope.forbid (the redirect router's forbid_filter_
 * options; fuzzing). Using it is an error. */
enum scope_forbid {
    SCOPE_FORBID_DLFUNC = 1,
    SCOPE_FORBID_EXISTS = 2, /* exists and stat */
    SCOPE_FORBID_LOOKUP = 4,
    SCOPE_FORBID_PERL = 8,
    SCOPE_FORBID_READFILE = 16,
    SCOPE_FORBID_READSOCKET = 32, /* the network: udpsend of ACLs, too */
    SCOPE_FORBID_RUN = 64,
};

struct scope {
    struct arena *arena; /* the scope's own memory, lives as long as the scope */
    const struct scope_services *services;
    const struct named_lists *lists;
    const struct scope_process *process;
    struct scope_connection *connection;
    struct scope_message *message;
    struct scope_address *address;
    struct scope_acl *acl;
    const struct scope_event *event;
    const struct scope_tls *tls_out; /* of the connection to another server; NULL: none, or not encrypted */
    void *owner; /* what the services need besides: the SMTP session, or NULL */
    struct match_cache *match_cache; /* results of named lists (match_cache_new()), or NULL: none are kept */

    struct str auth_vars[SCOPE_AUTH_VARS]; /* $auth1 ... */
    struct str captures[SCOPE_CAPTURES];   /* $0 ... $20 */
    unsigned capture_count;                /* how many of them are set; $0 counts */
    struct str value;                      /* $value: of lookups, run, readsocket, reduce, map... */
    struct str item;                       /* $item */
    bool in_item;                          /* $item has a value */
    struct str runrc;                      /* $runrc */
    struct str lookup_result;
    struct str regex_match;
    struct str lookup_dnssec_authenticated;
    struct varset *routed_vars;            /* $r_x */
    struct str prvs_address, prvs_keynum, prvs_result; /* $prvscheck_... */
    unsigned depth;                        /* nesting guard */
    unsigned forbid;                       /* bits of enum scope_forbid */
    uint64_t work, work_limit;             /* nodes and octets of the expansion at hand; 0: the usual limit */
};

/* The ACL statement being processed, for log lines: "ACL warn, FILE 13"; STR_NULL: there is none. scope is a
 * struct scope. */
struct str scope_place(void *scope, struct arena *arena);

/* The character set of header lines (option headers_charset); UTF-8 where there is none, or no process. */
struct str scope_headers_charset(const struct scope_process *process);

/* Sets $lookup_dnssec_authenticated; scope is a struct scope. */
void scope_set_validated(void *scope, struct str answer);

/* $auth1... and $1... are there while an exchange of AUTH expands, and gone again when it is done: they hold
 * secrets, and live in memory that goes with the exchange. vars: SCOPE_AUTH_VARS strings; numbers: `count` of them,
 * at most SCOPE_CAPTURES - 1. */
void scope_show_auth(struct scope *scope, const struct str *vars, const struct str *numbers, unsigned count);
void scope_hide_auth(struct scope *scope);

/* Whether variables may have what a peer authenticates with in them. */
bool scope_has_secrets(const struct scope *scope);

#endif
