/* file_format: which transport an existing mailbox is for (manual, 26.2). */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strlist.h"
#include "config/config.h"
#include "transports/mailbox.h"

const struct transport_instance *mailbox_format(struct mailbox *m, bool *known)
{
    char head[256];
    int fd = open(m->path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : 0;
    struct strlist list;
    struct str text, name;

    if (fd >= 0)
        close(fd);
    *known = true;
    if (n <= 0)
        return NULL;
    strlist_begin(&list, m->config->file_format, ':');
    while (strlist_next(&list, m->delivery->arena, &text) && strlist_next(&list, m->delivery->arena, &name)) {
        const struct transport_instance *t;

        if ((size_t)n < text.n || memcmp(head, text.s, text.n) != 0)
            continue;
        t = transport_find(config_drivers(m->delivery->config, "transports"), name);
        *known = t && t->instance.driver == m->delivery->transport->instance.driver;
        return t == m->delivery->transport ? NULL : t;
    }
    *known = false;
    return NULL;
}
