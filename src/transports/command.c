/* Commands of the pipe transport and of transport filters (manual, 29.3): words first, expansion then. */
#include <string.h>

#include "base/arena.h"
#include "base/command_words.h"
#include "expand/expand.h"
#include "transports/write.h"

struct words {
    struct arena *arena;
    char **v;
    size_t n;
};

static void add_word(struct words *words, struct str word)
{
    words->v = arena_grow(words->arena, words->v, (words->n + 1) * sizeof *words->v,
                          (words->n + 2) * sizeof *words->v);
    words->v[words->n++] = (char *)str_copy(words->arena, word).s;
}

static bool expand_word(struct delivery *delivery, struct str command, struct str *word, struct error *err)
{
    struct error why = ERROR_IN(delivery->arena);
    struct str text;

    switch (expand_string(delivery->scope, *word, delivery->arena, &text, &why)) {
    case EXPAND_OK:
        *word = text;
        return true;
    case EXPAND_FORCED:
        why.text = STR("forced failure");
        break;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return error_set(err, "Expansion of \"%.*s\" from command \"%.*s\" in %.*s transport failed: %.*s", STR_ARG(*word),
                     STR_ARG(command), STR_ARG(delivery->transport->instance.name), STR_ARG(why.text));
}

/* The words of $address_pipe, which are not expanded: see manual, 29.3, force_command. */
static void add_pipe_words(struct delivery *delivery, struct words *words)
{
    struct str text = delivery->scope->address->address_pipe, word;
    const char *p = text.s, *end = str_end(text);

    while (command_word_next(delivery->arena, &p, end, text.tainted, &word))
        add_word(words, word);
}

char **transport_command(struct delivery *delivery, struct str command, bool expand_words, struct error *err)
{
    struct words words = {.arena = delivery->arena, .v = ARENA_ARRAY(delivery->arena, char *, 1)};
    const char *p = command.s, *end = str_end(command);
    struct str word;

    while (command_word_next(delivery->arena, &p, end, command.tainted, &word)) {
        if (str_is(word, "$pipe_addresses")) {
            for (const struct mail_recipient *r = delivery->recipients; r; r = r->next)
                add_word(&words, r->address);
            continue;
        }
        if (expand_words && str_is(word, "$address_pipe")) {
            add_pipe_words(delivery, &words);
            continue;
        }
        if (expand_words && !expand_word(delivery, command, &word, err))
            return NULL;
        add_word(&words, word);
    }
    if (words.n == 0) {
        error_set(err, "empty command in %.*s transport", STR_ARG(delivery->transport->instance.name));
        return NULL;
    }
    return words.v;
}
