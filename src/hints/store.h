/* The databases behind the hints store. Private to src/hints. */
#ifndef HINTS_STORE_H
#define HINTS_STORE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "hints/hints.h"

enum hints_statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_GET,
    STATEMENT_PUT,
    STATEMENT_DELETE,
    STATEMENT_LIST,
    STATEMENT_TIDY,
    STATEMENT_COUNT
};

struct hints_database {
    sqlite3 *db; /* NULL: not open */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    pid_t process; /* that opened it */
    dev_t device;  /* of the file that is open */
    ino_t inode;
    unsigned changes; /* since expired records were last looked for */
};

/* The database of that purpose, open in this process, for the file that is there now. create: makes it when
 * it is missing. NULL: err is set, or (not create) there is none and err is left alone. */
struct hints_database *hints_open(struct hints *hints, enum hints_purpose purpose, bool create,
                                  struct error *err);

/* Something failed in an open database. Sets err. True: the file was damaged, has been set aside, and the
 * work may be begun again with a new one. */
bool hints_recover(struct hints *hints, enum hints_purpose purpose, int status, struct error *err);

#endif
