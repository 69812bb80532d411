# make test      every test, in release (debug builds compile the kernels without optimisation)
# make check     what has to pass before a merge: layout, source rules, a build without warnings, every test
# make format    rewrites the layout of all Swift files
# make docs      the reference of the public interface, as DocC pages in .build-docs/documentation
# make bench     kernel and model speed beside the machine's limits measured in the same run
# make interop   loads what `tinylora export` writes with the real tools: transformers, PEFT, and with MODEL=directory vLLM and mlx-lm,
#                with GGUF=file llama.cpp (installs them into .interop, about 3 GB)
# make learner-test  tests Integrations/torch, the learner that is a PyTorch process (installs it into .interop/learner)
# make engines   trains with vLLM, llama.cpp and the torch learner, with MODEL=directory and GGUF=file of the same small model
# make slurm     runs a sweep on a Slurm cluster of one node, disturbs it, and compares with the sweep without Slurm (installs Slurm)
# make real      the experiments of Documentation/RealModel.md, for MODEL=directory or, without it, a model that is downloaded;
#                SWEEPS="real-orders …" does only these (all seven: 37 hours on two cores with AVX-512, an estimate; resumes)
# make soak      `tinylora serve` with the official Python client, schemathesis, and clients that do everything wrong, for SECONDS=600
# make serve-speed  tokens per second of `tinylora serve` beside the engine and with 1,024 adapters, for MODEL=directory; with
#                VLLM=python that has vLLM, beside its server
# make serve-page  the page of `tinylora serve` in Chromium; PICTURES=directory keeps pictures of it
# make fixtures  rebuilds Tests/Fixtures with PyTorch (needs a Python environment: Scripts/requirements.txt)

PYTHON ?= venv/bin/python
SWIFT_FILES = $(wildcard Sources Tests Benchmarks Examples Package.swift)

.PHONY: test check format docs bench interop learner-test engines slurm real soak serve-speed serve-page fixtures

test:
	swift test -c release --traits Serve

# CI=true makes Package.swift treat warnings as errors. `swift test` builds everything, the command included.
check: export CI = true
check:
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)
	Scripts/check_sources.sh
	swift test -c release --traits Serve

format:
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

# `swift package dump-symbol-graph` stumbles over test targets, so the compiler is asked directly, in a build folder of its own.
# TinyLoRA exports the other modules, so its own graph is the whole public interface. Built afresh: an incremental build leaves
# graphs out of date.
docs:
	rm -rf .build-docs
	mkdir -p .build-docs/symbols .build-docs/public
	swift build --target TinyLoRA --scratch-path .build-docs -Xswiftc -emit-symbol-graph \
	    -Xswiftc -emit-symbol-graph-dir -Xswiftc "$(CURDIR)/.build-docs/symbols" \
	    -Xswiftc -symbol-graph-minimum-access-level -Xswiftc public
	cp .build-docs/symbols/TinyLoRA*.json .build-docs/public
	docc convert $(wildcard Sources/TinyLoRA/*.docc) --additional-symbol-graph-dir .build-docs/public \
	    --fallback-display-name TinyLoRA --fallback-bundle-identifier tinylora \
	    --warnings-as-errors --output-path .build-docs/documentation

bench:
	swift run -c release tinylora bench

interop:
	swift build -c release --product tinylora
	Scripts/interop/run.sh "$(MODEL)" "$(GGUF)"

learner-test:
	Scripts/environment.sh learner
	cd Integrations/torch && "$(CURDIR)/.interop/learner/bin/python" -m unittest discover -s tests

engines:
	swift build -c release --product tinylora
	Scripts/engines/run.sh "$(MODEL)" "$(GGUF)"

slurm:
	swift build -c release --product tinylora
	Scripts/slurm/run.sh

real:
	swift build -c release --product tinylora
	Scripts/real_model.sh "$(or $(MODEL),Qwen/Qwen2.5-Coder-0.5B-Instruct)" $(SWEEPS)

SECONDS = 600
soak:
	swift build -c release --traits Serve --product tinylora
	Scripts/soak/run.sh $(SECONDS)

SERVE = $$(swift build -c release --traits Serve --show-bin-path)/tinylora
serve-speed:
	swift build -c release --traits Serve --product tinylora
	python3 Scripts/soak/throughput.py "$(SERVE)" "$(MODEL)" $(if $(VLLM),--vllm "$(VLLM)")

serve-page:
	swift build -c release --traits Serve --product tinylora
	python3 Scripts/soak/page.py "$(SERVE)" $(if $(PICTURES),--pictures "$(PICTURES)")

fixtures:
	$(PYTHON) Scripts/make_fixtures.py
	$(PYTHON) Scripts/make_peft_fixtures.py
	$(PYTHON) Scripts/make_gguf_fixtures.py
	$(PYTHON) Scripts/make_loss_fixtures.py
	$(PYTHON) Scripts/make_evolution_fixtures.py
	$(PYTHON) Scripts/make_template_fixture.py
	cd Tests/Fixtures/TinyText && "$(abspath $(PYTHON))" make.py && "$(abspath $(PYTHON))" make_scored.py
