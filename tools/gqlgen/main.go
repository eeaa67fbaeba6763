// Command gqlgen writes graph/ and the signatures in resolvers/ from schema/ and
// gqlgen.yml, as gqlgen's own command does, and lets objects and lists that are
// there already be written without gqlgen's machinery (see graph/plain):
//
//	go tool gqlgen generate [--config FILE] [--as-shipped]
//
// --as-shipped leaves the second out, for benchmarks.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "generate" {
		fail(fmt.Errorf("usage: go tool gqlgen generate [--config FILE] [--as-shipped]"))
	}
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	file := flags.String("config", "gqlgen.yml", "what is written from what")
	shipped := flags.Bool("as-shipped", false, "write gqlgen's code alone")
	_ = flags.Parse(os.Args[2:]) // ends the process where it fails
	log.SetOutput(io.Discard)    // gqlgen tells every step
	if err := generate(*file, *shipped); err != nil {
		fail(err)
	}
}

func generate(file string, shipped bool) error {
	c, err := config.LoadConfig(file)
	if err != nil {
		return err
	}
	c.SkipValidation = true // by a build, which comes next in any case
	if shipped {
		return api.Generate(c)
	}
	p := &plainFields{}
	if err := api.Generate(c, api.AddPlugin(p)); err != nil {
		return err
	}
	return p.hook(c.Exec.DirName)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gqlgen:", err)
	os.Exit(1)
}
