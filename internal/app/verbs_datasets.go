package app

import (
	"context"

	"github.com/karuta-bi/karuta/internal/dataset"
)

// DatasetArgs name a dataset.
type DatasetArgs struct {
	ID     string
	Repair bool // do what the diagnosis suggests, where that is to repair the path
}

// DoctorRow is what is found of a dataset.
type DoctorRow struct {
	Registered   bool
	ObjectExists bool
	PathMatches  bool
	LogHits      int
	Well         bool
	Advice       string // what to do, for the operator
}

// advice says what helps.
var advice = map[dataset.Fix]string{
	dataset.FixNone:     "nothing is wrong",
	dataset.FixPath:     "the files are there, the dataset points elsewhere: run this again with --repair",
	dataset.FixReimport: "files of the newest version are gone: import the data again, or restore the objects from a backup",
	dataset.FixRegister: "there are files and no dataset: import the data again as a new dataset",
	dataset.FixRestore:  "it was deleted: restoreDataset brings it back",
	dataset.FixUnknown:  "there is neither a dataset nor a file with this id",
}

// doctorDataset looks why a dataset cannot be read, as an administrator would, and
// repairs its path when asked to.
func (a *App) doctorDataset(ctx context.Context, in DatasetArgs) (DoctorRow, error) {
	found, err := a.Datasets.Diagnose(ctx, in.ID)
	if err == nil && in.Repair && found.SuggestedFix == dataset.FixPath {
		if _, err = a.Datasets.RepairPath(ctx, in.ID); err == nil {
			found, err = a.Datasets.Diagnose(ctx, in.ID)
		}
	}
	if err != nil {
		return DoctorRow{}, err
	}
	return DoctorRow{
		Registered: found.Registered, ObjectExists: found.ObjectExists, PathMatches: found.PathMatches, LogHits: found.LogHits,
		Well: found.SuggestedFix == dataset.FixNone, Advice: advice[found.SuggestedFix],
	}, nil
}
