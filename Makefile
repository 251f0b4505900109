# Tenure. Everything that is built lands in dist/.
#
#   make demo    install what is missing, build, and watch the main job run
#   make test    install what is missing, build, and run the tests
#   make help    the rest

SHELL   = /bin/bash
PREFIX ?= /usr/local
CC     ?= cc
CFLAGS ?= -O2 -g
WARN    = -std=c11 -Wall -Wextra -Wshadow -Wconversion -Werror
SHARED  = -fPIC -shared -fvisibility=hidden

C_FILES   = $(sort $(wildcard ext/*.c)) dist/gen/schema.c
H_FILES   = $(sort $(wildcard ext/*.h))
SQL_FILES = $(sort $(wildcard sql/schema/*.sql)) $(sort $(wildcard sql/view/*.sql)) \
            $(sort $(wildcard sql/guard/*.sql)) $(sort $(wildcard sql/verb/*.sql))
OBJECTS   = $(patsubst %.c,dist/obj/%.o,$(notdir $(C_FILES)))

.PHONY: all
all: dist/tenure.so

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  make %-14s %s\n' "$$name" "$$text"; done

# --- building

dist/gen/schema.c: ext/embed.awk sql/receipt.template $(SQL_FILES)
	@mkdir -p $(@D)
	awk -v template=sql/receipt.template -f ext/embed.awk $(SQL_FILES) > $@.new && mv $@.new $@

dist/obj/%.o: ext/%.c $(H_FILES) | deps
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -fPIC -fvisibility=hidden -c $< -o $@

dist/obj/%.o: dist/gen/%.c $(H_FILES) | deps
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) -fPIC -fvisibility=hidden -Iext -c $< -o $@

dist/tenure.so: $(OBJECTS)
	$(CC) $(CFLAGS) $(SHARED) $^ -o $@

.PHONY: deps
deps:  ## install what is missing (Debian packages; asks for nothing that is there)
	@bash packaging/deps.sh
