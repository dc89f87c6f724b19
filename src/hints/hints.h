/* The hints store: small records that processes share and that may be lost without losing mail (manual, 3.8):
 * sending rates, what was seen before, retry times, hosts that wait for messages, results of callouts.
 *
 * Each purpose has an SQLite database of its own in the directory db of the spool directory, so that a busy
 * one does not hold up the others, and an administrator can remove one. Any number of processes use them at
 * once; every change is atomic, and a crash leaves the state before or after it. */
#ifndef HINTS_HINTS_H
#define HINTS_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum hints_purpose {
    HINTS_RATELIMIT, /* the ratelimit condition of ACLs */
    HINTS_SEEN,      /* the seen condition */
    HINTS_RETRY,     /* retry times of hosts, messages and addresses */
    HINTS_WAIT,      /* which messages wait for which host */
    HINTS_CALLOUT,   /* what callouts found out */
    HINTS_AUTH,      /* failed authentications */
    HINTS_MISC,      /* who is at something that must be done once at a time */
    HINTS_PURPOSES
};

/* The store of a process: databases are opened when they are first needed. A process that was forked since
 * opens its own; a database file that was removed or replaced is opened anew. */
struct hints;

/* directory: the spool directory; what is missing below it is made, with modes 0750 and 0640 and, by root,
 * for the user and the group given. Goes with the arena. Never NULL; nothing is opened yet. */
struct hints *hints_new(struct arena *arena, struct str directory, unsigned user, unsigned group);

/* Closes the databases until they are needed again. To be called before a fork whose child goes on with hints: locks are a
 * process's, and SQLite in the child would think that it has those of its parent. NULL: nothing to close. */
void hints_release(struct hints *hints);

/* What is read is tainted. */
struct hints_record {
    struct str key;   /* any octets */
    struct str value; /* any octets: see hints/fields.h */
    int64_t written;  /* when it was last written: seconds since the epoch, set by the store */
    int64_t expires;  /* from then on it is as if it were not there; 0: never */
};

enum hints_status {
    HINTS_FOUND,
    HINTS_MISSING,
    HINTS_FAILED, /* the database cannot be used now: err says why */
};

/* In what follows err must not be NULL. */

/* Reads a record into the arena. Where there is no database yet, none is made. */
enum hints_status hints_get(struct hints *hints, enum hints_purpose purpose, struct str key,
                            struct arena *arena, struct hints_record *record, struct error *err);

/* Writes a record over the one with its key; record->written is not looked at. False: err. */
bool hints_put(struct hints *hints, enum hints_purpose purpose, const struct hints_record *record,
               struct error *err);

/* Removes a record, if it is there. False: err. */
bool hints_delete(struct hints *hints, enum hints_purpose purpose, struct str key, struct error *err);

/* What becomes of a record. */
enum hints_change { HINTS_KEEP, HINTS_WRITE, HINTS_DELETE };

/* Decides with the record at hand while no other process can change it: found tells whether there is one;
 * its key is set in any case. For HINTS_WRITE, record->value and record->expires are what is written. The
 * function must be quick and must not use the store. */
typedef enum hints_change (*hints_decide)(void *context, bool found, struct hints_record *record);

/* Reads, decides and writes in one. The record that decide sees lives in the arena. False: err; decide may
 * then have been called, or not, and nothing is changed. */
bool hints_update(struct hints *hints, enum hints_purpose purpose, struct str key, struct arena *arena,
                  hints_decide decide, void *context, struct error *err);

/* All records whose keys begin with the prefix (which may be empty), in the order of their keys, in the
 * arena. Where there is no database there are none. False: err. */
bool hints_list(struct hints *hints, enum hints_purpose purpose, struct str prefix, struct arena *arena,
                struct hints_record **records, size_t *n, struct error *err);

/* Removes what has expired. The store does that by itself, a little with every so many changes; this is for
 * whoever wants it done at once. False: err. */
bool hints_tidy(struct hints *hints, enum hints_purpose purpose, struct error *err);

#endif
