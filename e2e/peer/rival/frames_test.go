package rival

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/centrifugal/protocol"
)

// frame encodes replies as the peer's server does.
func frame(t testing.TB, replies ...*protocol.Reply) []byte {
	t.Helper()
	var frame []byte
	for _, reply := range replies {
		b, err := protocol.NewProtobufReplyEncoder().Encode(reply)
		if err != nil {
			t.Fatal(err)
		}
		frame = append(binary.AppendUvarint(frame, uint64(len(b))), b...)
	}
	return frame
}

// published is a reply with a publication.
func published(body string) *protocol.Reply {
	return &protocol.Reply{Push: &protocol.Push{
		Channel: "daily:AAPL", Pub: &protocol.Publication{Data: []byte(body), Offset: 700, Tags: map[string]string{"p": "doji", "c": "0.75"}},
	}}
}

func TestScanReadsWhatThePeerSends(t *testing.T) {
	connected := &protocol.Reply{Id: 1, Connect: &protocol.ConnectResult{Client: "c", Subs: map[string]*protocol.SubscribeResult{"x": {}}}}
	long := strings.Repeat("long", 100)
	var bodies []string
	collect := func(body []byte) { bodies = append(bodies, string(body)) }
	if yes, err := scan(frame(t, connected, published("one"), published(long)), collect); !yes || err != nil {
		t.Errorf("connected %v, %v", yes, err)
	}
	if want := []string{"one", long}; !slices.Equal(bodies, want) {
		t.Errorf("read %q, want %q", bodies, want)
	}
	if yes, err := scan(frame(t, published("one")), collect); yes || err != nil {
		t.Errorf("without an answer: connected %v, %v", yes, err)
	}
	for name, reply := range map[string]*protocol.Reply{
		"a refusal":         {Id: 1, Error: &protocol.Error{Code: 107, Message: "bad request"}},
		"an unsubscription": {Push: &protocol.Push{Channel: "x", Unsubscribe: &protocol.Unsubscribe{Code: 2500}}},
		"another answer":    {Id: 2, Ping: &protocol.PingResult{}},
	} {
		if _, err := scan(frame(t, reply), collect); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	whole := frame(t, published(long))
	if _, err := scan(whole[:len(whole)-1], collect); !errors.Is(err, errProtobuf) {
		t.Errorf("a frame without its end: %v", err)
	}
}

func TestConnectIsWhatThePeerReads(t *testing.T) {
	command, err := protocol.NewProtobufCommandDecoder(appendConnect(nil, 4711)).Decode()
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if command.GetId() != 1 || string(command.GetConnect().GetData()) != "4711" {
		t.Errorf("the peer reads %v", command)
	}
}

func FuzzScan(f *testing.F) {
	f.Add(frame(f, published("one"), published("two")))
	f.Add(frame(f, &protocol.Reply{Id: 1, Error: &protocol.Error{Code: 1}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		_, _ = scan(b, func(body []byte) { size += len(body) })
		if size > len(b) {
			t.Errorf("%d bytes of bodies in %d", size, len(b))
		}
	})
}
