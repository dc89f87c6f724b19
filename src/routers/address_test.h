/* Showing what becomes of an address: -bt, -bv, -bvs (manual, 5.2). */
#ifndef ROUTERS_ADDRESS_TEST_H
#define ROUTERS_ADDRESS_TEST_H

#include "base/buffer.h"
#include "mail/address_set.h"
#include "routers/router.h"

/* The exit codes of the program, too. */
enum address_test_result {
    ADDRESS_TEST_FINE = 0,
    ADDRESS_TEST_DEFERRED = 1,
    ADDRESS_TEST_FAILED = 2,
};

/* Routes the address, and all that comes of it, for r->purpose (ROUTING_TEST, ROUTING_VERIFY_...) and adds what is
 * to be printed to out. shown: the addresses that were so far, which tells duplicates; it grows. */
enum address_test_result address_test_route(struct routing *r, struct str address, struct address_set *shown,
                                            struct buffer *out);

/* The short form: whether it can be verified. */
enum address_test_result address_test_verify(struct routing *r, struct str address, struct buffer *out);

#endif
