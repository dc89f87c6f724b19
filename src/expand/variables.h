/* Expansion variables: the table, and the functions that compute values. Inside src/expand only. */
#ifndef EXPAND_VARIABLES_H
#define EXPAND_VARIABLES_H

#include "expand/evaluate.h"

extern const struct variable_table variable_table; /* variable_table.c */

/* What computes a value. */
#define GETTER(name) enum expand_status name(struct evaluation *ev, struct str variable, struct str *value)

/* variables_peer.c: about the other end of the connection. */
GETTER(get_proxy_session);
GETTER(get_sender_fullhost);
GETTER(get_sender_host_name);
GETTER(get_sender_rcvhost);
GETTER(get_smtp_active_hostname);
GETTER(get_tls_in_ocsp);
GETTER(get_tls_in_resumption);

/* variables_message.c */
GETTER(get_max_received_linelength);
GETTER(get_message_headers);
GETTER(get_message_headers_raw);
GETTER(get_message_smtputf8);
GETTER(get_received_time);
GETTER(get_recipients);
GETTER(get_recipients_count);
GETTER(get_recipients_list);
GETTER(get_reply_address);
GETTER(get_sender_address_domain);
GETTER(get_sender_address_local_part);

/* variables_process.c: about the process, the system, the time. */
GETTER(get_gid);
GETTER(get_ldap_dn);
GETTER(get_load_average);
GETTER(get_log_inodes);
GETTER(get_log_space);
GETTER(get_pid);
GETTER(get_runrc);
GETTER(get_spool_inodes);
GETTER(get_spool_space);
GETTER(get_tod_bsdinbox);
GETTER(get_tod_epoch);
GETTER(get_tod_epoch_l);
GETTER(get_tod_full);
GETTER(get_tod_log);
GETTER(get_tod_logfile);
GETTER(get_tod_zone);
GETTER(get_tod_zulu);
GETTER(get_uid);

/* variables.c: $acl_c_x, $acl_m_x and $r_x, which have no row each. */
GETTER(get_acl_variable);
GETTER(get_router_variable);

#endif
