/* The argument of the pam condition: the user and the answers to come, whatever the list is. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "passwords/pam_answers.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str list = str_copy_n(arena, (const char *)data, size, true), answer;
    struct pam_answers answers;
    size_t n = 0;

    if (pam_answers_begin(&answers, arena, list)) {
        if (answers.user.n == 0 || answers.user.n > size || str_find(answers.user, '\0') >= 0)
            abort();
        while (pam_answers_next(&answers, &answer))
            if (++n > size + 2 || answer.n > size || str_find(answer, '\0') >= 0)
                abort();
        if (n == 0)
            abort();
    }
    arena_free(arena);
    return 0;
}
