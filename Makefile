# make test      every test, in release (debug builds compile the kernels without optimisation)
# make check     what has to pass before a merge: layout, source rules, a build without warnings, every test
# make format    rewrites the layout of all Swift files
# make docs      the reference of the public interface, as DocC pages in .build/documentation
# make bench     kernel and model speed beside the machine's limits measured in the same run
# make fixtures  rebuilds Tests/Fixtures with PyTorch (needs a Python environment: Scripts/requirements.txt)

PYTHON ?= venv/bin/python
SWIFT_FILES = $(wildcard Sources Tests Benchmarks Examples Package.swift)

.PHONY: test check format docs bench fixtures

test:
	swift test -c release

# CI=true makes Package.swift treat warnings as errors. It is the same for both steps, so nothing is built twice.
check: export CI = true
check:
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)
	Scripts/check_sources.sh
	swift build -c release --build-tests
	swift test -c release

format:
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

docs:
	swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members
	rm -rf .build/documentation .build/symbols && mkdir -p .build/symbols
	cp .build/*/symbolgraph/Tiny*.symbols.json .build/symbols/
	docc convert $(wildcard Sources/TinyLoRA/*.docc) --additional-symbol-graph-dir .build/symbols \
	    --fallback-display-name TinyLoRA --fallback-bundle-identifier tinylora --output-path .build/documentation

bench:
	swift run -c release --package-path Benchmarks

fixtures:
	$(PYTHON) Scripts/make_fixtures.py
