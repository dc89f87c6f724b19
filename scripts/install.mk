# Installing: what goes where under $(DESTDIR), and the same list backwards for uninstall.
.PHONY: install uninstall

MAN_DIRECTORY ?= $(PREFIX)/share/man
EXAMPLE_DIRECTORY ?= $(PREFIX)/share/doc/gatepost/examples
INSTALL ?= install

MANUALS := $(sort $(wildcard doc/*.[1-9]))
EXAMPLES := $(sort $(filter-out %~,$(wildcard doc/examples/*)))

INSTALLED_PROGRAM := $(DESTDIR)$(BIN_DIRECTORY)/gatepost
INSTALLED_MODULES := $(MODULES:$(BUILD)/modules/%=$(DESTDIR)$(MODULE_DIRECTORY)/%)
INSTALLED_EXAMPLES := $(EXAMPLES:doc/examples/%=$(DESTDIR)$(EXAMPLE_DIRECTORY)/%)
# doc/gatepost.8 goes to man8/gatepost.8
man_page = $(DESTDIR)$(MAN_DIRECTORY)/man$(subst .,,$(suffix $1))/$(notdir $1)
INSTALLED_MANUALS := $(foreach manual,$(MANUALS),$(call man_page,$(manual)))

# LINKS=yes: the names that programs call a mail server by. A file that is there and is not a link of ours
# is somebody else's mail server and stops the installation before anything is changed.
INSTALLED_LINKS := $(addprefix $(DESTDIR)$(BIN_DIRECTORY)/,exim sendmail mailq)
ours = test "$$(readlink $1)" = gatepost

install: all
	$(if $(filter yes,$(LINKS)),@for link in $(INSTALLED_LINKS); do \
	    if [ -e "$$link" ] || [ -L "$$link" ]; then \
	        $(call ours,"$$link") \
	            || { echo "$$link is in the way: it is not a link of Gatepost's" >&2; exit 1; }; \
	    fi; \
	done)
	$(INSTALL) -D -m 755 $(BUILD)/gatepost $(INSTALLED_PROGRAM)
	$(foreach module,$(INSTALLED_MODULES),\
	    $(INSTALL) -D -m 644 $(BUILD)/modules/$(notdir $(module)) $(module)$(newline)	)
	$(foreach manual,$(MANUALS),$(INSTALL) -D -m 644 $(manual) $(call man_page,$(manual))$(newline)	)
	$(foreach example,$(INSTALLED_EXAMPLES),\
	    $(INSTALL) -D -m 644 doc/examples/$(notdir $(example)) $(example)$(newline)	)
	$(if $(filter yes,$(LINKS)),$(foreach link,$(INSTALLED_LINKS),ln -sf gatepost $(link)$(newline)	))

# Directories go when they are empty and have our name. Modules of other builds of the same version go too.
uninstall:
	rm -f $(INSTALLED_PROGRAM) $(INSTALLED_MANUALS) $(INSTALLED_EXAMPLES)
	rm -f $(foreach switch,$(DRIVERS),$(DESTDIR)$(MODULE_DIRECTORY)/$(call module_of,$(switch)).so)
	@for link in $(INSTALLED_LINKS); do if $(call ours,"$$link"); then rm -f "$$link"; fi; done
	@for directory in $(DESTDIR)$(EXAMPLE_DIRECTORY) $(dir $(DESTDIR)$(EXAMPLE_DIRECTORY)) \
	    $(DESTDIR)$(MODULE_DIRECTORY) $(dir $(DESTDIR)$(MODULE_DIRECTORY)); do \
	    case $$directory in *gatepost*) \
	        [ ! -d "$$directory" ] || rmdir --ignore-fail-on-non-empty "$$directory" ;; \
	    esac; \
	done
