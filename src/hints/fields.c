/* Fields of hints records: eight octets for a number, highest first; a number and the octets for a string. */
#include "hints/fields.h"

#include <assert.h>
#include <string.h>

enum { NUMBER_SIZE = 8, OCTET_BITS = 8 };

void fields_add_int(struct buffer *out, int64_t number)
{
    uint64_t bits = (uint64_t)number;

    for (int shift = (NUMBER_SIZE - 1) * OCTET_BITS; shift >= 0; shift -= OCTET_BITS)
        buffer_add_char(out, (char)(bits >> shift & 0xff));
}

void fields_add_double(struct buffer *out, double number)
{
    int64_t bits;

    static_assert(sizeof bits == sizeof number, "a double has 64 bits");
    memcpy(&bits, &number, sizeof bits);
    fields_add_int(out, bits);
}

void fields_add_str(struct buffer *out, struct str text)
{
    fields_add_int(out, (int64_t)text.n);
    buffer_add(out, text);
}

bool fields_begin(struct fields *fields, struct str value, int64_t layout)
{
    *fields = (struct fields){.p = value.s, .end = value.s + value.n, .tainted = value.tainted};
    return fields_int(fields) == layout && !fields->bad;
}

int64_t fields_int(struct fields *fields)
{
    uint64_t bits = 0;

    if (fields->bad || fields->end - fields->p < NUMBER_SIZE) {
        fields->bad = true;
        return 0;
    }
    for (int i = 0; i < NUMBER_SIZE; i++)
        bits = bits << OCTET_BITS | (unsigned char)*fields->p++;
    return (int64_t)bits;
}

double fields_double(struct fields *fields)
{
    int64_t bits = fields_int(fields);
    double number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

struct str fields_str(struct fields *fields)
{
    int64_t n = fields_int(fields);
    struct str text = {"", 0, fields->tainted};

    if (fields->bad || n < 0 || n > fields->end - fields->p) {
        fields->bad = true;
        return text;
    }
    text = (struct str){fields->p, (size_t)n, fields->tainted};
    fields->p += n;
    return text;
}

bool fields_end(const struct fields *fields)
{
    return !fields->bad && fields->p == fields->end;
}
