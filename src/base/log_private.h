/* What the parts of the log sink share: log.c, log_file.c, log_syslog.c, debug.c. */
#ifndef BASE_LOG_PRIVATE_H
#define BASE_LOG_PRIVATE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/str.h"

/* --- log_file.c */

struct log_file {
    int fd; /* -1: not open */
    dev_t dev;
    ino_t ino;
};

#define LOG_FILE_CLOSED ((struct log_file){.fd = -1})

/* Whom files belong to that root makes. */
struct log_owner {
    uid_t user;
    gid_t group;
};

/* Appends text with one write(2) to the file of that name, opening it anew when the name now stands
 * for another file. A missing directory is made (its last component only). False: errno says why. */
bool log_file_write(struct log_file *file, const char *path, struct log_owner owner, struct str text);
void log_file_close(struct log_file *file);

/* The name with %D and %M replaced by today's date (manual, 53.3). */
struct str log_file_name(struct arena *arena, struct str pattern);

/* --- log_syslog.c */

/* What becomes of one piece of an entry. */
typedef void syslog_piece_fn(void *context, struct str piece);

/* Splits an entry at newlines and where lines are too long for syslog, marking the pieces of an
 * entry that has several (manual, 53.4). */
void syslog_split(struct arena *arena, struct str entry, syslog_piece_fn *emit, void *context);

/* --- debug.c */

/* Writes lines to standard error as debug() does, whatever the selectors. */
void debug_lines(struct str text);

/* --- log.c */

/* Adds text with its control characters made harmless, TAB, and newlines when wanted, excepted. */
struct buffer;
void log_add_safe(struct buffer *b, struct str text, bool newlines);

/* The path of a debug log with that tag; STR_NULL: there can be none. */
struct str log_debug_path(struct arena *arena, struct str tag, struct log_owner *owner);

/* Writes all of it to standard error. */
void log_stderr(struct str text);

#endif
