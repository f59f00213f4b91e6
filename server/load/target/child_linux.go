package target

import (
	"os/exec"
	"syscall"
)

// endWithParent lets the kernel kill the child when this process dies without ending it.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
