/* The log sink: main, reject and panic logs in files, on standard error (-bh, -bV) or syslog
 * (manual, chapter 53), and debugging output. The one sink of the process; everything else is
 * passed explicitly. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum log_to { /* bits */
    LOG_MAIN = 1,
    LOG_REJECT = 2,
    LOG_PANIC = 4,
};

/* log_selector bits, in the order of the manual's chapter 53: LOG_SEL_X is bit number X.
 * Rows: name, whether it is on by default. */
#define LOG_SELECTORS(X) \
    X(8bitmime, eightbitmime, 0) \
    X(acl_warn_skipped, acl_warn_skipped, 1) \
    X(address_rewrite, address_rewrite, 0) \
    X(all_parents, all_parents, 0) \
    X(arguments, arguments, 0) \
    X(connection_id, connection_id, 0) \
    X(connection_reject, connection_reject, 1) \
    X(delay_delivery, delay_delivery, 1) \
    X(deliver_time, deliver_time, 0) \
    X(delivery_size, delivery_size, 0) \
    X(dkim, dkim, 1) \
    X(dkim_verbose, dkim_verbose, 0) \
    X(dnslist_defer, dnslist_defer, 1) \
    X(dnssec, dnssec, 0) \
    X(etrn, etrn, 1) \
    X(host_lookup_failed, host_lookup_failed, 1) \
    X(ident_timeout, ident_timeout, 0) \
    X(incoming_interface, incoming_interface, 0) \
    X(incoming_port, incoming_port, 0) \
    X(lost_incoming_connection, lost_incoming_connection, 1) \
    X(millisec, millisec, 0) \
    X(msg_id, msg_id, 1) \
    X(msg_id_created, msg_id_created, 0) \
    X(outgoing_interface, outgoing_interface, 0) \
    X(outgoing_port, outgoing_port, 0) \
    X(pid, pid, 0) \
    X(pipelining, pipelining, 0) \
    X(protocol_detail, protocol_detail, 0) \
    X(proxy, proxy, 0) \
    X(queue_run, queue_run, 1) \
    X(queue_time, queue_time, 0) \
    X(queue_time_exclusive, queue_time_exclusive, 0) \
    X(queue_time_overall, queue_time_overall, 0) \
    X(receive_time, receive_time, 0) \
    X(received_recipients, received_recipients, 0) \
    X(received_sender, received_sender, 0) \
    X(rejected_header, rejected_header, 1) \
    X(retry_defer, retry_defer, 1) \
    X(return_path_on_delivery, return_path_on_delivery, 0) \
    X(sender_on_delivery, sender_on_delivery, 0) \
    X(sender_verify_fail, sender_verify_fail, 1) \
    X(size_reject, size_reject, 1) \
    X(skip_delivery, skip_delivery, 1) \
    X(smtp_confirmation, smtp_confirmation, 1) \
    X(smtp_connection, smtp_connection, 0) \
    X(smtp_incomplete_transaction, smtp_incomplete_transaction, 0) \
    X(smtp_mailauth, smtp_mailauth, 0) \
    X(smtp_no_mail, smtp_no_mail, 0) \
    X(smtp_protocol_error, smtp_protocol_error, 0) \
    X(smtp_syntax_error, smtp_syntax_error, 0) \
    X(subject, subject, 0) \
    X(tls_certificate_verified, tls_certificate_verified, 1) \
    X(tls_cipher, tls_cipher, 1) \
    X(tls_on_connect, tls_on_connect, 0) \
    X(tls_peerdn, tls_peerdn, 0) \
    X(tls_resumption, tls_resumption, 0) \
    X(tls_sni, tls_sni, 0) \
    X(unknown_in_list, unknown_in_list, 0)

enum log_selector {
#define X(text, id, on) LOG_SEL_##id,
    LOG_SELECTORS(X)
#undef X
    LOG_SEL_COUNT
};

struct log_settings {
    struct str main_path;   /* file of the main log, %D and %M being today's date; STR_NULL: none */
    struct str reject_path; /* likewise */
    struct str panic_path;  /* likewise; 53.3 says which name it should have */
    struct str debug_path;  /* of the debug log, before its tag; STR_NULL: there can be none */
    unsigned owner, group;  /* user and group of log files that root makes */
    bool to_syslog;
    struct str syslog_facility;     /* see log_facility_parse(); empty, or none of them: "mail" */
    struct str syslog_process_name; /* syslog_processname; STR_NULL: "exim" */
    bool syslog_pid, syslog_timestamp;
    bool syslog_duplication;        /* what goes to several logs goes to syslog once per log */
    bool to_stderr;         /* as -bh does: every line once, on standard error, after "LOG: " */
    bool stderr_dated;      /* ... with date and time instead */
    bool millisec, pid;     /* from log_selector */
    bool write_rejectlog;   /* option write_rejectlog */
    struct str timezone;    /* option timezone, for the whole process; STR_NULL: TZ stays, empty: TZ goes */
    bool log_timezone;      /* add the offset to time stamps */
    uint64_t selectors;     /* bit number LOG_SEL_X */
};

/* Puts the settings in force; strings are copied. Files are opened at the first line written,
 * made with mode 0640 less the umask, and opened again when they have been renamed or removed; a
 * missing directory is made, its parent is not. What cannot be written goes to the panic log with the
 * reason, and what the panic log does not take to syslog. Before the first call panic lines go to
 * standard error and others nowhere. */
void log_configure(const struct log_settings *settings);

/* Reads the option syslog_facility: mail, user, news, uucp, daemon, local0 to local7. False: no such. */
bool log_facility_parse(struct str name, int *facility);

/* Whether a selector is on. */
bool log_selected(enum log_selector selector);

/* Reads a log_selector setting (`+name -name`, `+all`) into bits that begin with the defaults.
 * False: err says in Exim's words which part is wrong. */
bool log_selector_parse(struct str text, uint64_t *selectors, struct error *err);

/* Writes one line, with time stamp (and pid), to the logs named by the bits of `to`; lines for the
 * panic log also go to standard error. Control characters but TAB are escaped, newlines too: a peer
 * cannot make a second line. Octets above 127 stay as they are (an administrator's texts may hold
 * them): show a peer's by printable(). errno is kept. */
void log_write(unsigned to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_write_str(unsigned to, struct str text);

/* The same for a text with newlines of our own making, such as a configuration error: they stay. */
void log_write_lines(unsigned to, struct str text);

/* The message that is being dealt with: its id, of at most 23 octets, stands in front of every line from
 * here on. STR_NULL: none. */
void log_set_message(struct str id);

/* Several lines under one time stamp for the reject log (a rejected message's headers): there, the
 * lines of `more` follow the text; only their newlines and TABs are not escaped. */
void log_write_more(unsigned to, struct str text, struct str more);

/* Closes files, forgets the settings. */
void log_close(void);

/* Debugging: selectors of -d (manual, 5.2); on standard error, whatever the log settings. */
#define DEBUG_SELECTORS(X) \
    X(acl, 1) X(auth, 1) X(deliver, 1) X(dns, 1) X(dnsbl, 1) X(exec, 1) X(expand, 0) \
    X(filter, 0) X(hints_lookup, 1) X(host_lookup, 1) X(ident, 1) X(interface, 0) \
    X(lists, 1) X(load, 0) X(local_scan, 0) X(lookup, 1) X(memory, 0) X(noutf8, 0) X(pid, 0) \
    X(process_info, 1) X(queue_run, 1) X(receive, 1) X(resolver, 0) X(retry, 1) X(rewrite, 1) \
    X(route, 1) X(timestamp, 0) X(tls, 1) X(transport, 1) X(uid, 1) X(verify, 1)

enum debug_selector {
#define X(name, on) DEBUG_##name,
    DEBUG_SELECTORS(X)
#undef X
    DEBUG_COUNT
};

/* Switches debugging by the text behind -d: empty for the default set, then +name -name, +all.
 * False: err says in Exim's words which part is wrong. */
bool debug_select(struct str text, struct error *err);

/* Selects nothing. */
void debug_select_none(void);

/* Whether debugging is on at all, or that selector (or in a test session what it stands for). */
bool debug_any(void);
bool debug_on(enum debug_selector selector);

/* Writes to standard error when the selector is on, with pid and time of day in front of every
 * line when those are on. Each call is whole lines: a missing newline at the end is added, other
 * control characters than newline and TAB are escaped. */
void debug(enum debug_selector selector, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what only -d shows, never a test session alone. */
bool debug_detail_on(enum debug_selector selector);
void debug_detail(enum debug_selector selector, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sends debugging output to a debug log instead (manual, 44.22, control = debug): its path is that of the
 * settings with the tag behind it. selectors: as for debug_select(). One that is being written goes on
 * with the new selectors. False: err. */
bool debug_log_start(struct str tag, struct str selectors, struct error *err);

/* Ends that, if there is one, and puts the selectors back as they were; unwanted: the file goes, too. */
void debug_log_stop(bool unwanted);

/* Lines of debug() that follow stand further to the right by that many columns (or to the left), to show
 * what runs within what. */
void debug_indent(int columns);

/* In test sessions (-bh) host checks (the selectors acl, auth, dnsbl, host_lookup, ident and lists)
 * are shown to the tester without -d, with ">>> " in front of every line. */
void debug_host_checks(bool on);

#endif
