package main

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/app"
)

type datasetCmd struct {
	Doctor datasetDoctorCmd `cmd:"" help:"Look why the data of a dataset cannot be read; exit code 1 where something is wrong."`
}

type datasetDoctorCmd struct {
	ID     string `arg:"" help:"Id of the dataset: ds_…"`
	Repair bool   `help:"Point the dataset to its files, where that is what helps."`
}

// Help shows an example.
func (datasetDoctorCmd) Help() string {
	return `Example: karuta dataset doctor ds_0193b7d4c7e07c9a8f2b5d1e3a4c6b7d`
}

// Run prints what was found and what helps.
func (d *datasetDoctorCmd) Run(sh *shell, c *cli) error {
	var row app.DoctorRow
	if err := sh.operate(c, app.VerbDatasetDoctor, app.DatasetArgs{ID: d.ID, Repair: d.Repair}, nil, &row); err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "registered     %t\nfiles exist    %t\npath matches   %t\nlog hits       %d (DatasetFileNotFoundError, last 24 hours, this process)\n%s\n",
		row.Registered, row.ObjectExists, row.PathMatches, row.LogHits, row.Advice)
	if !row.Well {
		return exit(exitFailed)
	}
	return nil
}
