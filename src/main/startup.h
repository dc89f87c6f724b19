/* What every mode needs before it begins: the configuration read, its ACLs compiled, the facts that
 * expansions see about the process. */
#ifndef MAIN_STARTUP_H
#define MAIN_STARTUP_H

#include <stdbool.h>

#include "acl/acl.h"
#include "base/error.h"
#include "config/config.h"
#include "expand/scope.h"
#include "mail/retry_rules.h"
#include "main/command_line.h"

/* A configuration ready for use. Everything is prepared here so that nothing is left to do per connection. */
struct program {
    struct arena *arena;
    const struct command_line *cl;
    struct config *config;
    struct acl_set *acls;
    struct retry_rules retry;
    const struct rewrite_rules *rewrite; /* NULL: none */
    struct scope_process process;
    struct str caller_login, caller_name; /* see caller_identify() */
    int delivery_fd; /* in a daemon: where its workers tell the master of messages; else -1 */
};

/* The sections of drivers that a configuration can have; NULL-terminated. */
extern const struct driver_class *const program_classes[];

/* Reads and compiles the configuration that the command line asks for. NULL: err says why, with its place;
 * log_file_path (may be NULL) is then what the file says of it before the fault, in err's arena. */
struct program *program_load(const struct command_line *cl, struct str *log_file_path, struct error *err);
void program_free(struct program *program);

/* A scope of what there is apart from any session, message or address; expansions work in the arena. */
struct scope program_scope(const struct program *program, struct arena *arena);

/* Tells the user on standard error, in the form that Exim has in that mode. */
void report_error(const struct error *err, enum mode mode);

#endif
