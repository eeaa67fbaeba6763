# Two commands matter on a fresh clone: `make run` and `make test`. Both install
# what they need. The lines with two hashes are what `make help` shows.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

goflags := -tags=duckdb_arrow -buildvcs=false
export GOFLAGS := $(strip $(filter-out $(goflags),$(GOFLAGS)) $(goflags))

# What looks at the code compiles it as the tests do (tools/test.sh), so that it is compiled once.
as_tested := -race -gcflags=golang.org/x/crypto/blowfish=-race=false

version  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
revision ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
build_info = github.com/karuta-bi/karuta/internal/app
ldflags  = -s -w -X $(build_info).version=$(version) -X $(build_info).revision=$(revision)

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: needs python pages ## Build bin/karuta with the Python and the pages it brings along
	go build -trimpath -ldflags '$(ldflags)' -o bin/karuta ./cmd/karuta

.PHONY: run
run: build ## Build and start everything with the demo on http://127.0.0.1:8000
	exec bin/karuta serve --demo --listen 127.0.0.1:8000 --executor-listen 127.0.0.1:8080 --data-dir .karuta

.PHONY: test
test: needs ## Run all tests, with the servers they need
	@$(MAKE) --no-print-directory -j2 python pages servers contract
	@$(MAKE) --no-print-directory vet staticcheck
	tools/test.sh

.PHONY: test-long
test-long: export KARUTA_LONG = 1
test-long: export TEST_TIMEOUT = 60m
test-long: test ## Run all tests, the long ones too

.PHONY: check
check: needs formatted vet staticcheck fresh contract ## Check everything that needs no running: form, floors, contract, generated code
	go mod verify
	go test -count=1 .

.PHONY: generate
generate: ## Write the generated code anew after a change of schema/ or of a setting
	go tool gqlgen generate
	go generate ./...

.PHONY: bench
bench: needs python ## Measure how fast it is
	tools/peers/install.sh
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fmt
fmt: ## Format the Go code
	gofmt -s -w $(go_files)

go_files = $(wildcard $(shell git ls-files --cached --others --exclude-standard '*.go'))

# Parts of the above.

.PHONY: needs python pages servers formatted vet staticcheck fresh contract
needs:
	@tools/needs.sh

python:
	@tools/python/install.sh bin/python

pages:
	@web/build.sh

servers:
	@tools/install.sh

formatted:
	@unformatted=$$(gofmt -s -l $(go_files)); [ -z "$$unformatted" ] || { echo "not formatted (make fmt): $$unformatted"; exit 1; }

vet:
	go vet $(as_tested) ./...

staticcheck:
	staticcheck=$$(go tool -n staticcheck) && GOFLAGS="$(GOFLAGS) $(as_tested)" $$staticcheck ./...

# Generated code is checked in; writing it anew must change nothing.
fresh: generate
	@git diff --exit-code --stat -- graph resolvers docs go.mod go.sum || { echo "generated code is stale: commit what make generate wrote"; exit 1; }

contract:
	@tools/schema/check.sh
