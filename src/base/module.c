/* Loadable modules: see module.h. */
#include "base/module.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

static void path_of(char *path, size_t room, const char *directory, const char *name)
{
    char beside[PATH_MAX];

    snprintf(path, room, "%s/%s.so", beside_program(beside, sizeof beside) ? beside : directory, name);
}

/* Whether the file has been cut off: what ends an ELF file is the table of its sections. The loader would map what is
 * not there, and crash. Files of other kinds it knows how to refuse. */
static bool is_cut(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ElfW(Ehdr) head;
    struct stat info;
    bool known = fd >= 0 && read(fd, &head, sizeof head) == (ssize_t)sizeof head && fstat(fd, &info) == 0 &&
                 memcmp(head.e_ident, ELFMAG, SELFMAG) == 0;

    if (fd >= 0)
        close(fd);
    return known && (uint64_t)head.e_shoff + (uint64_t)head.e_shnum * head.e_shentsize > (uint64_t)info.st_size;
}

const void *module_load(const char *directory, const char *name, const char *symbol, struct error *err)
{
    char path[PATH_MAX + 128];
    const struct module_head *head;
    void *handle;

    path_of(path, sizeof path, directory, name);
    if (is_cut(path)) {
        error_set(err, "%s: the file is not whole", path);
        return NULL;
    }
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        error_set(err, "%s", dlerror());
        return NULL;
    }
    head = dlsym(handle, symbol);
    if (head && head->build == MODULE_BUILD)
        return head;
    error_set(err, head ? "%s is a module of another build of gatepost" : "%s is no module of gatepost", path);
    dlclose(handle);
    return NULL;
}

bool module_is_mapped(const char *directory, const char *name)
{
    char path[PATH_MAX + 128];
    void *handle;

    path_of(path, sizeof path, directory, name);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (handle)
        dlclose(handle);
    return handle != NULL;
}
