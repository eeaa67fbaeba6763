// Command karuta is Karuta: the API (serve), the executor, and the verbs of the
// person who runs them. Each verb has a file of its own here.
//
// Exit codes: 0 done, 1 failed, 2 asked wrongly (arguments or configuration),
// 3 refused or not found, 4 cancelled, 5 left before the end, which is not known.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every verb. Flags of serve win over the environment.
type cli struct {
	DataDir string `help:"Folder for what Karuta keeps on this machine. Default: data." placeholder:"DIR" env:"DATA_DIR"`

	Serve        serveCmd        `cmd:"" help:"Run the API, and its executor beside it."`
	Executor     executorCmd     `cmd:"" help:"Run an executor of its own."`
	Worker       workerCmd       `cmd:"" hidden:""`
	User         userCmd         `cmd:"" help:"Accounts: create, list, set-role, reset-password, set-attributes, set-pii."`
	Apikey       apikeyCmd       `cmd:"" help:"API keys: create, list, revoke."`
	Address      addressCmd      `cmd:"" help:"Blocked networks: list, block, unblock."`
	Announcement announcementCmd `cmd:"" help:"What everybody is told: list, make, withdraw."`
	Tables       tablesCmd       `cmd:"" help:"Tables of the store: list, init, verify."`
	Config       configCmd       `cmd:"" help:"Configuration: check, print."`
	Token        tokenCmd        `cmd:"" help:"Sign-in tokens: inspect."`
	Health       healthCmd       `cmd:"" help:"Ask a running server whether it lives."`
	Doctor       doctorCmd       `cmd:"" help:"Look at everything that Karuta needs, and say what to do; exit code 1 where something fails."`
	Transform    transformCmd    `cmd:"" help:"Transforms at a server: run, follow."`
	Import       importCmd       `cmd:"" help:"Imports: file, follow. karuta import FILE imports a file."`
	Dataset      datasetCmd      `cmd:"" help:"Datasets: doctor."`
	Data         dataCmd         `cmd:"" help:"The data folder: reset."`
	Seed         seedCmd         `cmd:"" help:"Make the accounts and the dataset of end-to-end tests."`
	Pq           pqCmd           `cmd:"" help:"Registered operations: publish, list, diff, retire."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
}

// shell is what a verb may touch of the outside.
type shell struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	environ  []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends at once
	code := run(shell{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}, os.Args[1:])
	stop()
	os.Exit(code)
}

// leave carries kong's wish to exit (after --help) up to run.
type leave int

// run does what the arguments say and gives the exit code.
func run(sh shell, args []string) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case leave:
			code = int(r)
		default:
			panic(r)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("karuta"),
		kong.Description("Karuta, an internal BI server. Settings come from the environment; see karuta config print."),
		kong.UsageOnError(),
		kong.Writers(sh.out, sh.err),
		kong.Exit(func(code int) { panic(leave(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		panic(err) // the tags above are constants
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		err = parsed.Run(&sh, &c)
	} else {
		err = usageError{err}
	}
	return report(sh, err)
}
