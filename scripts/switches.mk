# The build switches: which there are, what each may be set to, and what it turns into.
#
# Local/Makefile (or the command line) sets them. Below, one line per switch says what kind it is:
#
#   driver SWITCH NAME   an authenticator: yes builds src/auths/NAME.c in, 2 makes a loadable module of it
#   lookup SWITCH NAME TYPE...   the same for src/lookups/NAME.c and the lookup types that are in it
#   routing SWITCH ROOM NAME     a router or a transport, src/ROOM/NAME.c: yes or no
#   checker SWITCH NAME  the same for src/passwords/NAME.c, a condition that checks passwords
#   parts  SWITCH FILE...        more files that one of these is made of than those named after it
#   flag   SWITCH        yes or nothing; #if SWITCH in the source
#   fixed  SWITCH REASON always on here; yes is accepted, anything else refused, with the reason
#   text   SWITCH        a name, path or list; a C string in the source, "" when not set
#   build  SWITCH        only this build reads it
#   absent SWITCH WHAT   Exim has it, this version of Gatepost does not: refused when set
#
# The results are $(BUILD)/build_config.h, which the source includes, $(BUILD)/auth_drivers.inc,
# $(BUILD)/lookup_types.inc and $(BUILD)/password_checkers.inc, the lists that src/auths/, src/lookups/ and
# src/passwords/ make their tables from, and the variables at the end of this file.

driver = $(eval DRIVERS += $(word 1,$1))$(eval NAME_$(word 1,$1) := $(word 2,$1))
lookup = $(call driver,$1)$(eval TYPES_$(word 1,$1) := $(wordlist 3,99,$1))
routing = $(eval FLAGS += $(word 1,$1))$(eval ROUTING += $(word 1,$1))$(eval ROOM_$(word 1,$1) := $(word 2,$1))$(eval \
    NAME_$(word 1,$1) := $(word 3,$1))
checker = $(call driver,$1)$(eval CHECKERS += $(firstword $1))$(eval ROOM_$(firstword $1) := passwords)
parts = $(eval PARTS_$(firstword $1) := $(wordlist 2,99,$1))
flag   = $(eval FLAGS += $1)
fixed  = $(eval FIXED += $(firstword $1))$(eval WHY_$(firstword $1) := $(wordlist 2,99,$1))
text   = $(eval TEXTS += $1)
build  = $(eval BUILD_ONLY += $1)
absent = $(eval ABSENT += $(firstword $1))$(eval WHAT_$(firstword $1) := $(wordlist 2,99,$1))

# --- Authenticators
$(call driver,AUTH_PLAINTEXT plaintext)
$(call driver,AUTH_CRAM_MD5 cram_md5)
$(call driver,AUTH_CYRUS_SASL cyrus_sasl)
$(call driver,AUTH_DOVECOT dovecot)
$(call driver,AUTH_EXTERNAL external)
$(call driver,AUTH_GSASL gsasl)
$(call driver,AUTH_HEIMDAL_GSSAPI heimdal_gssapi)
$(call driver,AUTH_SPA spa)
$(call parts,AUTH_SPA ntlm.c ntlm_response.c ntlm_text.c)
$(call driver,AUTH_TLS tls)

# --- Lookups, in the order of -bV. lsearch is several files and always the first.
$(call flag,LOOKUP_LSEARCH)
$(call lookup,LOOKUP_CDB cdb cdb)
$(call lookup,LOOKUP_DBM dbm dbm dbmjz dbmnz)
$(call lookup,LOOKUP_DNSDB dnsdb dnsdb)
$(call lookup,LOOKUP_DSEARCH dsearch dsearch)
$(call lookup,LOOKUP_JSON json json)
$(call lookup,LOOKUP_LDAP ldap ldap ldapdn ldapm)
$(call lookup,LOOKUP_PASSWD passwd passwd)
$(call lookup,LOOKUP_REDIS redis redis)
$(call lookup,LOOKUP_SQLITE sqlite sqlite)
$(call absent,LOOKUP_IBASE ibase lookup)
$(call absent,LOOKUP_LMDB lmdb lookup)
$(call absent,LOOKUP_MYSQL mysql lookup)
$(call absent,LOOKUP_NIS nis lookup)
$(call absent,LOOKUP_NISPLUS nisplus lookup)
$(call absent,LOOKUP_ORACLE oracle lookup)
$(call absent,LOOKUP_PGSQL pgsql lookup)
$(call absent,LOOKUP_SPF spf lookup)
$(call absent,LOOKUP_WHOSON whoson lookup)
$(call build,LDAP_LIB_TYPE)

# --- Password checkers
$(call fixed,SUPPORT_CRYPTEQ the crypteq condition is always built in)
$(call checker,SUPPORT_PAM pam)
$(call checker,SUPPORT_RADIUS radius)
$(call text,RADIUS_CONFIG_FILE)
$(call build,RADIUS_LIB_TYPE)
$(call text,CYRUS_PWCHECK_SOCKET CYRUS_SASLAUTHD_SOCKET)

# --- Cryptography and TLS
$(call fixed,USE_OPENSSL TLS and the hashes come from it)
$(call fixed,SUPPORT_TLS TLS is always built in)
$(call absent,USE_GNUTLS GnuTLS support)
$(call build,USE_OPENSSL_PC TLS_LIBS TLS_INCLUDE)

# --- Hints
$(call fixed,USE_SQLITE hints are kept in SQLite databases)
$(foreach name,USE_DB USE_GDBM USE_NDBM USE_TDB,$(call absent,$(name) hints in other databases than SQLite's))

# --- Routers and transports
$(call routing,ROUTER_ACCEPT routers accept)
$(call routing,ROUTER_DNSLOOKUP routers dnslookup)
$(call routing,ROUTER_IPLITERAL routers ipliteral)
$(call routing,ROUTER_MANUALROUTE routers manualroute)
$(call routing,ROUTER_QUERYPROGRAM routers queryprogram)
$(call routing,ROUTER_REDIRECT routers redirect)
$(call absent,ROUTER_IPLOOKUP iplookup router)
$(call routing,TRANSPORT_APPENDFILE transports appendfile)
$(call routing,TRANSPORT_AUTOREPLY transports autoreply)
$(call routing,TRANSPORT_LMTP transports lmtp)
$(call routing,TRANSPORT_PIPE transports pipe)
$(call routing,TRANSPORT_SMTP transports smtp)
$(call fixed,SUPPORT_MAILDIR maildir is always built in)
$(call absent,SUPPORT_MAILSTORE mailstore support)
$(call absent,SUPPORT_MBX mbx support)

# --- Protocol features
$(call fixed,HAVE_IPV6 IPv6 is always built in)
$(call absent,SUPPORT_DANE DANE support)
$(call absent,SUPPORT_DMARC DMARC support)
$(call flag,SUPPORT_I18N SUPPORT_I18N_2008)
$(call absent,SUPPORT_MOVE_FROZEN_MESSAGES queue of frozen messages)
$(call fixed,SUPPORT_PROXY the PROXY protocol is always built in)
$(call absent,SUPPORT_SOCKS SOCKS support)
$(call absent,SUPPORT_SPF SPF support)
$(call absent,SUPPORT_SRS SRS support)
$(call absent,SUPPORT_TRANSLATE_IP_ADDRESS translate_ip_address support)
$(call absent,WITH_CONTENT_SCAN content scanning)
$(call absent,EXIM_PERL Perl interpreter)
$(call absent,EXPAND_DLFUNC dlfunc item)
$(call absent,HAVE_LOCAL_SCAN local_scan() function)
$(call absent,LOCAL_SCAN_SOURCE local_scan() function)
$(call absent,USE_TCP_WRAPPERS tcpwrappers support)
$(call flag,USE_READLINE)

# --- Places, users, defaults
$(call text,CONFIGURE_FILE SPOOL_DIRECTORY LOG_FILE_PATH PID_FILE_PATH BIN_DIRECTORY)
$(call text,EXIM_USER EXIM_GROUP CONFIGURE_OWNER CONFIGURE_GROUP)
$(call text,ALT_CONFIG_PREFIX TIMEZONE_DEFAULT HEADERS_CHARSET MODULE_DIRECTORY)
$(call flag,DISABLE_D_OPTION)
$(call absent,TRUSTED_CONFIG_LIST root privilege to keep: it is not setuid)
$(call absent,WHITELIST_D_MACROS root privilege to keep: it is not setuid)
$(call absent,FIXED_NEVER_USERS deliveries)

# --- Compiler, linker, installation
$(call build,CC AR CFLAGS LDFLAGS INCLUDE EXTRALIBS EXTRALIBS_EXIM PCRE2_CONFIG PCRE2_LIBS\
    DBMLIB)
$(call build,LOOKUP_MODULE_DIR PREFIX MAN_DIRECTORY EXAMPLE_DIRECTORY WERROR)

# Of any driver or lookup that needs a library, SWITCH_LIBS and SWITCH_INCLUDE are what the linker and the
# compiler need for it, or SWITCH_PC names the pkg-config package that knows.
library_switches = $1_PC $1_LIBS $1_INCLUDE
$(foreach switch,$(DRIVERS),$(call build,$(call library_switches,$(switch))))
$(foreach switch,$(filter AUTH_% LOOKUP_%,$(ABSENT)),\
    $(foreach name,$(call library_switches,$(switch)),$(call absent,$(name) $(WHAT_$(switch)))))

SWITCHES := $(DRIVERS) $(FLAGS) $(FIXED) $(TEXTS) $(ABSENT) $(BUILD_ONLY)

# A switch in the environment is somebody else's variable.
$(foreach switch,$(filter-out $(BUILD_ONLY),$(SWITCHES)),\
    $(if $(filter environment,$(origin $(switch))),$(eval undefine $(switch))))

variables_before := $(.VARIABLES)
include Local/Makefile
set_in_local := $(filter-out $(variables_before) variables_before,$(.VARIABLES))

MODULE_DIRECTORY ?= $(or $(LOOKUP_MODULE_DIR),$(PREFIX)/lib/gatepost/modules)

# Where nothing is said, the libraries' usual names.
SUPPORT_PAM_LIBS ?= -lpam
SUPPORT_RADIUS_LIBS ?= -lradcli
# Exim has no switch for radius: naming the file is one.
SUPPORT_RADIUS ?= $(if $(RADIUS_CONFIG_FILE),yes)
AUTH_SPA_LIBS ?= -lnettle
LOOKUP_LDAP_LIBS ?= -lldap -llber

# --- Checks: each failure is one line that names the place, the switch and what is wrong.
, := ,
place = $(if $(findstring command,$(origin $1)),command line,Local/Makefile)
refuse = $(error $(call place,$1): $1=$($1): $2)
is_on = $(filter yes YES,$($1))

check_known = $(if $(filter $(SWITCHES),$1),,$(call refuse,$1,Gatepost has no switch of that name))
check_absent = $(if $(filter-out no NO,$($1)),$(call refuse,$1,this version of Gatepost has no $(WHAT_$1)))
check_fixed = $(if $(filter-out yes YES,$($1)),$(call refuse,$1,only "yes" is possible: $(WHY_$1)))
several = $(word 2,$($1))
check_flag = $(if $(filter-out yes YES no NO,$($1))$(several),\
    $(call refuse,$1,the value must be "yes" or "no"))
check_driver = $(if $(filter-out yes YES no NO 2,$($1))$(several),\
    $(call refuse,$1,the value must be "yes"$(,) "no" or "2" for a loadable module))
check_required = $(if $(strip $($1)),,$(error $(call place,$1): $1 must be set))

# What the command line sets is checked where its name has the shape of a switch.
switch_shapes := AUTH_% LOOKUP_% ROUTER_% TRANSPORT_% SUPPORT_% EXPERIMENTAL_% DISABLE_% USE_% HAVE_% EXIM_%
set_on_command_line = $(foreach name,$(filter $(switch_shapes),$(.VARIABLES)),\
    $(if $(filter command,$(origin $(name))),$(name)))

check_switches = $(strip \
    $(foreach switch,$(set_in_local) $(set_on_command_line),$(call check_known,$(switch))) \
    $(foreach switch,$(ABSENT),$(call check_absent,$(switch))) \
    $(foreach switch,$(FIXED),$(call check_fixed,$(switch))) \
    $(foreach switch,$(FLAGS),$(call check_flag,$(switch))) \
    $(foreach switch,$(DRIVERS),$(call check_driver,$(switch))) \
    $(if $(filter-out RADIUSCLIENT RADIUSCLIENTNEW,$(RADIUS_LIB_TYPE)),\
        $(call refuse,RADIUS_LIB_TYPE,only "RADIUSCLIENTNEW" is possible)) \
    $(if $(filter yes YES 2,$(SUPPORT_RADIUS)),$(call check_required,RADIUS_CONFIG_FILE)) \
    $(if $(filter-out OPENLDAP2,$(LDAP_LIB_TYPE)),$(call refuse,LDAP_LIB_TYPE,only "OPENLDAP2" is possible)) \
    $(foreach switch,CONFIGURE_FILE SPOOL_DIRECTORY BIN_DIRECTORY EXIM_USER,$(call check_required,$(switch))))

# --- Results: switches; and for each its module (auth_NAME, lookup_NAME, password_NAME) and its
# sources.
BUILTIN := $(foreach switch,$(DRIVERS),$(if $(call is_on,$(switch)),$(switch)))
MODULAR := $(foreach switch,$(DRIVERS),$(if $(filter 2,$($(switch))),$(switch)))
UNUSED := $(filter-out $(BUILTIN) $(MODULAR),$(DRIVERS)) $(foreach switch,$(ROUTING),$(if $(call is_on,$(switch)),,$(switch)))

room = $(or $(ROOM_$1),$(if $(TYPES_$1),lookups,auths))
module_of = $(patsubst %s,%,$(call room,$1))_$(NAME_$1)
# One file; of an authenticator, a lookup or a password checker also those whose names go on behind it, as
# dovecot.c, dovecot_service.c, and those named as its parts.
sources_of = $(wildcard $(patsubst %,src/$(call room,$1)/%,$(NAME_$1).c $(if $(filter $1,$(DRIVERS)),$(NAME_$1)_*.c) \
    $(PARTS_$1)))

# \ and " in a value must reach the C string as they are.
c_string = "$(subst ",\",$(subst \,\\,$(strip $1)))"
flag_value = $(if $(filter 2,$($1)),2,$(if $(call is_on,$1),1,0))

define newline


endef
# The words of a list, expanded each to a line of its own.
lines = $(subst $(newline) ,$(newline),$(foreach word,$2,$(call $1,$(word))$(newline)))

define_switch = \#define $1 $(call flag_value,$1)
define_fixed = \#define $1 1
define_text = \#define $1 $(call c_string,$($1))
# Rows of the tables: of the driver of a switch, of a lookup type.
USED := $(filter $(BUILTIN) $(MODULAR),$(DRIVERS))
AUTH_SWITCHES := $(foreach switch,$(USED),$(if $(TYPES_$(switch)),,$(filter-out $(CHECKERS),$(switch))))
LOOKUP_TYPES := $(if $(call is_on,LOOKUP_LSEARCH),lsearch wildlsearch nwildlsearch iplsearch) \
    $(foreach switch,$(USED),$(TYPES_$(switch)))
module_with = $(strip $(foreach switch,$(MODULAR),$(if $(filter $1,$(TYPES_$(switch))),$(NAME_$(switch)))))
checker_row = PASSWORD_CHECKER_$(if $(filter $1,$(BUILTIN)),BUILTIN,MODULE)($(NAME_$1))
auth_row = AUTH_DRIVER_$(if $(filter $1,$(BUILTIN)),BUILTIN,MODULE)($(NAME_$1))
routing_row = $(if $(filter routers,$(ROOM_$1)),ROUTER,TRANSPORT)_DRIVER($(NAME_$1))
of_room = $(foreach switch,$(ROUTING),$(if $(filter $1,$(ROOM_$(switch))),$(if $(call is_on,$(switch)),$(switch))))
lookup_row = LOOKUP_TYPE_$(if $(module_with),MODULE($1$(,) $(module_with)),BUILTIN($1))

define BUILD_CONFIG_H
/* Made from Local/Makefile: do not edit. A switch is 0, 1 or 2 (a loadable module); a name that is
 * not set is "". */
#ifndef BUILD_CONFIG_H
#define BUILD_CONFIG_H

#define GATEPOST_VERSION $(call c_string,$(VERSION))
#define EXIM_VERSION "4.99"

$(call lines,define_switch,$(sort $(DRIVERS) $(FLAGS)))
$(call lines,define_fixed,$(sort $(FIXED)))
$(call lines,define_text,$(sort $(TEXTS)))
#endif
endef

define AUTH_DRIVERS_INC
/* Made from Local/Makefile: do not edit. The authenticators of this build. */
$(call lines,auth_row,$(AUTH_SWITCHES))
endef

define ROUTER_DRIVERS_INC
/* Made from Local/Makefile: do not edit. The routers of this build. */
$(call lines,routing_row,$(call of_room,routers))
endef

define TRANSPORT_DRIVERS_INC
/* Made from Local/Makefile: do not edit. The transports of this build. */
$(call lines,routing_row,$(call of_room,transports))
endef

define LOOKUP_TYPES_INC
/* Made from Local/Makefile: do not edit. The lookup types of this build. */
$(call lines,lookup_row,$(LOOKUP_TYPES))
endef

define PASSWORD_CHECKERS_INC
/* Made from Local/Makefile: do not edit. Password checkers of this build, besides those always built in. */
$(call lines,checker_row,$(filter $(CHECKERS),$(USED)))
endef
