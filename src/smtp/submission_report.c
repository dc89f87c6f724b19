/* Texts about refused submissions: see submission_report.h. They are Exim's. */
#include "smtp/submission_report.h"

#include <stdio.h>

#include "base/buffer.h"

/* --- Standard error */

static void print_bad_headers(const struct submission_report *report)
{
    const struct submission_bad_address *bad = report->bad;
    bool several = bad->next != NULL;

    fprintf(stderr, "exim: invalid address%s", several ? "es:\n" : ":");
    for (; bad; bad = bad->next)
        fprintf(stderr, "  %.*s: %.*s\n", STR_ARG(bad->address), STR_ARG(bad->reason));
}

void submission_report_print(const struct submission_report *report)
{
    switch (report->fault) {
    case SUBMISSION_BAD_ARGUMENT:
        fprintf(stderr, "exim: bad recipient address \"%.*s\": %.*s\n", STR_ARG(report->bad->address),
                STR_ARG(report->bad->reason));
        break;
    case SUBMISSION_BAD_HEADERS:
        print_bad_headers(report);
        break;
    case SUBMISSION_NOBODY:
    case SUBMISSION_NOBODY_LEFT:
        fputs("exim: no recipients in message\n", stderr);
        break;
    case SUBMISSION_TOO_BIG:
        fprintf(stderr, "exim: message rejected: message too big (max=%lld)\n", (long long)report->limit);
        break;
    case SUBMISSION_LONG_HEADERS:
        fprintf(stderr, "exim: message header longer than %lld characters received: message not accepted\n",
                (long long)report->limit);
        break;
    case SUBMISSION_LONG_HEADER:
        fprintf(stderr, "exim: message header line longer than %lld characters received: message not accepted\n",
                (long long)report->limit);
        break;
    case SUBMISSION_REJECTED:
        fprintf(stderr, "exim: message rejected by non-SMTP ACL: %.*s\n", STR_ARG(report->text));
        break;
    }
}

/* --- The log */

struct str submission_report_summary(struct arena *arena, const struct submission_report *report)
{
    switch (report->fault) {
    case SUBMISSION_BAD_ARGUMENT:
    case SUBMISSION_BAD_HEADERS:
        return str_printf(arena, "at least one malformed recipient address: %.*s - %.*s", STR_ARG(report->bad->address),
                          STR_ARG(report->bad->reason));
    case SUBMISSION_NOBODY:
    case SUBMISSION_NOBODY_LEFT:
        return STR("no recipient addresses");
    case SUBMISSION_TOO_BIG:
        return str_printf(arena, "message too big (limit set to %lld)", (long long)report->limit);
    case SUBMISSION_LONG_HEADERS:
    case SUBMISSION_LONG_HEADER:
        return str_printf(arena, "excessively long message header %s read (more than %lld characters)",
                          report->fault == SUBMISSION_LONG_HEADERS ? "section" : "line", (long long)report->limit);
    case SUBMISSION_REJECTED:
        return str_join(arena, STR("rejected by non-SMTP ACL: "), report->text);
    }
    return STR("");
}

/* --- The message */

static const char *subject_of(enum submission_fault fault)
{
    switch (fault) {
    case SUBMISSION_BAD_ARGUMENT:
    case SUBMISSION_BAD_HEADERS:
        return "malformed recipient address";
    case SUBMISSION_NOBODY:
    case SUBMISSION_NOBODY_LEFT:
        return "no recipient addresses";
    case SUBMISSION_TOO_BIG:
        return "message too big";
    case SUBMISSION_LONG_HEADERS:
        return "overlong header section";
    case SUBMISSION_LONG_HEADER:
        return "overlong header line";
    case SUBMISSION_REJECTED:
        return "rejected by local scanning code";
    }
    return "";
}

static void add_bad_headers(struct buffer *b, const struct submission_report *report)
{
    bool several = report->bad->next != NULL;

    buffer_add_cstr(b, "A message that you sent contained one or more recipient addresses that were\n"
                       "incorrectly constructed:\n\n");
    for (const struct submission_bad_address *bad = report->bad; bad; bad = bad->next)
        buffer_printf(b, "  %.*s: %.*s\n", STR_ARG(bad->address), STR_ARG(bad->reason));
    buffer_printf(b, "\n%s ignored. ", several ? "These addresses have been" : "This address has been");
    buffer_add_cstr(b, report->goes_on ? "The other addresses in the message were\n"
                                         "syntactically valid and have been passed on for an attempt at delivery.\n"
                                       : "There were no other addresses in your\n"
                                         "message, and so no attempt at delivery was possible.\n");
}

static void add_reason(struct buffer *b, const struct submission_report *report)
{
    switch (report->fault) {
    case SUBMISSION_BAD_ARGUMENT:
        buffer_printf(b,
                      "A message that you sent contained a recipient address that was incorrectly\n"
                      "constructed:\n\n  %.*s  %.*s\n\n"
                      "The message has not been delivered to any recipients.\n",
                      STR_ARG(report->bad->address), STR_ARG(report->bad->reason));
        break;
    case SUBMISSION_BAD_HEADERS:
        add_bad_headers(b, report);
        break;
    case SUBMISSION_NOBODY:
        buffer_add_cstr(b, "A message that you sent contained no recipient addresses, and therefore no\n"
                           "delivery could be attempted.\n");
        break;
    case SUBMISSION_NOBODY_LEFT:
        buffer_add_cstr(b, "A message that you sent using the -t command line option contained no\n"
                           "addresses that were not also on the command line, and were therefore\n"
                           "suppressed. This left no recipient addresses, and so no delivery could\n"
                           "be attempted.\n");
        break;
    case SUBMISSION_TOO_BIG:
        buffer_add_cstr(b, "A message that you sent was longer than the maximum size allowed on this\n"
                           "system. It was not delivered to any recipients.\n");
        break;
    case SUBMISSION_LONG_HEADERS:
    case SUBMISSION_LONG_HEADER:
        buffer_printf(b,
                      "A message that you sent contained a header %s that was excessively\n"
                      "long and could not be handled by the mail transmission software. The\n"
                      "message has not been delivered to any recipients.\n",
                      report->fault == SUBMISSION_LONG_HEADERS ? "section" : "line");
        break;
    case SUBMISSION_REJECTED:
        buffer_printf(b,
                      "A message that you sent was rejected by the local scanning code that\n"
                      "checks incoming messages on this system. The following error was given:\n\n  %.*s\n",
                      STR_ARG(report->text));
        break;
    }
}

static void add_copy(struct buffer *b, const struct submission_report *report, const struct main_options *options)
{
    if (!options->bounce_return_message)
        return;
    buffer_add_cstr(b, "\n------ This is a copy of your message, including all the headers.");
    if (report->cut)
        buffer_printf(b, "\n------ No more than %lld characters of the body are included.\n\n",
                      (long long)options->bounce_return_size_limit);
    else
        buffer_add_cstr(b, " ------\n\n");
    buffer_add(b, report->headers);
    buffer_add_char(b, '\n');
    if (options->bounce_return_body)
        buffer_add(b, report->body);
}

struct str submission_report_message(struct arena *arena, const struct submission_report *report,
                                     const struct main_options *options, struct str from)
{
    struct buffer b = BUFFER_IN(arena);

    if (!str_is_empty(options->errors_reply_to))
        buffer_printf(&b, "Reply-To: %.*s\n", STR_ARG(options->errors_reply_to));
    buffer_printf(&b, "Auto-Submitted: auto-replied\nFrom: %.*s\nTo: %.*s\n", STR_ARG(from), STR_ARG(report->sender));
    if (!str_is_empty(report->message_id))
        buffer_printf(&b, "References: %.*s\n", STR_ARG(report->message_id));
    buffer_printf(&b, "Subject: Mail failure - %s\n\n", subject_of(report->fault));
    add_reason(&b, report);
    add_copy(&b, report, options);
    return buffer_str(&b);
}
