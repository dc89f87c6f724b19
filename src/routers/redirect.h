/* The private options of the redirect router (manual, 22.10). Private to src/routers. */
#ifndef ROUTERS_REDIRECT_H
#define ROUTERS_REDIRECT_H

#include "base/option.h"

struct redirect_config {
    bool allow_defer, allow_fail, allow_filter, allow_freeze;
    bool check_ancestor;
    struct option_bool check_group, check_owner;
    const struct template *data;
    const struct template *directory_transport;
    const struct template *file;
    const struct template *file_transport;
    bool filter_prepend_home;
    bool forbid_blackhole, forbid_exim_filter, forbid_file;
    bool forbid_filter_dlfunc, forbid_filter_existstest, forbid_filter_logwrite, forbid_filter_lookup;
    bool forbid_filter_perl, forbid_filter_readfile, forbid_filter_readsocket, forbid_filter_reply;
    bool forbid_filter_run;
    bool forbid_include, forbid_pipe, forbid_sieve_filter, forbid_smtp_code;
    bool hide_child_in_errmsg;
    bool ignore_eacces, ignore_enotdir;
    struct str include_directory;
    int modemask;
    bool one_time;
    struct option_ids owners, owngroups;
    const struct template *pipe_transport;
    const struct template *qualify_domain;
    bool qualify_preserve_domain;
    bool repeat_use;
    const struct template *reply_transport;
    bool rewrite;
    const struct template *sieve_enotify_mailto_owner;
    const struct template *sieve_subaddress, *sieve_useraddress, *sieve_vacation_directory;
    bool skip_syntax_errors;
    const struct template *syntax_errors_text;
    struct str syntax_errors_to;
};

#endif
