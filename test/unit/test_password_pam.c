/* The argument of the pam condition. */
#include "base/buffer.h"
#include "passwords/pam_answers.h"
#include "testing.h"

/* The user and the answers that the list has, with bars between them; "none" when there is no user. */
static const char *answers_of(struct arena *arena, struct str list)
{
    struct buffer out = BUFFER_IN(arena);
    struct pam_answers answers;
    struct str answer;

    if (!pam_answers_begin(&answers, arena, list))
        return "none";
    buffer_add(&out, answers.user);
    while (pam_answers_next(&answers, &answer)) {
        buffer_add_char(&out, '|');
        buffer_add(&out, answer);
    }
    assert_false(pam_answers_next(&answers, &answer));
    return buffer_str(&out).s;
}

static void test_lists(void **state)
{
    static const struct {
        const char *list, *answers;
    } cases[] = {
        {"alice:secret", "alice|secret|"}, {" alice : secret ", "alice|secret|"}, {"alice", "alice|"},
        {"alice:", "alice|"},              {"alice: :", "alice||"},              {"alice:a::b:c", "alice|a:b|c|"},
        {"<; alice;a:b; c", "alice|a:b|c|"}, {"", "none"},                       {":", "none"},
        {":secret", "none"},               {" : secret", "none"},                {"alice:: :x", "alice:|x|"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(answers_of(*state, str_of(cases[i].list)), cases[i].answers);
}

static void test_nuls(void **state)
{
    assert_string_equal(answers_of(*state, STR("alice\0:secret")), "none");
    assert_string_equal(answers_of(*state, STR("alice:secret\0")), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {arena_test(test_lists), arena_test(test_nuls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
