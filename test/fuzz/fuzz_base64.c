/* Base64 and xtext: arbitrary octets are encoded and come back the same, and whatever is decoded at all is
 * exactly the encoding of what came out. A second, slower decoder that follows the RFC's wording has to
 * agree. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/xtext.h"

#include "fuzz.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The value in memory of exactly its size, so that the sanitizer sees a read beyond it. */
static struct str exact(const uint8_t *data, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);

    require(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return (struct str){copy, size, true};
}

static bool terminated(struct str v)
{
    return v.s != NULL && v.s[v.n] == '\0';
}

/* Base64 bit by bit: appends each digit's six bits, then cuts octets off; what is left must be zero bits. */
static bool decode_bitwise(struct str text, char *out, size_t *out_n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = text.n, bits = 0;

    if (text.n % 4 != 0)
        return false;
    for (int i = 0; i < 2 && n > 0 && text.s[n - 1] == '='; i++)
        n--;
    memset(out, 0, text.n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *digit = text.s[i] == '\0' ? NULL : strchr(digits, text.s[i]);
        if (digit == NULL)
            return false;
        for (int bit = 5; bit >= 0; bit--, bits++)
            if (((digit - digits) >> bit & 1) != 0)
                out[bits / 8] = (char)(out[bits / 8] | 0x80 >> bits % 8);
    }
    *out_n = bits / 8;
    return bits % 8 == 0 || out[bits / 8] == 0;
}

static void fuzz_base64(struct arena *arena, struct str input)
{
    struct str encoded = base64_encode(arena, input), back = STR_NULL;

    require(encoded.n == (input.n + 2) / 3 * 4 && terminated(encoded) && encoded.tainted);
    require(base64_decode(arena, encoded, &back) && str_eq(back, input) && terminated(back) && back.tainted);

    char *expected = malloc(input.n + 1);
    size_t expected_n = 0;
    require(expected != NULL);
    bool decodes = decode_bitwise(input, expected, &expected_n);
    back = STR_NULL;
    require(base64_decode(arena, input, &back) == decodes);
    if (decodes) {
        require(back.n == expected_n && memcmp(back.s, expected, expected_n) == 0 && terminated(back));
        require(str_eq(base64_encode(arena, back), input)); /* one encoding for each value */
    } else {
        require(str_is_null(back));
    }
    free(expected);
}

/* An encoding that one octet was changed in decodes to something else, or not at all. */
static void fuzz_base64_mutated(struct arena *arena, struct str input)
{
    if (input.n < 3)
        return;
    struct str plain = {input.s + 2, input.n - 2, true}, encoded = base64_encode(arena, plain), back;
    char *mutable = (char *)(uintptr_t)encoded.s;
    size_t at = (unsigned char)input.s[0] % encoded.n;
    if (mutable[at] == input.s[1])
        return;
    mutable[at] = input.s[1];
    require(!base64_decode(arena, encoded, &back) || !str_eq(back, plain));
}

static void fuzz_xtext(struct arena *arena, struct str input)
{
    struct str encoded = xtext_encode(arena, input), back = STR_NULL;

    require(terminated(encoded) && encoded.tainted);
    for (size_t i = 0; i < encoded.n; i++)
        require(encoded.s[i] > 32 && encoded.s[i] < 127 && encoded.s[i] != '=');
    require(xtext_decode(arena, encoded, &back) && str_eq(back, input) && terminated(back) && back.tainted);

    back = STR_NULL;
    if (!xtext_decode(arena, input, &back)) {
        require(str_is_null(back));
        return;
    }
    require(back.n <= input.n && terminated(back));
    struct str again = xtext_encode(arena, back), twice;
    require(xtext_decode(arena, again, &twice) && str_eq(twice, back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct str input = exact(data, size);

    fuzz_base64(arena, input);
    fuzz_base64_mutated(arena, input);
    fuzz_xtext(arena, input);
    free((char *)(uintptr_t)input.s);
    arena_free(arena);
    return 0;
}
