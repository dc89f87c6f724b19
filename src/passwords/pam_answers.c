/* Reading the argument of the pam condition: see pam_answers.h. */
#include "passwords/pam_answers.h"

bool pam_answers_begin(struct pam_answers *answers, struct arena *arena, struct str list)
{
    *answers = (struct pam_answers){.arena = arena};
    strlist_begin(&answers->rest, list, ':');
    return str_find(list, '\0') < 0 && strlist_next(&answers->rest, arena, &answers->user) &&
           !str_is_empty(answers->user);
}

bool pam_answers_next(struct pam_answers *answers, struct str *answer)
{
    if (strlist_next(&answers->rest, answers->arena, answer))
        return true;
    if (answers->exhausted)
        return false;
    answers->exhausted = true;
    *answer = STR("");
    return true;
}
