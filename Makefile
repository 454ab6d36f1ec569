# The front door. Two words set up a fresh Debian 12 and do the work:
#
#   make demo    the main job, start to end, on this machine
#   make test    everything that is fast
#
# Both install what they lack (apt; sudo only when not root), say what they do, and can be run again. The rest:
#
#   make           build/ensignd build/ensign build/ensign-sim build/ensign-kmstool
#   make dev       build-dev/ with the insecure-key option, for wiring tests
#   make sanitize  the tests again under ASan with UBSan, and under TSan
#   make interop   against eth-account, ethers, botocore, the AWS CLI and anvil
#   make kernel    the enclave's kernel (cached outside the tree)
#   make image     build/ensign.eif and its PCRs; SETTINGS=FILE bakes measured settings, without it the image is open
#   make image-aarch64  the same for Graviton, cross-built into build/aarch64; booted nowhere yet
#   make docker-context  the source beside enclave/Dockerfile, for nitro-cli build-enclave; SETTINGS=FILE as above
#   make boot-test boots the image on emulated Nitro hardware and runs the demo's story over vsock
#   make deb       Debian packages of what `make` builds, into build/deb: ensign, ensign-enclave, ensign-sim
#   make deb-test  installs, uses and purges them in a fresh Debian 12; makes them twice; lintian
#   make ctime     under valgrind: no branch and no address depends on a secret (also among the tests)
#   make bench     what ensign costs beside what is physically needed: a table, and build/bench.json; then ensign beside
#                  anvil and eth-account, and the relays beside socat. BENCH=--strict fails when an aim is missed
#   make soak      mixed clients at full load for SOAK_MINUTES (10), faults beside them, every answer verified
#   make fuzz      every fuzzer for FUZZ_SECONDS (60): a table, and build/fuzz.json
#   make mutants   the code that decides, made wrong in 400 places one at a time (MUTANTS=n, all): the tests have to notice
#   make format    put the C sources into the house's format
#   make clean

BUILD := build
MESON := meson
# Debian's interpreter: the same on a laptop that has others besides.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: all dev demo test sanitize interop bench kernel image image-aarch64 docker-context boot-test deb deb-test ctime soak fuzz mutants format clean
.PHONY: tools-build tools-test tools-interop tools-bench tools-deb tools-fuzz tools-mutants tools-kernel tools-machine

all: tools-build $(BUILD)/build.ninja
	@ninja -C $(BUILD)

tools-build tools-test tools-interop tools-bench tools-deb tools-fuzz tools-mutants tools-kernel tools-machine:
	@tools/setup $(subst tools-,,$@)

$(BUILD)/build.ninja: | tools-build
	@$(MESON) setup $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -rf $(BUILD); exit 1; }
	@rm -f $(BUILD).log

dev: tools-build
	@test -f build-dev/build.ninja || $(MESON) setup build-dev -Dinsecure_key=true
	@ninja -C build-dev

demo: all
	@tests/demo

test: tools-test all dev
	@tools/run-tests $(BUILD)

sanitize: tools-test
	@tools/run-sanitized

interop: tools-interop all dev
	@tests/interop/run $(BUILD)

kernel: tools-kernel
	@tools/kernel $(BUILD)/image-parts

image: tools-kernel all
	@tools/image $(BUILD) $(BUILD)/ensign.eif $(SETTINGS)

image-aarch64: tools-kernel all
	@tools/aarch64 $(BUILD)/aarch64 $(SETTINGS)

docker-context:
	@tools/docker-context "$(SETTINGS)"

boot-test: tools-machine image
	@tests/boot/run $(BUILD)

deb: tools-deb all
	@tools/deb $(BUILD)

deb-test: deb
	@tests/deb/run $(BUILD)

ctime: tools-test all
	@$(MESON) test -C $(BUILD) --suite ctime --print-errorlogs

bench: tools-bench all
	@ninja -C $(BUILD) tests/bench/bench
	@ENSIGN_BUILD=$(BUILD) python3 tests/bench/bench.py $(BENCH)
	@ENSIGN_BUILD=$(BUILD) python3 tests/bench/beside.py
	@ENSIGN_BUILD=$(BUILD) python3 tests/bench/relay_rate.py

soak: tools-test all
	@ENSIGN_BUILD=$(BUILD) python3 tests/soak/soak.py --minutes $(or $(SOAK_MINUTES),10)

fuzz: tools-fuzz
	@tools/run-fuzzers

mutants: tools-mutants $(BUILD)/build.ninja
	@ENSIGN_BUILD=$(BUILD) tests/mutants/mutants.py

format: tools-test
	@clang-format-14 -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build build-dev build-asan build-tsan build-clang build-fuzz build-mutants
