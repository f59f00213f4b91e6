// Command candles runs the daily detection rules over a file of real candles and publishes what they find. It is for looking at
// the board with input that nobody here made up:
//
//	go run ./e2e/candles -redis redis://127.0.0.1:6380 -symbol BRK-B brk-b.csv
//
// The file is CSV with a header that names date, open, high, low, close and volume, oldest candle first. Each detection is
// published with its candle's date at the close, so the board shows history where the candles are old.
package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tierboard/server/detect"
	"tierboard/server/market"
)

func main() {
	url := flag.String("redis", "redis://127.0.0.1:6379", "where to publish")
	symbol := flag.String("symbol", "", "ticker of the candles (required)")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *url, *symbol, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "candles:", err)
		os.Exit(1)
	}
}

// run reads the file, looks at every day as if it had just closed, and publishes.
func run(ctx context.Context, w io.Writer, url, symbol, file string) error {
	if symbol == "" || file == "" {
		return errors.New("usage: candles -symbol TICKER FILE.csv")
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open candles: %w", err)
	}
	defer func() { _ = f.Close() }()
	bars, err := read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	opts, err := redis.ParseURL(url)
	if err != nil {
		return fmt.Errorf("-redis: %w", err)
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	found := 0
	for day := range bars {
		for _, d := range detect.Daily(symbol, bars[:day+1]) {
			body, err := payload(d, bars[day].End())
			if err != nil {
				return err
			}
			if err := client.Publish(ctx, "tickstock.events.patterns", body).Err(); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
			found++
		}
	}
	_, err = fmt.Fprintf(w, "%d candles, %d detections published\n", len(bars), found)
	return err //nolint:wrapcheck // nothing to add
}

// payload writes a detection in the producer's nested shape.
func payload(d detect.Detection, at time.Time) ([]byte, error) {
	stamp := float64(at.Unix())
	body, err := json.Marshal(map[string]any{
		"event_type": "pattern_detected", "source": "candles", "timestamp": stamp,
		"data": map[string]any{
			"symbol": d.Symbol, "pattern": d.Pattern, "tier": "daily", "timeframe": d.Timeframe, "confidence": d.Confidence,
			"direction": d.Direction.String(), "current_price": d.Price(), "price_change": d.ChangePct, "volume": d.Bar.Volume,
			"timestamp": stamp, "stop_loss": d.Plan.Stop, "entry_price": d.Plan.Entry,
			"indicators": map[string]any{"relative_volume": d.RelativeVolume, "rsi": d.RSI},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("encode detection: %w", err)
	}
	return body, nil
}

// read parses the candles; errors name the line and the column.
func read(r io.Reader) ([]market.Bar, error) {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"date", "open", "high", "low", "close", "volume"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("header: no column %q", name)
		}
	}
	var bars []market.Bar
	for line := 2; ; line++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return bars, nil
		}
		if err != nil {
			return nil, err //nolint:wrapcheck // csv errors name the line
		}
		number := func(name string) float64 {
			v, perr := strconv.ParseFloat(strings.TrimSpace(row[column[name]]), 64)
			if perr != nil && err == nil {
				err = fmt.Errorf("line %d: %s: %q is no number", line, name, row[column[name]])
			}
			return v
		}
		day, derr := time.Parse(time.DateOnly, row[column["date"]][:min(len(row[column["date"]]), len(time.DateOnly))])
		if derr != nil {
			return nil, fmt.Errorf("line %d: date: %q is no date (YYYY-MM-DD)", line, row[column["date"]])
		}
		bars = append(bars, market.Bar{
			Start: day.Add(14*time.Hour + 30*time.Minute), Span: 390 * time.Minute,
			Open: number("open"), High: number("high"), Low: number("low"), Close: number("close"), Volume: int64(number("volume")),
		})
		if err != nil {
			return nil, err
		}
	}
}
