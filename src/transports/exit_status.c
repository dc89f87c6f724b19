/* Exit statuses: see exit_status.h. */
#include "transports/exit_status.h"

#include <string.h>

struct str exit_status_meaning(struct arena *arena, int code)
{
    static const char *const meanings[] = {
        [64 - 64] = "usage or syntax error",   [65 - 64] = "error in input data",
        [66 - 64] = "input data missing",      [67 - 64] = "user nonexistent",
        [68 - 64] = "host nonexistent",        [69 - 64] = "service or program unavailable",
        [70 - 64] = "internal software error", [71 - 64] = "internal operating system error",
        [72 - 64] = "system file missing",     [73 - 64] = "can't create output file",
        [74 - 64] = "input/output error",      [75 - 64] = "temporary error",
        [76 - 64] = "protocol error",          [77 - 64] = "permission denied",
        [78 - 64] = "configuration error",
    };

    if (code >= 64 && code <= 78)
        return str_printf(arena, " (could mean %s)", meanings[code - 64]);
    if (code == 127)
        return STR(" (could mean unable to exec or command does not exist)");
    if (code > 128 && code < 256)
        return str_printf(arena, " (could mean shell command ended by signal %d (%s))", code - 128,
                          strsignal(code - 128));
    return STR("");
}
