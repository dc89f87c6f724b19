/* Loadable modules: see module.h. */
#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Who can write beside the program can replace the program: modules there are as good as it is. */
static bool beside_program(char *path, size_t room)
{
    static const char modules[] = "/modules";
    ssize_t n = readlink("/proc/self/exe", path, room - sizeof modules);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

    if (!slash)
        return false;
    memcpy(slash, modules, sizeof modules);
    return access(path, F_OK) == 0;
}

const void *module_load(const char *directory, const char *name, const char *symbol, unsigned abi,
                        struct error *err)
{
    char beside[PATH_MAX], path[PATH_MAX + 128];
    const struct module_head *head;
    void *handle;

    snprintf(path, sizeof path, "%s/%s.so", beside_program(beside, sizeof beside) ? beside : directory, name);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        error_set(err, "%s", dlerror());
        return NULL;
    }
    head = dlsym(handle, symbol);
    if (head && head->abi == abi)
        return head;
    error_set(err, "%s is not a module of this version", path);
    dlclose(handle);
    return NULL;
}
