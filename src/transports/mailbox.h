/* Files that messages are delivered into (manual, chapter 26). Private to src/transports. */
#ifndef TRANSPORTS_MAILBOX_H
#define TRANSPORTS_MAILBOX_H

#include "transports/appendfile_options.h"
#include "transports/local_message.h"

/* One delivery by appendfile. */
struct mailbox {
    struct delivery *delivery;
    const struct appendfile_config *config;
    struct str path;           /* of the file, or the directory */
    bool is_directory;
    struct local_message message;
    struct str home;           /* the home directory; empty: none */
    int64_t quota, filecount_quota; /* 0: none */
    bool quota_no_check;

    /* Why it failed. */
    int error, more_error;
    bool special;              /* freeze the message */
    struct error *err;
};

/* Sets the error and returns false. */
bool mailbox_fail(struct mailbox *m, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Makes missing directories above the path, if they may be made; itself: the path as well. */
bool mailbox_make_directories(struct mailbox *m, struct str path, bool itself);

/* --- mailbox_lock.c: one file, to be appended to */

struct open_mailbox {
    int fd;
    struct str lock_file; /* empty: none */
};

/* Opens the file, locked; it is made if it may be. */
bool mailbox_open(struct mailbox *m, struct open_mailbox *open);
void mailbox_close(struct open_mailbox *open);

/* --- maildir.c: a file for each message */
bool maildir_deliver(struct mailbox *m);
bool new_file_deliver(struct mailbox *m);

/* --- mailbox_format.c: the transport that an existing file is for, by its beginning; NULL: the one at hand.
 * *known false: there is none. */
const struct transport_instance *mailbox_format(struct mailbox *m, bool *known);

/* --- mailbox_quota.c */

/* Reads the options. */
bool quota_prepare(struct mailbox *m);

/* Whether the message still fits; size and count of what is there. */
bool quota_check(struct mailbox *m, int64_t size, int64_t count, time_t last_read);

/* What is in a directory and those below. */
bool quota_measure(struct mailbox *m, struct str directory, int64_t *size, int64_t *count);

/* For maildirs: the directory to be measured. */
struct str quota_directory(struct mailbox *m);

/* maildirsize (manual, 26.7): reads what is there, and notes one more message. */
bool maildirsize_read(struct mailbox *m, struct str directory, int64_t *size, int64_t *count);
void maildirsize_add(struct mailbox *m, struct str directory, int64_t size);

#endif
