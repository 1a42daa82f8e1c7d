# make demo      the main job in a minute: no root, no servers, nothing installed
# make test      installs what is missing (Debian/Ubuntu), then runs everything
# make check     formatting, lints, documentation, the agent for Windows
# make packages  .deb files and a static agent for any Linux, into target/packages (needs cargo-deb and musl-tools)
# make bench     figures, from release builds (minutes)
# make mutants   the tests on trial (an hour or two; wants cargo-mutants)
# All honour CARGO_TARGET_DIR.

TARGET := $(or $(CARGO_TARGET_DIR),target)
CARGO  ?= cargo

.PHONY: demo build crash-build test check bench packages static mutants mutants-core mutants-intake mutants-wire

# One package at a time, so that the receiver's features do not enlarge the agent.
build:
	$(CARGO) build --locked -p mailbeat-agent
	$(CARGO) build --locked -p mailbeat-receiver

demo: build
	$(CARGO) run --locked --quiet -p mailbeat-tests --bin demo

# The programs with crash points, beside the ordinary ones, for tests/crash.
crash-build:
	$(CARGO) build --locked -p mailbeat-agent --features crash-points
	$(CARGO) build --locked -p mailbeat-receiver --features crash-points
	mkdir -p $(TARGET)/debug/crash-points
	cp $(TARGET)/debug/mailbeat-agent $(TARGET)/debug/mailbeat-receiver $(TARGET)/debug/crash-points/

test:
	tests/install-deps.sh
	$(MAKE) crash-build
	$(MAKE) build
	tests/run-all.sh

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	rustup target add x86_64-pc-windows-gnu
	$(CARGO) check --locked --target x86_64-pc-windows-gnu -p mailbeat-agent

# A clock that is earlier than what an agent was made from is not set.
MADE := $(shell TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
SHIPPED := $(if $(MADE),MAILBEAT_BUILD_TIME=$(MADE))

packages: static
	$(SHIPPED) $(CARGO) build --locked --profile agent -p mailbeat-agent
	$(CARGO) build --locked --release -p mailbeat-receiver
	packaging/pack.sh $(TARGET) $(TARGET)/agent/mailbeat-agent $(TARGET)/release/mailbeat-receiver

# One file that runs on any Linux of this processor, whatever its C library.
STATIC := x86_64-unknown-linux-musl
static:
	rustup target add $(STATIC)
	$(SHIPPED) CC_x86_64_unknown_linux_musl=musl-gcc $(CARGO) build --locked --profile agent --target $(STATIC) -p mailbeat-agent
	mkdir -p $(TARGET)/packages
	cp $(TARGET)/$(STATIC)/agent/mailbeat-agent $(TARGET)/packages/mailbeat-agent-$(STATIC)

bench:
	benches/run.sh

# The tests on trial: one fault after another is put into a copy of the pure core, the intake and the wire format, and the tests named
# beside it must notice. Results are in $(TARGET)/mutants-*/mutants.out. ARGS goes to cargo-mutants: `--shard 0/8` tries an eighth,
# `--iterate` what was not noticed the last time.
mutants:
	$(MAKE) -k mutants-core mutants-intake mutants-wire

MUTANTS = CARGO_TARGET_DIR=$(abspath $(TARGET)) $(CARGO) mutants --output $(TARGET)/$@ $(ARGS)

mutants-core:
	$(MUTANTS) --cargo-arg=--test=evaluate --exclude receiver/src/evaluate/promptness.rs \
	  --file receiver/src/evaluate.rs --file 'receiver/src/evaluate/**' --file receiver/src/ticket.rs --file 'receiver/src/ticket/**'

mutants-intake:
	$(MUTANTS) --cargo-arg=--lib --file receiver/src/evaluate/promptness.rs --file receiver/src/intake.rs --file 'receiver/src/intake/**'

mutants-wire:
	$(MUTANTS) --cargo-arg=--lib --cargo-arg=--test=extract --cargo-arg=--test=other_mail --cargo-arg=--test=ssh_keygen --file 'shared/src/wire/**'
