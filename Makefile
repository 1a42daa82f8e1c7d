# make demo      the main job in a minute: no root, no servers, nothing installed
# make test      installs what is missing (Debian/Ubuntu), then runs everything
# make check     formatting, lints, documentation, the agent for Windows
# make packages  .deb files and a static agent for any Linux, into target/packages (needs cargo-deb and musl-tools)
# make bench     figures, from release builds (minutes)
# All honour CARGO_TARGET_DIR.

TARGET := $(or $(CARGO_TARGET_DIR),target)
CARGO  ?= cargo

.PHONY: demo build crash-build test check bench mutants packages static

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

packages: static
	$(CARGO) build --locked --profile agent -p mailbeat-agent
	$(CARGO) build --locked --release -p mailbeat-receiver
	packaging/pack.sh $(TARGET) $(TARGET)/agent/mailbeat-agent $(TARGET)/release/mailbeat-receiver

# One file that runs on any Linux of this processor, whatever its C library.
STATIC := x86_64-unknown-linux-musl
static:
	rustup target add $(STATIC)
	CC_x86_64_unknown_linux_musl=musl-gcc $(CARGO) build --locked --profile agent --target $(STATIC) -p mailbeat-agent
	mkdir -p $(TARGET)/packages
	cp $(TARGET)/$(STATIC)/agent/mailbeat-agent $(TARGET)/packages/mailbeat-agent-$(STATIC)

bench:
	benches/run.sh

mutants:
	$(CARGO) mutants --package mailbeat-shared --package mailbeat-receiver \
	  --file 'shared/src/wire/**' --file 'receiver/src/evaluate/**' --file receiver/src/ticket.rs --file 'receiver/src/intake/**'
