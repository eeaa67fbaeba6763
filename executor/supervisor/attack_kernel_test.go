//go:build linux

package supervisor

// kernelCalls widen the kernel's surface or change the machine; none is allowed.
// With arguments of 0 they could do no harm either.
var kernelCalls = []string{
	"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_register", "io_setup", "vmsplice", "splice", "tee",
	"unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "fsmount", "mount_setattr", "swapon", "personality",
	"kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "fanotify_init", "fanotify_mark", "inotify_init1", "quotactl", "quotactl_fd",
	"shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "semget", "semop", "mq_open", "mq_unlink", "sethostname", "setdomainname", "settimeofday",
	"clock_settime", "adjtimex", "acct", "syslog", "reboot", "iopl", "ioperm", "modify_ldt", "lookup_dcookie", "move_pages", "migrate_pages", "set_mempolicy",
	"mbind", "remap_file_pages", "mlock", "mlockall", "memfd_create", "eventfd2", "signalfd4", "timerfd_create", "timer_create", "epoll_create1", "poll", "select",
	"pipe2", "prctl", "arch_prctl", "seccomp", "landlock_create_ruleset", "landlock_restrict_self", "membarrier", "copy_file_range", "sendfile",
	"fallocate", "sync", "syncfs", "vhangup", "setitimer", "alarm", "pause", "wait4", "waitid", "getpgid", "getgroups", "capget", "set_tid_address", "futex_waitv",
	"close_range", "dup", "dup2", "dup3", "flock", "ftruncate", "fsync", "umask", "utimensat", "getxattr", "listxattr", "ustat", "sysfs", "uselib", "process_mrelease",
}

// kernelAttacks call what reaches deep into the kernel; the sweep over all
// numbers is TestSweep.
func kernelAttacks() []attack {
	list := []attack{
		{items: []int{87}, name: "turn the allowlist off", want: eperm, code: "call('prctl', 22, 0)"},
		{items: []int{87}, name: "be readable again", want: eperm, code: "call('prctl', 4, 1)"},
		{items: []int{87}, name: "input for a terminal", want: eperm, code: "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')"},
		{items: []int{87}, name: "namespace of users", want: eperm, code: "call('unshare', 0x10000000)"},
		{items: []int{87}, name: "locks on files", want: eperm, code: "import fcntl\nfcntl.lockf(0, fcntl.LOCK_EX)"},
		{items: []int{87}, name: "huge pages", want: eperm, code: "mmap.mmap(-1, 2 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)"},
	}
	for _, name := range kernelCalls {
		list = append(list, attack{items: []int{87}, name: "call " + name, want: eperm, code: "call('" + name + "')"})
	}
	return list
}
