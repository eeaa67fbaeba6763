package testkit

import "syscall"

// diesWithParent lets the kernel end a server whose test was killed.
func diesWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
