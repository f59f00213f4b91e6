package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/event"
	"tierboard/shared/wire/wiretest"
)

var update = flag.Bool("update", false, "rewrite the golden files of today's protocol (never the frozen ones in testdata/v1)")

var formats = map[string]Format{"json": JSON, "msgpack": MsgPack}

// readGolden reads a golden file: JSON as it is on the wire and a newline, msgpack as lines of hexadecimal digits.
func readGolden(t *testing.T, dir, name string, f Format) []byte {
	t.Helper()
	if f == JSON {
		b, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimSuffix(b, []byte("\n"))
	}
	text, err := os.ReadFile(filepath.Join(dir, name+".msgpack.hex"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeGolden(t *testing.T, dir, name string, f Format, b []byte) {
	t.Helper()
	path, text := filepath.Join(dir, name+".json"), string(b)+"\n"
	if f == MsgPack {
		path, text = filepath.Join(dir, name+".msgpack.hex"), ""
		for rest := hex.EncodeToString(b); rest != ""; {
			n := min(len(rest), 96)
			text += rest[:n] + "\n"
			rest = rest[n:]
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	for _, s := range samples() {
		for word, f := range formats {
			t.Run(s.name+"/"+word, func(t *testing.T) {
				encoded := s.append([]byte("before"), f)
				if !bytes.HasPrefix(encoded, []byte("before")) {
					t.Fatalf("Append lost what the buffer held: %q", encoded)
				}
				encoded = encoded[len("before"):]
				if *update {
					writeGolden(t, "testdata", s.name, f, encoded)
				}
				golden := readGolden(t, "testdata", s.name, f)
				if !bytes.Equal(encoded, golden) {
					t.Fatalf("encoded\n%q\nthe golden file holds\n%q", encoded, golden)
				}
				if s.request != nil {
					return // read by the server alone, see TestRequestGolden
				}
				got, err := s.decode(golden, f)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(s.meant(), got, sameValue, sameDetails); diff != "" {
					t.Fatalf("decoded (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Golden files that no sample writes would be read by nobody.
func TestGoldenFilesAllBelongToASample(t *testing.T) {
	names := map[string]bool{}
	for _, s := range samples() {
		names[s.name+".json"], names[s.name+".msgpack.hex"] = true, true
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !file.IsDir() && !names[file.Name()] {
			t.Errorf("testdata/%s belongs to no sample", file.Name())
		}
	}
}

// object reads an object through a library that shares nothing with this package. Numbers are float64.
func object(t interface{ Fatalf(string, ...any) }, b []byte, f Format) map[string]any {
	var v map[string]any
	var err error
	if f == JSON {
		err = json.Unmarshal(b, &v)
	} else {
		err = msgpack.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatalf("the library cannot read %q: %v", b, err)
	}
	return wiretest.Floats(v).(map[string]any)
}

// The library is the oracle for the hand-written codec: it reads the same from both golden files, and what it writes is
// read here.
func TestGoldenAgainstTheLibraries(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			fromJSON := object(t, readGolden(t, "testdata", s.name, JSON), JSON)
			fromMsgPack := object(t, readGolden(t, "testdata", s.name, MsgPack), MsgPack)
			if diff := cmp.Diff(fromJSON, fromMsgPack); diff != "" {
				t.Fatalf("the formats differ (-JSON +msgpack):\n%s", diff)
			}
			if s.event == nil {
				if _, ok := fromJSON["type"].(string); !ok {
					t.Fatal("no type")
				}
			}
			if s.request != nil {
				return
			}
			want, err := s.decode(readGolden(t, "testdata", s.name, MsgPack), MsgPack)
			if err != nil {
				t.Fatal(err)
			}
			for name, b := range map[string][]byte{
				"floats, any order":   libraryBytes(t, fromJSON, func(*msgpack.Encoder) {}),
				"floats, sorted keys": libraryBytes(t, fromJSON, func(e *msgpack.Encoder) { e.SetSortMapKeys(true) }),
				"compact integers": libraryBytes(t, fromJSON, func(e *msgpack.Encoder) {
					e.UseCompactInts(true)
					e.UseCompactFloats(true)
				}),
			} {
				got, err := s.decode(b, MsgPack)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				// Details are text whose keys come in the order of the map that was encoded, which a Go map does not keep.
				if diff := cmp.Diff(want, got, sameValue, sameDetails); diff != "" {
					t.Fatalf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// sameDetails compares JSON objects in text by their content.
var sameDetails = cmp.FilterPath(
	func(p cmp.Path) bool { return p.Last().String() == ".Details" },
	cmp.Transformer("object", func(text string) (v any) {
		if json.Unmarshal([]byte(text), &v) != nil {
			return text
		}
		return v
	}),
)

func libraryBytes(t *testing.T, v any, set func(*msgpack.Encoder)) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	set(enc)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What the first release wrote must be readable for as long as the protocol has this version: every later build decodes
// the frozen files and loses nothing of them.
func TestFrozenV1StaysReadable(t *testing.T) {
	frozen, err := filepath.Glob("testdata/v1/*.json")
	if err != nil || len(frozen) < 30 {
		t.Fatalf("%d frozen files, %v", len(frozen), err)
	}
	for _, path := range frozen {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if strings.HasPrefix(name, "request_") {
			continue // read by the server alone, see TestRequestFrozenV1StaysReadable
		}
		for word, f := range formats {
			t.Run(name+"/"+word, func(t *testing.T) {
				b := readGolden(t, "testdata/v1", name, f)
				var again []byte
				if strings.HasPrefix(name, "event_") {
					e, err := sample{}.decode(b, f)
					if err != nil {
						t.Fatal(err)
					}
					again = sample{event: e.(*event.Event)}.append(nil, f)
				} else {
					m, err := sample{frame: &Pong{}}.decode(b, f)
					if err != nil {
						t.Fatal(err)
					}
					if _, unknown := m.(*Unknown); unknown && name != "unknown" {
						t.Fatalf("the type of %s is no longer known", b)
					}
					again = m.(Frame).Append(nil, f)
				}
				if lost := missing("", object(t, b, f), object(t, again, f)); lost != "" {
					t.Errorf("%s is lost or changed: was\n%s\nis\n%s", lost, b, again)
				}
			})
		}
	}
}

// missing returns the path of the first thing in was that is not the same in is, which may hold more.
func missing(path string, was, is any) string {
	switch was := was.(type) {
	case map[string]any:
		is, ok := is.(map[string]any)
		if !ok {
			return path
		}
		for k := range was {
			if lost := missing(path+"."+k, was[k], is[k]); lost != "" {
				return lost
			}
		}
		return ""
	case []any:
		is, ok := is.([]any)
		if !ok || len(is) != len(was) {
			return path
		}
		for i := range was {
			if lost := missing(path+"[]", was[i], is[i]); lost != "" {
				return lost
			}
		}
		return ""
	}
	if !reflect.DeepEqual(was, is) {
		return path
	}
	return ""
}
