/* The spool directory: where the files of messages are, how they are made safe, who works on a message (manual,
 * 3.1 and chapter 57). */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "config/config.h"
#include "mail/message.h"

struct spool {
    struct str directory; /* spool_directory */
    bool split;           /* split_spool_directory: new messages go into subdirectories */
    bool no_fsync;        /* disable_fsync */
    unsigned uid, gid;    /* who the files are for, when root makes them */
};

struct spool spool_of(const struct config *config, unsigned uid, unsigned gid);

/* The file of a message: kind "input" or "msglog", suffix "-H", "-D", "-J" or "". queue: empty for the default
 * queue; sub: the subdirectory of a split spool, or 0. */
struct str spool_path(struct arena *arena, const struct spool *spool, struct str queue, const char *kind, char sub,
                      struct str id, const char *suffix);

/* The subdirectory that a message of that id belongs into: 0 when the spool is not split. */
char spool_subdirectory(const struct spool *spool, struct str id);

/* Where a message is: it is looked for where it belongs and where it may be left from before the option was
 * changed (manual, 14: split_spool_directory). False: nowhere. */
bool spool_find(const struct spool *spool, struct str queue, struct str id, char *sub);

/* Makes the directory that a file of that path is in, if need be. */
bool spool_make_directory(const struct spool *spool, struct str path, struct error *err);

/* Opens a new file for reading and writing: mode 0640, for the owner of the spool. -1: err. */
int spool_create(const struct spool *spool, struct str path, int flags, struct error *err);

/* Writes all octets. False: errno. */
bool spool_write(int fd, const char *p, size_t n);

/* Makes sure that a file, or the directory that a file of that path is in, is on the disk. */
bool spool_sync(const struct spool *spool, int fd, struct error *err);
bool spool_sync_directory(const struct spool *spool, struct str path, struct error *err);

/* Puts a file with that content in place of what was there, safe on the disk when it returns true. */
bool spool_replace(const struct spool *spool, struct str path, struct str content, struct error *err);

/* A place for the files of a message. */
struct spool_place {
    struct str queue;
    char sub;
    const char *prefix; /* of the directories' names: "", or "F" for frozen messages that are out of the way */
};

/* Moves all files of a message. At every moment they are whole in one of the places. False: err. */
bool spool_move(const struct spool *spool, struct str id, const struct spool_place *from, const struct spool_place *to,
                struct error *err);

/* Reads a whole file; what is read is tainted. False: err, and errno. */
bool spool_read(struct arena *arena, struct str path, struct str *content, struct error *err);

enum spool_lock {
    SPOOL_LOCKED,
    SPOOL_BUSY,    /* another process works on the message */
    SPOOL_GONE,    /* there is no such message */
    SPOOL_BROKEN,  /* err says what is wrong with its files */
};

/* Opens the body of a message and keeps others away from it as long as the file is open, in this process or in
 * one that was forked from it. */
enum spool_lock spool_lock(const struct spool *spool, struct mail_message *message, char *sub, struct error *err);

/* Whether the message is there and a process has it locked. */
bool spool_is_locked(const struct spool *spool, struct arena *arena, struct str queue, struct str id);

#endif
