# Tenure. Everything that is built lands in dist/.
#
#   make demo    install what is missing, build, and watch the main job run
#   make test    install what is missing, build, and run the tests
#   make help    the rest

SHELL    = /bin/bash
PREFIX  ?= /usr/local
CC      ?= cc
CFLAGS  ?= -O2 -g
WARN     = -std=c11 -Wall -Wextra -Wshadow -Wconversion -Werror
HIDDEN   = -fPIC -fvisibility=hidden
# As many compilers at once as there are processors, and half as many tests more, because some of them wait. PROVE is what
# prove is told. A make that a test runs counts for itself.
JOBS    := $(shell nproc)
MAKEFLAGS += -j$(JOBS)
unexport MAKEFLAGS
PROVE   ?= -j$(shell echo $$(($(JOBS) * 3 / 2)))

C_FILES   = $(sort $(wildcard ext/*.c)) dist/gen/schema.c dist/gen/checks.c
H_FILES   = $(sort $(wildcard ext/*.h))
SQL_PARTS = schema view guard verb
SQL_FILES = sql/schema/meta.sql $(filter-out sql/schema/meta.sql, \
            $(foreach part,$(SQL_PARTS),$(sort $(wildcard sql/$(part)/*.sql))))
OBJECTS   = $(patsubst %.c,dist/obj/%.o,$(notdir $(C_FILES)))
STATICS   = $(patsubst %.c,dist/static/%.o,$(notdir $(C_FILES)))

# A C file tests/X/Y.c becomes the program dist/tests/X/Y; those that end in _test print TAP.
TEST_C    = $(wildcard tests/*/*.c)
TEST_BINS = $(patsubst tests/%.c,dist/tests/%,$(TEST_C))

# Fuzz targets: with libFuzzer they look for new inputs, with replay.c they try the corpus.
FUZZ_TARGETS = $(filter-out replay,$(patsubst tests/fuzz/targets/%.c,%,$(wildcard tests/fuzz/targets/*.c)))
FUZZ_REPLAYS = $(patsubst %,dist/fuzz/replay-%,$(FUZZ_TARGETS))
FUZZ_FLAGS   = -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
SECS ?= 30

# What the manual page and the completions are made from: the declarations of the verbs.
DECLARED  = packaging/declared.sh bin/tenure $(wildcard bin/lib/*.sh bin/lib/verbs/*.sh)
PAGES     = dist/tenure.1 dist/completions/tenure.bash dist/completions/_tenure

vpath %.c ext dist/gen

.PHONY: all
all: dist/tenure.so

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  make %-14s %s\n' "$$name" "$$text"; done

.PHONY: deps
deps:  ## install what is missing: Debian packages, only those that are absent
	@bash packaging/deps.sh

.PHONY: deps-fuzz deps-cover
deps-fuzz deps-cover: deps
	@bash packaging/deps.sh $(@:deps-%=%)

# --- building

# A folder is newer than what was made of it when a file has gone from it.
dist/gen/schema.c: ext/embed.awk sql/receipt.template $(SQL_FILES) $(addprefix sql/,$(SQL_PARTS))
	@mkdir -p $(@D)
	awk -v template=sql/receipt.template -f ext/embed.awk $(SQL_FILES) > $@.new && mv $@.new $@

dist/gen/checks.c: ext/embed_checks.awk $(sort $(wildcard sql/check/*.sql)) sql/check
	@mkdir -p $(@D)
	awk -f ext/embed_checks.awk $(sort $(wildcard sql/check/*.sql)) > $@.new && mv $@.new $@

dist/obj/%.o: %.c $(H_FILES) | deps
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(HIDDEN) -Iext -c $< -o $@

dist/tenure.so: $(OBJECTS)
	$(CC) $(CFLAGS) -shared $(HIDDEN) $^ -o $@

dist/static/%.o: %.c $(H_FILES) | deps
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -DSQLITE_CORE -Iext -c $< -o $@

.PHONY: static
static: dist/libtenure.a  ## a library to link into a program that has its own SQLite

dist/libtenure.a: $(STATICS)
	rm -f $@ && ar rcs $@ $^

.PHONY: amalgamation
amalgamation: dist/amalgamation/tenure.c  ## all of the extension as one .c and one .h

dist/amalgamation/tenure.c: ext/amalgamate.awk $(C_FILES) $(H_FILES)
	@mkdir -p $(@D)
	awk -f ext/amalgamate.awk $(C_FILES) > $@.new && mv $@.new $@
	cp ext/tenure.h $(@D)/tenure.h

.PHONY: man
man: dist/tenure.1  ## the manual page

dist/tenure.1: packaging/man.sh $(DECLARED) dist/tenure.so
	bash packaging/man.sh > $@.new && mv $@.new $@

.PHONY: completions
completions: dist/completions/tenure.bash dist/completions/_tenure  ## completions for bash and zsh

dist/completions/tenure.bash: packaging/completion.bash
	@mkdir -p $(@D)
	bash packaging/completions.sh bash > $@.new && mv $@.new $@

dist/completions/_tenure: packaging/completion.zsh
	@mkdir -p $(@D)
	bash packaging/completions.sh zsh > $@.new && mv $@.new $@

dist/completions/tenure.bash dist/completions/_tenure: packaging/completions.sh $(DECLARED) dist/tenure.so

# --- using

.PHONY: demo
demo: deps dist/tenure.so  ## watch the main job run on a real database
	@bash examples/demo/demo.sh

.PHONY: pause
pause: deps dist/tenure.so  ## stop workers past their lease, and see which updates are lost without a guard
	@bash examples/pause/pause.sh

# What an older version had and this one has not would stay, and a verb is known by its file.
.PHONY: install
install: deps dist/tenure.so $(PAGES)  ## put it all below PREFIX (/usr/local): extension, SQL, command, manual page, completions
	rm -rf "$(DESTDIR)$(PREFIX)/lib/tenure"
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/tenure/lib"
	install -m 755 bin/tenure "$(DESTDIR)$(PREFIX)/bin/tenure"
	install -m 644 dist/tenure.so "$(DESTDIR)$(PREFIX)/lib/tenure/tenure.so"
	cp -r bin/lib/. "$(DESTDIR)$(PREFIX)/lib/tenure/lib/"
	cp -r sql "$(DESTDIR)$(PREFIX)/lib/tenure/"
	chmod -R u=rwX,go=rX "$(DESTDIR)$(PREFIX)/lib/tenure"
	install -D -m 644 dist/tenure.1 "$(DESTDIR)$(PREFIX)/share/man/man1/tenure.1"
	install -D -m 644 dist/completions/tenure.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tenure"
	install -D -m 644 dist/completions/_tenure "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tenure"

.PHONY: uninstall
uninstall:  ## take it away again
	rm -rf "$(DESTDIR)$(PREFIX)/lib/tenure"
	rm -f "$(DESTDIR)$(PREFIX)/bin/tenure" "$(DESTDIR)$(PREFIX)/share/man/man1/tenure.1"
	rm -f "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tenure" "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tenure"

.PHONY: docs
docs: dist/tenure.so  ## write the tables of the README anew from the extension's own tables
	bash packaging/docs.sh

# --- proving

dist/tests/%: tests/%.c dist/libtenure.a $(wildcard tests/*/*.h)
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -DSQLITE_CORE -Iext $< dist/libtenure.a -lsqlite3 -lm -o $@

.PHONY: test
test: deps dist/tenure.so dist/amalgamation/tenure.c $(TEST_BINS) $(FUZZ_REPLAYS)  ## run the tests
	@prove -fo $(PROVE) -r tests $(filter %_test,$(TEST_BINS))

# Disks that fail, power cuts and memory that runs out. FULL=2 tries everything, which takes an hour; SEED=N repeats.
FULL ?= 1
.PHONY: test-fault
test-fault: deps dist/tenure.so $(TEST_BINS)  ## faults of memory, I/O and power, at length (minutes); FULL=2 SEED=N
	@FAULT_FULL=$(FULL) FAULT_SEED=$(SEED) prove $(PROVE) -v tests/fault

.PHONY: test-hosts
test-hosts: deps dist/tenure.so dist/amalgamation/tenure.c dist/tests/hosts/static  ## all languages that can load it, installed if absent (1 GB)
	@bash packaging/hosts.sh
	@TENURE_HOSTS=all prove -fo $(PROVE) tests/hosts

.PHONY: test-long
test-long: deps  ## all of the proof, one after the other, which takes many hours; TENURE_STEPS=10000000
	@TENURE_LONG=1 TENURE_STEPS=$${TENURE_STEPS:-10000000} $(MAKE) test
	@$(MAKE) test-hosts
	@$(MAKE) test-fault FULL=2
	@$(MAKE) test-storm KILLS=10000
	@$(MAKE) fuzz-long
	@$(MAKE) cover
	@$(MAKE) mutation

.PHONY: test-programs
test-programs: $(TEST_BINS)

dist/fuzz/replay-%: tests/fuzz/targets/%.c tests/fuzz/targets/replay.c tests/fuzz/targets/fuzz.h dist/libtenure.a
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -DSQLITE_CORE -Iext $< tests/fuzz/targets/replay.c dist/libtenure.a -lsqlite3 -lm -o $@

dist/fuzz/fuzz-%: tests/fuzz/targets/%.c tests/fuzz/targets/fuzz.h $(C_FILES) $(H_FILES) | deps-fuzz
	@mkdir -p $(@D)
	clang -std=c11 $(FUZZ_FLAGS) -DSQLITE_CORE -Iext $< $(C_FILES) -lsqlite3 -lm -o $@

.PHONY: fuzz-quick fuzz-long
fuzz-quick: deps-fuzz $(patsubst %,dist/fuzz/fuzz-%,$(FUZZ_TARGETS))  ## fuzz each target for SECS (30) seconds
	@bash tests/fuzz/fuzz.sh $(SECS) $(FUZZ_TARGETS)

fuzz-long: SECS = 3600
fuzz-long: fuzz-quick  ## fuzz each target for an hour

.PHONY: test-storm
test-storm: deps dist/tenure.so dist/tests/storm/worker  ## kill and pause processes; SECS=600 KILLS=10000 SEED=1 WORKERS=16
	@STORM_SECS=$(SECS) STORM_KILLS=$(KILLS) STORM_SEED=$(SEED) STORM_WORKERS="$(WORKERS)" tests/storm/storm.t

.PHONY: cover
cover: deps-cover dist/gen/schema.c  ## coverage of the C files and of the conditions in the triggers
	@bash tests/cover/cover.sh

.PHONY: bench
bench: deps dist/tenure.so $(patsubst %,dist/tests/bench/%,bench wake contention)  ## measure, as ratios to floors of the same run
	@dist/tests/bench/bench
	@dist/tests/bench/wake
	@dist/tests/bench/contention
	@tests/bench/scale.py
	@tests/bench/command.py

.PHONY: bench-peers
bench-peers: deps dist/tenure.so  ## the same renewal in Redis, PostgreSQL and etcd, installed if absent
	@bash tests/bench/peers.sh

.PHONY: mutation
mutation: deps dist/gen/schema.c  ## break Tenure in one place at a time; ARGS='--sample 100 --only sql/verb sql/view'
	@tests/mutation/run.py $(ARGS)

FORMATTED = $(wildcard $(foreach kind,c h,ext/*.$(kind) tests/*/*.$(kind) tests/*/*/*.$(kind)))

.PHONY: lint
lint: deps  ## shellcheck, and the format of the C files
	shellcheck -x bin/tenure $(wildcard bin/lib/*.sh bin/lib/*/*.sh examples/*/*.sh packaging/*.sh)
	clang-format --dry-run -Werror $(FORMATTED)

.PHONY: format
format: deps  ## format the C files
	clang-format -i $(FORMATTED)

.PHONY: clean
clean:  ## remove everything that was built
	rm -rf dist
