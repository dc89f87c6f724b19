/* A directory for a test's files: see temp_files.h. */
#include "temp_files.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

int temp_files_setup(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct temp_files *files = ARENA_NEW(arena, struct temp_files);

    files->arena = arena;
    snprintf(files->directory, sizeof files->directory, "/tmp/gatepost-unit-XXXXXX");
    if (!mkdtemp(files->directory))
        return -1;
    *state = files;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

int temp_files_teardown(void **state)
{
    struct temp_files *files = *state;

    nftw(files->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(files->arena);
    return 0;
}

struct str temp_path(struct temp_files *files, const char *name)
{
    return str_printf(files->arena, "%s/%s", files->directory, name);
}

struct str temp_file_octets(struct temp_files *files, const char *name, const char *contents, size_t n)
{
    struct str path = temp_path(files, name);
    int fd = open(path.s, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, contents, n), (ssize_t)n);
    close(fd);
    return path;
}

struct str temp_file(struct temp_files *files, const char *name, const char *contents)
{
    return temp_file_octets(files, name, contents, strlen(contents));
}
