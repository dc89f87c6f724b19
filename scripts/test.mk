# Tests, checks and measurements.
.PHONY: unit build-tests list-unit matrix system parity asan build-asan fuzz build-fuzz fuzz-run bench check
.PHONY: lint tidy cppcheck manlint shellcheck layers

FUZZ_SECONDS ?= 3

# --- Unit tests: every test/unit/test_NAME.c is a program of its own. Other files there help all of them.
# There is none of a driver that is not built, nor one that has such an authenticator in its configuration.
with_authenticator = $(if $1,$(shell grep -l $(patsubst %,-e 'driver = %',$(foreach switch,$1,$(NAME_$(switch)))) test/unit/test_*.c))
UNIT_SOURCES := $(filter-out $(foreach switch,$(UNUSED),test/unit/test_$(call module_of,$(switch)).c) \
    $(call with_authenticator,$(filter AUTH_%,$(UNUSED))),$(wildcard test/unit/test_*.c))
UNIT_TESTS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
UNIT_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out test/unit/test_%,$(wildcard test/unit/*.c)))
FUZZ_SOURCES := $(filter-out $(foreach switch,$(UNUSED),test/fuzz/fuzz_$(call module_of,$(switch)).c),\
    $(wildcard test/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
FUZZ_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out test/fuzz/fuzz_%,$(wildcard test/fuzz/*.c)))

$(BUILD)/test/%.o: test/%.c $(BUILD)/compile.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(FULLECHO)$(COMPILE)

# There are a hundred programs to link: by the faster linker where there is one.
TEST_LDFLAGS := $(shell command -v ld.lld >/dev/null && echo -fuse-ld=lld)

$(UNIT_TESTS): %: %.o $(UNIT_HELPERS) $(BUILD)/libgatepost.a $(BUILD)/link.stamp
	$(call say,LINK,$@)
	$(FULLECHO)$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcmocka $(LIBS) $(MODULE_LIBS)

build-tests: $(UNIT_TESTS)

list-unit:
	@printf '%s\n' $(UNIT_TESTS)

unit: $(UNIT_TESTS)
	@scripts/run-unit $(UNIT_TESTS)

UNIT_NAMES := $(UNIT_SOURCES:test/unit/test_%.c=unit-%)
.PHONY: $(UNIT_NAMES)
$(UNIT_NAMES): unit-%: $(BUILD)/test/unit/test_%
	@scripts/run-unit $<

# --- Tests of the whole program, alone and beside the packaged Exim. PYTEST_ARGS narrows them down.
system parity: all
	@GATEPOST=$(abspath $(BUILD)/gatepost) scripts/run-pytest $@ test/$@ $(PYTEST_ARGS)

# Builds with other switches: those that MATRIX names, or all.
matrix:
	+@scripts/matrix $(BUILD)/matrix $(MATRIX)

# The same tests where every wrong read, overflow and leak ends the program, and the programs of the fuzzer: one build
# for both, and the second compiler's. Some would say nothing new: those of the build itself and of what is refused;
# those in which processes are killed; and those that take the same ways as others, with more peers or longer
# configurations.
WITHOUT_SANITIZERS := build* differences queue_crashes debian drivers log_options postfix_* opensmtpd_client
WITH_SANITIZERS := BUILD=$(BUILD)/asan CC=clang SANITIZE=fuzzer-no-link,address,undefined CFLAGS="-O1 -g"
build-asan:
	@$(MAKE) --no-print-directory $(WITH_SANITIZERS) all build-tests build-fuzz

asan: build-asan
	+@failed=0; for tests in unit system; do \
	    SANITIZER_REPORTS=$(abspath $(BUILD)/asan/reports) scripts/with-sanitizers \
	        $(MAKE) --no-print-directory $(WITH_SANITIZERS) $$tests \
	        PYTEST_ARGS="$(WITHOUT_SANITIZERS:%=--ignore-glob=*/test_%.py) $(PYTEST_ARGS)" || failed=1; \
	done; exit $$failed

# --- Fuzzing: test/fuzz/fuzz_NAME.c, seeds in test/fuzz/corpus/NAME/.
fuzz:
	@$(MAKE) --no-print-directory $(WITH_SANITIZERS) fuzz-run

build-fuzz: $(FUZZ_TARGETS)

fuzz-run: $(FUZZ_TARGETS)
	@scripts/run-fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# It makes its own tickets.
$(BUILD)/test/fuzz/fuzz_auth_heimdal_gssapi: FUZZ_LIBS := -lasn1

$(FUZZ_TARGETS): %: %.o $(FUZZ_HELPERS) $(BUILD)/libgatepost.a $(BUILD)/link.stamp
	$(call say,LINK,$@)
	$(FULLECHO)$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LIBS) $(MODULE_LIBS) $(FUZZ_LIBS)

# --- Lint. A file is read again when it, a header or the rules have changed. The analyzer follows each function for a
# quarter of the steps that it would by default, which finds the same here; ANALYZER_NODES=225000 is all of them.
ANALYZER_NODES ?= 50000
TIDY_MARKS := $(SOURCES:src/%.c=$(BUILD)/lint/%.tidy)

lint: tidy cppcheck manlint shellcheck layers

tidy: $(TIDY_MARKS)

$(TIDY_MARKS): $(BUILD)/lint/%.tidy: src/%.c $(wildcard src/*/*.h) .clang-tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(FULLECHO)clang-tidy --quiet $< -- $(DIALECT) $(ALL_INCLUDE) $(LIBRARY_CFLAGS) $(INCLUDE) \
	    -Xclang -analyzer-config -Xclang max-nodes=$(ANALYZER_NODES) 2>$@.err \
	    || { cat $@.err >&2; exit 1; }
	@touch $@

cppcheck:
	$(call say,LINT,cppcheck)
	$(FULLECHO)cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --library=posix,gnu \
	    --enable=warning,performance,portability -j 2 \
	    --suppressions-list=scripts/cppcheck.txt -Isrc -I$(BUILD) $(SOURCES)

manlint:
	$(call say,LINT,mandoc)
	$(FULLECHO)$(if $(MANUALS),mandoc -T lint -W warning $(MANUALS))

shellcheck:
	$(call say,LINT,shellcheck)
	$(FULLECHO)shellcheck $$(grep -l '^#!/bin/.*sh' scripts/* .ci/*)

layers:
	@scripts/layers --self-test

-include $(UNIT_TESTS:=.d) $(UNIT_HELPERS:.o=.d) $(FUZZ_TARGETS:=.d) $(FUZZ_HELPERS:.o=.d)

# --- The manual page of what Exim has and Gatepost has not
.PHONY: differences
differences: all
	@scripts/differences $(abspath $(BUILD)/gatepost) >doc/gatepost-differences.7

# --- Measurements beside the packaged Exim
bench: all
	@for bench in test/bench/bench_*; do \
	    GATEPOST=$(abspath $(BUILD)/gatepost) "$$bench" || exit 1; \
	done

# --- Everything
check:
	@scripts/install-packages build test unpack
	+@MAKE="$(MAKE)" BUILD="$(BUILD)" scripts/check
