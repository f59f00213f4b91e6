package wire

import (
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/event"
)

// The same shapes for reflection, to measure against in the same run.
type (
	reflectedEvent struct {
		Kind           string           `msgpack:"kind"`
		ID             string           `msgpack:"id"`
		Seq            uint64           `msgpack:"seq"`
		Tier           string           `msgpack:"tier,omitempty"`
		Symbol         string           `msgpack:"symbol,omitempty"`
		Pattern        string           `msgpack:"pattern_type,omitempty"`
		Label          string           `msgpack:"pattern_label,omitempty"`
		Timeframe      string           `msgpack:"timeframe,omitempty"`
		Direction      string           `msgpack:"direction,omitempty"`
		Confidence     float64          `msgpack:"confidence"`
		Priority       string           `msgpack:"priority"`
		DetectedAt     string           `msgpack:"detected_at"`
		PublishedAt    string           `msgpack:"published_at,omitempty"`
		ReceivedAt     string           `msgpack:"received_at,omitempty"`
		ExpiresAt      string           `msgpack:"expires_at,omitempty"`
		Session        string           `msgpack:"session,omitempty"`
		SessionDate    string           `msgpack:"session_date,omitempty"`
		Price          *float64         `msgpack:"price,omitempty"`
		ChangePct      *float64         `msgpack:"price_change_pct,omitempty"`
		Volume         *float64         `msgpack:"volume,omitempty"`
		RelativeVolume *float64         `msgpack:"relative_volume,omitempty"`
		Levels         []reflectedLevel `msgpack:"levels,omitempty"`
		Occurrences    int              `msgpack:"occurrences,omitempty"`
		Source         string           `msgpack:"source,omitempty"`
		RealTime       bool             `msgpack:"real_time"`
		Details        map[string]any   `msgpack:"details,omitempty"`
	}
	reflectedLevel struct {
		Kind  string  `msgpack:"kind"`
		Price float64 `msgpack:"price"`
		Label string  `msgpack:"label,omitempty"`
	}
	reflectedBatch struct {
		Type       string           `msgpack:"type"`
		ID         string           `msgpack:"id,omitempty"`
		Seq        uint64           `msgpack:"seq"`
		SentAt     string           `msgpack:"sent_at"`
		Events     []reflectedEvent `msgpack:"events"`
		Suppressed int              `msgpack:"suppressed"`
		Reset      bool             `msgpack:"reset"`
	}
)

// benchEvent is what the live path carries most.
func benchEvent() *event.Event {
	e := intradayFull()
	e.Facets = nil
	return e
}

func benchBatch(n int) *Batch {
	m := &Batch{Seq: 512, SentAt: at(15, 4, 5, 700)}
	for range n {
		m.Events = append(m.Events, benchEvent())
	}
	return m
}

// reflected reads our own bytes into the shapes for reflection, so that both sides hold the same.
func reflected(tb testing.TB, n int) reflectedBatch {
	tb.Helper()
	var m reflectedBatch
	if err := msgpack.Unmarshal(benchBatch(n).Append(nil, MsgPack), &m); err != nil {
		tb.Fatal(err)
	}
	if len(m.Events) != n || m.Events[0].Symbol != "AAPL" || *m.Events[0].Price != 231 || len(m.Events[0].Details) != 1 {
		tb.Fatalf("read %+v", m)
	}
	return m
}

func TestReflectionReadsOurBatches(t *testing.T) { reflected(t, 2) }

func BenchmarkAppendEvent(b *testing.B) {
	for word, f := range formats {
		b.Run(word, func(b *testing.B) {
			e, buf := benchEvent(), make([]byte, 0, 2048)
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendEvent(buf[:0], e, f)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
	b.Run("reflection", func(b *testing.B) {
		e := reflected(b, 1).Events[0]
		b.ReportAllocs()
		for b.Loop() {
			if _, err := msgpack.Marshal(&e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppendBatchOf10(b *testing.B) {
	for word, f := range formats {
		b.Run("ready/"+word, func(b *testing.B) {
			m := Batch{Seq: 512, SentAt: at(15, 4, 5, 700)}
			for _, e := range benchBatch(10).Events {
				m.Encoded = append(m.Encoded, AppendEvent(nil, e, f))
			}
			buf := make([]byte, 0, 16<<10)
			b.ReportAllocs()
			for b.Loop() {
				buf = m.Append(buf[:0], f)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
	b.Run("reflection", func(b *testing.B) {
		m := reflected(b, 10)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := msgpack.Marshal(&m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeBatchOf50(b *testing.B) {
	packed := benchBatch(50).Append(nil, MsgPack)
	text := string(benchBatch(50).Append(nil, JSON))
	b.Run("msgpack", func(b *testing.B) {
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(packed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeJSON(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reflection", func(b *testing.B) {
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			var m reflectedBatch
			if err := msgpack.Unmarshal(packed, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
