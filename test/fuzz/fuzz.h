/* The entry point that libFuzzer calls. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One input; returns 0. What must not happen ends in abort() or a sanitizer's report. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input, where a fuzzer has it; returns 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
