//go:build !linux

package engine

import (
	"errors"
	"math"
	"os"
	"syscall"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

const mebibyte = 1 << 20

var errLinuxOnly = errors.New("engine: data is read and written on Linux only")

type pages = memory.GoAllocator

func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func socketPair() ([2]int, error) { return [2]int{}, errLinuxOnly }

func limitMemory(int64) error { return errLinuxOnly }

func resident() int64 { return math.MaxInt64 }

func memoryFile(string) (*os.File, error) { return nil, errLinuxOnly }

func seal(*os.File) error { return errLinuxOnly }

func sealed(*os.File) bool { return false }
