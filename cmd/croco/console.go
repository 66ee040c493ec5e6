package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"croco/kernels"
	"croco/kernels/device"
)

// console is where a command reads and writes: results go to out, everything else to err.
type console struct {
	in      io.Reader
	out     io.Writer
	err     io.Writer
	quiet   bool
	tty     bool // err is a terminal
	device  string
	threads int
	dtype   string // the arithmetic
	opened  kernels.Device
}

func newConsole(c *commands, in io.Reader, out, err io.Writer) *console {
	return &console{in: in, out: out, err: err, quiet: c.Quiet, tty: isTerminal(err), device: c.Device, threads: c.Threads, dtype: c.DType}
}

// isTerminal reports whether somebody is watching.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// say writes a line for people.
func (t *console) say(format string, args ...any) {
	if !t.quiet {
		fmt.Fprintf(t.err, format+"\n", args...)
	}
}

// open opens the device that --device names, and says which it is.
func (t *console) open() (kernels.Device, error) {
	d, err := t.openWith(t.threads)
	if err == nil {
		t.say("device: %s: %s", d.Name(), d.Info())
	}
	return d, err
}

func (t *console) openWith(threads int) (kernels.Device, error) {
	d, err := device.Open(t.device, device.Options{Threads: threads, DType: t.dtype, PassedOver: func(name string, why error) {
		t.say("%s is passed over: %v", name, why)
	}})
	t.opened = d
	return d, wrongUsage(err)
}

// endAtOnce lets Ctrl-C end the process, as it should where a command waits for its input and has nothing to lose.
func (t *console) endAtOnce() { signal.Reset(os.Interrupt, syscall.SIGTERM) }
