/* How an expanded string counts as a condition: see truth.h. */
#include "base/truth.h"

enum truth truth_of(struct str v)
{
    if (v.n == 0 || str_is(v, "0") || str_is_nocase(v, "no") || str_is_nocase(v, "false"))
        return TRUTH_NO;
    if (str_is(v, "1") || str_is_nocase(v, "yes") || str_is_nocase(v, "true"))
        return TRUTH_YES;
    return TRUTH_OTHER;
}
