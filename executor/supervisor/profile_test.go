//go:build linux

package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The profiles in which the sandbox has to hold. The tests themselves run as
// whoever started them, as root with namespaces where the machine has them; for
// the others the test binary runs itself anew with fewer rights.
const (
	profileEnv       = "KARUTA_TEST_PROFILE"
	profileContainer = "container" // root with a container's capabilities: no namespaces, and here no Landlock either
	profileUser      = "user"      // a plain user: Landlock alone holds the files
)

// dockerCapabilities are those that root has in a container by default: CHOWN
// DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW
// SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP.
const dockerCapabilities = 0xa80425fb

// plainID is the user and group of the plain user's profile.
const plainID = 60999

// profileTests are what every profile has to pass.
const profileTests = "^(TestAttacks|TestTransformAttacks|TestNothingOfOthersIsInMemory|TestIsolationHolds|TestGoodCards|TestCorpus|TestRoomsAreEmptied|TestProfile)$"

// profileLayers are the layers of this process's profile.
func profileLayers() layers {
	if os.Getenv(profileEnv) == profileContainer {
		return every &^ layerLandlock
	}
	return every
}

// takeProfile gives the rights up that a container has not, and runs the program
// anew without them. It returns where there is nothing to give up.
func takeProfile() error {
	if os.Getenv(profileEnv) != profileContainer || capabilities() == dockerCapabilities {
		return nil
	}
	runtime.LockOSThread()
	for capability := range 64 {
		if dockerCapabilities>>capability&1 == 1 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return err // EINVAL: the kernel does not know so many
		}
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// capabilities are the effective ones of this process.
func capabilities() uint64 {
	status, _ := os.ReadFile("/proc/self/status")
	var set uint64
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
			_, _ = fmt.Sscanf(strings.TrimSpace(value), "%x", &set)
		}
	}
	return set
}

// TestProfiles runs attacks and good cards once more as root of a container and
// as a plain user.
func TestProfiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not run here: it takes root to become somebody else; the other tests are those of a plain user")
	}
	python := resolved(interpreter(t))
	for _, p := range []struct {
		name string
		user *syscall.Credential
	}{
		{profileContainer, nil},
		{profileUser, &syscall.Credential{Uid: plainID, Gid: plainID}},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			attributes := &syscall.SysProcAttr{Credential: p.user, Pdeathsig: syscall.SIGKILL}
			if err := reaches(python, attributes); err != nil {
				t.Skip("not run here: another user cannot reach the prepared Python: ", err)
			}
			cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run="+profileTests, "-test.v")
			cmd.Env = append(os.Environ(), profileEnv+"="+p.name, "EXECUTOR_PYTHON="+python)
			cmd.Dir, cmd.SysProcAttr = os.TempDir(), attributes
			out, err := cmd.CombinedOutput()
			passed := regexp.MustCompile(`(?m)^ +--- PASS: (TestAttacks/.*/|TestTransformAttacks/|TestNothing.*/|TestCorpus/)`).FindAll(out, -1)
			if err != nil || len(passed) < 100 {
				t.Fatalf("%v, %d passed\n%s", err, len(passed), told(out))
			}
			t.Logf("%d attacks and cards", len(passed))
		})
	}
}

// reaches tells whether a process with these attributes can start the interpreter.
func reaches(python string, attributes *syscall.SysProcAttr) error {
	probe := exec.Command(python, "-I", "-S", "-c", "")
	probe.SysProcAttr, probe.Dir, probe.Env = attributes, "/", []string{"LD_LIBRARY_PATH=" + prefixOf(python) + "/lib"}
	return probe.Run()
}

// told is what of a test's output says why it failed.
func told(out []byte) []byte {
	var kept [][]byte
	for line := range bytes.Lines(out) {
		if !bytes.Contains(line, []byte("--- PASS")) && !bytes.HasPrefix(line, []byte("=== ")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, nil)
}

// TestProfile holds the process to the rights that its profile has.
func TestProfile(t *testing.T) {
	z := shared(t).current
	switch os.Getenv(profileEnv) {
	case profileContainer:
		if capabilities() != dockerCapabilities || z.shut || shared(t).layers&layerLandlock != 0 || shared(t).layers&layerChroot == 0 {
			t.Errorf("capabilities %x, namespaces %v, layers %b", capabilities(), z.shut, shared(t).layers)
		}
	case profileUser:
		if capabilities() != 0 || z.shut || shared(t).layers&(layerChroot|layerOwnUser) != 0 || os.Geteuid() != plainID {
			t.Errorf("capabilities %x, namespaces %v, layers %b, user %d", capabilities(), z.shut, shared(t).layers, os.Geteuid())
		}
	}
}
