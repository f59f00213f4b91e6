package swarm

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// poller is an epoll descriptor, level-triggered: what is not read now is reported again.
type poller struct {
	fd     int
	events [256]syscall.EpollEvent
	ids    [256]int32
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &poller{fd: fd}, nil
}

// add watches a socket under an id.
func (p *poller) add(fd int, id int32) error {
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: id})
}

// remove stops watching a socket.
func (p *poller) remove(fd int) error {
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_DEL, fd, &syscall.EpollEvent{})
}

// wait returns the ids of sockets that have something, after at most d. The slice is valid until the next call.
func (p *poller) wait(d time.Duration) ([]int32, error) {
	n, err := syscall.EpollWait(p.fd, p.events[:], int(d.Milliseconds()))
	switch {
	case errors.Is(err, syscall.EINTR):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("epoll: %w", err)
	}
	for i := range n {
		p.ids[i] = p.events[i].Fd
	}
	return p.ids[:n], nil
}

func (p *poller) close() { _ = syscall.Close(p.fd) }

// detach returns a descriptor of conn's socket that the runtime does not watch; conn is to be closed.
func detach(conn net.Conn) (int, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return -1, fmt.Errorf("%T is no TCP connection", conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, failed := -1, error(nil)
	err = raw.Control(func(own uintptr) {
		syscall.ForkLock.RLock() // a child must not inherit it between the two calls
		defer syscall.ForkLock.RUnlock()
		if fd, failed = syscall.Dup(int(own)); failed == nil {
			syscall.CloseOnExec(fd)
		}
	})
	return fd, errors.Join(err, failed)
}

// setReceiveBuffer bounds what the kernel takes for a socket.
func setReceiveBuffer(fd uintptr, size int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, size)
}

// readSocket reads what is there; again means nothing is.
func readSocket(fd int, b []byte) (n int, again bool, err error) {
	n, err = syscall.Read(fd, b)
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, true, nil
	case err != nil:
		return 0, false, err
	}
	return n, false, nil
}

func writeSocket(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Write(fd, b)
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// closeSocket resets the connection, which leaves no port waiting behind.
func closeSocket(fd int) {
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	_ = syscall.Close(fd)
}
