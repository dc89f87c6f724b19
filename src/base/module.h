/* Loadable modules: shared objects that a driver or lookup type is kept in until a configuration names it. */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include "base/error.h"

/* What every module exports begins with this. */
struct module_head {
    unsigned abi; /* which version of the headers it was built with */
};

/* Maps the module of that name ("lookup_sqlite") and returns what it exports as `symbol`, when that is of
 * the version `abi`. It is the file NAME.so of the directory `modules` beside the program, when there is one,
 * as where it was built; else of `directory`. Modules stay mapped: dlopen() keeps one copy for the process.
 * NULL: err (which may be NULL) says why. */
const void *module_load(const char *directory, const char *name, const char *symbol, unsigned abi,
                        struct error *err);

#endif
