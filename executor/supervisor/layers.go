package supervisor

import "github.com/karuta-bi/karuta/executor/client"

// layers is a set of what a child must enter before it runs code; the values
// are those of guest/karuta_guest/sandbox.py.
type layers uint32

const (
	layerSeccomp  layers = 1 << iota // allowlist of system calls
	layerChroot                      // the Python folder is the whole file system
	layerLandlock                    // files outside of the Python folder cannot be opened
	layerOwnUser                     // a user of its own for each slot, no capabilities
	layerLimits                      // kernel limits on memory, processor time, files
)

// available is the strongest set that a zygote with these rights can enter.
func available(privileged bool, landlockABI int64) layers {
	set := layerSeccomp | layerLimits
	if privileged {
		set |= layerChroot | layerOwnUser
	}
	if landlockABI > 0 {
		set |= layerLandlock
	}
	return set
}

// Names of the layers as health reports them.
const (
	nameProcess  = "process"
	nameSyscalls = "syscalls"
	nameFiles    = "files"
	nameUser     = "user"
	nameLimits   = "limits"
	nameWatchdog = "watchdog"

	nameNamespaces = "namespaces"
	nameCgroup     = "cgroup"
)

// firstUser is the user of slot 0: cards and transforms share none.
func (p Profile) firstUser() int {
	if p == Transforms {
		return 62000
	}
	return 61000
}

// firstWeak is the first required layer that does not hold; nil when all hold.
func firstWeak(report []client.Layer) *client.Layer {
	for i := range report {
		if report[i].Required && !report[i].Holds {
			return &report[i]
		}
	}
	return nil
}
