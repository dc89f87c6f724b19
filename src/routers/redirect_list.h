/* Lists of aliases and forwards (manual, 22.4 to 22.6): addresses, files, pipes and special items. Private to
 * src/routers. */
#ifndef ROUTERS_REDIRECT_LIST_H
#define ROUTERS_REDIRECT_LIST_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "mail/recipient.h"

struct redirect_rules {
    bool allow_defer, allow_fail;
    bool forbid_blackhole, forbid_include;
    bool skip_errors;             /* malformed addresses are left out */
    struct str include_directory; /* STR_NULL: files may be included from anywhere */
    struct str incoming_domain;   /* completes \local */
    struct str qualify_domain;    /* completes local */
};

struct redirect_item {
    struct redirect_item *next;
    enum mail_target target;
    struct str text; /* a complete address, or a path, or a command behind its | */
};

enum redirect_kind {
    REDIRECT_NOTHING,       /* there is nothing in it, or nothing that had no errors */
    REDIRECT_ADDRESSES,
    REDIRECT_BLACKHOLE,
    REDIRECT_FAIL,          /* message: what stands behind :fail: */
    REDIRECT_DEFER,         /* ... behind :defer: */
    REDIRECT_ERROR,         /* err says what is wrong */
};

struct redirect_result {
    enum redirect_kind kind;
    struct redirect_item *items;
    struct str message;
    struct redirect_fault {
        struct redirect_fault *next;
        struct str why, item;
    } *faults; /* that were skipped */
};

/* Takes the list apart. What it finds lives in the arena. err is set for REDIRECT_ERROR. */
enum redirect_kind redirect_list_read(struct arena *arena, struct str list, const struct redirect_rules *rules,
                                      struct redirect_result *result, struct error *err);

#endif
