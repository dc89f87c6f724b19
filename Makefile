# Gatepost: build, test, install. `make help` lists what there is to make.
#
# One make process knows everything: sources are found by wildcard, one directory of src/ being one room;
# objects land in $(BUILD), with the headers they depend on recorded beside them. The switches of
# Local/Makefile can be overridden on the command line: make AUTH_PLAINTEXT=2 BUILD=/tmp/gatepost

VERSION := 0.1

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all objects deps demo help clean
all:

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
# Exim's name: FULLECHO= on the command line shows the whole commands.
FULLECHO ?= @

# These compile nothing, or have another make do it, so they do not care what the switches say and whether
# there is a compiler yet.
IDLE_GOALS := help clean deps layers demo check asan build-asan fuzz matrix uninstall
BUILDING := $(filter-out $(IDLE_GOALS),$(or $(MAKECMDGOALS),all))

include scripts/switches.mk
$(if $(BUILDING),$(check_switches))
include scripts/flags.mk

# --- Generated files. They are written while make reads this file, and only when their content changes, so
# that whatever depends on them is rebuilt exactly then.
write_if_changed = $(if $(call same,$(file <$1),$($2)),,$(shell mkdir -p $(dir $1))$(file >$1,$($2)))
same = $(and $(findstring x$(strip $1)x,x$(strip $2)x),$(findstring x$(strip $2)x,x$(strip $1)x))

# The rooms to build: all. ROOMS="base expand" compiles, and links unit tests with, these alone.
ROOMS ?= $(notdir $(patsubst %/,%,$(wildcard src/*/)))
SOURCES := $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
SOURCES := $(filter-out $(foreach switch,$(UNUSED),$(call sources_of,$(switch))),$(SOURCES))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o)
MODULES := $(foreach switch,$(MODULAR),$(BUILD)/modules/$(call module_of,$(switch)).so)

ENTRY := $(BUILD)/main/main.o
LIBRARY_OBJECTS := $(filter-out $(ENTRY),$(OBJECTS))
MODULE_OBJECTS := $(foreach switch,$(MODULAR),$(patsubst src/%.c,$(BUILD)/%.o,$(call sources_of,$(switch))))
PROGRAM_OBJECTS := $(filter-out $(MODULE_OBJECTS),$(OBJECTS))

# What modules and the program have to agree on.
MODULE_HEADERS := $(wildcard $(patsubst %,src/%/*.h,base auths lookups passwords))
define MODULE_BUILD_H
/* Made by make: do not edit. A checksum of the headers that modules and the program share. */
#define MODULE_BUILD $(firstword $(shell { echo $(VERSION); cat $(MODULE_HEADERS) /dev/null; } | cksum))u
endef
define COMPILE_STAMP
$(CC) $(ALL_CFLAGS)
endef
define LINK_STAMP
$(CC) $(ALL_LDFLAGS) $(LIBS) $(MODULE_LIBS) $(EXTRALIBS_EXIM) $(OBJECTS) $(MODULES)
endef

ifneq ($(BUILDING),)
$(call write_if_changed,$(BUILD)/build_config.h,BUILD_CONFIG_H)
$(call write_if_changed,$(BUILD)/auth_drivers.inc,AUTH_DRIVERS_INC)
$(call write_if_changed,$(BUILD)/lookup_types.inc,LOOKUP_TYPES_INC)
$(call write_if_changed,$(BUILD)/router_drivers.inc,ROUTER_DRIVERS_INC)
$(call write_if_changed,$(BUILD)/transport_drivers.inc,TRANSPORT_DRIVERS_INC)
$(call write_if_changed,$(BUILD)/password_checkers.inc,PASSWORD_CHECKERS_INC)
$(call write_if_changed,$(BUILD)/module_build.h,MODULE_BUILD_H)
$(call write_if_changed,$(BUILD)/compile.stamp,COMPILE_STAMP)
$(call write_if_changed,$(BUILD)/link.stamp,LINK_STAMP)
endif

# --- The program
all: $(BUILD)/gatepost $(MODULES)

objects: $(OBJECTS)

COMPILE = $(CC) $(ALL_CFLAGS) $(LIBRARY_CFLAGS) -MMD -MP -c -o $@ $<
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(silent),@:,$(if $(FULLECHO),@printf '  %-5s %s\n' $1 $2))

$(OBJECTS): $(BUILD)/%.o: src/%.c $(BUILD)/compile.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(FULLECHO)$(COMPILE)

# Modules find the program's functions in the program, so it has to export them.
$(BUILD)/gatepost: $(PROGRAM_OBJECTS) $(BUILD)/link.stamp
	$(call say,LINK,$@)
	$(FULLECHO)$(CC) $(ALL_LDFLAGS) $(if $(MODULES),-Wl$(,)--export-dynamic) -o $@ $(PROGRAM_OBJECTS) \
	    $(LIBS) $(EXTRALIBS_EXIM)

# Position-independent objects of their own: those of the program may be built in another way.
module_objects = $(patsubst src/%.c,$(BUILD)/modules/%.o,$(call sources_of,$1))
MODULE_PARTS := $(foreach switch,$(MODULAR),$(call module_objects,$(switch)))

$(MODULE_PARTS): $(BUILD)/modules/%.o: src/%.c $(BUILD)/compile.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(FULLECHO)$(COMPILE) -fPIC -DGATEPOST_MODULE

# The flags of a library are for what has to do with its driver alone: which switches are set is then nothing that
# all the other objects depend on.
driver_objects = $(patsubst src/%.c,$(BUILD)/%.o,$(call sources_of,$1)) $(call module_objects,$1) \
    $(BUILD)/test/unit/test_$(call module_of,$1).o $(BUILD)/test/fuzz/fuzz_$(call module_of,$1).o
define LIBRARY_RULE
LIBRARY_STAMP := $2
$$(call write_if_changed,$(BUILD)/$1.stamp,LIBRARY_STAMP)
$(call driver_objects,$1): LIBRARY_CFLAGS := $2
$(call driver_objects,$1): $(BUILD)/$1.stamp
$(patsubst src/%.c,$(BUILD)/lint/%.tidy,$(call sources_of,$1)): LIBRARY_CFLAGS := $2
endef
$(if $(BUILDING),$(foreach switch,$(BUILTIN) $(MODULAR),$(eval flags := $(call library_cflags,$(switch)))$(if $(flags),\
    $(eval $(call LIBRARY_RULE,$(switch),$(flags))))))

define MODULE_RULE
$(BUILD)/modules/$(call module_of,$1).so: $(call module_objects,$1) $(BUILD)/link.stamp
	$$(call say,SO,$$@)
	@mkdir -p $$(@D)
	$$(FULLECHO)$$(CC) -shared $$(filter-out -pie,$$(ALL_LDFLAGS)) -o $$@ $$(filter %.o,$$^) \
	    $$(call library_libs,$1)
endef
$(foreach switch,$(MODULAR),$(eval $(call MODULE_RULE,$(switch))))

# Everything but main's entry point, for the tests to link with.
$(BUILD)/libgatepost.a: $(LIBRARY_OBJECTS) $(BUILD)/link.stamp
	$(call say,AR,$@)
	$(FULLECHO)rm -f $@ && $(AR) rcs $@ $(LIBRARY_OBJECTS)

include scripts/test.mk
include scripts/install.mk

-include $(OBJECTS:.o=.d) $(MODULE_PARTS:.o=.d)

deps:
	@scripts/install-packages build demo test unpack

# On a bare Debian: what it takes to build, the program, and a look at what it does.
demo:
	@scripts/install-packages build demo
	+@$(MAKE) --no-print-directory all
	@scripts/demo $(abspath $(BUILD)/gatepost)

clean:
	rm -rf $(BUILD)

help:
	@cat scripts/help.txt
