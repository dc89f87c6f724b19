/* The modes that end when they have answered; each returns the exit code. */
#ifndef MAIN_MODES_H
#define MAIN_MODES_H

#include "main/startup.h"

/* -bV: what this build has (before the configuration is read). */
void version_print(void);

/* What there is to add to that when the configuration has been read, and modules with it. */
void version_print_modules(void);

/* -bI: what scripts ask the program about itself. */
int info_mode(const char *what);

/* -bI:unsupported: what Exim has and this build has not. */
void unsupported_print(const struct driver_class *const *classes);

/* -bP: values of the configuration. */
int print_mode(struct program *program);

/* -bt, -bv, -bvs: what becomes of addresses. */
int address_mode(struct program *program);

/* -brw: what the rewriting rules make of an address. */
int rewrite_mode(struct program *program);

/* -brt: which retry rule applies. */
int retry_mode(struct program *program);

/* -be: expands arguments, or lines of standard input. */
int expand_mode(struct program *program);

/* -bh and -bs: a session on standard input and output. */
int session_mode(struct program *program);

/* -bm, -t: a message on standard input. */
int message_mode(struct program *program);

/* -bp: lists the queue. */
int list_mode(struct program *program);

/* -M: does something to messages in the queue. */
int manage_mode(struct program *program);

/* -q, -R, -S: one queue run. */
int run_mode(struct program *program);

/* -bi: runs bi_command. */
int alias_mode(struct program *program);

#endif
