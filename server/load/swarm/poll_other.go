//go:build !linux

package swarm

import (
	"errors"
	"net"
	"time"
)

// errLinux is what everything fails with elsewhere.
var errLinux = errors.New("load tests need Linux")

type poller struct{}

func newPoller() (*poller, error)                         { return nil, errLinux }
func (*poller) add(int, int32) error                      { return errLinux }
func (*poller) remove(int) error                          { return errLinux }
func (*poller) wait(time.Duration) ([]int32, error)       { return nil, errLinux }
func (*poller) close()                                    {}
func detach(net.Conn) (int, error)                        { return -1, errLinux }
func setReceiveBuffer(uintptr, int) error                 { return errLinux }
func readSocket(int, []byte) (n int, again bool, e error) { return 0, false, errLinux }
func writeSocket(int, []byte) (int, error)                { return 0, errLinux }
func closeSocket(int)                                     {}
