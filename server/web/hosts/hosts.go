// Package hosts decides under which names the server answers.
package hosts

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"tierboard/server/web/file"
)

// Hosts is the set of names under which the server answers. A page of another site can make a browser send requests to
// this server under that site's own name (DNS rebinding) and read the answers, as if they were its own; the Host header
// then carries that name, and this set is what refuses it.
//
// Allowed are always localhost, names below it, and loopback addresses; the configured names; and, with AnyIP, every
// literal IP address, which is safe because an address cannot be made to point elsewhere. The zero Hosts allows
// loopback alone. It is immutable and safe for concurrent use.
type Hosts struct {
	names map[string]bool
	anyIP bool
}

// New returns the set of the given names, which are DNS names or IP addresses without a port. The error names the
// first that is neither.
func New(names []string, anyIP bool) (Hosts, error) {
	hosts := Hosts{names: make(map[string]bool, len(names)), anyIP: anyIP}
	for _, name := range names {
		host, ok := parseHost(name)
		if !ok || hasPort(name) {
			return Hosts{}, fmt.Errorf("%q is neither a host name nor an IP address without port", name)
		}
		hosts.names[host] = true
	}
	return hosts, nil
}

// Allows reports whether a Host header, with or without a port, names this server.
func (h Hosts) Allows(header string) bool {
	host, ok := parseHost(header)
	return ok && h.allows(host)
}

func (h Hosts) allows(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || h.names[host] {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (h.anyIP || addr.Unmap().IsLoopback())
}

// Guard returns a handler that passes on only the requests whose Host names this server. The others get 421, or 400
// when the header is no host at all.
func (h Hosts) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.Check(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// Check answers a request under a wrong name and reports whether the request may go on.
func (h Hosts) Check(w http.ResponseWriter, r *http.Request) bool {
	switch host, ok := parseHost(r.Host); {
	case !ok:
		file.Plain(w, r, http.StatusBadRequest, "The Host header is not a host.")
		return false
	case !h.allows(host):
		file.Plain(w, r, http.StatusMisdirectedRequest, "This server does not answer under that name.")
		return false
	default:
		return true
	}
}

// parseHost takes the port and a final dot off a Host header and returns the rest in lower case, IP addresses in their
// one canonical form. It is false for everything that is neither an IP address nor a DNS name in ASCII.
func parseHost(header string) (string, bool) {
	host := header
	if hasPort(header) {
		name, port, err := net.SplitHostPort(header)
		if err != nil || strings.Trim(port, "0123456789") != "" {
			return "", false
		}
		host = name
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return "", false
		}
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), addr.Zone() == ""
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || len(host) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false
		}
	}
	return host, true
}

// hasPort reports whether a host is followed by a port. Colons inside brackets belong to an address, and so does a
// colon that is not the only one.
func hasPort(host string) bool {
	colon := strings.LastIndexByte(host, ':')
	return colon >= 0 && colon > strings.LastIndexByte(host, ']') &&
		(strings.HasPrefix(host, "[") || strings.Count(host, ":") == 1)
}
