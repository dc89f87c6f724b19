# Tests and checks.
.PHONY: unit

UNIT_SOURCES := $(wildcard test/unit/test_*.c)
UNIT_HELPERS := $(filter-out $(UNIT_SOURCES),$(wildcard test/unit/*.c))
UNIT_TESTS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(BUILD)/%.o) $(UNIT_HELPERS:%.c=$(BUILD)/%.o)

$(BUILD)/test/%.o: test/%.c $(BUILD)/compile.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(FULLECHO)$(COMPILE)

$(UNIT_TESTS): %: %.o $(UNIT_HELPERS:%.c=$(BUILD)/%.o) $(BUILD)/libgatepost.a $(BUILD)/link.stamp
	$(call say,LINK,$@)
	$(FULLECHO)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) -lcmocka $(LIBS)

# All of them, or one: make unit-base64
unit: $(UNIT_TESTS)
	@scripts/run-unit $(UNIT_TESTS)

UNIT_NAMES := $(UNIT_SOURCES:test/unit/test_%.c=unit-%)
.PHONY: $(UNIT_NAMES)
$(UNIT_NAMES): unit-%: $(BUILD)/test/unit/test_%
	@scripts/run-unit $<

-include $(UNIT_OBJECTS:.o=.d)
