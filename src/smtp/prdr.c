/* Per-recipient responses: see prdr.h. */
#include "smtp/prdr.h"

#include <string.h>

#include "smtp/envelope.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

/* What has become of the recipients so far. */
struct tally {
    bool all_accepted;
    bool all_refused; /* for good, or thrown away */
};

static const struct response {
    const char *code, *word;
    bool kept;    /* it stays a recipient */
    bool refused; /* nothing more is to be done about it */
} responses[] = {
    [ACL_ACCEPT] = {"250", "acceptance", true, false}, [ACL_DISCARD] = {"250", "acceptance", false, true},
    [ACL_DEFER] = {"450", "temporary refusal", false, false}, [ACL_DENY] = {"550", "refusal", false, true},
    [ACL_DROP] = {"550", "refusal", false, true}, [ACL_ERROR] = {"550", "refusal", false, true},
};

static struct str first_line(struct arena *arena, struct str text)
{
    ptrdiff_t lf = str_find(text, '\n');

    return lf < 0 ? text : str_sub(arena, text, 0, (size_t)lf);
}

static void log_response(struct smtp_session *s, struct str address, struct str text,
                         const struct acl_outcome *outcome)
{
    struct str why = str_is_empty(outcome->log_message) ? outcome->user_message : outcome->log_message;

    if (str_is_empty(why))
        log_write_str(LOG_MAIN, text);
    else
        log_write(LOG_MAIN, "PRDR %.*s %.*s", STR_ARG(address), STR_ARG(first_line(s->scratch, why)));
}

static void respond(struct smtp_session *s, struct str address, const struct acl_outcome *outcome)
{
    const struct response *r = &responses[outcome->result];
    struct str text = str_printf(s->scratch, "PRDR R=<%.*s> %s", STR_ARG(address), r->word);

    if (str_is_empty(outcome->user_message))
        smtp_respond(s, str_of(r->code), text, true);
    else
        smtp_respond_message(s, r->code, outcome->user_message);
    log_response(s, address, text, outcome);
}

/* $local_part and $domain are the recipient's. */
static void ask(struct smtp_session *s, struct str address, struct acl_outcome *outcome)
{
    struct error err = ERROR_IN(s->scratch);
    struct address parts;

    s->address = (struct scope_address){0};
    if (smtp_parse_address(s, address, false, &parts, &err))
        smtp_set_address(s, &parts);
    smtp_policy_run(s, ACL_WHERE_PRDR, STR_NULL, outcome);
}

static void ask_all(struct smtp_session *s, struct tally *tally)
{
    struct scope_message *m = &s->message;

    for (size_t i = 0; i < m->recipients_count;) {
        struct acl_outcome outcome;
        const struct response *r;
        struct str address = m->recipients[i].address;

        ask(s, address, &outcome);
        respond(s, address, &outcome);
        r = &responses[outcome.result];
        tally->all_accepted = tally->all_accepted && r->kept;
        tally->all_refused = tally->all_refused && r->refused;
        if (r->kept) {
            i++;
            continue;
        }
        m->recipients_count--;
        memmove(&m->recipients[i], &m->recipients[i + 1],
                (m->recipients_count - i) * sizeof m->recipients[i]);
    }
    s->address = (struct scope_address){0};
}

/* The log names those that were accepted before the data came (received_recipients). */
static void remember_recipients(struct smtp_session *s)
{
    struct smtp_transaction *t = &s->transaction;
    const struct scope_message *m = &s->message;

    t->recipients_before_prdr = ARENA_ARRAY(s->transaction_arena, struct scope_recipient, m->recipients_count);
    memcpy(t->recipients_before_prdr, m->recipients, m->recipients_count * sizeof *m->recipients);
    t->recipients_count_before_prdr = m->recipients_count;
}

bool smtp_prdr(struct smtp_session *s)
{
    struct smtp_transaction *t = &s->transaction;
    struct tally tally = {true, true};

    if (!s->connection.prdr_requested || s->message.recipients_count < 2)
        return true;
    remember_recipients(s);
    smtp_reply(s, "353 PRDR content analysis beginning");
    ask_all(s, &tally);
    t->prdr_verdict = str_printf(s->transaction_arena, "%s id=%.*s message %s", tally.all_refused ? "550" : "250",
                                 STR_ARG(s->message.message_id),
                                 tally.all_accepted  ? "accepted"
                                 : tally.all_refused ? "rejected for all recipients"
                                                     : "accepted for some recipients");
    if (s->message.recipients_count > 0)
        return true;
    smtp_reply_str(s, t->prdr_verdict);
    return false;
}
