# One Makefile, no recursion: make sees every edge of the graph.
#   make            build/cdr                    make test    all tests, set-up included
#   make run        a case on the sandbox        make help    every target
#   make V=1        show whole command lines     make SANITIZE=1, CC=clang: other builds

,       := ,
CC      ?= cc
CFLAGS  ?= -O2 -g
BISON   ?= bison
FLEX    ?= flex
CC_NAME := $(if $(findstring clang,$(CC)),clang,gcc)
B       := build$(if $(filter clang,$(CC_NAME)),-clang)$(if $(SANITIZE),-san)$(if $(COVER),-cover)$(if $(FUZZ),-fuzz)

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wswitch-enum -Wstrict-prototypes \
           -Wmissing-prototypes -Wformat=2 -Wwrite-strings -Wvla -Wundef -Wcast-qual \
           -Wnull-dereference $(if $(filter clang,$(CC_NAME)),,-Wduplicated-cond -Wlogical-op) \
           $(if $(DEVELOPER),-Werror)
HARDEN  := -fstack-protector-strong -fno-common -D_FORTIFY_SOURCE=2 -fPIE
SAN     := $(if $(SANITIZE),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
COV     := $(if $(COVER),--coverage -O0)
FUZZING := $(if $(FUZZ),-fsanitize=fuzzer-no-link$(,)address$(,)undefined -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE)
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(WARN) $(HARDEN) $(CFLAGS) $(SAN) $(COV) $(FUZZING)
LIBS    := -lcurl -lz -lmicrohttpd -lgnutls -ljansson -lsqlite3 -lpcre2-8 -lxml2 -lssl -lcrypto -licui18n -licuuc -lz -lm
XML     := -I/usr/include/libxml2

Q       := $(if $(V),,@)

# What a folder may include. A lower layer cannot see a higher one: the build
# itself keeps vm <- stdlib <- compiler.
$(B)/vm/%.o:       INC := -Ivm -I$(B)/vm
$(B)/stdlib/%.o:   INC := -Ivm -Istdlib -I$(B)/stdlib $(XML)
$(B)/compiler/%.o: INC := -Ivm -Istdlib -Icompiler -Igrammar
$(B)/grammar/%.o:  INC := -Ivm -Icompiler -Igrammar -I$(B)/grammar
$(B)/tests/%.o:    INC := -Ivm -Istdlib -Icompiler -Igrammar -Itests/unit -Itests/fault $(XML)
# The skimmer's walk is compiled for each set of instructions; skim.c asks the machine for its best.
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine)),)
$(B)/vm/match/skim_avx2.o:   CFLAGS += -mavx2 -mbmi -mbmi2 -mpopcnt -mpclmul
$(B)/vm/match/skim_avx512.o: CFLAGS += -mavx512f -mavx512bw -mavx512vl -mbmi -mbmi2 -mpopcnt -mpclmul
endif
# Generated code answers to its generator, not to us.
$(B)/grammar/%.o:  WARN := -Wall -Wno-unused-function

$(B)/vm/match/literals_avx2.o:   CFLAGS += -mavx2
$(B)/vm/match/literals_avx512.o: CFLAGS += -mavx512f -mavx512bw -mavx512vl

LIB_SRC := $(wildcard vm/*.c vm/*/*.c stdlib/*.c stdlib/*/*.c compiler/*.c compiler/lint/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(B)/grammar/parser.o $(B)/grammar/lexer.o \
           $(B)/stdlib/sources/embedded.o $(B)/stdlib/sandbox/shipped_world.o $(B)/stdlib/collector/embedded.o
CMD_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard compiler/driver/*.c))
SERVE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard compiler/serve/*.c))
UNIT    := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
MODEL   := $(B)/tests/model/model_holds
DIFF    := $(B)/tests/diff/diff_evaluate
MATCHES := $(B)/tests/diff/diff_match $(B)/tests/diff/diff_events
FAULT   := $(patsubst %.c,$(B)/%,$(wildcard tests/fault/fault_*.c))
BENCH   := $(patsubst %,$(B)/tests/bench/bench_%,intake http skim match subject)
FUZZERS := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all run test check soak lint format fuzz cover install docs clean help
.SECONDARY:
.DEFAULT_GOAL := all

all: $(B)/cdr ## build/cdr; needs the packages of tests/setup.sh build

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC   $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(INC) -MMD -MP -c -o $@ $<

$(B)/%.o: $(B)/%.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC   $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(INC) -MMD -MP -c -o $@ $<

# The grammar's tables are grouped targets: one run of bison makes both files.
$(B)/grammar/joined.y: grammar/join.awk grammar/parser.y $(sort $(wildcard grammar/*.y))
	@mkdir -p $(@D)
	$(Q)awk -f grammar/join.awk grammar/parser.y > $@
$(B)/grammar/parser.c $(B)/grammar/parser.h &: $(B)/grammar/joined.y
	$(if $(Q),@echo "  GEN  $<")
	$(Q)$(BISON) -Wall -Werror --header=$(B)/grammar/parser.h -o $(B)/grammar/parser.c $<

$(B)/grammar/lexer.c: grammar/lexer.l $(B)/grammar/parser.h
	$(if $(Q),@echo "  GEN  $<")
	$(Q)$(FLEX) -o $@ $<

# Unicode simple case folding, from Debian's unicode-data.
$(B)/vm/base/fold_table.h: vm/base/fold.awk /usr/share/unicode/CaseFolding.txt
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN  $@")
	$(Q)awk -f $^ > $@
$(B)/vm/base/fold.o: $(B)/vm/base/fold_table.h
$(B)/stdlib/core/case_table.h: stdlib/core/case.awk /usr/share/unicode/UnicodeData.txt
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN  $@")
	$(Q)awk -f $^ > $@
$(B)/stdlib/core/text.o: $(B)/stdlib/core/case_table.h

# The shipped sources are part of the binary.
$(B)/stdlib/sources/embedded.c: stdlib/sources/embed.awk $(sort $(wildcard stdlib/sources/*.cdr))
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN  $@")
	$(Q)LC_ALL=C awk -f $^ > $@

# So is the world that the sandbox begins with.
$(B)/stdlib/sandbox/shipped_world.c: stdlib/sandbox/embed.awk stdlib/sandbox/world.json \
                                   $(sort $(wildcard stdlib/sandbox/world_*.json))
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN  $@")
	$(Q)LC_ALL=C awk -f $^ > $@

# So are the scripts that collect from a host.
$(B)/stdlib/collector/embedded.c: stdlib/collector/embed.awk $(sort $(wildcard stdlib/collector/*.sh stdlib/collector/*.ps1))
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN  $@")
	$(Q)LC_ALL=C awk -f $^ > $@

$(B)/libcdr.a: $(LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The daemon's parts: linked by who names one.
$(B)/libserve.a: $(SERVE_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/cdr: $(CMD_OBJ) $(B)/libserve.a $(B)/libcdr.a
	$(if $(Q),@echo "  LINK $@")
	$(Q)$(CC) $(ALL_CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka $(LIBS)

# What of the command is a library in itself is tested as one.
$(addprefix $(B)/tests/unit/test_,alarms canary command_line connect_edr follow herald retention rounds rounds_killed rule_sets syslog typo ways): $(filter-out %/main.o,$(CMD_OBJ)) $(B)/libserve.a
$(B)/tests/unit/test_driver_text: $(addprefix $(B)/compiler/driver/,diff.o markdown.o output.o)
$(B)/tests/unit/test_alerts: $(addprefix $(B)/compiler/driver/,alerts.o files.o output.o)
$(addprefix $(B)/tests/unit/test_,hooks posted): $(addprefix $(B)/compiler/,driver/alerts.o driver/files.o driver/output.o driver/setting_text.o serve/blocks.o serve/hook.o serve/hooks.o serve/hooks_client_cas.o serve/posted.o)
$(B)/tests/unit/test_setting_text: $(addprefix $(B)/compiler/driver/,files.o output.o setting_text.o)
$(B)/tests/unit/test_needs: $(addprefix $(B)/compiler/driver/,json_out.o needs.o needs_ways.o policy.o policy_forms.o policy_permits.o policy_read.o)
$(B)/tests/unit/test_console: $(B)/compiler/driver/console.o

# What the daemon's parts are to it, the test is itself.
$(addprefix $(B)/tests/unit/,test_api test_api_directory): $(filter-out %/main.o %/commands.o,$(CMD_OBJ)) $(B)/libserve.a

# Every allocation of a fault test can be made to fail, the libraries' too.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(B)/tests/fault/%: $(B)/tests/fault/%.o $(B)/tests/fault/allocation.o $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(WRAP) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(MODEL): $(addprefix $(B)/tests/model/,model_holds.o holds_model.o) $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(BENCH): %: %.o $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

# Vectorscan is a peer to be measured, where it is installed; nothing else uses it.
$(B)/tests/bench/bench_literals: %: %.o $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(if $(wildcard /usr/include/hs/hs.h),-lhs)

$(DIFF): $(addprefix $(B)/tests/diff/,diff_evaluate.o generate.o naive.o) $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(B)/tests/diff/diff_match: $(addprefix $(B)/tests/diff/,wide.o hostile.o naive.o)
$(B)/tests/diff/diff_events: $(B)/tests/diff/drawn.o
$(MATCHES): %: %.o $(addprefix $(B)/tests/diff/,both_ways.o generate.o) $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

# Loaded into the daemon by LD_PRELOAD.
POWER   := $(B)/tests/soak/power_cut.so
$(POWER): tests/soak/power_cut.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -U_FORTIFY_SOURCE -shared -fPIC -o $@ $< -ldl -lpthread

KILLER  := $(B)/tests/soak/kill_at
$(KILLER): tests/soak/kill_at.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -o $@ $<

# Loaded into cdr by LD_PRELOAD.
BRIEF   := $(B)/tests/soak/brief_sleep.so
$(BRIEF): tests/soak/brief_sleep.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -shared -fPIC -o $@ $<

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libcdr.a
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

JOBS    := -j$(shell nproc)
SUITE   := $(UNIT) $(FAULT) $(MODEL) $(DIFF) $(MATCHES)
SOAK    := $(B)/cdr $(MODEL) $(MATCHES) $(B)/tests/fault/fault_interleavings $(B)/tests/unit/test_signature $(POWER) $(KILLER) $(BRIEF)

run: ## three whole cases on the sandbox (AWS, Defender, CrowdStrike): alert, evidence, isolation, undo; sets itself up
	@tests/setup.sh build
	@echo "building, quietly (a minute or two the first time)"
	@mkdir -p $(B)
	@$(MAKE) --no-print-directory -s $(JOBS) all >$(B)/run.log 2>&1 || { tail -n 40 $(B)/run.log; exit 1; }
	@CDR=$(B)/cdr docs/tour.sh

test: ## every test with every compiler and checker; sets itself up; under 15 minutes
	@tests/setup.sh test
	@tests/all.sh

check: $(B)/cdr $(SUITE) $(POWER) $(KILLER) $(BRIEF) ## the unit and command-line tests of one build (SANITIZE=1, CC=clang)
	@LOGS=$(B)/test-logs tests/check.sh $(B)

soak: ## what make check tries a little of, for minutes: deeper models, more orders of events
	@tests/setup.sh test
	@$(MAKE) --no-print-directory -s $(JOBS) $(SOAK)
	@LOGS=$(B)/soak-logs tests/soak.sh $(B)

lint: ## layout, layers, lengths, banned calls, shell scripts
	@tests/setup.sh test
	@tests/lint.sh

format: ## apply .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

# libFuzzer brings its own main; each target is one file of tests/fuzz.
FUZZ_SECONDS ?= 600
fuzz: ## each fuzz target for FUZZ_SECONDS (600)
	@tests/setup.sh test
	@$(MAKE) --no-print-directory -s $(JOBS) CC=clang FUZZ=1 fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz.sh
.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS)

bench: ## the matcher, checking and the daemon against peers and limits; sets itself up; under 40 minutes
	@$(MAKE) --no-print-directory -j1 -k bench-match bench-limits
bench-limits:
	@tests/setup.sh test
	@$(MAKE) --no-print-directory -s $(JOBS) all $(BENCH)
	@tests/bench/bench.py $(B)/cdr
	@mkdir -p $(B)/bench-data && $(B)/tests/bench/bench_intake $(B)/bench-data
	@TMPDIR=$(abspath $(B)/bench-data) tests/bench/daemon.py $(B)/cdr $(B)/tests/bench/bench_http

# PARTS of tests/bench/match.py; all of them without it. A missed target is told at the end.
bench-match: ## the matcher beside its peers alone, PARTS=.. for some of it; docs/benchmarks.md
	@tests/setup.sh bench
	@tests/bench/peers.sh $(B)/bench-peers
	@$(MAKE) --no-print-directory -s $(JOBS) all $(BENCH) $(B)/tests/bench/bench_literals
	@tests/bench/match.py $(B) $(PARTS)
.PHONY: bench bench-limits bench-match

cover: ## line and branch coverage of the unit and command-line tests, by folder
	@tests/setup.sh test
	@rm -rf build-cover
	@$(MAKE) --no-print-directory -s $(JOBS) COVER=1 check
	@tests/cover.sh build-cover

PREFIX  ?= /usr/local
# Where bash, zsh and fish look, below PREFIX/share.
COMPLETIONS := bash-completion/completions/cdr zsh/site-functions/_cdr fish/vendor_completions.d/cdr.fish
install: $(B)/cdr ## cdr, its manual page, completions, shipped rules to PREFIX (DESTDIR works)
	install -D -m 755 $(B)/cdr $(DESTDIR)$(PREFIX)/bin/cdr
	find rules -name '*.cdr' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/cdr/{} \;
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 $(dir $(COMPLETIONS)))
	$(B)/cdr help --man > $(DESTDIR)$(PREFIX)/share/man/man1/cdr.1
	$(B)/cdr completion bash > $(DESTDIR)$(PREFIX)/share/$(word 1,$(COMPLETIONS))
	$(B)/cdr completion zsh > $(DESTDIR)$(PREFIX)/share/$(word 2,$(COMPLETIONS))
	$(B)/cdr completion fish > $(DESTDIR)$(PREFIX)/share/$(word 3,$(COMPLETIONS))

docs: $(B)/cdr ## the pages of docs/ that cdr makes itself
	$(B)/cdr help --markdown > docs/commands.md
	$(B)/cdr doc --language > docs/reference.md
	$(B)/cdr doc --provider crowdstrike > docs/steps-crowdstrike.md
	$(B)/cdr doc --provider defender > docs/steps-defender.md
	awk -v form=vim -f docs/integrations/highlight.awk grammar/keywords.def > docs/integrations/cdr.vim
	awk -v form=textmate -f docs/integrations/highlight.awk grammar/keywords.def > docs/integrations/cdr.tmLanguage.json

clean: ## remove every build folder
	rm -rf build build-*

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
