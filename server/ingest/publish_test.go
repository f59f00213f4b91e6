package ingest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// publisherEnv makes the test program a publisher of benchMessages messages at benchRate, whose CPU time is its own: the Redis at the
// address that the variable holds gets them.
const publisherEnv = "TIERBOARD_BENCH_PUBLISHER"

const (
	// benchMessages is how many messages a round has: few enough that Redis need not drop a subscriber that works on them.
	benchMessages = 20_000
	// benchRate is how many messages there are in a second, where they do not come as fast as they can.
	benchRate    = 20_000
	benchChannel = "tickstock.events.patterns"
)

// benchDetection is a message of a kilobyte; each has a number in its id.
const benchDetection = `{"event_type":"pattern_detected","source":"TickStockPL","timestamp":1757945000.5,` +
	`"data":{"symbol":"AMD","pattern":"Bull_Flag","confidence":0.91,"flow_id":"bench-__rand_int__","source":"daily","tier":"daily",` +
	`"current_price":161.2,"price_change":2.5,"volume":1200000,"expires_at":1758203000,"indicators":{"relative_strength":1.2,` +
	`"relative_volume":1.8,"rsi":61.5,"macd":0.21,"atr":2.2},"stop_loss":155.0,"target_price":172.0,"action":"watch",` +
	`"description":"a flag that is long enough to be worth a description, as the producer writes them, with what was seen and when it was seen ` +
	`and what it may mean for those who hold the stock, which is why this text is as long as it is and repeats itself to the end of the ` +
	`kilobyte","metadata":{"bars_analyzed":120,"engine_version":"5.2.1","strategy":"flags","session":"regular","note":"none"}}}`

// publisher publishes benchMessages at benchRate, what is due each millisecond, and returns when Redis has answered all of them.
func publisher(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer conn.Close()
	answered := make(chan error, 1)
	go func() { // each answer is a line
		buf := make([]byte, 64<<10)
		for lines := 0; lines < benchMessages; {
			n, err := conn.Read(buf)
			if err != nil {
				answered <- fmt.Errorf("read: %w", err)
				return
			}
			lines += bytes.Count(buf[:n], []byte{'\n'})
		}
		answered <- nil
	}()
	var out bytes.Buffer
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for sent := 0; sent < benchMessages; {
		now := <-tick.C
		for due := min(int(now.Sub(began)*benchRate/time.Second), benchMessages); sent < due; sent++ {
			text := strings.Replace(benchDetection, "__rand_int__", fmt.Sprintf("%012d", sent), 1)
			fmt.Fprintf(&out, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(benchChannel), benchChannel, len(text), text)
		}
		if _, err := io.Copy(conn, &out); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return <-answered
}

// publisherMain is the publisher's whole life; it returns the exit code.
func publisherMain() int {
	if err := publisher(os.Getenv(publisherEnv)); err != nil {
		fmt.Fprintln(os.Stderr, strconv.Quote(err.Error()))
		return 1
	}
	return 0
}
