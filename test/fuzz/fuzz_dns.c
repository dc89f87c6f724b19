/* Answers of the DNS: whatever octets come, each record that is found lies within the message, its names and strings
 * are values as they should be, and an answer that cannot be read has no records. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/dns_csa.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* At most what a name's 255 octets take with every one of them escaped. */
enum { NAME_MAX = 4 * 255 };

static void check_value(struct str v, size_t most)
{
    require(str_is_null(v) || (v.n <= most && v.s[v.n] == '\0' && (v.tainted || v.n == 0)));
}

static void check_name(struct str name)
{
    check_value(name, NAME_MAX);
    for (size_t i = 0; i < name.n; i++)
        require(name.s[i] > ' ' && name.s[i] < '\x7f'); /* others are escaped */
}

static void check_record(const struct dns_record *r, size_t message_n)
{
    check_name(r->name);
    check_name(r->target);
    check_name(r->mailbox);
    check_value(r->certificate_data, message_n);
    require(r->ip.bits == 0 || r->ip.bits == 32 || r->ip.bits == 128);
    require(r->string_count <= message_n);
    for (size_t i = 0; i < r->string_count; i++)
        check_value(r->strings[i], 255);
}

static void check_walks(const struct dns_answer *answer)
{
    static const enum dns_type types[] = {DNS_A, DNS_CNAME, DNS_MX, DNS_SRV, DNS_TXT, DNS_SOA};
    const struct dns_record *r;
    size_t found;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int section = DNS_ANSWER; section <= DNS_ADDITIONAL; section++) {
            found = 0;
            r = NULL;
            while ((r = dns_next_in(answer, (enum dns_section)section, types[i], r))) {
                require(r->type == types[i] && (int)r->section == section && ++found <= answer->count);
                if (r->type == DNS_SRV)
                    csa_authorization(r, found % 2 == 0);
            }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct dns_answer answer;
    unsigned char *copy = malloc(size ? size : 1); /* of exactly its size, so that nothing behind it is read unseen */

    require(copy != NULL);
    memcpy(copy, data, size);
    enum dns_status status = dns_parse(arena, copy, size, &answer);
    free(copy);
    require(status == answer.status);
    check_name(answer.name);
    require(status != DNS_FOUND || answer.count > 0);
    require(status != DNS_FAIL || !str_is_null(answer.why));
    for (size_t i = 0; i < answer.count; i++)
        check_record(&answer.records[i], size);
    check_walks(&answer);
    arena_free(arena);
    return 0;
}
