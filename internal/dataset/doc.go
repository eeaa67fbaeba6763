// Package dataset holds what people do with datasets: import a CSV, look at
// it, describe it, delete it.
//
// An import is a job. The upload is written to the blob store while its size
// is counted, the executor turns it into an immutable version beside the
// others, and only then one transaction makes the version the dataset's newest
// and visible: write, then flip. A job that fails or is killed leaves nothing
// that anyone can see, and what it wrote is swept.
package dataset
