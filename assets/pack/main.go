// Command pack compresses the WebAssembly program for the web: it reads one file and writes NAME.br and NAME.gz into a
// folder. `make build` runs it as `go run ./assets/pack build/app.wasm assets/web`.
//
// The same input gives the same bytes on every machine, so that the content hash, which is the version the browser
// caches by, changes only with the program. Each file appears under its name when it is complete, the Brotli one last.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/andybalholm/brotli"
	"golang.org/x/sync/errgroup"
)

// bestQuality is Brotli's highest. On the program of 8 MB it takes some 20 s of one core, while the server's libraries
// compile on another, and saves 2.3 % against quality 10 (half the time) and 12 % against 9 (1 s). Every visitor gains
// that once, and the download budget needs it.
const bestQuality = brotli.BestCompression

// window is the base-2 logarithm of how far back Brotli looks: 16 MB, the most a browser must accept, and more than
// the whole program.
const window = 24

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// run does the work of the command line args and writes a line for each file to out.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	quality := flags.Int("quality", bestQuality, "Brotli's quality, 0 to 11: lower is faster and larger")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: pack [-quality n] file folder")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		flags.Usage()
		return errors.New("want a file and a folder")
	}
	if *quality < brotli.BestSpeed || *quality > brotli.BestCompression {
		return fmt.Errorf("quality %d: want %d to %d", *quality, brotli.BestSpeed, brotli.BestCompression)
	}
	return pack(flags.Arg(0), flags.Arg(1), *quality, out)
}

// pack writes both compressed forms of file into folder.
func pack(file, folder string, quality int, out io.Writer) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if len(content) == 0 {
		return fmt.Errorf("%s is empty", file)
	}
	start := time.Now()
	var br, gz []byte
	var both errgroup.Group
	both.Go(func() (err error) {
		br, err = compressBrotli(content, quality)
		return err
	})
	both.Go(func() (err error) {
		gz, err = compressGzip(content)
		return err
	})
	if err := both.Wait(); err != nil {
		return fmt.Errorf("compress %s: %w", file, err)
	}
	target := filepath.Join(folder, filepath.Base(file))
	// Make looks at the Brotli file alone: when it is new, the other one is.
	if err := writeFile(target+".gz", gz); err != nil {
		return err
	}
	if err := writeFile(target+".br", br); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %d bytes, gzip %d, brotli %d (%.1f s)\n",
		filepath.Base(file), len(content), len(gz), len(br), time.Since(start).Seconds())
	return err
}

// compressBrotli returns content in Brotli's format.
func compressBrotli(content []byte, quality int) ([]byte, error) {
	var buf bytes.Buffer
	w := brotli.NewWriterOptions(&buf, brotli.WriterOptions{Quality: quality, LGWin: window})
	if err := writeAll(w, content); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// compressGzip returns content in gzip's format, without a name and a time in its header.
func compressGzip(content []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := writeAll(w, content); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// writeAll writes content and closes w.
func writeAll(w io.WriteCloser, content []byte) error {
	if _, err := w.Write(content); err != nil {
		return err
	}
	return w.Close()
}

// writeFile writes a file that is either complete or not there. The unfinished one has a name with a dot in front,
// as embedding leaves those out.
func writeFile(name string, content []byte) error {
	unfinished := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".unfinished")
	if err := os.WriteFile(unfinished, content, 0o644); err != nil {
		return err
	}
	if err := os.Rename(unfinished, name); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	return nil
}
