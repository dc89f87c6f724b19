/* Loadable modules: shared objects that a driver or lookup type is kept in until a configuration names it. */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include <stdbool.h>

#include "base/error.h"

#include "module_build.h"

/* What every module exports begins with this: MODULE_BUILD, a checksum of the headers that it was built with. A
 * module of another build may have other ideas of what is in a struct. */
struct module_head {
    unsigned build;
};

/* Maps the module of that name ("lookup_sqlite") and returns what it exports as `symbol`, when it is of this
 * build. It is the file NAME.so of the directory `modules` beside the program, when there is one,
 * as where it was built; else of `directory`. Modules stay mapped: dlopen() keeps one copy for the process.
 * NULL: err (which may be NULL) says why. */
const void *module_load(const char *directory, const char *name, const char *symbol, struct error *err);

/* Whether that module is mapped already. Asking does not map it. */
bool module_is_mapped(const char *directory, const char *name);

#endif
