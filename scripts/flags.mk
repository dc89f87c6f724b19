# Compiler and linker flags. What an admin adds (CFLAGS, LDFLAGS, INCLUDE, EXTRALIBS) comes last and wins.

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
CFLAGS ?= -O2 -g
WERROR ?= -Werror

ifneq ($(BUILDING),)
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
$(if $(MACHINE),,$(error there is no compiler: "$(CC)" does not run; make deps installs what is needed))
endif

DIALECT := -std=gnu11 -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef $(WERROR)

# Hardening: overruns of the stack and of known-size buffers are caught, returns and indirect calls are
# checked by the processor where it can (CET on x86, BTI on ARM), relocations are read-only from the start.
HARDENING := -fstack-protector-strong -fstack-clash-protection
HARDENING += $(if $(filter x86_64 i%86,$(MACHINE)),-fcf-protection=full)
HARDENING += $(if $(filter aarch64,$(MACHINE)),-mbranch-protection=standard)
LINK_HARDENING := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack

# SANITIZE=address,undefined (or fuzzer-no-link,...) builds for the test runs. The sanitizers do the work of
# _FORTIFY_SOURCE, and the two get into each other's way; without optimisation it has no effect at all.
ifdef SANITIZE
SANITIZERS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(filter -O0,$(CFLAGS)),)
HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif

ifdef PCRE2_CONFIG
PCRE2_LIBS := $(shell pcre2-config --libs8)
PCRE2_INCLUDE := $(shell pcre2-config --cflags)
else
PCRE2_LIBS ?= -lpcre2-8
endif
DBMLIB ?= -lsqlite3
ifdef USE_OPENSSL_PC
TLS_LIBS := $(shell pkg-config --libs $(USE_OPENSSL_PC))
TLS_INCLUDE := $(shell pkg-config --cflags $(USE_OPENSSL_PC))
else
TLS_LIBS ?= -lssl -lcrypto
endif
# What the drivers and lookups of these switches need for their libraries.
package_flags = $(if $(BUILDING),$(foreach package,$2,$(shell pkg-config $1 $(package))))
library_cflags = $(strip $(foreach switch,$1,$($(switch)_INCLUDE) $(call package_flags,--cflags,$($(switch)_PC))))
library_libs = $(foreach switch,$1,$($(switch)_LIBS) $(call package_flags,--libs,$($(switch)_PC)))

ALL_INCLUDE := -Isrc -I$(BUILD) $(TLS_INCLUDE) $(PCRE2_INCLUDE)
ALL_CFLAGS := $(DIALECT) $(WARNINGS) -fPIE $(HARDENING) $(ALL_INCLUDE) $(INCLUDE) $(CFLAGS) $(SANITIZERS)
# The sanitizers have a crypt() of their own, which calls the real one only where that is linked nonetheless.
AS_NEEDED := $(if $(SANITIZE),,-Wl,--as-needed)
ALL_LDFLAGS := $(LINK_HARDENING) $(AS_NEEDED) $(SANITIZERS) $(LDFLAGS)
LIBS := $(call library_libs,$(BUILTIN)) $(PCRE2_LIBS) $(TLS_LIBS) $(DBMLIB)
LIBS += $(if $(call is_on,SUPPORT_I18N),-lidn2)
LIBS += -lresolv -lcrypt -ldl -lm $(EXTRALIBS)
# Unit tests call what is in modules as well.
MODULE_LIBS := $(call library_libs,$(MODULAR))
