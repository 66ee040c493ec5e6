package cpu

import "syscall"

// yield gives the processor to another thread of the operating system; runtime.Gosched would keep the thread.
func yield() { syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
