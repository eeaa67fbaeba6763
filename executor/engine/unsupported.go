//go:build !linux

package engine

import (
	"errors"
	"math"
	"os"
	"syscall"
)

const mebibyte = 1 << 20

var errLinuxOnly = errors.New("engine: data is read and written on Linux only")

func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func socketPair() ([2]int, error) { return [2]int{}, errLinuxOnly }

func limitMemory(int64) error { return errLinuxOnly }

func confine(task, float64, ...string) error { return errLinuxOnly }

func resident() int64 { return math.MaxInt64 }

func memoryFile(string) (*os.File, error) { return nil, errLinuxOnly }

func mapFile(*os.File, int64) ([]byte, error) { return nil, errLinuxOnly }

func seal(*os.File) error { return errLinuxOnly }

func sealed(*os.File) bool { return false }

// region is memory that grows.
type region struct{ bytes []byte }

func (r *region) extend(n int) []byte {
	r.bytes = append(r.bytes, make([]byte, n)...)
	return r.bytes[len(r.bytes)-n:]
}

func (r *region) free() { r.bytes = nil }
