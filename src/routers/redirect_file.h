/* The file that a redirect router takes its list from (manual, 22.10: file, modemask, owners ...). Private to
 * src/routers. */
#ifndef ROUTERS_REDIRECT_FILE_H
#define ROUTERS_REDIRECT_FILE_H

#include "routers/redirect.h"
#include "routers/routing.h"

enum redirect_file {
    REDIRECT_FILE_READ,
    REDIRECT_FILE_ABSENT,
    REDIRECT_FILE_BAD, /* err says what is wrong with it */
};

/* Reads the whole file, having checked whose it is and who may write it. */
enum redirect_file redirect_file_read(struct routing *r, const struct redirect_config *config, struct str path,
                                      struct str *content, struct error *err);

/* For a process that may: takes on the user that the router runs for, and gives that up again. False: err. */
struct redirect_user {
    bool changed;
    gid_t gid;
};
bool redirect_become_user(struct routing *r, struct redirect_user *before, struct error *err);
void redirect_become_self(const struct redirect_user *before);

#endif
